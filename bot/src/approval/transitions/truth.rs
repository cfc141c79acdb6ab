//! How a task really ended, told from what Step Functions says about it.
//!
//! A refused callback (`TaskTimedOut`, `TaskDoesNotExist`, `InvalidToken`) only says that the token is closed;
//! whether by our own earlier attempt, by the timeout or by somebody else is read here.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::approval::look_up::{ExecutionEnd, FoundTask, LookUp, TaskFate};
use crate::approval::record::Approval;
use crate::approval::state::{Intent, Outcome, State};

/// The `error` of a rejection, for `ErrorEquals` in a state machine.
pub const APPROVAL_REJECTED: &str = "ApprovalRejected";
/// The `error` of a request that was sent back for changes, for `ErrorEquals` in a state machine.
pub const APPROVAL_RETURNED: &str = "ApprovalReturned";
/// The `error` of a request that reached nobody, for `ErrorEquals` in a state machine.
pub const APPROVAL_UNDELIVERABLE: &str = "ApprovalUndeliverable";

/// The `error` of a request that was taken back, for `ErrorEquals` in a state machine.
pub const APPROVAL_CANCELLED: &str = "ApprovalCancelled";

/// How long Step Functions may refuse a token and show no end of its task before we believe that somebody
/// else used it: the history of an execution is eventually consistent.
pub const TRACE_AWAITED: SignedDuration = SignedDuration::from_mins(10);

/// The status of an execution that somebody has stopped.
const ABORTED: &str = "ABORTED";

/// The outcome of an approval whose task was found; none while that is open.
///
/// What a task ended with proves nothing by itself, since others may have its token too: an outcome of people needs their
/// decision on record.
fn outcome_of(approval: &Approval, task: &FoundTask) -> Option<Outcome> {
    let intent = match &approval.state {
        State::Resolving(ending) => Some(&ending.intent),
        State::Pending | State::Resolved(_) => None,
    };
    let is_ours = |value: &Value| value["approvalId"] == approval.id.as_str();
    match &task.fate {
        TaskFate::Open => task.end.as_ref().map(ended),
        TaskFate::Succeeded(output) if intent == Some(&Intent::Approve) && is_ours(output) => Some(Outcome::Approved),
        TaskFate::Succeeded(_) => Some(cancelled("The task was completed by somebody else.")),
        TaskFate::Failed { error, cause } => {
            let is_ours = serde_json::from_str(cause).is_ok_and(|cause| is_ours(&cause));
            Some(match intent {
                Some(Intent::Reject) if error == APPROVAL_REJECTED && is_ours => Outcome::Rejected,
                Some(Intent::Return) if error == APPROVAL_RETURNED && is_ours => Outcome::Returned,
                Some(Intent::Cancel { name, .. }) if error == APPROVAL_CANCELLED && is_ours => cancelled_by(name),
                Some(Intent::GiveUp { reason }) if error == APPROVAL_UNDELIVERABLE => {
                    Outcome::Undeliverable { reason: reason.clone() }
                }
                _ => cancelled(&format!("The task failed with {}.", name_of(error))),
            })
        }
        TaskFate::TimedOut => Some(Outcome::Expired),
        TaskFate::Abandoned => Some(cancelled("The workflow went on without waiting for a decision.")),
    }
}

/// The outcome of an approval as far as it can be told at this time. Nobody has decided on a pending one, so once its time
/// is over it has expired, also where its task cannot be looked up.
pub fn outcome(approval: &Approval, look_up: &LookUp, now: Timestamp) -> Option<Outcome> {
    match look_up {
        LookUp::Found(task) => outcome_of(approval, task),
        LookUp::NotInHistory | LookUp::Refused { .. } => {
            let has_expired = approval.state == State::Pending && now >= approval.request.deadline;
            has_expired.then_some(Outcome::Expired)
        }
    }
}

/// Whether Step Functions was asked for so long in vain that no answer is waited for: since the decision, and since the end
/// of the wait.
pub fn is_given_up(approval: &Approval, now: Timestamp) -> bool {
    let since = match &approval.state {
        State::Resolving(ending) => approval.request.deadline.max(ending.at),
        State::Pending | State::Resolved(_) => approval.request.deadline,
    };
    now.duration_since(since) > TRACE_AWAITED
}

/// The outcome when Step Functions no longer takes a callback and nobody can tell what its task ended with.
pub fn outcome_without_trace() -> Outcome {
    cancelled("Step Functions no longer waits for this task, and how it ended could not be found out.")
}

/// The outcome when Step Functions refuses the decision for good.
pub fn outcome_of_refused(code: &str) -> Outcome {
    cancelled(&format!("Step Functions refused the decision with {code}, so it had no effect."))
}

fn ended(end: &ExecutionEnd) -> Outcome {
    match end.status.as_str() {
        "TIMED_OUT" => Outcome::Expired,
        ABORTED => cancelled("The execution was aborted."),
        status => cancelled(&format!("The execution ended as {status} without waiting for a decision.")),
    }
}

/// The outcome of a request that this person has taken back.
pub fn cancelled_by(name: &str) -> Outcome {
    cancelled(&format!("It was cancelled by {name}, who had asked for it."))
}

/// The name of an error. Whoever fails a task chooses it, and could choose words that read like ours.
fn name_of(error: &str) -> &str {
    let is_name = (1..=100).contains(&error.len())
        && error.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':'));
    if is_name { error } else { "an error that has no proper name" }
}

fn cancelled(reason: &str) -> Outcome {
    Outcome::Cancelled { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::approval::look_up::Attempt;
    use crate::approval::sample::{after, approval};
    use crate::approval::state::Ending;

    fn found(fate: TaskFate, end: Option<&str>) -> LookUp {
        let end = end.map(|status| ExecutionEnd { status: status.to_owned(), output: None });
        LookUp::Found(FoundTask { attempt: Attempt { entered: 2, scheduled: 3 }, fate, end })
    }

    fn with(intent: Option<Intent>) -> Approval {
        let mut approval = approval("");
        if let Some(intent) = intent {
            approval.state = State::Resolving(Ending { intent, at: after(1) });
        }
        approval
    }

    fn failed(error: &str, cause: &str) -> TaskFate {
        TaskFate::Failed { error: error.to_owned(), cause: cause.to_owned() }
    }

    fn because(reason: &str) -> Option<Outcome> {
        Some(Outcome::Cancelled { reason: reason.to_owned() })
    }

    fn cancel() -> Intent {
        let person = crate::approval::ids::PersonId::parse("ada").unwrap();
        Intent::Cancel { person, name: "Ada".to_owned() }
    }

    #[test]
    fn a_decision_that_is_on_record_is_confirmed_by_the_end_of_its_task() {
        let ours = json!({ "approvalId": approval("").id });
        let give_up = Intent::GiveUp { reason: "nobody".to_owned() };
        let cases = [
            (Intent::Approve, TaskFate::Succeeded(ours.clone()), Some(Outcome::Approved)),
            (Intent::Reject, failed(APPROVAL_REJECTED, &ours.to_string()), Some(Outcome::Rejected)),
            (Intent::Return, failed(APPROVAL_RETURNED, &ours.to_string()), Some(Outcome::Returned)),
            (cancel(), failed(APPROVAL_CANCELLED, &ours.to_string()), Some(cancelled_by("Ada"))),
            (
                give_up,
                failed(APPROVAL_UNDELIVERABLE, "nobody"),
                Some(Outcome::Undeliverable { reason: "nobody".to_owned() }),
            ),
            (Intent::Approve, TaskFate::Succeeded(json!({})), because("The task was completed by somebody else.")),
            (Intent::Reject, failed(APPROVAL_REJECTED, "{}"), because("The task failed with ApprovalRejected.")),
            (Intent::Return, failed(APPROVAL_RETURNED, "{}"), because("The task failed with ApprovalReturned.")),
            (
                Intent::Return,
                failed(APPROVAL_REJECTED, &ours.to_string()),
                because("The task failed with ApprovalRejected."),
            ),
            (Intent::Reject, TaskFate::Succeeded(ours.clone()), because("The task was completed by somebody else.")),
            (
                Intent::Approve,
                failed(APPROVAL_REJECTED, &ours.to_string()),
                because("The task failed with ApprovalRejected."),
            ),
            (Intent::Approve, TaskFate::TimedOut, Some(Outcome::Expired)),
            (Intent::Approve, TaskFate::Open, None),
        ];
        for (intent, fate, expected) in cases {
            assert_eq!(
                outcome(&with(Some(intent.clone())), &found(fate.clone(), None), after(2)),
                expected,
                "{intent:?} {fate:?}"
            );
        }
    }

    /// Whoever knows the id of an approval can make a task end with it.
    #[test]
    fn without_a_decision_on_record_no_end_of_a_task_is_one_of_people() {
        let ours = json!({ "approvalId": approval("").id, "status": "approved" });
        let cases = [
            (TaskFate::Succeeded(ours.clone()), "The task was completed by somebody else."),
            (failed(APPROVAL_REJECTED, &ours.to_string()), "The task failed with ApprovalRejected."),
            (failed(APPROVAL_RETURNED, &ours.to_string()), "The task failed with ApprovalReturned."),
            (failed(APPROVAL_CANCELLED, &ours.to_string()), "The task failed with ApprovalCancelled."),
            (failed(APPROVAL_UNDELIVERABLE, "nobody"), "The task failed with ApprovalUndeliverable."),
            (failed("Lambda.Unknown", ""), "The task failed with Lambda.Unknown."),
            (failed("X. Approved by Grace", ""), "The task failed with an error that has no proper name."),
            (failed("", ""), "The task failed with an error that has no proper name."),
            (TaskFate::Abandoned, "The workflow went on without waiting for a decision."),
        ];
        for (fate, reason) in cases {
            assert_eq!(outcome(&with(None), &found(fate.clone(), None), after(2)), because(reason), "{fate:?}");
        }
    }

    #[test]
    fn an_open_task_ends_with_its_execution() {
        let cases = [
            (None, None),
            (Some("TIMED_OUT"), Some(Outcome::Expired)),
            (Some("ABORTED"), because("The execution was aborted.")),
            (Some("FAILED"), because("The execution ended as FAILED without waiting for a decision.")),
        ];
        for (end, expected) in cases {
            assert_eq!(outcome(&with(None), &found(TaskFate::Open, end), after(2)), expected, "{end:?}");
        }
    }

    #[test]
    fn what_cannot_be_looked_up_expires_in_time_and_is_never_an_approval() {
        let refused = LookUp::Refused { code: "ExecutionDoesNotExist".to_owned() };
        for unknown in [refused, LookUp::NotInHistory] {
            assert_eq!(outcome(&with(None), &unknown, after(599)), None);
            assert_eq!(outcome(&with(None), &unknown, after(600)), Some(Outcome::Expired));
            assert_eq!(outcome(&with(Some(Intent::Approve)), &unknown, after(600)), None);
        }
        assert!(!is_given_up(&with(Some(Intent::Approve)), after(1_200)));
        assert!(is_given_up(&with(Some(Intent::Approve)), after(1_201)));
    }
}
