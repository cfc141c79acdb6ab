//! In Slack, Approve opens a form.

use countersign_bot::approval::audit::{Reason, What};
use countersign_bot::approval::state::Status;
use countersign_bot::platforms::slack::card::APPROVE_IN_FORM;
use serde_json::{Value, json};

use super::{asked, assert_told, assert_undecided, inputs};
use crate::support::{Harness, shown, texts};

const RIGHT: [(&str, &str); 3] = [("input.window", "R&D <lab>"), ("input.version", "1.4"), ("input.note", "a\nb *c*")];

/// The form in front of Grace.
fn form(harness: &Harness) -> Option<Value> {
    Some(harness.world.slack.open_view(&harness.user("grace").id)?.view)
}

#[tokio::test]
async fn approve_asks_and_each_approver_answers_for_themselves() {
    let (harness, approval) = asked(&inputs()).await;
    assert!(shown(&harness.card(&approval)).contains("Whoever approves is asked for 5 inputs"));
    let version = harness.record(&approval.id).version;
    assert_eq!(harness.press("grace", &approval, APPROVE_IN_FORM, Some("Ship it")).await, 200);
    assert_eq!(harness.record(&approval.id).version, version, "who opens a form has tried nothing");
    assert_undecided(&harness, &approval);
    let view = form(&harness).unwrap();
    assert!(texts(&view["blocks"]).concat().contains("In the words of whoever asked:Deploy"), "{view}");
    let blocks = view["blocks"].as_array().unwrap();
    assert_eq!(blocks.last().unwrap()["element"]["initial_value"], "Ship it", "what was typed is there");
    let taken = harness.world.slack.submit(&harness.user("grace"), &RIGHT).await.unwrap();
    assert!(taken.status == 200 && taken.errors.is_empty() && form(&harness).is_none(), "{taken:?}");
    assert_eq!(harness.record(&approval.id).approvals(), 1);
    harness.press("ada", &approval, APPROVE_IN_FORM, None).await;
    let second =
        [("input.window", "Sunday"), ("input.version", "2.0"), ("input.replicas", "10"), ("input.day", "2026-12-24")];
    let taken = harness.world.slack.submit(&harness.user("ada"), &second).await.unwrap();
    assert!(taken.status == 200 && taken.errors.is_empty(), "{taken:?}");
    harness.settled(&approval, Status::Approved).await;
    let grace = json!({"window": "R&D <lab>", "version": "1.4", "replicas": 3, "day": null, "note": "a\nb *c*"});
    assert_told(&harness, &approval, "grace", &grace).await;
    let ada = json!({"window": "Sunday", "version": "2.0", "replicas": 10, "day": "2026-12-24", "note": null});
    assert_told(&harness, &approval, "ada", &ada).await;
    let card = shown(&harness.card(&approval));
    for words in ["To “The <window>”:", "R&D <lab>", "To “Note”:", "a b *c*", "To “replicas”:", "Ship it", "2026-12-24"]
    {
        assert!(card.contains(words), "{words}: {card}");
    }
    let thread = harness.thread(&approval).concat();
    assert!(!card.contains("Whoever approves") && thread.contains("To “version”:") && thread.contains("2.0"), "{card}");
}

#[tokio::test]
async fn what_is_wrong_stands_under_its_input_and_decides_nothing() {
    let (harness, approval) = asked(&inputs()).await;
    let (grace, slack) = (harness.user("grace"), &harness.world.slack);
    harness.press("grace", &approval, APPROVE_IN_FORM, None).await;
    let kept = slack.submit(&grace, &[("input.replicas", "11")]).await.unwrap();
    assert_eq!((kept.status, kept.errors.len()), (0, 3), "Slack keeps what is missing: {kept:?}");
    let wrong = [("input.version", "v1"), ("input.replicas", "11"), ("input.day", "2026-11-22")];
    let refused = slack.submit_unchecked(&grace, &wrong).await.unwrap();
    let errors: Vec<(&str, &str)> = refused.errors.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    assert_eq!(
        errors,
        [
            ("input.day", "must be 2026-11-23 or more"),
            ("input.replicas", "must be from 1 to 10"),
            ("input.version", r"must look like \d+\.\d+, and “v1” does not"),
            ("input.window", "is missing"),
        ]
    );
    assert!(form(&harness).is_some(), "it is open with what was typed");
    assert_undecided(&harness, &approval);
    let trail = harness.world.bot().app.ports.store.history(&approval.id).await.unwrap();
    assert!(trail.iter().any(|entry| matches!(entry.what, What::Refused { reason: Reason::InputsWrong, .. })));
    let taken = slack.submit(&grace, &RIGHT).await.unwrap();
    assert!(taken.errors.is_empty() && harness.record(&approval.id).approvals() == 1, "{taken:?}");
}

#[tokio::test]
async fn a_rejection_is_asked_for_nothing() {
    let (harness, approval) = asked(&inputs()).await;
    harness.press("grace", &approval, "reject", Some("no")).await;
    assert!(form(&harness).is_none());
    let record = harness.settled(&approval, Status::Rejected).await;
    assert!(record.votes[0].inputs.is_empty());
}

/// A submission is signed by Slack, and what is in it was typed by anybody.
#[tokio::test]
async fn whatever_is_submitted_is_judged_by_what_was_asked() {
    let (harness, approval) = asked(&inputs()).await;
    let slack = &harness.world.slack;
    harness.press("grace", &approval, APPROVE_IN_FORM, None).await;
    let payload = slack.submission_payload(&harness.user("grace"), &RIGHT).unwrap();
    let pointer = |name: &str| format!("/view/state/values/input.{name}/value");
    let option = json!({"type": "static_select", "selected_option": {"value": "never"}});
    let long = json!({"type": "plain_text_input", "value": "x".repeat(2_001)});
    let cases = [
        (pointer("window"), option, "must be one of tonight, Sunday, R&D <lab>, and “never” is not"),
        (pointer("note"), long, "has 2001 characters, at most 2000"),
        (pointer("version"), json!({"value": {"no": "text"}}), "is missing"),
        ("/view/state/values".to_owned(), json!({"input.other": {"value": {"value": "x"}}}), "other is not asked for."),
        ("/view/state".to_owned(), Value::Null, "is missing"),
        (
            "/view/private_metadata".to_owned(),
            json!(payload["view"]["private_metadata"].as_str().unwrap().replace("apr_", "apr_0")),
            "This approval is not known here.",
        ),
        ("/user/id".to_owned(), json!("U0LINUS"), "You cannot decide on this request."),
        ("/user/id".to_owned(), json!("U0NOBODY"), "You are not listed in the policy"),
    ];
    for (place, value, expected) in cases {
        let mut changed = payload.clone();
        *changed.pointer_mut(&place).unwrap() = value;
        let reply = slack.press_raw(&changed).await.unwrap();
        assert_eq!(reply.status, 200);
        let answer: Value = serde_json::from_str(&reply.body).unwrap();
        let said = texts(&answer["view"]["blocks"]).concat() + &answer["errors"].to_string();
        assert!(said.contains(expected), "{place}: {answer}");
        assert_undecided(&harness, &approval);
    }
    let mut changed = payload.clone();
    changed["view"]["private_metadata"] = json!("nonsense");
    assert_eq!(slack.press_raw(&changed).await.unwrap().status, 400);
    // Slack may write what was chosen as it writes it in text.
    let mut written = payload;
    written["view"]["state"]["values"]["input.window"]["value"]["selected_option"]["value"] =
        json!("R&amp;D &lt;lab&gt;");
    assert_eq!(slack.press_raw(&written).await.unwrap().body, "");
    assert_eq!(harness.record(&approval.id).votes[0].inputs["window"], "R&D <lab>");
}

#[tokio::test]
async fn who_may_not_decide_is_told_so_and_gets_no_form() {
    let (harness, approval) = asked(&inputs()).await;
    harness.press("linus", &approval, APPROVE_IN_FORM, None).await;
    assert!(harness.whispers("linus").pop().unwrap().starts_with("You cannot decide on this request."));
    assert!(harness.world.slack.open_view(&harness.user("linus").id).is_none());
}

#[tokio::test]
async fn a_form_that_is_submitted_too_late_says_so() {
    let (harness, approval) = asked(&inputs()).await;
    harness.press("grace", &approval, APPROVE_IN_FORM, None).await;
    harness.press("ada", &approval, "reject", Some("no")).await;
    harness.settled(&approval, Status::Rejected).await;
    let taken = harness.world.slack.submit(&harness.user("grace"), &RIGHT).await.unwrap();
    assert!(taken.errors.is_empty(), "{taken:?}");
    let said = texts(&form(&harness).unwrap()["blocks"]).concat();
    assert!(said.starts_with("This was rejected by Ada Lovelace"), "{said}");
}
