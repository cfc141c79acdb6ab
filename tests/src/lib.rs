//! What more than one of the test binaries uses.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

pub mod store_suite;
