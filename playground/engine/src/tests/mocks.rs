//! States whose integrations do not run here, and what stands in for them.

use super::*;
use crate::{MockFile, Problem, Setup};

const FILE: &str = r#"{
    "StateMachines": { "release": { "TestCases": {
        "Happy": { "Deploy": "Deployed" },
        "Flaky": { "Deploy": "SecondTry" },
        "Broken": { "Deploy": "Refused" }
    } } },
    "MockedResponses": {
        "Deployed": { "0": { "Return": { "task": "t-1" } } },
        "SecondTry": { "0-1": { "Throw": { "Error": "Ecs.Busy", "Cause": "no room" } }, "2": { "Return": { "task": "t-2" } } },
        "Refused": { "0": { "Throw": { "Error": "Ecs.Refused" } } }
    }
}"#;

/// A machine of JSONata that deploys by a service that does not run here.
fn release() -> Value {
    let deploy = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask.sync",
        "Credentials": { "RoleArn": "${DeployRole}" },
        "Arguments": { "Cluster": "${Cluster}", "Version": "{% $states.input.version %}" },
        "Retry": [{ "ErrorEquals": ["Ecs.Busy"], "IntervalSeconds": 1, "MaxAttempts": 3 }],
        "Catch": [{ "ErrorEquals": ["Ecs.Refused"], "Output": "{% $states.errorOutput %}", "Next": "Stopped" }],
        "Output": "{% $states.result.task %}",
        "Next": "Done"
    });
    json!({ "QueryLanguage": "JSONata", "StartAt": "Deploy", "States": {
        "Deploy": deploy, "Done": { "Type": "Succeed" }, "Stopped": { "Type": "Succeed" }
    } })
}

fn mocked(case: &str) -> Setup {
    let mocks = MockFile::read(FILE).unwrap().test_case("release", Some(case)).unwrap();
    Setup { mocks, ..Setup::default() }
}

/// Runs the machine with the mocks of this test case, while its clock goes on.
async fn released(case: &str) -> (Bench, ExecutionDescription) {
    let bench = Bench::new();
    let machine = bench.engine.load_with("release", &release().to_string(), &mocked(case)).unwrap();
    let arn = bench.engine.start_execution(&machine, "e", json!({ "version": "1.4.2" })).unwrap().execution_arn;
    for _ in 0..8 {
        bench.settle().await;
        bench.advance(1);
    }
    let ended = bench.ended(&arn).await;
    (bench, ended)
}

#[tokio::test]
async fn a_mock_answers_by_the_number_of_the_attempt() {
    for (case, output, attempts) in [("Happy", json!("t-1"), 1), ("Flaky", json!("t-2"), 3)] {
        let (bench, ended) = released(case).await;
        assert_eq!(ended.output, Some(output));
        assert_eq!(count_of(&bench.engine, &ended.execution_arn, HistoryKind::TaskScheduled), attempts);
    }
}

#[tokio::test]
async fn what_a_mock_throws_is_caught_and_what_it_has_not_fails_the_run() {
    let (_, ended) = released("Broken").await;
    assert_eq!(ended.output, Some(json!({ "Error": "Ecs.Refused", "Cause": "" })));

    let file = FILE.replace("\"2\": { \"Return\": { \"task\": \"t-2\" } }", "\"3\": { \"Return\": {} }");
    let mocks = MockFile::read(&file).unwrap().test_case("release", Some("Flaky")).unwrap();
    let bench = Bench::new();
    let setup = Setup { mocks, ..Setup::default() };
    let machine = bench.engine.load_with("release", &release().to_string(), &setup).unwrap();
    let arn = bench.engine.start_execution(&machine, "e", json!({ "version": "1" })).unwrap().execution_arn;
    for _ in 0..8 {
        bench.settle().await;
        bench.advance(1);
    }
    let ended = bench.ended(&arn).await;
    assert_eq!(ended.error.as_deref(), Some("States.Runtime"));
    assert_eq!(ended.cause.as_deref(), Some("The mock of the state 'Deploy' has no reply to attempt 2"));
}

#[tokio::test]
async fn the_arguments_of_a_mocked_state_are_computed_and_shown() {
    let (bench, ended) = released("Happy").await;
    let history = bench.engine.history(&ended.execution_arn);
    let scheduled = history.iter().find(|event| event.kind == HistoryKind::TaskScheduled).unwrap();
    assert_eq!(scheduled.details["parameters"], json!({ "Cluster": "${Cluster}", "Version": "1.4.2" }));
    assert_eq!(
        (&scheduled.details["resourceType"], &scheduled.details["resource"]),
        (&json!("ecs"), &json!("runTask.sync"))
    );
}

#[tokio::test]
async fn a_mocked_task_may_have_a_token_and_shows_it_to_nobody() {
    let bench = Bench::new();
    let queue = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "HeartbeatSeconds": 5,
        "Parameters": { "MessageBody": { "token.$": "$$.Task.Token" } }
    });
    let file = r#"{ "StateMachines": { "m": { "TestCases": { "Only": { "Only": "R" } } } },
        "MockedResponses": { "R": { "0": { "Return": "done" } } } }"#;
    let mocks = MockFile::read(file).unwrap().test_case("m", None).unwrap();
    let machine = only(queue).to_string();
    let machine = bench.engine.load_with("m", &machine, &Setup { mocks, ..Setup::default() }).unwrap();
    let arn = bench.engine.start_execution(&machine, "e", json!({})).unwrap().execution_arn;
    assert_eq!(bench.ended(&arn).await.output, Some(json!("done")));
    let history = json!(bench.engine.history(&arn)).to_string();
    assert!(history.contains("[task token]"), "{history}");
}

/// All that is wrong with a machine where only the function `ask` runs.
fn refused(machine: &Value) -> Vec<Problem> {
    let engine = Engine::new(Clock::manual(Timestamp::UNIX_EPOCH));
    let setup = Setup { functions: Some(["ask".to_owned()].into()), ..Setup::default() };
    engine.load_with("m", &machine.to_string(), &setup).err().unwrap_or_default()
}

#[test]
fn a_state_that_needs_a_mock_is_refused_with_the_entry_to_add() {
    let invoke = |resource: &str, function: &str| json!({ "Type": "Task", "Resource": resource, "Parameters": { "FunctionName": function, "Payload.$": "$" } });
    let lambda = json!({ "ExecutedVersion": "$LATEST", "Payload": {}, "StatusCode": 200 });
    let cases = [
        (
            json!({ "Type": "Task", "Resource": "arn:aws:states:::sns:publish" }),
            "field Resource arn:aws:states:::sns:publish does not run here",
            json!({}),
        ),
        (
            json!({ "Type": "Task", "Resource": "arn:aws:states:eu-west-1:1:activity:a" }),
            "activity:a does not run here",
            json!({}),
        ),
        (
            json!({ "Type": "Task", "Resource": "${DeployArn}" }),
            "field Resource ${DeployArn} does not run here",
            json!({}),
        ),
        (calling("deploy"), "field Resource the function deploy is not here", json!({})),
        (
            invoke("arn:aws:states:::lambda:invoke", "${DeployArn}"),
            "field Parameters.FunctionName the function ${DeployArn} is not here",
            lambda,
        ),
    ];
    for (state, why, result) in cases {
        let problems = refused(&only(state));
        assert_eq!(problems.len(), 1, "{problems:?}");
        let said = problems[0].to_string();
        let entry = json!({ "0": { "Return": result } });
        assert!(said.starts_with("state Only: ") && said.contains(why), "{said}");
        assert!(
            said.ends_with(&format!(
                "needs a mock: \"Only\":\"Only\" in the test case and \"Only\":{entry} in MockedResponses"
            )),
            "{said}"
        );
        assert_eq!(problems[0].unmocked, Some(result));
    }
    assert_eq!(refused(&only(calling("ask"))), [], "what runs here needs none");
}

#[test]
fn what_is_wrong_with_a_file_is_said_by_the_name_of_the_field() {
    let file = |cases: &str, responses: &str| {
        format!("{{\"StateMachines\": {{\"m\": {{\"TestCases\": {cases}}}}}, \"MockedResponses\": {responses}}}")
    };
    let cases = [
        ("{".to_owned(), "is not JSON: "),
        ("{}".to_owned(), "missing field `StateMachines`"),
        (
            file("{}", "{\"R\": {\"0\": {\"Retrun\": 1}}}"),
            "MockedResponses.R.0: unknown variant `Retrun`, expected `Return` or `Throw`",
        ),
        (
            file("{}", "{\"R\": {\"0\": {\"Throw\": {\"Cause\": \"c\"}}}}"),
            "MockedResponses.R.0.Throw: missing field `Error`",
        ),
        (file("{}", "{\"R\": {}}"), "MockedResponses.R: has no attempt; write 0 for the first"),
        (
            file("{}", "{\"R\": {\"first\": {\"Return\": 1}}}"),
            "MockedResponses.R: first is no attempt; write 0 for the first, or 1-3",
        ),
        (file("{}", "{\"R\": {\"2-1\": {\"Return\": 1}}}"), "MockedResponses.R: 2-1 is no attempt"),
        (
            file("{}", "{\"R\": {\"0-2\": {\"Return\": 1}, \"1\": {\"Return\": 1}}}"),
            "MockedResponses.R: 1 has an attempt that another key has too",
        ),
        (file("{\"C\": {\"S\": \"Q\"}}", "{}"), "StateMachines.m.TestCases.C.S names Q, which MockedResponses has not"),
    ];
    for (text, expected) in cases {
        let problems = MockFile::read(&text).unwrap_err();
        assert!(problems.len() == 1 && problems[0].contains(expected), "{expected}: {problems:?}");
    }
}

#[test]
fn a_test_case_is_named_where_there_are_several_and_each_mock_is_that_of_a_task() {
    let mocks = MockFile::read(FILE).unwrap();
    let said = mocks.test_case("release", None).unwrap_err();
    assert!(said.contains("several of which one must be named: Broken, Flaky, Happy"), "{said}");
    let said = mocks.test_case("release", Some("Sad")).unwrap_err();
    assert!(said.contains("has no Sad; there is Broken, Flaky, Happy"), "{said}");
    assert_eq!(mocks.test_case("other", Some("Happy")).unwrap().states().count(), 0);

    let mut machine = release();
    let deploy = machine["States"].as_object_mut().unwrap().remove("Deploy").unwrap();
    machine["States"]["Ship"] = deploy;
    machine["StartAt"] = json!("Ship");
    let engine = Engine::new(Clock::manual(Timestamp::UNIX_EPOCH));
    let problems = engine.load_with("release", &machine.to_string(), &mocked("Happy")).unwrap_err();
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(said.iter().any(|line| line == "state Deploy: has a mock and is no Task state of the machine"), "{said:?}");
}
