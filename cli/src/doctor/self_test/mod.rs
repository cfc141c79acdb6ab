//! `countersign doctor --self-test`: an approval through every platform that is on, decided by the caller, and how long each
//! step of it took.

mod plan;
mod times;
mod told;

#[cfg(test)]
mod tests;

use std::time::Duration;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::types::ExecutionStatus;
use countersign_bot::approval::follow_up::Errand;
use countersign_bot::approval::ids::{ApprovalId, ExecutionArn};
use countersign_bot::approval::place::Destination;
use countersign_bot::aws::dynamodb::DynamoDbStore;
use countersign_bot::ports::Store;
use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use self::plan::{Plan, Round, plan, title};
use self::times::Times;
use self::told::Ran;
pub(super) use self::told::Report;
use super::facts::Facts;
use super::line::{Line, Verdict};
use super::sources::{Sources, after};
use crate::aws::Refused;
use crate::deployment::Choice;
use crate::output::note;

/// How long is waited.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For a decision.
    pub(super) decision: Duration,
    /// After it, until every copy is closed.
    pub(super) closing: Duration,
    /// From one look to the next.
    pub(super) pause: Duration,
}

/// So often in a row nobody has to answer.
const FAILURES_MAX: u32 = 5;
/// The error of an execution that is stopped since nobody has decided.
const STOPPED: &str = "SelfTestStopped";

/// Where approvals are asked for and looked at.
struct Place<'a> {
    machines: Client,
    store: DynamoDbStore,
    machine: &'a str,
    patience: Patience,
    clock: fn() -> Timestamp,
}

/// Asks for them one after the other.
pub(super) async fn run(
    facts: &Facts,
    sources: &Sources,
    choice: &Choice,
    patience: Patience,
    clock: fn() -> Timestamp,
) -> Report {
    match set_up(facts, sources, choice, patience, clock) {
        Ok((place, plan)) => carry_out(&place, plan).await,
        Err(verdict) => Report::without_any(Line::new("self-test", verdict)),
    }
}

fn set_up<'a>(
    facts: &'a Facts,
    Sources { aws, .. }: &Sources,
    choice: &Choice,
    patience: Patience,
    clock: fn() -> Timestamp,
) -> Result<(Place<'a>, Plan), Verdict> {
    let stack = facts.stack.as_ref().map_err(|_| after("the stack"))?;
    let configuration = facts.configuration.as_ref().map_err(|_| after("the configuration"))?;
    let output = |name: &str| stack.output(name).map_err(|Refused(why)| Verdict::Fail(why));
    let machine = output("SelfTestArn")?;
    let plan = plan(configuration, choice, machine, clock()).map_err(Verdict::Fail)?;
    let place = Place {
        machines: Client::new(aws.config()),
        store: DynamoDbStore::new(aws.config(), output("TableName")?.to_owned()),
        machine,
        patience,
        clock,
    };
    Ok((place, plan))
}

async fn carry_out(place: &Place<'_>, plan: Plan) -> Report {
    let Plan { policy, decider, rounds, left_out } = plan;
    let count = rounds.len();
    let mut report = Report::of(policy, left_out);
    for (number, round) in rounds.into_iter().enumerate() {
        note(format_args!(
            "{} of {count}: {}, as {}, decide {} on “{}”.",
            number + 1,
            if number == 0 { "now" } else { "next" },
            decider.name,
            round.platform.as_place(),
            title(round.platform),
        ));
        report.ran.push(place.ran(round).await);
    }
    report
}

impl Place<'_> {
    /// Asks once, and waits for what becomes of it. Nothing is left open.
    async fn ran(&self, Round { platform, input }: Round) -> Ran {
        let mut ran = Ran::new(platform);
        let name = format!("self-test-{:016x}", fastrand::u64(..));
        let start = self.machines.start_execution().state_machine_arn(self.machine).name(name).input(input.to_string());
        let execution = match start.send().await {
            Ok(started) => started.execution_arn,
            Err(error) => {
                let Refused(why) = Refused::because("StartExecution", error);
                ran.problem = Some(why);
                return ran;
            }
        };
        ran.execution = Some(execution.clone());
        let stopped = tokio::signal::ctrl_c();
        let watched = tokio::select! {
            watched = self.watch(&execution, &mut ran) => watched,
            _ = stopped => Err("it was broken off".to_owned()),
        };
        if let Err(problem) = watched {
            ran.problem = Some(problem);
            self.stop(&execution, &mut ran).await;
        }
        ran
    }

    /// Looks again and again at what is on record. The error says what it was given up for.
    async fn watch(&self, execution: &str, ran: &mut Ran) -> Result<(), String> {
        let arn = ExecutionArn::parse(execution).map_err(|problem| problem.to_string())?;
        let start = Instant::now();
        let mut failures = 0;
        loop {
            match self.look(&arn, ran).await {
                Ok(None) => failures = 0,
                Ok(Some(problem)) => return Err(problem),
                Err(problem) => {
                    failures += 1;
                    if failures == FAILURES_MAX {
                        return Err(problem);
                    }
                }
            }
            if ran.times.is_done() {
                return Ok(());
            }
            if let Some(since) = ran.seen_decided {
                if since.elapsed() > self.patience.closing {
                    return Err("not every copy was closed in time".to_owned());
                }
            } else if start.elapsed() > self.patience.decision {
                return Err("nobody decided in time".to_owned());
            }
            sleep(self.patience.pause).await;
        }
    }

    /// Takes in what is on record, or says that the execution has ended before anything was. The error is that nobody could be
    /// asked.
    async fn look(&self, execution: &ExecutionArn, ran: &mut Ran) -> Result<Option<String>, String> {
        if ran.approval.is_none() {
            ran.approval = self.approval(execution).await?;
        }
        if let Some(id) = &ran.approval {
            let id = id.clone();
            let trail = self.store.history(&id).await.map_err(|error| error.to_string())?;
            ran.times = Times::of(&trail);
            self.look_at_mails(&id, ran).await?;
            return Ok(None);
        }
        let described = self.machines.describe_execution().execution_arn(execution.as_str()).send().await;
        let described = described.map_err(|error| {
            let Refused(why) = Refused::because("DescribeExecution", error);
            why
        })?;
        Ok(match described.status() {
            ExecutionStatus::Running | ExecutionStatus::Succeeded => None,
            status => Some(format!(
                "the execution is {}: {}, {}",
                status.as_str(),
                described.error().unwrap_or("no error"),
                described.cause().unwrap_or("without a cause")
            )),
        })
    }

    /// Sees which mails were answered: those of which nothing is left to do on record.
    async fn look_at_mails(&self, id: &ApprovalId, ran: &mut Ran) -> Result<(), String> {
        if ran.times.decided().is_none() {
            return Ok(());
        }
        ran.seen_decided.get_or_insert_with(Instant::now);
        let is_open = |person: &String| !ran.answered.contains_key(person);
        if ran.times.status().is_some() && ran.times.unanswered().iter().any(is_open) {
            let record = self.store.load(id).await.map_err(|error| error.to_string())?;
            let left = record.map(|record| record.errands()).unwrap_or_default();
            let now = (self.clock)();
            for person in ran.times.unanswered() {
                let is_theirs = |errand: &Errand| matches!(errand.destination(), Destination::Email(whose) if whose.as_str() == person);
                if !left.iter().any(is_theirs) {
                    ran.answered.entry(person).or_insert(now);
                }
            }
        }
        for (person, at) in &ran.answered {
            ran.times.answered(person, *at);
        }
        Ok(())
    }

    async fn approval(&self, execution: &ExecutionArn) -> Result<Option<ApprovalId>, String> {
        let told = |error: countersign_bot::net::deadline::Unavailable| error.to_string();
        if let Some(id) = self.store.of_execution(execution).await.map_err(told)?.into_iter().next() {
            return Ok(Some(id));
        }
        Ok(self.store.unproven_of(execution, 1).await.map_err(told)?.into_iter().next())
    }

    /// Stops an execution that waits, so that its cards close.
    async fn stop(&self, execution: &str, ran: &mut Ran) {
        if ran.times.status().is_some() {
            return;
        }
        let stop = self.machines.stop_execution().execution_arn(execution).error(STOPPED);
        match stop.cause("The doctor has stopped waiting.").send().await {
            Ok(_) => ran.is_stopped = true,
            Err(error) => {
                let Refused(why) = Refused::because("StopExecution", error);
                let before = ran.problem.take().unwrap_or_default();
                ran.problem = Some(format!("{before}; and it is still open: {why}"));
            }
        }
    }
}
