//! `Parallel` and `Map`.

use serde_json::{Value, json};

use super::documented::{BRANCHES, ITEMS, REFERENCE};
use super::machines::{calling, caught, caught_by, flaky, only, pass, with};
use super::row::{Outcome, Row, failed, gives, row};

pub(super) fn rows() -> Vec<Row> {
    [parallels(), failing_branches(), maps(), failing_items()].into_iter().flatten().collect()
}

fn flow(name: &str, state: Value) -> Value {
    json!({ "StartAt": name, "States": { name: with(state, json!({ "End": true })) } })
}

fn failing(error: &str) -> Value {
    with(calling("fail"), json!({ "Parameters": { "error": error } }))
}

fn parallel(branches: &[Value]) -> Value {
    json!({ "Type": "Parallel", "Branches": branches })
}

fn result(name: &str, value: u64) -> Value {
    flow(name, pass(json!({ "Result": value })))
}

fn parallels() -> Vec<Row> {
    let both = || parallel(&[result("A", 1), result("B", 2)]);
    vec![
        row("branches", only(both()), json!({})).succeeds(json!([1, 2])),
        row(
            "every_branch_has_the_input",
            only(parallel(&[flow("A", pass(json!({}))), flow("B", pass(json!({})))])),
            json!({ "a": 1 }),
        )
        .succeeds(json!([{ "a": 1 }, { "a": 1 }])),
        row(
            "branches_with_parameters",
            only(with(parallel(&[flow("A", pass(json!({})))]), json!({ "Parameters": { "b.$": "$.a" } }))),
            json!({ "a": 1 }),
        )
        .succeeds(json!([{ "b": 1 }])),
        row(
            "branches_with_filters",
            only(with(
                both(),
                json!({ "ResultSelector": { "second.$": "$[1]" }, "ResultPath": "$.r", "OutputPath": "$.r" }),
            )),
            json!({}),
        )
        .succeeds(json!({ "second": 2 })),
        row(
            "a_branch_ends_in_a_succeed_state",
            only(parallel(&[json!({ "StartAt": "S", "States": { "S": { "Type": "Succeed" } } }), result("A", 1)])),
            json!({}),
        )
        .succeeds(json!([{}, 1])),
        row(
            "a_fan_out_within_a_fan_out",
            only(parallel(&[flow("P", parallel(&[result("A", 1), result("B", 2)])), result("C", 3)])),
            json!({}),
        )
        .succeeds(json!([[1, 2], 3])),
    ]
}

fn failing_branches() -> Vec<Row> {
    let slow = |name: &str| flow(name, with(calling("slow"), json!({ "Parameters": { "milliseconds": 12_000 } })));
    vec![
        row("a_branch_fails", only(parallel(&[result("A", 1), flow("B", failing("Lost"))])), json!({})).fails("Lost"),
        row("the_others_are_not_waited_for", only(parallel(&[slow("A"), flow("B", failing("Lost"))])), json!({}))
            .fails("Lost")
            .takes(0..11)
            .ministack(Outcome::TooLate, BRANCHES),
        row(
            "a_branch_ends_in_a_fail_state",
            only(parallel(&[json!({ "StartAt": "F", "States": { "F": { "Type": "Fail", "Error": "Bad" } } })])),
            json!({}),
        )
        .fails("Bad"),
        row(
            "a_failed_branch_is_caught",
            caught_by(parallel(&[flow("A", failing("Lost"))]), &[json!(["Lost"])]),
            json!({}),
        )
        .succeeds(caught(0, "Lost")),
        row(
            "a_failure_is_caught_inside",
            only(parallel(&[json!({ "StartAt": "A", "States": {
                "A": with(failing("Lost"), json!({ "Catch": [{ "ErrorEquals": ["Lost"], "Next": "B" }], "End": true })),
                "B": { "Type": "Pass", "Result": "caught", "End": true },
            } })])),
            json!({}),
        )
        .succeeds(json!(["caught"])),
        row(
            "branches_are_retried_together",
            only(with(
                parallel(&[flow("A", flaky(json!(["Busy"])))]),
                json!({ "Retry": [{ "ErrorEquals": ["Busy"], "IntervalSeconds": 1 }] }),
            )),
            json!({}),
        )
        .succeeds(json!([2])),
    ]
}

fn map(fields: Value, state: Value) -> Value {
    with(json!({ "Type": "Map", "ItemProcessor": flow("Item", state) }), fields)
}

/// A map whose items go through as they are.
fn passing(fields: Value) -> Value {
    only(map(fields, pass(json!({}))))
}

fn maps() -> Vec<Row> {
    let item = || json!({ "index.$": "$$.Map.Item.Index", "value.$": "$$.Map.Item.Value" });
    let slow = || with(calling("slow"), json!({ "Parameters": { "milliseconds": 1_500 }, "ResultPath": null }));
    let inline = with(flow("Item", pass(json!({}))), json!({ "ProcessorConfig": { "Mode": "INLINE" } }));
    let old = json!({ "Type": "Map", "Iterator": flow("Item", pass(json!({}))), "Parameters": item() });
    vec![
        row("items", passing(json!({})), json!([3, 1, 2])).succeeds(json!([3, 1, 2])),
        row("no_items", passing(json!({})), json!([])).succeeds(json!([])),
        row("items_path", passing(json!({ "ItemsPath": "$.l" })), json!({ "l": [1, 2] })).succeeds(json!([1, 2])),
        row("items_path_to_the_context", passing(json!({ "ItemsPath": "$$.Execution.Input.l" })), json!({ "l": [1] }))
            .succeeds(json!([1])),
        row(
            "item_selector",
            passing(json!({ "ItemsPath": "$.l", "ItemSelector": with(item(), json!({ "all.$": "$.f" })) })),
            json!({ "l": ["a", "b"], "f": 0 }),
        )
        .succeeds(json!([{ "index": 0, "value": "a", "all": 0 }, { "index": 1, "value": "b", "all": 0 }])),
        row("the_old_names", only(old), json!(["a"])).succeeds(json!([{ "index": 0, "value": "a" }])),
        row("inline_mode", only(json!({ "Type": "Map", "ItemProcessor": inline })), json!([1])).succeeds(json!([1])),
        row(
            "items_with_filters",
            passing(json!({ "ResultSelector": { "all.$": "$" }, "ResultPath": "$[0]" })),
            json!([1, 2]),
        )
        .succeeds(json!([{ "all": [1, 2] }, 2]))
        .ministack(gives(json!({ "[0]": { "all": [1, 2] } })), REFERENCE),
        row(
            "a_map_within_a_map",
            only(map(json!({}), json!({ "Type": "Map", "ItemProcessor": flow("Inner", pass(json!({}))) }))),
            json!([[1, 2], [3]]),
        )
        .succeeds(json!([[1, 2], [3]])),
        row("one_at_a_time", only(map(json!({ "MaxConcurrency": 1 }), slow())), json!([1, 2, 3]))
            .succeeds(json!([1, 2, 3]))
            .takes(4..20),
        row("all_at_once", only(map(json!({}), slow())), json!([1, 2, 3, 4, 5, 6, 7, 8]))
            .succeeds(json!([1, 2, 3, 4, 5, 6, 7, 8]))
            .takes(1..11),
    ]
}

fn failing_items() -> Vec<Row> {
    let fails_on_two = json!({ "Type": "Map", "ItemProcessor": { "StartAt": "Is", "States": {
        "Is": {
            "Type": "Choice",
            "Choices": [{ "Variable": "$", "NumericEquals": 2, "Next": "Bad" }],
            "Default": "Good",
        },
        "Bad": { "Type": "Fail", "Error": "Two" },
        "Good": { "Type": "Succeed" },
    } } });
    vec![
        row("an_item_fails", only(fails_on_two.clone()), json!([1, 2, 3])).fails("Two"),
        row(
            "a_failed_item_is_caught",
            caught_by(with(fails_on_two, json!({ "ItemsPath": "$.l" })), &[json!(["Two"])]),
            json!({ "l": [2] }),
        )
        .succeeds(caught(0, "Two")),
        row(
            "items_are_retried_together",
            only(map(json!({ "Retry": [{ "ErrorEquals": ["Busy"], "IntervalSeconds": 1 }] }), flaky(json!(["Busy"])))),
            json!([1]),
        )
        .succeeds(json!([2])),
        row("items_that_are_no_list", passing(json!({ "ItemsPath": "$.l" })), json!({ "l": 1 }))
            .fails("States.Runtime")
            .moto(failed("States.QueryEvaluationError"), ITEMS)
            .ministack(gives(json!([1])), ITEMS),
        row("items_path_that_finds_nothing", passing(json!({ "ItemsPath": "$.l" })), json!({}))
            .fails("States.Runtime")
            .ministack(gives(json!([null])), ITEMS),
    ]
}
