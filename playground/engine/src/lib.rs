#![doc = include_str!("../README.md")]

mod attempts;
mod calls;
mod choice;
pub mod clock;
mod context;
mod engine;
mod errors;
mod event;
mod execution;
mod executions;
mod exit;
mod expression;
mod fields;
mod function;
mod history;
mod intrinsics;
mod jsonata;
mod limits;
mod load;
mod machine;
mod paths;
mod problem;
mod random;
mod recovery;
mod retry;
mod rules;
mod run;
mod start;
mod states;
mod tasks;
mod template;
#[cfg(test)]
mod tests;
mod tokens;
mod variables;

pub use self::engine::Engine;
pub use self::event::EngineEvent;
pub use self::execution::{ExecutionDescription, ExecutionStatus, StartError, Started, UnknownExecution};
pub use self::function::{Function, FunctionError};
pub use self::history::{HistoryEvent, HistoryKind};
pub use self::limits::ORIGIN;
pub use self::problem::Problem;
pub use self::tokens::{TaskFate, TokenError, TokenTask};
