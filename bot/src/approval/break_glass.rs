//! Breaking the glass: somebody whom the policy names for it approves alone in an emergency. It stays open until another
//! approver has acknowledged it.
//!
//! That it was broken is a vote like others. What follows is kept beside the votes, since it goes on after the end.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::PersonId;
use super::place::Platform;
use super::request::Lacking;

/// What has followed since the glass was broken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BrokenGlass {
    /// When those who may acknowledge it were reminded.
    pub reminders: Vec<Told>,
    /// Who has acknowledged it.
    pub acknowledged: Option<Acknowledgement>,
}

/// When something came about that is told, and between which of the notes that tell the ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// How many ends were known by then: that of the approval, and that of the execution. Notes keep their order, so that
    /// each is told once.
    pub after_ends: usize,
}

/// That an approver knows of the broken glass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Acknowledgement {
    /// Who.
    pub person: PersonId,
    /// The name that messages show.
    pub name: String,
    /// Where they said it.
    pub platform: Platform,
    /// When, and between which notes it is told.
    pub told: Told,
}

/// Why somebody could not break the glass, or acknowledge that it was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GlassRefusal {
    /// The policy does not let the person approve alone.
    MayNotBreak,
    /// Whoever approves alone says why.
    NeedsReason,
    /// Whoever approves alone could be acknowledged by nobody.
    NobodyToAcknowledge,
    /// Whoever approves has to answer what nobody can answer who approves alone.
    CannotAnswer(Lacking),
    /// Nobody has approved alone, so there is nothing to acknowledge.
    NotBroken,
    /// The person has broken the glass, and somebody else has to acknowledge it.
    Own,
    /// The person is none of those who may acknowledge it.
    MayNotAcknowledge {
        /// The names of those who may.
        approvers: Vec<String>,
    },
    /// It is acknowledged.
    AlreadyAcknowledged {
        /// By whom.
        by: String,
        /// When.
        at: Timestamp,
    },
}
