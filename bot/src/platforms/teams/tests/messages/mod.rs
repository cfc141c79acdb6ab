mod cards;
mod hostile;
mod notes;

use jiff::Timestamp;
use serde_json::Value;

use crate::approval::ids::PersonId;
use crate::approval::place::Platform;
use crate::approval::policy::Person;
use crate::approval::record::{Approval, Vote};
use crate::approval::sample::{after, approval, command};
use crate::approval::state::{Outcome, Resolution, State, Verdict};
use crate::links::Links;

fn links() -> Links {
    let execution_url = Some("https://countersign.example/executions/{arn}".to_owned());
    Links { public_url: "https://countersign.example".to_owned(), execution_url }
}

fn card(approval: &Approval) -> Value {
    crate::platforms::teams::card::card(approval, &links())
}

fn vote(name: &str, verdict: Verdict, comment: Option<&str>) -> Vote {
    Vote {
        person: PersonId::parse("grace").unwrap(),
        name: name.to_owned(),
        stands_for: Vec::new(),
        platform: Platform::Slack,
        verdict,
        comment: comment.map(str::to_owned),
        inputs: serde_json::Map::new(),
        at: after(60),
        content: approval("").content_hash(),
    }
}

fn ended(rules: &str, outcome: Outcome, votes: Vec<Vote>) -> Approval {
    let mut approval = approval(rules);
    approval.state = State::Resolved(Resolution { outcome, at: after(65) });
    approval.votes = votes;
    approval
}

/// Every object of the card, the card itself first.
fn objects(value: &Value) -> Vec<&Value> {
    match value {
        Value::Object(object) => std::iter::once(value).chain(object.values().flat_map(objects)).collect(),
        Value::Array(items) => items.iter().flat_map(objects).collect(),
        _ => Vec::new(),
    }
}

fn of_type<'a>(card: &'a Value, kind: &str) -> Vec<&'a Value> {
    objects(card).into_iter().filter(|object| object["type"] == kind).collect()
}

/// What a reader sees of the texts of one type.
fn texts(card: &Value, kind: &str) -> Vec<String> {
    of_type(card, kind).into_iter().map(|object| object["text"].as_str().unwrap().to_owned()).collect()
}

fn ada() -> Person {
    command("ada", Verdict::Approve, None).person
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
