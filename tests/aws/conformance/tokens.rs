//! `Task` states that wait for their task token.

use serde_json::{Value, json};

use super::documented::{CONTEXT_SELECTOR, FUNCTION_ERROR, HEARTBEAT, HEARTBEAT_NAME, NEW_TOKEN, OUTPUT, TIMEOUT};
use super::machines::{asking, asking_with, caught, caught_by, only, with};
use super::row::{Outcome, Row, failed, gives, row};

pub(super) fn rows() -> Vec<Row> {
    [answers(), timeouts(), heartbeats(), functions_that_fail(), tokens()].into_iter().flatten().collect()
}

/// Nobody answers, or not in time.
fn asking_in_vain() -> Value {
    asking(json!([]))
}

fn answers() -> Vec<Row> {
    let rejected = || asking(json!([{ "fail": "Rejected" }]));
    let named = json!({ "ResultSelector": { "name.$": "$$.State.Name" } });
    let succeed = |output: Value| json!([{ "succeed": output }]);
    vec![
        row("success", only(asking(succeed(json!({ "decision": "approved" })))), json!({}))
            .succeeds(json!({ "decision": "approved" })),
        row("success_with_a_number", only(asking(succeed(json!(1)))), json!({})).succeeds(json!(1)),
        row("success_with_null", only(asking(succeed(Value::Null))), json!({}))
            .succeeds(Value::Null)
            .moto(Outcome::SucceededWithText(String::new()), OUTPUT),
        row("success_with_a_text", only(asking(succeed(json!("text")))), json!({}))
            .succeeds(json!("text"))
            .moto(Outcome::SucceededWithText("text".to_owned()), OUTPUT),
        row("success_later", only(asking(json!([{ "wait": 1_000 }, { "succeed": 1 }]))), json!({}))
            .succeeds(json!(1))
            .takes(1..20),
        row(
            "success_with_filters",
            only(with(
                asking(succeed(json!({ "a": 1 }))),
                json!({ "ResultSelector": { "b.$": "$.a" }, "ResultPath": "$.r" }),
            )),
            json!({ "in": 1 }),
        )
        .succeeds(json!({ "in": 1, "r": { "b": 1 } })),
        row("context_in_a_waiting_task", only(with(asking(succeed(json!(1))), named)), json!({}))
            .succeeds(json!({ "name": "Only" }))
            .ministack(gives(json!({ "name": null })), CONTEXT_SELECTOR),
        row("the_first_answer_counts", answered_twice(), json!({})).succeeds(json!([1, {}])),
        row("failure", only(rejected()), json!({})).fails("Rejected"),
        row("failure_that_is_caught", caught_by(rejected(), &[json!(["Rejected"])]), json!({}))
            .succeeds(caught(0, "Rejected")),
    ]
}

fn timeouts() -> Vec<Row> {
    let timeout = || json!({ "TimeoutSeconds": 2 });
    vec![
        row("timeout", only(with(asking_in_vain(), timeout())), json!({})).fails("States.Timeout").takes(2..20),
        row(
            "timeout_that_is_caught",
            caught_by(with(asking_in_vain(), timeout()), &[json!(["States.TaskFailed"]), json!(["States.Timeout"])]),
            json!({}),
        )
        .succeeds(caught(1, "States.Timeout")),
        row(
            "timeout_by_a_path",
            only(with(asking_in_vain(), json!({ "TimeoutSecondsPath": "$.t" }))),
            json!({ "t": 2 }),
        )
        .fails("States.Timeout")
        .takes(2..20)
        .ministack(Outcome::StillRunning, TIMEOUT),
        row("an_answer_after_the_timeout", late_answer(), json!({})).succeeds(json!({ "late": false })),
    ]
}

fn heartbeats() -> Vec<Row> {
    let heartbeat = || json!({ "TimeoutSeconds": 12, "HeartbeatSeconds": 3 });
    let timeout = || json!({ "TimeoutSeconds": 2 });
    vec![
        row(
            "heartbeats_keep_a_task_alive",
            only(with(
                asking(json!([{ "wait": 2_000 }, { "heartbeat": true }, { "wait": 2_000 }, { "succeed": 1 }])),
                heartbeat(),
            )),
            json!({}),
        )
        .succeeds(json!(1)),
        row("missing_heartbeat", only(with(asking_in_vain(), heartbeat())), json!({}))
            .fails("States.Timeout")
            .takes(3..11)
            .ministack(Outcome::TooLate, HEARTBEAT),
        row("missing_heartbeat_by_its_name", missing(&["States.HeartbeatTimeout"]), json!({}))
            .succeeds(json!({ "caught": true }))
            .moto(failed("States.Timeout"), HEARTBEAT_NAME)
            .ministack(gives(json!({ "caught": false })), HEARTBEAT_NAME),
        row("missing_heartbeat_as_a_timeout", missing(&["States.Timeout"]), json!({}))
            .succeeds(json!({ "caught": true }))
            .ministack(gives(json!({ "caught": false })), HEARTBEAT),
        row(
            "a_timeout_is_no_missing_heartbeat",
            caught_by(with(asking_in_vain(), timeout()), &[json!(["States.HeartbeatTimeout"]), json!(["States.ALL"])]),
            json!({}),
        )
        .succeeds(caught(1, "States.Timeout")),
    ]
}

fn functions_that_fail() -> Vec<Row> {
    let failing = asking_with(json!({ "error": "Undeliverable" }));
    vec![
        row("function_fails", only(with(failing, json!({ "TimeoutSeconds": 8 }))), json!({}))
            .fails("Undeliverable")
            .ministack(failed("States.Timeout"), FUNCTION_ERROR),
        row(
            "function_does_not_exist",
            only(json!({
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                "Parameters": { "FunctionName": "nobody", "Payload": { "token.$": "$$.Task.Token" } },
                "TimeoutSeconds": 8,
            })),
            json!({}),
        )
        .fails("Lambda.ResourceNotFoundException")
        .ministack(failed("States.Timeout"), FUNCTION_ERROR),
    ]
}

fn tokens() -> Vec<Row> {
    vec![
        row("a_retry_has_a_token_of_its_own", retried(), json!({}))
            .succeeds(json!({ "another": true }))
            .moto(gives(json!({ "another": false })), NEW_TOKEN)
            .ministack(gives(json!({ "another": false })), NEW_TOKEN),
        row("each_branch_has_a_token_of_its_own", branches(), json!({})).succeeds(json!([1, 2])),
        row("each_item_has_a_token_of_its_own", items(), json!([1, 2, 3])).succeeds(json!([1, 2, 3])),
    ]
}

/// The second answer comes when the state has ended and the execution still runs.
fn answered_twice() -> Value {
    let ask = with(asking(json!([{ "succeed": 1 }, { "wait": 1_000 }, { "fail": "Late" }])), json!({ "End": true }));
    let wait = json!({ "Type": "Wait", "Seconds": 3, "End": true });
    only(json!({ "Type": "Parallel", "Branches": [
        { "StartAt": "Ask", "States": { "Ask": ask } },
        { "StartAt": "Wait", "States": { "Wait": wait } },
    ] }))
}

/// A heartbeat is missed and caught by this name.
fn missing(names: &[&str]) -> Value {
    let ask = with(
        asking(json!([{ "wait": 6_000 }, { "succeed": { "caught": false } }])),
        json!({ "TimeoutSeconds": 12, "HeartbeatSeconds": 2 }),
    );
    json!({ "StartAt": "Ask", "States": {
        "Ask": with(ask, json!({ "Catch": [{ "ErrorEquals": names, "Next": "Caught" }], "End": true })),
        "Caught": { "Type": "Pass", "Result": { "caught": true }, "End": true },
    } })
}

/// The token is used when the machine has gone on from the state and still runs.
fn late_answer() -> Value {
    let ask = with(asking(json!([{ "wait": 1_500 }, { "succeed": "late" }])), json!({ "TimeoutSeconds": 1 }));
    json!({ "StartAt": "Ask", "States": {
        "Ask": with(ask, json!({ "Catch": [{ "ErrorEquals": ["States.Timeout"], "Next": "Wait" }], "End": true })),
        "Wait": { "Type": "Wait", "Seconds": 1, "Next": "Ended" },
        "Ended": { "Type": "Pass", "Result": { "late": false }, "End": true },
    } })
}

/// The function is asked twice and compares its tokens.
fn retried() -> Value {
    only(json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {
            "FunctionName": "ask_twice",
            "Payload": { "token.$": "$$.Task.Token", "execution.$": "$$.Execution.Id" },
        },
        "TimeoutSeconds": 1,
        "Retry": [{ "ErrorEquals": ["States.Timeout"], "MaxAttempts": 1 }],
    }))
}

fn branches() -> Value {
    let branch = |name: &str, wait: u64, output: u64| {
        let ask = with(asking(json!([{ "wait": wait }, { "succeed": output }])), json!({ "End": true }));
        json!({ "StartAt": name, "States": { name: ask } })
    };
    only(json!({ "Type": "Parallel", "Branches": [branch("First", 800, 1), branch("Second", 400, 2)] }))
}

fn items() -> Value {
    let ask = with(asking(json!([{ "wait": 300 }, { "succeed.$": "$" }])), json!({ "End": true }));
    only(json!({ "Type": "Map", "ItemProcessor": { "StartAt": "Ask", "States": { "Ask": ask } } }))
}
