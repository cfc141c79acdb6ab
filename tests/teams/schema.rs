//! Every card is valid against Microsoft's schema of Adaptive Cards 1.5, and keeps to what the schema leaves out.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::ensure;
use countersign_tests::cases;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::cards;
use crate::support::tools::{Case, Tools};

/// Teams shows no more of them on a card:
/// <https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/design-effective-cards>.
const ACTIONS_MAX: usize = 6;

/// What makes a card wrong.
type Change = fn(&mut Value);

pub(crate) fn cases() -> Vec<Case> {
    cases![every_card_is_valid, what_is_not_valid_is_found]
}

async fn every_card_is_valid(tools: Arc<Tools>) -> anyhow::Result<()> {
    let schema = jsonschema::validator_for(&tools.card_schema()?)?;
    for shown in cards::all() {
        let problems = problems(&schema, shown.card);
        ensure!(problems.is_empty(), "{}: {}", shown.name, problems.join("; "));
    }
    Ok(())
}

async fn what_is_not_valid_is_found(tools: Arc<Tools>) -> anyhow::Result<()> {
    let schema = jsonschema::validator_for(&tools.card_schema()?)?;
    let wrong: [(&str, Change); 7] = [
        ("no version", |card| drop(card.as_object_mut().and_then(|card| card.remove("version")))),
        ("a later version", |card| card["version"] = json!("1.6")),
        ("an unknown element", |card| card["body"][0]["type"] = json!("Badge")),
        ("an unknown property", |card| card["body"][0]["weigth"] = json!("Bolder")),
        ("an unknown style", |card| card["actions"][0]["style"] = json!("danger")),
        ("no fallback", |card| drop(card["actions"][0].as_object_mut().and_then(|action| action.remove("fallback")))),
        ("an id that is there twice", |card| {
            let input = json!({"type": "Input.Text", "id": "again"});
            card["body"].as_array_mut().unwrap().extend([input.clone(), input]);
        }),
    ];
    for (name, spoil) in wrong {
        let mut card = cards::open().card;
        spoil(&mut card);
        ensure!(!problems(&schema, card).is_empty(), "{name} is not found");
    }
    Ok(())
}

fn problems(schema: &Validator, mut card: Value) -> Vec<String> {
    let mut problems = beside_the_schema(&card);
    // Hosts may add properties of their own, and the schema knows none; this is Teams', for the full width:
    // https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format.
    if let Some(teams) = card.as_object_mut().and_then(|card| card.remove("msteams"))
        && teams != json!({"width": "Full"})
    {
        problems.push("msteams: says more than the width".to_owned());
    }
    problems.extend(schema.iter_errors(&card).map(|error| format!("{}: {error}", error.instance_path())));
    problems
}

/// The schema requires no version, takes a card without its fallbacks, and does not compare ids.
fn beside_the_schema(card: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    if card["version"] != "1.5" {
        problems.push("version: Teams takes 1.5 from bots".to_owned());
    }
    let mut ids = BTreeSet::new();
    visit(card, &mut |object| {
        if let Some(id) = object["id"].as_str()
            && !ids.insert(id.to_owned())
        {
            problems.push(format!("{id}: is there twice"));
        }
        if object["actions"].as_array().is_some_and(|actions| actions.len() > ACTIONS_MAX) {
            problems.push(format!("actions: Teams shows {ACTIONS_MAX}"));
        }
        if object["type"] == "Action.Execute" {
            problems.extend(fallback_problem(object));
        }
    });
    problems
}

/// Older clients show the fallback in the place of the action, so it has to do the same.
fn fallback_problem(action: &Value) -> Option<String> {
    let fallback = &action["fallback"];
    let is_same = ["title", "style", "data"].into_iter().all(|name| fallback[name] == action[name]);
    let names_verb = fallback["data"]["verb"] == action["verb"] && action["verb"].is_string();
    let is_right = fallback["type"] == "Action.Submit" && is_same && names_verb;
    (!is_right).then(|| format!("fallback: is not the same as {}", action["verb"]))
}

fn visit(value: &Value, look: &mut impl FnMut(&Value)) {
    match value {
        Value::Object(object) => {
            look(value);
            object.values().for_each(|value| visit(value, look));
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, look)),
        _ => {}
    }
}
