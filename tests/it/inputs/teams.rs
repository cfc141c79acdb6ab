//! In Teams, Approve on the card opens the inputs.

use countersign_bot::approval::state::Status;
use countersign_playground::fakes::teams::{Error, Shown};
use serde_json::{Value, json};

use super::{asked, assert_told, assert_undecided, inputs};
use crate::support::texts;

const RIGHT: [(&str, &str); 4] =
    [("field.window", "R&D <lab>"), ("field.version", "1.4"), ("field.note", "a\nb **c**"), ("comment", "Ship it")];

#[tokio::test]
async fn the_answers_reach_the_workflow_and_everybody() {
    let (harness, approval) = asked(&inputs()).await;
    let Shown::Card(card) = harness.press_in_teams("grace", &approval, "approve", &RIGHT).await else {
        panic!("the card says enough")
    };
    let said = texts(&card).join("\n");
    assert!(said.contains("To “The <window>”:") && said.contains("R&D <lab>") && said.contains("To “Note”:"), "{said}");
    harness.press_in_teams("ada", &approval, "approve", &[("field.window", "tonight"), ("field.version", "1.5")]).await;
    harness.settled(&approval, Status::Approved).await;
    let grace = json!({"window": "R&D <lab>", "version": "1.4", "replicas": 3, "day": null, "note": "a\nb **c**"});
    assert_told(&harness, &approval, "grace", &grace).await;
    let card = texts(&harness.teams_card(&approval).card.unwrap()).join("\n");
    assert!(card.contains("To “version”:") && card.contains("1.5") && card.contains("Ship it"), "{card}");
}

#[tokio::test]
async fn what_is_wrong_is_shown_to_the_presser_with_what_was_typed() {
    let (harness, approval) = asked(&inputs()).await;
    let teams = &harness.world.teams;
    let card = harness.teams_card(&approval);
    let missing = teams.press(&harness.teams_user("grace"), &card.id, "approve", &[]).await;
    assert_eq!(missing, Err(Error::InputNeeded("field.window".to_owned())), "Teams keeps what is missing");
    let wrong = [("field.window", "Sunday"), ("field.version", "v1"), ("field.replicas", "11"), ("comment", "c <d>")];
    let Shown::Card(again) = harness.press_in_teams("grace", &approval, "approve", &wrong).await else {
        panic!("the card comes back")
    };
    let body = again["body"].as_array().unwrap();
    let at = |id: &str| body.iter().position(|element| element["id"] == id).unwrap();
    for (id, value) in wrong {
        assert_eq!(body[at(id)]["value"], value, "{id} is as it was typed");
    }
    let under = |id: &str| texts(&body[at(id) + 1]).concat();
    assert_eq!(under("field.version"), r"version must look like \d+\.\d+, and “v1” does not.");
    assert_eq!(under("field.replicas"), "replicas must be from 1 to 10.");
    assert!(texts(&again).join("\n").contains("Nothing was decided."), "{again}");
    assert_undecided(&harness, &approval);
    assert_eq!(harness.teams_card(&approval).card, card.card, "others see nothing of it");
    let corrected = [("field.version", "1.4"), ("field.replicas", "10")];
    harness.press_in_teams("grace", &approval, "approve", &corrected).await;
    let vote = &harness.record(&approval.id).votes[0];
    assert_eq!(
        json!(vote.inputs),
        json!({"window": "Sunday", "version": "1.4", "replicas": 10, "day": null, "note": null})
    );
    assert_eq!(vote.comment.as_deref(), Some("c <d>"));
}

#[tokio::test]
async fn a_rejection_is_asked_for_nothing_also_after_a_wrong_answer() {
    for wrong_first in [false, true] {
        let (harness, approval) = asked(&inputs()).await;
        if wrong_first {
            let wrong = [("field.window", "Sunday"), ("field.version", "v1")];
            harness.press_in_teams("grace", &approval, "approve", &wrong).await;
        }
        harness.press_in_teams("grace", &approval, "reject", &[("reason", "no")]).await;
        let record = harness.settled(&approval, Status::Rejected).await;
        assert!(record.votes[0].inputs.is_empty());
    }
}

/// An activity is signed by the Bot Framework, and what is in it was typed by anybody.
#[tokio::test]
async fn whatever_is_sent_is_judged_by_what_was_asked() {
    let (harness, approval) = asked(&inputs()).await;
    let teams = &harness.world.teams;
    let card = harness.teams_card(&approval).id;
    let press = teams.invoke_payload(&harness.teams_user("grace"), &card, "approve", &RIGHT).unwrap();
    for (name, value, expected) in [
        ("field.window", json!("never"), "The <window> must be one of tonight, Sunday, R&D <lab>, and “never” is not."),
        ("field.window", Value::Null, "The <window> is missing."),
        ("field.version", json!({"no": "text"}), "version is missing."),
        ("field.note", json!("x".repeat(2_001)), "Note has 2001 characters, at most 2000."),
        ("field.other", json!("x"), "Nothing was decided. other is not asked for."),
    ] {
        let mut press = press.clone();
        press["value"]["action"]["data"][name] = value;
        let reply = teams.post(&press).await.unwrap();
        let answer: Value = serde_json::from_str(&reply.body).unwrap();
        let said = format!("{}{}", texts(&answer["value"]).join("\n"), answer["value"].as_str().unwrap_or_default());
        assert!(answer["statusCode"] == 200 && said.contains(expected), "{name}: {answer}");
        assert_undecided(&harness, &approval);
    }
}

/// Its press has no answer of its own.
#[tokio::test]
async fn an_older_client_is_told_in_the_chat_with_the_bot() {
    let (harness, approval) = asked(&inputs()).await;
    let (grace, teams) = (harness.teams_user("grace"), &harness.world.teams);
    let card = harness.teams_card(&approval).id;
    let wrong = [("field.window", "Sunday"), ("field.version", "*v1*")];
    assert_eq!(teams.submit(&grace, &card, "approve", &wrong).await, Ok(200));
    assert_undecided(&harness, &approval);
    let told = teams.chat_messages(&grace).pop().unwrap().text;
    assert!(told.starts_with("Nothing was decided. version must look like"), "{told}");
    assert_eq!(teams.submit(&grace, &card, "approve", &RIGHT).await, Ok(200));
    assert_eq!(harness.record(&approval.id).approvals(), 1);
}

/// Renderers read Markdown in the texts of a card and in what it says of an input that is empty.
#[tokio::test]
async fn a_label_is_only_where_nothing_is_read_into_it() {
    let label = "[Security has approved](https://evil.example)";
    let (harness, approval) = asked(&json!([{ "name": "a", "type": "text", "label": label }])).await;
    let mut card = harness.teams_card(&approval).card.unwrap();
    let input = card.to_string().matches(label).count();
    assert_eq!(input, 1, "it is asked for: {card}");
    let mut left = vec![&mut card];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(object) => {
                object.remove("label");
                left.extend(object.values_mut());
            }
            Value::Array(items) => left.extend(items),
            _ => {}
        }
    }
    assert!(!card.to_string().contains("evil"), "{card}");
}
