//! A policy that is pushed while the functions run.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use countersign_tests::cases;
use countersign_tests::harness::Shared;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::support::chats::{CHANNEL, Chats};
use crate::support::emulators::{Case, Emulators};
use crate::support::stack::{NAME, POLICY, Stack};

pub(crate) fn cases() -> Vec<Case> {
    cases![a_push_reaches_functions_that_run]
}

/// A function may have read a moment before the push, and a busy machine takes a few seconds to ask it.
const WITHIN: Duration = Duration::from_secs(60 + 20);

/// What Ada may start, as the bot lists it.
async fn listed(stack: &Stack) -> anyhow::Result<String> {
    let answer = stack.slack.command(&Chats::slack_user("ada"), CHANNEL, "/start", "").await;
    ensure!(answer.status == 200, "{answer:?}");
    answer.text.context("the bot lists what can be started")
}

async fn a_push_reaches_functions_that_run(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.stack().await?;
    assert!(!listed(stack).await?.contains("Pushed later"));
    let command =
        "[commands.later]\ntitle = \"Pushed later\"\nstate_machine = \"calculation\"\npolicy = \"calculation\"\n";
    let file = emulators.folder().join("later.toml");
    std::fs::write(&file, format!("{POLICY}\n{command}"))?;
    let file = file.to_str().context("the folder has a name in UTF-8")?;

    let (told, code) = stack.countersign(&emulators, &["policy", "diff", file, "--stack", NAME]).await?;
    let change = json!({
        "kind": "commandAdded", "command": "later", "starters": "everybody of the policy",
        "text": "command later is new: everybody of the policy may start it",
    });
    assert_eq!((&told["changes"][0], code), (&change, Some(0)), "{told:#}");
    let refused = stack.countersign(&emulators, &["policy", "push", file, "--stack", NAME]).await.err();
    let refused = refused.map(|error| format!("{error:#}")).unwrap_or_default();
    assert!(refused.contains("say --yes"), "without a terminal nobody is asked: {refused}");

    let (pushed, code) = stack.countersign(&emulators, &["policy", "push", file, "--stack", NAME, "--yes"]).await?;
    assert_eq!((&pushed["outcome"], &pushed["version"]["number"], code), (&json!("pushed"), &json!(2), Some(0)));
    let by = pushed["version"]["pushedBy"].as_str().unwrap_or_default();
    assert!(by.starts_with("arn:aws:"), "{pushed:#}");
    let start = Instant::now();
    while !listed(stack).await.is_ok_and(|listed| listed.contains("Pushed later")) {
        ensure!(start.elapsed() < WITHIN, "the webhook goes by the earlier policy after {:?}", start.elapsed());
        sleep(Duration::from_secs(1)).await;
    }
    let (history, _) = stack.countersign(&emulators, &["policy", "history", "--stack", NAME]).await?;
    assert_eq!(history["inForce"], 2, "{history:#}");

    let (shown, _) = stack.countersign(&emulators, &["policy", "show", "--stack", NAME]).await?;
    let text = shown["text"].as_str().unwrap_or_default();
    assert!(shown["number"] == 2 && text.contains("Pushed later"), "{shown:#}");
    let (back, code) = stack.countersign(&emulators, &["policy", "rollback", "1", "--stack", NAME, "--yes"]).await?;
    assert_eq!((&back["outcome"], &back["version"]["number"], code), (&json!("pushed"), &json!(3), Some(0)));
    let (told, _) = stack.countersign(&emulators, &["policy", "diff", "1", "3", "--stack", NAME]).await?;
    assert_eq!(told["changes"], json!([]), "{told:#}");
    Ok(())
}
