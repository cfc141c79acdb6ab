//! A service goes out of order around a decision and stays so while the reconciler tries three times. It does no harm
//! meanwhile, nobody is told what is not so, and when the service is back everything comes to agree.

use std::sync::Arc;

use aws_sdk_sfn::types::ExecutionStatus;
use countersign_bot::approval::event::DetailType;
use countersign_bot::approval::state::Status;
use countersign_playground::fakes::Fault as SlackFault;
use countersign_playground::fakes::teams::{Fault as TeamsFault, Operation};
use countersign_tests::cases;
use countersign_tests::patience::until;

use crate::support::agreement::{self, told};
use crate::support::calculation::Calculation;
use crate::support::emulators::{Case, Emulators};
use crate::support::listener::Listener;
use crate::support::proxy::Fault;
use crate::support::stack::Stack;

pub(crate) fn cases() -> Vec<Case> {
    cases![dynamodb, step_functions, eventbridge, ses, slack, teams]
}

/// How often the reconciler tries while the service is out of order.
const TRIES: u32 = 3;

/// The store goes away when the decision is recorded and before Step Functions has it: the workflow goes on, and that it
/// did so cannot be recorded. A pass that cannot read what is due ends without an error, since the next one looks again.
async fn dynamodb(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.turns.take(&emulators).await?;
    let listener = Listener::on_the_bus_of(&stack).await?;
    let calculation = asked(&stack, 1).await?;
    let held = stack.proxy.hold("states:SendTaskSuccess");
    let (approved, gone) = tokio::join!(calculation.approved_in_slack(), async {
        held.arrived().await?;
        stack.proxy.break_down("dynamodb", Fault::Vanish);
        held.release();
        anyhow::Ok(())
    });
    approved.and(gone)?;
    assert_eq!(calculation.ended().await?.status, ExecutionStatus::Succeeded);
    for _ in 0..TRIES {
        let before = stack.proxy.count("dynamodb", "Query");
        stack.tick().await?;
        assert!(stack.proxy.count("dynamodb", "Query") > before, "the pass asked what is due");
        agreement::nobody_is_told_otherwise(&calculation, Status::Approved).await?;
    }
    let record = calculation.record().await?.expect("the approval is on record");
    assert_eq!(record.status(), Status::Resolving, "nothing could be recorded");
    stack.proxy.recover();
    agreement::reached(&calculation, &listener, Status::Approved).await
}

/// The decision stands on record and the workflow waits until Step Functions takes it.
async fn step_functions(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.turns.take(&emulators).await?;
    let listener = Listener::on_the_bus_of(&stack).await?;
    let calculation = asked(&stack, 2).await?;
    stack.proxy.break_down("states", Fault::Fail);
    calculation.approved_in_slack().await?;
    tried_in_vain(&calculation).await?;
    let described = stack.step_functions().describe_execution().execution_arn(&calculation.execution).send().await?;
    assert_eq!(described.status, ExecutionStatus::Running, "the workflow waits");
    for (place, said) in told(&calculation).await? {
        assert_eq!(said, [], "{place} tells no end before Step Functions has confirmed it");
    }
    stack.proxy.recover();
    agreement::reached(&calculation, &listener, Status::Approved).await
}

/// The workflow goes on and the copies close; whoever listens to the bus hears of it when the bus is back.
async fn eventbridge(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.turns.take(&emulators).await?;
    let listener = Listener::on_the_bus_of(&stack).await?;
    let calculation = asked(&stack, 3).await?;
    stack.proxy.break_down("events", Fault::Throttle);
    calculation.approved_in_slack().await?;
    tried_in_vain(&calculation).await?;
    assert_eq!(calculation.ended().await?.status, ExecutionStatus::Succeeded);
    calculation.closed_card().await?;
    calculation.closed_teams_card().await?;
    let record = calculation.record().await?.expect("the approval is on record");
    assert_eq!(listener.heard(DetailType::Resolved, &record.id).await?.len(), 0, "the bus took nothing");
    stack.proxy.recover();
    agreement::reached(&calculation, &listener, Status::Approved).await
}

/// The cards close, and the closing mail comes when SES is back.
async fn ses(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.turns.take(&emulators).await?;
    let listener = Listener::on_the_bus_of(&stack).await?;
    let calculation = asked(&stack, 4).await?;
    stack.proxy.break_down("ses", Fault::Vanish);
    calculation.approved_in_slack().await?;
    tried_in_vain(&calculation).await?;
    calculation.closed_card().await?;
    calculation.closed_teams_card().await?;
    assert_eq!(told(&calculation).await?["the closing mail"], [], "no mail goes out");
    stack.proxy.recover();
    agreement::reached(&calculation, &listener, Status::Approved).await
}

/// A decision in Teams closes everything but the card in Slack, which stays as it was until Slack is back.
async fn slack(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.turns.take(&emulators).await?;
    let listener = Listener::on_the_bus_of(&stack).await?;
    let calculation = asked(&stack, 5).await?;
    for method in ["chat.update", "chat.postMessage", "chat.postEphemeral"] {
        stack.slack.fail_always(method, Some(SlackFault::Status(503)));
    }
    calculation.approved_in_teams().await?;
    tried_in_vain(&calculation).await?;
    calculation.closed_teams_card().await?;
    assert!(calculation.has_buttons(), "the card is as it was");
    assert_eq!(told(&calculation).await?["the thread in Slack"], []);
    stack.slack.recover();
    agreement::reached(&calculation, &listener, Status::Approved).await
}

/// A decision in Slack closes everything but the card in Teams, which stays as it was until Teams is back.
async fn teams(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.turns.take(&emulators).await?;
    let listener = Listener::on_the_bus_of(&stack).await?;
    let calculation = asked(&stack, 6).await?;
    for operation in [Operation::Login, Operation::Create, Operation::Send, Operation::Update] {
        stack.teams.fail_always(operation, Some(TeamsFault::RateLimited { retry_after: 60 }));
    }
    calculation.approved_in_slack().await?;
    tried_in_vain(&calculation).await?;
    calculation.closed_card().await?;
    assert!(calculation.teams_card_now().contains("Action.Execute"), "the card is as it was");
    assert_eq!(told(&calculation).await?["the thread in Teams"], []);
    stack.teams.recover();
    agreement::reached(&calculation, &listener, Status::Approved).await
}

/// A calculation that Grace has been asked about everywhere.
async fn asked(stack: &Stack, x: i64) -> anyhow::Result<Calculation<'_>> {
    let calculation = Calculation::run(stack, stack.output("StateMachineArn"), x, 0).await?;
    calculation.asked_everywhere().await?;
    Ok(calculation)
}

/// Ticks until the reconciler has failed three times in a row to finish the approval, which Grace has approved.
async fn tried_in_vain(calculation: &Calculation<'_>) -> anyhow::Result<()> {
    until("the reconciler has tried three times", async || {
        calculation.fall_due().await?;
        calculation.stack.tick().await?;
        agreement::nobody_is_told_otherwise(calculation, Status::Approved).await?;
        let retry = calculation.record().await?.and_then(|record| record.retry);
        Ok(retry.is_some_and(|retry| retry.failures >= TRIES).then_some(()))
    })
    .await
}
