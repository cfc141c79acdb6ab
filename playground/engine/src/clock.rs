//! The time of a local run. Everything that waits asks this clock, so that the page can move time forward and a test
//! can stand still.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// A clock that can be moved forward; clones share the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    base: Base,
    /// How far the clock was moved; watching it is what wakes the sleepers.
    moved: watch::Sender<SignedDuration>,
}

#[derive(Debug)]
enum Base {
    System,
    Fixed(Timestamp),
}

impl Clock {
    /// The real time, which a person may still move forward to see a deadline pass.
    pub fn system() -> Clock {
        Clock::with_base(Base::System)
    }

    /// A clock that stands at `start` until it is advanced, so that a test never waits for real time.
    pub fn manual(start: Timestamp) -> Clock {
        Clock::with_base(Base::Fixed(start))
    }

    fn with_base(base: Base) -> Clock {
        let moved = watch::Sender::new(SignedDuration::ZERO);
        Clock { shared: Arc::new(Shared { base, moved }) }
    }

    /// The time on this clock.
    pub fn now(&self) -> Timestamp {
        let base = match self.shared.base {
            Base::System => real_now(),
            Base::Fixed(start) => start,
        };
        base.checked_add(*self.shared.moved.borrow()).unwrap_or(Timestamp::MAX)
    }

    /// Moves the clock forward and wakes whoever sleeps on it. Time never runs backwards: a negative step is ignored.
    pub fn advance(&self, step: SignedDuration) {
        if step.is_positive() {
            self.shared.moved.send_modify(|moved| *moved = moved.saturating_add(step));
        }
    }

    /// Returns once the clock shows `deadline` or later.
    pub async fn sleep_until(&self, deadline: Timestamp) {
        let mut moved = self.shared.moved.subscribe();
        loop {
            // Marked as seen before the clock is read: a step between the two wakes the wait below.
            moved.borrow_and_update();
            let remaining = deadline.duration_since(self.now());
            if !remaining.is_positive() {
                return;
            }
            // `changed` fails only when the sender is gone, and `self` holds it.
            match self.shared.base {
                Base::Fixed(_) => drop(moved.changed().await),
                Base::System => tokio::select! {
                    _ = moved.changed() => {}
                    () = tokio::time::sleep(whole_milliseconds_up(remaining)) => {}
                },
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is told to use")]
fn real_now() -> Timestamp {
    Timestamp::now()
}

/// Tokio's timer has a resolution of a millisecond; rounding up spares a second sleep of a few microseconds.
fn whole_milliseconds_up(remaining: SignedDuration) -> Duration {
    let milliseconds = remaining.as_millis().saturating_add(1);
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_moves_only_when_it_is_advanced() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let deadline = Timestamp::from_second(10).unwrap();
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(deadline).await }
        });
        clock.advance(SignedDuration::from_secs(9));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(SignedDuration::from_secs(-5));
        assert_eq!(clock.now(), Timestamp::from_second(9).unwrap());
        clock.advance(SignedDuration::from_secs(1));
        sleeper.await.unwrap();
        assert_eq!(clock.now(), deadline);
    }

    #[tokio::test]
    async fn the_system_clock_can_be_moved_too() {
        let clock = Clock::system();
        let deadline = clock.now() + SignedDuration::from_hours(100);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(deadline).await }
        });
        tokio::task::yield_now().await;
        clock.advance(SignedDuration::from_hours(100));
        sleeper.await.unwrap();
        assert!(clock.now() >= deadline);
    }
}
