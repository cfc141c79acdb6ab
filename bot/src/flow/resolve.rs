//! From a verified command to a truthful record: decide, record, call back, announce.
//!
//! Each step is written down before the next begins, so whoever comes next (a second click, the reconciler
//! after a crash) goes on from the record. Step Functions has the last word on how a task ended.

use std::time::Duration;

use jiff::Timestamp;

use super::announce::{Settled, announce};
use super::app::App;
use super::change::{CONFLICTS_MAX, change};
use super::{delegations, others};
use crate::approval::audit::{Callback, Found, What};
use crate::approval::ids::ApprovalId;
use crate::approval::record::Approval;
use crate::approval::state::{Ending, Intent, Outcome, State, Status};
use crate::approval::transitions::break_glass::{self, Acknowledging};
use crate::approval::transitions::cancel::{self, Cancellation};
use crate::approval::transitions::claim::{self, Claiming};
use crate::approval::transitions::decide::{self, Command, Counted, Refusal};
use crate::approval::transitions::events::{CancellationOutput, DecisionOutput};
use crate::approval::transitions::truth::{
    self, APPROVAL_CANCELLED, APPROVAL_REJECTED, APPROVAL_RETURNED, APPROVAL_UNDELIVERABLE, TRACE_AWAITED,
};
use crate::net::deadline::{Deadline, Unavailable};
use crate::ports::{CallbackError, Saved};

/// What settling leaves of the deadline, so that the person can still be told what became of it.
const LEFT_FOR_THE_ANSWER: Duration = Duration::from_millis(600);

/// What became of a command.
#[derive(Debug)]
pub enum Answer {
    /// The vote counts and more people are needed, or the decision stands, as the record says.
    Recorded(Box<Approval>),
    /// The vote does not count.
    Refused {
        /// Why.
        refusal: Refusal,
        /// The record that it does not count on.
        approval: Box<Approval>,
    },
    /// There is no such approval.
    Unknown,
}

/// Carries a decision out. After an error it is not known whether anything was recorded; the same command may
/// be given again, and counts once.
pub async fn carry_out(
    app: &App,
    id: &ApprovalId,
    command: &Command,
    deadline: Deadline,
) -> Result<Answer, Unavailable> {
    let Some(approval) = deadline.run("store", app.ports.store.load(id)).await? else { return Ok(Answer::Unknown) };
    let (rules, execution) = (&approval.rules, &approval.request.execution);
    let command = &command.known_to(rules);
    let others = others::apart(app, id, rules, execution, deadline).await?;
    let approved = others::approved(&others);
    let delegations = delegations::of_rules(app, rules, deadline).await?;
    let decide = |approval: &Approval, now| {
        let mut approval = approval.clone();
        approval.keep_apart(&approved);
        approval.take_stand_ins(&delegations, now);
        let (Counted::Open(next) | Counted::Decided(next)) = decide::decide(&approval, command, now)?;
        others::first(&others, &approval).map_or(Ok(next), |policy| Err(Refusal::OtherFirst { policy }))
    };
    // A card that is out without being on record is taken into the copies, so that the reconciler brings it up to date.
    let note = |approval: &mut Approval, refusal: &Refusal, now| {
        approval.keep_apart(&approved);
        approval.take_stand_ins(&delegations, now);
        approval.log_refusal(command, refusal, now);
        if approval.discover(command.message.as_ref(), &command.person.id, now) {
            approval.leave_to_reconciler(now);
        }
    };
    Box::pin(record(app, approval.clone(), deadline, decide, note)).await
}

/// Takes a request back for whoever asked. After an error the same holds as for a decision.
pub async fn cancel(
    app: &App,
    id: &ApprovalId,
    cancellation: &Cancellation,
    deadline: Deadline,
) -> Result<Answer, Unavailable> {
    let Some(approval) = deadline.run("store", app.ports.store.load(id)).await? else { return Ok(Answer::Unknown) };
    let cancel = |approval: &Approval, now| cancel::cancel(approval, cancellation, now);
    let note = |approval: &mut Approval, refusal: &Refusal, now| {
        approval.log_refused_cancellation(cancellation, refusal, now);
    };
    record(app, approval, deadline, cancel, note).await
}

/// Records that somebody is looking at a request, or no longer is. After an error the same holds as for a decision.
pub async fn claim(app: &App, id: &ApprovalId, by: &Claiming, deadline: Deadline) -> Result<Answer, Unavailable> {
    let Some(approval) = deadline.run("store", app.ports.store.load(id)).await? else { return Ok(Answer::Unknown) };
    let (rules, execution) = (&approval.rules, &approval.request.execution);
    let by = &Claiming { person: rules.known(&by.person), ..by.clone() };
    let approved = others::approved(&others::apart(app, id, rules, execution, deadline).await?);
    let delegations = delegations::of_rules(app, rules, deadline).await?;
    let as_of_now = |approval: &mut Approval, now| {
        approval.keep_apart(&approved);
        approval.take_stand_ins(&delegations, now);
    };
    let claim = |approval: &Approval, now| {
        let mut approval = approval.clone();
        as_of_now(&mut approval, now);
        claim::claim(&approval, by, now)
    };
    let note = |approval: &mut Approval, refusal: &Refusal, now| {
        as_of_now(approval, now);
        approval.log_refused_claim(by, refusal, now);
    };
    record(app, approval.clone(), deadline, claim, note).await
}

/// Records that an approver knows of a broken glass. After an error the same holds as for a decision.
pub async fn acknowledge(
    app: &App,
    id: &ApprovalId,
    by: &Acknowledging,
    deadline: Deadline,
) -> Result<Answer, Unavailable> {
    let Some(approval) = deadline.run("store", app.ports.store.load(id)).await? else { return Ok(Answer::Unknown) };
    let acknowledge = |approval: &Approval, now| break_glass::acknowledge(approval, by, now);
    let note = |approval: &mut Approval, refusal: &Refusal, now| approval.log_refused_acknowledgement(by, refusal, now);
    record(app, approval, deadline, acknowledge, note).await
}

/// Records what becomes of an approval, or why nothing does, and settles it.
async fn record(
    app: &App,
    mut approval: Approval,
    deadline: Deadline,
    step: impl Fn(&Approval, Timestamp) -> Result<Approval, Refusal>,
    note: impl Fn(&mut Approval, &Refusal, Timestamp),
) -> Result<Answer, Unavailable> {
    let id = approval.id.clone();
    for _ in 0..CONFLICTS_MAX {
        let next = match step(&approval, app.now()) {
            Ok(next) => next,
            Err(refusal) => {
                let now = app.now();
                let judged = Box::new(approval.clone());
                let note = |approval: &mut Approval| {
                    note(approval, &refusal, now);
                    true
                };
                // Whoever keeps the store busy must not keep people from their answer.
                let deadline = deadline.earlier_by(LEFT_FOR_THE_ANSWER);
                match change(app, approval, deadline, note).await {
                    // A card that was found with this press may show something else than the record.
                    Ok(noted) => drop(announce(app, noted.record(), deadline).await.logged()),
                    Err(error) => {
                        tracing::warn!(approval.id = %id, %error, "an attempt that had no effect is not on record");
                    }
                }
                return Ok(Answer::Refused { refusal, approval: judged });
            }
        };
        approval = match deadline.run("store", app.ports.store.save(next)).await? {
            Saved::Done(recorded) => {
                let settled = settle(app, *recorded, deadline.earlier_by(LEFT_FOR_THE_ANSWER)).await;
                return Ok(Answer::Recorded(Box::new(settled.logged())));
            }
            Saved::Conflict(theirs) => *theirs,
        };
    }
    Err(Unavailable::new("store", "other writers were always first"))
}

/// Calls back if that is due, and announces what is not known yet. Neither waits for the other to work.
pub async fn settle(app: &App, mut approval: Approval, deadline: Deadline) -> Settled {
    let mut problem = None;
    match confirm(app, &approval, deadline).await {
        Ok(Some(confirmed)) => approval = confirmed,
        Ok(None) => {}
        Err(error) => problem = Some(error),
    }
    let announced = announce(app, approval, deadline).await;
    Settled { problem: problem.or(announced.problem), ..announced }
}

/// Makes the callback of an approval that is resolving, and records how the task ended.
async fn confirm(app: &App, approval: &Approval, deadline: Deadline) -> Result<Option<Approval>, Unavailable> {
    let State::Resolving(ending) = &approval.state else { return Ok(None) };
    let (answer, outcome) = call_back(app, approval, ending, deadline).await?;
    let now = app.now();
    // Whoever writes in between does not change how the task ended.
    let resolve = |approval: &mut Approval| approval.called_back(ending, answer.clone(), outcome.clone(), now);
    Ok(Some(change(app, approval.clone(), deadline, resolve).await?.record()))
}

/// Tells Step Functions, and returns what it answered and how the task ended according to it.
async fn call_back(
    app: &App,
    approval: &Approval,
    ending: &Ending,
    deadline: Deadline,
) -> Result<(What, Outcome), Unavailable> {
    let output = |status| serde_json::to_value(DecisionOutput::new(approval, status, ending.at)).unwrap_or_default();
    let (callbacks, at) = (&app.ports.callbacks, approval.request.execution.origin());
    let (sent, outcome) = match &ending.intent {
        Intent::Approve => {
            let output = output(Status::Approved);
            let call = callbacks.send_task_success(&at, &approval.token, &output);
            (deadline.run("Step Functions", call).await, Outcome::Approved)
        }
        Intent::Reject => {
            let cause = output(Status::Rejected).to_string();
            let call = callbacks.send_task_failure(&at, &approval.token, APPROVAL_REJECTED, &cause);
            (deadline.run("Step Functions", call).await, Outcome::Rejected)
        }
        Intent::Return => {
            let cause = output(Status::Returned).to_string();
            let call = callbacks.send_task_failure(&at, &approval.token, APPROVAL_RETURNED, &cause);
            (deadline.run("Step Functions", call).await, Outcome::Returned)
        }
        Intent::GiveUp { reason } => {
            let call = callbacks.send_task_failure(&at, &approval.token, APPROVAL_UNDELIVERABLE, reason);
            let outcome = Outcome::Undeliverable { reason: reason.clone() };
            (deadline.run("Step Functions", call).await, outcome)
        }
        Intent::Cancel { person, name } => {
            let cause = CancellationOutput::new(approval, person, name, ending.at);
            let cause = serde_json::to_string(&cause).unwrap_or_default();
            let call = callbacks.send_task_failure(&at, &approval.token, APPROVAL_CANCELLED, &cause);
            (deadline.run("Step Functions", call).await, truth::cancelled_by(name))
        }
    };
    let callback = Callback::from(&ending.intent);
    match sent {
        Ok(()) => Ok((What::CallbackAccepted { callback }, outcome)),
        Err(CallbackError::Refused(code)) => {
            fail_refused(app, approval, &code, deadline).await?;
            let outcome = truth::outcome_of_refused(&code);
            Ok((What::CallbackRefused { callback, code }, outcome))
        }
        Err(CallbackError::Denied(_)) if truth::is_given_up(approval, app.now()) => {
            find_out(app, approval, ending, false, deadline).await
        }
        Err(CallbackError::Denied(code)) => Err(Unavailable::new("Step Functions", code)),
        Err(CallbackError::Unavailable(error)) => Err(error),
        Err(CallbackError::Closed) => find_out(app, approval, ending, true, deadline).await,
    }
}

/// Ends the task of a decision that Step Functions refuses, so that its workflow goes on. A task that has ended, or whose
/// failure is refused as well, is left to its timeout.
async fn fail_refused(app: &App, approval: &Approval, code: &str, deadline: Deadline) -> Result<(), Unavailable> {
    let cause = format!("Step Functions refused the decision with {code}.");
    let at = approval.request.execution.origin();
    let call = app.ports.callbacks.send_task_failure(&at, &approval.token, APPROVAL_CANCELLED, &cause);
    match deadline.run("Step Functions", call).await {
        Ok(()) | Err(CallbackError::Closed | CallbackError::Refused(_)) => Ok(()),
        Err(CallbackError::Denied(code)) => Err(Unavailable::new("Step Functions", code)),
        Err(CallbackError::Unavailable(error)) => Err(error),
    }
}

/// Asks Step Functions how a task ended, by our own earlier attempt, by the timeout, or otherwise: the token is closed, or
/// the callback was denied until long after the time was over.
async fn find_out(
    app: &App,
    approval: &Approval,
    ending: &Ending,
    is_closed: bool,
    deadline: Deadline,
) -> Result<(What, Outcome), Unavailable> {
    let call = app.ports.callbacks.look_up(&approval.request.execution, &approval.token);
    let look_up = deadline.run("Step Functions", call).await?;
    let answer = What::CallbackClosed { callback: Callback::from(&ending.intent), found: Found::from(&look_up) };
    match truth::outcome(approval, &look_up, app.now()) {
        Some(outcome) => Ok((answer, outcome)),
        None if (is_closed || look_up.found().is_none()) && app.now().duration_since(ending.at) > TRACE_AWAITED => {
            Ok((answer, truth::outcome_without_trace()))
        }
        None => Err(Unavailable::new("Step Functions", "the history does not show yet how the task has ended")),
    }
}
