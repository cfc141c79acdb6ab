//! That somebody is looking at a request, which they say so that the others need not. It changes nothing of who may decide.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::ids::PersonId;

/// So long it holds, unless it is said again.
pub const LASTS: SignedDuration = SignedDuration::from_mins(30);

/// Who is looking at a request, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// Who.
    pub person: PersonId,
    /// The name that messages show.
    pub name: String,
    /// Since when.
    pub since: Timestamp,
    /// When it ends by itself.
    pub until: Timestamp,
}

impl Claim {
    /// Whether it has not ended yet.
    pub fn holds(&self, now: Timestamp) -> bool {
        now < self.until
    }
}
