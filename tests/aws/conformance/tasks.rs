//! `Task` states that call a function and wait for its result.

use serde_json::{Value, json};

use super::documented::{INVOKE, LAMBDA_ERRORS, MACHINE_TIMEOUT, PAYLOAD, QUOTA, TIMEOUT};
use super::machines::{calling, caught, caught_by, invoking, only, with};
use super::row::{Outcome, Row, failed, gives, row};

pub(super) fn rows() -> Vec<Row> {
    [results(), failures(), timeouts()].into_iter().flatten().collect()
}

fn results() -> Vec<Row> {
    let invoke =
        |parameters: Value| with(invoking("echo", Value::Null), json!({ "Parameters": parameters, "OutputPath": "$" }));
    vec![
        row("call_by_arn", only(calling("echo")), json!({ "a": [1, "x", null] }))
            .succeeds(json!({ "a": [1, "x", null] })),
        row("call_with_a_list_as_input", only(calling("echo")), json!([1])).succeeds(json!([1])),
        row("invoke", only(invoking("echo", json!({ "b.$": "$.a" }))), json!({ "a": 1 })).succeeds(json!({ "b": 1 })),
        row(
            "invoke_with_what_surrounds_the_result",
            only(with(
                invoke(json!({ "FunctionName": "echo", "Payload.$": "$" })),
                json!({ "ResultSelector": {
                    "status.$": "$.StatusCode", "version.$": "$.ExecutedVersion", "payload.$": "$.Payload",
                } }),
            )),
            json!({ "a": 1 }),
        )
        .succeeds(json!({ "status": 200, "version": "$LATEST", "payload": { "a": 1 } }))
        .ministack(gives(json!({ "status": 200, "version": null, "payload": { "a": 1 } })), INVOKE),
        row(
            "invoke_without_a_payload",
            only(with(invoke(json!({ "FunctionName": "echo" })), json!({ "OutputPath": "$.Payload" }))),
            json!({ "a": 1 }),
        )
        .succeeds(json!({}))
        .ministack(gives(json!({ "FunctionName": "echo" })), PAYLOAD),
        row(
            "invoke_by_a_path",
            only(with(
                invoke(json!({ "FunctionName.$": "$.name", "Payload": { "a": 1 } })),
                json!({ "OutputPath": "$.Payload" }),
            )),
            json!({ "name": "arn:aws:lambda:eu-west-1:000000000000:function:echo" }),
        )
        .succeeds(json!({ "a": 1 })),
    ]
}

fn failures() -> Vec<Row> {
    let long = || "x".repeat(100_000);
    vec![
        row("function_that_fails", only(calling("fail")), json!({ "error": "NotFound" })).fails("NotFound"),
        row("invoked_function_that_fails", only(invoking("fail", json!({ "error": "NotFound" }))), json!({}))
            .fails("NotFound"),
        row("function_that_does_not_exist", only(calling("nobody")), json!({}))
            .fails("Lambda.ResourceNotFoundException")
            .moto(failed("Exception"), LAMBDA_ERRORS),
        row("invoked_function_that_does_not_exist", only(invoking("nobody", json!({}))), json!({}))
            .fails("Lambda.ResourceNotFoundException"),
        row(
            "result_over_the_quota",
            caught_by(
                with(calling("echo"), json!({ "Parameters": { "a.$": "States.Array($.t, $.t, $.t)" } })),
                &[json!(["States.ALL"])],
            ),
            json!({ "t": long() }),
        )
        .fails("States.DataLimitExceeded")
        .moto(gives(json!({ "by": 0, "error": "States.DataLimitExceeded" })), QUOTA)
        .ministack(gives(json!({ "a": [long(), long(), long()] })), QUOTA),
    ]
}

fn timeouts() -> Vec<Row> {
    let slow = |milliseconds: u64| with(calling("slow"), json!({ "Parameters": { "milliseconds": milliseconds } }));
    let timed_out = [json!(["States.Timeout"])];
    vec![
        row("within_its_timeout", only(with(slow(100), json!({ "TimeoutSeconds": 20 }))), json!({}))
            .succeeds(json!({ "milliseconds": 100 })),
        row("timeout", caught_by(with(slow(12_000), json!({ "TimeoutSeconds": 1 })), &timed_out), json!({}))
            .succeeds(caught(0, "States.Timeout"))
            .takes(1..11),
        row(
            "timeout_of_an_invocation",
            only(with(invoking("slow", json!({ "milliseconds": 12_000 })), json!({ "TimeoutSeconds": 1 }))),
            json!({}),
        )
        .fails("States.Timeout")
        .takes(1..11),
        row(
            "timeout_by_a_path",
            caught_by(with(slow(12_000), json!({ "TimeoutSecondsPath": "$.t" })), &timed_out),
            json!({ "t": 1 }),
        )
        .succeeds(caught(0, "States.Timeout"))
        .takes(1..11)
        .ministack(Outcome::TooLate, TIMEOUT),
        row("timeout_path_that_finds_nothing", only(with(slow(0), json!({ "TimeoutSecondsPath": "$.t" }))), json!({}))
            .fails("States.Runtime")
            .ministack(gives(json!({ "milliseconds": 0 })), TIMEOUT),
        row(
            "timeout_path_to_a_text",
            only(with(slow(0), json!({ "TimeoutSecondsPath": "$.t" }))),
            json!({ "t": "soon" }),
        )
        .fails("States.Runtime")
        .moto(failed("Exception"), TIMEOUT)
        .ministack(gives(json!({ "milliseconds": 0 })), TIMEOUT),
        row("timeout_of_the_machine", with(only(slow(12_000)), json!({ "TimeoutSeconds": 1 })), json!({}))
            .times_out()
            .takes(1..11)
            .moto(Outcome::TimedOut(None), MACHINE_TIMEOUT)
            .ministack(Outcome::TooLate, MACHINE_TIMEOUT),
    ]
}
