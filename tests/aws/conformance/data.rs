//! What flows from state to state: paths, payload templates, results, and the context object.

use serde_json::{Value, json};

use super::documented::{CONTEXT_TASK, CONTEXT_TIMES, JSONPATH, PARAMETERS, REFERENCE, RESULT_PATH, RUNTIME, TEMPLATE};
use super::machines::{calling, computing, only, pass, with};
use super::row::{Row, failed, gives, row};

pub(super) fn rows() -> Vec<Row> {
    [filters(), filters_of_tasks(), paths(), templates(), context()].into_iter().flatten().collect()
}

fn passes(name: &'static str, fields: Value, input: Value, output: Value) -> Row {
    row(name, only(pass(fields)), input).succeeds(output)
}

fn filters() -> Vec<Row> {
    let a = || json!({ "a": 1 });
    vec![
        passes("pass", json!({}), a(), a()),
        passes("result", json!({ "Result": [1, null, { "b": "c" }] }), a(), json!([1, null, { "b": "c" }])),
        passes("result_path", json!({ "Result": 2, "ResultPath": "$.b" }), a(), json!({ "a": 1, "b": 2 })),
        passes(
            "result_path_makes_objects",
            json!({ "Result": 2, "ResultPath": "$.b.c" }),
            a(),
            json!({ "a": 1, "b": { "c": 2 } }),
        ),
        passes("result_path_overwrites", json!({ "Result": 2, "ResultPath": "$.a" }), a(), json!({ "a": 2 })),
        passes("result_path_null", json!({ "Result": 2, "ResultPath": null }), a(), a()),
        passes("result_path_root", json!({ "Result": 2, "ResultPath": "$" }), a(), json!(2)),
        passes(
            "result_path_into_a_list",
            json!({ "Result": 2, "ResultPath": "$.l[1]" }),
            json!({ "l": [0, 0] }),
            json!({ "l": [0, 2] }),
        )
        .ministack(gives(json!({ "l": [0, 0], "l[1]": 2 })), REFERENCE),
        passes("input_path", json!({ "InputPath": "$.a" }), json!({ "a": { "b": 1 } }), json!({ "b": 1 })),
        passes("input_path_null", json!({ "InputPath": null }), a(), json!({})),
        passes(
            "input_path_and_result_path",
            json!({ "InputPath": "$.a", "ResultPath": "$.b" }),
            a(),
            json!({ "a": 1, "b": 1 }),
        ),
        passes("output_path", json!({ "OutputPath": "$.a" }), a(), json!(1)),
        passes("output_path_null", json!({ "OutputPath": null }), a(), json!({})),
        passes("output_path_to_the_context", json!({ "OutputPath": "$$.Execution.Input" }), a(), a()),
        row("input_path_that_finds_nothing", only(pass(json!({ "InputPath": "$.b" }))), a())
            .fails("States.Runtime")
            .ministack(gives(Value::Null), RUNTIME),
        row("output_path_that_finds_nothing", only(pass(json!({ "OutputPath": "$.b" }))), a())
            .fails("States.Runtime")
            .ministack(gives(Value::Null), RUNTIME),
        row(
            "result_path_into_a_text",
            only(pass(json!({ "Result": 2, "ResultPath": "$.a.b" }))),
            json!({ "a": "text" }),
        )
        .fails("States.ResultPathMatchFailure")
        .moto(failed("States.Runtime"), RESULT_PATH)
        .ministack(gives(json!({ "a": { "b": 2 } })), RESULT_PATH),
        row(
            "succeed_with_paths",
            only(json!({ "Type": "Succeed", "InputPath": "$.a", "OutputPath": "$.b" })),
            json!({ "a": { "b": 1 } }),
        )
        .succeeds(json!(1)),
    ]
}

fn filters_of_tasks() -> Vec<Row> {
    let a = || json!({ "a": 1 });
    let echo = |fields| only(with(calling("echo"), fields));
    vec![
        row(
            "task_with_all_filters",
            echo(json!({
                "InputPath": "$.in",
                "Parameters": { "sent.$": "$.a" },
                "ResultSelector": { "got.$": "$.sent" },
                "ResultPath": "$.result",
                "OutputPath": "$.result",
            })),
            json!({ "in": { "a": 7 } }),
        )
        .succeeds(json!({ "got": 7 })),
        row("task_result_path_null", echo(json!({ "Parameters": { "b": 2 }, "ResultPath": null })), a()).succeeds(a()),
        row("task_result_replaces_the_input", echo(json!({ "Parameters": { "b": 2 } })), a())
            .succeeds(json!({ "b": 2 })),
        row(
            "result_selector_with_literals",
            echo(json!({ "ResultSelector": { "x": "literal", "y": { "z.$": "$.a" } } })),
            a(),
        )
        .succeeds(json!({ "x": "literal", "y": { "z": 1 } })),
    ]
}

fn paths() -> Vec<Row> {
    let input = || {
        json!({
            "list": [{ "v": 1 }, { "v": 2 }, { "v": 3 }],
            "deep": { "v": 4, "inner": { "v": 5 } },
            "two words": 6,
            "null": null,
        })
    };
    let found =
        |name, path: &str, expected: Value| row(name, computing(path), input()).succeeds(json!({ "a": expected }));
    vec![
        found("path_to_an_item", "$.list[0].v", json!(1)).moto(gives(json!({ "a": [1] })), JSONPATH),
        found("path_from_the_end", "$.list[-1].v", json!(3))
            .moto(gives(json!({ "a": [3] })), JSONPATH)
            .ministack(gives(json!({ "a": null })), JSONPATH),
        found("path_in_brackets", "$['two words']", json!(6)),
        found("path_to_null", "$.null", Value::Null),
        found("path_with_a_wildcard", "$.list[*].v", json!([1, 2, 3])),
        found("path_with_a_slice", "$.list[0:2].v", json!([1, 2])).ministack(gives(json!({ "a": null })), JSONPATH),
        found("path_with_a_union", "$.list[0,2].v", json!([1, 3])).ministack(gives(json!({ "a": null })), JSONPATH),
        found("path_with_a_filter", "$.list[?(@.v > 1)].v", json!([2, 3]))
            .ministack(gives(json!({ "a": null })), JSONPATH),
        found("path_with_a_filter_that_finds_one", "$.list[?(@.v == 2)].v", json!([2]))
            .ministack(gives(json!({ "a": null })), JSONPATH),
        found("path_with_a_filter_that_finds_none", "$.list[?(@.v > 9)].v", json!([]))
            .moto(failed("States.Runtime"), JSONPATH)
            .ministack(gives(json!({ "a": null })), JSONPATH),
        found("path_with_two_conditions", "$.list[?(@.v > 1 && @.v < 3)].v", json!([2]))
            .ministack(gives(json!({ "a": null })), JSONPATH),
        found("path_to_any_depth", "$.deep..v", json!([4, 5])).ministack(gives(json!({ "a": null })), JSONPATH),
    ]
}

fn templates() -> Vec<Row> {
    let a = || json!({ "a": 1, "t": "x" });
    let built = |name, parameters: Value, expected: Value| {
        row(name, only(pass(json!({ "Parameters": parameters }))), a()).succeeds(expected)
    };
    vec![
        built("parameters", json!({ "b.$": "$.a", "c": "$.a" }), json!({ "b": 1, "c": "$.a" })),
        built("parameters_all_of_the_input", json!({ "b.$": "$" }), json!({ "b": { "a": 1, "t": "x" } })),
        built(
            "parameters_in_lists_and_objects",
            json!({ "l": [1, { "b.$": "$.a" }, [{ "c.$": "$.t" }]], "o": { "p": { "q.$": "$.a" } } }),
            json!({ "l": [1, { "b": 1 }, [{ "c": "x" }]], "o": { "p": { "q": 1 } } }),
        )
        .ministack(gives(json!({ "l": [1, { "b": 1 }, [{ "c.$": "$.t" }]], "o": { "p": { "q": 1 } } })), TEMPLATE),
        built(
            "parameters_without_a_path",
            json!({ "n": null, "e": {}, "l": [] }),
            json!({ "n": null, "e": {}, "l": [] }),
        ),
        row("parameters_path_that_finds_nothing", computing("$.absent"), a())
            .fails("States.ParameterPathFailure")
            .moto(failed("States.Runtime"), PARAMETERS)
            .ministack(gives(json!({ "a": null })), PARAMETERS),
        row(
            "task_parameters_path_that_finds_nothing",
            only(with(calling("echo"), json!({ "Parameters": { "b.$": "$.absent" } }))),
            a(),
        )
        .fails("States.ParameterPathFailure")
        .moto(failed("Exception"), PARAMETERS)
        .ministack(gives(json!({ "b": null })), PARAMETERS),
        row(
            "result_selector_path_that_finds_nothing",
            only(with(calling("echo"), json!({ "ResultSelector": { "b.$": "$.absent" } }))),
            a(),
        )
        .fails("States.ParameterPathFailure")
        .moto(failed("Exception"), PARAMETERS)
        .ministack(gives(json!({ "b": null })), PARAMETERS),
    ]
}

fn context() -> Vec<Row> {
    let read = |name, path: &str, expected: Value| {
        row(name, computing(path), json!({ "in": 1 })).succeeds(json!({ "a": expected }))
    };
    let named = json!({ "StartAt": "Name", "States": {
        "Name": { "Type": "Pass", "Parameters": { "id.$": "$$.Execution.Id" }, "Next": "Is" },
        "Is": {
            "Type": "Choice",
            "Choices": [{ "Variable": "$.id", "StringMatches": "arn:aws:states:*:execution:*:*", "Next": "Yes" }],
        },
        "Yes": { "Type": "Pass", "Result": true, "End": true },
    } });
    let times = json!({ "StartAt": "Look", "States": {
        "Look": {
            "Type": "Pass",
            "Parameters": { "s.$": "$$.Execution.StartTime", "e.$": "$$.State.EnteredTime" },
            "Next": "Is",
        },
        "Is": { "Type": "Choice", "Choices": [{
            "And": [
                { "Variable": "$.s", "IsTimestamp": true },
                { "Variable": "$.e", "IsTimestamp": true },
                { "Variable": "$.s", "TimestampLessThanEqualsPath": "$.e" },
            ],
            "Next": "Yes",
        }] },
        "Yes": { "Type": "Pass", "Result": true, "End": true },
    } });
    vec![
        read("context_execution_input", "$$.Execution.Input.in", json!(1)),
        read("context_state_name", "$$.State.Name", json!("Only")),
        read("context_state_machine_name", "$$.StateMachine.Name", json!("data-context_state_machine_name")),
        row("context_execution_id", named, json!({})).succeeds(json!(true)),
        row("context_times", times, json!({}))
            .succeeds(json!(true))
            .moto(failed("States.Runtime"), CONTEXT_TIMES)
            .ministack(failed("States.NoChoiceMatched"), CONTEXT_TIMES),
        read("context_task_outside_of_a_task", "$$.Task", Value::Null).moto(failed("States.Runtime"), CONTEXT_TASK),
        row(
            "input_path_to_the_context",
            only(pass(json!({ "InputPath": "$$.Execution.Input.in" }))),
            json!({ "in": 1 }),
        )
        .succeeds(json!(1)),
        row(
            "task_parameters_from_the_context",
            only(with(
                calling("echo"),
                json!({ "Parameters": { "b.$": "$$.Execution.Input.in", "c.$": "$$.State.Name" } }),
            )),
            json!({ "in": 1 }),
        )
        .succeeds(json!({ "b": 1, "c": "Only" })),
        row("context_path_that_finds_nothing", computing("$$.Task.Token"), json!({}))
            .fails("States.ParameterPathFailure")
            .moto(failed("States.Runtime"), PARAMETERS)
            .ministack(gives(json!({ "a": null })), PARAMETERS),
    ]
}
