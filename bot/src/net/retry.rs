//! A call that is repeated where that is of use and does no harm, in the same way by every client.

use std::time::Duration;

use super::deadline::Deadline;

/// A call is tried this often.
const TRIES_MAX: u32 = 4;
/// After the first try, plus up to as much again at random; it doubles with each further one.
const PAUSE: Duration = Duration::from_millis(200);
/// One try may not use up the time of all.
const TRY_MAX: Duration = Duration::from_secs(5);

/// Whether a call may be made twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Its effect is the same once and twice.
    Freely,
    /// Only when it is known to have done nothing, as when a rate limit refuses it.
    OnlyWhenNothingHappened,
}

/// What one try came to.
pub(crate) enum Try<T> {
    /// The result.
    Done(T),
    /// The result unless another try ends otherwise, which may be made after this pause if the service names one.
    Again(T, Option<Duration>),
}

/// Tries until a result is final, and returns the last. Between tries it waits as long as it is told to, or longer each
/// time, but never past the deadline. Each try gets the deadline that it has to keep to.
pub(crate) async fn retry<T, F: Future<Output = Try<T>>>(deadline: Deadline, try_once: impl Fn(Deadline) -> F) -> T {
    let mut backoff = PAUSE;
    for _ in 1..TRIES_MAX {
        let (result, named) = match try_once(deadline.at_most(TRY_MAX)).await {
            Try::Done(result) => return result,
            Try::Again(result, named) => (result, named),
        };
        let pause = named.unwrap_or_else(|| backoff.mul_f64(1.0 + fastrand::f64()));
        if pause >= deadline.left() {
            return result;
        }
        backoff *= 2;
        tokio::time::sleep(pause).await;
    }
    match try_once(deadline.at_most(TRY_MAX)).await {
        Try::Done(result) | Try::Again(result, _) => result,
    }
}
