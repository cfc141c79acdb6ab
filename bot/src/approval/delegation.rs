//! A person's own delegation: somebody stands in for them until a time. Who may, is for each policy to say.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::fingerprint::Fingerprint;
use super::ids::PersonId;
use super::place::Platform;

/// Nobody stands in for longer than this, so that no delegation is forgotten.
pub const AWAY_MAX: SignedDuration = SignedDuration::from_hours(90 * 24);

/// So often within an hour somebody may say who stands in for them: every card that waits for them shows each change.
pub const SAID_MAX: u32 = 10;
/// How long that is counted.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// How often somebody has said who stands in for them since a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pace {
    /// Since when it is counted.
    pub since: Timestamp,
    /// How often.
    pub said: u32,
}

impl Pace {
    /// With one more that is said now, or when the next one may be, if that is one too many.
    pub fn with_one_more(before: Option<Self>, now: Timestamp) -> Result<Self, Timestamp> {
        match before.filter(|before| now.duration_since(before.since) < HOUR) {
            None => Ok(Self { since: now, said: 1 }),
            Some(Self { since, said }) if said < SAID_MAX => Ok(Self { since, said: said + 1 }),
            Some(Self { since, .. }) => Err(since.saturating_add(HOUR).unwrap_or(Timestamp::MAX)),
        }
    }
}

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
    /// How often they have said so lately; whoever is back may always say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pace: Option<Pace>,
}

/// Who the two were, and where the one was told that the other stands in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    /// By what whoever is away was known.
    pub absent: Fingerprint,
    /// By what whoever stands in was.
    pub delegate: Fingerprint,
    /// Whether whoever is away is in a live group without an entry: their key is made of their account, so that nobody else
    /// gets it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_entry: bool,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::sample::after;

    #[test]
    fn ten_are_taken_within_an_hour_and_the_next_one_when_it_is_over() {
        let mut pace = None;
        for second in 0..i64::from(SAID_MAX) {
            pace = Some(Pace::with_one_more(pace, after(60 * second)).unwrap());
        }
        assert_eq!(Pace::with_one_more(pace, after(3_599)), Err(after(3_600)));
        assert_eq!(Pace::with_one_more(pace, after(3_600)), Ok(Pace { since: after(3_600), said: 1 }));
    }
}
