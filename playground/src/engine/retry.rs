//! `Retry` and `Catch`: which entry matches a failure, and how long to wait before the next attempt.

use jiff::SignedDuration;

use super::errors::Failure;
use super::paths::ResultPath;
use super::random;

/// What a state does about its failures.
#[derive(Default)]
pub(super) struct Recovery {
    pub(super) retriers: Vec<Retrier>,
    pub(super) catchers: Vec<Catcher>,
}

/// One entry of `Retry`.
pub(super) struct Retrier {
    pub(super) errors: Vec<String>,
    pub(super) interval_seconds: u32,
    pub(super) max_attempts: u32,
    pub(super) backoff_rate: f64,
    pub(super) max_delay_seconds: Option<u32>,
    pub(super) jitter: Jitter,
}

/// `JitterStrategy`.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Jitter {
    None,
    /// Anything between no delay and the whole of it.
    Full,
}

/// One entry of `Catch`.
pub(super) struct Catcher {
    pub(super) errors: Vec<String>,
    pub(super) result_path: ResultPath,
    pub(super) next: String,
}

impl Recovery {
    /// The first entry of `Catch` that matches.
    pub(super) fn catcher(&self, failure: &Failure) -> Option<&Catcher> {
        self.catchers.iter().find(|catcher| matches(&catcher.errors, failure))
    }
}

fn matches(names: &[String], failure: &Failure) -> bool {
    names.iter().any(|name| failure.is_matched_by(name))
}

/// Counts the retries of one visit to a state; every entry of `Retry` has its own count.
pub(super) struct Retries<'a> {
    retriers: Vec<(&'a Retrier, u32)>,
}

impl<'a> Retries<'a> {
    pub(super) fn new(recovery: &'a Recovery) -> Retries<'a> {
        Retries { retriers: recovery.retriers.iter().map(|retrier| (retrier, 0)).collect() }
    }

    /// How often the state was retried, whatever the reasons.
    pub(super) fn count(&self) -> u32 {
        self.retriers.iter().map(|(_, used)| used).sum()
    }

    /// The delay before the next attempt; `None` when there is none left for this failure.
    pub(super) fn next_delay(&mut self, failure: &Failure) -> Option<SignedDuration> {
        let (retrier, used) = self.retriers.iter_mut().find(|(retrier, _)| matches(&retrier.errors, failure))?;
        if *used >= retrier.max_attempts {
            return None;
        }
        let delay = retrier.delay_after(*used);
        *used += 1;
        Some(match retrier.jitter {
            Jitter::None => delay,
            Jitter::Full => SignedDuration::from_millis((delay.as_millis() as f64 * random::fraction()) as i64),
        })
    }
}

impl Retrier {
    /// The delay before retry number `used + 1`, without jitter.
    fn delay_after(&self, used: u32) -> SignedDuration {
        /// Far longer than an execution may run, and small enough for exact arithmetic.
        const LONGEST_SECONDS: f64 = 1e9;
        let limit = self.max_delay_seconds.map_or(LONGEST_SECONDS, f64::from);
        let seconds = f64::from(self.interval_seconds) * self.backoff_rate.powf(f64::from(used));
        SignedDuration::from_millis((seconds.min(limit) * 1000.0).round() as i64)
    }
}
