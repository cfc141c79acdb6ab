//! `cargo xtask bench`: what approvals cost.

use crate::steps::{cargo, step};

/// Prints what approvals cost in time and memory.
pub(crate) fn bench() -> anyhow::Result<()> {
    let run = ["run", "--locked", "--profile", "measure", "--package", "countersign-tests", "--bin", "bench"];
    step("Cost per approval", &mut cargo(&run))
}
