//! From a verified command to a truthful record: decide, record, call back, broadcast.
//!
//! Each step is written down before the next begins, so whoever comes next (a second click, the reconciler
//! after a crash) goes on from the record. Step Functions has the last word on how a task ended.

use crate::app::App;
use crate::approval::decide::{self, Command, Counted, Refusal};
use crate::approval::event::DecisionOutput;
use crate::approval::ids::ApprovalId;
use crate::approval::record::{Approval, Ending, Intent, Outcome, State, Status};
use crate::approval::truth::{self, APPROVAL_REJECTED, APPROVAL_UNDELIVERABLE};
use crate::deadline::Deadline;
use crate::ports::{CallbackError, Saved, Unavailable};

/// How often a write is tried again after somebody else was first. Each conflict means that another
/// writer got on, so this many in a row do not happen in an approval of a few people.
const CONFLICTS_MAX: usize = 20;

/// How often Step Functions may refuse a token and show no end of the task before we believe that somebody
/// else holds it: its history is eventually consistent.
const CLOSED_WITHOUT_TRACE_MAX: u32 = 5;

/// What became of a command.
#[derive(Debug)]
pub enum Answer {
    /// The vote counts and more people are needed, or the decision stands, as the record says.
    Recorded(Box<Approval>),
    /// The vote does not count.
    Refused(Refusal),
    /// There is no such approval.
    Unknown,
}

/// Carries a command out. An error means that nothing was recorded and the person may try again.
pub async fn carry_out(
    app: &App,
    id: &ApprovalId,
    command: &Command,
    deadline: Deadline,
) -> Result<Answer, Unavailable> {
    let Some(mut approval) = deadline.run("store", app.ports.store.load(id)).await? else {
        return Ok(Answer::Unknown);
    };
    for _ in 0..CONFLICTS_MAX {
        let (Counted::Open(next) | Counted::Decided(next)) = match decide::decide(&approval, command, app.now()) {
            Ok(counted) => counted,
            Err(refusal) => return Ok(Answer::Refused(refusal)),
        };
        approval = match deadline.run("store", app.ports.store.save(next)).await? {
            Saved::Done(recorded) => return Ok(Answer::Recorded(Box::new(finish(app, *recorded, deadline).await))),
            Saved::Conflict(theirs) => *theirs,
        };
    }
    Err(Unavailable::new("store", "other writers were always first"))
}

/// Settles what has just been recorded, and leaves to the reconciler what cannot be settled now.
pub async fn finish(app: &App, approval: Approval, deadline: Deadline) -> Approval {
    let recorded = approval.clone();
    match settle(app, approval, deadline).await {
        Ok(settled) => settled,
        Err(error) => {
            tracing::warn!(approval.id = %recorded.id, %error, "left to the reconciler");
            recorded
        }
    }
}

/// Calls back and broadcasts until nothing is left to do, one recorded step at a time.
pub async fn settle(app: &App, mut approval: Approval, deadline: Deadline) -> Result<Approval, Unavailable> {
    for _ in 0..CONFLICTS_MAX {
        let mut next = approval.clone();
        match &approval.state {
            State::Resolving(ending) => {
                let outcome = call_back(app, &approval, ending, deadline).await?;
                next.resolve(outcome, app.now());
            }
            State::Pending | State::Resolved(_) if !approval.outbox.is_empty() => {
                let accepted = deadline.run("bus", app.ports.bus.put(&approval.outbox)).await?;
                next.outbox.retain(|event| !accepted.contains(&event.id));
                if accepted.is_empty() {
                    return Err(Unavailable::new("bus", "the bus accepted no event"));
                }
            }
            State::Pending | State::Resolved(_) => return Ok(approval),
        }
        let (Saved::Done(recorded) | Saved::Conflict(recorded)) =
            deadline.run("store", app.ports.store.save(next)).await?;
        approval = *recorded;
    }
    Err(Unavailable::new("store", "other writers were always first"))
}

/// Tells Step Functions, and returns how the task ended according to Step Functions.
async fn call_back(
    app: &App,
    approval: &Approval,
    ending: &Ending,
    deadline: Deadline,
) -> Result<Outcome, Unavailable> {
    let output = |status| serde_json::to_value(DecisionOutput::new(approval, status, ending.at)).unwrap_or_default();
    let step_functions = &app.ports.step_functions;
    let (sent, outcome) = match &ending.intent {
        Intent::Approve => {
            let output = output(Status::Approved);
            let call = step_functions.send_task_success(&approval.token, &output);
            (deadline.run("Step Functions", call).await, Outcome::Approved)
        }
        Intent::Reject => {
            let cause = output(Status::Rejected).to_string();
            let call = step_functions.send_task_failure(&approval.token, APPROVAL_REJECTED, &cause);
            (deadline.run("Step Functions", call).await, Outcome::Rejected)
        }
        Intent::GiveUp { reason } => {
            let call = step_functions.send_task_failure(&approval.token, APPROVAL_UNDELIVERABLE, reason);
            let outcome = Outcome::Undeliverable { reason: reason.clone() };
            (deadline.run("Step Functions", call).await, outcome)
        }
    };
    match sent {
        Ok(()) => Ok(outcome),
        Err(CallbackError::Unavailable(error)) => Err(error),
        Err(CallbackError::Closed) => find_out(app, approval, deadline).await,
    }
}

/// Asks Step Functions how a closed task ended: by our own earlier attempt, by the timeout, or otherwise.
async fn find_out(app: &App, approval: &Approval, deadline: Deadline) -> Result<Outcome, Unavailable> {
    let call = app.ports.step_functions.look_up(&approval.request.execution, &approval.token);
    let look_up = deadline.run("Step Functions", call).await?;
    match truth::outcome(&approval.id, &look_up) {
        Some(outcome) => Ok(outcome),
        None if approval.retry.is_some_and(|retry| retry.failures >= CLOSED_WITHOUT_TRACE_MAX) => {
            Ok(truth::outcome_of_closed(&approval.id, &look_up))
        }
        None => Err(Unavailable::new("Step Functions", "the token is closed and the history does not show why yet")),
    }
}
