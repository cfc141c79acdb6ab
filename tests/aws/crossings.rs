//! A decision crosses with the end of the wait or with an abort. Step Functions says which of the two was first, and
//! everything else says the same.

use std::sync::Arc;

use countersign_bot::approval::state::Status;
use countersign_bot::ports::{Clock, SystemClock};
use countersign_playground::fakes::teams::TeamsUser;
use countersign_tests::cases;
use countersign_tests::patience::until;
use serde_json::Value;

use crate::support::agreement;
use crate::support::calculation::Calculation;
use crate::support::chats::Chats;
use crate::support::emulators::{Case, Emulators};
use crate::support::listener::Listener;
use crate::support::proxy::{Fault, Held};
use crate::support::stack::Stack;

pub(crate) fn cases() -> Vec<Case> {
    cases![decided_as_it_expires, accepted_as_it_expires, decided_as_it_is_aborted]
}

/// Long enough for the request to go out and for somebody to press on a slow machine, which the case then waits for.
const WAIT_SECONDS: u32 = 20;
/// What hands an approval to Step Functions.
const CALLBACK: &str = "states:SendTaskSuccess";

/// The wait ends while the approval is on its way to Step Functions, which then refuses it.
async fn decided_as_it_expires(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.turns.take(&emulators).await?;
    let listener = Listener::on_the_bus_of(&stack).await?;
    let calculation = soon_over(&stack, 1).await?;
    calculation.asked_everywhere().await?;
    let late = late_press(&calculation).await?;
    let held = stack.proxy.hold(CALLBACK);
    decided(&calculation, &held).await?;
    let end = calculation.ended().await?;
    assert_eq!(end.output.unwrap_or_default()["status"], "expired", "nobody has told Step Functions in time");
    agreement::nobody_is_told_otherwise(&calculation, Status::Expired).await?;
    held.release();
    agreement::reached(&calculation, &listener, Status::Expired).await?;
    answered(&calculation, &late, "This expired without a decision").await?;
    agreement::reached(&calculation, &listener, Status::Expired).await
}

/// Step Functions takes the approval before the wait ends, and its answer comes after that. Meanwhile the reconciler
/// finds a decision that is not confirmed and whose time is over.
async fn accepted_as_it_expires(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.turns.take(&emulators).await?;
    let listener = Listener::on_the_bus_of(&stack).await?;
    let calculation = soon_over(&stack, 2).await?;
    let deadline = calculation.asked_everywhere().await?.request.deadline;
    let held = stack.proxy.hold_answer(CALLBACK);
    let (taken, ticked) = tokio::join!(decided(&calculation, &held), async {
        held.arrived().await?;
        calculation.fall_due().await?;
        stack.tick().await
    });
    taken.and(ticked)?;
    assert_eq!(calculation.ended().await?.output.unwrap_or_default()["status"], "approved");
    until("the wait is over", async || Ok((SystemClock.now() > deadline).then_some(()))).await?;
    calculation.fall_due().await?;
    stack.tick().await?;
    let record = calculation.record().await?.expect("the approval is on record");
    assert_eq!(record.status(), Status::Resolving, "nothing has told how it ended");
    agreement::nobody_is_told_otherwise(&calculation, Status::Approved).await?;
    held.release();
    agreement::reached(&calculation, &listener, Status::Approved).await
}

/// Somebody stops the execution while the approval is on its way to Step Functions.
async fn decided_as_it_is_aborted(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.turns.take(&emulators).await?;
    let listener = Listener::on_the_bus_of(&stack).await?;
    let calculation = Calculation::run(&stack, stack.output("StateMachineArn"), 3, 20).await?;
    calculation.asked_everywhere().await?;
    let late = late_press(&calculation).await?;
    let held = stack.proxy.hold(CALLBACK);
    decided(&calculation, &held).await?;
    stack.step_functions().stop_execution().execution_arn(&calculation.execution).send().await?;
    agreement::nobody_is_told_otherwise(&calculation, Status::Cancelled).await?;
    // Step Functions closes the tasks of an execution that is stopped (AWS, SendTaskSuccess, TaskTimedOut). ministack
    // goes on to take their tokens.
    stack.proxy.break_down(CALLBACK, Fault::Closed);
    held.release();
    agreement::reached(&calculation, &listener, Status::Cancelled).await?;
    answered(&calculation, &late, "This was cancelled").await?;
    agreement::reached(&calculation, &listener, Status::Cancelled).await
}

/// A calculation whose approval waits for a few seconds. ministack ignores `TimeoutSecondsPath`, so its machine has the
/// time written into it.
async fn soon_over(stack: &Stack, x: i64) -> anyhow::Result<Calculation<'_>> {
    let machine = stack.machine_with_timeout(&format!("soon-over-{x}"), WAIT_SECONDS).await?;
    Calculation::run(stack, &machine, x, 20).await
}

/// Grace approves, which is recorded, and on its way to Step Functions it is held.
async fn decided(calculation: &Calculation<'_>, held: &Held) -> anyhow::Result<()> {
    let (approved, arrived) = tokio::join!(calculation.approved_in_slack(), held.arrived());
    approved.and(arrived)?;
    let record = calculation.record().await?.expect("the approval is on record");
    assert_eq!(record.status(), Status::Resolving);
    Ok(())
}

fn grace() -> TeamsUser {
    Chats::teams_user("grace")
}

/// A press in Teams that is made while the card is open and arrives when somebody posts it.
async fn late_press(calculation: &Calculation<'_>) -> anyhow::Result<Value> {
    let card = calculation.teams_card().await?;
    Ok(calculation.stack.teams.invoke_payload(&grace(), &card, "reject", &[("reason", "no")])?)
}

/// Posts the late press, which is answered in these words.
async fn answered(calculation: &Calculation<'_>, press: &Value, words: &str) -> anyhow::Result<()> {
    let post = async || Ok(calculation.stack.teams.post(press).await.ok());
    let reply = until("the late press is answered", post).await?;
    assert!(reply.status == 200 && reply.body.contains(words), "{}", reply.body);
    Ok(())
}
