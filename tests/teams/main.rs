//! What Microsoft's own programs make of the bot: the schema of cards, the renderer of cards, and the local client of
//! Teams. Beside them the page of a mail and that of the local run in the same browser. `cargo xtask test` installs them.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod cards;
mod forms;
mod in_client;
mod local_page;
mod mail_page;
mod rendering;
mod schema;
mod support;

use std::process::ExitCode;

use countersign_tests::harness;

use support::tools::Case;

/// A browser and a few programs that wait for each other.
const CASES_AT_ONCE: usize = 4;

fn cases() -> Vec<Case> {
    [schema::cases(), rendering::cases(), in_client::cases(), mail_page::cases(), local_page::cases()]
        .into_iter()
        .flatten()
        .collect()
}

fn main() -> ExitCode {
    harness::run(cases(), CASES_AT_ONCE)
}
