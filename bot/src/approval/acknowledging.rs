//! Whether a broken glass waits for an acknowledgement, of whom, and when they are reminded.

use jiff::{SignedDuration, Timestamp};

use super::ids::PersonId;
use super::policy::Person;
use super::record::{Approval, Vote};
use super::state::Verdict;

/// Those who may acknowledge are reminded once a day, whatever the pace of the policy is: that one is for decisions.
const REMINDED_EACH: SignedDuration = SignedDuration::from_hours(24);
/// After so many days nobody is reminded any more; it stays in the lists of those who may acknowledge it.
const REMINDERS_MAX: usize = 14;

impl Approval {
    /// The vote of whoever has broken the glass.
    pub fn glass_breaker(&self) -> Option<&Vote> {
        self.votes.iter().find(|vote| vote.verdict == Verdict::BreakGlass)
    }

    /// Who could acknowledge it if this person broke the glass: the approvers, but for them, and for whoever asked unless
    /// the policy lets them decide.
    pub fn acknowledgers<'a>(&'a self, breaker: &'a PersonId) -> impl Iterator<Item = &'a Person> {
        let requester = self.request.requester.as_ref().map(|person| &person.id);
        self.rules.eligible(requester).filter(move |person| person.id != *breaker)
    }

    /// Those whose acknowledgement is waited for; nobody where none is.
    pub fn awaited_acknowledgers(&self) -> Vec<&Person> {
        let is_open = self.broken_glass.as_ref().is_some_and(|glass| glass.acknowledged.is_none());
        let breaker = self.glass_breaker().filter(|_| is_open);
        breaker.map(|vote| self.acknowledgers(&vote.person).collect()).unwrap_or_default()
    }

    /// Whether the glass was broken, and nobody has acknowledged it.
    pub fn awaits_acknowledgement(&self) -> bool {
        !self.awaited_acknowledgers().is_empty()
    }

    /// When those who may acknowledge the broken glass are reminded the next time, once the approval has ended.
    pub fn next_glass_reminder(&self) -> Option<Timestamp> {
        let glass =
            self.broken_glass.as_ref().filter(|_| self.resolution().is_some() && self.awaits_acknowledgement())?;
        let last = glass.reminders.last().map_or(self.glass_breaker()?.at, |told| told.at);
        let at = last.saturating_add(REMINDED_EACH).ok()?;
        let at = self.quiet_until.map_or(at, |until| until.max(at));
        (glass.reminders.len() < REMINDERS_MAX).then_some(at)
    }
}
