//! What a tick of the reconciler costs: a thousand approvals that are due, among more and more that are open and are not.
//!
//! The store is the one in DynamoDB, on an emulated table that has the index of what is due, over HTTP.

#![expect(clippy::print_stdout, reason = "the table is what the command is run for")]

mod table;

use std::sync::Arc;
use std::time::Instant;

use anyhow::ensure;
use async_trait::async_trait;
use clap::Parser;
use countersign_bot::approval::ids::{ExecutionArn, Origin, TaskToken};
use countersign_bot::approval::look_up::{Attempt, FoundTask, LookUp, TaskFate};
use countersign_bot::approval::place::MessageRef;
use countersign_bot::approval::policy::Policy;
use countersign_bot::approval::record::{Approval, SentMessage};
use countersign_bot::approval::run::RunEnd;
use countersign_bot::approval::{policy_file, request};
use countersign_bot::flow::app::Ports;
use countersign_bot::flow::reconcile;
use countersign_bot::net::deadline::Unavailable;
use countersign_bot::ports::{CallbackError, Executions, StartError, Store, TaskCallbacks};
use countersign_bot::startup::Bot;
use countersign_bot::startup::config::Config;
use countersign_playground::changes::Changes;
use countersign_playground::clock::Clock;
use countersign_playground::deliveries::MemoryDeliveries;
use countersign_playground::memory::{LocalClock, MemoryBus};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use self::table::{Calls, Table};

const POLICY: &str = "[access]\nslack_teams = [\"T0LOCAL\"]\n\
                      [people.grace]\nname = \"Grace Hopper\"\nslack = \"U0GRACE\"\n\
                      [policies.p]\napprovers = [\"grace\"]\n\
                      requester = \"optional\"\nslack_channel = \"C0FINANCE\"\nemail = \"never\"\n";
/// When everything was raised, and so much later is the tick.
const RAISED_AT: &str = "2026-11-23T10:00:00Z";
const PASSED: SignedDuration = SignedDuration::from_mins(10);

/// What to measure.
#[derive(Parser)]
struct Arguments {
    /// Shows only that everything works: small counts and no figures.
    #[arg(long)]
    short: bool,
}

/// How much there is.
struct Counts {
    /// Approvals that a tick has to look at.
    due: usize,
    /// Approvals that are open, in each run.
    open: [usize; 3],
}

impl Counts {
    const FULL: Self = Self { due: 1_000, open: [1_000, 10_000, 100_000] };
    /// Enough to see everything work.
    const SHORT: Self = Self { due: 20, open: [20, 40, 200] };
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    if Arguments::parse().short { short(&Counts::SHORT).await } else { full(&Counts::FULL).await }
}

async fn short(counts: &Counts) -> anyhow::Result<()> {
    let mut ticks = Vec::new();
    for open in counts.open {
        ticks.push(measure(counts.due, open).await?);
    }
    check_calls(&ticks)?;
    let Counts { due, open: [few, .., many] } = counts;
    println!(
        "A tick did what was due ({due}) among {few} to {many} open, with the same calls; so short a run has no figures."
    );
    Ok(())
}

async fn full(counts: &Counts) -> anyhow::Result<()> {
    println!(
        "{:>8} {:>6} {:>8} {:>8} {:>8} {:>8} {:>14}",
        "open", "due", "queries", "keys", "reads", "writes", "ms for each"
    );
    // The first run pays for what is made once, so it is not counted.
    let &Counts { due, open: [few, .., many] } = counts;
    measure(due, few).await?;
    let mut ticks = Vec::new();
    for open in counts.open {
        let tick = measure(due, open).await?;
        let Calls { queries, keys, reads, writes } = tick.calls;
        println!("{open:>8} {due:>6} {queries:>8} {keys:>8} {reads:>8} {writes:>8} {:>14.2}", tick.each);
        ticks.push(tick);
    }
    let growth = ticks[ticks.len() - 1].each / ticks[0].each;
    println!("From {few} to {many} open the time of a tick changes by the factor {growth:.2}.");
    check_calls(&ticks)?;
    // A cost that grows with what is open grows a hundredfold here; machines are noisy, so the bound is far from both.
    ensure!(growth < 4.0, "what is due costs more when more is open");
    Ok(())
}

fn check_calls(ticks: &[Tick]) -> anyhow::Result<()> {
    ensure!(ticks.iter().all(|tick| tick.calls == ticks[0].calls), "a tick makes more calls when more is open");
    Ok(())
}

struct Tick {
    calls: Calls,
    /// Milliseconds for each approval that was due.
    each: f64,
}

/// A tick on a table with so many open approvals, of which so many are due.
async fn measure(due: usize, open: usize) -> anyhow::Result<Tick> {
    let (table, policy) = (Table::serve().await?, policy_file::read(POLICY)?);
    let store = Arc::new(table.store());
    for number in 0..due {
        store.raise(approval(&policy, &format!("due-{number}"), 60)?).await?;
    }
    table.fill(open - due, quiet(approval(&policy, "open", 86_400)?)).await?;
    let clock = Clock::manual(RAISED_AT.parse::<Timestamp>()? + PASSED);
    let ports = Ports {
        store: store.clone(),
        callbacks: Arc::new(TimedOut),
        executions: Arc::new(TimedOut),
        bus: Arc::new(MemoryBus::new(clock.clone(), Changes::default())),
        deliveries: Arc::new(MemoryDeliveries::new(clock.clone(), Changes::default())),
        clock: Arc::new(LocalClock(clock)),
    };
    let settings = |name: &str| (name == "COUNTERSIGN_PUBLIC_URL").then(|| "https://bot.example.com".to_owned());
    let app = Bot::new(&Config::from_lookup(settings)?, policy, ports, None)?.app;
    let (before, began) = (table.calls(), Instant::now());
    let pass = reconcile::pass(&app).await?;
    let (after, took) = (table.calls(), began.elapsed());
    ensure!((pass.due, pass.put_off) == (due, 0), "the tick did not do what was due: {pass:?}");
    ensure!(store.due(app.now(), due).await?.is_empty(), "the tick was not long enough for everything that was due");
    let calls = Calls {
        queries: after.queries - before.queries,
        keys: after.keys - before.keys,
        reads: after.reads - before.reads,
        writes: after.writes - before.writes,
    };
    Ok(Tick { calls, each: took.as_secs_f64() * 1_000.0 / due as f64 })
}

/// An approval of its own, which waits for so many seconds.
fn approval(policy: &Policy, token: &str, seconds: i64) -> anyhow::Result<Approval> {
    let input = json!({
        "taskToken": token,
        "executionArn": format!("arn:aws:states:eu-west-1:123456789012:execution:bench:{token}"),
        "stateEnteredAt": RAISED_AT,
        "timeoutSeconds": seconds,
        "approval": { "policy": "p", "title": "Pay", "summary": "What a request says. ".repeat(20) },
    });
    Ok(Approval::raise(request::read(input, policy, RAISED_AT.parse()?)?))
}

/// One of which everything is done, but for the decision.
fn quiet(mut approval: Approval) -> Approval {
    let person = approval.rules.approvers[0].id.clone();
    let heard = SentMessage::new(MessageRef::Email { person }, approval.revision, 0);
    (approval.copies, approval.missing) = (vec![heard], Vec::new());
    approval.outbox.clear();
    approval.retry = None;
    approval
}

/// Step Functions, where every wait is over.
struct TimedOut;

#[async_trait]
impl TaskCallbacks for TimedOut {
    async fn send_task_success(&self, _: &Origin, _: &TaskToken, _: &Value) -> Result<(), CallbackError> {
        Err(CallbackError::Closed)
    }

    async fn send_task_failure(&self, _: &Origin, _: &TaskToken, _: &str, _: &str) -> Result<(), CallbackError> {
        Err(CallbackError::Closed)
    }

    async fn look_up(&self, _: &ExecutionArn, _: &TaskToken) -> Result<LookUp, Unavailable> {
        let attempt = Attempt { entered: 2, scheduled: 3 };
        Ok(LookUp::Found(FoundTask { attempt, fate: TaskFate::TimedOut, end: None }))
    }
}

#[async_trait]
impl Executions for TimedOut {
    async fn start_execution(&self, _: &str, _: &str, _: &Value) -> Result<ExecutionArn, StartError> {
        Err(StartError::Refused("nothing is started here".to_owned()))
    }

    async fn is_running(&self, _: &ExecutionArn) -> Result<bool, Unavailable> {
        Ok(true)
    }

    async fn end_of(&self, _: &ExecutionArn) -> Result<Option<RunEnd>, Unavailable> {
        Ok(None)
    }
}
