//! Every event that is sent is valid against its schema, carries no secret and no address, and has a stable id.

use std::collections::BTreeSet;
use std::path::Path;

use countersign_bot::approval::event::DetailType;
use countersign_bot::approval::follow_up::PARKED_AFTER;
use countersign_bot::approval::state::Status;
use countersign_playground::fakes::Fault;
use jsonschema::Validator;
use serde_json::Value;

use crate::support::{Harness, RULES, card_of, policy};

fn schema(detail_type: &str) -> Validator {
    let name = format!("{}.json", detail_type.to_lowercase().replace(' ', "-"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/events").join(name);
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

#[track_caller]
fn check(harness: &Harness) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for event in harness.world.bus.carried().into_iter().filter(|event| event["source"] == "countersign") {
        let detail_type = event["detail-type"].as_str().unwrap().to_owned();
        let problems: Vec<String> =
            schema(&detail_type).iter_errors(&event["detail"]).map(|error| error.to_string()).collect();
        assert_eq!(problems, Vec::<String>::new(), "{event:#}");
        let text = event.to_string();
        for approval in harness.world.store.all() {
            assert!(!text.contains(approval.token.expose()), "the token is in an event");
        }
        assert!(!text.contains("@example.com"), "an address is in an event");
        seen.insert(detail_type);
    }
    seen
}

/// A request to which everything has happened: people were reminded, it was escalated, it was approved by one and then by
/// somebody alone, which was acknowledged, and what was left to do then failed for hours.
async fn everything() -> Harness {
    let calls = "remind_after = [\"1m\"]\nescalate_after = \"1m\"\nescalate_to = [\"linus\"]";
    let glass = "self_approval = true\nbreak_glass = { who = [\"linus\"] }";
    let rules = policy(&format!("{RULES}\n{calls}\n{glass}\nrequired = 2")).replace("\"optional\"", "\"known\"");
    let harness = Harness::with_policy(&rules, |ports| ports).await;
    let approval = harness.ask().await;
    harness.pass_time(60);
    harness.reconcile().await;
    let approval = harness.settled(&approval, Status::Pending).await;
    harness.world.slack.fail_always("chat.update", Some(Fault::NotOk("internal_error".to_owned())));
    harness.press("grace", &approval, "approve", Some("<b>&\u{202e}")).await;
    let (channel, ts) = card_of(&harness.record(&approval.id));
    harness.world.slack.choose(&harness.user("ada"), &channel, &ts, "I'm looking at it").await.unwrap();
    for (who, words) in [("linus", "break-glass ID down"), ("ada", "acknowledge ID")] {
        let words = words.replace("ID", approval.id.as_str());
        harness.world.slack.command(&harness.user(who), &harness.world.channel, "/approvals", &words).await;
    }
    for _ in 0..=PARKED_AFTER {
        harness.pass_time(301);
        harness.reconcile().await;
    }
    harness.world.slack.recover();
    harness.pass_time(3_600);
    harness.reconcile().await;
    harness.settled(&approval, Status::Approved).await;
    harness
}

#[tokio::test]
async fn every_event_of_every_ending_is_valid() {
    let all: BTreeSet<String> = DetailType::ALL.into_iter().map(|kind| kind.as_str().to_owned()).collect();
    assert_eq!(check(&everything().await), all);

    let rejected = Harness::start().await;
    let approval = rejected.ask().await;
    rejected.post(&rejected.link("grace"), "reject", "no").await;
    rejected.settled(&approval, Status::Rejected).await;
    assert_eq!(check(&rejected).len(), 3);

    let answered = Harness::start().await;
    let inputs = serde_json::json!([{"name": "a", "type": "text"}, {"name": "b", "type": "number", "required": false}]);
    let request = serde_json::json!({"policy": "calculation", "title": "t", "requestedBy": "ada", "inputs": inputs});
    let approval = answered.ask_for(&request).await;
    let fields = [("verdict", "approve"), ("input.a", "x")];
    assert_eq!(answered.browser.answer(&answered.link("grace"), &fields).await.unwrap().status, 200);
    answered.settled(&approval, Status::Approved).await;
    assert_eq!(check(&answered).len(), 3);
    let expected = serde_json::json!({"a": "x", "b": null});
    assert_eq!(answered.events("Approval Resolved")[0]["decidedBy"][0]["inputs"], expected);

    let returned = Harness::with_rules(&format!("{RULES}\nreturns = true")).await;
    let approval = returned.ask().await;
    returned.post(&returned.link("grace"), "return", "Add the invoice.").await;
    returned.settled(&approval, Status::Returned).await;
    assert_eq!(check(&returned).len(), 3);
    let said = &returned.events("Approval Resolved")[0]["decidedBy"][0];
    assert_eq!((&said["person"], &said["comment"]), (&"grace".into(), &"Add the invoice.".into()));

    let expired = Harness::start().await;
    let approval = expired.ask().await;
    expired.pass_time(600);
    expired.settled(&approval, Status::Expired).await;
    assert_eq!(check(&expired).len(), 2);

    let cancelled = Harness::start().await;
    let approval = cancelled.ask().await;
    cancelled.world.engine.stop_execution(approval.request.execution.as_str(), "E", "c").unwrap();
    cancelled.settled(&approval, Status::Cancelled).await;
    assert_eq!(check(&cancelled).len(), 2);

    let undeliverable = Harness::with_rules("approvers = [\"linus\"]\nemail = \"never\"").await;
    undeliverable.world.slack.command(&undeliverable.user("ada"), "C1", "/start", "1 2").await;
    undeliverable.ended().await;
    undeliverable.until("it is broadcast", |world| (world.bus.carried().len() > 2).then_some(())).await;
    assert_eq!(check(&undeliverable).len(), 1, "nobody was asked");
}

#[tokio::test]
async fn a_schema_refuses_what_is_not_in_the_contract() {
    let harness = everything().await;
    for kind in DetailType::ALL {
        let schema = schema(kind.as_str());
        let sent = harness.events(kind.as_str()).remove(0);
        assert!(schema.is_valid(&sent));
        for (field, value) in sent.as_object().unwrap() {
            // It is not there where nobody has approved alone.
            if field == "breakGlass" {
                continue;
            }
            let mut without = sent.clone();
            without.as_object_mut().unwrap().remove(field);
            assert!(!schema.is_valid(&without), "{field} may be missing");
            let mut more = sent.clone();
            more["taskToken"] = value.clone();
            assert!(!schema.is_valid(&more), "another field may be there");
        }
    }
}

#[tokio::test]
async fn what_is_not_for_the_reconciler_is_ignored() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    for (source, detail) in [
        ("somebody.else", serde_json::json!({ "approvalId": approval.id })),
        ("countersign", serde_json::json!({ "approvalId": approval.id })),
        ("aws.states", serde_json::json!("text")),
        ("aws.states", serde_json::json!({ "executionArn": approval.request.execution, "status": "RUNNING" })),
        ("aws.states", serde_json::json!({ "executionArn": "nonsense", "status": "FAILED" })),
    ] {
        let event = serde_json::json!({ "source": source, "detail": detail });
        countersign_bot::flow::hear::wake(&harness.world.bot().app, event).await.unwrap();
    }
    assert_eq!(harness.record(&approval.id).version, approval.version);
}
