//! The details of a request, in a view that a button of the card opens. Looking at them changes nothing.

use slack_morphism::SlackActionId;
use slack_morphism::blocks::{
    SlackBlock, SlackBlockButtonElement, SlackHeaderBlock, SlackModalView, SlackSectionBlock, SlackView,
};

use super::Slack;
use super::elements::{plain, typed, value, whole};
use super::rich_text;
use crate::approval::limits::cost;
use crate::approval::limits::slack::SECTION_MAX;
use crate::approval::record::Approval;
use crate::approval::request::Detail;
use crate::flow::app::App;
use crate::messages::answers::{self, IN_THEIR_WORDS};
use crate::messages::escape::{lines, one_line, visible};
use crate::net::deadline::Deadline;
use crate::platforms::press::Shown;
use crate::visible::is_blank;

/// The action of the button that shows the details; its value says what the card shows.
pub const DETAILS: &str = "details";

/// The button, if there are details. It stays when the approval has ended.
pub(super) fn button(approval: &Approval) -> Option<SlackBlockButtonElement> {
    if approval.request.details.is_empty() {
        return None;
    }
    let button = SlackBlockButtonElement::new(plain("Show the details"))
        .with_action_id(SlackActionId(DETAILS.to_owned()))
        .with_value(value(approval));
    Some(button)
}

/// Opens the view in front of whoever pressed; says why not, if it is not opened.
pub(super) async fn open(
    app: &App,
    slack: Option<&Slack>,
    shown: &Shown,
    trigger_id: &str,
    deadline: Deadline,
) -> Option<String> {
    let approval = match deadline.run("store", app.ports.store.load(&shown.approval)).await {
        Ok(Some(approval)) => approval,
        Ok(None) => return Some(answers::unknown_approval()),
        Err(error) => {
            tracing::error!(approval.id = %shown.approval, %error, "details could not be shown");
            return Some(answers::not_looked_up());
        }
    };
    if shown.content.is_some_and(|content| content != approval.content_hash()) {
        return Some(answers::other_content());
    }
    let opened = slack?.client.open_view(trigger_id, view(&approval), deadline).await;
    opened.err().map(|error| {
        tracing::warn!(%error, "details could not be opened");
        answers::not_looked_up()
    })
}

fn view(approval: &Approval) -> SlackView {
    let title = whole(SlackSectionBlock::new().with_text(typed(&visible(one_line(&approval.request.title)))));
    let theirs = rich_text::context(&[IN_THEIR_WORDS.to_owned()]);
    let details = approval.request.details.iter().flat_map(blocks);
    let view = SlackModalView::new(plain("Details"), [theirs, title].into_iter().chain(details).collect());
    SlackView::Modal(view.with_close(plain("Close")))
}

/// A text is as many sections as it needs.
fn blocks(detail: &Detail) -> Vec<SlackBlock> {
    let title = SlackHeaderBlock::new(plain(&visible(one_line(&detail.title))));
    let text = lines(&detail.text);
    let sections = pieces(&text).into_iter().filter(|piece| !piece.trim().is_empty());
    let sections = sections.map(|piece| whole(SlackSectionBlock::new().with_text(typed(piece))));
    std::iter::once(title.into()).chain(sections).collect()
}

/// A text in pieces that fit a section each, cut between lines where that is possible, and else between characters. A
/// line break between two pieces is the end of a section.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut left = text;
    while cost(left) > SECTION_MAX {
        let last_that_fits = |ends: Vec<usize>| {
            let fitting = ends.partition_point(|end| cost(&left[..*end]) <= SECTION_MAX);
            ends[..fitting].last().copied()
        };
        let between = left.char_indices().zip(left.chars().skip(1)).filter_map(end_between).collect();
        // What is joined without an end is cut all the same, since Slack would show nothing of it.
        let anywhere = || last_that_fits(left.char_indices().skip(1).map(|(at, _)| at).collect());
        let Some(end) = last_that_fits(between).or_else(anywhere) else { break };
        let line = left[..end].rfind('\n').filter(|at| *at > 0);
        let (piece, rest) = left.split_at(line.unwrap_or(end));
        pieces.push(piece);
        left = if line.is_some() { &rest[1..] } else { rest };
    }
    pieces.push(left);
    pieces
}

/// The end of a character, if the next does not belong to it, as a mark or what is joined to it does.
fn end_between(((at, c), next): ((usize, char), char)) -> Option<usize> {
    const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];
    let is_joined = JOINERS.contains(&c) || !next.is_whitespace() && is_blank(next.encode_utf8(&mut [0; 4]));
    (!is_joined).then_some(at + c.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_lines_and_nothing_of_it_is_lost() {
        let line = format!("{}\n", "x".repeat(998));
        let text = line.repeat(7) + "end";
        let pieces = pieces(&text);
        assert_eq!(pieces.join("\n"), text);
        assert!(pieces.len() == 3 && pieces.iter().all(|piece| cost(piece) <= SECTION_MAX && !piece.ends_with('\n')));
    }

    #[test]
    fn a_text_without_lines_is_cut_between_what_is_seen_as_one_character() {
        for seen in ["&", "\"", "e\u{301}", "\u{1f469}\u{200d}\u{1f4bb}", "\u{2764}\u{fe0f}", "漢"] {
            let text = seen.repeat(3_100);
            let pieces = pieces(&text);
            assert_eq!(pieces.concat(), text);
            assert!(pieces.len() > 1 && pieces.iter().all(|piece| piece.len() % seen.len() == 0), "{seen}");
            assert!(pieces.iter().all(|piece| cost(piece) <= SECTION_MAX), "{seen}");
        }
    }

    #[test]
    fn what_is_joined_without_an_end_is_cut_all_the_same() {
        let text = "\u{1f469}\u{200d}".repeat(1_500);
        let pieces = pieces(&text);
        assert_eq!(pieces.concat(), text);
        assert!(pieces.iter().all(|piece| cost(piece) <= SECTION_MAX));
    }
}
