//! Which step of a rotation is due, from what is there and since when. The present moment is passed in.

use countersign_bot::ports::SecretValues;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};

/// Slack repeats for minutes what it has signed with the old secret; a day leaves time to find out that the new one is wrong.
pub(super) const SIGNING_SECRET_STAYS: SignedDuration = SignedDuration::from_hours(24);
/// The bot's functions read their secret again when it is this old, and a call of the reference workflow is over by then.
pub(super) const TAKEN_UP_WITHIN: SignedDuration = SignedDuration::from_mins(1);

/// What can be done about a value that may have a previous one beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A new value can be put in.
    Begin,
    /// The previous value is still needed until then.
    Wait(Timestamp),
    /// The previous value can be taken out.
    End,
}

/// The step that is due. What has leaked may be the value or the previous one, so a new one takes the place of both.
pub(super) fn step(has_previous: bool, due: Timestamp, now: Timestamp, has_leaked: bool) -> Step {
    match has_previous && !has_leaked {
        false => Step::Begin,
        true if now >= due => Step::End,
        true => Step::Wait(due),
    }
}

/// What the previous value of a name is called.
pub(super) fn previous(key: &str) -> String {
    format!("{key}_previous")
}

/// The moment after a pause. A moment that no calendar has is the last one that it has.
pub(super) fn after(moment: Timestamp, pause: SignedDuration) -> Timestamp {
    moment.checked_add(pause).unwrap_or(Timestamp::MAX)
}

/// How far the rotation of the key is that two share, each of which reads it when it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shared {
    /// There is one key.
    Whole,
    /// The new key is beside the old one, so that whoever checks can be made to know both.
    Known,
    /// The old key is beside the new one, which whoever signs can be made to use.
    InUse,
    /// There are two, and nobody can tell which is the new one.
    Unclear,
}

/// How far it is. What both look like is the same before and after the new key is in use, so the version before tells: its
/// key is the old one, whichever place that has now.
pub(super) fn shared(values: &SecretValues, before: Option<&SecretValues>) -> Shared {
    let Some(beside) = values.get("key_previous") else { return Shared::Whole };
    let old = before.and_then(|before| before.get("key"));
    let is_old = |key: &SecretString| old.is_some_and(|old| old.expose_secret() == key.expose_secret());
    match values.get("key") {
        Some(key) if is_old(key) => Shared::Known,
        _ if is_old(beside) => Shared::InUse,
        _ => Shared::Unclear,
    }
}

/// The values with a new one, and the one that it replaces as the previous, or with no previous one.
pub(crate) fn replaced(values: &SecretValues, key: &str, new: SecretString, keeps: bool) -> SecretValues {
    let mut values = values.clone();
    let old = values.insert(key.to_owned(), new);
    let previous = previous(key);
    match old.filter(|_| keeps) {
        Some(old) => values.insert(previous, old),
        None => values.remove(&previous),
    };
    values
}

/// The values without the previous one of this name.
pub(super) fn ended(values: &SecretValues, key: &str) -> SecretValues {
    let mut values = values.clone();
    values.remove(&previous(key));
    values
}
