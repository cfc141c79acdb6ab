//! `countersign deploy` and `countersign remove`: a deployment from a release or from a checkout, with no other program.

#[cfg(feature = "aws")]
mod answers;
#[cfg(feature = "aws")]
mod bucket;
#[cfg(feature = "aws")]
mod change_set;
#[cfg(feature = "aws")]
mod changes;
#[cfg(feature = "aws")]
mod cloud;
#[cfg(feature = "aws")]
mod deployable;
#[cfg(feature = "aws")]
mod first_policy;
#[cfg(feature = "aws")]
mod guided;
#[cfg(feature = "aws")]
mod progress;
#[cfg(feature = "aws")]
mod remove;
#[cfg(feature = "aws")]
mod report;
#[cfg(feature = "aws")]
mod run;
#[cfg(feature = "aws")]
mod standing;

#[cfg(test)]
#[cfg(feature = "aws")]
mod tests;

use std::path::PathBuf;

use clap::Args;

use crate::deployment::Login;
use crate::examples::examples;
use crate::output::Format;

/// Deploys Countersign, or brings a deployment up to date.
///
/// It puts the zips into a bucket, asks CloudFormation what would change, says that in words, and asks before anything is
/// changed. Interrupted anywhere, it goes on when it is called again. What is not given stays as it was deployed.
///
/// The exit code is 0 if the stack is as it should be, 1 if it is not or nobody agreed, 2 if it could not be carried out.
#[derive(Debug, Args)]
#[command(after_help = examples!(
    "countersign deploy --guided",
    "countersign deploy --stack countersign --policy policy.toml",
    "countersign deploy --stack countersign --parameter ProtectTable=true --yes --json"))]
pub(crate) struct Deploy {
    /// Ask for what is to be known, with a proposal for each answer, and keep the answers.
    #[arg(long)]
    guided: bool,
    /// The file of the answers, which holds no secret. What the command line says goes before it.
    #[arg(long, value_name = "FILE", default_value = "countersign.toml")]
    answers: PathBuf,
    /// The folder of the template and the zips; without it that of this program, or what `cargo xtask package` has made.
    #[arg(long, value_name = "FOLDER")]
    from: Option<PathBuf>,
    /// The name of the stack.
    #[arg(long)]
    stack: Option<String>,
    /// The policy that is pushed after the first deployment. It is checked before anything is deployed.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The processor that the functions run on.
    #[arg(long, value_parser = ["arm64", "x86_64"])]
    arch: Option<String>,
    /// A parameter of the template.
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = name_and_value)]
    parameters: Vec<(String, String)>,
    /// A tag of the stack, and so of everything in it that takes tags.
    #[arg(long = "tag", value_name = "NAME=VALUE", value_parser = tag)]
    tags: Vec<(String, String)>,
    /// A bucket of yours for the zips, in the region of the stack; without it one that is made for them.
    #[arg(long)]
    bucket: Option<String>,
    /// Ask nobody before the stack is changed, for a pipeline.
    #[arg(long)]
    yes: bool,
    /// Let --yes also replace or remove what holds data.
    #[arg(long, requires = "yes")]
    lose_data: bool,
    #[command(flatten)]
    login: Login,
    #[command(flatten)]
    format: Format,
}

/// Removes a deployment, and says what stays.
///
/// The exit code is 0 if there is no such deployment any more, 1 if there is, 2 if it could not be carried out.
#[derive(Debug, Args)]
#[command(after_help = examples!(
    "countersign remove --stack countersign",
    "countersign remove --stack countersign --confirm countersign"))]
pub(crate) struct Remove {
    /// The name of the stack.
    #[arg(long)]
    stack: String,
    /// The name of the stack once more, in the place of typing it when that is asked for.
    #[arg(long, value_name = "STACK")]
    confirm: Option<String>,
    #[command(flatten)]
    login: Login,
    #[command(flatten)]
    format: Format,
}

/// What the program says by itself of the zips and of the processor.
const OURS: [&str; 3] = ["Architecture", "CodeBucket", "CodePrefix"];

fn tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it is not NAME=VALUE".to_owned()),
    }
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = tag(text)?;
    if OURS.contains(&name.as_str()) {
        return Err("the zips and their processor are named by --from, --bucket and --arch".to_owned());
    }
    Ok((name, value))
}
