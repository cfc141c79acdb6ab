//! Runs the commands that a task is made of, and says which one it is at.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

/// Runs a command whose output is for the reader; its failure ends the task.
pub(crate) fn step(name: &str, command: &mut Command) -> anyhow::Result<()> {
    say(&format!("== {name}"));
    let status = command.status().with_context(|| format!("{name}: the command cannot be run"))?;
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

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Where everything goes that a build makes.
pub(crate) fn target() -> PathBuf {
    root().join("target")
}
