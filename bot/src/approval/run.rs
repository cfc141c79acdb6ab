//! A run that somebody started in a chat: where they wait to hear how it ended, and whether they have been told.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::follow_up::later;
use super::ids::ExecutionArn;
use super::place::Platform;

/// Whoever tells has this long. It is longer than a platform is waited for, and shorter than the pause after which an
/// event that could not be handled comes again.
const TELLING: SignedDuration = SignedDuration::from_secs(30);

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
    /// Whether they know how it ended.
    pub told: Told,
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

/// How far the telling of the end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Told {
    /// Nobody is at it.
    NotYet,
    /// Somebody is, and is done by then or has failed.
    Telling {
        /// When the next may try.
        until: Timestamp,
    },
    /// They have been told, or cannot be.
    Yes,
}

/// How a run ended. Nothing of its data is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
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
        Self { execution, starter, started_at: now, told: Told::NotYet, version: 0 }
    }

    /// The run with the telling begun; none if there is nothing to tell or somebody else is at it.
    pub fn telling(self, now: Timestamp) -> Option<Self> {
        let is_free = match self.told {
            Told::NotYet => true,
            Told::Telling { until } => until <= now,
            Told::Yes => false,
        };
        is_free.then(|| Self { told: Told::Telling { until: later(now, TELLING) }, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::sample::after;

    #[test]
    fn one_tells_at_a_time_and_nobody_after_it_was_told() {
        let execution = "arn:aws:states:eu-west-1:123456789012:execution:calculation:run-1";
        let starter = Starter { platform: Platform::Slack, conversation: "C1".to_owned(), user: "U1".to_owned() };
        let run = Run::new(ExecutionArn::parse(execution).unwrap(), starter, after(0));
        let telling = run.telling(after(10)).unwrap();
        assert_eq!(telling.clone().telling(after(39)), None);
        assert_eq!(telling.clone().telling(after(40)).unwrap().told, Told::Telling { until: after(70) });
        assert_eq!(Run { told: Told::Yes, ..telling }.telling(after(1_000)), None);
    }
}
