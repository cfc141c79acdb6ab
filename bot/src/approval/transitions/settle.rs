//! What Step Functions and the bus made of an approval, and when it is looked at again.

use jiff::{SignedDuration, Timestamp};

use super::truth;
use crate::approval::audit::{Found, What};
use crate::approval::event::Event;
use crate::approval::follow_up::{HEAD_START, PARKED_AFTER, later};
use crate::approval::look_up::LookUp;
use crate::approval::record::{Approval, Retry, Successor};
use crate::approval::sizes;
use crate::approval::state::{Ending, Outcome, Resolution, State};

/// How seldom something parked is tried.
const PARKED: SignedDuration = SignedDuration::from_hours(1);

impl Approval {
    /// Records that Step Functions has the task ended in this way.
    pub fn resolve(&mut self, outcome: Outcome, now: Timestamp) {
        if self.is_withheld() {
            // Nobody has heard of it, and what it asked for is nobody's business now.
            self.outbox.clear();
        }
        self.log(What::resolved(&outcome), now);
        self.state = State::Resolved(Resolution { outcome, at: now });
        self.revision += 1;
        self.leave_to_reconciler(now);
        if let Some(event) = Event::resolved(self) {
            sizes::queue(&mut self.outbox, event);
        }
    }

    /// Records what Step Functions answered to the callback of this ending; says whether that is news, which it is not
    /// if somebody else has recorded it.
    pub(crate) fn called_back(&mut self, ending: &Ending, answer: What, outcome: Outcome, now: Timestamp) -> bool {
        let is_ours = matches!(&self.state, State::Resolving(theirs) if theirs == ending);
        if is_ours {
            self.log(answer, now);
            self.resolve(outcome, now);
        }
        is_ours
    }

    /// Records what Step Functions knows and the record does not: that the execution holds the task, and that one of them
    /// has ended. Says whether anything was written.
    pub(crate) fn learn(&mut self, look_up: &LookUp, successor: Option<&Successor>, now: Timestamp) -> bool {
        let is_proof = self.learn_attempt(look_up);
        let has_ended = self.state == State::Pending && self.learn_outcome(look_up, successor, now);
        let end = look_up.found().and_then(|task| task.end.as_ref()).filter(|_| self.execution_end.is_none());
        if let Some(end) = end {
            self.log(What::ExecutionEnded { status: end.status.clone() }, now);
            self.execution_end = Some(end.showing(&self.rules.show_result));
        }
        if is_proof || has_ended || end.is_some() {
            return true;
        }
        // Before the deadline it is due for a reminder or an escalation, which is still to come.
        let is_for_a_call = self.state == State::Pending && now < self.request.deadline;
        let is_due = self.due_at().is_some_and(|at| at <= now) && !self.is_unfinished();
        if is_due && !is_for_a_call {
            // Nothing has ended, so the question is asked again later and less often.
            self.ask_again(now);
            return true;
        }
        false
    }

    /// Records that the execution holds the task, so that the cards may lead to it.
    fn learn_attempt(&mut self, look_up: &LookUp) -> bool {
        let Some(task) = look_up.found().filter(|_| self.attempt.is_none()) else { return false };
        self.attempt = Some(task.attempt);
        self.revision += 1;
        true
    }

    fn learn_outcome(&mut self, look_up: &LookUp, successor: Option<&Successor>, now: Timestamp) -> bool {
        let Some(outcome) = truth::outcome(self, look_up, now) else { return false };
        self.log(What::LookedUp { found: Found::from(look_up) }, now);
        match successor.filter(|_| outcome.is_unanswered()) {
            Some(successor) => self.supersede(successor, now),
            None => self.resolve(outcome, now),
        }
        true
    }

    /// Takes the events out of the outbox that the bus has accepted.
    pub(crate) fn broadcast(&mut self, accepted: &[String], now: Timestamp) {
        let sent: Vec<String> =
            self.outbox.extract_if(.., |event| accepted.contains(&event.id)).map(|event| event.id).collect();
        if !sent.is_empty() {
            self.log(What::Broadcast { events: sent }, now);
        }
    }

    /// Notes that something is left to do: whoever wrote it does it now, and the reconciler if they cannot.
    pub fn leave_to_reconciler(&mut self, now: Timestamp) {
        self.retry = Some(Retry { failures: 0, at: later(now, HEAD_START) });
    }

    /// Notes that something failed, and puts the next try off: 5 s, doubling, at most 5 minutes.
    pub fn put_off(&mut self, problem: &str, now: Timestamp) {
        self.try_later(problem, SignedDuration::from_secs(5), now);
    }

    /// Notes that messengers have been told of what is left, who are told again a minute later, and less and less often;
    /// or, if nothing is left, that what has failed works again. Says whether anything was written.
    pub fn leave_to_messengers(&mut self, now: Timestamp) -> bool {
        if self.is_unfinished() {
            self.try_later("a message has not arrived", SignedDuration::from_mins(1), now);
            return true;
        }
        let had_failed = self.retry.is_some_and(|retry| retry.failures > 0);
        self.retry = self.retry.filter(|_| !had_failed);
        had_failed
    }

    /// The next try is after this delay, which doubles with each up to 5 minutes. What was tried `PARKED_AFTER` times in a
    /// row in vain is parked, which the bus is told: from then on it is tried each hour.
    fn try_later(&mut self, problem: &str, first: SignedDuration, now: Timestamp) {
        let failures = self.retry.map_or(0, |retry| retry.failures).saturating_add(1);
        let delay = if failures < PARKED_AFTER {
            (first * (1 << failures.min(7).saturating_sub(1))).min(SignedDuration::from_mins(5))
        } else {
            PARKED
        };
        // No sooner than a platform wants to be asked again, and in time for everything that has a time of its own.
        let mut at = later(now, delay).max(self.retry.map_or(now, |retry| retry.at));
        let give_up_at = (self.reaches_nobody() || self.is_withheld()).then(|| self.give_up_at());
        let in_time = [give_up_at, self.stand_in_at(), self.next_call(), self.expires_at()].into_iter().flatten();
        for turning_point in in_time.filter(|point| *point > now) {
            at = at.min(turning_point);
        }
        self.retry = Some(Retry { failures, at });
        if failures == PARKED_AFTER {
            self.log(What::Parked { problem: problem.to_owned(), failures }, now);
            self.outbox.push(Event::parked(self, problem, failures, now));
        }
    }

    /// Notes that Step Functions had no news, and asks again after as long as has passed since there should have been
    /// some: at least 5 seconds, at most 5 minutes, or an hour for the end of an execution, which its event tells as well.
    pub fn ask_again(&mut self, now: Timestamp) {
        let (awaited, longest) = match self.resolution() {
            Some(resolution) => (resolution.at, SignedDuration::from_hours(1)),
            None => (self.request.deadline, SignedDuration::from_mins(5)),
        };
        let delay = now.duration_since(awaited).clamp(SignedDuration::from_secs(5), longest);
        self.retry = Some(Retry { failures: 0, at: later(now, delay) });
    }

    /// Forgets the next try if nothing is left to do.
    pub(crate) fn rest_if_finished(&mut self) {
        if !self.is_unfinished() {
            self.retry = None;
        }
    }
}
