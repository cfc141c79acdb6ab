//! Everything the page shows, in one piece of JSON: the newest of each kind, since a long run has more than a person
//! reads.
//!
//! Built field by field from what people may see; an approval's record holds the task token, so it is never
//! serialized as it is.

use countersign_bot::approval::commands::LaunchCommand;
use countersign_bot::approval::naming::Named;
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::policy::{Person, Policy, Rules};
use countersign_bot::approval::record::Approval;
use countersign_engine::ExecutionDescription;
use serde_json::{Value, json};

use super::starting;
use super::teams::{self, newest};
use crate::world::machines::CALCULATION;
use crate::world::{Loaded, World};

const MESSAGES_MAX: usize = 120;
const EPHEMERALS_MAX: usize = 80;
const MAILS_MAX: usize = 40;
const EXECUTIONS_MAX: usize = 40;
const APPROVALS_MAX: usize = 40;
const EVENTS_MAX: usize = 120;

/// What is the case now, with the history of this execution, or of the newest.
pub(super) fn look(world: &World, execution: Option<&str>) -> Value {
    let mut executions = world.engine.executions();
    let shown = execution.filter(|arn| executions.iter().any(|execution| execution.execution_arn == *arn));
    let shown = shown.or(executions.first().map(|execution| execution.execution_arn.as_str())).map(str::to_owned);
    let total = executions.len();
    executions.truncate(EXECUTIONS_MAX);
    let events = world.bus.carried();
    json!({
        "now": world.clock.now(),
        "policy": { "version": world.bot().app.policy.version(), "problem": world.live.problem() },
        "people": people(world),
        "commands": commands(world),
        "slack": slack(world),
        "teams": teams::look(world),
        "mails": mails(world),
        "workflow": {
            "machines": world.machines.iter().map(|machine| machine_view(world, machine)).collect::<Vec<_>>(),
            "executions": executions.iter().map(execution_view).collect::<Vec<_>>(),
            "total": total,
            "shown": shown,
            "history": shown.as_deref().map(|arn| world.engine.history(arn)).unwrap_or_default(),
        },
        "approvals": world.store.all().iter().take(APPROVALS_MAX).map(approval_view).collect::<Vec<_>>(),
        "eventsLeftOut": events.len().saturating_sub(EVENTS_MAX),
        "events": newest(events, EVENTS_MAX),
    })
}

/// What can be started by typing, that of the first machine first: what to type for it, without a slash, its form, and
/// who may start it with who could approve it then.
fn commands(world: &World) -> Vec<Value> {
    let policy = world.bot().app.policy.clone();
    let mut commands: Vec<_> = policy.commands.values().collect();
    commands.sort_by_key(|command| world.machines.iter().position(|machine| machine.name == command.state_machine));
    let example = |command: &LaunchCommand| match command {
        LaunchCommand { state_machine, is_default: true, .. } if state_machine == CALCULATION => {
            "start 125 122".to_owned()
        }
        LaunchCommand { name, .. } => format!("start {name}"),
    };
    let shown = |command: &LaunchCommand| {
        let mut shown = starting::form(&policy, command);
        shown["machine"] = json!(command.state_machine);
        shown["example"] = json!(example(command));
        shown["starts"] = starts(&policy, command);
        shown
    };
    commands.into_iter().map(shown).collect()
}

/// Who may start a command, each with the names of those by whose approvals it would be approved.
fn starts(policy: &Policy, command: &LaunchCommand) -> Value {
    let may_start = policy.people.values().filter(|person| policy.may_start(command, person).is_ok());
    let rules = policy.rules.get(&command.policy);
    let start = |person: &Person| {
        let approvers = rules.map(|rules| approvers(rules, Some(person))).unwrap_or_default();
        json!({ "person": person.id, "approvers": approvers })
    };
    may_start.map(start).collect()
}

/// As many as have to approve, of those who could.
fn approvers(rules: &Rules, requester: Option<&Person>) -> Vec<String> {
    let mut approvers: Vec<&Person> = Vec::new();
    for person in rules.eligible(requester.map(|person| &person.id)) {
        let with_them = approvers.iter().copied().chain([person]);
        if rules.fillable(with_them) > approvers.len() {
            approvers.push(person);
        }
    }
    approvers.into_iter().map(|person| person.name.clone()).collect()
}

fn people(world: &World) -> Vec<Value> {
    let people = world.people();
    people
        .iter()
        .map(|actor| {
            json!({
                "key": actor.key, "name": actor.name, "role": actor.role, "email": actor.email,
                "slack": actor.user.id, "teams": actor.teams.as_ref().map(|user| &user.object_id),
            })
        })
        .collect()
}

fn slack(world: &World) -> Value {
    let people = world.people();
    let views = people.iter().filter_map(|actor| {
        let open = world.slack.open_view(&actor.user.id)?;
        Some((actor.user.id.clone(), json!(open)))
    });
    let homes = people.iter().filter_map(|actor| Some((actor.user.id.clone(), world.slack.home(&actor.user.id)?)));
    let channels = conversations(world, Platform::Slack, &world.channel);
    let mut messages: Vec<_> = channels.iter().flat_map(|channel| world.slack.messages(channel)).collect();
    messages.sort_by(|one, other| one.ts.cmp(&other.ts));
    json!({
        "channel": { "id": world.channel, "name": world.slack.channel_name(&world.channel) },
        "channels": channels
            .iter()
            .map(|id| json!({ "id": id, "name": world.slack.channel_name(id) }))
            .collect::<Vec<_>>(),
        "messages": newest(messages, MESSAGES_MAX),
        "ephemerals": newest(world.slack.ephemerals(), EPHEMERALS_MAX),
        "views": views.collect::<serde_json::Map<_, _>>(),
        "homes": homes.collect::<serde_json::Map<_, _>>(),
    })
}

/// The conversations of a chat in which requests are asked: the one that the page is headed by first.
pub(super) fn conversations(world: &World, chat: Platform, first: &str) -> Vec<String> {
    let policy = world.bot().app.policy.clone();
    let asked = policy.rules.values().filter_map(|rules| rules.conversation(chat));
    let mut seen = vec![first.to_owned()];
    for id in asked {
        if !seen.iter().any(|other| other == id) {
            seen.push(id.to_owned());
        }
    }
    seen
}

/// Without the HTML, which the frame fetches by itself.
fn mails(world: &World) -> Vec<Value> {
    let mails = newest(world.mailbox.mails(), MAILS_MAX).into_iter();
    mails
        .map(|mail| {
            json!({
                "number": mail.number, "from": mail.from, "to": mail.to, "subject": mail.subject, "text": mail.text,
                "headers": mail.headers, "at": mail.at, "isReply": mail.in_reply_to.is_some(),
                "hasHtml": !mail.html.is_empty(),
            })
        })
        .collect()
}

fn machine_view(world: &World, machine: &Loaded) -> Value {
    let policy = world.bot().app.policy.clone();
    let requester = machine.input.as_ref().and_then(|input| input["requestedBy"].as_str());
    let requester = match requester.map(|name| policy.named(name)) {
        Some(Named::Person(person)) => Some(person),
        _ => None,
    };
    let rules = machine.asks_under.iter().find_map(|name| policy.rules.get(name));
    json!({
        "arn": machine.arn, "name": machine.name, "input": machine.input, "mocked": machine.mocked,
        "approvers": rules.map(|rules| approvers(rules, requester)).unwrap_or_default(),
        "definition": world.engine.definition(&machine.arn),
    })
}

fn execution_view(execution: &ExecutionDescription) -> Value {
    json!({
        "arn": execution.execution_arn, "machine": execution.machine_arn, "name": execution.name, "status": execution.status,
        "input": execution.input, "output": execution.output, "error": execution.error, "cause": execution.cause,
        "start": execution.start_date, "stop": execution.stop_date,
    })
}

fn approval_view(approval: &Approval) -> Value {
    let request = &approval.request;
    json!({
        "id": approval.id, "title": request.title, "status": approval.status(), "execution": request.execution,
        "raised": request.raised_at, "deadline": request.deadline, "approvals": approval.approvals(),
        "required": approval.rules.required,
    })
}
