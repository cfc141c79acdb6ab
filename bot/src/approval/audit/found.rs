//! What Step Functions is told of a task, and what it says of one, in the words of the audit trail.

use serde::{Deserialize, Serialize};

use crate::approval::look_up::{LookUp, TaskFate};
use crate::approval::state::Intent;

/// What Step Functions is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Callback {
    /// That the task has succeeded.
    Approved,
    /// That it has failed, because it was rejected.
    Rejected,
    /// That it has failed, because it was sent back for changes.
    Returned,
    /// That it has failed, because nobody could be asked.
    Undeliverable,
    /// That it has failed, because the request was taken back.
    Cancelled,
}

/// What Step Functions says of a task and its execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Found {
    /// What became of the task.
    pub task: Fate,
    /// The status in which the execution ended, if it did.
    pub execution: Option<String>,
}

/// What became of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fate {
    /// It waits.
    Open,
    /// It was completed.
    Succeeded,
    /// It was failed with this error.
    Failed(String),
    /// Its time ran out.
    TimedOut,
    /// The workflow went on without it.
    Abandoned,
    /// The history of the execution does not hold it.
    NotInHistory,
    /// It could not be looked up, for this reason.
    Refused(String),
}

impl From<&Intent> for Callback {
    fn from(intent: &Intent) -> Self {
        match intent {
            Intent::Approve => Self::Approved,
            Intent::Reject => Self::Rejected,
            Intent::Return => Self::Returned,
            Intent::GiveUp { .. } => Self::Undeliverable,
            Intent::Cancel { .. } => Self::Cancelled,
        }
    }
}

impl From<&LookUp> for Found {
    fn from(look_up: &LookUp) -> Self {
        let task = match look_up {
            LookUp::Found(task) => match &task.fate {
                TaskFate::Open => Fate::Open,
                TaskFate::Succeeded(_) => Fate::Succeeded,
                TaskFate::Failed { error, .. } => Fate::Failed(error.clone()),
                TaskFate::TimedOut => Fate::TimedOut,
                TaskFate::Abandoned => Fate::Abandoned,
            },
            LookUp::NotInHistory => Fate::NotInHistory,
            LookUp::Refused { code } => Fate::Refused(code.clone()),
        };
        let end = look_up.found().and_then(|task| task.end.as_ref());
        Self { task, execution: end.map(|end| end.status.clone()) }
    }
}
