//! A person's own delegation: somebody stands in for them until a time. Who may, is for each policy to say.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::fingerprint::Fingerprint;
use super::ids::PersonId;
use super::place::Platform;

/// Nobody stands in for longer than this, so that no delegation is forgotten.
pub const AWAY_MAX: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What somebody has said of who stands in for them. It is never changed: whoever is back says so with the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delegation {
    /// Who is away.
    pub absent: PersonId,
    /// Who stands in for them; nobody once they are back.
    pub delegate: Option<PersonId>,
    /// Until when.
    pub until: Timestamp,
    /// When they said so.
    pub said_at: Timestamp,
    /// Where.
    pub platform: Platform,
    /// Its number among theirs, from 1.
    pub number: u32,
    /// What it was said on; nothing where nobody stands in. One that was said before this was kept does not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Terms>,
}

/// Who the two were, and where the one was told that the other stands in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    /// By what whoever is away was known.
    pub absent: Fingerprint,
    /// By what whoever stands in was.
    pub delegate: Fingerprint,
    /// The policies that were named.
    pub policies: BTreeSet<String>,
}

impl Delegation {
    /// Who stands in at this time.
    pub fn delegate_at(&self, now: Timestamp) -> Option<&PersonId> {
        self.delegate.as_ref().filter(|_| now < self.until)
    }
}

/// Who stands in for one of the approvers of an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StandIn {
    /// The approver who is away.
    pub absent: PersonId,
    /// Who stands in for them.
    pub delegate: PersonId,
    /// Until when.
    pub until: Timestamp,
}
