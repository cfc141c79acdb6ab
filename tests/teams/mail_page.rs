//! The page behind a mail's link in a real browser: what runs and presses there without choosing decides nothing, and a
//! person who chooses decides.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use countersign_bot::approval::limits::FACT_NAME_MAX;
use countersign_bot::approval::state::Status;
use countersign_playground::browser::Browser;
use countersign_playground::clock::Clock;
use countersign_playground::world::{Options, Running, Source, StateMachine, World};
use countersign_tests::patience::until;
use countersign_tests::{asking, cases};
use serde_json::{Value, json};

use crate::support::node::node;
use crate::support::tools::{Case, Tools};

const POLICY: &str = r#"
    [people.grace]
    name = "Grace Hopper"
    email = "grace@example.com"
    [policies.calculation]
    approvers = ["grace"]
    requester = "optional"
"#;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        a_page_decides_by_nothing_but_a_choice_to_approve,
        a_page_decides_by_nothing_but_a_choice_to_reject,
        a_page_has_room_for_the_longest_names_and_values,
    ]
}

async fn a_page_decides_by_nothing_but_a_choice_to_approve(tools: Arc<Tools>) -> anyhow::Result<()> {
    decided(&tools, "Approve", Status::Approved, "You have approved this").await
}

async fn a_page_decides_by_nothing_but_a_choice_to_reject(tools: Arc<Tools>) -> anyhow::Result<()> {
    decided(&tools, "Reject", Status::Rejected, "You have rejected this").await
}

async fn a_page_has_room_for_the_longest_names_and_values(tools: Arc<Tools>) -> anyhow::Result<()> {
    let words = |max: usize| "a name that goes on ".chars().cycle().take(max).collect::<String>();
    let facts = [words(FACT_NAME_MAX), "x".repeat(FACT_NAME_MAX)].map(|text| json!({ "name": text, "value": text }));
    let machine = asking::machine(&json!({ "policy": "calculation", "title": "Much to read", "facts": facts }));
    let machine = StateMachine::new("calculation", Source::new("the machine of the case", &machine));
    let (_running, link) = asked(Options { state_machines: vec![machine], ..Options::default() }).await?;
    let page = browse(&tools, &link, None).await?;
    // The page is 390 pixels wide; of what a row has of that, no part is left with less than a third.
    ensure!(page["narrowest"].as_u64().is_some_and(|width| width >= 90), "{page}");
    Ok(())
}

/// A world in which the workflow asks, and the link in the mail.
async fn asked(options: Options) -> anyhow::Result<(Running, String)> {
    let policy = Some(Source::new("the policy of the case", &format!("{POLICY}{}", asking::CALCULATION)));
    let running = World::start(Options { policy, ..options }, Clock::system()).await?;
    let world = &running.world;
    Browser::new().post_json(&format!("{}/calculations", world.url), &json!({"x": 125, "y": 122})).await?;
    let link =
        until("the mail is out", async || Ok(world.mailbox.mails().first().and_then(|mail| mail.link()))).await?;
    Ok((running, link))
}

async fn decided(tools: &Tools, verdict: &str, expected: Status, said: &str) -> anyhow::Result<()> {
    let (running, link) = asked(Options::default()).await?;
    let world = &running.world;
    let scanned = browse(tools, &link, None).await?;
    ensure!(scanned["buttons"] == 1, "{scanned}");
    let loaded = scanned["loaded"].as_array().context("it says what was loaded")?;
    ensure!(loaded.iter().all(|request| request.as_str().is_some_and(|it| it.ends_with(" document"))), "{scanned}");
    ensure!(loaded.iter().any(|request| request == "POST document"), "something was submitted: {scanned}");
    ensure!(scanned["text"].as_str().is_some_and(|text| text.contains("choose Approve or Reject")), "{scanned}");
    let approval = world.store.all().pop().context("there is an approval")?;
    ensure!(approval.status() == Status::Pending && approval.votes.is_empty(), "{approval:?}");

    let page = browse(tools, &link, Some(verdict)).await?;
    ensure!(page["text"].as_str().is_some_and(|text| text.contains(said)), "{page}");
    let settled = async || Ok(world.store.all().pop().filter(|approval| approval.status() == expected));
    let approval = until("it is decided", settled).await?;
    ensure!(approval.votes[0].comment.as_deref() == Some("seen in the browser"), "{approval:?}");
    Ok(())
}

async fn browse(tools: &Tools, link: &str, verdict: Option<&str>) -> anyhow::Result<Value> {
    // They stay for people to look at.
    let screenshots = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mail-page");
    let mut arguments = vec![OsStr::new(link), screenshots.as_os_str()];
    arguments.extend(verdict.map(OsStr::new));
    Ok(serde_json::from_str(&node(tools, "scan.mjs", &arguments, "").await?)?)
}
