//! Whom there is still to call, and when: reminders for those who have said nothing, and the escalation.

use jiff::Timestamp;

use super::claim::Claim;
use super::policy::{Person, QuietHours};
use super::record::{Approval, CallKind};
use super::state::State;

impl Approval {
    /// When the next reminder or escalation falls due, or what somebody has said of looking at it ends; none after the end or at the deadline.
    pub fn next_call(&self) -> Option<Timestamp> {
        let is_in_time = |at: &Timestamp| *at < self.request.deadline;
        let next = self
            .next_reminder()
            .into_iter()
            .chain(self.next_escalation())
            .chain(self.claimed().map(|claim| claim.until))
            .min();
        next.filter(|at| self.state == State::Pending && is_in_time(at))
    }

    /// Who is looking at it, as long as it waits.
    pub fn claimed(&self) -> Option<&Claim> {
        self.claim.as_ref().filter(|_| self.state == State::Pending)
    }

    /// When more people were called in, and whom the rules name for it.
    pub fn escalated(&self) -> Option<(Timestamp, &[Person])> {
        let call = self.calls.iter().find(|call| call.kind == CallKind::Escalation)?;
        Some((call.at, self.rules.escalation.as_ref()?.to.as_slice()))
    }

    /// When the next reminder falls due, deadline or not. Nobody is called for a machine that may not ask, or while somebody
    /// is looking.
    pub(super) fn next_reminder(&self) -> Option<Timestamp> {
        if self.lacks_proof() {
            return None;
        }
        let after = self.rules.remind_after.get(self.reminded)?;
        let at = self.request.raised_at.saturating_add(*after).ok()?;
        let waits = self.quiet_until.into_iter().chain(self.claimed().map(|claim| claim.until));
        waits.chain([at]).max()
    }

    /// When more people are called in, deadline or not.
    pub(super) fn next_escalation(&self) -> Option<Timestamp> {
        let is_due = !self.lacks_proof() && self.escalated().is_none();
        let escalation = self.rules.escalation.as_ref().filter(|_| is_due)?;
        self.request.raised_at.saturating_add(escalation.after).ok()
    }
}

impl QuietHours {
    /// When the quiet hours end that this moment is in; none if it is in none.
    pub fn end_after(&self, now: Timestamp) -> Option<Timestamp> {
        let here = now.to_zoned(self.time_zone.clone());
        let time = here.time();
        let is_overnight = self.from > self.to;
        let day = if is_overnight && time >= self.from {
            here.date().tomorrow().ok()?
        } else if time < self.to && (is_overnight || time >= self.from) {
            here.date()
        } else {
            return None;
        };
        // Of a time that the clock shows twice it is the second, since the first may have passed.
        self.time_zone.to_ambiguous_timestamp(day.to_datetime(self.to)).later().ok()
    }
}
