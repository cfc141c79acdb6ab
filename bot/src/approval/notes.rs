//! What is told in words beside the card: in the thread of every card, and by mail to whom it concerns.
//!
//! The notes of an approval are read from its record in the order in which they came about. Each copy remembers how
//! many it has heard, so a note is told once beside each, after those before it.

use jiff::Timestamp;

use super::look_up::ExecutionEnd;
use super::place::MessageRef;
use super::record::{Approval, CallKind, SentMessage};
use super::state::State;

/// Something that is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// That a decision is still wanted.
    Reminder {
        /// When it fell due.
        at: Timestamp,
    },
    /// That more people may decide.
    Escalation,
    /// That somebody has approved alone in an emergency.
    GlassBroken,
    /// That nobody has acknowledged it yet.
    GlassReminder {
        /// When it fell due.
        at: Timestamp,
    },
    /// That an approver has acknowledged it.
    Acknowledged,
    /// How the approval ended.
    Outcome,
    /// How the execution ended.
    Result(ExecutionEnd),
}

impl Note {
    /// Whether it is told beside this copy as the record stands. Nobody is called any more for what has ended, and a
    /// mail reminds only those who have said nothing.
    fn concerns(&self, approval: &Approval, message: &MessageRef) -> bool {
        let is_pending = approval.state == State::Pending;
        match (self, message) {
            // A card of one's own says itself how it ended, and whoever asked reads it elsewhere.
            (Self::Outcome | Self::Escalation | Self::Acknowledged | Self::Result(_), MessageRef::Direct { .. }) => {
                false
            }
            // Of a broken glass all are told, but for whoever it was.
            (Self::Outcome, _) | (Self::GlassBroken, MessageRef::Card { .. }) => true,
            (Self::GlassBroken, MessageRef::Email { person } | MessageRef::Direct { person, .. }) => {
                approval.glass_breaker().is_some_and(|vote| vote.person != *person)
            }
            (Self::GlassReminder { .. }, MessageRef::Email { person } | MessageRef::Direct { person, .. }) => {
                approval.awaited_acknowledgers().iter().any(|awaited| awaited.id == *person)
            }
            (Self::GlassReminder { .. }, MessageRef::Card { .. }) => approval.awaits_acknowledgement(),
            (Self::Acknowledged | Self::Result(_), _) => message.is_card(),
            (Self::Reminder { at }, MessageRef::Email { person } | MessageRef::Direct { person, .. }) => {
                is_pending && approval.waits_for(person, *at)
            }
            (Self::Reminder { .. } | Self::Escalation, _) => is_pending && message.is_card(),
        }
    }
}

impl Approval {
    /// Everything that is to be told, the oldest first. What comes later is added at the end.
    pub fn notes(&self) -> Vec<Note> {
        let calls = self.calls.iter().map(|call| match call.kind {
            CallKind::Reminder => Note::Reminder { at: call.at },
            CallKind::Escalation => Note::Escalation,
        });
        let mut notes: Vec<Note> = calls.collect();
        notes.extend(self.broken_glass.as_ref().map(|_| Note::GlassBroken));
        notes.extend(self.of_glass(0));
        if self.resolution().is_some() {
            notes.push(Note::Outcome);
            notes.extend(self.of_glass(1));
            if let Some(end) = self.execution_end.clone() {
                notes.push(Note::Result(end));
                notes.extend(self.of_glass(2));
            }
        }
        notes
    }

    /// What has followed a broken glass after so many ends were known.
    fn of_glass(&self, ends: usize) -> impl Iterator<Item = Note> {
        let glass = self.broken_glass.iter();
        let reminders = glass.clone().flat_map(|glass| &glass.reminders);
        let reminders = reminders.map(|told| (*told, Note::GlassReminder { at: told.at }));
        let acknowledged = glass.filter_map(|glass| glass.acknowledged.as_ref());
        let acknowledged = acknowledged.map(|acknowledged| (acknowledged.told, Note::Acknowledged));
        reminders.chain(acknowledged).filter(move |(told, _)| told.after_ends == ends).map(|(_, note)| note)
    }

    /// The next note to tell beside this copy, with its place among the notes, from 0.
    pub(super) fn next_note(&self, copy: &SentMessage) -> Option<(usize, Note)> {
        let mut notes = self.notes().into_iter().enumerate().skip(copy.heard);
        notes.find(|(_, note)| note.concerns(self, &copy.message))
    }
}
