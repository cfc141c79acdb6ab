//! Runs the commands that a task is made of, and says which one it is at.

use std::io::{Read, pipe};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use anyhow::{Context, bail};

/// The same selection for every step that compiles: the features of what we depend on follow from it, and with others
/// it would all be compiled again.
pub(crate) const EVERYTHING: [&str; 3] = ["--locked", "--workspace", "--all-features"];

/// When the first step began.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Runs a command whose output is for the reader; its failure ends the task.
pub(crate) fn step(name: &str, command: &mut Command) -> anyhow::Result<()> {
    head(name);
    let status = command.status().with_context(|| format!("{name}: the command cannot be run"))?;
    if !status.success() {
        bail!("{name} failed");
    }
    Ok(())
}

/// Says what comes now, and how long the task has been at work.
pub(crate) fn head(name: &str) {
    say(&headline(name));
}

fn headline(name: &str) -> String {
    let seconds = START.elapsed().as_secs();
    format!("== {name} ({}:{:02})", seconds / 60, seconds % 60)
}

/// Steps that wait for nothing that the others make, and so go on beside them.
#[derive(Default)]
pub(crate) struct Beside(Vec<JoinHandle<anyhow::Result<()>>>);

impl Beside {
    /// Starts a step. What it says is kept together and shown when it has ended.
    pub(crate) fn start(&mut self, name: &'static str, command: Command) {
        say(&format!("{} begins", headline(name)));
        self.0.push(thread::spawn(move || kept_together(name, command)));
    }

    /// Waits for all of them. Each that failed is named.
    pub(crate) fn ended(self) -> anyhow::Result<()> {
        let ends = self.0.into_iter().map(|step| step.join().unwrap_or_else(|_| bail!("a step came to grief")));
        let failures: Vec<String> = ends.filter_map(Result::err).map(|error| format!("{error:#}")).collect();
        if !failures.is_empty() {
            bail!(failures.join("; "));
        }
        Ok(())
    }
}

fn kept_together(name: &str, mut command: Command) -> anyhow::Result<()> {
    let (mut reader, writer) = pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().with_context(|| format!("{name}: the command cannot be run"))?;
    // It holds the ends of the pipe that are written to, and reading goes on until there are none.
    drop(command);
    let mut output = Vec::new();
    reader.read_to_end(&mut output)?;
    let status = child.wait()?;
    say(&format!("{} has ended\n{}", headline(name), String::from_utf8_lossy(&output).trim_end()));
    if !status.success() {
        bail!("{name} failed");
    }
    Ok(())
}

/// Says something to whoever started the task.
#[expect(clippy::print_stderr, reason = "a task says what it is doing")]
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}

/// The cargo that runs this task, at the root of the workspace.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments).current_dir(root());
    command
}

/// The same, with clippy as the compiler of the workspace's own code: what it lints it also compiles. To lint apart, as
/// `cargo clippy` does, every dependency is checked once more, which takes as long as building it.
pub(crate) fn linting(arguments: &[&str]) -> Command {
    let mut command = cargo(arguments);
    command.env("RUSTC_WORKSPACE_WRAPPER", Path::new(env!("CARGO")).with_file_name("clippy-driver"));
    // In this form `cargo clippy` hands on what follows its `--`.
    command.env("CLIPPY_ARGS", ["--deny", "warnings", ""].join("__CLIPPY_HACKERY__"));
    command
}

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Where everything goes that a build makes.
pub(crate) fn target() -> PathBuf {
    root().join("target")
}

/// This program.
pub(crate) fn this_program() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("this program cannot tell where it is")
}

/// Builds every program of the workspace with the same features as its tests: the test that is named switches on those of
/// what tests depend on, so that nothing is compiled twice.
pub(crate) fn programs_of_tests() -> Command {
    let mut build = linting(&["build"]);
    build.args(EVERYTHING).args(["--bins", "--test", "aws"]);
    build
}

/// The folder that `cargo build` leaves programs in. This one is among them, since the same profile has made it.
pub(crate) fn programs() -> anyhow::Result<PathBuf> {
    let this = this_program()?;
    this.parent().map(Path::to_owned).context("a program is in a folder")
}
