//! `Retry` and `Catch`.

use serde_json::{Value, json};

use super::documented::{CONTEXT_SELECTOR, INTRINSIC, MAX_DELAY, PARAMETERS, RESULT_PATH, RUNTIME};
use super::machines::{calling, caught, caught_by, flaky, only, pass, with};
use super::row::{Outcome, Row, failed, gives, row};

pub(super) fn rows() -> Vec<Row> {
    [retries(), retriers(), retries_and_catches(), catches()].into_iter().flatten().collect()
}

fn retried(errors: Value, retry: Value) -> Value {
    only(with(flaky(errors), json!({ "Retry": retry })))
}

/// One retrier, for `Busy`, with these fields.
fn one(fields: Value) -> Value {
    json!([with(json!({ "ErrorEquals": ["Busy"], "IntervalSeconds": 1 }), fields)])
}

/// How often and how long.
fn retries() -> Vec<Row> {
    let fields = json!({ "Retry": one(json!({})), "ResultSelector": { "retries.$": "$$.State.RetryCount" } });
    let counted = with(flaky(json!(["Busy"])), fields);
    vec![
        row("retry", retried(json!(["Busy"]), one(json!({}))), json!({})).succeeds(json!(2)).takes(1..20),
        row("retry_of_another_error", retried(json!(["Lost"]), one(json!({}))), json!({})).fails("Lost"),
        row("retry_at_most_so_often", retried(json!(["Busy", "Busy"]), one(json!({ "MaxAttempts": 1 }))), json!({}))
            .fails("Busy")
            .takes(1..20),
        row("retry_never", retried(json!(["Busy"]), one(json!({ "MaxAttempts": 0 }))), json!({})).fails("Busy"),
        row(
            "retry_with_the_backoff_rate",
            retried(json!(["Busy", "Busy"]), one(json!({ "BackoffRate": 2.0 }))),
            json!({}),
        )
        .succeeds(json!(3))
        .takes(3..20),
        row(
            "retry_with_a_constant_pause",
            retried(json!(["Busy", "Busy"]), one(json!({ "BackoffRate": 1.0 }))),
            json!({}),
        )
        .succeeds(json!(3))
        .takes(2..20),
        row(
            "retry_three_times_by_default",
            retried(json!(["Busy", "Busy", "Busy", "Busy"]), one(json!({ "BackoffRate": 1.0 }))),
            json!({}),
        )
        .fails("Busy")
        .takes(3..20),
        row(
            "retry_with_a_longest_pause",
            retried(json!(["Busy", "Busy"]), one(json!({ "BackoffRate": 11.0, "MaxDelaySeconds": 2 }))),
            json!({}),
        )
        .succeeds(json!(3))
        .takes(3..11)
        .ministack(Outcome::TooLate, MAX_DELAY),
        row("retry_with_jitter", retried(json!(["Busy"]), one(json!({ "JitterStrategy": "FULL" }))), json!({}))
            .succeeds(json!(2)),
        row("the_context_counts_the_retries", only(counted), json!({}))
            .succeeds(json!({ "retries": 1 }))
            .ministack(gives(json!({ "retries": null })), CONTEXT_SELECTOR),
    ]
}

/// Which retrier it is.
fn retriers() -> Vec<Row> {
    let none_for_busy = json!([{ "ErrorEquals": ["Busy"], "MaxAttempts": 0 }, { "ErrorEquals": ["States.ALL"] }]);
    vec![
        row("retry_of_any_error", retried(json!(["Lost"]), json!([{ "ErrorEquals": ["States.ALL"] }])), json!({}))
            .succeeds(json!(2)),
        row(
            "retry_of_a_failed_task",
            retried(json!(["Lost"]), json!([{ "ErrorEquals": ["States.TaskFailed"] }])),
            json!({}),
        )
        .succeeds(json!(2)),
        row("the_first_retrier_that_matches_decides", retried(json!(["Busy"]), none_for_busy), json!({})).fails("Busy"),
        row(
            "each_retrier_counts_for_itself",
            retried(
                json!(["A", "B", "A"]),
                json!([{ "ErrorEquals": ["A"], "MaxAttempts": 1 }, { "ErrorEquals": ["B"], "MaxAttempts": 1 }]),
            ),
            json!({}),
        )
        .fails("A")
        .takes(2..20),
        row(
            "the_example_of_the_guide",
            caught_by(
                with(
                    flaky(json!(["A", "B", "C", "B"])),
                    json!({ "Retry": [
                        { "ErrorEquals": ["A", "B"], "IntervalSeconds": 1, "BackoffRate": 2.0, "MaxAttempts": 2 },
                        { "ErrorEquals": ["C"], "IntervalSeconds": 1 },
                    ] }),
                ),
                &[json!(["States.ALL"])],
            ),
            json!({}),
        )
        .succeeds(caught(0, "B"))
        .takes(4..20),
        row(
            "one_retrier_for_two_errors",
            retried(json!(["A", "B"]), json!([{ "ErrorEquals": ["A", "B"], "MaxAttempts": 2, "BackoffRate": 1.0 }])),
            json!({}),
        )
        .succeeds(json!(3)),
    ]
}

fn retries_and_catches() -> Vec<Row> {
    let twice_busy = with(flaky(json!(["Busy", "Busy"])), json!({ "Retry": one(json!({ "MaxAttempts": 1 })) }));
    vec![
        row(
            "retry_is_tried_before_catch",
            caught_by(with(flaky(json!(["Busy"])), json!({ "Retry": one(json!({})) })), &[json!(["Busy"])]),
            json!({}),
        )
        .succeeds(json!(2)),
        row("catch_after_the_last_retry", caught_by(twice_busy, &[json!(["Busy"])]), json!({}))
            .succeeds(caught(0, "Busy")),
        row(
            "retry_of_a_timeout",
            only(with(
                calling("slow"),
                json!({
                    "Parameters": { "milliseconds": 3_000 },
                    "TimeoutSeconds": 1,
                    "Retry": [{ "ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 1 }],
                }),
            )),
            json!({}),
        )
        .fails("States.Timeout")
        .takes(3..20),
    ]
}

fn catches() -> Vec<Row> {
    let failing = |error: &str| with(calling("fail"), json!({ "Parameters": { "error": error } }));
    let by = |names: &[&[&str]]| names.iter().map(|names| json!(names)).collect::<Vec<_>>();
    let slow = with(calling("slow"), json!({ "Parameters": { "milliseconds": 3_000 }, "TimeoutSeconds": 1 }));
    let missing = with(calling("echo"), json!({ "Parameters": { "b.$": "$.absent" } }));
    let intrinsic = with(calling("echo"), json!({ "Parameters": { "b.$": "States.StringToJson('{')" } }));
    let input_path = with(calling("echo"), json!({ "InputPath": "$.absent" }));
    let result_path = with(calling("echo"), json!({ "ResultPath": "$.text.b" }));
    vec![
        row("catch_by_name", caught_by(failing("Lost"), &by(&[&["Busy"], &["Gone", "Lost"]])), json!({}))
            .succeeds(caught(1, "Lost")),
        row(
            "the_first_catcher_that_matches_decides",
            caught_by(failing("Lost"), &by(&[&["Lost"], &["States.ALL"]])),
            json!({}),
        )
        .succeeds(caught(0, "Lost")),
        row("catch_all", caught_by(failing("Lost"), &by(&[&["Busy"], &["States.ALL"]])), json!({}))
            .succeeds(caught(1, "Lost")),
        row("catch_a_failed_task", caught_by(failing("Lost"), &by(&[&["States.TaskFailed"]])), json!({}))
            .succeeds(caught(0, "Lost")),
        row("a_failed_task_is_no_timeout", caught_by(failing("Lost"), &by(&[&["States.Timeout"]])), json!({}))
            .fails("Lost"),
        row(
            "a_timeout_is_no_failed_task",
            caught_by(slow.clone(), &by(&[&["States.TaskFailed"], &["States.ALL"]])),
            json!({}),
        )
        .succeeds(caught(1, "States.Timeout")),
        row("nobody_catches", caught_by(failing("Lost"), &by(&[&["Busy"]])), json!({})).fails("Lost"),
        row("names_are_case_sensitive", caught_by(failing("Lost"), &by(&[&["lost"]])), json!({})).fails("Lost"),
        row("catch_with_a_result_path", caught_beside(json!("$.error")), json!({ "a": 1 }))
            .succeeds(json!({ "a": 1, "error": "Lost" })),
        row("catch_without_a_result_path", caught_beside(Value::Null), json!({ "a": 1 })).succeeds(json!({ "a": 1 })),
        row("catch_a_parameters_path", caught_by(missing, &by(&[&["States.ParameterPathFailure"]])), json!({}))
            .succeeds(caught(0, "States.ParameterPathFailure"))
            .moto(failed("Exception"), PARAMETERS)
            .ministack(gives(json!({ "b": null })), PARAMETERS),
        row("catch_an_intrinsic", caught_by(intrinsic, &by(&[&["States.IntrinsicFailure"]])), json!({}))
            .succeeds(caught(0, "States.IntrinsicFailure"))
            .moto(failed("Exception"), INTRINSIC)
            .ministack(failed("States.Runtime"), INTRINSIC),
        row(
            "catch_a_result_path_match",
            caught_by(result_path, &by(&[&["States.ResultPathMatchFailure"]])),
            json!({ "text": "x" }),
        )
        .succeeds(caught(0, "States.ResultPathMatchFailure"))
        .moto(failed("Exception"), RESULT_PATH)
        .ministack(gives(json!({ "text": { "b": { "text": "x" } } })), RESULT_PATH),
        row("a_runtime_error_is_never_caught", caught_by(input_path, &by(&[&["States.ALL"]])), json!({}))
            .fails("States.Runtime")
            .ministack(gives(Value::Null), RUNTIME),
        row("the_error_output", error_output(), json!({})).succeeds(json!({ "Error": "Lost", "has_a_cause": true })),
    ]
}

/// The error goes beside the input, or nowhere.
fn caught_beside(path: Value) -> Value {
    let next = if path.is_null() { "Nothing" } else { "Name" };
    let catch = json!([{ "ErrorEquals": ["Lost"], "ResultPath": path, "Next": next }]);
    let mut states = json!({
        "Only": with(calling("fail"), json!({ "Parameters": { "error": "Lost" }, "Catch": catch, "End": true })),
    });
    states[next] = match next {
        "Name" => pass(json!({ "InputPath": "$.error.Error", "ResultPath": "$.error", "End": true })),
        _ => json!({ "Type": "Succeed" }),
    };
    json!({ "StartAt": "Only", "States": states })
}

/// A catcher without a `ResultPath` replaces the input by the error output.
fn error_output() -> Value {
    let catch = json!([{ "ErrorEquals": ["States.ALL"], "Next": "Is" }]);
    json!({ "StartAt": "Only", "States": {
        "Only": with(calling("fail"), json!({ "Parameters": { "error": "Lost" }, "Catch": catch, "End": true })),
        "Is": { "Type": "Choice", "Choices": [{ "Variable": "$.Cause", "IsString": true, "Next": "Yes" }] },
        "Yes": { "Type": "Pass", "Parameters": { "Error.$": "$.Error", "has_a_cause": true }, "End": true },
    } })
}
