//! What the engine tells those who subscribe to it.

use crate::execution::ExecutionDescription;
use crate::history::HistoryEvent;

/// What a subscriber is told.
#[derive(Debug, Clone, PartialEq)]
pub enum EngineEvent {
    /// Something happened in an execution.
    History {
        /// The execution.
        execution_arn: String,
        /// What happened.
        event: HistoryEvent,
    },
    /// An execution started or ended.
    Status(ExecutionDescription),
}
