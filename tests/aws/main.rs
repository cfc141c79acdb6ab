//! What runs on emulated AWS: the emulators are started once, when the first case needs them.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

mod accounts;
mod auditing;
mod burst;
mod cdk;
mod conformance;
mod crashes;
mod crossings;
mod deployed;
mod deploying;
mod examples;
mod first_approval;
mod first_policy;
mod lasting_outages;
mod machine_on_moto;
mod outages;
mod policies;
mod program;
mod requests;
mod secrets;
mod starting;
mod store;
mod support;
mod upgrade;

use std::process::ExitCode;

use countersign_tests::harness;

use support::emulators::Case;

/// The cases wait far more than they compute, so more of them run at once than there are cores; but whoever presses is
/// to be answered within Slack's three seconds, by functions and emulators on the same cores.
const CASES_AT_ONCE: usize = 8;

fn cases() -> Vec<Case> {
    [
        deployed::cases(),
        examples::cases(),
        first_approval::cases(),
        deploying::cases(),
        cdk::cases(),
        program::cases(),
        auditing::cases(),
        requests::cases(),
        secrets::cases(),
        accounts::cases(),
        policies::cases(),
        first_policy::cases(),
        crashes::cases(),
        outages::cases(),
        crossings::cases(),
        lasting_outages::cases(),
        burst::cases(),
        upgrade::cases(),
        starting::cases(),
        store::cases(),
        conformance::cases(),
        machine_on_moto::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn main() -> ExitCode {
    harness::run(cases(), CASES_AT_ONCE)
}
