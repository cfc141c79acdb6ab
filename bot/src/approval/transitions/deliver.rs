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
    /// Takes in messages that have gone out. One that is on record already, because its card was pressed meanwhile or
    /// because the answer to an earlier try to save was lost, keeps what is known of it and is not noted again.
    pub(crate) fn delivered(&mut self, sent: &[SentMessage], now: Timestamp) {
        let mut places = Vec::new();
        for message in sent {
            match self.copies.iter_mut().find(|known| known.message == message.message) {
                Some(known) => {
                    known.shows = known.shows.max(message.shows);
                    known.heard = known.heard.max(message.heard);
                }
                None => {
                    places.push(Place::from(&message.message));
                    self.copies.push(message.clone());
                }
            }
        }
        if !places.is_empty() {
            self.log(What::Delivered { places }, now);
        }
        self.unsent.retain(|destination| !sent.iter().any(|message| message.message.is_at(destination)));
    }

    /// Notes where the request did not get to, and keeps the places that are tried again.
    pub(crate) fn undelivered(&mut self, failures: &[Undelivered], now: Timestamp) {
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
    pub(crate) fn shown(&mut self, shown: &[(MessageRef, u32)], now: Timestamp) {
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
    pub(crate) fn heard(&mut self, heard: &[(MessageRef, usize)]) {
        for copy in &mut self.copies {
            let beside = heard.iter().filter(|(message, _)| *message == copy.message);
            copy.heard = beside.fold(copy.heard, |most, (_, notes)| most.max(*notes));
        }
    }

    /// Notes which messages the platforms will not change any more, for good.
    pub(crate) fn lost(&mut self, lost: &[MessageRef], now: Timestamp) {
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
    /// Only a message in the policy's channel or conversation can be one, and only where no card is on record: another
    /// approval may have its card there. Says whether it was new.
    pub fn adopt(&mut self, message: Option<&MessageRef>) -> bool {
        let Some(message) = message else { return false };
        let is_another = match message {
            MessageRef::Card { platform, conversation, .. } => {
                self.rules.conversation(*platform) != Some(conversation)
                    || self.copies.iter().any(|copy| copy.message.on(*platform).is_some())
            }
            MessageRef::Email { .. } => self.copies.iter().any(|copy| copy.message == *message),
        };
        if is_another {
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
    pub(crate) fn take_lease(&mut self, now: Timestamp) -> bool {
        let is_taken = self.lease_until.is_some_and(|until| until > now);
        if is_taken || self.errands().is_empty() {
            return false;
        }
        self.lease_until = now.saturating_add(LEASE).ok();
        true
    }

    /// Gives this lease back; whoever has taken one since keeps it.
    pub(crate) fn give_back_lease(&mut self, lease: Option<Timestamp>) {
        if self.lease_until == lease {
            self.lease_until = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::place::Platform;
    use crate::approval::sample::{after, approval};

    fn card(shows: u32) -> SentMessage {
        let (conversation, message) = ("C1".to_owned(), "1.0".to_owned());
        SentMessage::new(MessageRef::Card { platform: Platform::Slack, conversation, message }, shows, 0)
    }

    #[test]
    fn what_is_known_of_a_message_outlasts_the_news_that_it_went_out() {
        let mut approval = approval("slack_channel = \"C1\"");
        approval.unsent = vec![Destination::Chat(Platform::Slack)];
        approval.delivered(&[card(0)], after(1));
        let entries = approval.journal.len();
        approval.shown(&[(card(0).message, 2)], after(2));
        approval.heard(&[(card(0).message, 3)]);
        approval.lost(&[card(0).message], after(3));
        approval.delivered(&[card(1)], after(4));
        assert_eq!(approval.copies, [SentMessage { shows: 2, heard: 3, lost: true, ..card(0) }]);
        assert!(approval.unsent.is_empty());
        assert_eq!(approval.journal.len(), entries + 1, "only that it is lost is new");
    }

    #[test]
    fn a_place_that_is_tried_again_is_kept_once() {
        let mut approval = approval("slack_channel = \"C1\"");
        let failed = |again| Undelivered {
            destination: Destination::Chat(Platform::Slack),
            problem: "no answer".to_owned(),
            again,
        };
        approval.undelivered(&[failed(true)], after(1));
        approval.undelivered(&[failed(true)], after(2));
        assert_eq!(approval.unsent, [Destination::Chat(Platform::Slack)]);
        approval.undelivered(&[failed(false)], after(3));
        assert_eq!(approval.unsent, []);
    }
}
