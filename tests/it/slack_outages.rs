//! Slack answering `ok: false`, 429 and nothing at all: nothing is lost, and nobody waits for more than three seconds.

use std::time::Duration;

use countersign_bot::approval::state::Status;
use countersign_bot::net::deadline::Deadline;
use countersign_bot::platforms::slack::PATIENCE;
use countersign_bot::platforms::slack::client::{Client, Message};
use countersign_bot::platforms::slack::error::Error;
use countersign_playground::fakes::Fault;
use tokio::time::Instant;

use crate::support::Harness;

fn message() -> Message {
    Message { text: "hello".to_owned(), blocks: Vec::new() }
}

async fn post(harness: &Harness, deadline: Deadline) -> Result<(), Error> {
    let bot = harness.world.bot();
    let client = &bot.slack.as_ref().unwrap().client;
    client.post("C0FINANCE", message(), None, deadline).await.map(|_| ())
}

#[tokio::test]
async fn ok_false_is_a_failure_with_slacks_own_code() {
    let harness = Harness::start().await;
    let slack = &harness.world.slack;
    slack.fail_next("chat.postMessage", Fault::NotOk("not_in_channel".to_owned()));
    let error = post(&harness, Deadline::after(PATIENCE)).await.unwrap_err();
    assert_eq!(error, Error::Refused("not_in_channel".to_owned()));
    let wrong = Client::new(&format!("{}/playground/slack/api", harness.world.url), &"xoxb-wrong".into()).unwrap();
    let refused = wrong.post("C0FINANCE", message(), None, Deadline::after(PATIENCE)).await.unwrap_err();
    assert_eq!(refused, Error::Refused("invalid_auth".to_owned()));
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_if_the_deadline_allows() {
    let harness = Harness::start().await;
    harness.world.slack.fail_next("chat.postMessage", Fault::RateLimited { retry_after: 1 });
    let began = Instant::now();
    assert_eq!(post(&harness, Deadline::after(PATIENCE)).await, Ok(()));
    assert!(began.elapsed().as_millis() >= 1_000, "Retry-After is honoured");
    harness.world.slack.fail_next("chat.postMessage", Fault::RateLimited { retry_after: 30 });
    let began = Instant::now();
    let limited = Err(Error::RateLimited { retry_after: Some(Duration::from_secs(30)) });
    assert_eq!(post(&harness, Deadline::after(PATIENCE)).await, limited);
    assert!(began.elapsed().as_millis() < 1_000, "a pause past the deadline is not begun");
}

#[tokio::test]
async fn silence_is_given_up_at_the_deadline() {
    let harness = Harness::start().await;
    harness.world.slack.fail_next("chat.postMessage", Fault::Hang);
    let began = Instant::now();
    let error = post(&harness, Deadline::after(std::time::Duration::from_millis(300))).await.unwrap_err();
    assert!(matches!(error, Error::NoAnswer(_)), "{error:?}");
    assert!(began.elapsed().as_millis() < 2_000);
}

#[tokio::test]
async fn a_post_is_never_repeated_on_a_guess_and_an_update_is() {
    let harness = Harness::start().await;
    let slack = &harness.world.slack;
    slack.fail_next("chat.postMessage", Fault::Drop);
    assert!(post(&harness, Deadline::after(PATIENCE)).await.is_err());
    assert_eq!(slack.messages("C0FINANCE").len(), 1, "it was posted, and a second try would have posted it twice");
    let ts = slack.messages("C0FINANCE")[0].ts.clone();
    slack.fail_next("chat.update", Fault::Status(503));
    let bot = harness.world.bot();
    let client = &bot.slack.as_ref().unwrap().client;
    client.update("C0FINANCE", &ts, message(), Deadline::after(PATIENCE)).await.unwrap();
}

#[tokio::test]
async fn a_private_answer_that_slack_does_not_take_harms_nothing() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    harness.world.slack.fail_always("chat.postEphemeral", Some(Fault::Hang));
    let began = Instant::now();
    assert_eq!(harness.press("linus", &approval, "approve", None).await, 200);
    assert!(began.elapsed().as_millis() < 3_000, "Slack waits for three seconds");
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
}

#[tokio::test]
async fn a_form_that_cannot_be_opened_is_answered_with_the_mistakes() {
    let harness = Harness::start().await;
    harness.world.slack.fail_always("views.open", Some(Fault::NotOk("expired_trigger_id".to_owned())));
    let answer = harness.world.slack.command(&harness.user("ada"), &harness.world.channel, "/start", "1 <two>").await;
    let said = answer.text.unwrap();
    assert!(
        said.starts_with("Not started.") && said.contains("y must be an integer, and “&lt;two&gt;” is not one"),
        "{said}"
    );
    assert!(said.contains("`/start calculation X Y`"), "{said}");
}

#[tokio::test]
async fn a_message_that_is_gone_is_not_tried_for_ever() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    harness.world.slack.fail_always("chat.update", Some(Fault::NotOk("message_not_found".to_owned())));
    harness.post(&harness.link("grace"), "approve", "").await;
    let record = harness.settled(&approval, Status::Approved).await;
    assert!(record.copies.iter().any(|copy| copy.lost));
    assert_eq!(record.due_at(), None, "nothing is left to do");
}
