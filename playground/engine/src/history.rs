//! What happened in an execution, under the names AWS gives to the events.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::tokens;

/// One event of an execution's history.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistoryEvent {
    /// Counts up from 1.
    pub id: u64,
    /// The event this one follows from, which is not always the one before it: branches run side by side.
    #[serde(rename = "previousEventId")]
    pub previous_id: u64,
    /// When it happened, by the engine's clock.
    pub timestamp: Timestamp,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: HistoryKind,
    /// The state it happened in; the execution's own events have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Inputs, outputs, errors. Never a task token: it is replaced before the event is kept.
    pub details: Value,
}

/// The event types that this engine records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[expect(missing_docs, reason = "the names are AWS's and documented there")]
pub enum HistoryKind {
    ExecutionStarted,
    ExecutionSucceeded,
    ExecutionFailed,
    ExecutionTimedOut,
    ExecutionAborted,
    TaskStateEntered,
    TaskScheduled,
    TaskStarted,
    TaskSubmitted,
    TaskSucceeded,
    TaskFailed,
    TaskTimedOut,
    TaskStateExited,
    LambdaFunctionScheduled,
    LambdaFunctionStarted,
    LambdaFunctionSucceeded,
    LambdaFunctionFailed,
    LambdaFunctionTimedOut,
    ChoiceStateEntered,
    ChoiceStateExited,
    PassStateEntered,
    PassStateExited,
    WaitStateEntered,
    WaitStateExited,
    SucceedStateEntered,
    SucceedStateExited,
    FailStateEntered,
    ParallelStateEntered,
    ParallelStateStarted,
    ParallelStateSucceeded,
    ParallelStateFailed,
    ParallelStateExited,
    MapStateEntered,
    MapStateStarted,
    MapStateSucceeded,
    MapStateFailed,
    MapStateExited,
    MapIterationStarted,
    MapIterationSucceeded,
    MapIterationFailed,
}

impl fmt::Display for HistoryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Takes every task token out of the details of an event: whoever has one can complete the task.
pub(crate) fn without_tokens(details: Value) -> Value {
    match details {
        Value::String(text) => Value::String(tokens::redact(text)),
        Value::Array(items) => items.into_iter().map(without_tokens).collect(),
        Value::Object(object) => {
            Value::Object(object.into_iter().map(|(key, value)| (tokens::redact(key), without_tokens(value))).collect())
        }
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain,
    }
}
