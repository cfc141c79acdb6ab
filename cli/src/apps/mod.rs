//! `countersign slack` and `countersign teams`: from no app at all to one that the deployment knows.

#[cfg(feature = "aws")]
mod asking;
#[cfg(feature = "aws")]
mod link;
#[cfg(feature = "aws")]
mod slack;
#[cfg(feature = "aws")]
mod teams;

#[cfg(test)]
#[cfg(feature = "aws")]
mod tests;

use std::path::PathBuf;

use clap::Args;
use url::Url;

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
    /// Ask for the signing secret and the token although they are stored. Of what they replace nothing is kept, a previous
    /// signing secret included.
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    deployment: Deployment,
    #[command(flatten)]
    addresses: Addresses,
    #[command(flatten)]
    format: Format,
}

/// Sets the Teams app of a deployment up.
///
/// It says what has to exist at Microsoft, asks for the app's id, its tenant and its password, which nothing shows while it
/// is typed, has Microsoft say whether it knows them, and stores all three at once. Then it writes the zip of the Teams app,
/// and says how the bot tells the conversation for the policy. Called again, it goes on with what is missing.
///
/// Without a terminal it reads the password from standard input.
///
/// The exit code is 0 if the app is set up, 1 if something is left to do, 2 if it could not be carried out.
#[derive(Debug, Args)]
#[command(after_help = examples!(
    "countersign teams --stack countersign",
    "countersign teams --stack countersign --again",
    "countersign teams --stack countersign --app-id 3f2504e0-4f89-41d3-9a0c-0305e82c3301 --tenant 5e0a1c52-0f5e-4d67-9a34-0d9f8e1c2b3a --json < password.txt"))]
pub(crate) struct Teams {
    /// The app's id in Entra, its application (client) ID; without it that is asked for.
    #[arg(long, value_name = "GUID")]
    app_id: Option<String>,
    /// The id of the tenant that the app is registered in; without it that is asked for.
    #[arg(long, value_name = "GUID")]
    tenant: Option<String>,
    /// A page of yours that the details of the app link to; without it the deployment's address.
    #[arg(long, value_name = "URL", value_parser = crate::manifests::https)]
    website: Option<Url>,
    /// The folder that gets the Teams app.
    #[arg(long, value_name = "FOLDER", default_value = "countersign-manifests")]
    output: PathBuf,
    /// Ask for the three although they are stored.
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    deployment: Deployment,
    #[command(flatten)]
    addresses: Addresses,
    #[command(flatten)]
    format: Format,
}
