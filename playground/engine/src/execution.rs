//! One execution: what is known about it, how it can be started and how it ends.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::task::AbortHandle;

use crate::context::ExecutionContext;
use crate::errors::{Failure, TIMEOUT};
use crate::history::{HistoryEvent, HistoryKind, without_tokens};
use crate::tokens::redact;

/// Where an execution stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExecutionStatus {
    /// It has not ended.
    Running,
    /// It reached its end.
    Succeeded,
    /// A state failed and nothing caught it.
    Failed,
    /// The machine's own `TimeoutSeconds` ran out.
    TimedOut,
    /// It was stopped.
    Aborted,
}

impl fmt::Display for ExecutionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
        })
    }
}

/// An execution as `DescribeExecution` shows it, without the task tokens that its data may hold.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionDescription {
    /// The ARN of the execution.
    pub execution_arn: String,
    /// Its name, unique among the executions of its machine.
    pub name: String,
    /// The ARN of the machine.
    pub machine_arn: String,
    /// Where it stands.
    pub status: ExecutionStatus,
    /// What it was started with.
    pub input: Value,
    /// What it gave, if it succeeded.
    pub output: Option<Value>,
    /// Why it failed or was stopped.
    pub error: Option<String>,
    /// More about why.
    pub cause: Option<String>,
    /// When it was started.
    pub start_date: Timestamp,
    /// When it ended.
    pub stop_date: Option<Timestamp>,
}

/// The answer to a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// The execution that runs now.
    pub execution_arn: String,
    /// When it was started.
    pub start_date: Timestamp,
    /// The same start was made before; nothing new was started.
    pub already_running: bool,
}

/// Why nothing was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The name was used with another input, or by an execution that has ended.
    #[error("an execution of this name exists already")]
    ExecutionAlreadyExists,
    /// No machine of this ARN was loaded.
    #[error("the state machine does not exist")]
    StateMachineDoesNotExist,
    /// A name has 1 to 80 characters, without blanks, brackets, wildcards and special characters.
    #[error("the name of the execution is not valid")]
    InvalidName,
}

/// No execution has this ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the execution does not exist")]
pub struct UnknownExecution;

/// How an execution ends.
pub(crate) enum End {
    Succeeded(Value),
    Failed(Failure),
    TimedOut,
    Aborted { error: String, cause: String },
}

/// One execution.
pub(crate) struct Execution {
    /// Counts the executions of the engine, to list the newest first.
    pub(crate) number: usize,
    pub(crate) context: Arc<ExecutionContext>,
    pub(crate) status: ExecutionStatus,
    pub(crate) deadline: Option<Timestamp>,
    pub(crate) output: Option<Value>,
    pub(crate) error: Option<String>,
    pub(crate) cause: Option<String>,
    pub(crate) stop_date: Option<Timestamp>,
    pub(crate) history: Vec<HistoryEvent>,
    /// The tokens of its tasks, which are closed when it ends, each with the event that scheduled its task.
    pub(crate) tasks: HashMap<Arc<str>, u64>,
    pub(crate) task: Option<AbortHandle>,
}

impl Execution {
    /// The events with which the state of this token's task was entered, and the task scheduled.
    pub(crate) fn events_of(&self, token: &str) -> Option<(u64, u64)> {
        let event = |id: u64| self.history.get(usize::try_from(id).ok()?.checked_sub(1)?);
        let scheduled = *self.tasks.get(token)?;
        let mut at = event(scheduled)?;
        while at.kind != HistoryKind::TaskStateEntered {
            at = event(at.previous_id)?;
        }
        Some((at.id, scheduled))
    }

    /// What may be shown of the execution: like the history, it holds no task token.
    pub(crate) fn describe(&self) -> ExecutionDescription {
        ExecutionDescription {
            execution_arn: (*self.context.execution_arn).to_owned(),
            name: self.context.name.clone(),
            machine_arn: self.context.machine_arn.clone(),
            status: self.status,
            input: without_tokens(self.context.input.clone()),
            output: self.output.clone().map(without_tokens),
            error: self.error.clone().map(redact),
            cause: self.cause.clone().map(redact),
            start_date: self.context.start_date,
            stop_date: self.stop_date,
        }
    }

    /// Takes over how the execution ended; gives back the last event.
    pub(crate) fn settle(&mut self, end: End) -> (HistoryKind, Value) {
        match end {
            End::Succeeded(output) => {
                self.status = ExecutionStatus::Succeeded;
                self.output = Some(output.clone());
                (HistoryKind::ExecutionSucceeded, json!({ "output": output }))
            }
            End::Failed(failure) => {
                self.status = ExecutionStatus::Failed;
                let details = failure.to_details();
                self.error = Some(failure.error).filter(|error| !error.is_empty());
                self.cause = failure.cause;
                (HistoryKind::ExecutionFailed, details)
            }
            End::TimedOut => {
                self.status = ExecutionStatus::TimedOut;
                self.error = Some(TIMEOUT.to_owned());
                (HistoryKind::ExecutionTimedOut, json!({}))
            }
            End::Aborted { error, cause } => {
                self.status = ExecutionStatus::Aborted;
                let details = json!({ "error": error, "cause": cause });
                self.error = Some(error);
                self.cause = Some(cause);
                (HistoryKind::ExecutionAborted, details)
            }
        }
    }
}
