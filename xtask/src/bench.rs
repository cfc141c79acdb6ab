//! `cargo xtask bench`: what approvals cost, what a tick of the reconciler costs, and what the functions cost on Lambda.

use crate::package::{Arch, Package};
use crate::steps::{cargo, root, step, target};

/// Prints what approvals cost in time and memory, then a tick, and then the functions.
pub(crate) fn bench() -> anyhow::Result<()> {
    step("Cost per approval", &mut cargo(&measured("bench")))?;
    step("Cost of a tick", &mut cargo(&measured("tick_bench")))?;
    lambda()
}

/// The functions run on this machine, with the policy of the emulated tests, as they would be uploaded.
fn lambda() -> anyhow::Result<()> {
    let policy = root().join("tests/aws/policy.toml");
    let package = Package { arch: Arch::X86, policy, output: target().join("bench-lambda") };
    package.make()?;
    package.make_only("countersign-floor", "floor")?;
    let mut bench = cargo(&measured("lambda_bench"));
    step("Cost of the functions", bench.arg("--").arg(&package.output).arg(&package.policy))
}

fn measured(name: &str) -> [&str; 8] {
    ["run", "--locked", "--profile", "measure", "--package", "countersign-tests", "--bin", name]
}
