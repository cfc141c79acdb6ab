//! Where an approval stands: open, about to end, or ended, and in which way.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::PersonId;

/// Where the decision stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Nobody has completed the quorum.
    Pending,
    /// The ending is recorded; Step Functions has not confirmed it.
    Resolving(Ending),
    /// Step Functions has confirmed how the task ended.
    Resolved(Resolution),
}

/// What we are about to tell Step Functions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ending {
    /// Success or failure, and why.
    pub intent: Intent,
    /// When it was recorded.
    pub at: Timestamp,
}

/// The callbacks that the bot makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Intent {
    /// `SendTaskSuccess`.
    Approve,
    /// `SendTaskFailure` with `ApprovalRejected`.
    Reject,
    /// `SendTaskFailure` with `ApprovalReturned`.
    Return,
    /// `SendTaskFailure` with `ApprovalUndeliverable`.
    GiveUp {
        /// What kept the request from everybody.
        reason: String,
    },
    /// `SendTaskFailure` with `ApprovalCancelled`.
    Cancel {
        /// Who has taken the request back.
        person: PersonId,
        /// The name that messages show.
        name: String,
    },
}

/// How the task ended, as Step Functions has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resolution {
    /// Which end it was.
    pub outcome: Outcome,
    /// When that was found out.
    pub at: Timestamp,
}

/// The ends an approval can have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// The task succeeded with our output.
    Approved,
    /// The task failed with our `ApprovalRejected`.
    Rejected,
    /// The task failed with our `ApprovalReturned`.
    Returned,
    /// Step Functions ended the wait first.
    Expired,
    /// The execution ended, or somebody else completed the task.
    Cancelled {
        /// What Step Functions said about it.
        reason: String,
    },
    /// Nobody could be asked.
    Undeliverable {
        /// What kept the request from everybody.
        reason: String,
    },
    /// The state was tried again, and a later request has taken the place of this one.
    Superseded,
}

/// The word for where an approval stands, in events, messages and task output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Waiting for people.
    Pending,
    /// Decided, waiting for Step Functions.
    Resolving,
    /// The quorum approved.
    Approved,
    /// Somebody rejected.
    Rejected,
    /// Somebody sent it back for changes.
    Returned,
    /// Time ran out.
    Expired,
    /// The execution ended otherwise.
    Cancelled,
    /// Nobody could be asked.
    Undeliverable,
    /// A later request has taken its place.
    Superseded,
}

/// What a person can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Let it go ahead.
    Approve,
    /// Do not.
    Reject,
    /// Not like this: ask again once it is changed.
    Return,
    /// Let it go ahead by the word of one person, in an emergency.
    #[serde(rename = "break_glass")]
    BreakGlass,
}

impl Outcome {
    /// Whether people have decided it.
    pub fn is_decided(&self) -> bool {
        match self {
            Self::Approved | Self::Rejected | Self::Returned => true,
            Self::Expired | Self::Cancelled { .. } | Self::Superseded | Self::Undeliverable { .. } => false,
        }
    }

    /// Whether it ended before people had their say.
    pub fn is_unanswered(&self) -> bool {
        match self {
            Self::Expired | Self::Cancelled { .. } | Self::Superseded => true,
            Self::Approved | Self::Rejected | Self::Returned | Self::Undeliverable { .. } => false,
        }
    }

    /// The word for this end.
    pub fn status(&self) -> Status {
        match self {
            Self::Approved => Status::Approved,
            Self::Rejected => Status::Rejected,
            Self::Returned => Status::Returned,
            Self::Expired => Status::Expired,
            Self::Cancelled { .. } => Status::Cancelled,
            Self::Undeliverable { .. } => Status::Undeliverable,
            Self::Superseded => Status::Superseded,
        }
    }
}

impl Status {
    /// The word itself.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Resolving => "resolving",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Returned => "returned",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Undeliverable => "undeliverable",
            Self::Superseded => "superseded",
        }
    }
}
