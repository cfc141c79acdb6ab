//! Logs as JSON lines on standard output, where Lambda collects them.

use tracing::Level;

/// Starts logging, and says which version it is that starts; called once, first thing in `main`.
///
/// The level is fixed on purpose: below `info` the Lambda runtime logs whole payloads, and task tokens with them.
pub fn init() {
    tracing_subscriber::fmt().json().flatten_event(true).with_max_level(Level::INFO).with_target(false).init();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "the function starts");
}
