//! Small machines, each about one kind of state: what goes in and what comes out.

use super::*;

#[track_caller]
fn output(execution: &ExecutionDescription) -> &Value {
    match &execution.output {
        Some(output) => output,
        None => panic!("no output: {execution:#?}"),
    }
}

/// Every machine of the table gives its output.
#[tokio::test]
async fn one_state_gives_its_output() {
    let pass = |fields| only(with(json!({ "Type": "Pass" }), fields));
    let table = [
        (pass(json!({})), json!({ "a": 1 }), json!({ "a": 1 })),
        (pass(json!({ "Result": [1, null] })), json!({}), json!([1, null])),
        (pass(json!({ "Result": 2, "ResultPath": "$.x.y" })), json!({ "a": 1 }), json!({ "a": 1, "x": { "y": 2 } })),
        (pass(json!({ "Result": 2, "ResultPath": null })), json!({ "a": 1 }), json!({ "a": 1 })),
        (pass(json!({ "Result": 2, "ResultPath": "$.l[1]" })), json!({ "l": [0, 0] }), json!({ "l": [0, 2] })),
        (pass(json!({ "InputPath": "$.a", "ResultPath": "$.b" })), json!({ "a": 1 }), json!({ "a": 1, "b": 1 })),
        (pass(json!({ "InputPath": null })), json!({ "a": 1 }), json!({})),
        (pass(json!({ "OutputPath": "$.a[1:]" })), json!({ "a": [1, 2, 3] }), json!([2, 3])),
        (pass(json!({ "OutputPath": null })), json!({ "a": 1 }), json!({})),
        (pass(json!({ "OutputPath": "$$.Execution.Input" })), json!({ "a": 1 }), json!({ "a": 1 })),
        (only(json!({ "Type": "Succeed", "OutputPath": "$.a" })), json!({ "a": 1 }), json!(1)),
        (only(calling("echo")), json!({ "a": 1 }), json!({ "a": 1 })),
        (only(with(calling("echo:live"), json!({ "InputPath": "$.a" }))), json!({ "a": 1 }), json!(1)),
        (only(with(calling("echo"), json!({ "Parameters": { "b.$": "$.a" } }))), json!({ "a": 1 }), json!({ "b": 1 })),
        (
            only(with(calling("echo"), json!({ "ResultSelector": { "s.$": "$.a" }, "ResultPath": "$.r" }))),
            json!({ "a": 1 }),
            json!({ "a": 1, "r": { "s": 1 } }),
        ),
    ];
    for (machine, input, expected) in table {
        let execution = run(machine.clone(), input).await;
        assert_eq!(*output(&execution), expected, "{machine}");
    }
}

#[tokio::test]
async fn lambda_invoke_wraps_the_result_and_defaults_the_payload() {
    let task = |parameters: Value| {
        only(json!({ "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters }))
    };
    let execution = run(task(json!({ "FunctionName": "echo", "Payload": { "a.$": "$.x" } })), json!({ "x": 7 })).await;
    let expected = json!({ "ExecutedVersion": "$LATEST", "Payload": { "a": 7 }, "StatusCode": 200 });
    assert_eq!(*output(&execution), expected);

    let by_path = json!({ "FunctionName.$": "$.name" });
    let execution = run(task(by_path), json!({ "name": "arn:aws:lambda:x:1:function:echo:$LATEST" })).await;
    assert_eq!(output(&execution)["Payload"], json!({}));
}

#[tokio::test]
async fn a_function_that_fails_fails_the_execution_with_its_type() {
    let execution = run(only(calling("fail")), json!({ "error": "NotFound" })).await;
    assert_eq!(execution.status, ExecutionStatus::Failed);
    assert_eq!(execution.error.as_deref(), Some("NotFound"));
    let cause: Value = serde_json::from_str(&execution.cause.unwrap()).unwrap();
    assert_eq!(cause, json!({ "errorMessage": "it broke", "errorType": "NotFound" }));
}

#[tokio::test]
async fn a_missing_function_and_one_that_panics_fail_the_task() {
    for (function, error) in [("nobody", "Lambda.ResourceNotFoundException"), ("panic", "Lambda.Unknown")] {
        let execution = run(only(calling(function)), json!({})).await;
        assert_eq!(execution.error.as_deref(), Some(error));
    }
}

#[tokio::test]
async fn a_fail_state_gives_its_error_and_cause() {
    let execution = run(only(json!({ "Type": "Fail", "Error": "Bad", "Cause": "so bad" })), json!({})).await;
    assert_eq!(execution.status, ExecutionStatus::Failed);
    assert_eq!((execution.error.as_deref(), execution.cause.as_deref()), (Some("Bad"), Some("so bad")));

    let paths = json!({ "Type": "Fail", "ErrorPath": "$.e", "CausePath": "$.c" });
    let execution = run(only(paths.clone()), json!({ "e": "E", "c": "C" })).await;
    assert_eq!((execution.error.as_deref(), execution.cause.as_deref()), (Some("E"), Some("C")));
    assert_eq!(run(only(paths), json!({ "e": 1, "c": "C" })).await.error.as_deref(), Some("States.Runtime"));

    let execution = run(only(json!({ "Type": "Fail" })), json!({})).await;
    assert_eq!((execution.error, execution.cause), (None, None));
}

#[tokio::test]
async fn wait_states_wait_for_their_time() {
    let later = "2030-01-01T00:01:00Z";
    for (wait, input) in [
        (json!({ "Seconds": 60 }), json!({})),
        (json!({ "SecondsPath": "$.s" }), json!({ "s": 60 })),
        (json!({ "Timestamp": later }), json!({})),
        (json!({ "TimestampPath": "$.t" }), json!({ "t": later })),
    ] {
        let bench = Bench::new();
        let arn = bench.start(&only(with(json!({ "Type": "Wait" }), wait)), input.clone());
        bench.events(&arn, HistoryKind::WaitStateEntered, 1).await;
        bench.advance(59);
        bench.settle().await;
        assert_eq!(bench.engine.describe_execution(&arn).unwrap().status, ExecutionStatus::Running);
        bench.advance(1);
        assert_eq!(bench.ended(&arn).await.output, Some(input));
    }
}

#[tokio::test]
async fn a_wait_for_something_that_is_no_time_ends_the_execution() {
    for wait in [json!({ "SecondsPath": "$.s" }), json!({ "TimestampPath": "$.s" })] {
        let execution = run(only(with(json!({ "Type": "Wait" }), wait)), json!({ "s": "soon" })).await;
        assert_eq!(execution.error.as_deref(), Some("States.Runtime"));
    }
}

#[tokio::test]
async fn substitutions_go_into_strings() {
    let bench = Bench::new();
    let definition = only(json!({ "Type": "Task", "Resource": "${EchoArn}", "Parameters": { "a": "<${A}-${A}>" } }));
    let substitutions = BTreeMap::from([
        ("EchoArn".to_owned(), "arn:aws:lambda:x:1:function:echo".to_owned()),
        ("A".to_owned(), "1".to_owned()),
    ]);
    let arn = bench.engine.load("m", &definition.to_string(), &substitutions).unwrap();
    let started = bench.engine.start_execution(&arn, "e", json!({})).unwrap();
    assert_eq!(bench.ended(&started.execution_arn).await.output, Some(json!({ "a": "<1-1>" })));
    let shown = bench.engine.definition(&arn).unwrap();
    assert_eq!(shown["States"]["Only"]["Resource"], "arn:aws:lambda:x:1:function:echo");
}

#[tokio::test]
async fn data_over_the_quota_is_refused_and_no_catch_all_hides_it() {
    let catch =
        json!({ "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "Caught" }], "Parameters": { "failures": 0 } });
    let bench = Bench::new();
    bench.engine.register("big", function(|_| Ok(json!("x".repeat(262_143)))));
    let machine = json!({
        "StartAt": "Big",
        "States": { "Big": with(with(calling("big"), catch), json!({ "End": true })), "Caught": { "Type": "Succeed" } }
    });
    let arn = bench.start(&machine, json!({}));
    assert_eq!(bench.ended(&arn).await.error.as_deref(), Some("States.DataLimitExceeded"));

    let bench = Bench::new();
    bench.engine.register("big", function(|_| Ok(json!("x".repeat(262_142)))));
    let arn = bench.start(&only(calling("big")), json!({}));
    assert_eq!(bench.ended(&arn).await.status, ExecutionStatus::Succeeded);
}

#[tokio::test]
async fn a_machine_that_loops_forever_ends_when_its_history_is_full() {
    let machine = json!({ "StartAt": "Again", "States": {
        "Again": { "Type": "Choice", "Choices": [{ "Variable": "$.go", "BooleanEquals": true, "Next": "Again" }], "Default": "Done" },
        "Done": { "Type": "Succeed" }
    } });
    let execution = run(machine, json!({ "go": true })).await;
    assert_eq!(execution.error.as_deref(), Some("States.Runtime"));
    assert!(execution.cause.unwrap().contains("25000"));
}
