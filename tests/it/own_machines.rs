//! State machines of somebody's own on this machine: without a policy of their own, with mocks, several at once, started
//! from the page.

use std::collections::BTreeMap;

use axum::http::Request;
use countersign_bot::approval::record::Approval;
use countersign_playground::browser::{Answer, Browser};
use countersign_playground::clock::Clock;
use countersign_playground::engine::{ExecutionDescription, ExecutionStatus, HistoryKind};
use countersign_playground::world::{Options, Running, Source, StateMachine, World, machines};
use countersign_tests::asking;
use countersign_tests::patience::until;
use serde_json::{Value, json};

use crate::support::{START, card_of};

const DEPLOY: &str = include_str!("../../infra/state-machines/deploy-release.asl.json");
const MOCKS: &str = r#"{
    "StateMachines": { "release": { "TestCases": {
        "Happy": { "Deploy": "Deployed" },
        "Sad": { "Deploy": "Refused" }
    } } },
    "MockedResponses": {
        "Deployed": { "0": { "Return": { "task": "t-1" } } },
        "Refused": { "0": { "Throw": { "Error": "Ecs.Refused", "Cause": "no room" } } }
    }
}"#;

/// The example of the documentation, but with a service that deploys.
fn release() -> StateMachine {
    release_asking("${NotifierArn}")
}

/// The same where this function asks people.
fn release_asking(function: &str) -> StateMachine {
    let mut machine: Value = serde_json::from_str(&DEPLOY.replace("${NotifierArn}", function)).unwrap();
    machine["States"]["Deploy"] = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask.sync",
        "Parameters": { "Cluster": "${Cluster}" },
        "End": true
    });
    StateMachine::new("release", Source::new("release.asl.json", &machine.to_string()))
}

async fn start(options: Options) -> anyhow::Result<Running> {
    World::start(options, Clock::manual(START.parse().unwrap())).await
}

async fn with_mocks(test_case: &str) -> anyhow::Result<Running> {
    let mocks = Some(Source::new("mocks.json", MOCKS));
    let test_case = Some(test_case.to_owned());
    start(Options { state_machines: vec![release()], mocks, test_case, ..Options::default() }).await
}

/// What the page does.
async fn act(world: &World, path: &str, body: &Value) -> Answer {
    let request = Request::post(format!("{}/playground/api/{path}", world.url));
    let request = request.header("content-type", "application/json").header("x-playground", "1");
    Browser::new().send(request.body(body.to_string().into()).unwrap()).await.unwrap()
}

/// Starts a machine from the page, and gives its request once that is in Slack.
async fn asked(world: &World, machine: &str) -> Approval {
    asked_by(world, machine, "linus").await
}

/// The same for somebody else.
async fn asked_by(world: &World, machine: &str, who: &str) -> Approval {
    let input = json!({ "version": "1.4.2", "requestedBy": who }).to_string();
    let answer = act(world, "executions", &json!({ "machine": machine, "input": input })).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let execution: Value = serde_json::from_str(&answer.body).unwrap();
    let is_out =
        |approval: &Approval| json!(approval.request.execution) == execution["execution"] && approval.outbox.is_empty();
    let out = async || Ok(world.store.all().into_iter().find(|it| is_out(it) && !it.copies.is_empty()));
    until("the request is out", out).await.unwrap()
}

async fn approve(world: &World, approval: &Approval) {
    let (channel, ts) = card_of(approval);
    let status = world.slack.press(&world.actor("ada").unwrap().user, &channel, &ts, "approve", None).await.unwrap();
    assert_eq!(status, 200);
}

async fn ended(world: &World) -> ExecutionDescription {
    let execution = async || {
        Ok(world.engine.executions().into_iter().find(|execution| execution.status != ExecutionStatus::Running))
    };
    until("the execution has ended", execution).await.unwrap()
}

#[tokio::test]
async fn a_machine_needs_no_policy_to_be_tried() {
    let machine = StateMachine::new("deploy", Source::new("deploy.asl.json", DEPLOY));
    let running = start(Options { state_machines: vec![machine], ..Options::default() }).await.unwrap();
    let world = &running.world;
    let approval = asked(world, "deploy").await;
    assert_eq!((approval.rules.name.as_str(), approval.request.title.as_str()), ("deploy", "Deploy 1.4.2"));
    approve(world, &approval).await;
    assert_eq!(ended(world).await.output.unwrap()["status"], "deployed");

    let state = Browser::new().get(&format!("{}/playground/api/state", world.url)).await.unwrap().body;
    let state: Value = serde_json::from_str(&state).unwrap();
    assert_eq!(state["commands"], json!([]), "nothing is offered that starts nothing");
    let machines = state["workflow"]["machines"].as_array().unwrap();
    assert_eq!(machines.iter().map(|machine| &machine["name"]).collect::<Vec<_>>(), ["deploy"]);
}

#[tokio::test]
async fn a_machine_that_needs_a_mock_is_refused_with_the_entry_to_add() {
    let refused = start(Options { state_machines: vec![release()], ..Options::default() }).await.err().unwrap();
    let said = refused.to_string();
    for words in [
        "release.asl.json cannot be run here:",
        "state Deploy: field Resource arn:aws:states:::ecs:runTask.sync does not run here",
        "\"Deploy\":{\"0\":{\"Return\":{}}}",
        "`countersign mocks init` writes a file with all mocks",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(said.lines().count(), 3, "nothing else is wrong with it: {said}");
}

/// Its ARN is another one wherever it is deployed, and a misspelt placeholder is no reason to mock an approval away.
#[tokio::test]
async fn a_state_that_asks_calls_the_function_that_asks_whatever_it_is_called() {
    let arn = "arn:aws:lambda:eu-central-1:123456789012:function:countersign-NotifierFunction-ABC";
    for (function, meant) in [("${NotifierARN}", None), ("${NotifierARN}", Some("notifer")), (arn, None)] {
        let substitutions = meant.map(|meant| ("NotifierARN".to_owned(), meant.to_owned())).into_iter().collect();
        let unmocked = machines::unmocked(&release_asking(function), &substitutions).unwrap();
        assert_eq!(unmocked.iter().map(|(state, _)| state.as_str()).collect::<Vec<_>>(), ["Deploy"], "{function}");
        let definition = Source::new("deploy.asl.json", &DEPLOY.replace("${NotifierArn}", function));
        let state_machines = vec![StateMachine::new("deploy", definition)];
        let running = start(Options { state_machines, substitutions, ..Options::default() }).await.unwrap();
        approve(&running.world, &asked(&running.world, "deploy").await).await;
        assert_eq!(ended(&running.world).await.output.unwrap()["status"], "deployed", "{function}");
    }
    let mut by_message: Value = serde_json::from_str(DEPLOY).unwrap();
    let state = &mut by_message["States"]["Approval"];
    state["Resource"] = json!("arn:aws:states:::sqs:sendMessage.waitForTaskToken");
    let url = "https://sqs.eu-central-1.amazonaws.com/123456789012/hub-Requests-ABC";
    state["Parameters"] = json!({ "QueueUrl": url, "MessageBody": state["Parameters"]["Payload"].take() });
    let definition = Source::new("deploy.asl.json", &by_message.to_string());
    let state_machines = vec![StateMachine::new("deploy", definition)];
    let running = start(Options { state_machines, ..Options::default() }).await.unwrap();
    approve(&running.world, &asked(&running.world, "deploy").await).await;
    assert_eq!(ended(&running.world).await.output.unwrap()["status"], "deployed", "by a message");

    let other = DEPLOY.replace("\"approval\"", "\"other\"").replace("${NotifierArn}", arn);
    let other = StateMachine::new("deploy", Source::new("deploy.asl.json", &other));
    assert_eq!(machines::unmocked(&other, &BTreeMap::new()).unwrap().len(), 1, "what asks nobody needs its mock");
}

#[tokio::test]
async fn a_mock_with_nothing_in_it_is_named_before_anything_starts() {
    let left_out = async |result: &str| {
        let mocks = Some(Source::new("mocks.json", &MOCKS.replace("{ \"task\": \"t-1\" }", result)));
        let test_case = Some("Happy".to_owned());
        let options = Options { state_machines: vec![release()], mocks, test_case, ..Options::default() };
        start(options).await.unwrap().world.left_out.clone()
    };
    let line = "the mock of state Deploy in release is empty: what the state returns belongs into it";
    for empty in ["{}", "{ \"StatusCode\": 200, \"Payload\": {} }"] {
        assert_eq!(left_out(empty).await, [line]);
    }
    for filled in ["{ \"task\": \"t-1\" }", "{ \"StatusCode\": 200, \"Payload\": [] }", "null"] {
        assert!(left_out(filled).await.is_empty(), "{filled}");
    }
}

/// Somebody who wants to try a machine is led to that one.
#[tokio::test]
async fn the_command_of_the_first_machine_is_suggested() {
    let policy = include_str!("../../infra/policy.example.toml").to_owned()
        + "\n[commands.ship]\nstate_machine = \"deploy\"\npolicy = \"calculation\"\n";
    let state_machines = vec![StateMachine::new("deploy", Source::new("deploy.asl.json", DEPLOY))];
    let policy = Some(Source::new("policy.toml", &policy));
    let running = start(Options { state_machines, policy, ..Options::default() }).await.unwrap();
    let state = Browser::new().get(&format!("{}/playground/api/state", running.world.url)).await.unwrap().body;
    let state: Value = serde_json::from_str(&state).unwrap();
    assert_eq!(
        (&state["commands"][0]["name"], &state["commands"][0]["example"]),
        (&json!("ship"), &json!("start ship"))
    );
    assert_eq!(state["workflow"]["machines"][0]["name"], "deploy");
    assert_eq!(state["workflow"]["machines"][1]["name"], "calculation", "which another command starts");
}

#[tokio::test]
async fn a_mock_stands_in_after_people_have_approved() {
    let running = with_mocks("Happy").await.unwrap();
    let approval = asked(&running.world, "release").await;
    approve(&running.world, &approval).await;
    assert_eq!(ended(&running.world).await.output, Some(json!({ "task": "t-1" })));

    let running = with_mocks("Sad").await.unwrap();
    let approval = asked(&running.world, "release").await;
    approve(&running.world, &approval).await;
    let ended = ended(&running.world).await;
    assert_eq!((ended.error.as_deref(), ended.cause.as_deref()), (Some("Ecs.Refused"), Some("no room")));
    let history = running.world.engine.history(&ended.execution_arn);
    let scheduled = history.iter().rfind(|event| event.kind == HistoryKind::TaskScheduled).unwrap();
    assert_eq!(scheduled.details["parameters"], json!({ "Cluster": "${Cluster}" }));
}

#[tokio::test]
async fn what_is_wrong_with_mocks_is_said_before_anything_starts() {
    let said = |running: anyhow::Result<Running>| format!("{:#}", running.err().unwrap());
    let text = said(with_mocks("Odd").await);
    assert!(text.contains("mocks.json cannot be used") && text.contains("has no Odd; there is Happy, Sad"), "{text}");
    let options = |mocks: &str| Options {
        state_machines: vec![release()],
        mocks: Some(Source::new("mocks.json", mocks)),
        ..Options::default()
    };
    let text = said(start(options(&MOCKS.replace("\"release\"", "\"other\""))).await);
    assert!(text.contains("mocks.json has mocks for other, and none for release"), "{text}");
    let text = said(start(options("{}")).await);
    assert!(text.contains("mocks.json has something wrong with it:\nmissing field `StateMachines`"), "{text}");
}

#[tokio::test]
async fn several_machines_run_at_once_and_each_has_a_name_of_its_own() {
    let machine = |name: &str| StateMachine::new(name, Source::new("deploy.asl.json", DEPLOY));
    let options = Options { state_machines: vec![machine("one"), machine("two")], ..Options::default() };
    let running = start(options).await.unwrap();
    for name in ["one", "two"] {
        let approval = asked(&running.world, name).await;
        assert!(approval.request.execution.as_str().contains(&format!(":execution:{name}:")));
    }
    let options = Options { state_machines: vec![machine("one"), machine("one")], ..Options::default() };
    let said = start(options).await.err().unwrap().to_string();
    assert_eq!(said, "two state machines are called one; NAME=FILE gives one another name");
}

#[tokio::test]
async fn what_is_typed_as_an_input_is_read_with_every_digit_or_refused() {
    let machine = r#"{ "StartAt": "End", "States": { "End": { "Type": "Succeed" } } }"#;
    let machine = StateMachine::new("m", Source::new("m.asl.json", machine));
    let running = start(Options { state_machines: vec![machine], ..Options::default() }).await.unwrap();
    let world = &running.world;
    let start = async |machine: &str, input: &str| {
        let answer = act(world, "executions", &json!({ "machine": machine, "input": input })).await;
        (answer.status, answer.body)
    };
    let (status, said) = start("m", "{\"a\": 1").await;
    assert!(status == 409 && said.contains("The input is not JSON: EOF"), "{said}");
    let (status, said) = start("n", "{}").await;
    assert!(status == 409 && said.contains("No state machine is called n."), "{said}");
    assert!(world.engine.executions().is_empty());
    assert_eq!(start("m", "{\"a\": 9007199254740993}").await.0, 200);
    assert_eq!(ended(world).await.output, Some(json!({ "a": 9_007_199_254_740_993_i64 })));
}

#[tokio::test]
async fn a_command_that_starts_nothing_here_is_left_out_and_said() {
    let policy = "[people.ada]\nname = \"Ada\"\nslack = \"U0ADA\"\n[access]\nslack_teams = [\"T0LOCAL\"]\n\
                  [policies.deploy]\napprovers = [\"ada\"]\nslack_channel = \"C0R\"\nself_approval = true\n\
                  [commands.ship]\nstate_machine = \"ship\"\npolicy = \"deploy\"\n";
    let machine = StateMachine::new("deploy", Source::new("deploy.asl.json", DEPLOY));
    let policy = Some(Source::new("policy.toml", policy));
    let running = start(Options { state_machines: vec![machine], policy, ..Options::default() }).await.unwrap();
    let line = "commands.ship is left out: --state-machine ship=FILE loads what it starts";
    assert_eq!(running.world.left_out, [line]);
    assert!(running.world.bot().app.policy.commands.is_empty());
}

/// Without `[access]` nobody of a chat is let in, which is found out before anybody presses a button there.
#[tokio::test]
async fn a_chat_that_lets_nobody_in_is_said() {
    let policy = "[people.ada]\nname = \"Ada\"\nslack = \"U0ADA\"\nemail = \"ada@example.com\"\n\
                  [policies.deploy]\napprovers = [\"ada\"]\nslack_channel = \"C0R\"\nself_approval = true\n";
    let world = async |policy: &str| {
        let state_machines = vec![StateMachine::new("deploy", Source::new("deploy.asl.json", DEPLOY))];
        let policy = Some(Source::new("policy.toml", policy));
        start(Options { state_machines, policy, ..Options::default() }).await.unwrap()
    };
    let line =
        "nobody may do anything in Slack: [access] with slack_teams = [\"T0LOCAL\"] lets in everybody of this page";
    let running = world(policy).await;
    assert_eq!(running.world.left_out, [line]);
    let state = Browser::new().get(&format!("{}/playground/api/state", running.world.url)).await.unwrap().body;
    let state: Value = serde_json::from_str(&state).unwrap();
    assert_eq!(state["teams"], Value::Null, "the policy has nothing to do with Teams");

    let running = world(&format!("[access]\nslack_teams = [\"T0LOCAL\"]\n{policy}")).await;
    assert!(running.world.left_out.is_empty());
    let approval = asked_by(&running.world, "deploy", "ada").await;
    approve(&running.world, &approval).await;
    assert_eq!(ended(&running.world).await.output.unwrap()["status"], "deployed");
}

#[tokio::test]
async fn the_page_shows_the_cards_of_every_channel() {
    let rules = |name: &str, channel: &str| {
        format!("[policies.{name}]\napprovers = [\"ada\"]\nself_approval = true\nslack_channel = \"{channel}\"\n")
    };
    let people = "[people.ada]\nname = \"Ada\"\nslack = \"U0ADA\"\n[access]\nslack_teams = [\"T0LOCAL\"]\n";
    let policy = Source::new("policy.toml", &format!("{people}{}{}", rules("a", "C0A"), rules("b", "C0B")));
    let machine = |policy: &str| {
        let definition = asking::machine(&json!({ "policy": policy, "title": format!("Ask {policy}") }));
        StateMachine::new(policy, Source::new("m.asl.json", &definition))
    };
    let state_machines = vec![machine("b"), machine("a")];
    let running = start(Options { state_machines, policy: Some(policy), ..Options::default() }).await.unwrap();
    let world = &running.world;
    for name in ["a", "b"] {
        asked(world, name).await;
    }
    let state = Browser::new().get(&format!("{}/playground/api/state", world.url)).await.unwrap().body;
    let slack = serde_json::from_str::<Value>(&state).unwrap()["slack"].clone();
    assert_eq!(slack["channels"], json!([{ "id": "C0B", "name": "approvals" }, { "id": "C0A", "name": "a" }]));
    let cards = slack["messages"].as_array().unwrap().iter().map(|card| card["channel"].clone());
    assert_eq!(cards.collect::<Vec<_>>(), ["C0A", "C0B"], "the oldest first");
}

#[tokio::test]
async fn the_bot_answers_in_its_own_chat_in_teams() {
    let running = start(Options::default()).await.unwrap();
    let world = &running.world;
    let said = json!({ "person": "ada", "text": "pending", "chat": true });
    assert_eq!(act(world, "teams/say", &said).await.status, 200);
    let ada = world.actor("ada").unwrap().teams.clone().unwrap();
    let answered = async || Ok(world.teams.chat_messages(&ada).into_iter().nth(1));
    let answer = until("the bot answers", answered).await.unwrap();
    assert!(answer.text.contains("waits"), "{}", answer.text);
    assert!(world.teams.messages(&world.teams_conversation).is_empty(), "nobody else reads it");
}
