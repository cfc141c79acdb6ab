//! The state that asks, as README and `docs/your-workflow.md` show it in both languages: machines of one's own, their
//! policies, and the real notifier between them.

use std::collections::BTreeMap;

use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::platforms::slack::card::RETURN_IN_FORM;
use countersign_playground::engine::{ExecutionDescription, ExecutionStatus};
use countersign_playground::fakes::Fault;
use serde_json::{Value, json};

use crate::support::{Harness, RULES, is_out, shown};

const DOCUMENT: &str = include_str!("../../docs/your-workflow.md");
const MACHINE: &str = include_str!("../../infra/state-machines/deploy-release.asl.json");

/// The first block in this language after the heading of JSONPath.
fn block(language: &str) -> &'static str {
    let (_, part) = DOCUMENT.split_once("### The same in JSONPath").expect("the document has it");
    blocks(part, language)[0]
}

fn blocks<'d>(document: &'d str, language: &str) -> Vec<&'d str> {
    let opening = format!("```{language}\n");
    let rests = document.split(opening.as_str()).skip(1);
    rests.map(|rest| rest.split_once("```").expect("the block has an end").0).collect()
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
fn the_document_shows_the_state_of_the_file() {
    let shown: Value = serde_json::from_str(&format!("{{{}}}", block("json"))).unwrap();
    let machine: Value = serde_json::from_str(MACHINE).unwrap();
    for (field, value) in shown["Approval"].as_object().unwrap() {
        assert_eq!(&machine["States"]["Approval"][field], value, "{field}");
    }
}

/// The state of the README in both languages, in a machine that does nothing else, under the policy of the README.
#[tokio::test]
async fn the_states_of_the_readme_ask_and_end_as_they_say() {
    let readme = include_str!("../../README.md");
    let states = blocks(readme, "json");
    assert_eq!(states.len(), 3, "JSONata and JSONPath, and through the queue");
    let rules = blocks(readme, "toml")[0].replace("\"release-managers\"", "\"ada\", \"grace\"");
    for (language, state) in ["JSONata", "JSONPath", "JSONata"].into_iter().zip(states) {
        let mut machine: Value = serde_json::from_str(&format!("{{ \"States\": {{{state}}} }}")).unwrap();
        machine["StartAt"] = json!("Approval");
        machine["QueryLanguage"] = json!(language);
        for name in ["Deploy", "Rejected", "Returned", "Expired", "Cancelled", "NobodyAsked"] {
            machine["States"][name] = json!({ "Type": "Pass", "End": true });
        }
        let cases = [
            ("approve", &["ada", "grace"][..], "Deploy"),
            ("reject", &["grace"][..], "Rejected"),
            (RETURN_IN_FORM, &["grace"][..], "Returned"),
        ];
        for (verdict, by, expected) in cases {
            let harness = Harness::with_rules(&format!("{RULES}\n{rules}")).await;
            let substitutions = [("NotifierArn", "notifier"), ("RequestsUrl", "https://sqs/000000000000/requests")];
            let substitutions = substitutions.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            let arn = harness.world.engine.load("readme", &machine.to_string(), &substitutions).unwrap();
            let input = json!({ "version": "1.4.2", "requestedBy": "linus" });
            harness.world.engine.start_execution(&arn, "run", input).unwrap();
            let approval =
                harness.until("the request is out", |world| world.store.all().into_iter().find(is_out)).await;
            assert_eq!(approval.request.title, "Deploy 1.4.2");
            for who in by {
                harness.press(who, &approval, verdict, Some("Because.")).await;
                if verdict == RETURN_IN_FORM {
                    harness.world.slack.submit(&harness.user(who), &[]).await.unwrap();
                }
            }
            let ended = harness.ended().await;
            assert_eq!(ended.status, ExecutionStatus::Succeeded, "{language}: {ended:?}");
            let mut entered =
                harness.world.engine.history(&ended.execution_arn).into_iter().filter_map(|event| event.state);
            let last = entered.next_back().unwrap();
            assert_eq!(last, expected, "{language}");
        }
    }
}

/// The state of the document that sends a message, in the place of the one that invokes.
#[tokio::test]
async fn a_release_is_asked_for_by_a_message_as_well() {
    let (_, section) = DOCUMENT.split_once("### By a message").expect("the document has it");
    let sending: Value = serde_json::from_str(&format!("{{{}}}", blocks(section, "json")[0])).unwrap();
    let mut machine: Value = serde_json::from_str(MACHINE).unwrap();
    for (field, value) in sending["Approval"].as_object().unwrap() {
        machine["States"]["Approval"][field] = value.clone();
    }
    let ends = [("approve", &["ada", "grace"][..], "deployed"), ("reject", &["grace"][..], "rejected")];
    for (verdict, by, status) in ends {
        let harness = world().await;
        let substitutions = [("RequestsUrl".to_owned(), "https://sqs/000000000000/requests".to_owned())].into();
        let arn = harness.world.engine.load("deploy-release", &machine.to_string(), &substitutions).unwrap();
        let input = json!({ "version": "1.4.2", "requestedBy": "linus" });
        harness.world.engine.start_execution(&arn, "release-1.4.2", input).unwrap();
        let approval = harness.until("the request is out", |world| world.store.all().into_iter().find(is_out)).await;
        for who in by {
            harness.press(who, &approval, verdict, Some("Because.")).await;
        }
        let (ended, output) = ended(&harness).await;
        assert_eq!((ended.status, &output["status"]), (ExecutionStatus::Succeeded, &json!(status)));
    }
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
async fn a_release_that_is_sent_back_says_what_is_to_be_changed() {
    let harness = world().await;
    let approval = ask(&harness).await;
    harness.post(&harness.link("grace"), "return", "Name the migration.").await;
    harness.settled(&approval, Status::Returned).await;
    let (_, output) = ended(&harness).await;
    assert_eq!((&output["status"], &output["decision"]["status"]), (&json!("returned"), &json!("returned")));
    assert_eq!(output["decision"]["decidedBy"][0]["comment"], "Name the migration.");
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
    harness.world.mailbox.fail_always(Some("InvalidParameterValue"));
    start(&harness);
    let ended = harness.given_up().await;
    assert_eq!((ended.status, ended.error.as_deref()), (ExecutionStatus::Failed, Some("ApprovalUndeliverable")));
}
