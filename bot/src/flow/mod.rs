//! What happens to an approval from port to port, each flow from top to bottom.

pub mod app;
mod change;
mod copies;
pub mod listing;
mod pace;
pub mod resolve;

pub mod refresh;

pub mod reconcile;

pub mod hear;

pub mod notify;
mod succession;
