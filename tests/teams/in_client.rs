//! The bot in Microsoft's local client of Teams, from the command to the closed card. The client takes what the bot
//! sends only in the form that its connector has.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use countersign_playground::engine::ExecutionStatus;
use countersign_tests::cases;
use countersign_tests::http::Http;
use serde_json::{Value, json};

use crate::support::client::{CHANNEL, GROUP, PERSONAL};
use crate::support::node::node;
use crate::support::stage::Stage;
use crate::support::tools::{Case, Tools};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        a_calculation_is_approved_in_a_channel,
        a_calculation_is_approved_on_the_page_of_the_client,
        an_older_client_rejects_in_a_chat,
        whoever_stands_in_approves_and_the_card_says_for_whom,
        the_glass_is_broken_and_acknowledged_in_words,
        a_stranger_is_told_and_changes_nothing,
        the_bot_is_spoken_to_alone,
        the_bot_says_what_it_is_when_it_is_added,
    ]
}

async fn a_calculation_is_approved_in_a_channel(tools: Arc<Tools>) -> anyhow::Result<()> {
    let stage = Stage::set(&tools, "approved", CHANNEL).await?;
    stage.client.say(CHANNEL, "start 125 122").await?;
    let card = stage.card().await?;
    ensure!(card.conversation == format!("{CHANNEL};messageid={}", card.activity), "{card:?}");

    let answer = stage.client.press("grace", &card, "approve", json!({"comment": "fine"})).await?;
    ensure!(answer["type"] == "application/vnd.microsoft.card.adaptive", "{answer}");
    ensure!(!is_open(&answer["value"]), "{answer}");

    let execution = stage.ended().await?;
    ensure!(execution.status == ExecutionStatus::Succeeded, "{execution:?}");
    let output = execution.output.context("it has an output")?.to_string();
    ensure!(output.contains("494") && output.contains("Grace Hopper"), "{output}");
    let closed = stage.update(&card, |card| card.to_string().contains("Grace Hopper") && !is_open(card)).await?;
    ensure!(closed.to_string().contains("fine"), "{closed}");
    stage.text(&card.conversation, "494").await?;
    stage.check_calls()
}

/// The same once more by the mouse, in the page that people see.
async fn a_calculation_is_approved_on_the_page_of_the_client(tools: Arc<Tools>) -> anyhow::Result<()> {
    let stage = Stage::set_for("grace", &tools, "page", CHANNEL).await?;
    let calculations = format!("{}/calculations", stage.world.url);
    let screenshots = Path::new(env!("CARGO_TARGET_TMPDIR")).join("teams-client");
    node(&tools, "press.mjs", &[stage.client.url().as_ref(), calculations.as_ref(), screenshots.as_ref()], "").await?;
    let card = stage.card().await?;
    let execution = stage.ended().await?;
    ensure!(execution.status == ExecutionStatus::Succeeded, "{execution:?}");
    stage.update(&card, |card| card.to_string().contains("seen on the page") && !is_open(card)).await?;
    stage.check_calls()
}

async fn an_older_client_rejects_in_a_chat(tools: Arc<Tools>) -> anyhow::Result<()> {
    let stage = Stage::set(&tools, "rejected", GROUP).await?;
    stage.client.say(GROUP, "start 125 122").await?;
    let card = stage.card().await?;
    ensure!(card.conversation == GROUP, "{card:?}");

    stage.client.submit("linus", &card, "reject", json!({"reason": "too much"})).await?;
    let execution = stage.ended().await?;
    ensure!(execution.output.context("it has an output")?["status"] == "rejected");
    stage.update(&card, |card| card.to_string().contains("too much") && !is_open(card)).await?;
    stage.check_calls()
}

/// Somebody else than the one who is in front of the client asks.
async fn ada_asks(stage: &Stage) -> anyhow::Result<()> {
    let asked = json!({"x": 125, "y": 122, "requestedBy": "ada"});
    Http::new().post_json(&format!("{}/calculations", stage.world.url), &asked).await.map(|_| ())
}

async fn whoever_stands_in_approves_and_the_card_says_for_whom(tools: Arc<Tools>) -> anyhow::Result<()> {
    let stage = Stage::set_for("grace", &tools, "away", CHANNEL).await?;
    stage.client.say(PERSONAL, "approvals away until tomorrow for Trent Reznik").await?;
    stage.text(PERSONAL, "Trent Reznik stands in for you until").await?;
    ada_asks(&stage).await?;
    let card = stage.card().await?;
    ensure!(card.content.to_string().contains("Trent Reznik stands in for Grace Hopper"), "{card:?}");
    stage.client.press("trent", &card, "approve", json!({"comment": "in her place"})).await?;
    let execution = stage.ended().await?;
    let output = execution.output.context("it has an output")?;
    ensure!(output["approvedBy"][0]["for"]["person"] == "grace", "{output}");
    let is_closed = |card: &Value| card.to_string().contains("Trent Reznik for Grace Hopper") && !is_open(card);
    stage.update(&card, is_closed).await?;
    stage.check_calls()
}

async fn the_glass_is_broken_and_acknowledged_in_words(tools: Arc<Tools>) -> anyhow::Result<()> {
    let stage = Stage::set_for("grace", &tools, "glass", GROUP).await?;
    ada_asks(&stage).await?;
    let card = stage.card().await?;
    let id = stage.world.store.all().first().context("it is on record")?.id.clone();
    ensure!(!card.content.to_string().contains("break-glass"), "nobody is offered it on a card: {card:?}");
    stage.client.say(PERSONAL, &format!("approvals break-glass {id} the shop is down")).await?;
    stage.text(PERSONAL, "You have broken the glass").await?;
    let execution = stage.ended().await?;
    let output = execution.output.context("it has an output")?;
    ensure!(output["breakGlass"]["reason"] == "the shop is down", "{output}");
    let says = |part: &'static str| move |card: &Value| card.to_string().contains(part) && !is_open(card);
    stage.update(&card, says("Glass broken: ")).await?;
    stage.text(GROUP, "approved this alone").await?;
    stage.client.say(PERSONAL, &format!("approvals acknowledge {id}")).await?;
    stage.text(PERSONAL, "somebody else has to acknowledge it").await?;
    stage.check_calls()
}

async fn a_stranger_is_told_and_changes_nothing(tools: Arc<Tools>) -> anyhow::Result<()> {
    let stage = Stage::set(&tools, "stranger", CHANNEL).await?;
    stage.client.say(CHANNEL, "start 125 122").await?;
    let card = stage.card().await?;
    for person in ["mallory", "ada"] {
        let answer = stage.client.press(person, &card, "approve", json!({})).await?;
        ensure!(answer["type"] == "application/vnd.microsoft.activity.message", "{person}: {answer}");
    }
    ensure!(stage.world.store.all().iter().all(|approval| approval.votes.is_empty()));
    stage.check_calls()
}

async fn the_bot_is_spoken_to_alone(tools: Arc<Tools>) -> anyhow::Result<()> {
    let stage = Stage::set(&tools, "alone", CHANNEL).await?;
    stage.client.say(PERSONAL, "help").await?;
    stage.text(PERSONAL, "start").await?;
    stage.client.say(PERSONAL, "start 125 122").await?;
    stage.text(PERSONAL, "Started").await?;
    stage.card().await?;
    stage.client.say(PERSONAL, "pending").await?;
    stage.text(PERSONAL, "125 + 122").await?;
    stage.check_calls()
}

async fn the_bot_says_what_it_is_when_it_is_added(tools: Arc<Tools>) -> anyhow::Result<()> {
    let stage = Stage::set(&tools, "added", CHANNEL).await?;
    stage.client.add_bot(CHANNEL, &stage.proxy).await?;
    stage.text(CHANNEL, CHANNEL).await?;
    stage.check_calls()
}

/// Whether a card has buttons that decide.
fn is_open(card: &Value) -> bool {
    card.to_string().contains("Action.Execute")
}
