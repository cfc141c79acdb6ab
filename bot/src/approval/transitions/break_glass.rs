//! What follows when somebody has broken the glass: those who may acknowledge it are reminded, until one of them does.

use jiff::Timestamp;

use super::decide::{Refusal, check_meant};
use crate::approval::audit::{What, Who};
use crate::approval::break_glass::{Acknowledgement, GlassRefusal, Told};
use crate::approval::event::Event;
use crate::approval::place::Platform;
use crate::approval::policy::Person;
use crate::approval::record::Approval;

/// That a verified person knows of a broken glass.
#[derive(Debug, Clone)]
pub struct Acknowledging {
    /// The person of the policy behind the request.
    pub person: Person,
    /// Where the request came from.
    pub platform: Platform,
}

/// Applies an acknowledgement: the new record, or why it has no effect.
pub fn acknowledge(approval: &Approval, by: &Acknowledging, now: Timestamp) -> Result<Approval, Refusal> {
    let Acknowledging { person, platform } = by;
    may_acknowledge(approval, person)?;
    let mut next = approval.clone();
    let told = next.told(now);
    next.log(What::Acknowledged { who: Who::from(person), platform: *platform }, now);
    if let Some(glass) = &mut next.broken_glass {
        let (person, name) = (person.id.clone(), person.name.clone());
        glass.acknowledged = Some(Acknowledgement { person, name, platform: *platform, told });
    }
    next.revision += 1;
    next.leave_to_reconciler(now);
    let acknowledged = Event::acknowledged(&next, now);
    next.outbox.extend(acknowledged);
    Ok(next)
}

/// Whether this person may acknowledge that the glass was broken.
pub fn may_acknowledge(approval: &Approval, person: &Person) -> Result<(), Refusal> {
    let (Some(vote), Some(glass)) = (approval.glass_breaker(), &approval.broken_glass) else {
        return Err(GlassRefusal::NotBroken.into());
    };
    if let Some(acknowledged) = &glass.acknowledged {
        let by = acknowledged.name.clone();
        return Err(GlassRefusal::AlreadyAcknowledged { by, at: acknowledged.told.at }.into());
    }
    check_meant(approval, person)?;
    if vote.person == person.id {
        return Err(GlassRefusal::Own.into());
    }
    if approval.acknowledgers(&vote.person).any(|other| other.id == person.id) {
        return Ok(());
    }
    let names = approval.acknowledgers(&vote.person).map(|person| person.name.clone()).collect();
    Err(GlassRefusal::MayNotAcknowledge { approvers: names }.into())
}

impl Approval {
    /// Reminds those who may acknowledge a broken glass, if that is due, and says whether the record has changed. Reminders
    /// that were missed become one, and one that falls into quiet hours waits for their end.
    pub fn remind_of_glass(&mut self, now: Timestamp) -> bool {
        if self.next_glass_reminder().is_none_or(|at| at > now) {
            return false;
        }
        if let Some(until) = self.rules.quiet_hours.as_ref().and_then(|hours| hours.end_after(now)) {
            self.quiet_until = Some(until);
            return true;
        }
        let told = self.told(now);
        if let Some(glass) = &mut self.broken_glass {
            glass.reminders.push(told);
        }
        let people = self.awaited_acknowledgers().into_iter().map(|person| person.id.clone()).collect();
        self.log(What::RemindedOfGlass { people }, now);
        self.leave_to_reconciler(now);
        true
    }

    /// Something that is told now.
    fn told(&self, at: Timestamp) -> Told {
        let ends = usize::from(self.resolution().is_some());
        Told { at, after_ends: ends + usize::from(ends > 0 && self.execution_end.is_some()) }
    }
}
