//! The state machine file and the code hold to the same names, and the third party keeps to its contract.

use std::collections::{BTreeMap, BTreeSet};

use countersign_bot::approval::policy_file;
use countersign_bot::approval::truth::{APPROVAL_REJECTED, APPROVAL_UNDELIVERABLE};
use countersign_playground::clock::Clock;
use countersign_playground::engine::Engine;
use countersign_workflow_lambdas::errors::ERROR_NAMES;
use serde_json::Value;

use crate::support::Harness;

fn machine() -> Value {
    serde_json::from_str(include_str!("../../infra/state-machines/calculation.asl.json")).unwrap()
}

fn caught(machine: &Value) -> BTreeSet<String> {
    let states = machine["States"].as_object().unwrap().values();
    let handlers =
        states.flat_map(|state| ["Retry", "Catch"].map(|key| state[key].as_array().cloned().unwrap_or_default()));
    let names = handlers.flatten().flat_map(|handler| handler["ErrorEquals"].as_array().cloned().unwrap());
    names.map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_error_that_the_machine_names_is_one_that_something_raises() {
    for name in caught(&machine()) {
        let known = name.starts_with("States.") || name.starts_with("Lambda.") || ERROR_NAMES.contains(&name.as_str());
        assert!(known, "{name} is raised by nobody");
    }
    for name in [APPROVAL_REJECTED, APPROVAL_UNDELIVERABLE, "NumberTooBig"] {
        assert!(caught(&machine()).contains(name), "{name} is caught by name");
    }
}

#[test]
fn a_rejection_is_caught_first_and_never_retried() {
    let machine = machine();
    let approval = &machine["States"]["Approval"];
    assert_eq!(approval["Catch"][0]["ErrorEquals"], serde_json::json!([APPROVAL_REJECTED]));
    for retry in approval["Retry"].as_array().unwrap() {
        for name in retry["ErrorEquals"].as_array().unwrap() {
            assert!(name.as_str().unwrap().starts_with("Lambda."), "{name} would ask people again");
        }
    }
    assert_eq!(approval["TimeoutSecondsPath"], approval["Parameters"]["Payload"]["timeoutSeconds.$"]);
}

#[test]
fn every_state_that_waits_for_a_token_passes_it() {
    let machine = machine();
    let states = machine["States"].as_object().unwrap();
    let waiting = states
        .values()
        .filter(|state| state["Resource"].as_str().is_some_and(|resource| resource.ends_with(".waitForTaskToken")));
    let mut count = 0;
    for state in waiting {
        assert!(state["Parameters"].to_string().contains("\"$$.Task.Token\""), "{state}");
        count += 1;
    }
    assert_eq!(count, 2);
}

#[tokio::test]
async fn the_third_party_refuses_what_is_not_signed() {
    let harness = Harness::start().await;
    let url = format!("{}/double", harness.world.url);
    let body = serde_json::json!({"number": 1, "taskToken": "t"});
    let answer = harness.browser.post_json(&url, &body).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (401, ""));
}

/// What the documentation shows is read by the code that will read it.
#[test]
fn the_examples_of_the_documentation_work() {
    let policy = policy_file::read(include_str!("../../infra/policy.example.toml")).unwrap();
    assert_eq!(policy.rules["calculation"].approvers.len(), 2);
    let readme = include_str!("../../README.md");
    let block = |language: &str| readme.split(&format!("```{language}\n")).nth(1).unwrap().split("```").next().unwrap();
    let people =
        "[people.ada]\nname = \"Ada\"\n[people.bob]\nname = \"Bob\"\n[groups]\nrelease-managers = [\"ada\", \"bob\"]\n";
    policy_file::read(&format!("{people}{}", block("toml"))).unwrap();
    let end = r#"{"Type": "Succeed"}"#;
    let others = ["Rejected", "Expired", "NobodyAsked", "Deploy"].map(|name| format!("\"{name}\": {end}")).join(",");
    let machine = format!("{{\"StartAt\": \"Approval\", \"States\": {{ {}, {others} }} }}", block("json"));
    let substitutions = BTreeMap::from([("NotifierArn".to_owned(), "notifier".to_owned())]);
    Engine::new(Clock::system()).load("readme", &machine, &substitutions).unwrap();
}
