//! How often a bot may write into one conversation: a limit for each of four spans of time, all of which hold at once.
//!
//! <https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit>

use std::collections::{HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

/// Calls within seconds.
const LIMITS: [(usize, i64); 4] = [(7, 1), (8, 2), (60, 30), (1_800, 3_600)];

/// What was sent where, and when.
#[derive(Debug, Default)]
pub(super) struct RateLimits {
    /// Whether anything is refused; while a test's clock stands still, every call is in the same second.
    pub(super) enforced: bool,
    sent: HashMap<String, VecDeque<Timestamp>>,
}

impl RateLimits {
    /// Counts a call, or refuses it with the seconds to wait.
    pub(super) fn admit(&mut self, conversation: &str, now: Timestamp) -> Result<(), u64> {
        if !self.enforced {
            return Ok(());
        }
        let sent = self.sent.entry(conversation.to_owned()).or_default();
        let longest = SignedDuration::from_secs(LIMITS[LIMITS.len() - 1].1);
        while sent.front().is_some_and(|at| now.duration_since(*at) >= longest) {
            sent.pop_front();
        }
        let waits = LIMITS.iter().filter_map(|(calls, seconds)| {
            // With the limit reached, the oldest call that counts must be out of the span first.
            let oldest = *sent.get(sent.len().checked_sub(*calls)?)?;
            let left = SignedDuration::from_secs(*seconds) - now.duration_since(oldest);
            left.is_positive().then(|| u64::try_from(left.as_millis().unsigned_abs().div_ceil(1_000)).unwrap_or(1))
        });
        match waits.max() {
            Some(seconds) => Err(seconds),
            None => {
                sent.push_back(now);
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

    fn limits() -> RateLimits {
        RateLimits { enforced: true, ..RateLimits::default() }
    }

    #[test]
    fn the_eighth_call_within_a_second_waits_and_other_conversations_do_not() {
        let mut limits = limits();
        for _ in 0..7 {
            assert_eq!(limits.admit("a", at(0)), Ok(()));
        }
        assert_eq!(limits.admit("a", at(0)), Err(1));
        assert_eq!(limits.admit("b", at(0)), Ok(()));
        assert_eq!(limits.admit("a", at(999)), Err(1));
        assert_eq!(limits.admit("a", at(1_000)), Ok(()));
        assert_eq!(limits.admit("a", at(1_000)), Err(1), "eight within two seconds");
        assert_eq!(limits.admit("a", at(2_000)), Ok(()));
    }

    #[test]
    fn sixty_fit_into_half_a_minute_and_a_refused_call_does_not_count() {
        let mut limits = limits();
        for call in 0..60 {
            assert_eq!(limits.admit("a", at(call * 400)), Ok(()), "{call}");
        }
        assert_eq!(limits.admit("a", at(24_000)), Err(6));
        assert_eq!(limits.admit("a", at(29_999)), Err(1));
        assert_eq!(limits.admit("a", at(30_000)), Ok(()));
    }

    #[test]
    fn an_hour_has_its_own_limit() {
        let mut limits = limits();
        for call in 0..1_800 {
            assert_eq!(limits.admit("a", at(call * 600)), Ok(()), "{call}");
        }
        assert_eq!(limits.admit("a", at(1_080_000)), Err(2_520));
        assert_eq!(limits.admit("a", at(3_600_000)), Ok(()));
    }

    #[test]
    fn nothing_is_refused_until_it_is_asked_for() {
        let mut limits = RateLimits::default();
        for _ in 0..100 {
            assert_eq!(limits.admit("a", at(0)), Ok(()));
        }
    }
}
