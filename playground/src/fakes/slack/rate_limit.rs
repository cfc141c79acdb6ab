//! How often a bot may post into one channel: one message a second, <https://docs.slack.dev/apis/web-api/rate-limits>.
//! Slack lets a short burst pass and does not say how short, so none passes here.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

/// From one message to the next.
const SPACING: SignedDuration = SignedDuration::from_secs(1);

/// When something was last posted, by channel.
#[derive(Debug, Default)]
pub(super) struct RateLimit {
    /// Whether anything is refused; while a test's clock stands still, every call is in the same second.
    pub(super) enforced: bool,
    posted: HashMap<String, Timestamp>,
}

impl RateLimit {
    /// Counts a message, or refuses it with the seconds to wait.
    pub(super) fn admit(&mut self, channel: &str, now: Timestamp) -> Result<(), u64> {
        let next = self.posted.get(channel).and_then(|last| last.saturating_add(SPACING).ok());
        match next.map(|next| next.duration_since(now)).filter(SignedDuration::is_positive) {
            Some(left) if self.enforced => {
                Err(u64::try_from(left.as_millis().unsigned_abs().div_ceil(1_000)).unwrap_or(1))
            }
            _ => {
                self.posted.insert(channel.to_owned(), now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + milliseconds).unwrap()
    }

    #[test]
    fn a_second_message_within_a_second_waits_and_other_channels_do_not() {
        let mut limit = RateLimit { enforced: true, ..RateLimit::default() };
        assert_eq!(limit.admit("C1", at(0)), Ok(()));
        assert_eq!(limit.admit("C1", at(0)), Err(1));
        assert_eq!(limit.admit("C2", at(0)), Ok(()));
        assert_eq!(limit.admit("C1", at(999)), Err(1), "a refused one does not count");
        assert_eq!(limit.admit("C1", at(1_000)), Ok(()));
    }

    #[test]
    fn nothing_is_refused_until_it_is_asked_for() {
        let mut limit = RateLimit::default();
        for _ in 0..3 {
            assert_eq!(limit.admit("C1", at(0)), Ok(()));
        }
    }
}
