//! Seats of a quorum: so many of these people and so many of those, each of whom fills one.

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

/// Who fills which seats, in their order: as many of these people as can, each one seat.
///
/// Whoever comes first keeps a seat, though perhaps another one: they make room for somebody who can fill no other. That
/// is a greatest matching of people and seats, found by augmenting paths.
pub fn fill<P: Copy>(
    seats: &[Seats],
    people: impl IntoIterator<Item = P>,
    may_fill: impl Fn(&Seats, P) -> bool,
) -> Vec<Vec<P>> {
    let mut filled = vec![Vec::new(); seats.len()];
    for person in people {
        let mut tried = vec![false; seats.len()];
        find_seat(person, seats, &may_fill, &mut filled, &mut tried);
    }
    filled
}

/// How many of these people could fill seats together, each one.
pub fn fillable<'a>(seats: &[Seats], people: impl IntoIterator<Item = &'a PersonId>) -> usize {
    fill(seats, people, |seats, person| seats.people.contains(person)).iter().map(Vec::len).sum()
}

/// Gives a person a free seat, or that of somebody who finds another one. No kind of seat is looked at twice.
fn find_seat<P: Copy>(
    person: P,
    seats: &[Seats],
    may_fill: &impl Fn(&Seats, P) -> bool,
    filled: &mut [Vec<P>],
    tried: &mut [bool],
) -> bool {
    for (kind, Seats { count, .. }) in seats.iter().enumerate() {
        if tried[kind] || !may_fill(&seats[kind], person) {
            continue;
        }
        tried[kind] = true;
        if filled[kind].len() < *count {
            filled[kind].push(person);
            return true;
        }
        for place in 0..filled[kind].len() {
            if find_seat(filled[kind][place], seats, may_fill, filled, tried) {
                filled[kind][place] = person;
                return true;
            }
        }
    }
    false
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
        fill(&seats, people.chars(), may_fill).into_iter().map(|people| people.into_iter().collect()).collect()
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
        assert_eq!(filled(&[("abc", 2), ("ad", 1), ("de", 1)], "adbc"), ["cb", "a", "d"]);
    }

    #[test]
    fn nobody_loses_a_seat_to_somebody_who_comes_later() {
        assert_eq!(filled(&[("ab", 1), ("c", 1)], "abc"), ["a", "c"]);
        assert_eq!(filled(&[("ab", 1), ("a", 1), ("c", 1)], "bac"), ["b", "a", "c"]);
    }
}
