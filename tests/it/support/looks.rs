//! What a test sees of a record, and of the messages that show it.

use countersign_bot::approval::follow_up::Errand;
use countersign_bot::approval::place::{Destination, Platform};
use countersign_bot::approval::record::Approval;
use countersign_playground::fakes::SlackMessage;
use serde_json::Value;

/// Whether somebody was reached, and every place was tried.
pub(crate) fn is_out(approval: &Approval) -> bool {
    !approval.copies.is_empty() && approval.outbox.is_empty() && approval.is_tried_everywhere()
}

/// Channel and timestamp of the approval's card.
pub(crate) fn card_of(approval: &Approval) -> (String, String) {
    let mut shared = approval.copies.iter().filter(|copy| copy.message.is_shared());
    let card = shared.find_map(|copy| copy.message.on(Platform::Slack));
    let (channel, ts) = card.expect("the card is out");
    (channel.to_owned(), ts.to_owned())
}

/// Where the request is still to be sent.
pub(crate) fn unsent(approval: &Approval) -> Vec<Destination> {
    let errands = approval.errands().into_iter();
    let unsent = errands.filter_map(|errand| match errand {
        Errand::Send(destination) => Some(destination),
        Errand::Update(_) | Errand::Tell { .. } => None,
    });
    unsent.collect()
}

/// Everything a card shows, as text.
pub(crate) fn shown(message: &SlackMessage) -> String {
    texts(&message.blocks).iter().map(|text| format!("{text}\n")).collect()
}

/// Every text in blocks of Slack, or in a card of Teams.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Object(object) => {
            let texts = object.iter().flat_map(|(key, value)| match value {
                Value::String(text) if key == "text" => vec![text.clone()],
                other => texts(other),
            });
            texts.collect()
        }
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Whether a card has buttons.
pub(crate) fn has_buttons(message: &SlackMessage) -> bool {
    message.blocks.to_string().contains("\"button\"")
}
