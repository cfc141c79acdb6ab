//! Whose approval counts, which seats are filled, and by whom.

use super::ids::PersonId;
use super::policy::Person;
use super::record::{Approval, Vote};
use super::seats::{self, Seats};

impl Approval {
    /// The approvers whose decision counts here: neither whoever asked, unless the policy says so, nor whoever has approved
    /// under a policy that this one is kept apart from.
    pub fn eligible(&self) -> impl Iterator<Item = &Person> {
        let requester = self.request.requester.as_ref().map(|person| &person.id);
        self.rules.eligible(requester).filter(|person| !self.apart.contains_key(&person.id))
    }

    /// Who may decide, has said nothing yet and could still give an approval that counts.
    pub fn silent(&self) -> impl Iterator<Item = &Person> {
        let has_voted = |person: &Person| self.votes.iter().any(|vote| vote.person == person.id);
        self.eligible().filter(move |person| !has_voted(person) && self.would_count(&person.id))
    }

    /// The seats with the votes of those who fill them; none where the rules only count people.
    pub fn seating(&self) -> Vec<(&Seats, Vec<&Vote>)> {
        let filled = seats::fill(&self.rules.seats, self.approvers(), |seats, vote| self.may_fill(seats, &vote.person));
        self.rules.seats.iter().zip(filled).collect()
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

    /// Whether an approval of this person would fill a seat, where there are any. Who could fill none of those that are
    /// open, not even if others moved, cannot do so later either, unless somebody is called in.
    pub fn would_count(&self, person: &PersonId) -> bool {
        if self.rules.seats.is_empty() {
            return true;
        }
        let people = self.approvers().map(|vote| &vote.person).chain([person]);
        let filled = seats::fill(&self.rules.seats, people, |seats, person| self.may_fill(seats, person));
        filled.concat().contains(&person)
    }

    /// Those who are called in may fill any seat.
    fn may_fill(&self, seats: &Seats, person: &PersonId) -> bool {
        let called_in = self.escalated().map(|(_, people)| people).unwrap_or_default();
        seats.people.contains(person) || called_in.iter().any(|called_in| called_in.id == *person)
    }
}

#[cfg(test)]
mod tests;
