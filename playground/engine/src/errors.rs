//! The error names of the States Language and which of them a `Retry` or `Catch` entry matches.

use serde_json::{Value, json};

pub(crate) const ALL: &str = "States.ALL";
pub(crate) const BRANCH_FAILED: &str = "States.BranchFailed";
pub(crate) const DATA_LIMIT_EXCEEDED: &str = "States.DataLimitExceeded";
pub(crate) const HEARTBEAT_TIMEOUT: &str = "States.HeartbeatTimeout";
pub(crate) const INTRINSIC_FAILURE: &str = "States.IntrinsicFailure";
pub(crate) const NO_CHOICE_MATCHED: &str = "States.NoChoiceMatched";
pub(crate) const PARAMETER_PATH_FAILURE: &str = "States.ParameterPathFailure";
pub(crate) const QUERY_EVALUATION_ERROR: &str = "States.QueryEvaluationError";
pub(crate) const RESULT_PATH_MATCH_FAILURE: &str = "States.ResultPathMatchFailure";
pub(crate) const RUNTIME: &str = "States.Runtime";
pub(crate) const TASK_FAILED: &str = "States.TaskFailed";
pub(crate) const TIMEOUT: &str = "States.Timeout";

/// Every reserved name AWS knows. A definition may name those that never occur here: they then never match, as on
/// AWS.
pub(crate) const KNOWN: &[&str] = &[
    ALL,
    DATA_LIMIT_EXCEEDED,
    HEARTBEAT_TIMEOUT,
    INTRINSIC_FAILURE,
    NO_CHOICE_MATCHED,
    PARAMETER_PATH_FAILURE,
    QUERY_EVALUATION_ERROR,
    RESULT_PATH_MATCH_FAILURE,
    RUNTIME,
    TASK_FAILED,
    TIMEOUT,
    "States.ExceedToleratedFailureThreshold",
    "States.Http.Socket",
    "States.ItemReaderFailed",
    "States.Permissions",
    "States.ResultWriterFailed",
];

/// Why a state, and with it perhaps the execution, failed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    pub(crate) error: String,
    pub(crate) cause: Option<String>,
    /// It is `States.Timeout`, and a `Retry` or `Catch` may also call it `States.HeartbeatTimeout`.
    missed_heartbeat: bool,
}

impl Failure {
    pub(crate) fn new(error: impl Into<String>, cause: impl Into<String>) -> Failure {
        Failure::stated(error.into(), Some(cause.into()))
    }

    /// What a `Fail` state says, which may leave the cause out.
    pub(crate) fn stated(error: String, cause: Option<String>) -> Failure {
        Failure { error, cause, missed_heartbeat: false }
    }

    /// A mistake of the machine itself, which no `Catch` may hide.
    pub(crate) fn runtime(cause: impl Into<String>) -> Failure {
        Failure::new(RUNTIME, cause)
    }

    /// A timeout has a name and no cause.
    pub(crate) fn timed_out() -> Failure {
        Failure::stated(TIMEOUT.to_owned(), None)
    }

    /// A state whose heartbeat was missed fails with the name of a timeout; the other name is for matching only.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html>
    pub(crate) fn missed_heartbeat() -> Failure {
        Failure { missed_heartbeat: true, ..Failure::timed_out() }
    }

    pub(crate) fn is_timeout(&self) -> bool {
        self.error == TIMEOUT
    }

    /// The error output that a `Catch` puts at its `ResultPath`; AWS gives an empty cause where there is none.
    pub(crate) fn to_output(&self) -> Value {
        json!({ "Error": self.error, "Cause": self.cause.as_deref().unwrap_or_default() })
    }

    /// The failure as the details of an event, which leave out what is not known.
    pub(crate) fn to_details(&self) -> Value {
        match &self.cause {
            Some(cause) => json!({ "error": self.error, "cause": cause }),
            None => json!({ "error": self.error }),
        }
    }

    /// Whether one name of an `ErrorEquals` matches this failure.
    ///
    /// `States.Runtime` always ends the execution, whatever the definition names.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>
    pub(crate) fn is_matched_by(&self, name: &str) -> bool {
        if self.error == RUNTIME {
            return false;
        }
        match name {
            ALL => self.error != DATA_LIMIT_EXCEEDED,
            TASK_FAILED => !self.is_timeout(),
            HEARTBEAT_TIMEOUT => self.missed_heartbeat || self.error == HEARTBEAT_TIMEOUT,
            _ => self.error == name,
        }
    }
}
