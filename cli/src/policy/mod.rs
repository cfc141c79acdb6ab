//! `countersign policy`: the policy of a deployment, which is data with versions, and a check of a file.

mod check;
#[cfg(feature = "aws")]
mod draft;
#[cfg(feature = "aws")]
mod init;
#[cfg(feature = "aws")]
mod look_up;
#[cfg(feature = "aws")]
mod push;
#[cfg(feature = "aws")]
pub(crate) mod versions;
#[cfg(feature = "aws")]
mod written;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use countersign_bot::approval::identities::is_address;
use jiff::Timestamp;

use crate::deployment::{Addresses, Deployment, Login, TeamsService};
use crate::ending::Ending;
use crate::examples::examples;
use crate::output::Format;

/// Pushes, shows and compares the versions of a deployment's policy, and checks a policy file.
///
/// The exit code is 0 if all is well, 1 if a file is wrong, a push was not confirmed or somebody was faster, 2 if it could
/// not be carried out.
#[derive(Debug, Args)]
#[command(after_help = examples!(
    "countersign policy init policy.toml --stack countersign",
    "countersign policy check policy.toml",
    "countersign policy push policy.toml --stack countersign",
    "countersign policy history --stack countersign",
    "countersign policy rollback 3 --stack countersign --yes"))]
pub(crate) struct Policy {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Writes a first policy: who may approve, who may ask, and in which Slack channel and Teams conversation.
    ///
    /// People are named by their addresses, the Slack channel by its name, and the Teams conversation by the line that the
    /// bot says there. With a stack that has the apps' secrets, ids are looked up; without, they are asked for or left to a
    /// push. A file that is there stays as it is.
    #[command(after_help = examples!(
        "countersign policy init",
        "countersign policy init policy.toml --stack countersign",
        "countersign policy init --stack countersign --email ada@example.com --email grace@example.com --channel approvals --yes",
        "countersign policy init --stack countersign --email ada@example.com --self-approval --teams-conversation 19:abc@thread.tacv2 --yes"))]
    Init(Init),
    /// Checks a file, tells what it changes, and puts it in force once that is confirmed.
    ///
    /// All functions go by it within a minute. What has been asked already keeps the rules that it was asked under.
    ///
    /// A person may be written with their address alone: their ids in Slack and Teams are looked up by it, with the bot's
    /// secret, and are part of what is shown and put in force.
    #[command(after_help = examples!(
        "countersign policy push policy.toml --stack countersign",
        "countersign policy push policy.toml --stack countersign --look-up-people --save",
        "countersign policy push policy.toml --stack countersign --yes --json"))]
    Push(Push),
    /// Prints a version as it was pushed; without a number the one that is in force.
    #[command(after_help = examples!(
        "countersign policy show --stack countersign > policy.toml",
        "countersign policy show --version 3 --stack countersign --json"))]
    Show(Show),
    /// Lists the versions, the newest first: who pushed them, and when.
    #[command(after_help = examples!("countersign policy history --stack countersign"))]
    History(History),
    /// Tells what one version changes of another, by what people may do.
    ///
    /// A version is a number, or a file. Without any it is what the version in force has changed of the one before; with
    /// one number, what has changed since; with one file, what it would change.
    #[command(after_help = examples!(
        "countersign policy diff --stack countersign",
        "countersign policy diff 3 --stack countersign",
        "countersign policy diff policy.toml --stack countersign --json"))]
    Diff(Diff),
    /// Puts an earlier version in force again, as a new one.
    #[command(after_help = examples!("countersign policy rollback 3 --stack countersign"))]
    Rollback(Rollback),
    /// Says everything that is wrong with a file, each with its line. It asks nobody.
    #[command(after_help = examples!(
        "countersign policy check policy.toml",
        "countersign policy check policy.toml --json"))]
    Check(Check),
}

/// What a first policy says.
#[derive(Debug, Args)]
struct Init {
    /// The file to write.
    #[arg(default_value = "policy.toml")]
    file: PathBuf,
    /// The name of the stack, whose Slack and Teams are asked.
    #[arg(long)]
    stack: Option<String>,
    #[command(flatten)]
    login: Login,
    /// The address of a person; the first may approve, and the others may ask.
    #[arg(long = "email", value_name = "ADDRESS", value_parser = address)]
    emails: Vec<String>,
    /// The Slack channel that gets the cards, by its name or its id.
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    channel: Option<String>,
    /// The id of the Slack workspace whose members are let in; with a stack it is the one that the app is installed in.
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    slack_team: Option<String>,
    /// The Teams conversation that gets the cards, by its id, which the bot says when it is added there.
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    teams_conversation: Option<String>,
    /// The id of the Entra tenant whose members are let in; with a stack it is the one that the app is registered in.
    #[arg(long, value_name = "GUID", value_parser = NonEmptyStringValueParser::new())]
    teams_tenant: Option<String>,
    /// Let people approve what they asked for themselves.
    #[arg(long)]
    self_approval: bool,
    /// Ask nobody for what is not said, for a script.
    #[arg(long)]
    yes: bool,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    addresses: Addresses,
    #[command(flatten)]
    service: TeamsService,
    #[command(flatten)]
    format: Format,
}

/// What is pushed.
#[derive(Debug, Args)]
struct Push {
    /// The policy file.
    file: PathBuf,
    /// Look up the ids of those who have an address and none for a chat that a policy uses, without asking about it.
    #[arg(long)]
    look_up_people: bool,
    /// Put the ids that were found into the file too, without asking about it.
    #[arg(long, requires = "look_up_people")]
    save: bool,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    addresses: Addresses,
    #[command(flatten)]
    service: TeamsService,
}

/// Where a push goes, and who confirms it.
#[derive(Debug, Args)]
struct How {
    /// Ask nobody before it is put in force, for a pipeline.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    deployment: Deployment,
    #[command(flatten)]
    format: Format,
}

/// Which version is shown.
#[derive(Debug, Args)]
struct Show {
    /// The number of the version.
    #[arg(long, value_name = "N")]
    version: Option<u32>,
    #[command(flatten)]
    deployment: Deployment,
    #[command(flatten)]
    format: Format,
}

/// Which versions are listed.
#[derive(Debug, Args)]
struct History {
    /// How many.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    deployment: Deployment,
    #[command(flatten)]
    format: Format,
}

/// What is compared.
#[derive(Debug, Args)]
struct Diff {
    /// The earlier version.
    a: Option<String>,
    /// The later version.
    b: Option<String>,
    #[command(flatten)]
    deployment: Deployment,
    #[command(flatten)]
    format: Format,
}

/// What comes back.
#[derive(Debug, Args)]
struct Rollback {
    /// The number of the version.
    version: u32,
    #[command(flatten)]
    how: How,
}

/// What is checked.
#[derive(Debug, Args)]
struct Check {
    /// The policy file.
    file: PathBuf,
    #[command(flatten)]
    format: Format,
}

impl Policy {
    /// Does what was asked for.
    pub(crate) async fn run(self, clock: fn() -> Timestamp) -> anyhow::Result<Ending> {
        match self.action {
            Action::Check(check) => check.run(),
            #[cfg(feature = "aws")]
            Action::Init(init) => init.run(clock).await,
            #[cfg(feature = "aws")]
            Action::Push(push) => push.run(clock).await,
            #[cfg(feature = "aws")]
            Action::Rollback(rollback) => rollback.run(clock).await,
            #[cfg(feature = "aws")]
            Action::Show(show) => show.run().await,
            #[cfg(feature = "aws")]
            Action::History(history) => history.run().await,
            #[cfg(feature = "aws")]
            Action::Diff(diff) => diff.run().await,
            #[cfg(not(feature = "aws"))]
            Action::Init(_)
            | Action::Push(_)
            | Action::Rollback(_)
            | Action::Show(_)
            | Action::History(_)
            | Action::Diff(_) => {
                let _ = clock;
                Err(crate::deployment::not_in_this_build("policy"))
            }
        }
    }
}

/// An address that mail goes to.
fn address(text: &str) -> Result<String, String> {
    let address = text.to_lowercase();
    if is_address(&address) { Ok(address) } else { Err("it is no address".to_owned()) }
}

/// The text of a file, or which one cannot be read.
pub(crate) fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))
}
