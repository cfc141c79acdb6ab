//! What the platforms made of the messages of an approval: which are out, what they show, and which are lost.

use jiff::{SignedDuration, Timestamp};

use crate::approval::audit::{Place, What};
use crate::approval::delivery::{Missing, Next};
use crate::approval::place::MessageRef;
use crate::approval::record::{Approval, SentMessage};

/// Longer than the deadline of everything done under it.
const LEASE: SignedDuration = SignedDuration::from_secs(60);

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
        for message in sent {
            self.found_at(&message.message);
        }
    }

    /// Forgets that the request is missing where this message is. Another card may be there that nobody has on record.
    fn found_at(&mut self, message: &MessageRef) {
        self.missing.retain_mut(|missing| {
            let may_be_twice = missing.maybe && message.is_card();
            let is_here = message.is_at(&missing.destination);
            if is_here {
                missing.next = Next::Nobody;
            }
            !is_here || may_be_twice
        });
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

    /// Takes a message into the copies that is out without being on record, as when the platform took the card and its
    /// answer was lost, or one that the platform once called gone. Only a message in the policy's channel or conversation
    /// can be one, and only where no card is on record or another may be out: another approval may have its card there.
    /// Says whether anything was new.
    pub fn adopt(&mut self, message: Option<&MessageRef>) -> bool {
        let Some(message) = message else { return false };
        if let Some(known) = self.copies.iter_mut().find(|copy| copy.message == *message) {
            // Whoever has pressed on it has seen it.
            let is_back = known.lost;
            if is_back {
                (known.lost, known.shows) = (false, 0);
                self.revision = self.revision.max(1);
            }
            return is_back;
        }
        if let MessageRef::Card { platform, conversation, .. } = message {
            let is_elsewhere = self.rules.conversation(*platform) != Some(conversation);
            let has_card = self.copies.iter().any(|copy| copy.message.on(*platform).is_some());
            let may_be_another = |missing: &Missing| missing.maybe && message.is_at(&missing.destination);
            if is_elsewhere || (has_card && !self.missing.iter().any(may_be_another)) {
                return false;
            }
        }
        self.copies.push(SentMessage::new(message.clone(), 0, self.calls.len()));
        self.missing.retain(|missing| !message.is_at(&missing.destination));
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
        if is_taken {
            return false;
        }
        self.reclaim(now);
        if self.errands_at(now).is_empty() {
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
    use crate::approval::follow_up::Errand;
    use crate::approval::place::{Destination, Platform};
    use crate::approval::sample::{after, approval};

    fn card(shows: u32) -> SentMessage {
        let (conversation, message) = ("C1".to_owned(), "1.0".to_owned());
        SentMessage::new(MessageRef::Card { platform: Platform::Slack, conversation, message }, shows, 0)
    }

    #[test]
    fn what_is_known_of_a_message_outlasts_the_news_that_it_went_out() {
        let mut approval = approval("slack_channel = \"C1\"");
        approval.missing = vec![Missing::new(Destination::Chat(Platform::Slack))];
        approval.delivered(&[card(0)], after(1));
        let entries = approval.journal.len();
        approval.shown(&[(card(0).message, 2)], after(2));
        approval.heard(&[(card(0).message, 3)]);
        approval.lost(&[card(0).message], after(3));
        approval.delivered(&[card(1)], after(4));
        assert_eq!(approval.copies, [SentMessage { shows: 2, heard: 3, lost: true, ..card(0) }]);
        assert!(approval.missing.is_empty());
        assert_eq!(approval.journal.len(), entries + 1, "only that it is lost is new");
    }

    #[test]
    fn a_press_brings_a_card_back_that_was_called_gone() {
        let mut approval = approval("slack_channel = \"C1\"");
        approval.delivered(&[card(0)], after(1));
        assert!(!approval.discover(Some(&card(0).message), after(2)), "it was never away");
        approval.lost(&[card(0).message], after(3));
        assert_eq!(approval.errands(), []);
        assert!(approval.discover(Some(&card(0).message), after(4)));
        assert_eq!(approval.errands(), [Errand::Update(card(0).message)]);
    }
}
