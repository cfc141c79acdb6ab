//! `Retry` and `Catch`: which entry matches a failure, and how long to wait before the next attempt.

use jiff::SignedDuration;

use crate::errors::Failure;
use crate::exit::Exit;
use crate::random;

/// What a state does about its failures.
#[derive(Default)]
pub(crate) struct Recovery {
    pub(crate) retriers: Vec<Retrier>,
    pub(crate) catchers: Vec<Catcher>,
}

/// One entry of `Retry`.
pub(crate) struct Retrier {
    pub(crate) errors: Vec<String>,
    pub(crate) interval_seconds: u32,
    pub(crate) max_attempts: u32,
    pub(crate) backoff_rate: f64,
    pub(crate) max_delay_seconds: Option<u32>,
    pub(crate) jitter: Jitter,
}

/// `JitterStrategy`.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Jitter {
    None,
    /// Anything between no delay and the whole of it.
    Full,
}

/// One entry of `Catch`.
pub(crate) struct Catcher {
    pub(crate) errors: Vec<String>,
    pub(crate) exit: Exit,
    pub(crate) next: String,
}

impl Recovery {
    /// The first entry of `Catch` that matches.
    pub(crate) fn catcher(&self, failure: &Failure) -> Option<&Catcher> {
        self.catchers.iter().find(|catcher| matches(&catcher.errors, failure))
    }
}

fn matches(names: &[String], failure: &Failure) -> bool {
    names.iter().any(|name| failure.is_matched_by(name))
}

/// Counts the retries of one visit to a state; every entry of `Retry` has its own count.
pub(crate) struct Retries<'a> {
    retriers: Vec<(&'a Retrier, u32)>,
}

impl<'a> Retries<'a> {
    pub(crate) fn new(recovery: &'a Recovery) -> Retries<'a> {
        Retries { retriers: recovery.retriers.iter().map(|retrier| (retrier, 0)).collect() }
    }

    /// How often the state was retried, whatever the reasons.
    pub(crate) fn count(&self) -> u32 {
        self.retriers.iter().map(|(_, used)| used).sum()
    }

    /// The delay before the next attempt; `None` when there is none left for this failure.
    pub(crate) fn next_delay(&mut self, failure: &Failure) -> Option<SignedDuration> {
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
