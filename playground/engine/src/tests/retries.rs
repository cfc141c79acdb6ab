//! `Retry` and `Catch`.

use super::*;
use crate::TokenError;

fn flaky(fields: Value) -> Value {
    only(with(calling("flaky"), fields))
}

/// The seconds at which the attempts of an execution started, advancing a second at a time until it ends.
async fn attempts(machine: &Value, input: Value) -> (Vec<i64>, ExecutionDescription) {
    let bench = Bench::new();
    let arn = bench.start(machine, input);
    for _ in 0..200 {
        bench.settle().await;
        if bench.engine.describe_execution(&arn).unwrap().status != ExecutionStatus::Running {
            break;
        }
        bench.advance(1);
    }
    let events = bench.engine.history(&arn);
    let scheduled = events.iter().filter(|event| event.kind == HistoryKind::LambdaFunctionScheduled);
    (scheduled.map(|event| event.timestamp.as_second() - START).collect(), bench.ended(&arn).await)
}

#[tokio::test]
async fn delays_grow_by_the_backoff_rate() {
    let retry = json!({ "Retry": [{ "ErrorEquals": ["States.ALL"], "IntervalSeconds": 3, "BackoffRate": 2, "MaxAttempts": 3 }] });
    let (seconds, execution) = attempts(&flaky(retry), json!({ "failures": 3 })).await;
    assert_eq!(seconds, [0, 3, 9, 21]);
    assert_eq!(execution.output, Some(json!(4)));
}

#[tokio::test]
async fn the_defaults_are_three_attempts_one_second_and_doubling() {
    let retry = json!({ "Retry": [{ "ErrorEquals": ["Broken"] }] });
    let (seconds, execution) = attempts(&flaky(retry), json!({ "failures": 9 })).await;
    assert_eq!(seconds, [0, 1, 3, 7]);
    assert_eq!(execution.error.as_deref(), Some("Broken"));
}

#[tokio::test]
async fn a_delay_has_a_limit() {
    let retry = json!({ "Retry": [{
        "ErrorEquals": ["Broken"], "IntervalSeconds": 2, "BackoffRate": 10.0, "MaxDelaySeconds": 5, "MaxAttempts": 4
    }] });
    let (seconds, _) = attempts(&flaky(retry), json!({ "failures": 9 })).await;
    assert_eq!(seconds, [0, 2, 7, 12, 17]);
}

#[tokio::test]
async fn full_jitter_waits_at_most_the_delay() {
    let retry = json!({ "Retry": [{ "ErrorEquals": ["Broken"], "IntervalSeconds": 20, "BackoffRate": 1.0, "JitterStrategy": "FULL" }] });
    let (seconds, execution) = attempts(&flaky(retry), json!({ "failures": 3 })).await;
    assert_eq!(execution.output, Some(json!(4)));
    for (earlier, later) in seconds.iter().zip(&seconds[1..]) {
        assert!((0..=20).contains(&(later - earlier)), "{seconds:?}");
    }
}

#[tokio::test]
async fn no_attempts_means_no_retry() {
    let retry =
        json!({ "Retry": [{ "ErrorEquals": ["Broken"], "MaxAttempts": 0 }, { "ErrorEquals": ["States.ALL"] }] });
    let (seconds, execution) = attempts(&flaky(retry), json!({ "failures": 1 })).await;
    assert_eq!(seconds, [0]);
    assert_eq!(execution.error.as_deref(), Some("Broken"));
}

#[tokio::test]
async fn every_entry_counts_its_own_attempts() {
    let retry = json!({ "Retry": [
        { "ErrorEquals": ["A"], "IntervalSeconds": 1, "MaxAttempts": 1 },
        { "ErrorEquals": ["B"], "IntervalSeconds": 10, "MaxAttempts": 2, "BackoffRate": 1.0 }
    ] });
    let bench = Bench::new();
    let failures = Mutex::new(vec!["B", "B", "A", "B"].into_iter().rev().collect::<Vec<_>>());
    let failing = move |_| {
        let error = failures.lock().unwrap().pop();
        Err(error_of(&json!({ "error": error })))
    };
    bench.engine.register("failing", function(failing));
    let arn = bench.start(&only(with(calling("failing"), retry)), json!({}));
    for attempt in 1..=3 {
        bench.events(&arn, HistoryKind::LambdaFunctionFailed, attempt).await;
        bench.settle().await;
        bench.advance(if attempt == 3 { 1 } else { 10 });
    }
    // The wrong order: `B` has no attempt left after the one retry for `A`.
    assert_eq!(bench.ended(&arn).await.error.as_deref(), Some("B"));
    assert_eq!(bench.seconds(), 21);
}

#[tokio::test]
async fn a_retried_task_gets_a_new_token_and_the_old_one_is_closed() {
    let bench = Bench::new();
    let retry = json!({ "TimeoutSeconds": 10, "Retry": [{ "ErrorEquals": ["States.Timeout"], "IntervalSeconds": 5 }] });
    let mut state = with(asking(), retry);
    state["Parameters"]["Payload"]["retries.$"] = json!("$$.State.RetryCount");
    let arn = bench.start(&only(state), json!({}));
    let first = bench.token(&arn, 0).await;
    bench.advance(10);
    bench.events(&arn, HistoryKind::TaskTimedOut, 1).await;
    bench.settle().await;
    assert_eq!(bench.engine.send_task_success(&first, json!(1)), Err(TokenError::TaskTimedOut));
    bench.advance(5);
    let second = bench.token(&arn, 1).await;
    assert_ne!(first, second);
    assert_eq!(bench.engine.send_task_success(&first, json!(1)), Err(TokenError::TaskTimedOut));
    bench.engine.send_task_success(&second, json!(2)).unwrap();
    assert_eq!(bench.ended(&arn).await.output, Some(json!(2)));
    let asked = bench.asked.lock().unwrap();
    assert_eq!(asked.iter().map(|call| call["retries"].clone()).collect::<Vec<_>>(), [json!(0), json!(1)]);
}

/// The name of the state that catches an error.
async fn caught_by(error: &str, catch: Value) -> String {
    let states = ["First", "Second", "Third"];
    let mut machine = json!({ "StartAt": "Fail", "States": {
        "Fail": with(calling("fail"), json!({ "Catch": catch, "End": true })),
    } });
    for state in states.iter().filter(|state| machine.to_string().contains(*state)).collect::<Vec<_>>() {
        machine["States"][state] = json!({ "Type": "Pass", "Result": state, "End": true });
    }
    let execution = run(machine, json!({ "error": error })).await;
    execution.output.map_or("nobody".to_owned(), |output| output.as_str().unwrap().to_owned())
}

#[tokio::test]
async fn the_first_catch_that_matches_is_taken() {
    let catch = json!([
        { "ErrorEquals": ["ApprovalRejected"], "Next": "First" },
        { "ErrorEquals": ["Other", "States.TaskFailed"], "Next": "Second" },
        { "ErrorEquals": ["States.ALL"], "Next": "Third" }
    ]);
    assert_eq!(caught_by("ApprovalRejected", catch.clone()).await, "First");
    assert_eq!(caught_by("Anything", catch.clone()).await, "Second");
    assert_eq!(caught_by("States.Timeout", catch.clone()).await, "Third");
    assert_eq!(caught_by("States.DataLimitExceeded", catch).await, "Second");
    let by_name = json!([{ "ErrorEquals": ["ApprovalRejected"], "Next": "First" }]);
    assert_eq!(caught_by("Approval", by_name).await, "nobody");
    let all = json!([{ "ErrorEquals": ["States.ALL"], "Next": "First" }]);
    assert_eq!(caught_by("States.DataLimitExceeded", all.clone()).await, "nobody");
    assert_eq!(caught_by("States.Runtime", all).await, "nobody");
}

#[tokio::test]
async fn a_caught_error_goes_into_the_unfiltered_input() {
    let machine = json!({ "StartAt": "Fail", "States": {
        "Fail": with(calling("fail"), json!({
            "InputPath": "$.call",
            "ResultPath": "$.result",
            "OutputPath": "$.result",
            "Catch": [{ "ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Caught" }],
            "End": true
        })),
        "Caught": { "Type": "Succeed" }
    } });
    let input = json!({ "call": { "error": "Bad" }, "keep": 1 });
    let cause = json!({ "errorMessage": "it broke", "errorType": "Bad" }).to_string();
    let expected = with(input.clone(), json!({ "error": { "Error": "Bad", "Cause": cause } }));
    assert_eq!(run(machine, input).await.output, Some(expected));
}

#[tokio::test]
async fn retries_come_before_the_catch() {
    let machine = json!({ "StartAt": "Flaky", "States": {
        "Flaky": with(calling("flaky"), json!({
            "Retry": [{ "ErrorEquals": ["Broken"], "MaxAttempts": 1 }],
            "Catch": [{ "ErrorEquals": ["Broken"], "ResultPath": null, "Next": "Caught" }],
            "End": true
        })),
        "Caught": { "Type": "Pass", "Result": "caught", "End": true }
    } });
    let (seconds, execution) = attempts(&machine, json!({ "failures": 5 })).await;
    assert_eq!(seconds, [0, 1]);
    assert_eq!(execution.output, Some(json!("caught")));
    let (_, execution) = attempts(&machine, json!({ "failures": 1 })).await;
    assert_eq!(execution.output, Some(json!(2)));
}

#[tokio::test]
async fn a_failed_path_of_a_task_can_be_caught_but_not_a_runtime_error() {
    let machine = |fields: Value| {
        json!({ "StartAt": "Task", "States": {
            "Task": with(with(calling("echo"), fields), json!({
                "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Caught" }], "End": true
            })),
            "Caught": { "Type": "Pass", "OutputPath": "$.Error", "End": true }
        } })
    };
    let caught = run(machine(json!({ "Parameters": { "a.$": "$.nothing" } })), json!({})).await;
    assert_eq!(caught.output, Some(json!("States.ParameterPathFailure")));
    let caught = run(machine(json!({ "ResultSelector": { "a.$": "States.StringToJson('{')" } })), json!({})).await;
    assert_eq!(caught.output, Some(json!("States.IntrinsicFailure")));
    let runtime = run(machine(json!({ "InputPath": "$.nothing" })), json!({})).await;
    assert_eq!(runtime.error.as_deref(), Some("States.Runtime"));
}
