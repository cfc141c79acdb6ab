//! Requests that ask again: a state that is retried or redriven has a new task, and so a new approval, for the same
//! decision. The earlier one points to it.

use jiff::Timestamp;

use crate::approval::audit::What;
use crate::approval::record::{Approval, Successor};
use crate::approval::state::Outcome;

impl Approval {
    /// Whether this asks for what the other asked before: it is a later attempt of the same visit to a state, which the
    /// history of the execution tells. That two ask alike says nothing, since branches and items may.
    pub fn asks_again_for(&self, earlier: &Self) -> bool {
        let attempts = self.attempt.zip(earlier.attempt);
        self.request.execution == earlier.request.execution
            && attempts.is_some_and(|(ours, theirs)| ours.follows(&theirs))
    }

    /// Ends an approval that nobody has decided, because a later request has taken its place.
    pub fn supersede(&mut self, successor: &Successor, now: Timestamp) {
        self.note(successor, now);
        self.resolve(Outcome::Superseded, now);
    }

    /// Makes an approval that has ended unanswered point to the request that asks again, or to its cards, if they were
    /// not out before; says whether that is news.
    pub fn point_to(&mut self, successor: &Successor, now: Timestamp) -> bool {
        let is_unanswered = self.resolution().is_some_and(|resolution| resolution.outcome.is_unanswered());
        let is_news = |known: &Successor| known.cards.is_empty() && !successor.cards.is_empty();
        if !is_unanswered || !self.successor.as_ref().is_none_or(is_news) {
            return false;
        }
        self.note(successor, now);
        self.revision += 1;
        self.leave_to_reconciler(now);
        true
    }

    /// Notes where the cards of the request are by now that has taken the place of this one.
    pub(crate) fn find_successor(&mut self, successor: &Successor) {
        if let Some(known) = self.successor.as_mut().filter(|known| known.id == successor.id) {
            known.cards.clone_from(&successor.cards);
        }
    }

    fn note(&mut self, successor: &Successor, now: Timestamp) {
        if self.successor.is_none() {
            self.log(What::Succeeded { by: successor.id.clone() }, now);
        }
        self.successor = Some(successor.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::ids::{ApprovalId, ExecutionArn};
    use crate::approval::look_up::Attempt;
    use crate::approval::place::{MessageRef, Platform};
    use crate::approval::sample::{after, approval};

    fn successor() -> Successor {
        let card =
            MessageRef::Card { platform: Platform::Slack, conversation: "C1".to_owned(), message: "2.0".to_owned() };
        Successor { id: ApprovalId::parse("apr_00000000000000000000000000").unwrap(), cards: vec![card] }
    }

    #[test]
    fn a_later_attempt_of_the_same_visit_asks_again() {
        let attempt = |entered, scheduled| {
            let mut approval = approval("");
            approval.attempt = Some(Attempt { entered, scheduled });
            approval
        };
        let earlier = attempt(2, 3);
        assert!(attempt(2, 7).asks_again_for(&earlier));
        assert!(!earlier.asks_again_for(&earlier), "nothing asks again for itself");
        assert!(!earlier.asks_again_for(&attempt(2, 7)), "what came before does not ask again");
        assert!(!attempt(4, 7).asks_again_for(&earlier), "another branch that asks alike is another request");
        let mut unknown = attempt(2, 7);
        unknown.attempt = None;
        assert!(!unknown.asks_again_for(&earlier), "nothing is known of one that was not found");
        let mut elsewhere = attempt(2, 7);
        let arn = "arn:aws:states:eu-west-1:123456789012:execution:calculation:run-2";
        elsewhere.request.execution = ExecutionArn::parse(arn).unwrap();
        assert!(!elsewhere.asks_again_for(&earlier));
    }

    #[test]
    fn what_was_superseded_says_by_what() {
        let mut approval = approval("");
        approval.supersede(&successor(), after(1));
        let event = approval.outbox.last().unwrap();
        assert_eq!(
            (&event.detail["status"], &event.detail["supersededBy"]),
            (&"superseded".into(), &successor().id.as_str().into())
        );
        assert!(!approval.point_to(&successor(), after(2)), "it points there already");
    }

    #[test]
    fn whoever_looked_before_the_later_cards_were_out_points_to_them_once_they_are() {
        let mut approval = approval("");
        approval.supersede(&Successor { cards: Vec::new(), ..successor() }, after(1));
        let (revision, entries) = (approval.revision, approval.journal.len());
        assert!(approval.point_to(&successor(), after(2)) && !approval.point_to(&successor(), after(3)));
        assert_eq!((approval.successor.clone(), approval.revision), (Some(successor()), revision + 1));
        assert_eq!(approval.journal.len(), entries, "who took its place is on record already");
    }

    #[test]
    fn an_unanswered_request_points_to_the_later_one_and_a_decided_one_does_not() {
        for (outcome, points) in [(Outcome::Expired, true), (Outcome::Approved, false), (Outcome::Rejected, false)] {
            let mut approval = approval("");
            approval.resolve(outcome, after(1));
            let revision = approval.revision;
            assert_eq!(approval.point_to(&successor(), after(2)), points);
            assert_eq!((approval.successor.is_some(), approval.revision > revision), (points, points));
        }
        assert!(!approval("").point_to(&successor(), after(2)), "one that waits may still be decided");
    }
}
