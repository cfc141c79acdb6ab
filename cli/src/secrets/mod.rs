//! `countersign secrets`: what the stack's secrets hold, and how it is replaced.

#[cfg(feature = "aws")]
pub(crate) mod form;
#[cfg(feature = "aws")]
mod functions;
#[cfg(feature = "aws")]
pub(crate) mod kept;
#[cfg(feature = "aws")]
pub(crate) mod plan;
#[cfg(feature = "aws")]
mod remove;
#[cfg(feature = "aws")]
mod report;
#[cfg(feature = "aws")]
mod rotate;
#[cfg(feature = "aws")]
mod set;
#[cfg(feature = "aws")]
mod shared_key;
#[cfg(feature = "aws")]
mod status;

#[cfg(test)]
#[cfg(feature = "aws")]
pub(crate) mod tests;

use clap::{Args, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};

use crate::deployment::{Addresses, Deployment};
use crate::ending::Ending;
use crate::examples::examples;
use crate::output::Format;

/// Looks at the secrets of a deployment, and replaces what is in them. It prints no value.
#[derive(Debug, Args)]
#[command(after_help = examples!(
    "countersign secrets status --stack countersign",
    "countersign secrets set slack_bot_token --stack countersign",
    "countersign secrets rotate link_key --stack countersign"))]
pub(crate) struct Secrets {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Says what is there and since when, which rotation is half done, and what comes next.
    ///
    /// The exit code is 0 if the functions can use the secrets, 1 if they cannot, 2 if the secrets could not be read.
    #[command(after_help = examples!(
        "countersign secrets status --stack countersign",
        "countersign secrets status --stack countersign --json"))]
    Status(Status),
    /// Asks for a value, checks it, and stores it beside the others.
    ///
    /// It alone counts then: neither the value that it replaces nor a previous one is kept.
    ///
    /// At a terminal it is typed unseen; otherwise it is a line of standard input. No command line has it. A token is held
    /// against Slack, and the password of the Teams app against Microsoft, before anything is stored. If somebody else has
    /// changed the secret meanwhile, nothing is.
    ///
    /// The exit code is 0 if it is stored, 1 if it is not, 2 if it could not be carried out.
    #[command(after_help = examples!(
        "countersign secrets set slack_bot_token --stack countersign",
        "countersign secrets set teams_app_password --stack countersign --yes --json < password.txt"))]
    Set(Set),
    /// Does the next step of a rotation that is due, and says when the one after it is.
    ///
    /// The first call puts a new value in; where the old one stays valid beside it, a later call takes that out. A call that
    /// is too early changes nothing, and says when to call again. Keys that nobody but Countersign knows are made here.
    ///
    /// After a leak, --now puts a new value in that alone counts, however far a rotation is: no value that was valid before
    /// stays valid. What only its vendor can make is made there first.
    ///
    /// The exit code is 0 if a step was done or none is left, 1 if not, 2 if it could not be carried out.
    #[command(after_help = examples!(
        "countersign secrets rotate slack_signing_secret --stack countersign",
        "countersign secrets rotate link_key --stack countersign --longest 720h",
        "countersign secrets rotate key --stack countersign --now --yes"))]
    Rotate(Rotate),
    /// Takes all values of an app out, after which the functions run without it.
    ///
    /// The exit code is 0 if none is there any more, 1 if nobody agreed, 2 if it could not be carried out.
    #[command(after_help = examples!("countersign secrets remove teams --stack countersign"))]
    Remove(Remove),
}

/// What can be typed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Typed {
    SlackSigningSecret,
    SlackBotToken,
    TeamsAppId,
    TeamsAppPassword,
    TeamsTenant,
}

/// What can be rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Rotated {
    SlackSigningSecret,
    SlackBotToken,
    TeamsAppPassword,
    /// The key of the links in mails.
    LinkKey,
    /// The key that the reference workflow shares with the third party.
    Key,
}

/// An app whose values can be taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum App {
    Slack,
    Teams,
}

/// Which secrets are looked at.
#[derive(Debug, Args)]
struct Status {
    #[command(flatten)]
    deployment: Deployment,
    #[command(flatten)]
    links: Links,
    #[command(flatten)]
    format: Format,
}

/// How long what the previous key of the links has signed is still needed.
#[derive(Debug, Args)]
struct Links {
    /// How long people have for the longest of your approvals: links in mails live as long, and the previous link_key is
    /// kept for it.
    #[arg(long, value_name = "DURATION", default_value = "168h", value_parser = duration)]
    longest: SignedDuration,
}

/// What is stored.
#[derive(Debug, Args)]
struct Set {
    /// What it is.
    name: Typed,
    #[command(flatten)]
    how: How,
}

/// What is rotated.
#[derive(Debug, Args)]
struct Rotate {
    /// What it is.
    name: Rotated,
    /// It has leaked: put a new value in now, in the place of the value and of a previous one beside it. What that breaks
    /// is said.
    #[arg(long)]
    now: bool,
    #[command(flatten)]
    links: Links,
    #[command(flatten)]
    how: How,
}

/// What is taken out.
#[derive(Debug, Args)]
struct Remove {
    /// The app whose values it is.
    app: App,
    #[command(flatten)]
    how: How,
}

/// Where it is stored, and who confirms it.
#[derive(Debug, Args)]
struct How {
    /// Ask nobody before anything is changed, for a pipeline.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    deployment: Deployment,
    #[command(flatten)]
    addresses: Addresses,
    #[command(flatten)]
    format: Format,
}

fn duration(text: &str) -> Result<SignedDuration, &'static str> {
    let duration = text.parse().ok().filter(SignedDuration::is_positive);
    duration.ok_or("a duration is needed, such as 90m or 720h")
}

impl Secrets {
    /// Does what was asked for.
    pub(crate) async fn run(self, clock: fn() -> Timestamp) -> anyhow::Result<Ending> {
        match self.action {
            #[cfg(feature = "aws")]
            Action::Status(status) => status.run(clock).await,
            #[cfg(feature = "aws")]
            Action::Set(set) => set.run(clock).await,
            #[cfg(feature = "aws")]
            Action::Rotate(rotate) => rotate.run(clock).await,
            #[cfg(feature = "aws")]
            Action::Remove(remove) => remove.run().await,
            #[cfg(not(feature = "aws"))]
            Action::Status(_) | Action::Set(_) | Action::Rotate(_) | Action::Remove(_) => {
                let _ = clock;
                Err(crate::deployment::not_in_this_build("secrets"))
            }
        }
    }
}
