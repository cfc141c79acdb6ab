//! `cargo run`: the whole system on this machine, with a page to use it from, or as a demonstration without one.

use std::io::IsTerminal;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use countersign_playground::clock::Clock;
use countersign_playground::demo::{self, Decision, Demo, Output, Via};
use countersign_playground::world::{Options, Running, Source, World};
use jiff::SignedDuration;
use tracing_subscriber::EnvFilter;

/// What the exit code says when the run ended otherwise than the decision should have ended it.
const ENDED_OTHERWISE: u8 = 1;
/// What the exit code says when something is wrong with the options; clap uses the same.
const NOT_STARTED: u8 = 2;

/// Runs Countersign on this machine: Step Functions, Slack and a mailbox in one process, without an account.
///
/// Open the page it names, type `/start 125 122` in the Slack pane, and approve with the button or from the mail.
#[derive(Parser)]
#[command(name = "countersign", version)]
struct Cli {
    #[command(flatten)]
    run: Run,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Args)]
struct Run {
    /// The port on 127.0.0.1 to serve the page on; a demonstration takes any free one.
    #[arg(long, global = true)]
    port: Option<u16>,
    /// How long an approval waits, such as 30s, 10m or 2h.
    #[arg(long, global = true, default_value = "10m", value_parser = whole_seconds)]
    timeout: i64,
    /// A policy file (TOML) to use instead of the one that comes along.
    #[arg(long, global = true, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// A state machine (Amazon States Language, JSONPath) to use instead of the one that is deployed.
    #[arg(long, global = true, value_name = "FILE")]
    state_machine: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Plays one calculation without a page and prints each step as it happens.
    ///
    /// The exit code is 0 if the workflow ended as the decision should end it (approved, rejected, or expired
    /// when it is ignored), 1 if it ended otherwise, 2 if nothing was started.
    Demo(DemoArgs),
}

#[derive(Args)]
struct DemoArgs {
    /// The numbers x and y, as they would be typed. Wrong ones show what the workflow makes of them.
    #[arg(allow_negative_numbers = true, num_args = 0..=2)]
    numbers: Vec<String>,
    /// Where the decision is made.
    #[arg(long, value_enum, default_value = "slack")]
    via: Via,
    /// What the approver does.
    #[arg(long, value_enum, default_value = "approve")]
    decide: Decision,
    /// Print one JSON object a step, for machines.
    #[arg(long)]
    json: bool,
}

const DEFAULT_PORT: u16 = 8420;
/// The seconds that Step Functions takes as a timeout.
const TIMEOUTS: RangeInclusive<i64> = 1..=99_999_999;

fn whole_seconds(text: &str) -> Result<i64, String> {
    match text.parse::<SignedDuration>() {
        Ok(duration) if duration.subsec_nanos() == 0 && TIMEOUTS.contains(&duration.as_secs()) => {
            Ok(duration.as_secs())
        }
        _ => {
            Err(format!("a duration of whole seconds is needed, such as 30s, 10m or 2h, at most {} s", TIMEOUTS.end()))
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("error"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let default_port = if matches!(cli.command, Some(Command::Demo(_))) { 0 } else { DEFAULT_PORT };
    let mut running = match start(&cli.run, default_port).await {
        Ok(running) => running,
        Err(error) => {
            complain(&error);
            return ExitCode::from(NOT_STARTED);
        }
    };
    running.keep_reconciling();
    match cli.command {
        None => {
            announce(&running.world.url);
            let _ = tokio::signal::ctrl_c().await;
            ExitCode::SUCCESS
        }
        Some(Command::Demo(args)) => {
            let output = if args.json { Output::Json } else { Output::Text };
            let demo = Demo { numbers: args.numbers, via: args.via, decision: args.decide };
            match demo::play(&running.world, &demo, output).await {
                Ok(true) => ExitCode::SUCCESS,
                Ok(false) => ExitCode::from(ENDED_OTHERWISE),
                Err(error) => {
                    complain(&error);
                    let started = !running.world.engine.executions().is_empty();
                    ExitCode::from(if started { ENDED_OTHERWISE } else { NOT_STARTED })
                }
            }
        }
    }
}

async fn start(run: &Run, default_port: u16) -> anyhow::Result<Running> {
    let mut options =
        Options { port: run.port.unwrap_or(default_port), timeout_seconds: run.timeout, ..Options::default() };
    if let Some(path) = &run.policy {
        options.policy = Source::file(path)?;
    }
    if let Some(path) = &run.state_machine {
        options.state_machine = Source::file(path)?;
    }
    World::start(options, Clock::system()).await
}

#[expect(clippy::print_stdout, reason = "the address is what the command is run for")]
fn announce(url: &str) {
    println!("Countersign is running. Open {url} and type /start 125 122 in the Slack pane. Ctrl-C ends it.");
}

#[expect(clippy::print_stderr, reason = "one clear message is what a failed start owes")]
fn complain(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}
