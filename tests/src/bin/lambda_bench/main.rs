//! What the functions cost on Lambda: the released binaries of `webhook` and `notifier`, run as Lambda runs them,
//! beside a function that does nothing and, if asked for, beside functions that others would write.
//!
//! Every approval is raised by the notifier and decided by one click through the webhook. AWS, Slack and Teams are
//! small servers in this process, so that only the functions' own work is counted. The aims are printed beside the
//! figures and fail nothing, since machines differ; a wrong answer does.

#![expect(clippy::print_stdout, reason = "the figures are what the command is run for")]

mod approvals;
mod aws;
mod figures;
mod function;
mod messenger;
mod peers;
mod runtime_api;
mod services;
mod session;
mod subject;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::function::Function;
use crate::messenger::Messenger;
use crate::services::Services;
use crate::session::{Counts, Measured, Session};

/// What to measure.
#[derive(Parser)]
struct Arguments {
    /// The folder with a folder for each function.
    #[arg(long)]
    functions: PathBuf,
    /// The policy that is pushed for the functions.
    #[arg(long)]
    policy: PathBuf,
    /// The list of peers to measure beside ours.
    #[arg(long)]
    peers: Option<PathBuf>,
    /// So many milliseconds later than it could does AWS answer.
    #[arg(long, default_value_t = 0)]
    aws_delay_ms: u64,
    /// Shows only that everything works: small counts, no figures, and the function that does nothing as it was built
    /// beside this program.
    #[arg(long)]
    short: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let services = Services::start(Duration::from_millis(arguments.aws_delay_ms)).await?;
    let policy = services.push_policy(std::fs::read_to_string(&arguments.policy)?).await?;
    let environment = services.environment();
    let packaged = |name| Function::packaged(&arguments.functions, name, environment.clone());
    let floor = if arguments.short { Function::built("floor")? } else { packaged("floor")? };
    let (webhook, notifier) = (packaged("webhook")?, packaged("notifier")?);
    let peers = match &arguments.peers {
        Some(file) => peers::listed(file, &services)?,
        None => Vec::new(),
    };
    let messenger = Messenger::new(&services.aws, &environment, &services.secret, policy)?;
    let counts = if arguments.short { Counts::SHORT } else { Counts::FULL };
    if !arguments.short {
        introduce(counts, arguments.aws_delay_ms);
    }
    let (measured, calls_of_click) = Session::new(&services, messenger, counts)
        .run(Measured { floor: &floor, webhook: &webhook, notifier: &notifier, peers: peers.iter().collect() })
        .await?;
    if arguments.short {
        println!(
            "{} approvals were raised and decided by the functions, {} of them by functions that had just started. \
             Every answer was right; so short a run has no figures.",
            counts.approvals(),
            counts.starts,
        );
        return Ok(());
    }
    print(&measured, calls_of_click);
    Ok(())
}

fn introduce(counts: Counts, delay: u64) {
    let Counts { starts, warm_up, rounds, events_of_round } = counts;
    println!(
        "The median of {starts} starts, and {} events in one process after {warm_up} that are not counted. The functions \
         take turns of {events_of_round} events, {rounds} times.\n\
         This is {}; a deployment is arm64 unless it says otherwise. AWS, Slack and Teams are servers on this machine \
         over plain HTTP: no TLS handshake is in these figures. AWS answers {}.\n\
         CPU time is the scheduler's, in nanoseconds (/proc/PID/task/*/schedstat).",
        rounds * events_of_round,
        std::env::consts::ARCH,
        if delay == 0 { "at once".to_owned() } else { format!("after {delay} ms") },
    );
}

fn print(measured: &Measured, calls_of_click: usize) {
    let Measured { floor, webhook, notifier, peers } = measured;
    figures::compare(floor, &[webhook, notifier]);
    figures::aims(floor, webhook, notifier);
    if !peers.is_empty() {
        println!(
            "\nThe same click elsewhere: verify, one conditional write, callback, event, which is three calls of AWS; the \
             webhook makes {calls_of_click}."
        );
        figures::compare(webhook, &peers.iter().collect::<Vec<_>>());
    }
}
