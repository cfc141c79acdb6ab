//! Getting a request to its places: what the platforms said instead of taking it, when mails stand in for a card, and when
//! a request is given up because it has reached nobody.

use jiff::{SignedDuration, Timestamp};

use crate::approval::audit::{Failure, Place, What};
use crate::approval::delivery::{Fate, Missing, Unsent};
use crate::approval::event::DetailType;
use crate::approval::follow_up::later;
use crate::approval::place::{Destination, Platform};
use crate::approval::policy::{EmailUse, Person};
use crate::approval::record::{Approval, Retry};
use crate::approval::state::State;

/// Whoever has recorded a request has shown by then that its execution holds the task, or is not coming back.
const PROVEN_WITHIN: SignedDuration = SignedDuration::from_secs(90);
/// A chat has so long to take a card before mails stand in for it, be it that too many others wait there.
const STAND_IN_AFTER: SignedDuration = SignedDuration::from_mins(5);
/// At most so many copies go to people's own chats: each of them is a message more for every change.
pub const DIRECT_MAX: usize = 10;
/// Why a request without a place to go to reaches nobody.
const NOWHERE: &str = "the policy names no channel and no address that the request could be sent to";
/// What is on record of a place where somebody was killed while they sent the request there.
const CUT_SHORT: &str = "whoever sent it did not come back, so it may be there";

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
}

impl Approval {
    /// Where the request goes first: into every chat of the rules, to those who get a copy of their own, and by mail unless
    /// that only stands in for a card.
    pub(crate) fn first_places(&self) -> Vec<Destination> {
        let mut places: Vec<Destination> = self.rules.chats().collect();
        let is_mailed =
            self.rules.email == EmailUse::Always || (self.rules.email == EmailUse::Fallback && places.is_empty());
        places.extend(self.own_chats());
        places.extend(is_mailed.then(|| self.mails()).into_iter().flatten());
        places
    }

    /// The own chats of those whom the first card calls, where the rules want that: on the platforms that get a card, or if
    /// none does on all.
    fn own_chats(&self) -> Vec<Destination> {
        if !self.rules.calling.direct {
            return Vec::new();
        }
        let has_card =
            |chat: &Platform| self.rules.conversations.is_empty() || self.rules.conversation(*chat).is_some();
        let own_chats = self.first_called().into_iter().flat_map(|person| {
            person
                .chats
                .keys()
                .filter(|chat| has_card(chat))
                .map(move |chat| Destination::Direct(*chat, person.id.clone()))
        });
        own_chats.take(DIRECT_MAX).collect()
    }

    /// Why nobody is to be asked, if so: a request that only names an execution of a machine which may ask is not believed,
    /// and one that has no place to go to cannot be sent.
    pub(crate) fn why_not_to_ask(&self) -> Option<String> {
        if self.lacks_proof() {
            if self.proven_first && !self.rules.need_proof() {
                return Some("the execution that the request names was not seen to hold its task".to_owned());
            }
            let policy = &self.rules.name;
            let unproven = if self.rules.callers.is_empty() {
                "is kept apart from another in the same execution, which was not seen to hold this task"
            } else {
                "names its callers, and the execution was not seen to hold this task"
            };
            return Some(format!("policy `{policy}` {unproven}"));
        }
        self.missing.is_empty().then(|| NOWHERE.to_owned())
    }

    /// Notes that somebody may have sent the request there and was killed before they could say so. A card may be out then
    /// that nobody has on record, and is found with the first press on it. Says whether that is news.
    pub(crate) fn suspect(&mut self, destination: &Destination, now: Timestamp) -> bool {
        let missing = self.missing.iter_mut().find(|missing| missing.destination == *destination);
        let Some(missing) = missing.filter(|missing| missing.is_untried()) else { return false };
        (missing.maybe, missing.problem) = (true, Some(CUT_SHORT.to_owned()));
        self.tell_missing(self.failure(destination, CUT_SHORT), now);
        true
    }

    /// Notes what a platform said instead of taking the request, as far as that is news, and whether it is tried again.
    pub(crate) fn undelivered(&mut self, failure: &Undelivered, now: Timestamp) {
        let Undelivered { destination, unsent } = failure;
        let is_here = |missing: &&mut Missing| missing.destination == *destination;
        let Some(missing) = self.missing.iter_mut().find(is_here) else { return };
        let before = missing.clone();
        missing.problem = Some(unsent.problem.clone());
        missing.is_left = failure.is_left();
        missing.maybe = match unsent.fate {
            Fate::MaybeSent => true,
            // Whoever was killed may not have got as far as the platform, which has spoken now.
            Fate::NotSent { .. } => missing.maybe && before.problem.as_deref() != Some(CUT_SHORT),
            // What is never taken was not taken before either.
            Fate::Refused => false,
        };
        if before != *missing {
            self.tell_missing(self.failure(destination, &unsent.problem), now);
        }
        if let Some((retry, pause)) = self.retry.as_mut().zip(unsent.fate.pause()) {
            retry.at = retry.at.max(later(now, pause));
        }
        let is_to_come =
            |missing: &Missing| matches!(missing.destination, Destination::Chat(_)) && missing.is_untried();
        if !self.missing.iter().any(is_to_come) {
            self.fall_back();
        }
        if self.reaches_nobody() && !self.missing.iter().any(|missing| missing.is_left) {
            // Whoever gives it up need not wait.
            self.retry = Some(Retry { failures: 0, at: now });
        }
    }

    /// When mails stand in for a card that no chat has taken by then; none if they do not.
    pub(super) fn stand_in_at(&self) -> Option<Timestamp> {
        self.lacks_stand_in().then(|| later(self.request.raised_at, STAND_IN_AFTER))
    }

    /// Lets mails stand in for a card that no chat has taken for so long, and says whether any do now.
    pub(crate) fn stand_in(&mut self, now: Timestamp) -> bool {
        self.stand_in_at().is_some_and(|at| at <= now) && self.fall_back()
    }

    /// Gives up a request that nobody is to be asked or that has reached nobody: once every place has refused it for good,
    /// or once that has gone on for as long as the policy lets it. Says whether it was given up.
    pub(crate) fn give_up_unreached(&mut self, now: Timestamp) -> bool {
        if self.lacks_proof() && now < self.proven_by() {
            return false;
        }
        if self.give_up_unasked(now) {
            return true;
        }
        let is_left = self.missing.iter().any(|missing| missing.is_left);
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

    /// Until when a request may be proven that nobody is asked without. Where a role of another account has to be there for
    /// it, somebody may have to mend that, as when a place refuses it for now.
    fn proven_by(&self) -> Timestamp {
        if self.proven_first { self.give_up_at() } else { later(self.request.raised_at, PROVEN_WITHIN) }
    }

    /// Gives up a request that nobody is to be asked, if nobody has been, and says whether it was given up.
    pub(crate) fn give_up_unasked(&mut self, now: Timestamp) -> bool {
        let is_unasked = self.state == State::Pending && self.copies.is_empty();
        let Some(reason) = self.why_not_to_ask().filter(|_| is_unasked) else { return false };
        self.outbox.retain(|event| event.detail_type != DetailType::Requested);
        self.give_up(reason, now);
        true
    }

    /// Whether mails are to stand in for a card, which the rules want where no chat has one.
    fn lacks_stand_in(&self) -> bool {
        let has_card = self.copies.iter().any(|copy| copy.message.is_shared());
        self.rules.email == EmailUse::Fallback && !has_card && self.state == State::Pending
    }

    /// Lets mails stand in for a card, where the rules want that and no chat has one.
    fn fall_back(&mut self) -> bool {
        if !self.lacks_stand_in() {
            return false;
        }
        let before = self.missing.len();
        for mail in self.mails() {
            self.want(mail);
        }
        self.missing.len() > before
    }

    /// Has the request sent to a place, if it is not there and nothing is known of the place.
    pub(super) fn want(&mut self, destination: Destination) {
        let is_out = self.copies.iter().any(|copy| copy.message.is_at(&destination));
        let is_known = self.missing.iter().any(|missing| missing.destination == destination);
        if !is_out && !is_known {
            self.missing.push(Missing::new(destination));
        }
    }

    /// Asks those who stand in by mail and in their own chats, where those for whom they do are asked so.
    pub(super) fn call_stand_ins(&mut self) {
        let is_direct = |destination: &Destination| matches!(destination, Destination::Direct(..));
        let known = self.missing.iter().filter(|missing| is_direct(&missing.destination)).count()
            + self.copies.iter().filter(|copy| is_direct(&copy.message.destination())).count();
        let is_known = |destination: &Destination| {
            self.missing.iter().any(|missing| missing.destination == *destination)
                || self.copies.iter().any(|copy| copy.message.is_at(destination))
        };
        let new: Vec<Destination> = self.own_chats().into_iter().filter(|own_chat| !is_known(own_chat)).collect();
        new.into_iter().take(DIRECT_MAX.saturating_sub(known)).for_each(|own_chat| self.want(own_chat));
        let is_mail = |destination: &Destination| matches!(destination, Destination::Email(_));
        let is_mailed = self.missing.iter().any(|missing| is_mail(&missing.destination))
            || self.copies.iter().any(|copy| is_mail(&copy.message.destination()));
        if self.rules.email == EmailUse::Always || (self.rules.email == EmailUse::Fallback && is_mailed) {
            for mail in self.mails() {
                self.want(mail);
            }
        }
    }

    /// The mails of those who may decide, be it for somebody who is away, may be called, and have an address.
    fn mails(&self) -> Vec<Destination> {
        let may_call = |person: &Person| self.rules.calling.may_call(&person.id);
        let stands_in =
            |person: &&Person| self.stands_for(&person.id, self.request.raised_at).into_iter().any(may_call);
        let people = self.eligible().filter(|person| may_call(person));
        let people = people.chain(self.rules.delegates.iter().filter(stands_in));
        let mut mails = Vec::new();
        for mail in people.filter(|person| person.email.is_some()).map(|person| Destination::Email(person.id.clone())) {
            if !mails.contains(&mail) {
                mails.push(mail);
            }
        }
        mails
    }

    fn failure(&self, destination: &Destination, problem: &str) -> Failure {
        let known = self.missing.iter().find(|missing| missing.destination == *destination);
        Failure {
            place: Place::of(self, destination),
            problem: problem.to_owned(),
            again: known.is_some_and(|missing| missing.is_left),
            maybe: known.is_some_and(|missing| missing.maybe),
        }
    }

    fn tell_missing(&mut self, failure: Failure, now: Timestamp) {
        self.log(What::Undelivered { failures: vec![failure] }, now);
    }
}

#[cfg(test)]
mod tests;
