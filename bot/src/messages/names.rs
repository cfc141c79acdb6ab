//! People by name: in a sentence, and at the beginning of a note that is said to them.

use super::escape;
use crate::approval::limits;

/// A person's name is not longer than this.
pub(crate) const NAME_MAX: usize = 80;
/// A name is not longer than this where it is told beside others, or where there is little room.
pub(crate) const SHORT_NAME_MAX: usize = 30;
/// More people than this are counted, not named.
pub(crate) const NAMED_MAX: usize = 5;
/// More people than this are counted, not addressed.
const ADDRESSED_MAX: usize = 50;

/// A person's name on one line.
pub fn named(name: &str) -> String {
    limits::excerpt(&escape::one_line(name), NAME_MAX)
}

/// Names in a sentence: `Ada`, `Ada and Grace`, `Ada, Grace and Linus`. Of many, the first are named.
pub fn names(names: &[String], conjunction: &str) -> String {
    names_up_to(NAMED_MAX, names, conjunction)
}

/// The same with another number of those who are named.
pub fn names_up_to(max: usize, names: &[String], conjunction: &str) -> String {
    let more = names.len().saturating_sub(max);
    let named: Vec<String> = names.iter().take(max).map(|name| self::named(name)).collect();
    match (named.as_slice(), more) {
        ([], _) => "nobody".to_owned(),
        ([one], 0) => one.clone(),
        ([most @ .., last], 0) => format!("{} {conjunction} {last}", most.join(", ")),
        (some, more) => format!("{} {conjunction} {more} more", some.join(", ")),
    }
}

/// Names and mentions at the beginning of a note.
pub(super) fn addressed(mut people: Vec<String>) -> String {
    let more = people.len().saturating_sub(ADDRESSED_MAX);
    people.truncate(ADDRESSED_MAX);
    match (people.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => format!("{}: ", people.join(", ")),
        (false, more) => format!("{} and {more} more: ", people.join(", ")),
    }
}
