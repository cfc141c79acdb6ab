//! What is left to do about an approval, read from its record alone: which messages to send, and when to look again.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::delivery::{Delivery, Missing, Subject};
use super::notes::Note;
use super::place::{Destination, MessageRef, Platform};
use super::record::{Approval, SentMessage};
use super::request::Request;
use super::state::State;

/// How long whoever recorded a change has before the reconciler also looks at it.
pub(super) const HEAD_START: SignedDuration = SignedDuration::from_secs(15);
/// How long a request that has reached nobody is tried at the longest, where the policy does not say it.
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_mins(10);
/// How long the reconciler keeps asking how the execution ended, for the last note to the requester.
const RESULT_AWAITED: SignedDuration = SignedDuration::from_hours(24);
/// The same where the history has not shown that the execution is the one that waited.
const PROOF_AWAITED: SignedDuration = SignedDuration::from_mins(10);

/// So many failures in a row take about three hours, and no passing trouble lasts that long without being known.
pub const PARKED_AFTER: u32 = 40;

/// Something to send, found by looking at the record alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// Send the request to where it could not be sent before.
    Send(Destination),
    /// Make this card show the record as it is.
    Update(MessageRef),
    /// Tell something beside this copy.
    Tell {
        /// The card in whose thread it is told, or the mail that is answered.
        message: MessageRef,
        /// What is told.
        note: Note,
        /// Its place among the approval's notes, from 0.
        number: usize,
    },
}

impl Errand {
    /// Where it is run.
    pub fn destination(&self) -> Destination {
        match self {
            Self::Send(destination) => destination.clone(),
            Self::Update(message) | Self::Tell { message, .. } => message.destination(),
        }
    }
}

impl Approval {
    /// Whether what is left to do has failed too often to be tried again soon.
    pub fn is_parked(&self) -> bool {
        self.retry.is_some_and(|retry| retry.failures >= PARKED_AFTER)
    }

    /// When the reconciler should look at this approval next; never, once everything is done.
    pub fn due_at(&self) -> Option<Timestamp> {
        let retry_at = self.retry.map(|retry| retry.at);
        if self.is_unfinished() {
            return Some(retry_at.unwrap_or(self.request.raised_at));
        }
        match &self.state {
            State::Pending => {
                let at = self.next_call().unwrap_or(self.request.deadline);
                Some(retry_at.map_or(at, |retry_at| retry_at.max(at)))
            }
            State::Resolving(_) => retry_at,
            State::Resolved(resolution) => {
                let at = retry_at.unwrap_or(later(resolution.at, HEAD_START));
                let awaited = if self.attempt.is_some() { RESULT_AWAITED } else { PROOF_AWAITED };
                let is_awaited = self.awaits_execution_end() && at < later(resolution.at, awaited);
                is_awaited.then_some(at).into_iter().chain(self.next_glass_reminder()).min()
            }
        }
    }

    /// Whether something that is recorded has not reached everybody it should reach.
    pub fn is_unfinished(&self) -> bool {
        let is_left = self.missing.iter().any(|missing| missing.is_left);
        matches!(self.state, State::Resolving(_))
            || !self.outbox.is_empty()
            || !self.errands().is_empty()
            || self.asks_nobody()
            || (self.reaches_nobody() && !is_left)
    }

    /// Whether nobody is to be asked, which is still to be said or, without proof that the execution holds the task, to be
    /// found out.
    pub(crate) fn asks_nobody(&self) -> bool {
        self.state == State::Pending && self.copies.is_empty() && self.why_not_to_ask().is_some()
    }

    /// Whether every place has been tried that the request has to get to.
    pub fn is_tried_everywhere(&self) -> bool {
        !self.missing.iter().any(Missing::is_untried)
    }

    /// Whether every place has refused the request, be it for good, and it is not known to be, and cannot be, anywhere.
    /// One that was not tried yet has not refused it.
    pub fn reaches_nobody(&self) -> bool {
        let has_refused = |missing: &Missing| missing.problem.is_some() && !missing.maybe;
        let is_tried = !self.missing.is_empty() && self.missing.iter().all(has_refused);
        self.state == State::Pending && self.copies.is_empty() && is_tried
    }

    /// When the wait ends, if nobody has decided by then.
    pub(super) fn expires_at(&self) -> Option<Timestamp> {
        (self.state == State::Pending).then_some(self.request.deadline)
    }

    /// When a request is given up that has reached nobody: as the policy says, or after ten minutes or half of the time
    /// there is, whichever is shorter.
    pub fn give_up_at(&self) -> Timestamp {
        let Request { raised_at, deadline, .. } = self.request;
        let by_default = (deadline.duration_since(raised_at) / 2).min(GIVE_UP_AFTER);
        later(raised_at, self.rules.give_up_after.unwrap_or(by_default))
    }

    /// Whether somebody still waits to hear in a thread how the execution ended.
    pub fn awaits_execution_end(&self) -> bool {
        self.execution_end.is_none() && self.live_copies().any(|copy| copy.message.is_shared())
    }

    /// Whether nothing is left to do now but to ask whether the execution, which is known to be the one that waited, has
    /// ended.
    pub fn is_polled(&self, now: Timestamp) -> bool {
        let has_ended = self.resolution().is_some() && self.attempt.is_some();
        let is_reminder_due = self.next_glass_reminder().is_some_and(|at| at <= now);
        has_ended && self.awaits_execution_end() && !self.is_unfinished() && !is_reminder_due
    }

    /// Whether the task may still be completed, or is to be looked for in the history of its execution.
    pub fn needs_token(&self) -> bool {
        self.resolution().is_none() || self.is_unfinished() || self.awaits_execution_end()
    }

    /// What has to be sent so that every copy, and whoever reads beside it, know what is recorded.
    pub fn errands(&self) -> Vec<Errand> {
        let mut errands = Vec::new();
        if self.state == State::Pending && self.missing.iter().any(|missing| missing.is_left) && !self.asks_nobody() {
            let left = self.missing.iter().filter(|missing| missing.is_left);
            errands.extend(left.map(|missing| Errand::Send(missing.destination.clone())));
        }
        for copy in self.live_copies() {
            // A mail cannot be changed; it is answered.
            if copy.message.is_card() && copy.shows < self.revision {
                errands.push(Errand::Update(copy.message.clone()));
            }
            errands.extend(self.next_note(copy).map(|(number, note)| Errand::Tell {
                message: copy.message.clone(),
                note,
                number,
            }));
        }
        errands
    }

    /// The errands in one place, in the order in which they are run.
    pub fn errands_in(&self, destination: &Destination) -> Vec<Errand> {
        let mut errands = self.errands();
        errands.retain(|errand| errand.destination() == *destination);
        errands
    }

    /// What messengers have to do so that every place shows what is recorded: one delivery for each.
    pub fn deliveries(&self) -> Vec<Delivery> {
        let destinations: BTreeSet<Destination> = self.errands().iter().map(Errand::destination).collect();
        let delivery = |destination: Destination| {
            let place = match &destination {
                Destination::Chat(chat) => {
                    format!("{}:{}", chat.key(), self.rules.conversation(*chat).unwrap_or_default())
                }
                Destination::Direct(chat, person) => format!("{}:direct:{person}", chat.key()),
                Destination::Email(person) => format!("{}:{person}", Platform::Email.key()),
            };
            let waits_its_turn = |missing: &Missing| missing.destination == destination && missing.is_untried();
            let version = if self.missing.iter().any(waits_its_turn) { 0 } else { self.version };
            Delivery { subject: Subject::Approval { id: self.id.clone(), destination }, place, version }
        };
        destinations.into_iter().map(delivery).collect()
    }

    /// The copies that can still be changed or answered.
    fn live_copies(&self) -> impl Iterator<Item = &SentMessage> {
        self.copies.iter().filter(|copy| !copy.lost)
    }
}

/// A time moved into the future, as far as time goes.
pub(super) fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::ids::PersonId;
    use crate::approval::look_up::ExecutionEnd;
    use crate::approval::place::Platform;
    use crate::approval::record::Retry;
    use crate::approval::sample::{after, approval};
    use crate::approval::state::Outcome;

    fn card() -> MessageRef {
        MessageRef::Card { platform: Platform::Slack, conversation: "C1".to_owned(), message: "1.0".to_owned() }
    }

    fn outcome(message: MessageRef) -> Errand {
        Errand::Tell { message, note: Note::Outcome, number: 0 }
    }

    /// A request that is out in Slack alone.
    fn out() -> Approval {
        let mut approval = approval("slack_channel = \"C1\"\nemail = \"never\"");
        approval.adopt(&card());
        approval
    }

    fn mail() -> MessageRef {
        MessageRef::Email { person: PersonId::parse("ada").unwrap() }
    }

    /// Whoever repairs writes into the record that it did. What waits in the queue for that long is the same for it.
    #[test]
    fn a_place_that_nobody_has_tried_is_told_the_same_until_somebody_has() {
        let mut approval = approval("slack_channel = \"C1\"\nemail = \"never\"");
        approval.missing = vec![Missing::new(Destination::Chat(Platform::Slack))];
        let told = approval.deliveries();
        approval.version += 1;
        assert!(told.len() == 1 && approval.deliveries() == told);
        approval.missing[0].problem = Some("not now".to_owned());
        let retried = approval.deliveries();
        assert_eq!(retried[0].version, approval.version);
        approval.version += 1;
        assert_ne!(approval.deliveries(), retried);
    }

    #[test]
    fn a_pending_approval_is_due_at_its_deadline_and_at_once_while_something_is_unsent() {
        let mut approval = out();
        assert_eq!(approval.due_at(), Some(after(15)));
        approval.outbox.clear();
        approval.copies[0].shows = approval.revision;
        assert_eq!(approval.due_at(), Some(after(600)));
        approval.revision += 1;
        assert_eq!(approval.errands(), [Errand::Update(card())]);
        assert_eq!(approval.due_at(), Some(after(15)));
    }

    #[test]
    fn a_vote_changes_the_card_and_only_the_end_is_mailed() {
        let mut approval = out();
        approval.adopt(&mail());
        approval.revision += 1;
        assert_eq!(approval.errands(), [Errand::Update(card())]);
        approval.resolve(Outcome::Expired, after(600));
        let all = [Errand::Update(card()), outcome(card()), outcome(mail())];
        assert_eq!(approval.errands(), all);
    }

    #[test]
    fn a_request_that_could_not_be_sent_is_sent_as_long_as_it_waits() {
        let mut approval = approval("slack_channel = \"C1\"\nemail = \"never\"");
        approval.outbox.clear();
        assert_eq!(approval.errands(), [Errand::Send(Destination::Chat(Platform::Slack))]);
        assert_eq!(approval.due_at(), Some(after(15)));
        approval.resolve(Outcome::Expired, after(600));
        assert_eq!(approval.errands(), []);
    }

    #[test]
    fn a_card_that_turns_up_late_is_updated_and_nobody_is_mailed_again() {
        let mut approval = approval("slack_channel = \"C1\"");
        approval.adopt(&mail());
        approval.resolve(Outcome::Approved, after(60));
        approval.copies[0].heard = 1;
        assert!(approval.adopt(&card()));
        assert_eq!(approval.errands(), [Errand::Update(card()), outcome(card())]);
    }

    #[test]
    fn an_ended_approval_is_due_until_the_requester_has_heard_the_result() {
        let mut approval = out();
        approval.resolve(Outcome::Approved, after(60));
        approval.outbox.clear();
        approval.copies[0].shows = approval.revision;
        approval.copies[0].heard = 1;
        assert_eq!(approval.due_at(), Some(after(75)));
        let end = ExecutionEnd { status: "SUCCEEDED".to_owned(), output: None };
        approval.execution_end = Some(end.clone());
        assert_eq!(approval.errands(), [Errand::Tell { message: card(), note: Note::Result(end), number: 1 }]);
        approval.copies[0].heard = 2;
        assert_eq!(approval.due_at(), None);
    }

    #[test]
    fn failures_are_tried_again_less_and_less_often() {
        let mut approval = approval("");
        let mut waits = Vec::new();
        for _ in 0..9 {
            approval.put_off("no answer", after(15));
            waits.push(approval.due_at().unwrap().as_second() - after(15).as_second());
        }
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
    }

    #[test]
    fn what_fails_for_hours_is_parked_once_and_tried_each_hour() {
        let mut approval = approval("");
        approval.outbox.clear();
        for number in 1..=PARKED_AFTER + 2 {
            assert_eq!(approval.is_parked(), number > PARKED_AFTER);
            // After the deadline nothing has a time of its own.
            approval.put_off("no answer", after(700));
        }
        let told: Vec<&str> = approval.outbox.iter().map(|event| event.detail_type.as_str()).collect();
        assert_eq!(told, ["Approval Parked"]);
        assert_eq!(approval.due_at(), Some(after(4_300)));
        approval.leave_to_reconciler(after(700));
        assert!(!approval.is_parked(), "whoever changes it gives it a new start");
    }

    #[test]
    fn what_waits_for_a_place_is_looked_at_in_time_for_what_has_a_time_of_its_own() {
        let mut approval = approval("slack_channel = \"C1\"\nemail = \"never\"\nremind_after = [\"5m\"]");
        for _ in 0..9 {
            approval.put_off("no answer", after(250));
        }
        assert_eq!(approval.due_at(), Some(after(300)), "the reminder");
        approval.put_off("no answer", after(590));
        assert_eq!(approval.due_at(), Some(after(600)), "the deadline");
    }

    #[test]
    fn step_functions_is_asked_less_often_the_longer_it_has_no_news() {
        let mut approval = approval("");
        for (now, wait) in [(600, 5), (605, 5), (612, 12), (700, 100), (5_000, 300)] {
            approval.ask_again(after(now));
            assert_eq!(approval.retry, Some(Retry { failures: 0, at: after(now + wait) }), "{now}");
        }
    }
}
