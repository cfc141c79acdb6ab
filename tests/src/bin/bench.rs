//! What an approval costs: so many waiting at once, then all decided, in the whole local system; and how long after a
//! decision every copy shows it.
//!
//! The figures are of one run on one machine; what counts is that the cost of one does not grow with the number.

#![expect(clippy::print_stdout, reason = "the table is what the command is run for")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Parser;
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::record::{Approval, SentMessage};
use countersign_bot::approval::request::Answers;
use countersign_bot::approval::state::{State, Verdict};
use countersign_bot::approval::transitions::decide::Command;
use countersign_bot::flow::launch::{self, Launch};
use countersign_bot::flow::resolve;
use countersign_bot::net::deadline::Deadline;
use countersign_playground::clock::Clock;
use countersign_playground::world::{Messengers, Options, Source, World};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::json;

const POLICY: &str = r#"
[access]
slack_teams = ["T0LOCAL"]
[people.ada]
name = "Ada Lovelace"
slack = "U0ADA"
[people.grace]
name = "Grace Hopper"
slack = "U0GRACE"
[policies.calculation]
approvers = ["grace"]
requester = "optional"
slack_channel = "C0FINANCE"
email = "never"
"#;
/// The same with every platform.
const POLICY_ON_ALL_PLATFORMS: &str = r#"
[access]
slack_teams = ["T0LOCAL"]
teams_tenants = ["c0117e45-1671-4000-8000-0000000000a0"]
[people.grace]
name = "Grace Hopper"
slack = "U0GRACE"
teams = "c0117e45-1671-4000-8000-000000000002"
email = "grace@example.com"
[policies.calculation]
approvers = ["grace"]
requester = "optional"
slack_channel = "C0FINANCE"
teams_conversation = "19:finance@thread.tacv2"
"#;
/// Open at once; more would measure the sockets of the fake Slack.
const AT_ONCE: usize = 32;
/// Longer than any wait that is not stuck.
const PATIENCE: Duration = Duration::from_secs(300);

/// What to measure.
#[derive(Parser)]
struct Arguments {
    /// Shows only that everything works: small counts and no figures.
    #[arg(long)]
    short: bool,
}

/// How much is done.
struct Counts {
    /// Approvals that wait at once, in each run.
    waiting: [usize; 3],
    /// Decisions that are followed until every copy shows them.
    decisions: usize,
}

impl Counts {
    const FULL: Self = Self { waiting: [100, 1_000, 10_000], decisions: 50 };
    /// Enough to see everything work.
    const SHORT: Self = Self { waiting: [1, 5, 50], decisions: 3 };
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_writer(std::io::stderr).init();
    if arguments.short { short(&Counts::SHORT).await } else { full(&Counts::FULL).await }
}

async fn short(counts: &Counts) -> anyhow::Result<()> {
    for count in counts.waiting {
        measure(count).await?;
    }
    closing(counts.decisions).await?;
    println!(
        "{} approvals were raised and decided, and {} decisions reached every copy; so short a run has no figures.",
        counts.waiting.iter().sum::<usize>(),
        counts.decisions,
    );
    Ok(())
}

async fn full(counts: &Counts) -> anyhow::Result<()> {
    println!("{:>9} {:>16} {:>16} {:>16}", "approvals", "raise (ms each)", "decide (ms each)", "memory (KiB each)");
    // The first run pays for what is made once, so it is not counted.
    measure(counts.waiting[0]).await?;
    let mut costs = Vec::new();
    for count in counts.waiting {
        let cost = measure(count).await?;
        println!("{count:>9} {:>16.2} {:>16.2} {:>16.1}", cost.raise, cost.decide, cost.memory);
        costs.push(cost);
    }
    let growth = |figure: fn(&Cost) -> f64| figure(&costs[2]) / figure(&costs[1]);
    println!(
        "From {} to {} the cost of one changes by the factor {:.2} (raise), {:.2} (decide), {:.2} (memory).",
        counts.waiting[1],
        counts.waiting[2],
        growth(|cost| cost.raise),
        growth(|cost| cost.decide),
        growth(|cost| cost.memory),
    );
    let mut took = closing(counts.decisions).await?;
    took.sort_by(f64::total_cmp);
    let (median, worst) = (took[took.len() / 2], took[took.len() - 1]);
    println!(
        "A press in Slack closes the card in Teams and answers the mail after {median:.0} ms (median of {}), {worst:.0} ms at most.",
        took.len(),
    );
    ensure!(worst < 1_000.0, "a copy stayed open for more than a second");
    // A cost that grows with the number grows tenfold here; machines are noisy, so the bound is far from both.
    for figure in [|cost: &Cost| cost.raise, |cost: &Cost| cost.decide, |cost: &Cost| cost.memory] {
        ensure!(growth(figure) < 4.0, "the cost of one approval grows with their number");
    }
    Ok(())
}

/// How many milliseconds after a press in Slack every other copy shows the decision: the card in Teams, and the mails in
/// their threads.
async fn closing(decisions: usize) -> anyhow::Result<Vec<f64>> {
    let policy = Some(Source::new("the policy of the benchmark", POLICY_ON_ALL_PLATFORMS));
    let messengers = Messengers::Restless;
    let running = World::start(Options { policy, messengers, ..Options::default() }, Clock::system()).await?;
    let world = running.world.clone();
    let grace = world.actor("grace").context("grace is in the policy")?.user.clone();
    let mut took = Vec::new();
    for run in 0..decisions {
        raise(world.clone(), run).await?;
        wait(&world, "asked for", || world.store.all().iter().any(|it| it.copies.len() == 3 && is_open(it))).await?;
        let approval = world.store.all().into_iter().find(is_open).context("one is open")?;
        let card = world.slack.messages(&world.channel).into_iter().rfind(|it| it.thread_ts.is_none());
        let card = card.context("there is a card")?;
        let began = Instant::now();
        world.slack.press(&grace, &world.channel, &card.ts, "approve", None).await?;
        let is_told = || world.store.all().into_iter().find(|it| it.id == approval.id).is_some_and(|it| is_closed(&it));
        let mut changes = world.changes.subscribe();
        while !is_told() {
            tokio::time::timeout(PATIENCE, changes.changed()).await.context("a copy stays open")??;
        }
        took.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(took)
}

/// Whether the card is posted, and the record says so.
fn is_asked(approval: &Approval) -> bool {
    is_open(approval) && !approval.copies.is_empty()
}

fn is_open(approval: &Approval) -> bool {
    approval.state == State::Pending
}

/// Whether every copy shows or has heard the outcome.
fn is_closed(approval: &Approval) -> bool {
    let is_up_to_date =
        |copy: &SentMessage| copy.heard > 0 && (!copy.message.is_card() || copy.shows == approval.revision);
    approval.resolution().is_some() && approval.copies.iter().all(is_up_to_date)
}

struct Cost {
    raise: f64,
    decide: f64,
    memory: f64,
}

async fn measure(count: usize) -> anyhow::Result<Cost> {
    let options = Options {
        policy: Some(Source::new("the policy of the benchmark", POLICY)),
        timeout_seconds: 86_400,
        // All cards go into one channel, which is not to rest after each.
        messengers: Messengers::Restless,
        ..Options::default()
    };
    let mut running = World::start(options, Clock::system()).await?;
    running.keep_reconciling();
    let world = running.world.clone();
    let before = resident_kib()?;
    let began = Instant::now();
    stream::iter(0..count).map(Ok).try_for_each_concurrent(AT_ONCE, |run| raise(world.clone(), run)).await?;
    wait(&world, "raised", || world.store.count_where(is_asked) == count).await?;
    let raise = each(began, count);
    let memory = (resident_kib()? - before) / count as f64;
    let began = Instant::now();
    stream::iter(world.store.all()).map(Ok).try_for_each_concurrent(AT_ONCE, |it| decide(world.clone(), it)).await?;
    wait(&world, "decided", || world.store.unfinished() == 0).await?;
    Ok(Cost { raise, decide: each(began, count), memory })
}

async fn raise(world: Arc<World>, run: usize) -> anyhow::Result<()> {
    let launch = Launch {
        state_machine: "calculation",
        input: [("x".to_owned(), json!(run)), ("y".to_owned(), json!(1))].into_iter().collect(),
        requested_by: None,
        correlation: json!({}),
        starter: None,
        command_id: &format!("bench-{run}"),
    };
    launch::launch(&world.bot().app, launch, Deadline::after(PATIENCE)).await?;
    let mut changes = world.changes.subscribe();
    while world.store.count() + AT_ONCE < run {
        tokio::time::timeout(PATIENCE, changes.changed()).await.context("nothing is raised any more")??;
    }
    Ok(())
}

async fn decide(world: Arc<World>, approval: Approval) -> anyhow::Result<()> {
    let command = Command {
        person: approval.rules.approvers[0].clone(),
        platform: Platform::Slack,
        verdict: Verdict::Approve,
        comment: None,
        answers: Answers::default(),
        message: None,
        shown: None,
    };
    resolve::carry_out(&world.bot().app, &approval.id, &command, Deadline::after(PATIENCE)).await?;
    Ok(())
}

async fn wait(world: &World, what: &str, done: impl Fn() -> bool) -> anyhow::Result<()> {
    let began = Instant::now();
    while !done() {
        ensure!(began.elapsed() < PATIENCE, "not all are {what}: {:?}", world.store.count_by_status());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

fn each(began: Instant, count: usize) -> f64 {
    began.elapsed().as_secs_f64() * 1_000.0 / count as f64
}

/// The memory of this process that is in use, in KiB, as Linux reports it.
fn resident_kib() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("memory is read from /proc, which is Linux")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS is missing")?;
    line.trim().trim_end_matches(" kB").trim().parse().context("VmRSS is no number")
}
