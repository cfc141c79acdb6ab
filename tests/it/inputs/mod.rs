//! What a request asks of whoever approves, on all three platforms: asked there, judged here, told to the workflow.

mod asked;
mod confirmed;
mod mail;
mod slack;
mod teams;

use std::slice::from_ref;

use countersign_bot::approval::audit::What;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use serde_json::{Value, json};

use crate::support::{Harness, RULES_WITH_TEAMS};

/// An input of every type.
pub(super) fn inputs() -> Value {
    json!([
        {"name": "window", "label": "The <window>", "type": "choice", "options": ["tonight", "Sunday", "R&D <lab>"]},
        {"name": "version", "type": "text", "pattern": r"\d+\.\d+"},
        {"name": "replicas", "type": "integer", "min": 1, "max": 10, "default": 3},
        {"name": "day", "type": "date", "required": false, "min": "2026-11-23"},
        {"name": "note", "label": "Note", "type": "long_text", "required": false},
    ])
}

pub(super) fn request(inputs: &Value) -> Value {
    json!({"policy": "calculation", "title": "Deploy", "requestedBy": "linus", "inputs": inputs})
}

/// A world in which this is asked of Ada and Grace, who both have to approve.
pub(super) async fn asked(inputs: &Value) -> (Harness, Approval) {
    let harness = Harness::with_rules(&format!("{RULES_WITH_TEAMS}\nrequired = 2\nemail = \"always\"")).await;
    let approval = harness.ask_for(&request(inputs)).await;
    (harness, approval)
}

/// Whether nobody has said anything that counts.
#[track_caller]
pub(super) fn assert_undecided(harness: &Harness, approval: &Approval) {
    let record = harness.record(&approval.id);
    assert!(record.status() == Status::Pending && record.votes.is_empty(), "{record:?}");
}

/// What the approver is told to have answered by the workflow's output, the bus and the trail.
pub(super) async fn assert_told(harness: &Harness, approval: &Approval, person: &str, expected: &Value) {
    let output = harness.ended().await.output.unwrap();
    let said = |votes: &Value| {
        let votes = votes.as_array().unwrap().iter();
        votes.filter(|vote| vote["person"] == person).map(|vote| vote["inputs"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(said(&output["decidedBy"]), from_ref(expected), "{output}");
    assert_eq!(output["contentHash"], approval.content_hash().to_string());
    assert_eq!(said(&harness.events("Approval Resolved")[0]["decidedBy"]), from_ref(expected));
    let votes: Vec<Value> = harness.events("Approval Voted").into_iter().map(|event| event["vote"].clone()).collect();
    assert_eq!(said(&json!(votes)), from_ref(expected));
    let trail = harness.world.bot().app.ports.store.history(&approval.id).await.unwrap();
    let answered = trail.into_iter().find_map(|entry| match entry.what {
        What::Voted { who, inputs, .. } if who.person.as_str() == person => Some(Value::Object(inputs)),
        _ => None,
    });
    assert_eq!(answered.as_ref(), Some(expected));
}
