//! Seats of a quorum: so many of these people and so many of those, each of whom fills one.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::ids::PersonId;

/// So many approvals of these people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seats {
    /// The groups and people whose seats they are, by their keys in the policy.
    pub from: Vec<String>,
    /// The people behind these, each once.
    pub people: Vec<PersonId>,
    /// How many of them must approve.
    pub count: usize,
}

/// Who fills which seats, and as whom: as many of those who have approved as can, each one seat. Somebody who stands in for
/// others may fill a seat in the place of any of them, whose place is then taken.
///
/// Whoever comes first keeps a seat, though perhaps another one: they make room for somebody who can fill no other. That
/// is a greatest flow from people through the places that they may take to the seats, found by augmenting paths.
pub fn fill<P: Copy, I: Copy + Ord>(
    seats: &[Seats],
    people: impl IntoIterator<Item = (P, Vec<I>)>,
    may_fill: impl Fn(&Seats, I) -> bool,
) -> Vec<Vec<(P, I)>> {
    let mut seating = Seating { seats, may_fill, people: Vec::new(), counts_as: Vec::new(), sits: BTreeMap::new() };
    for person in people {
        seating.people.push(person);
        seating.counts_as.push(None);
        seating.seat(seating.people.len() - 1, &mut Tried::default());
    }
    let mut filled = vec![Vec::new(); seats.len()];
    for ((person, _), place) in seating.people.iter().zip(&seating.counts_as) {
        if let Some((place, kind)) = place.and_then(|place| Some((place, *seating.sits.get(&place)?))) {
            filled[kind].push((*person, place));
        }
    }
    filled
}

/// How many of these people could fill seats together, each one.
pub fn fillable<'a>(seats: &[Seats], people: impl IntoIterator<Item = &'a PersonId>) -> usize {
    let people = people.into_iter().map(|person| (person, vec![person]));
    fill(seats, people, |seats, person| seats.people.contains(person)).iter().map(Vec::len).sum()
}

struct Seating<'a, P, I, F> {
    seats: &'a [Seats],
    may_fill: F,
    /// Who has approved, with the places that they may take.
    people: Vec<(P, Vec<I>)>,
    /// The place that each of them takes.
    counts_as: Vec<Option<I>>,
    /// The kind of seat of each place that is taken.
    sits: BTreeMap<I, usize>,
}

/// What one search has been at: none of it is looked at twice.
struct Tried<I> {
    people: BTreeSet<usize>,
    places: BTreeSet<I>,
    moved: BTreeSet<I>,
    kinds: BTreeSet<usize>,
}

impl<I> Default for Tried<I> {
    fn default() -> Self {
        Self { people: BTreeSet::new(), places: BTreeSet::new(), moved: BTreeSet::new(), kinds: BTreeSet::new() }
    }
}

impl<P: Copy, I: Copy + Ord, F: Fn(&Seats, I) -> bool> Seating<'_, P, I, F> {
    /// Gives a person a place with a seat; whoever takes the place may find another one.
    fn seat(&mut self, person: usize, tried: &mut Tried<I>) -> bool {
        if !tried.people.insert(person) {
            return false;
        }
        for place in self.people[person].1.clone() {
            if !tried.places.insert(place) {
                continue;
            }
            let is_found = match self.taker(place) {
                None => self.sit(place, tried),
                Some(other) => self.seat(other, tried),
            };
            if is_found {
                self.counts_as[person] = Some(place);
                return true;
            }
        }
        false
    }

    /// Gives a place a free seat, or that of another place, which finds another seat or whose taker finds another place.
    fn sit(&mut self, place: I, tried: &mut Tried<I>) -> bool {
        if !tried.moved.insert(place) {
            return false;
        }
        for kind in 0..self.seats.len() {
            if !(self.may_fill)(&self.seats[kind], place) || !tried.kinds.insert(kind) {
                continue;
            }
            let sitting: Vec<I> = self.sits.iter().filter(|(_, of)| **of == kind).map(|(place, _)| *place).collect();
            if sitting.len() < self.seats[kind].count {
                self.sits.insert(place, kind);
                return true;
            }
            for other in sitting {
                let is_moved = self.sit(other, tried);
                let is_left = !is_moved
                    && tried.places.insert(other)
                    && self.taker(other).is_some_and(|taker| self.seat(taker, tried));
                if is_left {
                    self.sits.remove(&other);
                }
                if is_moved || is_left {
                    self.sits.insert(place, kind);
                    return true;
                }
            }
        }
        false
    }

    fn taker(&self, place: I) -> Option<usize> {
        self.counts_as.iter().position(|taken| *taken == Some(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(seats: &[(&str, usize)], people: &str) -> Vec<String> {
        let seats: Vec<Seats> = seats
            .iter()
            .map(|(letters, count)| {
                let people = letters.chars().map(|c| PersonId::parse(&c.to_string()).unwrap()).collect();
                Seats { from: vec![(*letters).to_owned()], people, count: *count }
            })
            .collect();
        let may_fill = |seats: &Seats, c: char| seats.people.iter().any(|person| person.as_str() == c.to_string());
        let people = people.chars().enumerate().map(|(number, c)| (number, vec![c]));
        let filled = fill(&seats, people, may_fill).into_iter();
        filled.map(|people| people.into_iter().map(|(_, c)| c).collect()).collect()
    }

    #[test]
    fn a_person_fills_one_seat() {
        assert_eq!(filled(&[("a", 1), ("a", 1)], "a"), ["a", ""]);
        assert_eq!(filled(&[("ab", 2)], "aab")[0].len(), 2);
    }

    #[test]
    fn whoever_could_fill_several_makes_room_for_whoever_cannot() {
        assert_eq!(filled(&[("ab", 1), ("ac", 1)], "ab"), ["b", "a"]);
        assert_eq!(filled(&[("ab", 1), ("bc", 1), ("cd", 1)], "abc"), ["a", "b", "c"]);
        assert_eq!(filled(&[("ab", 1), ("bc", 1), ("cd", 1)], "bcd"), ["b", "c", "d"]);
        assert_eq!(filled(&[("abc", 2), ("ad", 1), ("de", 1)], "adbc"), ["bc", "a", "d"]);
    }

    #[test]
    fn nobody_loses_a_seat_to_somebody_who_comes_later() {
        assert_eq!(filled(&[("ab", 1), ("c", 1)], "abc"), ["a", "c"]);
        assert_eq!(filled(&[("ab", 1), ("a", 1), ("c", 1)], "bac"), ["b", "a", "c"]);
    }

    /// Every way to give each person one of their places and each place a seat, tried out.
    fn greatest(people: &[Vec<char>], seats: &[(&str, usize)], taken: &[char], left: &[usize]) -> usize {
        let Some((first, others)) = people.split_first() else { return 0 };
        let mut most = greatest(others, seats, taken, left);
        for place in first.iter().filter(|place| !taken.contains(place)) {
            for (kind, (letters, _)) in seats.iter().enumerate() {
                if left[kind] > 0 && letters.contains(*place) {
                    let (taken, mut left) = ([taken, &[*place]].concat(), left.to_vec());
                    left[kind] -= 1;
                    most = most.max(1 + greatest(others, seats, &taken, &left));
                }
            }
        }
        most
    }

    #[test]
    fn as_many_as_can_are_seated_whoever_stands_in_for_whom_and_nobody_loses_a_seat() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..3_000 {
            let letters =
                |random: &mut fastrand::Rng| -> String { "abcdef".chars().filter(|_| random.u8(..3) == 0).collect() };
            let seats: Vec<(String, usize)> =
                (0..random.usize(1..4)).map(|_| (letters(&mut random), random.usize(1..3))).collect();
            let seats: Vec<(&str, usize)> = seats.iter().map(|(of, count)| (of.as_str(), *count)).collect();
            let people: Vec<Vec<char>> =
                (0..random.usize(1..6)).map(|_| letters(&mut random).chars().collect()).collect();
            let kinds: Vec<Seats> = seats
                .iter()
                .map(|(of, count)| Seats { from: vec![(*of).to_owned()], people: Vec::new(), count: *count })
                .collect();
            let mut seated_before = Vec::new();
            for number in 1..=people.len() {
                let some = people[..number].iter().cloned().enumerate();
                let filled = fill(&kinds, some, |kind, place| kind.from[0].contains(place));
                let (mut seated, mut places) = (Vec::new(), BTreeSet::new());
                for (kind, sitting) in filled.iter().enumerate() {
                    assert!(sitting.len() <= seats[kind].1);
                    for (person, place) in sitting {
                        assert!(
                            seats[kind].0.contains(*place) && people[*person].contains(place),
                            "{seats:?} {people:?}"
                        );
                        assert!(places.insert(*place), "a place is taken once");
                        seated.push(*person);
                    }
                }
                let left: Vec<usize> = seats.iter().map(|(_, count)| *count).collect();
                assert_eq!(seated.len(), greatest(&people[..number], &seats, &[], &left), "{seats:?} {people:?}");
                assert!(seated_before.iter().all(|person| seated.contains(person)), "{seats:?} {people:?}");
                seated_before = seated;
            }
        }
    }
}
