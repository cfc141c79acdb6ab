//! The webhook is killed in the middle of a decision. The reconciler finishes what it began, once.

use countersign_bot::approval::state::Status;
use countersign_tests::cases;
use countersign_tests::patience::until;
use countersign_tests::process::kill_function;
use std::sync::Arc;

use crate::support::calculation::Calculation;
use crate::support::emulators::{Case, Emulators};

pub(crate) fn cases() -> Vec<Case> {
    cases![between_record_and_callback, between_callback_and_broadcast]
}

async fn between_record_and_callback(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.turns.take(&emulators).await?;
    let calculation = Calculation::start(&stack, 125, 122).await?;
    die_at(&calculation, "states:SendTaskSuccess").await?;
    // The messenger may come late with the request, and then shows this already.
    let record = calculation.record().await?.expect("the approval is on record");
    assert_eq!(record.status(), Status::Resolving, "the decision is recorded, and Step Functions has not heard of it");
    finished_once(&calculation).await
}

async fn between_callback_and_broadcast(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.turns.take(&emulators).await?;
    let calculation = Calculation::start(&stack, 122, 125).await?;
    die_at(&calculation, "events:PutEvents").await?;
    assert_eq!(calculation.ended().await?.status.as_str(), "SUCCEEDED", "Step Functions has heard of it");
    finished_once(&calculation).await
}

/// Grace approves, and the webhook is killed (`kill -9`) when it makes this call, which does not get through.
async fn die_at(calculation: &Calculation<'_>, action: &str) -> anyhow::Result<()> {
    let stack = calculation.stack;
    // The notifier's own events are out before the card is looked at.
    calculation.announced().await?;
    let held = stack.proxy.hold(action);
    let press = calculation.press("grace", "approve", None);
    let kill = async {
        held.arrived().await?;
        kill_function(stack.output("WebhookFunction"), stack.proxy.url())
    };
    let (pressed, killed) = tokio::join!(press, kill);
    assert!(killed? > 0, "the webhook was running");
    assert_ne!(pressed.ok(), Some(200), "nobody was told that it worked");
    stack.proxy.recover();
    Ok(())
}

/// Ticks until all is said and done, and then some more, which must change nothing.
async fn finished_once(calculation: &Calculation<'_>) -> anyhow::Result<()> {
    let stack = calculation.stack;
    until("the reconciler has finished the approval", async || {
        stack.tick().await?;
        Ok((!calculation.has_buttons() && calculation.thread().len() == 2).then_some(()))
    })
    .await?;
    let end = calculation.ended().await?;
    assert_eq!((end.status.as_str(), &end.output.unwrap_or_default()["result"]), ("SUCCEEDED", &494.into()));
    let card = calculation.closed_card().await?;
    assert!(card.blocks.to_string().contains("Grace Hopper"), "{}", card.blocks);
    for _ in 0..3 {
        stack.tick().await?;
    }
    assert_eq!(calculation.thread().len(), 2, "the outcome and the result are told once: {:?}", calculation.thread());
    let mails = stack.ministack.mails().await?;
    let is_closing = |subject: &str| subject.starts_with("Re: ") && subject.contains(&calculation.title);
    let closing = mails.iter().filter(|mail| is_closing(&mail.subject)).count();
    assert_eq!(closing, 1, "the request by mail is answered once");
    Ok(())
}
