//! The tasks of this repository: `cargo xtask test` is what has to pass, `cargo xtask bench` what is measured.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};
use clap::Parser;

/// The version of `cargo deny` that the check was written for; it is installed under `target/`, not on the machine.
const CARGO_DENY: &str = "0.20.2";

/// The tasks of this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Checks everything: formatting, lints, all tests, dependencies.
    Test,
    /// Prints what approvals cost in time and memory, at 100, 1,000 and 10,000 at once.
    Bench,
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Test => test(),
        Task::Bench => bench(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn test() -> anyhow::Result<()> {
    step("Formatting", &mut cargo(&["fmt", "--all", "--", "--check"]))?;
    let lint = ["clippy", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"];
    step("Lints", &mut cargo(&lint))?;
    step("Dependencies", &mut deny()?)?;
    step("Tests", &mut cargo(&["test", "--locked", "--workspace"]))
}

fn bench() -> anyhow::Result<()> {
    let run = ["run", "--locked", "--profile", "measure", "--package", "countersign-tests", "--bin", "bench"];
    step("Cost per approval", &mut cargo(&run))
}

/// Advisories are left out: their database is on a host that builds without a network cannot reach.
fn deny() -> anyhow::Result<Command> {
    let tools = root()?.join("target").join("tools").join(format!("cargo-deny-{CARGO_DENY}"));
    let binary = tools.join("bin").join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    if !binary.exists() {
        let root = tools.display().to_string();
        let install = ["install", "--locked", "--root", &root, "--version", CARGO_DENY, "cargo-deny"];
        step("Installing cargo-deny, once", &mut cargo(&install))?;
    }
    let mut command = Command::new(binary);
    command.args(["--workspace", "--locked", "check", "licenses", "bans", "sources"]).current_dir(root()?);
    Ok(command)
}

fn root() -> anyhow::Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(here.parent().context("the workspace is above this package")?.to_owned())
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments);
    command
}

fn step(name: &str, command: &mut Command) -> anyhow::Result<()> {
    report(&format!("== {name}"));
    let status = command.status().with_context(|| format!("{name}: the command cannot be run"))?;
    if !status.success() {
        bail!("{name} failed");
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "a task says what it is doing")]
fn report(line: &str) {
    eprintln!("{line}");
}
