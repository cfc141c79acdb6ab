//! How a task really ended, told from what Step Functions says about it.
//!
//! A refused callback (`TaskTimedOut`, `TaskDoesNotExist`, `InvalidToken`) only says that the token is closed;
//! whether by our own earlier attempt, by the timeout or by somebody else is read here.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::approval::ids::ApprovalId;
use crate::approval::look_up::{ExecutionEnd, LookUp, TaskFate};
use crate::approval::record::Approval;
use crate::approval::state::Outcome;

/// The `error` of a rejection, for `ErrorEquals` in a state machine.
pub const APPROVAL_REJECTED: &str = "ApprovalRejected";
/// The `error` of a request that reached nobody, for `ErrorEquals` in a state machine.
pub const APPROVAL_UNDELIVERABLE: &str = "ApprovalUndeliverable";

/// The `error` of a request that was taken back, for `ErrorEquals` in a state machine.
pub const APPROVAL_CANCELLED: &str = "ApprovalCancelled";

/// How long Step Functions may refuse a token and show no end of its task before we believe that somebody
/// else used it: the history of an execution is eventually consistent.
pub const TRACE_AWAITED: SignedDuration = SignedDuration::from_mins(10);

/// The status of an execution that somebody has stopped.
const ABORTED: &str = "ABORTED";

/// The outcome of an approval according to Step Functions; none while its task is still open.
pub fn outcome(id: &ApprovalId, look_up: &LookUp) -> Option<Outcome> {
    let ours = |text: &str| {
        let value = serde_json::from_str::<Value>(text).ok();
        value.is_some_and(|value| value["approvalId"] == id.as_str())
    };
    match &look_up.task {
        TaskFate::Succeeded(output) if output["approvalId"] == id.as_str() => Some(Outcome::Approved),
        TaskFate::Succeeded(_) => Some(cancelled("The task was completed by somebody else.")),
        TaskFate::Failed { error, cause } if error == APPROVAL_REJECTED && ours(cause) => Some(Outcome::Rejected),
        TaskFate::Failed { error, cause } if error == APPROVAL_UNDELIVERABLE => {
            Some(Outcome::Undeliverable { reason: cause.clone() })
        }
        TaskFate::Failed { error, cause } if error == APPROVAL_CANCELLED && ours(cause) => {
            let cause = serde_json::from_str::<Value>(cause).unwrap_or_default();
            Some(cancelled_by(cause["cancelledBy"]["name"].as_str().unwrap_or("somebody")))
        }
        TaskFate::Failed { error, .. } => Some(cancelled(&format!("The task failed with {error}."))),
        TaskFate::TimedOut => Some(Outcome::Expired),
        TaskFate::Open => look_up.end.as_ref().map(ended),
        TaskFate::Unknown => look_up.end.as_ref().map(|end| match ended(end) {
            Outcome::Cancelled { .. } if end.status != ABORTED => {
                cancelled("The execution has ended, and how its task ended could not be found out.")
            }
            known => known,
        }),
    }
}

/// The outcome as it looks at this time. A wait that is over, in an execution that went on to its end without a trace
/// of a decision, has expired: Step Functions ends a wait at its deadline.
pub fn outcome_at(approval: &Approval, look_up: &LookUp, now: Timestamp) -> Option<Outcome> {
    let went_on = look_up.end.as_ref().is_some_and(|end| end.status != ABORTED);
    if look_up.task == TaskFate::Unknown && went_on && now >= approval.request.deadline {
        return Some(Outcome::Expired);
    }
    outcome(&approval.id, look_up)
}

/// The outcome when Step Functions has refused a callback, so the token is closed whatever the look-up tells.
pub fn outcome_of_closed(id: &ApprovalId, look_up: &LookUp) -> Outcome {
    outcome(id, look_up).unwrap_or_else(|| cancelled("Step Functions no longer waits for this task."))
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

fn cancelled(reason: &str) -> Outcome {
    Outcome::Cancelled { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::approval::sample::{after, approval};

    fn look_up(task: TaskFate, end: Option<&str>) -> LookUp {
        let end = end.map(|status| ExecutionEnd { status: status.to_owned(), output: None });
        LookUp { task, end }
    }

    #[test]
    fn the_outcome_is_what_step_functions_says() {
        let id = approval("").id;
        let ours = json!({ "approvalId": id });
        let failed = |error: &str, cause: &str| TaskFate::Failed { error: error.to_owned(), cause: cause.to_owned() };
        let cancelled = |reason: &str| Some(Outcome::Cancelled { reason: reason.to_owned() });
        let given_up = Some(Outcome::Undeliverable { reason: "nobody".to_owned() });
        let cases = [
            (TaskFate::Succeeded(ours.clone()), None, Some(Outcome::Approved)),
            (TaskFate::Succeeded(json!({})), None, cancelled("The task was completed by somebody else.")),
            (failed(APPROVAL_REJECTED, &ours.to_string()), Some("FAILED"), Some(Outcome::Rejected)),
            (failed(APPROVAL_REJECTED, "{}"), None, cancelled("The task failed with ApprovalRejected.")),
            (failed(APPROVAL_UNDELIVERABLE, "nobody"), None, given_up),
            (
                failed(APPROVAL_CANCELLED, &json!({ "approvalId": id, "cancelledBy": { "name": "Ada" } }).to_string()),
                Some("SUCCEEDED"),
                cancelled("It was cancelled by Ada, who had asked for it."),
            ),
            (failed(APPROVAL_CANCELLED, "{}"), None, cancelled("The task failed with ApprovalCancelled.")),
            (failed("Lambda.Unknown", ""), None, cancelled("The task failed with Lambda.Unknown.")),
            (TaskFate::TimedOut, Some("SUCCEEDED"), Some(Outcome::Expired)),
            (TaskFate::Open, None, None),
            (TaskFate::Unknown, None, None),
            (TaskFate::Open, Some("TIMED_OUT"), Some(Outcome::Expired)),
            (TaskFate::Open, Some("ABORTED"), cancelled("The execution was aborted.")),
        ];
        for (task, end, expected) in cases {
            let look_up = look_up(task, end);
            assert_eq!(outcome(&id, &look_up), expected, "{look_up:?}");
        }
    }

    #[test]
    fn a_wait_that_ended_without_a_trace_has_expired_once_its_time_is_over() {
        let approval = approval("");
        let cases = [
            (599, Some("SUCCEEDED"), false),
            (600, Some("SUCCEEDED"), true),
            (600, Some("FAILED"), true),
            (600, Some("ABORTED"), false),
            (600, None, false),
        ];
        for (seconds, end, expired) in cases {
            let outcome = outcome_at(&approval, &look_up(TaskFate::Unknown, end), after(seconds));
            assert_eq!(outcome == Some(Outcome::Expired), expired, "{seconds} {end:?}: {outcome:?}");
        }
        let decided = look_up(TaskFate::Succeeded(json!({ "approvalId": approval.id })), Some("SUCCEEDED"));
        assert_eq!(outcome_at(&approval, &decided, after(700)), Some(Outcome::Approved));
    }

    #[test]
    fn a_closed_token_without_a_trace_is_never_an_approval() {
        let closed = outcome_of_closed(&approval("").id, &look_up(TaskFate::Unknown, None));
        assert!(matches!(closed, Outcome::Cancelled { .. }));
    }
}
