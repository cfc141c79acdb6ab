//! Starts the program for the tasks that need the bot's own code. It is a package of its own because the bot takes
//! minutes to compile, and most tasks do not need it.

use std::path::{PathBuf, absolute};
use std::process::Command;

use anyhow::bail;

use crate::steps::{cargo, root};

/// Which deployment to look at.
#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    /// The name of the stack.
    #[arg(long)]
    stack: String,
    /// The region of the stack; without it the one that the AWS command line takes.
    #[arg(long)]
    region: Option<String>,
}

impl Doctor {
    /// Prints a line for each check and fails if one of them failed.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let mut doctor = operate(&["doctor", "--stack", &self.stack]);
        doctor.args(self.region.iter().flat_map(|region| ["--region", region]));
        if !doctor.status()?.success() {
            bail!("the deployment needs attention");
        }
        Ok(())
    }
}

/// Which audit trail to read.
#[derive(Debug, clap::Args)]
pub(crate) struct Audit {
    /// Whether to print what happened, or only whether the trail is whole.
    action: Action,
    /// The id of the approval: apr_ and 26 letters and digits.
    id: String,
    /// The name of the stack.
    #[arg(long)]
    stack: String,
    /// The region of the stack; without it the one that the AWS command line takes.
    #[arg(long)]
    region: Option<String>,
}

/// Which request to explain, to whom.
#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// A file with what a state passes to the notifier, or the `approval` in it alone.
    request: PathBuf,
    /// The policy file.
    #[arg(long, default_value_os_t = root().join("infra").join("policy.toml"))]
    policy: PathBuf,
    /// The person, by their key in the policy or any other name that it knows of them.
    #[arg(long = "as")]
    person: String,
}

impl Explain {
    /// Prints who could decide on the request, and what the person may do.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let mut explain = operate(&["explain"]);
        explain.arg(absolute(&self.request)?).arg("--policy").arg(absolute(&self.policy)?).args(["--as", &self.person]);
        if !explain.status()?.success() {
            bail!("the request could not be explained");
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Action {
    Verify,
    Show,
}

impl Audit {
    /// Prints the trail or the verdict on it, and fails if it is not whole.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let action = match self.action {
            Action::Verify => "verify",
            Action::Show => "show",
        };
        let mut audit = operate(&["audit", action, &self.id, "--stack", &self.stack]);
        audit.args(self.region.iter().flat_map(|region| ["--region", region]));
        if !audit.status()?.success() {
            bail!("the audit trail was not found to be whole");
        }
        Ok(())
    }
}

/// A command of `xtask-operate`.
pub(crate) fn operate(arguments: &[&str]) -> Command {
    let package = ["--package", "countersign-cli", "--bin", "xtask-operate"];
    let mut command = cargo(&["run", "--quiet", "--locked"]);
    command.args(package).arg("--");
    command.args(arguments);
    command
}
