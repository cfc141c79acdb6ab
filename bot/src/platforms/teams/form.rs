//! The form of a command, as a card: in the thread where it was asked for, for whoever asked.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::elements::{Look, ours, row, run, runs, with};
use crate::approval::entry;
use crate::approval::fields::{Field, Kind};
use crate::approval::filling::{Complete, Entry, Filling};
use crate::approval::ids::PersonId;
use crate::approval::limits;
use crate::approval::policy::Policy;
use crate::messages::answers::TYPED_MAX;
use crate::messages::commands;
use crate::messages::dialect::TEAMS;
use crate::messages::escape::{one_line, text_run, visible};

/// The verb of the button that starts what the form asks for.
pub const START: &str = "start";
/// Before the name of a field in the id of its input, so that no field takes the place of what the button says.
pub const INPUT: &str = "field.";

/// What a submission of the form says.
#[derive(Deserialize)]
pub(super) struct Submission {
    /// The command's name.
    pub(super) command: String,
    /// What the command was like.
    pub(super) version: String,
    /// Who asked for the form.
    pub(super) asker: PersonId,
    #[serde(flatten)]
    inputs: BTreeMap<String, Value>,
}

impl Submission {
    /// Reads the data of a button, if it is that of a form.
    pub(super) fn read(data: &Value) -> Option<Result<Self, String>> {
        (data["verb"] == START).then(|| Self::deserialize(data).map_err(|error| format!(": {error}")))
    }

    /// What stands in the input of a field.
    pub(super) fn written(&self, field: &Field) -> Option<String> {
        self.inputs.get(&format!("{INPUT}{}", field.name))?.as_str().map(str::to_owned)
    }
}

/// The form, with what was understood in it and each mistake under its field.
pub fn form(policy: &Policy, filling: &Filling<'_>, asker: &PersonId) -> Value {
    let command = filling.command;
    let mut body = vec![title(&command.title)];
    body.extend(commands::problem(filling).map(|problem| wrong(&problem)));
    for (field, entry) in filling.entries() {
        body.extend(input(policy.menu(field), field, entry));
    }
    let data = json!({ "verb": START, "command": command.name, "version": command.version(), "asker": asker });
    let submit = json!({ "type": "Action.Submit", "title": "Start", "style": "positive", "data": data });
    let start = json!({
        "type": "Action.Execute", "verb": START, "title": "Start", "style": "positive", "data": data, "fallback": submit,
    });
    card(&command.title, body, vec![start])
}

/// The form once it has been used: what it started, and with which values.
pub fn spent(policy: &Policy, complete: &Complete<'_>, execution_url: &str, has_card: bool) -> Value {
    let command = complete.command();
    let where_to_look = if has_card { " The approval card will appear in the conversation of its policy." } else { "" };
    let mut body = vec![title(&command.title), ours(&format!("Started.{where_to_look}"), Look::Strong)];
    for (field, value) in command.fields.iter().zip(complete.values().values()).filter(|(_, value)| !value.is_null()) {
        let value = limits::excerpt(&one_line(&policy.shown(field, value)), TYPED_MAX);
        body.push(row(run(&field.label, Look::Strong), run(&value, Look::Normal)));
    }
    let open = json!({ "type": "Action.OpenUrl", "title": "Open the execution", "url": execution_url });
    body.push(json!({ "type": "ActionSet", "actions": [open] }));
    card(&command.title, body, Vec::new())
}

fn card(title: &str, body: Vec<Value>, actions: Vec<Value>) -> Value {
    json!({
        "type": "AdaptiveCard",
        "version": "1.5",
        "msteams": { "width": "Full" },
        "fallbackText": TEAMS.text(title),
        "body": body,
        "actions": actions,
    })
}

fn title(text: &str) -> Value {
    runs([run(&visible(one_line(text)), Look::Title)])
}

/// A mistake names what was typed, so it is no Markdown.
fn wrong(text: &str) -> Value {
    runs([run(text, Look::Wrong)])
}

/// The input of a field, and under it what is wrong.
pub(super) fn input(menu: Option<Vec<(String, String)>>, field: &Field, entry: &Entry) -> Vec<Value> {
    let mut elements = vec![element(menu, field, entry)];
    if let Entry::Wrong { mistake, .. } = entry {
        elements.push(with(wrong(&format!("{} {mistake}.", field.label)), "spacing", "None"));
    }
    elements
}

/// The input alone. Numbers are typed as text: what an input for numbers sends is rounded on its way.
fn element(menu: Option<Vec<(String, String)>>, field: &Field, entry: &Entry) -> Value {
    let id = format!("{INPUT}{}", field.name);
    let mut input = match (menu, &field.kind) {
        (Some(menu), _) => {
            let choice = |(title, value): &(String, String)| json!({ "title": text_run(title), "value": value });
            let choices: Vec<Value> = menu.iter().map(choice).collect();
            json!({ "type": "Input.ChoiceSet", "id": id, "choices": choices })
        }
        (None, Kind::Date(_)) => json!({ "type": "Input.Date", "id": id }),
        (None, kind) => {
            let is_long = matches!(kind, Kind::LongText(_));
            json!({ "type": "Input.Text", "id": id, "isMultiline": is_long, "maxLength": kind.length_max() })
        }
    };
    input["label"] = json!(text_run(&field.label));
    if field.required {
        input["isRequired"] = json!(true);
        // Renderers read Markdown in it, so it holds nothing that others have written.
        input["errorMessage"] = json!("This is missing.");
    }
    let is_text = input["type"] == "Input.Text";
    match entry {
        Entry::Value(value) if !value.is_null() => input["value"] = json!(entry::typed(value)),
        Entry::Wrong { written, .. } if is_text && limits::length(written) <= field.kind.length_max() => {
            input["value"] = json!(written);
        }
        Entry::Blank | Entry::Value(_) | Entry::Wrong { .. } => {}
    }
    input
}
