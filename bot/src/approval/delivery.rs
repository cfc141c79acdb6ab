//! What a platform did with a message, in one of four words, the same for every platform: it was sent, or it is one of the
//! three here. Each platform has a table of its answers that says which.

use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::ids::{ApprovalId, ExecutionArn, PersonId};
use super::place::{Destination, Platform};

/// A message that is not known to have been sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct Unsent {
    /// What became of it instead.
    pub fate: Fate,
    /// What the platform said, without addresses or bodies.
    pub problem: String,
}

/// What became of a message that is not known to have been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing has arrived, and trying again may help: what refuses it can pass, or somebody can mend it.
    NotSent {
        /// How long the platform wants to be left alone, where it says so.
        retry_after: Option<SignedDuration>,
    },
    /// The answer was lost, so it may have arrived.
    MaybeSent,
    /// The platform refuses this message, and always will.
    Refused,
}

/// A platform that wants to be left alone for longer is asked again after this all the same.
const PAUSE_MAX: SignedDuration = SignedDuration::from_mins(5);

impl Fate {
    /// Nothing has arrived, and nothing is said of when to ask again.
    pub const NOT_SENT: Self = Self::NotSent { retry_after: None };

    /// How long the platform is left alone, if it wants to be.
    pub(crate) fn pause(self) -> Option<SignedDuration> {
        match self {
            Self::NotSent { retry_after } => retry_after.map(|pause| pause.min(PAUSE_MAX)),
            Self::MaybeSent | Self::Refused => None,
        }
    }

    /// Nothing has arrived, since a rate limit refused it.
    pub fn limited(retry_after: Option<Duration>) -> Self {
        Self::NotSent { retry_after: retry_after.and_then(|pause| SignedDuration::try_from(pause).ok()) }
    }
}

impl Unsent {
    /// Nothing has arrived.
    pub fn not_sent(problem: impl ToString) -> Self {
        Self { fate: Fate::NOT_SENT, problem: problem.to_string() }
    }

    /// It is never taken.
    pub fn refused(problem: impl ToString) -> Self {
        Self { fate: Fate::Refused, problem: problem.to_string() }
    }

    /// The rules of the approval name no such place.
    pub fn nowhere() -> Self {
        Self::refused("the rules name no such place")
    }

    /// The platform of a recorded message is no longer configured.
    pub fn platform_is_off() -> Self {
        Self::not_sent("the platform is not configured")
    }

    /// Whether it is never taken.
    pub fn is_refused(&self) -> bool {
        self.fate == Fate::Refused
    }
}

/// A place that the request has to get to and is not known to be at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Missing {
    /// Where.
    pub destination: Destination,
    /// Whether it is still to be sent there: not once it was refused for good, or may be there.
    pub is_left: bool,
    /// Whether it may be there all the same, in a message that nobody has on record.
    pub maybe: bool,
    /// What the platform said the last time; none if it was not tried yet.
    pub problem: Option<String>,
}

impl Missing {
    /// A place that nobody has tried yet.
    pub fn new(destination: Destination) -> Self {
        Self { destination, is_left: true, maybe: false, problem: None }
    }

    /// Whether nobody has tried yet.
    pub fn is_untried(&self) -> bool {
        self.is_left && self.problem.is_none()
    }
}

/// Something that a messenger is to bring up to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What it is.
    pub subject: Subject,
    /// The place, such as `slack:C0789` or `email:ada`: of one place one delivery is made at a time, in order.
    pub place: String,
    /// The version of the record that calls for it, and 0 as long as nobody has tried the place: however often the record
    /// changes until then, what waits its turn in the queue is the same, and stands in it once.
    pub version: u64,
}

/// What a delivery brings up to date, by what its messenger finds the record with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Subject {
    /// The messages of an approval in one place.
    Approval {
        /// Which approval.
        id: ApprovalId,
        /// Which of its places.
        destination: Destination,
    },
    /// The conversation in which somebody started a run.
    Run {
        /// Which run.
        execution: ExecutionArn,
    },
    /// The page that a chat has for one person.
    Home {
        /// Whose page.
        person: PersonId,
        /// Which chat.
        platform: Platform,
    },
}
