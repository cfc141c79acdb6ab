//! The machine that `countersign doctor --self-test` starts: it asks whom it is told to, in its own words, and ends well by any
//! answer.

use std::collections::BTreeMap;

use countersign_bot::approval::state::Status;
use countersign_bot::platforms::slack::card::RETURN_IN_FORM;
use countersign_playground::engine::ExecutionStatus;
use serde_json::{Value, json};

use crate::support::{Harness, RULES_WITH_TEAMS, is_out, texts};

const MACHINE: &str = include_str!("../../infra/state-machines/self-test.asl.json");

/// Starts it in a world of its own.
async fn started(input: Value) -> Harness {
    let harness = Harness::with_rules(&format!("{RULES_WITH_TEAMS}\nreturns = true")).await;
    let substitutions = BTreeMap::from([("NotifierArn".to_owned(), "notifier".to_owned())]);
    let machine = harness.world.engine.load("self-test", MACHINE, &substitutions).unwrap();
    harness.world.engine.start_execution(&machine, "self-test-1", input).unwrap();
    harness
}

fn input(platform: &str, requested_by: &Value) -> Value {
    json!({ "policy": "calculation", "platform": platform, "approver": "grace", "requestedBy": requested_by })
}

#[tokio::test]
async fn whom_it_names_is_asked_and_every_answer_ends_it_well() {
    for (platform, place) in [("slack", "in Slack"), ("teams", "in Teams"), ("email", "by e-mail")] {
        for (action, status) in
            [("approve", Status::Approved), ("reject", Status::Rejected), (RETURN_IN_FORM, Status::Returned)]
        {
            let harness = started(input(platform, &json!("ada"))).await;
            let approval = harness.until("it is out", |world| world.store.all().into_iter().find(is_out)).await;
            assert_eq!(approval.request.title, format!("Self-test of Countersign: decide {place}"));
            assert_eq!(approval.eligible().map(|person| person.id.as_str()).collect::<Vec<_>>(), ["grace"]);
            assert_eq!(harness.press("ada", &approval, "approve", None).await, 200);
            assert_eq!(harness.record(&approval.id).status(), Status::Pending, "nobody decides on what they asked for");
            assert_eq!(harness.press("grace", &approval, action, Some("no")).await, 200);
            if action == RETURN_IN_FORM {
                harness.world.slack.submit(&harness.user("grace"), &[]).await.unwrap();
            }
            harness.settled(&approval, status).await;
            assert_eq!(harness.ended().await.status, ExecutionStatus::Succeeded, "{action}");
        }
    }
}

/// Whoever may start it cannot have it say something else.
#[tokio::test]
async fn its_words_are_its_own() {
    let mut given = input("Deploy 1.4.2 to production", &json!("ada"));
    (given["title"], given["summary"]) = (json!("Deploy"), json!("Please approve"));
    let harness = started(given).await;
    let approval = harness.until("it is out", |world| world.store.all().into_iter().find(is_out)).await;
    let card = texts(&harness.card(&approval).blocks).join("\n");
    assert!(card.contains("Self-test of Countersign: decide by e-mail") && !card.contains("Deploy"), "{card}");
}

#[tokio::test]
async fn what_the_policy_does_not_allow_is_refused() {
    let mut given = input("slack", &json!("ada"));
    given["approver"] = json!("linus");
    let harness = started(given).await;
    let ended = harness.ended().await;
    assert_eq!((ended.status, ended.error.as_deref()), (ExecutionStatus::Failed, Some("InvalidApprovalRequest")));
    assert!(harness.world.store.all().is_empty());
}
