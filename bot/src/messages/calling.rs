//! What a card says of those who may decide, and whom it calls.

use super::names::{named, names_up_to};
use crate::approval::limits;
use crate::approval::policy::Person;
use crate::approval::record::Approval;
use crate::approval::state::State;

/// More of those who may decide are counted, not named, and more of those who are called are not mentioned.
pub const CALLED_MAX: usize = 20;
/// A name is not longer than this where it is told with so many others.
pub(crate) const NAME_MAX: usize = 30;

/// Said to those whom a card mentions.
pub const WANTED: &str = "your decision is wanted.";

/// Who may decide while it waits, by name, on one line of plain text.
pub fn may_decide(approval: &Approval) -> Option<String> {
    let is_pending = approval.state == State::Pending;
    let name = |person: &Person| limits::excerpt(&named(&person.name), NAME_MAX);
    let people: Vec<String> = approval.eligible().filter(|_| is_pending).map(name).collect();
    (!people.is_empty()).then(|| format!("May decide: {}", names_up_to(CALLED_MAX, &people, "and")))
}

/// Whom a card mentions while it waits.
pub fn called(approval: &Approval) -> Vec<&Person> {
    if approval.state != State::Pending {
        return Vec::new();
    }
    let mut called = approval.first_called();
    called.truncate(CALLED_MAX);
    called
}
