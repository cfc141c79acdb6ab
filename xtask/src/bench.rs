//! `cargo xtask bench`: what approvals cost, what a tick of the reconciler costs, and what the functions cost on Lambda.

use std::path::{Path, PathBuf, absolute};
use std::process::Command;

use crate::package::{Arch, Package, policy_of_tests, zips_of_tests};
use crate::steps::{cargo, programs, programs_of_tests, root, step, target};

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Bench {
    /// Shows in seconds that every part works and answers right: small counts, no optimisation, no figures.
    #[arg(long)]
    short: bool,
    /// With `--short`: the functions.
    #[arg(long, requires = "short", default_value_os_t = zips_of_tests())]
    functions: PathBuf,
    /// Measures the functions beside the same click with Slack's Bolt for Python and for JavaScript.
    #[arg(long, conflicts_with = "short")]
    peers: bool,
    /// Lets AWS answer so many milliseconds later than it could, as it does in a deployment.
    #[arg(long, conflicts_with = "short", default_value_t = 0)]
    aws_delay_ms: u64,
}

impl Bench {
    /// Prints what approvals cost in time and memory, then a tick, and then the functions.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        if self.short {
            return short(&self.functions);
        }
        step("Cost per approval", &mut measured("bench"))?;
        step("Cost of a tick", &mut measured("tick_bench"))?;
        self.functions()
    }

    /// The functions run on this machine, with the policy of the emulated tests, as they would be uploaded.
    fn functions(&self) -> anyhow::Result<()> {
        let package = Package { arch: Arch::X86, output: target().join("bench-lambda") };
        package.make()?;
        package.make_only("countersign-floor", "floor")?;
        let mut bench = measured("lambda_bench");
        bench.arg("--functions").arg(&package.output).arg("--policy").arg(policy_of_tests());
        bench.arg("--aws-delay-ms").arg(self.aws_delay_ms.to_string());
        if self.peers {
            bench.arg("--peers").arg(peers()?);
        }
        step("Cost of the functions", &mut bench)
    }
}

/// Every part with small counts, as the dev profile builds it, and with functions that are packaged already.
pub(crate) fn short(functions: &Path) -> anyhow::Result<()> {
    step("Benchmarks", &mut programs_of_tests())?;
    step("Approvals, in short", tried("bench")?.arg("--short"))?;
    step("A tick, in short", tried("tick_bench")?.arg("--short"))?;
    let mut bench = tried("lambda_bench")?;
    bench.arg("--short").arg("--functions").arg(absolute(functions)?).arg("--policy").arg(policy_of_tests());
    step("The functions, in short", &mut bench)
}

/// Installs the peers, and gives back the list of them.
fn peers() -> anyhow::Result<PathBuf> {
    let folder = target().join("peers");
    let mut install = Command::new("python3");
    step("Peers", install.arg(root().join("tests").join("peers").join("install.py")).arg(&folder))?;
    Ok(folder.join("peers.json"))
}

/// A benchmark as it is when its figures count.
fn measured(name: &str) -> Command {
    let mut run = cargo(&["run", "--locked", "--profile", "measure", "--package", "countersign-tests", "--bin", name]);
    run.arg("--");
    run
}

/// A benchmark as it is when only its answers count: the dev profile puts it beside this program.
fn tried(name: &str) -> anyhow::Result<Command> {
    Ok(Command::new(programs()?.join(name)))
}
