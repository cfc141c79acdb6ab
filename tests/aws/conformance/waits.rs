//! `Wait`, `Succeed` and `Fail`.

use serde_json::json;

use super::documented::{FAIL, WAIT};
use super::machines::{only, with};
use super::row::{Row, failed, gives, row};

pub(super) fn rows() -> Vec<Row> {
    let wait = |fields| only(with(json!({ "Type": "Wait" }), fields));
    let fail = |fields| only(with(json!({ "Type": "Fail" }), fields));
    let past = "2020-01-01T00:00:00Z";
    vec![
        row("wait", wait(json!({ "Seconds": 1 })), json!({ "a": 1 })).succeeds(json!({ "a": 1 })).takes(1..20),
        row("wait_by_a_path", wait(json!({ "SecondsPath": "$.s" })), json!({ "s": 1 }))
            .succeeds(json!({ "s": 1 }))
            .takes(1..20),
        row("wait_until_a_time_that_has_passed", wait(json!({ "Timestamp": past })), json!({})).succeeds(json!({})),
        row("wait_until_a_time_by_a_path", wait(json!({ "TimestampPath": "$.t" })), json!({ "t": past }))
            .succeeds(json!({ "t": past })),
        row("wait_for_what_is_no_number", wait(json!({ "SecondsPath": "$.s" })), json!({ "s": "soon" }))
            .fails("States.Runtime")
            .ministack(gives(json!({ "s": "soon" })), WAIT),
        row("wait_until_what_is_no_time", wait(json!({ "TimestampPath": "$.t" })), json!({ "t": "soon" }))
            .fails("States.Runtime")
            .ministack(gives(json!({ "t": "soon" })), WAIT),
        row("wait_for_a_path_that_finds_nothing", wait(json!({ "SecondsPath": "$.s" })), json!({}))
            .fails("States.Runtime")
            .ministack(gives(json!({})), WAIT),
        row(
            "wait_with_paths",
            wait(json!({ "Seconds": 0, "InputPath": "$.a", "OutputPath": "$.b" })),
            json!({ "a": { "b": 1 } }),
        )
        .succeeds(json!(1)),
        row("succeed", only(json!({ "Type": "Succeed" })), json!([1])).succeeds(json!([1])),
        row("fail", fail(json!({ "Error": "Bad", "Cause": "so bad" })), json!({})).fails("Bad"),
        row("fail_without_an_error", fail(json!({})), json!({}))
            .fails_without_a_name()
            .ministack(failed("States.Fail"), FAIL),
        row("fail_by_paths", fail(json!({ "ErrorPath": "$.e", "CausePath": "$.c" })), json!({ "e": "Bad", "c": "so" }))
            .fails("Bad"),
        row("fail_by_a_path_to_a_number", fail(json!({ "ErrorPath": "$.e" })), json!({ "e": 1 }))
            .fails("States.Runtime"),
        row("fail_by_a_path_that_finds_nothing", fail(json!({ "ErrorPath": "$.e" })), json!({}))
            .fails("States.Runtime"),
        row("fail_by_the_context", fail(json!({ "ErrorPath": "$$.State.Name" })), json!({})).fails("Only"),
    ]
}
