//! Countersign in one process, without a cloud account: the same state machine, router, handlers and policy
//! as on AWS, around a small Step Functions engine, ports in memory, a fake Slack and a mailbox.

pub mod browser;
pub mod changes;
pub mod deliveries;
pub mod demo;
pub mod fakes;
pub mod markup;
pub mod memory;
pub mod page;
pub mod requests;
mod start;
pub mod world;

// A world has an engine and a clock, and whoever uses a world needs their names.
pub use countersign_engine::{self as engine, clock};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A lock is only poisoned by a panic elsewhere, and the data behind it is whole between two writes.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
