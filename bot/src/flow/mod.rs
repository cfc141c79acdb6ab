//! What happens to an approval from port to port, each flow from top to bottom. Each knows those before it.

use std::time::Duration;

/// For work that nobody waits for, such as a broadcast delivered by EventBridge.
pub const BACKGROUND: Duration = Duration::from_secs(20);

pub mod app;

mod change;
mod copies;
pub mod listing;
mod pace;

pub mod resolve;

pub mod refresh;

pub mod reconcile;
mod runs;

pub mod hear;

pub mod notify;
mod succession;
