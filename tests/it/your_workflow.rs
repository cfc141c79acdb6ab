//! The example of `docs/your-workflow.md`: a machine of one's own, its policy, and the real notifier between them.

use std::collections::BTreeMap;

use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_playground::engine::{ExecutionDescription, ExecutionStatus};
use countersign_playground::fakes::Fault;
use serde_json::{Value, json};

use crate::support::{Harness, RULES, is_out, shown};

const DOCUMENT: &str = include_str!("../../docs/your-workflow.md");
const MACHINE: &str = include_str!("../../infra/state-machines/deploy-release.asl.json");

/// The first block of the document in this language.
fn block(language: &str) -> &'static str {
    let (_, rest) = DOCUMENT.split_once(&format!("```{language}\n")).expect("the document has such a block");
    rest.split_once("```").expect("the block has an end").0
}

/// A world with the example beside the reference workflow, under the policy that the document shows.
async fn world() -> Harness {
    Harness::with_rules(&format!("{RULES}\n{}", block("toml"))).await
}

/// Starts the example with the input that the document shows.
fn start(harness: &Harness) {
    let substitutions = BTreeMap::from([("NotifierArn".to_owned(), "notifier".to_owned())]);
    let arn = harness.world.engine.load("deploy-release", MACHINE, &substitutions).unwrap();
    let input = json!({ "version": "1.4.2", "requestedBy": "linus" });
    harness.world.engine.start_execution(&arn, "release-1.4.2", input).unwrap();
}

/// Starts the example, and returns its approval once people have been asked.
async fn ask(harness: &Harness) -> Approval {
    start(harness);
    harness.until("the request is out", |world| world.store.all().into_iter().find(is_out)).await
}

async fn ended(harness: &Harness) -> (ExecutionDescription, Value) {
    let ended = harness.ended().await;
    let output = ended.output.clone().unwrap_or_default();
    (ended, output)
}

#[test]
fn the_document_shows_the_file() {
    assert_eq!(block("json"), MACHINE);
}

#[tokio::test]
async fn a_release_is_deployed_when_two_people_have_approved() {
    let harness = world().await;
    let approval = ask(&harness).await;
    let card = shown(&harness.card(&approval));
    assert!(card.contains("Deploy 1.4.2") && card.contains("Linus Pauling"), "{card}");
    assert_eq!(harness.press("ada", &approval, "approve", None).await, 200);
    assert_eq!(harness.record(&approval.id).status(), Status::Pending, "one approval is not enough");
    assert_eq!(harness.press("grace", &approval, "approve", Some("Ship it.")).await, 200);
    harness.settled(&approval, Status::Approved).await;

    let (ended, output) = ended(&harness).await;
    assert_eq!(ended.status, ExecutionStatus::Succeeded);
    assert_eq!((&output["status"], &output["version"]), (&json!("deployed"), &json!("1.4.2")));
    let decision = &output["decision"];
    assert_eq!((&decision["approvalId"], &decision["status"]), (&json!(approval.id), &json!("approved")));
    let people: Vec<_> = decision["decidedBy"].as_array().unwrap().iter().map(|said| said["person"].clone()).collect();
    assert_eq!(people, ["ada", "grace"]);
    assert_eq!(decision["decidedBy"][1]["comment"], "Ship it.");
    assert_eq!(harness.events("Approval Resolved")[0]["correlation"], json!({ "release": "1.4.2" }));
}

#[tokio::test]
async fn one_rejection_keeps_a_release_from_being_deployed() {
    let harness = world().await;
    let approval = ask(&harness).await;
    harness.press("ada", &approval, "approve", None).await;
    harness.post(&harness.link("grace"), "reject", "The migration is not tested.").await;
    harness.settled(&approval, Status::Rejected).await;

    let (ended, output) = ended(&harness).await;
    assert_eq!(ended.status, ExecutionStatus::Succeeded);
    assert_eq!((&output["status"], &output["decision"]["status"]), (&json!("rejected"), &json!("rejected")));
    let said = &output["decision"]["decidedBy"][0];
    assert_eq!((&said["person"], &said["platform"]), (&json!("grace"), &json!("email")));
    assert_eq!(said["comment"], "The migration is not tested.");
}

#[tokio::test]
async fn a_release_that_nobody_decides_on_expires() {
    let harness = world().await;
    let approval = ask(&harness).await;
    harness.pass_time(3_600);
    let (ended, output) = ended(&harness).await;
    assert_eq!(ended.status, ExecutionStatus::Succeeded);
    assert_eq!(output, json!({ "status": "expired", "version": "1.4.2" }));
    harness.reconcile().await;
    harness.settled(&approval, Status::Expired).await;
}

#[tokio::test]
async fn a_release_that_reaches_nobody_fails() {
    let harness = world().await;
    harness.world.slack.fail_always("chat.postMessage", Some(Fault::NotOk("msg_too_long".to_owned())));
    harness.world.mailbox.fail_always(Some("MessageRejected"));
    start(&harness);
    let ended = harness.given_up().await;
    assert_eq!((ended.status, ended.error.as_deref()), (ExecutionStatus::Failed, Some("ApprovalUndeliverable")));
}
