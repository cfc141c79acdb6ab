//! Starts what a command of the policy starts, from a form of the page. It goes through the check of the chats: what is
//! right, what is missing and what is wrong is the bot's to say.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use countersign_bot::approval::commands::LaunchCommand;
use countersign_bot::approval::entry::typed;
use countersign_bot::approval::fields::{Field, Kind};
use countersign_bot::approval::filling::{Complete, Entry, Filling};
use countersign_bot::approval::ids::PersonId;
use countersign_bot::approval::policy::{Person, Policy};
use countersign_bot::flow::launch::{Launch, launch};
use countersign_bot::messages::commands as words;
use countersign_bot::messages::dialect::PLAIN;
use countersign_bot::net::deadline::Deadline;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::problem;
use crate::world::World;

/// An engine in this process starts an execution long before.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is in a form that somebody submits.
#[derive(Deserialize)]
pub(super) struct Submitted {
    person: String,
    command: String,
    /// The command as it was when the form was made.
    version: String,
    values: BTreeMap<String, String>,
}

/// `POST /playground/api/commands`: starts it and gives the execution, or else the mistakes by the names of their fields.
pub(super) async fn submit(State(world): State<Arc<World>>, Json(submitted): Json<Submitted>) -> Response {
    let bot = world.bot();
    let policy = &bot.app.policy;
    let Submitted { person, command, version, values } = &submitted;
    let Some(person) = known(policy, person) else {
        return problem("You are not in the policy, so you may start nothing.");
    };
    let Some(command) = policy.commands.get(command).filter(|command| command.version() == *version) else {
        return problem("What it asks for has changed since this form was made. Please look at it again.");
    };
    if let Err(why) = policy.may_start(command, person) {
        return problem(&words::may_not_start(command, why, PLAIN));
    }
    match policy.filled_in_form(command, |field| values.get(&field.name).cloned()).complete() {
        Ok(complete) => start(&world, person, &complete).await,
        Err(filling) => {
            let mistakes: Map<String, Value> =
                filling.mistakes().map(|(field, mistake)| (field.name.clone(), json!(mistake.to_string()))).collect();
            Json(json!({ "mistakes": mistakes })).into_response()
        }
    }
}

async fn start(world: &World, person: &Person, complete: &Complete<'_>) -> Response {
    let id = format!("page:{:016x}", fastrand::u64(..));
    let start = Launch {
        state_machine: &complete.command().state_machine,
        input: complete.values().clone(),
        requested_by: Some(&person.id),
        correlation: json!({ "source": "page" }),
        starter: None,
        command_id: &id,
    };
    match launch(&world.bot().app, start, Deadline::after(PATIENCE)).await {
        Ok(execution) => Json(json!({ "execution": execution })).into_response(),
        Err(error) => problem(&format!("Not started: {error}.")),
    }
}

fn known<'p>(policy: &'p Policy, key: &str) -> Option<&'p Person> {
    policy.people.get(&PersonId::parse(key).ok()?)
}

/// A command with its fields, as a form shows them.
pub(super) fn form(policy: &Policy, command: &LaunchCommand) -> Value {
    let blank = Filling::blank(command);
    let fields: Vec<Value> = blank.entries().map(|(field, entry)| input(policy, field, entry)).collect();
    json!({ "name": command.name, "title": command.title, "version": command.version(), "fields": fields })
}

fn input(policy: &Policy, field: &Field, entry: &Entry) -> Value {
    let value = match entry {
        Entry::Value(value) => typed(value),
        Entry::Blank | Entry::Wrong { .. } => String::new(),
    };
    let menu = policy.menu(field);
    // A menu and a calendar show what there is, and everybody knows what a text is.
    let is_shown = menu.is_some() || matches!(field.kind, Kind::Date(_));
    let goes_without_saying = is_shown || matches!(field.kind, Kind::Text(None) | Kind::LongText(None));
    let takes = (!goes_without_saying).then(|| words::takes(field));
    json!({
        "name": field.name, "label": field.label, "required": field.required, "value": value, "menu": menu,
        "takes": takes, "kind": kind(&field.kind), "maxLength": field.kind.length_max(),
    })
}

/// What one writes in.
fn kind(kind: &Kind) -> &'static str {
    match kind {
        Kind::LongText(_) => "lines",
        Kind::Integer(_) | Kind::Number(_) => "number",
        Kind::Date(_) => "date",
        Kind::Text(_) | Kind::Choice(_) | Kind::Boolean | Kind::Person => "text",
    }
}
