//! A run that somebody started in a chat: where they wait to hear how it ended, and whether they have been told.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::delivery::{Delivery, Subject};
use super::ids::ExecutionArn;
use super::place::Platform;

/// A run that somebody started in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// Which execution.
    pub execution: ExecutionArn,
    /// Who started it, and where.
    pub starter: Starter,
    /// When.
    pub started_at: Timestamp,
    /// How it ended, once that is known.
    pub end: Option<RunEnd>,
    /// Whether they have been told, or cannot be.
    pub is_told: bool,
    /// Counts the changes of the record.
    pub version: u64,
}

/// Somebody in a conversation of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Starter {
    /// The chat.
    pub platform: Platform,
    /// The conversation, with its thread if it was said in one.
    pub conversation: String,
    /// The platform's id of the person.
    pub user: String,
}

/// How a run ended. Nothing of its data is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunEnd {
    /// `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: String,
    /// The name of the error, such as `States.Runtime`.
    pub error: Option<String>,
    /// When, if that is known.
    pub at: Option<Timestamp>,
}

impl Run {
    /// A run that is about to be started.
    pub fn new(execution: ExecutionArn, starter: Starter, now: Timestamp) -> Self {
        Self { execution, starter, started_at: now, end: None, is_told: false, version: 0 }
    }

    /// What a messenger has to do so that whoever started it knows how it ended.
    pub fn delivery(&self) -> Delivery {
        // Whoever cannot be told keeps nobody else waiting, least of all the cards of the channel.
        let place = format!("{}:{}", self.starter.platform.key(), self.starter.user);
        Delivery { subject: Subject::Run { execution: self.execution.clone() }, place, version: self.version }
    }
}
