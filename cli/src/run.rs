//! The whole system on this machine: with a page to use it from, or as a demonstration without one.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use anstream::{AutoStream, ColorChoice};
use anyhow::bail;
use countersign_playground::clock::Clock;
use countersign_playground::demo::{self, Decision, Output, Start, Via};
use countersign_playground::world::machines::CALCULATION;
use countersign_playground::world::{Options, Running, Source, StateMachine, World};
use jiff::SignedDuration;
use serde_json::json;
use tracing_subscriber::EnvFilter;

use crate::ending::Ending;
use crate::examples::examples;
use crate::machines::Machines;
use crate::output;

/// Runs the whole system on this machine, with a page to use it from.
///
/// It does what the program does without a command.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "countersign local",
    "countersign local --port 9000 --timeout 2m",
    "countersign local --state-machine release.asl.json --mocks release.mocks.json --input input.json",
    "countersign local --state-machine release=a.asl.json --state-machine expense=b.asl.json --policy policy.toml"))]
pub(crate) struct Local {
    /// The port on 127.0.0.1 to serve the page on.
    #[arg(long, default_value_t = 8420)]
    port: u16,
    #[command(flatten)]
    world: Settings,
}

/// Plays one execution without a page and prints each step as it happens: a calculation, or a machine of your own.
///
/// The exit code is 0 if all ended as the decision should end it (approved, rejected, returned, or expired when it is ignored),
/// 1 if it ended otherwise, 2 if nothing was started. A machine of your own may end as it likes, as long as it asks,
/// and succeeds when it is approved.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "countersign demo 125 122",
    "countersign demo 125 122 --via email --decide reject",
    "countersign demo 125 122 --via teams --decide return",
    "countersign demo 125 122 --decide ignore --timeout 2s",
    "countersign demo 1.5 2 --json",
    "countersign demo --state-machine release.asl.json --input input.json --decide approve"))]
pub(crate) struct Demo {
    /// The numbers x and y, as they would be typed. Wrong ones show what the workflow makes of them.
    #[arg(allow_negative_numbers = true, num_args = 0..=2, conflicts_with = "state_machines")]
    numbers: Vec<String>,
    /// Where the decision is made.
    #[arg(long, value_enum, default_value = "slack")]
    via: Via,
    /// What the approver does.
    #[arg(long, value_enum, default_value = "approve")]
    decide: Decision,
    /// The port on 127.0.0.1 that everything is served on; 0 for any that is free.
    #[arg(long, default_value_t = 0)]
    port: u16,
    #[command(flatten)]
    world: Settings,
    /// Print one JSON object a step, for scripts.
    #[arg(long)]
    json: bool,
}

/// What the local system is made of.
#[derive(Debug, clap::Args)]
struct Settings {
    /// How long an approval waits, such as 30s, 10m or 2h; otherwise 10m. A machine of your own waits so long where it has
    /// `${ApprovalTimeoutSeconds}`.
    #[arg(long, value_parser = whole_seconds)]
    timeout: Option<i64>,
    /// A policy file (TOML) to use instead of the one that comes along. What is changed in it holds at once.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    machines: Machines,
}

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

impl Local {
    /// Serves the page until Ctrl-C.
    pub(crate) async fn run(self) -> anyhow::Result<Ending> {
        let running = self.world.start(self.port).await?;
        let World { url, machines, left_out, .. } = &*running.world;
        let bot = running.world.bot();
        let first = machines.first().map(|machine| machine.name.as_str()).unwrap_or_default();
        let command = bot.app.policy.commands.values().find(|command| command.state_machine == first);
        let first = match command {
            Some(command) if command.is_default && first == CALCULATION => {
                "type /start 125 122 in the Slack pane".to_owned()
            }
            Some(command) => format!("type /start {} in the Slack pane", command.name),
            None => format!("start {first} in the Workflow pane"),
        };
        output::say(format_args!("Countersign is running. Open {url} and {first}. Ctrl-C ends it."))?;
        for line in left_out {
            output::say(line)?;
        }
        tokio::signal::ctrl_c().await?;
        Ok(Ending::Well)
    }
}

impl Demo {
    /// Plays it, and says whether the workflow ended as the decision should end it.
    pub(crate) async fn run(self) -> anyhow::Result<Ending> {
        let has_machine = self.world.machines.are_named()?;
        let running = self.world.start(self.port).await?;
        running.world.left_out.iter().for_each(output::note);
        let output = if self.json { Output::Json } else { Output::Text };
        let start = match running.world.machines.first() {
            Some(machine) if has_machine => Start::Machine(machine.input.clone().unwrap_or_else(|| json!({}))),
            _ => Start::Calculation(self.numbers),
        };
        let demo = demo::Demo { start, via: self.via, decision: self.decide };
        match demo::play(&running.world, &demo, output).await {
            Ok(as_expected) => Ok(Ending::well_if(as_expected)),
            Err(error) if running.world.engine.executions().is_empty() => Err(error),
            Err(error) => {
                output::complain(&error);
                Ok(Ending::NotWell)
            }
        }
    }
}

impl Settings {
    async fn start(self, port: u16) -> anyhow::Result<Running> {
        log_errors();
        let mut options = Options { port, ..Options::default() };
        options.policy = self.policy.as_deref().map(Source::file).transpose()?;
        self.machines.add_to(&mut options)?;
        if let Some(seconds) = self.timeout {
            let machines = &options.state_machines;
            if !machines.is_empty() && !machines.iter().any(StateMachine::takes_timeout) {
                bail!("--timeout changes nothing: no state machine has ${{ApprovalTimeoutSeconds}} as its timeout");
            }
            options.timeout_seconds = seconds;
        }
        let mut running = World::start(options, Clock::system()).await?;
        if let Some(file) = self.policy {
            running.follow_policy(file);
        }
        running.keep_reconciling();
        Ok(running)
    }
}

/// Logs to standard error; RUST_LOG says how much.
fn log_errors() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("error"));
    let is_coloured = AutoStream::choice(&std::io::stderr()) != ColorChoice::Never;
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(is_coloured).with_writer(std::io::stderr).init();
}
