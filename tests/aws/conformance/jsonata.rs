//! Machines and states in JSONata, and variables in both languages.

use serde_json::{Value, json};

use super::documented::{
    ANY_TEXT, ARGUMENTS, BOTH_LANGUAGES, DIGITS, ENTRIES, OWN_FUNCTIONS, PARSE, QUERY_ERROR, SNAPSHOT, TIMEOUT,
};
use super::machines::{pass, with};
use super::row::{Row, failed, gives, row};

pub(super) fn rows() -> Vec<Row> {
    [values(), functions(), variables(), fan_out(), choices(), errors(), times(), languages()]
        .into_iter()
        .flatten()
        .collect()
}

/// An expression as a definition writes it.
fn query(expression: &str) -> String {
    format!("{{% {expression} %}}")
}

/// States that follow one another, the last of which ends the machine.
fn in_turn(states: Vec<Value>) -> Value {
    let last = states.len() - 1;
    let named = states.into_iter().enumerate().map(|(index, state)| {
        let ends = ["Succeed", "Fail", "Choice"].contains(&state["Type"].as_str().unwrap());
        let to = if index < last { json!({ "Next": format!("S{}", index + 1) }) } else { json!({ "End": true }) };
        (format!("S{index}"), if ends { state } else { with(state, to) })
    });
    json!({ "QueryLanguage": "JSONata", "StartAt": "S0", "States": Value::Object(named.collect()) })
}

/// A machine that puts this out.
fn putting_out(output: Value) -> Value {
    in_turn(vec![pass(json!({ "Output": output }))])
}

fn assigning(variables: Value) -> Value {
    pass(json!({ "Assign": variables }))
}

fn map(fields: Value, states: Value) -> Value {
    with(json!({ "Type": "Map", "ItemProcessor": { "StartAt": "I", "States": states } }), fields)
}

/// A state that fails with this error.
fn failing(error: &str) -> Value {
    let fail = json!({ "Type": "Fail", "Error": error, "Cause": query("'it is ' & $states.input.e") });
    json!({ "Type": "Parallel", "Branches": [{ "StartAt": "F", "States": { "F": fail } }] })
}

fn values() -> Vec<Row> {
    let computed =
        json!({ "sum": query("$states.input.a + 1"), "list": [query("$states.input.a"), "text"], "none": null });
    let items =
        json!({ "items": [{ "name": "a", "price": 2 }, { "name": "b", "price": 3 }, { "name": "c", "price": 4 }] });
    let found = json!({
        "total": query("$sum($states.input.items[price > 2].price)"), "names": query("$states.input.items.name"),
    });
    let context =
        json!({ "name": query("$states.context.State.Name"), "input": query("$states.context.Execution.Input") });
    vec![
        row("values_are_computed_where_they_stand", putting_out(computed), json!({ "a": 1 }))
            .succeeds(json!({ "sum": 2, "list": [1, "text"], "none": null })),
        row("an_output_may_be_no_object", putting_out(json!(query("$states.input.a"))), json!({ "a": [1, 2] }))
            .succeeds(json!([1, 2])),
        row("null_is_a_value", putting_out(json!({ "v": query("$states.input.v") })), json!({ "v": null }))
            .succeeds(json!({ "v": null })),
        row("what_gives_nothing_fails", putting_out(json!({ "v": query("$states.input.w") })), json!({ "v": 1 }))
            .fails("States.QueryEvaluationError"),
        row("whole_numbers_keep_their_digits", putting_out(json!(query("$states.input.n"))), json!({ "n": i64::MAX }))
            .succeeds(json!(i64::MAX))
            .moto(gives(json!(9_223_372_036_854_775_808_u64)), DIGITS),
        row("paths_filter_and_collect", putting_out(found), items)
            .succeeds(json!({ "total": 7, "names": ["a", "b", "c"] })),
        row("the_context_object_can_be_read", putting_out(context), json!({ "a": 1 }))
            .succeeds(json!({ "name": "S0", "input": { "a": 1 } })),
        row(
            "succeed_has_an_output",
            in_turn(vec![json!({ "Type": "Succeed", "Output": { "a": query("$states.input.a") } })]),
            json!({ "a": 1 }),
        )
        .succeeds(json!({ "a": 1 })),
    ]
}

fn functions() -> Vec<Row> {
    let gives_value = |name, expression: &str, value| {
        row(name, putting_out(json!({ "v": query(expression) })), json!({})).succeeds(json!({ "v": value }))
    };
    let unknown = |name: &str| gives(json!({ "v": format!("Function ${name} is currently not supported") }));
    let hash = "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1";
    vec![
        gives_value("texts", "$uppercase('a') & $substring('hello', 1, 3) & $split('b,c', ',')[1]", json!("Aellc")),
        gives_value("regular_expressions", "$contains('abc', /b/)", json!(true)),
        gives_value("a_condition_has_two_ends", "1 > 2 ? 'more' : 'less'", json!("less")),
        gives_value("higher_order_functions", "$map([1..3], function($n) { $n * 2 })", json!([2, 4, 6])),
        gives_value("merge", "$merge([{'a': 1}, {'b': 2}])", json!({ "a": 1, "b": 2 })),
        gives_value("partition", "$partition([1, 2, 3, 4, 5], 2)", json!([[1, 2], [3, 4], [5]])),
        gives_value("range_has_both_ends", "$range(0, 9, 3)", json!([0, 3, 6, 9])),
        gives_value("hash", "$hash('text', 'SHA-256')", json!(hash)).moto(unknown("hash"), OWN_FUNCTIONS),
        gives_value("uuid", "$length($uuid())", json!(36)).moto(gives(json!({ "v": 41 })), OWN_FUNCTIONS),
        gives_value("random_has_a_seed", "$random(7) = $random(7)", json!(true))
            .moto(failed("States.Runtime"), OWN_FUNCTIONS),
        gives_value("parse", "$parse('{\"a\": [1, true]}')", json!({ "a": [1, true] })),
        row("parse_reads_json_only", putting_out(json!({ "v": query("$parse('1 + 1')") })), json!({}))
            .fails("States.QueryEvaluationError")
            .moto(gives(json!({ "v": 2 })), PARSE),
    ]
}

fn variables() -> Vec<Row> {
    let read = |names: &[&str]| pass(json!({ "Output": names.iter().map(|name| query(name)).collect::<Vec<_>>() }));
    let swapped = vec![
        assigning(json!({ "a": 1, "b": 2 })),
        assigning(json!({ "a": query("$b"), "b": query("$a") })),
        read(&["$a", "$b"]),
    ];
    let before =
        vec![assigning(json!({ "a": 1 })), pass(json!({ "Assign": { "a": 2 }, "Output": { "a": query("$a") } }))];
    vec![
        row(
            "variables_are_there_in_the_next_state",
            in_turn(vec![assigning(json!({ "a": 1, "b": query("$states.input.x") })), read(&["$a", "$b"])]),
            json!({ "x": "y" }),
        )
        .succeeds(json!([1, "y"])),
        row("variables_are_swapped", in_turn(swapped), json!({}))
            .succeeds(json!([2, 1]))
            .ministack(gives(json!([2, 2])), SNAPSHOT),
        row("an_output_reads_what_was_there_before", in_turn(before), json!({}))
            .succeeds(json!({ "a": 1 }))
            .moto(gives(json!({ "a": 2 })), SNAPSHOT),
        row(
            "a_text_with_quotes_is_a_variable",
            in_turn(vec![assigning(json!({ "a": query("$states.input.t") })), read(&["$a"])]),
            json!({ "t": "he said \"no\"" }),
        )
        .succeeds(json!(["he said \"no\""]))
        .moto(failed("States.Runtime"), ANY_TEXT),
    ]
}

fn fan_out() -> Vec<Row> {
    let end = || json!({ "I": { "Type": "Pass", "End": true } });
    let around = json!({ "I": { "Type": "Pass", "Output": query("$states.input * $f"), "End": true } });
    let own = json!({
        "I": { "Type": "Pass", "Assign": { "x": query("$states.input") }, "Next": "J" },
        "J": { "Type": "Pass", "Output": query("$x + 1"), "End": true },
    });
    let item = |part: &str| query(&format!("$states.context.Map.Item.{part}"));
    let parallel = json!({
        "Type": "Parallel",
        "Arguments": { "n": query("$states.input.a") },
        "Branches": [
            { "StartAt": "P", "States": { "P": { "Type": "Pass", "Output": query("$states.input.n"), "End": true } } },
            { "StartAt": "Q", "States": { "Q": { "Type": "Pass", "Output": 2, "End": true } } },
        ],
        "Output": query("$sum($states.result)"),
    });
    vec![
        row(
            "an_iteration_reads_the_variables_around_it",
            in_turn(vec![assigning(json!({ "f": 10 })), map(json!({ "Items": query("$states.input.l") }), around)]),
            json!({ "l": [1, 2, 3] }),
        )
        .succeeds(json!([10, 20, 30])),
        row(
            "what_an_iteration_assigns_ends_with_it",
            in_turn(vec![
                map(json!({ "Items": [1, 2] }), own),
                pass(json!({ "Output": query("[$states.input, $exists($x)]") })),
            ]),
            json!({}),
        )
        .succeeds(json!([2, 3, false])),
        row(
            "items_are_selected",
            in_turn(vec![map(
                json!({ "Items": ["a", "b"], "ItemSelector": { "i": item("Index"), "v": item("Value") } }),
                end(),
            )]),
            json!({}),
        )
        .succeeds(json!([{ "i": 0, "v": "a" }, { "i": 1, "v": "b" }])),
        row(
            "items_of_an_object",
            in_turn(vec![map(
                json!({ "Items": query("$states.input"), "ItemSelector": { "k": item("Key"), "v": item("Value") } }),
                end(),
            )]),
            json!({ "a": 1, "b": 2 }),
        )
        .succeeds(json!([{ "k": "a", "v": 1 }, { "k": "b", "v": 2 }]))
        .moto(failed("States.QueryEvaluationError"), ENTRIES)
        .ministack(failed("States.QueryEvaluationError"), ENTRIES),
        row("parallel_has_arguments", in_turn(vec![parallel]), json!({ "a": 1 }))
            .succeeds(json!(3))
            .ministack(failed("States.QueryEvaluationError"), ARGUMENTS),
    ]
}

fn choices() -> Vec<Row> {
    let choose = |condition: &str, fields: Value| {
        let rule = with(json!({ "Condition": query(condition), "Next": "Yes" }), fields);
        json!({ "QueryLanguage": "JSONata", "StartAt": "C", "States": {
            "C": { "Type": "Choice", "Choices": [rule], "Default": "No" },
            "Yes": { "Type": "Pass", "Output": { "yes": query("$states.input") }, "End": true },
            "No": { "Type": "Pass", "Output": { "no": query("$states.input") }, "End": true },
        } })
    };
    let a = || json!({ "a": 2 });
    vec![
        row("a_condition_that_holds", choose("$states.input.a > 1", json!({})), a())
            .succeeds(json!({ "yes": { "a": 2 } })),
        row("a_condition_that_does_not_hold", choose("$states.input.a > 2", json!({})), a())
            .succeeds(json!({ "no": { "a": 2 } })),
        row("a_rule_has_an_output", choose("true", json!({ "Output": { "b": query("$states.input.a") } })), a())
            .succeeds(json!({ "yes": { "b": 2 } })),
        row("a_condition_that_is_no_boolean", choose("$states.input.a", json!({})), a())
            .fails("States.QueryEvaluationError")
            .moto(failed("States.Runtime"), QUERY_ERROR)
            .ministack(gives(json!({ "yes": { "a": 2 } })), QUERY_ERROR),
    ]
}

fn errors() -> Vec<Row> {
    let odd = || json!({ "e": "Odd" });
    let caught = json!({
        "ErrorEquals": ["Odd"],
        "Assign": { "a": 2 },
        "Output": { "e": query("$states.errorOutput.Error"), "c": query("$states.errorOutput.Cause") },
        "Next": "S1",
    });
    let wrong = json!({ "Type": "Pass", "Output": query("$states.input.none"), "End": true });
    let wrong = json!({
        "Type": "Parallel",
        "Branches": [{ "StartAt": "X", "States": { "X": wrong } }],
        "Catch": [{ "ErrorEquals": ["States.QueryEvaluationError"], "Output": { "caught": true }, "Next": "S1" }],
    });
    let all = json!({ "ErrorEquals": ["States.ALL"], "Next": "S1" });
    vec![
        row(
            "fail_computes_its_error",
            in_turn(vec![json!({ "Type": "Fail", "Error": query("'E' & $states.input.n"), "Cause": "c" })]),
            json!({ "n": 1 }),
        )
        .fails("E1"),
        row(
            "a_catch_has_an_output_and_variables_of_its_own",
            in_turn(vec![
                with(failing("Odd"), json!({ "Assign": { "a": 1 }, "Catch": [caught] })),
                pass(json!({ "Output": [query("$a"), query("$states.input")] })),
            ]),
            odd(),
        )
        .succeeds(json!([2, { "e": "Odd", "c": "it is Odd" }])),
        row(
            "a_catch_without_an_output_gives_the_error",
            in_turn(vec![with(failing("Odd"), json!({ "Catch": [all] })), json!({ "Type": "Succeed" })]),
            odd(),
        )
        .succeeds(json!({ "Error": "Odd", "Cause": "it is Odd" })),
        row("an_expression_that_fails_is_caught", in_turn(vec![wrong, json!({ "Type": "Succeed" })]), json!({}))
            .succeeds(json!({ "caught": true }))
            .moto(failed("States.Runtime"), QUERY_ERROR),
    ]
}

fn times() -> Vec<Row> {
    let asking = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Arguments": { "FunctionName": "ask", "Payload": { "steps": [], "token": query("$states.context.Task.Token") } },
        "TimeoutSeconds": query("$states.input.s"),
    });
    vec![
        row(
            "wait_computes_its_seconds",
            in_turn(vec![json!({ "Type": "Wait", "Seconds": query("$states.input.s") })]),
            json!({ "s": 1 }),
        )
        .succeeds(json!({ "s": 1 }))
        .takes(1..10),
        row("a_task_computes_its_timeout", in_turn(vec![asking]), json!({ "s": 1 }))
            .fails("States.Timeout")
            .ministack(failed("States.Runtime"), TIMEOUT),
    ]
}

fn languages() -> Vec<Row> {
    let of_path = |state: Value, output: Value| json!({ "StartAt": "A", "States": { "A": with(state, json!({ "Next": "B" })), "B": with(output, json!({ "End": true })) } });
    let jsonata = |output: &str| pass(json!({ "QueryLanguage": "JSONata", "Output": query(output) }));
    vec![
        row(
            "a_state_of_jsonata_in_a_machine_of_jsonpath",
            of_path(pass(json!({ "Parameters": { "n.$": "$.n" } })), jsonata("{'m': $states.input.n + 1}")),
            json!({ "n": 1 }),
        )
        .succeeds(json!({ "m": 2 })),
        row(
            "variables_of_jsonpath",
            of_path(pass(json!({ "Assign": { "v.$": "$.n" } })), pass(json!({ "Parameters": { "v.$": "$v" } }))),
            json!({ "n": [1, 2] }),
        )
        .succeeds(json!({ "v": [1, 2] }))
        .ministack(gives(json!({ "v": null })), BOTH_LANGUAGES),
        row(
            "variables_cross_the_languages",
            of_path(pass(json!({ "Assign": { "v.$": "$.n" } })), jsonata("$v + 1")),
            json!({ "n": 1 }),
        )
        .succeeds(json!(2))
        .ministack(failed("States.QueryEvaluationError"), BOTH_LANGUAGES),
    ]
}
