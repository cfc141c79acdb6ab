//! `countersign slack`: from no app at all to one that the deployment knows.

#[cfg(feature = "aws")]
mod asking;
#[cfg(feature = "aws")]
mod link;
#[cfg(feature = "aws")]
mod slack;

#[cfg(test)]
#[cfg(feature = "aws")]
mod tests;

use clap::Args;

use crate::deployment::{Addresses, Deployment};
use crate::examples::examples;
use crate::output::Format;

/// Sets the Slack app of a deployment up.
///
/// It prints a link that makes the app with its manifest, asks for the app's signing secret and bot token, which nothing
/// shows while they are typed, has Slack say whether it knows the token, and stores both at once. Then it finds the channel
/// of the cards, and prints the lines for the policy. Called again, it goes on with what is missing.
///
/// Without a terminal it reads the signing secret and the token from standard input, a line each.
///
/// The exit code is 0 if the app is set up, 1 if something is left to do, 2 if it could not be carried out.
#[derive(Debug, Args)]
#[command(after_help = examples!(
    "countersign slack --stack countersign",
    "countersign slack --stack countersign --channel finance",
    "countersign slack --stack countersign --channel C0789 --json < secrets.txt"))]
pub(crate) struct Slack {
    /// The channel that cards are to go to, by its name or its id; without it that is asked for at a terminal.
    #[arg(long)]
    channel: Option<String>,
    /// Ask for the signing secret and the token although they are stored.
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    deployment: Deployment,
    #[command(flatten)]
    addresses: Addresses,
    #[command(flatten)]
    format: Format,
}
