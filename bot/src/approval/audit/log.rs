//! Writing into the audit trail: what the transitions of the record note, for the store to write with them.

use jiff::Timestamp;

use super::{Entry, Place, Reason, What, Who};
use crate::approval::cancel::Cancellation;
use crate::approval::decide::{Command, Refusal};
use crate::approval::record::{Approval, MessageRef};

/// So many attempts that did not count are in the trail of an approval; those after them are only counted, because
/// whoever presses a button again and again must not fill the table.
pub const ATTEMPTS_KEPT: u32 = 100;

impl Approval {
    /// Notes something that happened, to be written with the change that it tells of.
    pub fn log(&mut self, what: What, at: Timestamp) {
        let entry = Entry::after(&self.id, &self.audit, what, at);
        self.audit = entry.head();
        self.journal.push(entry);
    }

    /// Takes a message into the copies as `adopt` does, and notes it. Says whether it was new.
    pub fn discover(&mut self, message: Option<&MessageRef>, at: Timestamp) -> bool {
        let is_new = self.adopt(message);
        if let Some(message) = message.filter(|_| is_new) {
            self.log(What::Discovered { place: Place::from(message) }, at);
        }
        is_new
    }

    /// Notes that a command did not count.
    pub fn log_refusal(&mut self, command: &Command, refusal: &Refusal, at: Timestamp) {
        let who = Who::from(&command.person);
        let (platform, verdict) = (command.platform, command.verdict);
        self.log_attempt(What::Refused { who, platform, verdict, reason: Reason::from(refusal) }, at);
    }

    /// Notes that a cancellation had no effect.
    pub fn log_refused_cancellation(&mut self, cancellation: &Cancellation, refusal: &Refusal, at: Timestamp) {
        let (who, platform) = (Who::from(&cancellation.person), cancellation.platform);
        self.log_attempt(What::CancelRefused { who, platform, reason: Reason::from(refusal) }, at);
    }

    fn log_attempt(&mut self, what: What, at: Timestamp) {
        self.refused = self.refused.saturating_add(1);
        if self.refused <= ATTEMPTS_KEPT {
            self.log(what, at);
        }
    }
}
