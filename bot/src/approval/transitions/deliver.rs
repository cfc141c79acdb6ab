//! What the platforms made of the messages of an approval: which are out, what they show, and which are lost.

use jiff::{SignedDuration, Timestamp};

use crate::approval::audit::{Failure, Place, What};
use crate::approval::place::{Destination, MessageRef};
use crate::approval::record::{Approval, SentMessage};

/// Longer than the deadline of everything done under it.
const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// A place that the request did not get to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// Where to.
    pub destination: Destination,
    /// What kept it from there.
    pub problem: String,
    /// Whether it is tried again.
    pub again: bool,
}

impl Approval {
    /// Takes in messages that have gone out. What is on record of one already, because its card was pressed meanwhile or
    /// because the answer to an earlier try to save was lost, is replaced and not noted again.
    pub fn delivered(&mut self, sent: &[SentMessage], now: Timestamp) {
        let is_new = |copy: &&SentMessage| !self.copies.iter().any(|known| known.message == copy.message);
        let places: Vec<Place> = sent.iter().filter(is_new).map(|copy| Place::from(&copy.message)).collect();
        if !places.is_empty() {
            self.log(What::Delivered { places }, now);
        }
        self.copies.retain(|known| !sent.iter().any(|copy| copy.message == known.message));
        self.copies.extend(sent.iter().cloned());
        self.unsent.retain(|destination| !sent.iter().any(|copy| copy.message.is_at(destination)));
    }

    /// Notes where the request did not get to, and keeps the places that are tried again.
    pub fn undelivered(&mut self, failures: &[Undelivered], now: Timestamp) {
        if failures.is_empty() {
            return;
        }
        let told = failures.iter().map(|failure| Failure {
            place: Place::of(self, &failure.destination),
            problem: failure.problem.clone(),
            again: failure.again,
        });
        self.log(What::Undelivered { failures: told.collect() }, now);
        self.unsent.retain(|unsent| !failures.iter().any(|failure| failure.destination == *unsent));
        let again = failures.iter().filter(|failure| failure.again);
        self.unsent.extend(again.map(|failure| failure.destination.clone()));
    }

    /// Notes which revisions messages show by now, each with its last.
    pub fn shown(&mut self, shown: &[(MessageRef, u32)], now: Timestamp) {
        let mut places = Vec::new();
        for copy in &mut self.copies {
            let Some((_, shows)) = shown.iter().rev().find(|(message, _)| *message == copy.message) else { continue };
            if copy.shows != *shows && *shows == self.revision {
                places.push(Place::from(&copy.message));
            }
            copy.shows = *shows;
        }
        if !places.is_empty() {
            self.log(What::Updated { status: self.status(), places }, now);
        }
    }

    /// Notes how many notes have been told beside messages.
    pub fn heard(&mut self, heard: &[(MessageRef, usize)]) {
        for copy in &mut self.copies {
            let beside = heard.iter().filter(|(message, _)| *message == copy.message);
            copy.heard = beside.fold(copy.heard, |most, (_, notes)| most.max(*notes));
        }
    }

    /// Notes which messages the platforms will not change any more, for good.
    pub fn lost(&mut self, lost: &[MessageRef], now: Timestamp) {
        let mut places = Vec::new();
        for copy in self.copies.iter_mut().filter(|copy| !copy.lost && lost.contains(&copy.message)) {
            copy.lost = true;
            places.push(Place::from(&copy.message));
        }
        if !places.is_empty() {
            self.log(What::Lost { places }, now);
        }
    }

    /// Takes a message into the copies that is out without being on record, as when the platform took the
    /// card and its answer was lost.
    /// Only a message in the policy's channel or conversation can be one. Says whether it was new.
    pub fn adopt(&mut self, message: Option<&MessageRef>) -> bool {
        let Some(message) = message else { return false };
        let elsewhere = match message {
            MessageRef::Card { platform, conversation, .. } => self.rules.conversation(*platform) != Some(conversation),
            MessageRef::Email { .. } => false,
        };
        if elsewhere || self.copies.iter().any(|copy| copy.message == *message) {
            return false;
        }
        self.copies.push(SentMessage::new(message.clone(), 0, self.calls.len()));
        // A card that nobody has on record may show anything, so it is brought up to date; the others need not be.
        self.revision = self.revision.max(1);
        true
    }

    /// Takes a message into the copies as `adopt` does, and notes it. Says whether it was new.
    pub fn discover(&mut self, message: Option<&MessageRef>, at: Timestamp) -> bool {
        let is_new = self.adopt(message);
        if let Some(message) = message.filter(|_| is_new) {
            self.log(What::Discovered { place: Place::from(message) }, at);
        }
        is_new
    }

    /// Takes the lease if there is something to send and nobody holds it, and says whether it was taken.
    pub fn take_lease(&mut self, now: Timestamp) -> bool {
        let is_taken = self.lease_until.is_some_and(|until| until > now);
        if is_taken || self.errands().is_empty() {
            return false;
        }
        self.lease_until = now.saturating_add(LEASE).ok();
        true
    }

    /// Gives this lease back; whoever has taken one since keeps it.
    pub fn give_back_lease(&mut self, lease: Option<Timestamp>) {
        if self.lease_until == lease {
            self.lease_until = None;
        }
    }
}
