//! Who may fill a seat, by a model of its own: the trail of a case is gone through, and all ways to seat people are tried.

use std::collections::BTreeSet;

use countersign_bot::approval::audit::{Entry, Reason, What};
use countersign_bot::approval::ids::PersonId;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::seats::Seats;
use countersign_bot::approval::state::{Status, Verdict};

/// What counted could be seated with those before, what did not could not, and all seats were filled by a decision.
pub(super) fn check(record: &Approval, entries: &[Entry]) {
    let seats = &record.rules.seats;
    if seats.is_empty() {
        return;
    }
    let (mut seated, mut called_in) = (Vec::new(), BTreeSet::new());
    let number: usize = seats.iter().map(|seats| seats.count).sum();
    for entry in entries {
        let can_sit = |people: &[Vec<&PersonId>]| all_can_sit(people, seats, &vec![0; seats.len()], &[], &called_in);
        match &entry.what {
            What::Voted { who, stands_for, verdict: Verdict::Approve, .. } => {
                seated.push(places(&who.person, stands_for));
                assert!(can_sit(&seated), "{seated:?} have seats: {record:?}");
            }
            What::Refused { who, verdict: Verdict::Approve, reason: Reason::SeatsTaken, .. } => {
                let with_them: Vec<Vec<&PersonId>> = seated.iter().cloned().chain([vec![&who.person]]).collect();
                assert!(!can_sit(&with_them), "{with_them:?} could all have seats: {record:?}");
            }
            What::Refused { verdict: Verdict::Reject, reason, .. } => assert_ne!(*reason, Reason::SeatsTaken),
            What::Decided { verdict: Verdict::Approve } => assert_eq!(seated.len(), number, "every seat is filled"),
            What::Escalated { to } => called_in.extend(to.iter().map(|who| &who.person)),
            _ => {}
        }
    }
    if record.status() == Status::Approved && record.glass_breaker().is_none() {
        assert_eq!(seated.len(), number, "every seat is filled");
    }
    // Nobody is turned away or waited for once all sit.
    let is_decided = entries.iter().any(|entry| matches!(entry.what, What::Decided { .. }));
    assert!(seated.len() < number || is_decided, "nobody is waited for: {record:?}");
}

/// Those in whose places somebody may sit.
fn places<'a>(person: &'a PersonId, stands_for: &'a [PersonId]) -> Vec<&'a PersonId> {
    [person].into_iter().chain(stands_for).collect()
}

/// Tries every place and every seat for the first of these, and every way to seat the others after that.
fn all_can_sit(
    people: &[Vec<&PersonId>],
    seats: &[Seats],
    taken: &[usize],
    gone: &[&PersonId],
    called_in: &BTreeSet<&PersonId>,
) -> bool {
    let Some((first, others)) = people.split_first() else { return true };
    first.iter().filter(|place| !gone.contains(place)).any(|place| {
        let gone: Vec<&PersonId> = gone.iter().copied().chain([*place]).collect();
        (0..seats.len()).any(|kind| {
            let may = seats[kind].people.contains(place) || called_in.contains(place);
            let mut taken = taken.to_vec();
            taken[kind] += 1;
            may && taken[kind] <= seats[kind].count && all_can_sit(others, seats, &taken, &gone, called_in)
        })
    })
}
