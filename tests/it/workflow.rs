//! The state machine file and the code hold to the same names, and the third party keeps to its contract.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use countersign_bot::approval::policy_file;
use countersign_bot::approval::transitions::truth::{
    APPROVAL_CANCELLED, APPROVAL_REJECTED, APPROVAL_RETURNED, APPROVAL_UNDELIVERABLE,
};
use countersign_workflow_lambdas::errors::ERROR_NAMES;
use serde_json::Value;

use crate::support::Harness;

fn machine() -> Value {
    serde_json::from_str(include_str!("../../infra/state-machines/calculation.asl.json")).unwrap()
}

/// Every state machine of the repository, by the name of its file.
pub(crate) fn machines() -> Vec<(String, Value)> {
    let infra = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra");
    let files_in = |folder: &Path| fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect::<Vec<_>>();
    let examples = files_in(&infra.join("examples")).into_iter().flat_map(|folder| files_in(&folder));
    let files = files_in(&infra.join("state-machines")).into_iter().chain(examples);
    let machines: Vec<_> = files
        .filter(|file| file.to_string_lossy().ends_with(".asl.json"))
        .map(|file| {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap())
        })
        .collect();
    assert!(machines.iter().any(|(_, known)| *known == machine()), "the reference workflow is among them");
    assert!(machines.iter().any(|(file, _)| file == "agent.asl.json"), "the examples are among them");
    machines
}

/// Every task of a machine, also those of its branches and loops.
pub(crate) fn tasks(value: &Value) -> Vec<Value> {
    let inner = match value {
        Value::Object(fields) => fields.values().flat_map(tasks).collect(),
        Value::Array(items) => items.iter().flat_map(tasks).collect(),
        _ => Vec::new(),
    };
    let own = (value["Type"] == "Task").then(|| value.clone());
    own.into_iter().chain(inner).collect()
}

fn is_waiting(task: &Value) -> bool {
    task["Resource"].as_str().is_some_and(|resource| resource.ends_with(".waitForTaskToken"))
}

/// What a task passes on: `Arguments` of JSONata, `Parameters` of JSONPath.
pub(crate) fn passed(task: &Value) -> &Value {
    task.get("Arguments").unwrap_or(&task["Parameters"])
}

/// Whether a task asks people.
pub(crate) fn asks(task: &Value) -> bool {
    passed(task)["FunctionName"] == "${NotifierArn}"
}

/// The errors that a `Retry` or a `Catch` is for.
pub(crate) fn names(handler: &Value) -> Vec<String> {
    handler["ErrorEquals"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// Every state of a flow, also those inside of a `Map`.
fn states(flow: &Value) -> Vec<&Value> {
    let own = flow["States"].as_object().into_iter().flat_map(|states| states.values());
    own.flat_map(|state| std::iter::once(state).chain(states(&state["ItemProcessor"]))).collect()
}

/// Every error that a machine tells from others: in a `Retry`, in a `Catch`, or in a condition on what was caught.
fn told_apart(machine: &Value) -> BTreeSet<String> {
    let states = states(machine);
    let entries = |field: &'static str| {
        let lists = states.iter().filter_map(move |state| state[field].as_array());
        lists.flatten().cloned().collect::<Vec<Value>>()
    };
    let handled = ["Retry", "Catch"].into_iter().flat_map(entries).flat_map(|handler| names(&handler));
    let conditions = entries("Choices").into_iter().filter_map(|rule| rule["Condition"].as_str().map(str::to_owned));
    let compared = conditions.filter(|condition| condition.contains("$states.input.Error")).flat_map(|condition| {
        let texts = condition.split('\'').skip(1).step_by(2).map(str::to_owned);
        texts.collect::<Vec<_>>()
    });
    handled.chain(compared).collect()
}

/// The errors that a machine makes itself: what the output of a `Catch` or of a choice is called.
fn made(value: &Value) -> BTreeSet<String> {
    let inner = match value {
        Value::Object(fields) => fields.values().flat_map(made).collect::<BTreeSet<_>>(),
        Value::Array(items) => items.iter().flat_map(made).collect(),
        _ => BTreeSet::new(),
    };
    let own = value["Output"]["Error"].as_str().map(str::to_owned);
    own.into_iter().chain(inner).collect()
}

#[test]
fn every_error_that_a_machine_names_is_one_that_something_raises() {
    for (file, machine) in machines() {
        let made = made(&machine);
        for name in told_apart(&machine) {
            let is_of_aws = ["States.", "Lambda.", "Sandbox."].iter().any(|family| name.starts_with(family));
            let known = is_of_aws || made.contains(&name) || ERROR_NAMES.contains(&name.as_str());
            assert!(known, "{file}: {name} is raised by nobody");
        }
    }
    for name in [APPROVAL_REJECTED, APPROVAL_RETURNED, APPROVAL_CANCELLED, APPROVAL_UNDELIVERABLE, "NumberTooBig"] {
        assert!(told_apart(&machine()).contains(name), "{name} is told from others");
    }
}

/// Every error that the machine makes has a rule of its own in its `DefaultResponse`.
#[test]
fn every_error_that_a_machine_makes_is_one_that_it_tells_from_others() {
    for (file, machine) in machines() {
        let told_apart = told_apart(&machine);
        for name in made(&machine) {
            assert!(told_apart.contains(&name), "{file}: {name}");
        }
    }
}

#[test]
fn the_reference_workflow_is_taken_in_at_a_glance() {
    let states = machine()["States"].as_object().unwrap().len();
    assert_eq!(states, 8);
}

#[test]
fn every_state_that_waits_for_a_token_passes_it() {
    for (file, machine) in machines() {
        let waiting = tasks(&machine).into_iter().filter(is_waiting);
        let waiting: Vec<Value> = waiting.collect();
        assert!(!waiting.is_empty(), "{file} waits for nobody");
        for task in waiting {
            let passed = passed(&task).to_string();
            let is_there = ["\"$$.Task.Token\"", "\"{% $states.context.Task.Token %}\""];
            assert!(is_there.iter().any(|token| passed.contains(token)), "{file}: {task}");
        }
    }
}

/// People must be asked within the time that the card says, and a rejection must be told from other failures. What is
/// asked again is looked at in `retries`.
#[test]
fn every_state_that_asks_people_keeps_to_the_contract() {
    for (file, machine) in machines() {
        for task in tasks(&machine).into_iter().filter(asks) {
            assert!(is_waiting(&task), "{file}: {task}");
            let payload = &passed(&task)["Payload"];
            assert_eq!(task["TimeoutSeconds"], payload["timeoutSeconds"], "{file}");
            assert_eq!(task["TimeoutSecondsPath"], payload["timeoutSeconds.$"], "{file}");
            assert!(told_apart(&machine).contains(APPROVAL_REJECTED), "{file}");
        }
    }
}

#[tokio::test]
async fn the_third_party_refuses_what_is_not_signed() {
    let harness = Harness::start().await;
    let url = format!("{}/double", harness.world.url);
    let body = serde_json::json!({"number": 1, "taskToken": "t"});
    let answer = harness.browser.post_json(&url, &body).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (401, ""));
}

/// What the documentation shows is read by the code that will read it. `your_workflow` runs its states.
#[test]
fn the_policies_of_the_documentation_are_read() {
    let policy = policy_file::read(include_str!("../../infra/policy.example.toml")).unwrap();
    assert_eq!(policy.rules["calculation"].approvers.len(), 2);
    let readme = include_str!("../../README.md");
    let block = |language: &str| readme.split(&format!("```{language}\n")).nth(1).unwrap().split("```").next().unwrap();
    let person = |key: &str| format!("[people.{key}]\nname = \"{key}\"\nemail = \"{key}@example.com\"\n");
    let people = format!("{}{}[groups]\nrelease-managers = [\"ada\", \"bob\"]\n", person("ada"), person("bob"));
    policy_file::read(&format!("{people}{}", block("toml"))).unwrap();
}
