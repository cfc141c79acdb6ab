//! What more than one of the test binaries uses.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

pub mod asking;
pub mod case;
pub mod emulated_table;
pub mod harness;
pub mod http;
pub mod patience;
pub mod process;
pub mod rights;
pub mod server;
pub mod store_suite;
