//! The details of a request, behind a button of the card that opens them in its place. Nobody is asked for them, and they
//! stay there when the approval has ended.

use serde_json::{Value, json};

use super::elements::{Look, ours, run, runs, with};
use crate::approval::record::Approval;
use crate::approval::request::Detail;
use crate::messages::answers::IN_THEIR_WORDS;
use crate::messages::escape::{lines, one_line, visible};

/// The button with what it opens, if there are details.
pub(super) fn button(approval: &Approval) -> Option<Value> {
    let details = &approval.request.details;
    if details.is_empty() {
        return None;
    }
    let body: Vec<Value> =
        [ours(IN_THEIR_WORDS, Look::Quiet)].into_iter().chain(details.iter().flat_map(shown)).collect();
    let card = json!({ "type": "AdaptiveCard", "body": body });
    let show = json!({ "type": "Action.ShowCard", "title": "Show the details", "card": card });
    Some(json!({ "type": "ActionSet", "actions": [show] }))
}

fn shown(detail: &Detail) -> [Value; 2] {
    let title = runs([run(&visible(one_line(&detail.title)), Look::Strong)]);
    let text = runs([run(&indented(&lines(&detail.text)), Look::Normal)]);
    [with(title, "separator", true), with(text, "spacing", "Small")]
}

/// A run shows many spaces as one, so those that a line begins with are spaces that stay.
fn indented(text: &str) -> String {
    let lines = text.trim_end().split('\n').map(|line| {
        let words = line.trim_start_matches(' ');
        "\u{a0}".repeat(line.len() - words.len()) + words
    });
    lines.collect::<Vec<_>>().join("\n")
}
