//! What Step Functions says when it is asked about a task and its execution.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What Step Functions says about the task of one token in one execution.
#[derive(Debug, Clone, PartialEq)]
pub enum LookUp {
    /// The history of the execution holds the task.
    Found(FoundTask),
    /// The history does not hold it: it does not show yet, or the execution is not the one that waits. Nothing that is
    /// known of the execution may be believed of the approval.
    NotInHistory,
    /// The question is refused, and will be until somebody changes something: the execution is gone, or may not be read.
    Refused {
        /// The code of the refusal.
        code: String,
    },
}

/// A task that was found by its token, in the history of its execution.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundTask {
    /// The attempt of its state that it is.
    pub attempt: Attempt,
    /// What became of it.
    pub fate: TaskFate,
    /// The end of the execution; none while it runs.
    pub end: Option<ExecutionEnd>,
}

/// One attempt of a state in an execution, by the ids of its events in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// With which the state was entered. All attempts of one visit share it; two branches or items that ask alike do not.
    pub entered: i64,
    /// With which the task was scheduled.
    pub scheduled: i64,
}

/// What became of the task of one token.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskFate {
    /// It waits.
    Open,
    /// It was completed with this output.
    Succeeded(Value),
    /// It was failed with this error and cause.
    Failed {
        /// The error's name.
        error: String,
        /// The cause, as it was sent.
        cause: String,
    },
    /// Its timeout, or its heartbeat's, has passed.
    TimedOut,
    /// The workflow went on without it, as when another branch has failed.
    Abandoned,
}

/// How an execution ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionEnd {
    /// `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: String,
    /// The output, as JSON text, when there is one.
    pub output: Option<String>,
}

impl LookUp {
    /// The task, if the history holds it.
    pub fn found(&self) -> Option<&FoundTask> {
        match self {
            Self::Found(task) => Some(task),
            Self::NotInHistory | Self::Refused { .. } => None,
        }
    }
}

impl Attempt {
    /// Whether this is a later attempt of the same visit.
    pub fn follows(&self, earlier: &Self) -> bool {
        self.entered == earlier.entered && self.scheduled > earlier.scheduled
    }
}
