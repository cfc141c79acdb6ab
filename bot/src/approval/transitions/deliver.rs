//! What the platforms made of the messages of an approval: which are out, what they show, and which are lost.

use jiff::Timestamp;

use crate::approval::audit::{Place, What};
use crate::approval::delivery::Missing;
use crate::approval::ids::PersonId;
use crate::approval::place::MessageRef;
use crate::approval::record::{Approval, SentMessage};

impl Approval {
    /// Takes in a message that has gone out. One that is on record already, because its card was pressed meanwhile or
    /// because the answer to an earlier try to save was lost, keeps what is known of it and is not noted again.
    pub(crate) fn delivered(&mut self, sent: &SentMessage, now: Timestamp) {
        match self.copies.iter_mut().find(|known| known.message == sent.message) {
            Some(known) => {
                known.shows = known.shows.max(sent.shows);
                known.heard = known.heard.max(sent.heard);
            }
            None => {
                self.copies.push(sent.clone());
                self.log(What::Delivered { places: vec![Place::from(&sent.message)] }, now);
            }
        }
        self.found_at(&sent.message);
    }

    /// Forgets that the request is missing where this message is. Another card may be there that nobody has on record.
    fn found_at(&mut self, message: &MessageRef) {
        self.missing.retain_mut(|missing| {
            let may_be_twice = missing.maybe && message.is_card();
            let is_here = message.is_at(&missing.destination);
            if is_here {
                missing.is_left = false;
            }
            !is_here || may_be_twice
        });
    }

    /// Notes which revision a message shows by now.
    pub(crate) fn shown(&mut self, message: &MessageRef, revision: u32, now: Timestamp) {
        let Some(copy) = self.copies.iter_mut().find(|copy| copy.message == *message) else { return };
        let is_news = copy.shows != revision && revision == self.revision;
        copy.shows = revision;
        if is_news {
            self.log(What::Updated { status: self.status(), places: vec![Place::from(message)] }, now);
        }
    }

    /// Notes how many notes have been told beside a message.
    pub(crate) fn heard(&mut self, message: &MessageRef, notes: usize) {
        if let Some(copy) = self.copies.iter_mut().find(|copy| copy.message == *message) {
            copy.heard = copy.heard.max(notes);
        }
    }

    /// Notes that the platform will not change a message any more, for good.
    pub(crate) fn lost(&mut self, message: &MessageRef, now: Timestamp) {
        let is_it = |copy: &&mut SentMessage| copy.message == *message && !copy.lost;
        let Some(copy) = self.copies.iter_mut().find(is_it) else { return };
        copy.lost = true;
        self.log(What::Lost { places: vec![Place::from(message)] }, now);
    }

    /// Takes a message into the copies that is out without being on record, as when the platform took the card and its
    /// answer was lost, or one that the platform once called gone. Says whether anything was new.
    pub fn adopt(&mut self, message: &MessageRef) -> bool {
        match self.copies.iter_mut().find(|copy| copy.message == *message) {
            Some(known) if !known.lost => return false,
            // Whoever has pressed on it has seen it.
            Some(known) => (known.lost, known.shows) = (false, 0),
            None => {
                self.copies.push(SentMessage::new(message.clone(), 0, self.calls.len()));
                self.missing.retain(|missing| !message.is_at(&missing.destination));
            }
        }
        // A card that nobody has on record may show anything, so it is brought up to date; the others need not be.
        self.revision = self.revision.max(1);
        true
    }

    /// Takes the message that somebody's press names into the copies as `adopt` does, and notes it. Says whether it was
    /// new.
    pub fn discover(&mut self, message: Option<&MessageRef>, presser: &PersonId, at: Timestamp) -> bool {
        let Some(message) = message.and_then(|message| self.own(message, presser)) else { return false };
        let is_new = self.adopt(&message);
        if is_new {
            self.log(What::Discovered { place: Place::from(&message) }, at);
        }
        is_new
    }

    /// Which message of ours a press names, if it may be one: a card that is not on record only where one may be out, in the
    /// policy's channel or conversation or else in the own chat of whoever has pressed. Another approval may have its card
    /// there, and a press can name that.
    fn own(&self, message: &MessageRef, presser: &PersonId) -> Option<MessageRef> {
        let platform = message.platform();
        let Some((conversation, id)) = message.on(platform) else { return Some(message.clone()) };
        let known = self.copies.iter().find(|copy| copy.message.on(platform) == Some((conversation, id)));
        if let Some(known) = known {
            return Some(known.message.clone());
        }
        let found = if self.rules.conversation(platform) == Some(conversation) {
            message.clone()
        } else {
            let (person, conversation, message) = (presser.clone(), conversation.to_owned(), id.to_owned());
            MessageRef::Direct { platform, person, conversation, message }
        };
        let may_be_out = |missing: &Missing| missing.maybe && found.is_at(&missing.destination);
        self.missing.iter().any(may_be_out).then_some(found)
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
        approval.delivered(&card(0), after(1));
        let entries = approval.journal.len();
        approval.shown(&card(0).message, 2, after(2));
        approval.heard(&card(0).message, 3);
        approval.lost(&card(0).message, after(3));
        approval.delivered(&card(1), after(4));
        assert_eq!(approval.copies, [SentMessage { shows: 2, heard: 3, lost: true, ..card(0) }]);
        assert!(approval.missing.is_empty());
        assert_eq!(approval.journal.len(), entries + 1, "only that it is lost is new");
    }

    #[test]
    fn a_press_brings_a_card_back_that_was_called_gone() {
        let mut approval = approval("slack_channel = \"C1\"\nemail = \"never\"");
        approval.delivered(&card(0), after(1));
        let grace = PersonId::parse("grace").unwrap();
        assert!(!approval.discover(Some(&card(0).message), &grace, after(2)), "it was never away");
        approval.lost(&card(0).message, after(3));
        assert_eq!(approval.errands(), []);
        assert!(approval.discover(Some(&card(0).message), &grace, after(4)));
        assert_eq!(approval.errands(), [Errand::Update(card(0).message)]);
    }

    #[test]
    fn a_press_finds_the_copy_in_the_own_chat_of_whoever_it_was() {
        let [grace, linus] = ["grace", "linus"].map(|person| PersonId::parse(person).unwrap());
        let pressed =
            MessageRef::Card { platform: Platform::Slack, conversation: "D3".to_owned(), message: "7.0".to_owned() };
        let mut approval = approval("slack_channel = \"C1\"\nemail = \"never\"\ndirect = true");
        let direct = Destination::Direct(Platform::Slack, linus.clone());
        assert!(approval.missing.iter().any(|missing| missing.destination == direct), "{:?}", approval.missing);
        assert!(!approval.discover(Some(&pressed), &linus, after(1)), "nothing may be out there");
        approval.missing.iter_mut().for_each(|missing| missing.maybe = missing.destination == direct);
        assert!(!approval.discover(Some(&pressed), &grace, after(1)), "it is not the chat of hers");
        assert!(approval.discover(Some(&pressed), &linus, after(1)));
        assert!(approval.copies[0].message.is_at(&direct) && !approval.copies[0].message.is_shared());
        assert!(!approval.discover(Some(&pressed), &linus, after(2)), "it is on record now");
        assert_eq!(approval.copies.len(), 1);
    }
}
