//! A point in time that every call made for one request must keep to.

use std::time::Duration;

use tokio::time::Instant;

/// When whoever waits for us stops waiting.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    /// A deadline this far from now.
    pub fn after(duration: Duration) -> Self {
        Self(Instant::now() + duration)
    }

    /// A deadline that is earlier, so that something is left for what comes after.
    pub fn earlier_by(self, duration: Duration) -> Self {
        Self(self.0.checked_sub(duration).unwrap_or(self.0))
    }

    /// This deadline, or one this far from now if that is earlier: one try may not use up the time of all.
    pub fn at_most(self, duration: Duration) -> Self {
        Self(self.0.min(Instant::now() + duration))
    }

    /// The time that is left; zero once it has passed.
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Waits for a call to a service, and gives it up when the time has come.
    pub async fn run<T, E: From<Unavailable>>(
        self,
        service: &'static str,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        match tokio::time::timeout_at(self.0, call).await {
            Ok(result) => result,
            Err(_) => Err(Unavailable::new(service, "no answer before the deadline").into()),
        }
    }
}

/// A service did not do what it was asked and may do it later. The text is for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{service} is unavailable: {problem}")]
pub struct Unavailable {
    /// Which service.
    pub service: &'static str,
    /// What it said, without tokens, addresses or bodies.
    pub problem: String,
}

impl Unavailable {
    /// A service with what it said.
    pub fn new(service: &'static str, problem: impl ToString) -> Self {
        Self { service, problem: problem.to_string() }
    }
}
