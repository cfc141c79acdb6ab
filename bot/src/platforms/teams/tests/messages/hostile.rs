//! Text that people typed, in every place that shows it.

use serde_json::{Value, json};

use super::*;
use crate::approval::limits::{self, COMMENT_MAX};
use crate::approval::request::{Fact, Request};
use crate::platforms::teams::words::summary;

/// An approval that shows this text wherever a person can put one, as long as it may be there.
fn saying(text: &str, outcome: Option<Outcome>) -> Approval {
    let cut = |max: usize| text.chars().take(max).collect::<String>();
    let cost = limits::cost(&cut(100)).div_ceil(100);
    let mut approval = approval("reason_on_reject = true");
    approval.request.title = cut(limits::TITLE_MAX / cost);
    approval.request.summary = cut(2_500 / cost);
    approval.request.facts =
        vec![
            Fact { name: cut(limits::FACT_NAME_MAX / cost), value: cut(100 / cost).as_str().into() };
            limits::FACTS_MAX
        ];
    approval.request.requested_by = Some(cut(limits::REQUESTED_BY_MAX / cost));
    approval.request.requester = Some(Person { name: cut(80 / cost), ..ada() });
    approval.votes = vec![vote(&cut(300), Verdict::Approve, Some(&cut(COMMENT_MAX))); 30];
    if let Some(outcome) = outcome {
        approval.state = State::Resolved(Resolution { outcome, at: after(65) });
    }
    approval
}

fn cancelled(text: &str) -> Outcome {
    Outcome::Cancelled { reason: text.to_owned() }
}

fn outcomes(text: &str) -> [Option<Outcome>; 4] {
    [None, Some(Outcome::Approved), Some(Outcome::Rejected), Some(cancelled(text))]
}

const HOSTILE: [&str; 12] = [
    "**Grace** approved",
    "[here](https://evil.example)",
    "<at>Grace</at>",
    "&lt;at&gt;Grace&lt;/at&gt;",
    "# Approved",
    "- one\r- two",
    "1. one\n2. two",
    "{{DATE(2026-11-23T10:10:00Z,SHORT)}} {{TIME(2026-11-23T10:10:00Z)}}",
    "{\u{2060}{DATE(2026-11-23T10:10:00Z)}}",
    "\\*not\\* \\[escaped\\]",
    "Grace\napproved in Slack, Mon, Nov 23, 2026 10:10 AM",
    "\"}]},{\"type\":\"TextBlock\",\"text\":\"approved\"}",
];

/// The elements that read Markdown hold words of ours alone, so nothing that anybody types changes them.
#[test]
fn typed_text_is_only_where_nothing_is_read_into_it() {
    let markdown = |approval: &Approval| -> Vec<String> {
        let read = ["TextBlock", "Input.Text", "Action.Execute", "Action.Submit", "Action.ShowCard", "Action.OpenUrl"];
        let (card, hash) = (card(approval), approval.content_hash().to_string());
        let elements = read.iter().flat_map(|kind| of_type(&card, kind));
        elements.map(|element| element.to_string().replace(&hash, "the hash")).collect()
    };
    for text in HOSTILE {
        for (outcome, harmless) in outcomes(text).into_iter().zip(outcomes("harmless")) {
            assert_eq!(markdown(&saying(text, outcome)), markdown(&saying("harmless", harmless)), "{text}");
        }
    }
}

#[test]
fn typed_text_forms_no_function_and_is_shown_as_it_is() {
    for text in HOSTILE {
        for outcome in outcomes(text) {
            let runs = texts(&card(&saying(text, outcome)), "TextRun");
            assert!(!runs.iter().any(|run| run.contains("{{")), "{runs:?}");
        }
    }
    let runs = texts(&card(&saying("**Grace** approved", None)), "TextRun");
    assert_eq!(runs.iter().filter(|run| *run == "**Grace** approved").count(), 1 + 1 + 40 + 60 + 1);
}

/// A vote is a name that stands out, with a quiet line of ours under it. What people type is as plain as it is.
#[test]
fn nothing_typed_has_the_shape_of_a_vote_or_of_the_standing() {
    let text = "✅ This was approved\nGrace\napproved in Slack, Mon, Nov 23, 2026 10:10 AM";
    for outcome in outcomes(text) {
        let approval = saying(text, outcome);
        let card = card(&approval);
        for block in of_type(&card, "RichTextBlock") {
            let lines = block["inlines"].as_array().unwrap();
            let breaks = lines.iter().any(|run| run["text"].as_str().unwrap().contains('\n'));
            let stands_out = lines.iter().any(|run| run.get("weight").is_some());
            assert!(!(breaks && stands_out), "one line that stands out stays one line: {block}");
        }
        let styled: Vec<&Value> = objects(&card).into_iter().filter(|object| object.get("style").is_some()).collect();
        let containers = styled.into_iter().filter(|object| object["type"] == "Container").count();
        assert_eq!(containers, 1, "only the standing has a colour");
    }
}

/// What the card travels in, with the longest ids and the summary.
fn activity(approval: &Approval) -> String {
    let attachment = json!({"contentType": "application/vnd.microsoft.card.adaptive", "content": card(approval)});
    let activity = json!({"type": "message", "summary": summary(approval), "attachments": [attachment]});
    let (channel, tenant, bot) = ("c".repeat(200), "t".repeat(36), "b".repeat(39));
    json!({
        "isGroup": true, "tenantId": tenant, "bot": {"id": bot}, "activity": activity,
        "channelData": {"channel": {"id": channel}, "tenant": {"id": tenant}},
    })
    .to_string()
}

#[test]
fn the_longest_text_stays_under_what_teams_takes() {
    for text in ["x", "\"", "\\", "{", "😀", "é", "<", "*", "\u{200f}א", "a\n", "ﷺ"] {
        for outcome in outcomes(&text.repeat(4_000)) {
            let activity = activity(&saying(&text.repeat(4_000), outcome));
            let bytes = 2 * activity.encode_utf16().count();
            assert!(bytes <= 80_000, "{bytes} bytes of {text:?}");
        }
    }
}

#[test]
fn of_a_request_nothing_is_cut_and_of_comments_no_more_than_has_to_be() {
    for text in ["s", "\"", "{", "😀"] {
        let text = text.repeat(4_000);
        let mut approval = saying(&text, None);
        let runs = texts(&card(&approval), "TextRun");
        let whole = |text: &str| runs.contains(&text.replace("{{", "{\u{2060}{").replace("{{", "{\u{2060}{"));
        let Request { title, summary, facts, .. } = &approval.request;
        assert!(whole(title) && whole(summary) && whole(&facts[0].name) && whole(&facts[0].value.shown(str::to_owned)));
        assert!(runs.iter().any(|run| run.ends_with('…')), "a comment that does not fit is shortened");
        assert!(!runs.iter().any(|run| run.contains('\u{fffd}')), "between characters");
        approval.votes.truncate(1);
        approval.votes[0].name = "Grace".to_owned();
        let runs = texts(&card(&approval), "TextRun");
        assert!(!runs.iter().any(|run| run.ends_with('…')), "there is room for one");
    }
}

#[test]
fn text_with_nothing_to_see_is_replaced() {
    for text in ["\u{202e}", "\u{200b}\u{2060}", "\u{feff}", "\u{7}"] {
        let runs = texts(&card(&saying(text, Some(cancelled(text)))), "TextRun");
        assert!(!runs.iter().any(|run| run.trim().is_empty()), "{runs:?}");
    }
}
