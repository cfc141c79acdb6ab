//! Each service in turn asks for a pause, fails, and vanishes. Whoever pressed is answered within Slack's three
//! seconds, nothing is lost, and what was left is finished when the service is back.

use std::sync::Arc;

use countersign_bot::approval::state::Status;
use countersign_playground::fakes::Fault as SlackFault;
use countersign_tests::cases;
use countersign_tests::patience::until;

use crate::support::calculation::Calculation;
use crate::support::emulators::{Case, Emulators};
use crate::support::proxy::Fault;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        dynamodb,
        step_functions,
        said_to_be_closed,
        rejection,
        eventbridge,
        ses,
        slack,
        secrets_manager,
        lost_answers
    ]
}

/// The ways in which a service of AWS can be out of order.
fn faults() -> [Fault; 3] {
    [Fault::Throttle, Fault::Fail, Fault::Vanish]
}

/// Without the record nothing is decided: the person is told, and presses again later.
async fn dynamodb(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.turns.take(&emulators).await?;
    for (x, fault) in (1..).zip(faults()) {
        let calculation = Calculation::start(&stack, x, 10).await?;
        calculation.announced().await?;
        stack.proxy.break_down("dynamodb", fault);
        assert_eq!(calculation.press("grace", "approve", None).await?, 200, "the press is answered in time");
        let whispers = stack.slack.ephemerals();
        let told = whispers.last().expect("grace is told");
        assert!(told.text.contains("press again"), "{}", told.text);
        stack.proxy.recover();
        assert!(calculation.has_buttons());
        assert_eq!(calculation.press("grace", "approve", None).await?, 200);
        assert_eq!(calculation.ended().await?.status.as_str(), "SUCCEEDED");
        calculation.closed_card().await?;
    }
    Ok(())
}

/// The decision is recorded and handed over when Step Functions is back.
async fn step_functions(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.turns.take(&emulators).await?;
    for (x, fault) in (1..).zip(faults()) {
        let calculation = Calculation::start(&stack, x, 11).await?;
        calculation.announced().await?;
        stack.proxy.break_down("states", fault);
        assert_eq!(calculation.press("grace", "approve", None).await?, 200, "the press is answered in time");
        stack.proxy.recover();
        finished(&calculation, Status::Approved).await?;
    }
    Ok(())
}

/// Step Functions says that the task is closed, and its history shows nothing of that: the decision is handed over again.
async fn said_to_be_closed(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.turns.take(&emulators).await?;
    let calculation = Calculation::start(&stack, 1, 17).await?;
    calculation.announced().await?;
    stack.proxy.break_down("states:SendTaskSuccess", Fault::Closed);
    assert_eq!(calculation.press("grace", "approve", None).await?, 200, "the press is answered in time");
    stack.proxy.recover();
    finished(&calculation, Status::Approved).await
}

/// What is true of an approval is true of a rejection.
async fn rejection(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.turns.take(&emulators).await?;
    let calculation = Calculation::start(&stack, 1, 18).await?;
    calculation.announced().await?;
    stack.proxy.break_down("states:SendTaskFailure", Fault::Fail);
    assert_eq!(calculation.press("grace", "reject", Some("no")).await?, 200, "the press is answered in time");
    stack.proxy.recover();
    finished(&calculation, Status::Rejected).await
}

/// The workflow goes on at once; the copies close when the bus, or the reconciler, tells of it.
async fn eventbridge(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.turns.take(&emulators).await?;
    for (x, fault) in (1..).zip(faults()) {
        let calculation = Calculation::start(&stack, x, 12).await?;
        calculation.announced().await?;
        stack.proxy.break_down("events", fault);
        assert_eq!(calculation.press("grace", "approve", None).await?, 200, "the press is answered in time");
        assert_eq!(calculation.ended().await?.status.as_str(), "SUCCEEDED");
        stack.proxy.recover();
        finished(&calculation, Status::Approved).await?;
    }
    Ok(())
}

/// The card takes the decision, and the mail comes when SES is back.
async fn ses(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.turns.take(&emulators).await?;
    for (x, fault) in (1..).zip(faults()) {
        stack.proxy.break_down("ses", fault);
        let calculation = Calculation::start(&stack, x, 13).await?;
        calculation.announced().await?;
        stack.proxy.recover();
        let subject = format!("Calculation {x} + 13");
        let mail = until("the mail is sent after all", async || {
            stack.tick().await?;
            let mails = stack.ministack.mails().await?.into_iter();
            Ok(mails.into_iter().find(|mail| mail.subject.contains(&subject)))
        })
        .await?;
        let link = mail.link().expect("there is a link in the mail");
        assert_eq!(stack.answer_mail(&link, "approve", "").await?.status(), 200);
        assert_eq!(calculation.ended().await?.status.as_str(), "SUCCEEDED");
    }
    Ok(())
}

/// The mail takes the decision, and the card comes up to date when Slack is back.
async fn slack(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.turns.take(&emulators).await?;
    let faults =
        [SlackFault::RateLimited { retry_after: 60 }, SlackFault::Status(503), SlackFault::NotOk("fatal_error".into())];
    for (x, fault) in (1..).zip(faults) {
        let calculation = Calculation::start(&stack, x, 14).await?;
        calculation.announced().await?;
        let mail = stack.mail_to("grace@example.com", &format!("Calculation {x} + 14")).await?;
        stack.slack.fail_always("chat.update", Some(fault.clone()));
        stack.slack.fail_always("chat.postMessage", Some(fault));
        let link = mail.link().expect("there is a link in the mail");
        assert_eq!(stack.answer_mail(&link, "reject", "no").await?.status(), 200);
        assert_eq!(calculation.ended().await?.output.unwrap_or_default()["status"], "rejected");
        assert!(calculation.has_buttons());
        stack.slack.recover();
        finished(&calculation, Status::Rejected).await?;
    }
    Ok(())
}

/// A function that starts without its secret answers nothing; one that runs goes on with what it has.
async fn secrets_manager(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.turns.take(&emulators).await?;
    for (x, fault) in (1..).zip(faults()) {
        let calculation = Calculation::start(&stack, x, 15).await?;
        stack.proxy.break_down("secretsmanager", fault);
        assert_eq!(calculation.press("grace", "approve", None).await?, 200);
        assert_eq!(calculation.ended().await?.status.as_str(), "SUCCEEDED");
        stack.proxy.recover();
    }
    Ok(())
}

/// A call that took effect and was not answered is made again, and found to have been made.
async fn lost_answers(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.turns.take(&emulators).await?;
    for (x, action) in (1..).zip(["dynamodb:TransactWriteItems", "states:SendTaskSuccess"]) {
        let calculation = Calculation::start(&stack, x, 16).await?;
        calculation.announced().await?;
        let (service, name) = action.split_once(':').expect("an action of a service");
        let before = stack.proxy.count(service, name);
        stack.proxy.break_down(action, Fault::LoseAnswer);
        assert_eq!(calculation.press("grace", "approve", None).await?, 200, "the press is answered in time");
        assert!(stack.proxy.count(service, name) > before + 1, "{action} was repeated");
        stack.proxy.recover();
        finished(&calculation, Status::Approved).await?;
        let card = calculation.closed_card().await?;
        assert!(card.blocks.to_string().contains("Grace Hopper"), "{}", card.blocks);
    }
    Ok(())
}

/// Ticks until the execution has ended and every copy says so.
async fn finished(calculation: &Calculation<'_>, status: Status) -> anyhow::Result<()> {
    calculation.finished(status).await?;
    calculation.closed_card().await?;
    assert_eq!(calculation.ended().await?.status.as_str(), "SUCCEEDED");
    Ok(())
}
