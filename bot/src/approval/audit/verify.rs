//! Finding out whether a chain is whole, and if not, which entry is wrong and how.

use super::{Entry, Head};
use crate::approval::ids::ApprovalId;

/// What is wrong with a chain, at the first entry with which something is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The content of an entry is not what was hashed.
    #[error("entry {sequence} was changed: its hash is not that of what it says")]
    Changed {
        /// The entry.
        sequence: u32,
    },
    /// An entry was taken out.
    #[error("entry {sequence} is missing")]
    Missing {
        /// The entry.
        sequence: u32,
    },
    /// An entry stands where another belongs.
    #[error("entry {found} stands in the place of entry {sequence}")]
    Reordered {
        /// The place.
        sequence: u32,
        /// The entry that is there.
        found: u32,
    },
    /// An entry is whole in itself, and does not follow the one before it.
    #[error("{}", unlinked(*.sequence))]
    Unlinked {
        /// The entry.
        sequence: u32,
    },
    /// The last entries were taken away.
    #[error("the end is cut off: {there} of {count} entries are there")]
    CutOff {
        /// How many entries are there.
        there: u32,
        /// How many there were.
        count: u32,
    },
    /// There are more entries than the record knows of.
    #[error("entry {sequence} was added: the record has {count} entries")]
    Added {
        /// The first entry too many.
        sequence: u32,
        /// How many there should be.
        count: u32,
    },
    /// The entries are a whole chain, and it is another one than the record knows of.
    #[error("entry {sequence} was replaced: the record has another hash for the end of the chain")]
    Replaced {
        /// The last entry.
        sequence: u32,
    },
}

/// One of the two was made anew, hash and all; which one, nobody can tell from them.
fn unlinked(sequence: u32) -> String {
    match sequence {
        1 => "entry 1 was replaced: it does not begin the chain of this approval".to_owned(),
        _ => format!("entry {} or entry {sequence} was replaced: one does not follow the other", sequence - 1),
    }
}

/// Checks the entries of an approval, in the order in which they are stored, against the head in its record.
pub fn verify(id: &ApprovalId, entries: &[Entry], head: &Head) -> Result<(), Broken> {
    let mut end = Head::genesis(id);
    for entry in entries {
        let sequence = end.count.saturating_add(1);
        if entry.sequence != sequence {
            let is_elsewhere = entries.iter().any(|other| other.sequence == sequence);
            return Err(match is_elsewhere || entry.sequence < sequence {
                true => Broken::Reordered { sequence, found: entry.sequence },
                false => Broken::Missing { sequence },
            });
        }
        if !entry.is_as_it_was_hashed(id) {
            return Err(Broken::Changed { sequence });
        }
        if entry.previous != end.hash {
            return Err(Broken::Unlinked { sequence });
        }
        if sequence > head.count {
            return Err(Broken::Added { sequence, count: head.count });
        }
        end = entry.head();
    }
    if end.count < head.count {
        return Err(Broken::CutOff { there: end.count, count: head.count });
    }
    if end.hash != head.hash {
        return Err(Broken::Replaced { sequence: end.count });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::audit::{Hash, What};
    use crate::approval::record::Approval;
    use crate::approval::sample::{after, approval};
    use crate::approval::state::Outcome;

    /// An approval with five entries, all of them still in its journal.
    fn chain() -> Approval {
        let mut approval = approval("");
        approval.log(What::GivenUp { reason: "nobody".to_owned() }, after(1));
        approval.log(What::Broadcast { events: vec!["one".to_owned()] }, after(2));
        approval.log(What::Broadcast { events: vec!["two".to_owned()] }, after(3));
        approval.resolve(Outcome::Expired, after(600));
        assert_eq!(approval.journal.len(), 5);
        approval
    }

    /// What is found when the entries have been tampered with.
    fn found(tamper: impl FnOnce(&ApprovalId, &mut Vec<Entry>)) -> Result<(), Broken> {
        let approval = chain();
        let mut entries = approval.journal.clone();
        tamper(&approval.id, &mut entries);
        verify(&approval.id, &entries, &approval.audit)
    }

    /// Makes an entry anew at this place, with a hash that fits.
    fn forge(id: &ApprovalId, entries: &mut [Entry], index: usize) {
        let before = index.checked_sub(1).map_or(Head::genesis(id), |before| entries[before].head());
        entries[index] = Entry::after(id, &before, What::GivenUp { reason: "forged".to_owned() }, entries[index].at);
    }

    #[test]
    fn a_chain_that_nobody_touched_is_whole() {
        assert_eq!(found(|_, _| {}), Ok(()));
        let approval = approval("");
        assert_eq!(verify(&approval.id, &[], &Head::genesis(&approval.id)), Ok(()));
    }

    #[test]
    fn every_change_of_an_entry_is_found_in_that_entry() {
        for index in 0..5 {
            let sequence = u32::try_from(index).unwrap() + 1;
            let changed = Err(Broken::Changed { sequence });
            assert_eq!(found(|_, it| it[index].at = after(77)), changed);
            assert_eq!(found(|_, it| it[index].what = What::GivenUp { reason: "forged".to_owned() }), changed);
            assert_eq!(found(|_, it| it[index].previous = Hash([7; 32])), changed);
            assert_eq!(found(|_, it| it[index].hash = Hash([7; 32])), changed);
        }
    }

    #[test]
    fn an_entry_that_was_hashed_anew_is_found_by_its_neighbours() {
        for index in 0..4 {
            let sequence = u32::try_from(index).unwrap() + 2;
            assert_eq!(found(|id, it| forge(id, it, index)), Err(Broken::Unlinked { sequence }));
        }
        assert_eq!(found(|id, it| forge(id, it, 4)), Err(Broken::Replaced { sequence: 5 }));
        let all = found(|id, it| (1..5).for_each(|index| forge(id, it, index)));
        assert_eq!(all, Err(Broken::Replaced { sequence: 5 }));
    }

    #[test]
    fn an_entry_that_was_taken_out_is_named() {
        for index in 0..4 {
            let missing = found(|_, it| {
                it.remove(index);
            });
            assert_eq!(missing, Err(Broken::Missing { sequence: u32::try_from(index).unwrap() + 1 }));
        }
    }

    #[test]
    fn an_end_that_was_cut_off_is_missed() {
        for there in 0..5 {
            let cut = found(|_, it| it.truncate(there));
            assert_eq!(cut, Err(Broken::CutOff { there: u32::try_from(there).unwrap(), count: 5 }));
        }
    }

    #[test]
    fn entries_that_changed_places_or_came_twice_are_named() {
        assert_eq!(found(|_, it| it.swap(1, 3)), Err(Broken::Reordered { sequence: 2, found: 4 }));
        assert_eq!(found(|_, it| it.insert(2, it[0].clone())), Err(Broken::Reordered { sequence: 3, found: 1 }));
        let renumbered = found(|_, it| {
            it.swap(1, 3);
            (it[1].sequence, it[3].sequence) = (2, 4);
        });
        assert_eq!(renumbered, Err(Broken::Changed { sequence: 2 }));
    }

    #[test]
    fn an_entry_that_was_added_is_not_the_records() {
        let added = found(|id, it| {
            it.push(it[4].clone());
            forge(id, it, 5);
        });
        assert_eq!(added, Err(Broken::Added { sequence: 6, count: 5 }));
    }

    #[test]
    fn the_chain_of_another_approval_is_not_this_ones() {
        let mut other = chain();
        other.id = ApprovalId::parse("apr_00000000000000000000000000").unwrap();
        assert_eq!(verify(&other.id, &other.journal, &other.audit), Err(Broken::Changed { sequence: 1 }));
        forge(&other.id.clone(), &mut other.journal, 0);
        let moved = verify(&chain().id, &other.journal, &other.audit);
        assert_eq!(moved, Err(Broken::Changed { sequence: 1 }));
    }

    #[test]
    fn what_is_wrong_is_said_in_a_sentence() {
        let texts = [
            Broken::Unlinked { sequence: 1 }.to_string(),
            Broken::Unlinked { sequence: 3 }.to_string(),
            Broken::CutOff { there: 2, count: 5 }.to_string(),
        ];
        assert_eq!(
            texts,
            [
                "entry 1 was replaced: it does not begin the chain of this approval",
                "entry 2 or entry 3 was replaced: one does not follow the other",
                "the end is cut off: 2 of 5 entries are there",
            ]
        );
    }
}
