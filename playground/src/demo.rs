//! One execution from its start to its end, as people would do it, printed step by step.

mod answers;
mod deciding;
mod saying;

use std::collections::HashSet;
use std::io::Write;
use std::time::Duration;

use anyhow::Context;
use clap::ValueEnum;
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::record::{Approval, SentMessage};
use countersign_bot::approval::state::{State, Status};
use countersign_engine::{ExecutionDescription, ExecutionStatus, HistoryKind};
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use self::deciding::decide;
use crate::browser::Browser;
use crate::world::{Actor, World};

/// Longer than any step but the wait for the deadline takes.
const STEP_MAX: Duration = Duration::from_secs(30);

/// Where the decision is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Via {
    /// With a button on the card in Slack.
    Slack,
    /// With a button on the card in Teams.
    Teams,
    /// On the page behind the mail's link.
    Email,
}

impl Via {
    /// The chat whose card is pressed.
    fn chat(self) -> Option<Platform> {
        match self {
            Self::Slack => Some(Platform::Slack),
            Self::Teams => Some(Platform::Teams),
            Self::Email => None,
        }
    }

    /// What somebody needs in the policy to decide there. People act here by their ids in Slack.
    fn needed(self) -> &'static str {
        match self {
            Self::Slack => "`slack`",
            Self::Teams => "both `slack` and `teams`",
            Self::Email => "`email`",
        }
    }
}

/// What the approver does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Decision {
    /// Lets it go ahead.
    Approve,
    /// Does not.
    Reject,
    /// Sends it back for changes.
    Return,
    /// Lets the time run out.
    Ignore,
}

/// What is started.
#[derive(Debug, Clone)]
pub enum Start {
    /// The reference workflow, by the command with these words after it.
    Calculation(Vec<String>),
    /// The first state machine of the world, with this input.
    Machine(Value),
}

/// What is played.
#[derive(Debug, Clone)]
pub struct Demo {
    /// What is started.
    pub start: Start,
    /// Where the decision is made.
    pub via: Via,
    /// What the approver does.
    pub decision: Decision,
}

/// How steps are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// A line for people.
    Text,
    /// A JSON object for machines.
    Json,
}

impl Decision {
    /// The status that this decision should end a request with.
    fn should_end_as(self) -> Status {
        match self {
            Self::Approve => Status::Approved,
            Self::Reject => Status::Rejected,
            Self::Return => Status::Returned,
            Self::Ignore => Status::Expired,
        }
    }
}

/// Plays it, and says whether the workflow ended as the decision should end it.
pub async fn play(world: &World, demo: &Demo, output: Output) -> anyhow::Result<bool> {
    let printer = Printer { output };
    let execution = match &demo.start {
        Start::Calculation(numbers) => launch(world, numbers, &printer).await?,
        Start::Machine(input) => start(world, input, &printer)?,
    };
    let mut states_seen = 0;
    let mut seen = HashSet::new();
    let mut changes = world.changes.subscribe();
    loop {
        states_seen = print_states(world, &execution, states_seen, &printer)?;
        for approval in waiting(world, &execution, demo.via) {
            if seen.insert(approval.id.clone()) {
                printer.print("card", &shown(&approval), json!({ "approvalId": approval.id }))?;
                decide(world, demo, &approval, &printer).await?;
            }
        }
        let described = world.engine.describe_execution(&execution).context("the execution is gone")?;
        if described.status != ExecutionStatus::Running {
            print_states(world, &execution, states_seen, &printer)?;
            let approvals = closing(world, &execution, &printer).await?;
            return ending(demo, &described, &approvals, &printer);
        }
        let longest = STEP_MAX + Duration::from_secs(world.timeout_seconds.unsigned_abs());
        timeout(longest, changes.changed()).await.context("nothing happens any more")??;
    }
}

/// Starts a machine of somebody's own.
fn start(world: &World, input: &Value, printer: &Printer) -> anyhow::Result<String> {
    let machine = world.machines.first().context("there is no state machine")?;
    let execution = world.start_execution(machine, input.clone())?;
    let name = &machine.name;
    printer.print("start", &format!("{name} starts with {input}"), json!({ "machine": name, "input": input }))?;
    Ok(execution)
}

/// Types the command in Slack. What Slack's command refuses goes to the API, so that the workflow's own check shows.
async fn launch(world: &World, numbers: &[String], printer: &Printer) -> anyhow::Result<String> {
    let people = world.people();
    let policy = world.bot().app.policy.clone();
    let default = policy.commands.values().find(|command| command.is_default);
    let may_start = |actor: &&Actor| {
        let person = policy.people.values().find(|person| person.id.as_str() == actor.key);
        default.zip(person).is_some_and(|(command, person)| policy.may_start(command, person).is_ok())
    };
    let anybody = people.iter().find(|actor| actor.key != "outsider");
    let requester = people.iter().find(may_start).or(anybody);
    let requester = requester.context(
        "the command is typed in Slack, and nobody of the policy has an id there: any will do here, such as `slack = \"U1\"`",
    )?;
    let text = numbers.join(" ");
    let typed = format!("{} types /start {text} in Slack", requester.name);
    printer.print(
        "command",
        typed.trim_end(),
        json!({ "person": requester.key, "command": format!("/start {text}") }),
    )?;
    let before = world.engine.executions().len();
    if !text.is_empty() {
        let answer = world.slack.command(&requester.user, &world.channel, "/start", &text).await;
        let text = match answer.text.as_deref().and_then(|text| text.lines().next()) {
            Some(first_line) => format!("Slack answers: {}", without_links(world, first_line)),
            None => "Slack opens the form, with what is wrong under its field".to_owned(),
        };
        printer.print("answer", &text, json!({ "answer": answer.text }))?;
    }
    if let Some(started) = world.engine.executions().first().filter(|_| world.engine.executions().len() > before) {
        return Ok(started.execution_arn.clone());
    }
    let words = ["x", "y"].into_iter().zip(numbers);
    let number = |word: &String| serde_json::from_str::<Value>(word).unwrap_or_else(|_| json!(word));
    let input: Map<String, Value> = words.map(|(name, word)| (name.to_owned(), number(word))).collect();
    let body = Value::Object(input);
    printer.print("api", &format!("POST /calculations {body} instead"), json!({ "input": body }))?;
    let answer = Browser::new().post_json(&format!("{}/calculations", world.url), &body).await?;
    let answer: Value = serde_json::from_str(&answer.body).context("the API answered without JSON")?;
    Ok(answer["executionArn"].as_str().context("the API started nothing")?.to_owned())
}

/// Slack's `<address|words>` as the words, and `<#channel>` as the channel by its name.
fn without_links(world: &World, mrkdwn: &str) -> String {
    let pieces = mrkdwn.split(['<', '>']);
    let shown = pieces.map(|piece| match (piece.split_once('|'), piece.strip_prefix('#')) {
        (Some((_, words)), _) => words.to_owned(),
        (None, Some(channel)) => format!("#{}", world.slack.channel_name(channel)),
        (None, None) => piece.to_owned(),
    });
    shown.collect()
}

/// What waits for people, once it is out in every place and they can see it where they decide.
fn waiting(world: &World, execution: &str, via: Via) -> Vec<Approval> {
    let is_out = |approval: &Approval| {
        let chat = via.chat().filter(|chat| approval.rules.conversation(*chat).is_some());
        let is_there = |copy: &SentMessage| chat.is_none_or(|chat| copy.message.platform() == chat);
        approval.state == State::Pending && approval.is_tried_everywhere() && approval.copies.iter().any(is_there)
    };
    of_execution(world, execution).into_iter().filter(is_out).collect()
}

fn of_execution(world: &World, execution: &str) -> Vec<Approval> {
    let all = world.store.all().into_iter();
    all.filter(|approval| approval.request.execution.as_str() == execution).collect()
}

fn shown(approval: &Approval) -> String {
    let count = |on| approval.copies.iter().filter(|copy| copy.message.platform() == on).count();
    let [slack, teams, mails] = [Platform::Slack, Platform::Teams, Platform::Email].map(count);
    let card = |count, chat| (count > 0).then(|| format!("a card in {chat}"));
    let mails = match mails {
        0 => None,
        1 => Some("1 mail".to_owned()),
        _ => Some(format!("{mails} mails")),
    };
    let places: Vec<String> = [card(slack, "Slack"), card(teams, "Teams"), mails].into_iter().flatten().collect();
    format!("Approval {} is out, “{}”: {}", approval.id, approval.request.title, places.join(", "))
}

/// Prints the states that were entered since the last look.
fn print_states(world: &World, execution: &str, seen: usize, printer: &Printer) -> anyhow::Result<usize> {
    let history = world.engine.history(execution);
    let entered = |kind: HistoryKind| kind.to_string().ends_with("StateEntered");
    let states: Vec<String> =
        history.iter().filter(|event| entered(event.kind)).filter_map(|event| event.state.clone()).collect();
    for state in states.iter().skip(seen) {
        printer.print("state", &format!("Workflow: {state}"), json!({ "state": state }))?;
    }
    Ok(states.len())
}

/// Waits until every copy shows the end, and prints what people now see.
async fn closing(world: &World, execution: &str, printer: &Printer) -> anyhow::Result<Vec<Approval>> {
    let mut changes = world.changes.subscribe();
    loop {
        let approvals = of_execution(world, execution);
        let is_done = |approval: &Approval| {
            approval.resolution().is_some() && !approval.is_unfinished() && !approval.awaits_execution_end()
        };
        if approvals.iter().all(is_done) {
            for approval in &approvals {
                let text = format!("Every copy is closed as {}", approval.status().as_str());
                printer.print("closed", &text, json!({ "approvalId": approval.id, "status": approval.status() }))?;
            }
            return Ok(approvals);
        }
        timeout(STEP_MAX, changes.changed()).await.context("the copies are not closed")??;
    }
}

fn ending(
    demo: &Demo,
    execution: &ExecutionDescription,
    approvals: &[Approval],
    printer: &Printer,
) -> anyhow::Result<bool> {
    let output = execution.output.clone().unwrap_or_default();
    let has_succeeded = execution.status == ExecutionStatus::Succeeded;
    let status = output["status"].as_str().unwrap_or(if has_succeeded { "succeeded" } else { "failed" }).to_owned();
    let reason = output["reason"].as_str().map(str::to_owned).or_else(|| execution.cause.clone());
    let error = execution.error.as_ref().map(|error| format!(", {error}")).unwrap_or_default();
    let mut text = format!("The workflow ended as {status} ({}{error})", execution.status);
    if let Some(result) = output.get("result") {
        text.push_str(&format!(": {result}"));
    }
    if let Some(reason) = &reason {
        text.push_str(&format!(": {reason}"));
    }
    if approvals.is_empty() && matches!(demo.start, Start::Machine(_)) {
        text.push_str(", and asked nobody");
    }
    let fields = json!({
        "status": status, "execution": execution.status.to_string(), "output": execution.output,
        "error": execution.error, "reason": reason,
    });
    printer.print("ended", &text, fields)?;
    let wanted = demo.decision.should_end_as();
    Ok(match demo.start {
        Start::Calculation(_) => status == wanted.as_str(),
        // What such a machine makes of a rejection is its own affair, but an approved one should succeed.
        Start::Machine(_) => {
            let mut final_ones = approvals.iter().filter(|approval| approval.status() != Status::Superseded).peekable();
            let was_asked = final_ones.peek().is_some();
            let may_fail = demo.decision != Decision::Approve;
            was_asked && final_ones.all(|approval| approval.status() == wanted) && (has_succeeded || may_fail)
        }
    })
}

struct Printer {
    output: Output,
}

impl Printer {
    fn print(&self, step: &str, text: &str, fields: Value) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        match self.output {
            Output::Text => writeln!(out, "{text}")?,
            Output::Json => {
                let mut object = json!({ "step": step, "text": text });
                if let (Some(object), Value::Object(fields)) = (object.as_object_mut(), fields) {
                    object.extend(fields);
                }
                writeln!(out, "{object}")?;
            }
        }
        Ok(())
    }
}
