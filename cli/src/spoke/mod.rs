//! `countersign spoke`: the accounts beside the deployment's own.

#[cfg(feature = "aws")]
mod check;

use clap::{Args, Subcommand};

use crate::deployment::Deployment;
use crate::ending::Ending;
use crate::examples::examples;
use crate::output::Format;

/// Looks at the accounts whose workflows ask a deployment in another account.
#[derive(Debug, Args)]
#[command(after_help = examples!("countersign spoke check 111122223333 --stack countersign"))]
pub(crate) struct Spoke {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Says what is missing for an account to ask, and what to do about it.
    ///
    /// The deployment's own function assumes the role of the account in each of its regions, and makes the calls that
    /// approvals need with a task and an execution that nobody has. With a login at the account, what its stack was told is
    /// compared with what the deployment says. It changes nothing.
    ///
    /// The exit code is 0 if nothing is missing, 1 if something is, 2 if there is no login or no deployment.
    #[command(after_help = examples!(
        "countersign spoke check 111122223333 --stack countersign",
        "countersign spoke check 111122223333 --stack countersign --spoke-profile payments",
        "countersign spoke check 111122223333 --stack countersign --json"))]
    Check(Check),
}

/// Which account.
#[derive(Debug, Args)]
struct Check {
    /// The id of the account.
    #[arg(value_parser = account_id)]
    account: String,
    #[command(flatten)]
    deployment: Deployment,
    /// A profile of the AWS command line that logs in at the account, to look at its stack as well.
    #[arg(long, value_name = "PROFILE")]
    spoke_profile: Option<String>,
    /// The name of the stack there.
    #[arg(long, value_name = "NAME", default_value = "countersign-spoke")]
    spoke_stack: String,
    #[command(flatten)]
    format: Format,
}

fn account_id(text: &str) -> Result<String, &'static str> {
    let is_one = countersign_bot::approval::accounts::is_account_id(text);
    if is_one { Ok(text.to_owned()) } else { Err("an account has 12 digits") }
}

impl Spoke {
    /// Does what was asked for.
    pub(crate) async fn run(self) -> anyhow::Result<Ending> {
        match self.action {
            #[cfg(feature = "aws")]
            Action::Check(check) => check.run().await,
            #[cfg(not(feature = "aws"))]
            Action::Check(_) => Err(crate::deployment::not_in_this_build("spoke")),
        }
    }
}
