//! Whose approval counts, which seats are filled, and by whom.

use jiff::Timestamp;

use super::delegation::StandIn;
use super::ids::PersonId;
use super::policy::Person;
use super::record::{Approval, Vote};
use super::seats::{self, Seats};
use super::state::Verdict;

impl Approval {
    /// The approvers whose decision counts here: neither whoever asked, unless the policy says so, nor whoever has approved
    /// under a policy that this one is kept apart from.
    pub fn eligible(&self) -> impl Iterator<Item = &Person> {
        let requester = self.request.requester.as_ref().map(|person| &person.id);
        self.rules.eligible(requester).filter(|person| !self.apart.contains_key(&person.id))
    }

    /// For whom this person stands in, whose decision counts here. Whoever asked stands in for nobody, unless the policy lets
    /// them decide, nor does whoever is kept apart; and nobody passes on what was passed to them.
    pub fn stands_for<'a>(&'a self, person: &'a PersonId, now: Timestamp) -> Vec<&'a Person> {
        let is_requester = self.request.requester.as_ref().is_some_and(|requester| requester.id == *person);
        if (is_requester && !self.rules.self_approval) || self.apart.contains_key(person) {
            return Vec::new();
        }
        let holds = |stand_in: &&StandIn| stand_in.delegate == *person && now < stand_in.until;
        let absent: Vec<&PersonId> = self.stand_ins.iter().filter(holds).map(|stand_in| &stand_in.absent).collect();
        self.eligible().filter(|approver| approver.id != *person && absent.contains(&&approver.id)).collect()
    }

    /// In whose place the approval of this person counts, where it is not their own.
    pub fn counts_for(&self, vote: &Vote) -> Option<&Person> {
        // Nothing has to be matched where nobody stands in.
        let is_own = self.rules.approver(&vote.person).is_some();
        let first = vote.stands_for.first()?;
        let place = if vote.verdict == Verdict::Approve {
            let places = self.matching(None).concat();
            places.into_iter().find(|(voter, _)| **voter == vote.person).map(|(_, place)| place.clone())
        } else {
            Some(first.clone()).filter(|_| !is_own)
        };
        place.filter(|place| *place != vote.person).and_then(|place| self.rules.approver(&place))
    }

    /// Who has approved, each with the place that it counts in, in the seats; one more may be asked about.
    fn matching<'a>(
        &'a self,
        more: Option<(&'a PersonId, Vec<&'a PersonId>)>,
    ) -> Vec<Vec<(&'a PersonId, &'a PersonId)>> {
        let places = |person: &'a PersonId, others: Vec<&'a PersonId>| {
            let own = self.rules.approver(person).map(|_| person);
            (person, own.into_iter().chain(others).collect::<Vec<_>>())
        };
        let people =
            self.approvers().map(|vote| (&vote.person, vote.stands_for.iter().collect::<Vec<_>>())).chain(more);
        let people = people.map(|(person, others)| places(person, others));
        if self.rules.seats.is_empty() {
            let everybody = Seats { from: Vec::new(), people: Vec::new(), count: usize::MAX };
            return seats::fill(&[everybody], people, |_, _| true);
        }
        seats::fill(&self.rules.seats, people, |seats, person| self.may_fill(seats, person))
    }

    /// Who may decide, has said nothing yet and could still give an approval that counts.
    pub fn silent(&self) -> impl Iterator<Item = &Person> {
        let has_voted = |person: &Person| self.votes.iter().any(|vote| vote.person == person.id);
        self.eligible().filter(move |person| !has_voted(person) && self.would_count(&person.id, &[]))
    }

    /// Those who are called again: who may decide, has said nothing and may be called, and who stands in for them.
    pub fn called(&self) -> Vec<&Person> {
        self.with_stand_ins(self.silent().filter(|person| self.rules.calling.may_call(&person.id)).collect())
    }

    /// Those whom the first card calls: who may decide, as far as the policy has them mentioned, and who stands in for them.
    pub fn first_called(&self) -> Vec<&Person> {
        self.with_stand_ins(self.eligible().filter(|person| self.rules.calling.mentions(&person.id)).collect())
    }

    fn with_stand_ins<'a>(&'a self, mut called: Vec<&'a Person>) -> Vec<&'a Person> {
        let is_awaited = |stand_in: &&StandIn| called.iter().any(|person| person.id == stand_in.absent);
        let delegates = self.stand_ins.iter().filter(is_awaited).map(|stand_in| &stand_in.delegate);
        let has_voted = |person: &Person| self.votes.iter().any(|vote| vote.person == person.id);
        let delegates: Vec<&Person> =
            delegates.filter_map(|delegate| self.rules.person(delegate)).filter(|person| !has_voted(person)).collect();
        for delegate in delegates {
            if !called.iter().any(|person| person.id == delegate.id) {
                called.push(delegate);
            }
        }
        called
    }

    /// Whether this person may decide now and has said nothing yet, in their own right or for somebody who is away, and could
    /// give an approval that counts.
    pub fn waits_for(&self, person: &PersonId, now: Timestamp) -> bool {
        let stands_for: Vec<&PersonId> = self.stands_for(person, now).into_iter().map(|absent| &absent.id).collect();
        let may_decide = !stands_for.is_empty() || self.eligible().any(|approver| approver.id == *person);
        let has_voted = self.votes.iter().any(|vote| vote.person == *person);
        may_decide && !has_voted && self.would_count(person, &stands_for)
    }

    /// The seats with the votes of those who fill them; none where the rules only count people.
    pub fn seating(&self) -> Vec<(&Seats, Vec<&Vote>)> {
        if self.rules.seats.is_empty() {
            return Vec::new();
        }
        let votes = |people: Vec<(&PersonId, &PersonId)>| {
            let has_seat = |vote: &&Vote| people.iter().any(|(person, _)| **person == vote.person);
            self.approvers().filter(has_seat).collect::<Vec<_>>()
        };
        self.rules.seats.iter().zip(self.matching(None).into_iter().map(votes)).collect()
    }

    /// The seats of which this person fills one.
    pub fn seats_of(&self, person: &PersonId) -> Option<&Seats> {
        let is_here = |(_, votes): &(&Seats, Vec<&Vote>)| votes.iter().any(|vote| vote.person == *person);
        self.seating().into_iter().find(is_here).map(|(seats, _)| seats)
    }

    /// Whose seats are not filled yet.
    pub fn open_seats(&self) -> Vec<String> {
        let open = self.seating().into_iter().filter(|(seats, votes)| votes.len() < seats.count);
        open.map(|(seats, _)| self.rules.names_of(seats).join(" or ")).collect()
    }

    /// Whether enough people have approved, and every seat is filled.
    pub fn is_filled(&self) -> bool {
        self.approvals() >= self.rules.required
            && self.seating().iter().all(|(seats, votes)| votes.len() >= seats.count)
    }

    /// Whether an approval of this person, who stands in for these, would count beside those there are: in a place that
    /// nobody has approved in, and on a seat, where there are any. Who could fill none of those that are open, not even if
    /// others moved, cannot do so later either, unless somebody is called in.
    pub fn would_count(&self, person: &PersonId, stands_for: &[&PersonId]) -> bool {
        let stands_in = self.votes.iter().any(|vote| !vote.stands_for.is_empty()) || !stands_for.is_empty();
        if self.rules.seats.is_empty() && !stands_in {
            return true;
        }
        let places = self.matching(Some((person, stands_for.to_vec()))).concat();
        places.iter().any(|(voter, _)| *voter == person)
    }

    /// Those who are called in may fill any seat.
    fn may_fill(&self, seats: &Seats, person: &PersonId) -> bool {
        let called_in = self.escalated().map(|(_, people)| people).unwrap_or_default();
        seats.people.contains(person) || called_in.iter().any(|called_in| called_in.id == *person)
    }
}

#[cfg(test)]
mod tests;
