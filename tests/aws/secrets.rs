//! The secrets of a deployment, looked at and replaced by the program while the functions run.

use std::sync::Arc;
use std::time::Duration;

use countersign_playground::fakes::FakeSlack;
use countersign_tests::cases;
use countersign_tests::patience::within;
use serde_json::json;

use crate::support::chats::{CHANNEL, Chats};
use crate::support::emulators::{Case, Emulators};
use crate::support::stack::{NAME, Stack};

pub(crate) fn cases() -> Vec<Case> {
    cases![a_signing_secret_is_rotated_while_slack_goes_on]
}

/// A function may have read a moment before the change, and a busy machine takes a few seconds to ask it.
const WITHIN: Duration = Duration::from_secs(60 + 20);
const NEW: &str = "fedcba9876543210fedcba9876543210";
const NEWEST: &str = "00112233445566778899aabbccddeeff";

/// What the bot answers to what this Slack has signed.
async fn answered(slack: &FakeSlack) -> u16 {
    slack.command(&Chats::slack_user("ada"), CHANNEL, "/approvals", "").await.status
}

/// Waits until the functions that run have read what was changed.
async fn until_answered(slack: &FakeSlack, status: u16) -> anyhow::Result<()> {
    let what = format!("the webhook answers {status}");
    within(WITHIN, &what, async || Ok((answered(slack).await == status).then_some(()))).await
}

async fn a_signing_secret_is_rotated_while_slack_goes_on(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = Stack::deploy(&emulators, "secrets").await?;
    let renewed = Chats::slack_signing_with(NEW);
    renewed.set_bot_url(stack.output("PublicUrl"));
    assert_eq!((answered(&stack.slack).await, answered(&renewed).await), (200, 401));

    let set = ["secrets", "set", "slack_bot_token", "--stack", NAME, "--yes"];
    let refused = stack.countersign_reading(&emulators, &set, "xoxb-unknown\n").await.err();
    let refused = refused.map(|error| format!("{error:#}")).unwrap_or_default();
    assert!(refused.contains("invalid_auth") && !refused.contains("xoxb-unknown"), "{refused}");
    let (same, code) = stack.countersign_reading(&emulators, &set, "xoxb-tests\n").await?;
    assert_eq!((&same["outcome"], code), (&json!("unchanged"), Some(0)), "{same:#}");

    let rotate = ["secrets", "rotate", "slack_signing_secret", "--stack", NAME, "--yes"];
    let (begun, code) = stack.countersign_reading(&emulators, &rotate, &format!("{NEW}\n")).await?;
    assert_eq!((&begun["outcome"], code), (&json!("begun"), Some(0)), "{begun:#}");
    let (status, code) = stack.countersign(&emulators, &["secrets", "status", "--stack", NAME]).await?;
    let bot = &status["secrets"][0];
    assert_eq!(
        (&bot["rotations"][0]["name"], &bot["rotations"][0]["isDue"], code),
        (&rotate[2].into(), &json!(false), Some(0))
    );
    for name in ["link_key", "slack_bot_token", "slack_signing_secret_previous", "teams_app_password"] {
        assert_eq!(bot["values"][name], true, "{name}: {status:#}");
    }
    assert!(!status.to_string().contains(NEW), "{status:#}");
    until_answered(&renewed, 200).await?;
    assert_eq!(answered(&stack.slack).await, 200, "what was signed with the old one still counts");

    let (early, code) = stack.countersign(&emulators, &rotate).await?;
    assert_eq!((&early["outcome"], code), (&json!("tooEarly"), Some(1)), "{early:#}");

    // One of the two has leaked: neither counts any more.
    let newest = Chats::slack_signing_with(NEWEST);
    newest.set_bot_url(stack.output("PublicUrl"));
    let leaked = [&rotate[..], &["--now"]].concat();
    let refused = stack.countersign_reading(&emulators, &leaked, &format!("{NEW}\n")).await.err();
    let refused = refused.map(|error| format!("{error:#}")).unwrap_or_default();
    assert!(refused.contains("nothing was changed") && !refused.contains(NEW), "{refused}");
    let (ended, code) = stack.countersign_reading(&emulators, &leaked, &format!("{NEWEST}\n")).await?;
    assert_eq!((&ended["outcome"], code), (&json!("ended"), Some(0)), "{ended:#}");
    until_answered(&newest, 200).await?;
    until_answered(&stack.slack, 401).await?;
    until_answered(&renewed, 401).await
}
