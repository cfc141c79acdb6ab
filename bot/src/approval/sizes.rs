//! How much of what people write fits into the record, and so into what Step Functions and the bus are told from it. The
//! audit trail has everything whole, since each of its entries is an item of its own.
//!
//! An item of DynamoDB holds 400 KB (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>),
//! the output of a task 262,144 bytes and the cause of its failure 32,768
//! (<https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html>), and an event of EventBridge
//! 256 KB where its target takes no more (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html>).

use super::event::{DetailType, Event};
use super::record::Vote;

/// As long as the comments of an approval have no more bytes together, they are kept whole.
const COMMENTS_BYTES: usize = 8 * 1024;
/// A comment that comes after that is kept up to here.
const COMMENT_BYTES: usize = 64;
/// As long as the events that wait for the bus have no more bytes together, they carry comments, and each vote its answers.
const OUTBOX_BYTES: usize = 12 * 1024;

/// A comment as the record keeps it beside those of earlier votes: whole, or its beginning and an ellipsis.
pub(super) fn kept(comment: String, votes: &[Vote]) -> String {
    let before: usize = votes.iter().filter_map(|vote| vote.comment.as_ref()).map(String::len).sum();
    if before + comment.len() <= COMMENTS_BYTES || comment.len() <= COMMENT_BYTES {
        return comment;
    }
    let end = comment.floor_char_boundary(COMMENT_BYTES);
    format!("{}…", comment[..end].trim_end())
}

/// Puts an event behind those that wait for the bus. Where the bus has taken none for long, the votes come without their
/// words, and reminders become one, as those do that nobody made in time; of who is looking at it the last is told.
pub(super) fn queue(outbox: &mut Vec<Event>, mut event: Event) {
    let size = |event: &Event| event.detail.to_string().len();
    let waiting: usize = outbox.iter().map(size).sum();
    if waiting + size(&event) > OUTBOX_BYTES {
        event.leave_words_out();
        let is_told_anew = matches!(event.detail_type, DetailType::Reminded | DetailType::Claimed);
        outbox.retain(|earlier| !is_told_anew || earlier.detail_type != event.detail_type);
    }
    outbox.push(event);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::ids::PersonId;
    use crate::approval::place::Platform;
    use crate::approval::state::Verdict;

    fn vote(comment: &str) -> Vote {
        Vote {
            person: PersonId::parse("grace").unwrap(),
            name: "Grace".to_owned(),
            stands_for: Vec::new(),
            platform: Platform::Slack,
            verdict: Verdict::Approve,
            comment: Some(comment.to_owned()),
            inputs: serde_json::Map::new(),
            content: crate::approval::sample::approval("").content_hash(),
            at: "2026-11-23T10:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_comment_is_cut_between_characters_and_only_where_there_is_no_room() {
        let long = "😀".repeat(2_000);
        assert_eq!(kept(long.clone(), &[]), long);
        let full = [(); 5].map(|()| vote(&long));
        assert_eq!(kept("fine".to_owned(), &full), "fine");
        assert_eq!(kept(long.clone(), &full), format!("{}…", "😀".repeat(16)));
        assert_eq!(kept(format!("a{long}"), &full), format!("a{}…", "😀".repeat(15)));
    }
}
