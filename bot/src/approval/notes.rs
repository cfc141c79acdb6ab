//! What is told in words beside the card: in the thread of every card, and by mail to whom it concerns.
//!
//! The notes of an approval are read from its record in the order in which they came about. Each copy remembers how
//! many it has heard, so a note is told once beside each, after those before it.

use super::follow_up::Errand;
use super::record::{Approval, Copy, ExecutionEnd, MessageRef};

/// Something that is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// How the approval ended.
    Outcome,
    /// How the execution ended.
    Result(ExecutionEnd),
}

impl Note {
    /// Whether it is told beside this copy.
    fn concerns(&self, message: &MessageRef) -> bool {
        match self {
            Self::Outcome => true,
            Self::Result(_) => message.is_card(),
        }
    }
}

impl Approval {
    /// Everything that is to be told, the oldest first. What comes later is added at the end.
    pub fn notes(&self) -> Vec<Note> {
        let mut notes = Vec::new();
        if self.resolution().is_some() {
            notes.push(Note::Outcome);
            notes.extend(self.execution_end.clone().map(Note::Result));
        }
        notes
    }

    /// The next note to tell beside this copy.
    pub(super) fn next_note(&self, copy: &Copy) -> Option<Errand> {
        let notes = self.notes().into_iter().enumerate().skip(copy.heard);
        let mut notes = notes.filter(|(_, note)| note.concerns(&copy.message));
        notes.next().map(|(number, note)| Errand::Tell { message: copy.message.clone(), note, number })
    }
}
