//! Getting a request to its places: who has promised to send it where, what the platforms said instead of taking it, and
//! when it is given up because it has reached nobody.

use jiff::{SignedDuration, Timestamp};

use crate::approval::audit::{Failure, Place, What};
use crate::approval::delivery::{Fate, Missing, Next, Unsent};
use crate::approval::follow_up::later;
use crate::approval::place::{Destination, Platform};
use crate::approval::policy::EmailUse;
use crate::approval::record::Approval;
use crate::approval::state::State;

/// Longer than it takes to send a message and to record that it is out, by a machine whose clock is off.
const PROMISE: SignedDuration = SignedDuration::from_secs(90);
/// A platform that wants to be left alone for longer is asked again after this all the same.
const PAUSE_MAX: SignedDuration = SignedDuration::from_mins(5);
/// What is on record of a place whose turn is not soon.
const NO_TURN: &str = "too many others wait to be posted there";
/// What is on record of a place that was promised to, in vain.
const BROKEN_PROMISE: &str = "whoever sent it did not come back, so it may be there";

/// A place that the request was not known to get to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// Where to.
    pub destination: Destination,
    /// What became of it instead.
    pub unsent: Unsent,
}

impl Undelivered {
    /// Whether it is to be tried again. A mail that comes twice is the same mail with the same link. A second card would
    /// leave the first one to itself, which is found with the first press on it.
    pub(crate) fn is_left(&self) -> bool {
        match self.unsent.fate {
            Fate::NotSent { .. } => true,
            Fate::MaybeSent => matches!(self.destination, Destination::Email(_)),
            Fate::Refused => false,
        }
    }

    /// Not before this time, if the platform has named one.
    fn from(&self, now: Timestamp) -> Option<Timestamp> {
        match self.unsent.fate {
            Fate::NotSent { retry_after } => retry_after.map(|pause| later(now, pause.min(PAUSE_MAX))),
            Fate::MaybeSent | Fate::Refused => None,
        }
    }
}

impl Approval {
    /// Where the request goes first: into every chat of the rules, and by mail unless that only stands in for a card.
    pub(crate) fn first_places(&self) -> Vec<Destination> {
        let mut places: Vec<Destination> = self.rules.chats().collect();
        if self.rules.email == EmailUse::Always || (self.rules.email == EmailUse::Fallback && places.is_empty()) {
            places.extend(self.mails());
        }
        places
    }

    /// Why nobody is to be asked, if so: a request that only names an execution of a machine which may ask is not believed,
    /// and one that not enough people may decide on is not worth sending.
    pub(crate) fn why_not_to_ask(&self) -> Option<String> {
        let policy = &self.rules.name;
        if self.lacks_proof() {
            let unproven = "names its callers, and the execution was not seen to hold this task";
            return Some(format!("policy `{policy}` {unproven}"));
        }
        let requester = self.request.requester.as_ref().map(|person| &person.id);
        let (eligible, required) = (self.rules.eligible(requester).count(), self.rules.required);
        let people = if eligible == 1 { "1 person".to_owned() } else { format!("{eligible} people") };
        let unreachable = format!("policy `{policy}` needs {required} approvals, but only {people} may give one");
        (eligible < required).then_some(unreachable)
    }

    /// Promises to send the request to these places, beginning at this time. Nobody else does before that has taken
    /// longer than it ever does, and then anybody may: whoever has promised is not coming back.
    pub(crate) fn promise(&mut self, destinations: &[Destination], from: Timestamp) {
        let until = later(from, PROMISE);
        for destination in destinations {
            if let Some(missing) = self.missing_at(destination) {
                missing.next = Next::Promised { until };
            }
        }
    }

    /// The places that are promised.
    pub(crate) fn promised(&self) -> Vec<Destination> {
        let promised = self.missing.iter().filter(|missing| matches!(missing.next, Next::Promised { .. }));
        promised.map(|missing| missing.destination.clone()).collect()
    }

    /// Leaves a place to whoever looks at the record next, since its turn is not soon.
    pub(crate) fn wait_for_a_turn(&mut self, destination: &Destination, now: Timestamp) {
        if let Some(missing) = self.missing_at(destination) {
            missing.next = Next::Anybody { from: None };
            self.tell_missing(vec![self.failure(destination, NO_TURN)], now);
            self.fall_back();
        }
    }

    /// Lets anybody send what was promised for long enough. A card may be out then that nobody has on record, and is
    /// found with the first press on it.
    pub(super) fn reclaim(&mut self, now: Timestamp) {
        let is_broken = |missing: &Missing| matches!(missing.next, Next::Promised { until } if until <= now);
        let why_not = self.why_not_to_ask();
        let mut broken = Vec::new();
        for missing in self.missing.iter_mut().filter(|missing| is_broken(missing)) {
            // Nothing goes out of what nobody is to be asked.
            (missing.maybe, missing.problem) = (why_not.is_none(), why_not.clone());
            missing.next = if missing.maybe { Next::Anybody { from: None } } else { Next::Nobody };
            broken.push(missing.destination.clone());
        }
        let problem = why_not.as_deref().unwrap_or(BROKEN_PROMISE);
        self.tell_missing(broken.iter().map(|destination| self.failure(destination, problem)).collect(), now);
    }

    /// Notes what the platforms said instead of taking the request, as far as that is news, and who tries again.
    pub(crate) fn undelivered(&mut self, failures: &[Undelivered], now: Timestamp) {
        let mut news = Vec::new();
        for failure in failures {
            let Undelivered { destination, unsent } = failure;
            let from = failure.from(now);
            let Some(missing) = self.missing_at(destination) else { continue };
            let before = missing.clone();
            missing.problem = Some(unsent.problem.clone());
            missing.next = if failure.is_left() { Next::Anybody { from } } else { Next::Nobody };
            missing.maybe |= unsent.fate == Fate::MaybeSent;
            let is_news = before.problem != missing.problem
                || (before.is_left(), before.maybe) != (missing.is_left(), missing.maybe);
            if is_news {
                news.push(self.failure(destination, &unsent.problem));
            }
            self.look_again_from(from);
        }
        self.tell_missing(news, now);
        self.fall_back();
    }

    /// Leaves a platform alone for as long as it wants to be.
    pub(crate) fn spare(&mut self, pause: SignedDuration, now: Timestamp) {
        self.look_again_from(Some(later(now, pause.min(PAUSE_MAX))));
    }

    fn look_again_from(&mut self, from: Option<Timestamp>) {
        if let Some((retry, from)) = self.retry.as_mut().zip(from) {
            retry.at = retry.at.max(from);
        }
    }

    /// Gives up a request that has reached nobody: once every place has refused it for good, or once that has gone on for
    /// as long as the policy lets it. Says whether it was given up.
    pub(crate) fn give_up_unreached(&mut self, now: Timestamp) -> bool {
        self.reclaim(now);
        let is_left = self.missing.iter().any(Missing::is_left);
        if !self.reaches_nobody() || (is_left && now < self.give_up_at()) {
            return false;
        }
        let mut problems: Vec<String> = Vec::new();
        for missing in &self.missing {
            let problem = missing.problem.as_deref().unwrap_or_default();
            let problem = format!("{}: {problem}", missing.destination.platform().name());
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        let problems = problems.join("; ");
        let waited = self.give_up_at().duration_since(self.request.raised_at);
        self.give_up(if is_left { format!("nobody was reached in {waited:#}: {problems}") } else { problems }, now);
        true
    }

    /// Gives up a request that nobody is to be asked, or that has no place to go to, if nobody has been.
    pub(crate) fn give_up_unasked(&mut self, reason: &str, now: Timestamp) {
        if self.state == State::Pending && self.copies.is_empty() {
            self.give_up(reason.to_owned(), now);
        }
    }

    /// Lets mails stand in for a card, where the rules want that, no chat has one and none is promised one.
    fn fall_back(&mut self) {
        let has_card = self.copies.iter().any(|copy| copy.message.is_card());
        let is_promised = self.missing.iter().any(|missing| matches!(missing.next, Next::Promised { .. }));
        if self.rules.email != EmailUse::Fallback || has_card || is_promised || self.state != State::Pending {
            return;
        }
        for mail in self.mails() {
            self.want(mail);
        }
    }

    /// The mails that stand in for a card and were not tried yet.
    pub(crate) fn stand_ins(&self) -> Vec<Destination> {
        let is_untried =
            |missing: &&Missing| missing.problem.is_none() && missing.destination.platform() == Platform::Email;
        let is_free = |missing: &&Missing| matches!(missing.next, Next::Anybody { .. });
        let untried = self.missing.iter().filter(is_untried).filter(is_free);
        untried.map(|missing| missing.destination.clone()).collect()
    }

    /// Has the request sent to a place by whoever looks at the record next, if it is not there and nothing is known of
    /// the place.
    pub(super) fn want(&mut self, destination: Destination) {
        let is_out = self.copies.iter().any(|copy| copy.message.is_at(&destination));
        let is_known = self.missing.iter().any(|missing| missing.destination == destination);
        if !is_out && !is_known {
            self.missing.push(Missing::new(destination));
        }
    }

    /// The mails of those who may decide and have an address.
    fn mails(&self) -> Vec<Destination> {
        let requester = self.request.requester.as_ref().map(|person| &person.id);
        let people = self.rules.eligible(requester).filter(|person| person.email.is_some());
        people.map(|person| Destination::Email(person.id.clone())).collect()
    }

    /// What is known of a place that the request is missing at; none if it is there.
    fn missing_at(&mut self, destination: &Destination) -> Option<&mut Missing> {
        self.want(destination.clone());
        self.missing.iter_mut().find(|missing| missing.destination == *destination)
    }

    fn failure(&self, destination: &Destination, problem: &str) -> Failure {
        let known = self.missing.iter().find(|missing| missing.destination == *destination);
        Failure {
            place: Place::of(self, destination),
            problem: problem.to_owned(),
            again: known.is_some_and(Missing::is_left),
            maybe: known.is_some_and(|missing| missing.maybe),
        }
    }

    fn tell_missing(&mut self, failures: Vec<Failure>, now: Timestamp) {
        if !failures.is_empty() {
            self.log(What::Undelivered { failures }, now);
        }
    }
}

#[cfg(test)]
mod tests;
