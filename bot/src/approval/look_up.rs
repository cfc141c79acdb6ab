//! What Step Functions says when it is asked about a task and its execution.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What Step Functions says about an execution and about the task of one token in it.
#[derive(Debug, Clone, PartialEq)]
pub struct LookUp {
    /// The task of the token.
    pub task: TaskFate,
    /// The end of the execution; none while it runs.
    pub end: Option<ExecutionEnd>,
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
    /// The history does not tell.
    Unknown,
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
