//! The home of the app in Slack: what waits for somebody, with the buttons of the card, and what they asked for.

mod acting;
mod kept;
mod opened;

use countersign_bot::approval::record::Approval;
use serde_json::{Value, json};

use crate::support::{Harness, texts};

/// The views of homes that Slack was asked to publish.
fn published(harness: &Harness) -> usize {
    harness.world.slack.calls().iter().filter(|(method, _)| method == "views.publish").count()
}

/// What somebody sees in their home, as text.
fn words(harness: &Harness, who: &str) -> String {
    let view = harness.world.slack.home(&harness.user(who).id).unwrap_or_default();
    texts(&view["blocks"]).join("\n")
}

/// Somebody opens their home, and messengers make it.
async fn open(harness: &Harness, who: &str) -> String {
    assert_eq!(harness.world.slack.open_home(&harness.user(who)).await.unwrap().status, 200);
    harness.deliver().await;
    words(harness, who)
}

/// Waits until somebody's home says this.
async fn says(harness: &Harness, who: &str, text: &str) -> String {
    harness.until(text, |_| Some(words(harness, who)).filter(|words| words.contains(text))).await
}

async fn press(harness: &Harness, who: &str, approval: &Approval, action: &str) {
    let pressed = harness.world.slack.press_in_home(&harness.user(who), approval.id.as_str(), action).await;
    assert_eq!(pressed.unwrap(), 200);
}

/// The view in front of somebody.
fn in_front(harness: &Harness, who: &str) -> Option<Value> {
    harness.world.slack.open_view(&harness.user(who).id).map(|open| open.view)
}

fn request(title: &str) -> Value {
    json!({ "policy": "calculation", "title": title, "requestedBy": "ada" })
}
