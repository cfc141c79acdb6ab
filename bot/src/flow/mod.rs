//! What happens to an approval from port to port, each flow from top to bottom. Each knows those before it.

use std::time::Duration;

/// For work that nobody waits for, such as a delivery.
pub const BACKGROUND: Duration = Duration::from_secs(20);

pub mod app;

pub mod change;
mod enqueue;

pub mod homes;

mod announce;

pub mod delegations;

pub mod launch;
pub mod listing;
mod others;

pub mod resolve;

mod overview;
mod runs;

pub mod deliver;

pub mod reconcile;

pub mod hear;

mod following;
mod groups;
pub mod notify;
mod separation;
mod succession;

pub mod requests;

pub mod spokes;
