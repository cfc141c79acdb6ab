//! The program `countersign`: the local run, and what an operator needs. It reads its arguments, does one thing, and says
//! with its exit code how that went.

mod apps;
#[cfg(feature = "aws")]
mod audit;
#[cfg(feature = "aws")]
mod aws;
mod completions;
mod deploy;
mod deployment;
#[cfg(feature = "aws")]
mod directory;
#[cfg(feature = "aws")]
mod doctor;
#[cfg(test)]
mod documented;
mod ending;
mod examples;
mod explain;
#[cfg(feature = "aws")]
mod file;
mod machines;
mod manifests;
mod mocks;
mod output;
#[cfg(feature = "aws")]
mod patience;
#[cfg(feature = "aws")]
mod person;
mod policy;
mod run;
mod secrets;
mod spoke;
#[cfg(feature = "aws")]
mod stack;
#[cfg(feature = "aws")]
mod vendors;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use jiff::Timestamp;

use self::examples::examples;

/// Puts a human decision into AWS Step Functions workflows.
///
/// Without a command it runs the whole system on this machine: Step Functions, Slack, Teams and a mailbox in one
/// process, without an account. Open the page it names, type `/start 125 122` in the Slack pane, and approve with the
/// button or from the mail.
#[derive(Parser)]
#[command(name = "countersign", version, args_conflicts_with_subcommands = true)]
#[command(after_help = examples!(
    "Exit codes: 0 all is well, 1 what was asked about is not well, 2 the command is wrong or could not be carried out.";
    "countersign",
    "countersign --policy policy.toml --timeout 2m",
    "countersign demo 125 122 --via email --decide reject",
    "countersign doctor --stack countersign"))]
struct Cli {
    #[command(flatten)]
    local: run::Local,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    Local(run::Local),
    Demo(run::Demo),
    Deploy(deploy::Deploy),
    Remove(deploy::Remove),
    Doctor(deployment::Doctor),
    Audit(deployment::Audit),
    Explain(explain::Explain),
    Manifests(manifests::Manifests),
    Mocks(mocks::Mocks),
    Policy(policy::Policy),
    Secrets(secrets::Secrets),
    Slack(apps::Slack),
    Spoke(spoke::Spoke),
    Teams(apps::Teams),
    Completions(completions::Completions),
}

/// Without optimisation the futures of a request take more room than a thread has by itself.
const STACK_BYTES: usize = 8 << 20;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK_BYTES).build();
    match runtime {
        Ok(runtime) => runtime.block_on(run(cli)),
        Err(error) => ending::exit_code(Err(error.into())),
    }
}

async fn run(Cli { local, command }: Cli) -> ExitCode {
    ending::exit_code(match command.unwrap_or(Command::Local(local)) {
        Command::Local(local) => local.run().await,
        Command::Demo(demo) => demo.run().await,
        #[cfg(feature = "aws")]
        Command::Doctor(doctor) => doctor.run(now).await,
        #[cfg(feature = "aws")]
        Command::Audit(audit) => audit.run(now()).await,
        #[cfg(feature = "aws")]
        Command::Deploy(deploy) => deploy.run(now).await,
        #[cfg(feature = "aws")]
        Command::Remove(remove) => remove.run(now).await,
        #[cfg(feature = "aws")]
        Command::Slack(slack) => slack.run(now).await,
        #[cfg(feature = "aws")]
        Command::Teams(teams) => teams.run(now).await,
        #[cfg(not(feature = "aws"))]
        Command::Deploy(_) => Err(deployment::not_in_this_build("deploy")),
        #[cfg(not(feature = "aws"))]
        Command::Remove(_) => Err(deployment::not_in_this_build("remove")),
        #[cfg(not(feature = "aws"))]
        Command::Doctor(_) => Err(deployment::not_in_this_build("doctor")),
        #[cfg(not(feature = "aws"))]
        Command::Audit(_) => Err(deployment::not_in_this_build("audit")),
        #[cfg(not(feature = "aws"))]
        Command::Slack(_) => Err(deployment::not_in_this_build("slack")),
        #[cfg(not(feature = "aws"))]
        Command::Teams(_) => Err(deployment::not_in_this_build("teams")),
        Command::Explain(explain) => explain.run(now()).await,
        Command::Manifests(manifests) => manifests.run(),
        Command::Mocks(mocks) => mocks.run(),
        Command::Policy(policy) => policy.run(now).await,
        Command::Secrets(secrets) => secrets.run(now).await,
        Command::Spoke(spoke) => spoke.run().await,
        Command::Completions(completions) => completions.run(Cli::command()),
    })
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_well_formed() {
        Cli::command().debug_assert();
    }

    /// Whoever reads the help of a command finds calls to begin with, and can make them.
    #[test]
    fn every_command_has_examples_that_it_takes() {
        let program = Cli::command();
        let mut commands = vec![&program];
        while let Some(command) = commands.pop() {
            commands.extend(command.get_subcommands());
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let examples: Vec<&str> = help.lines().filter(|line| line.starts_with("  countersign")).collect();
            assert!(!examples.is_empty(), "{}: {help}", command.get_name());
            for example in examples {
                let call = example.split(['|', '>', '<']).next().unwrap_or_default();
                if let Err(error) = Cli::try_parse_from(call.split_whitespace()) {
                    panic!("{example}: {error}");
                }
            }
        }
    }
}
