//! Variables and `Assign`, in both languages.

use super::*;

#[tokio::test]
async fn assign_and_output_read_what_was_there_on_entry() {
    let machine = json!({ "QueryLanguage": "JSONata", "StartAt": "Set", "States": {
        "Set": { "Type": "Pass", "Assign": { "a": 1, "b": 2 }, "Next": "Swap" },
        "Swap": {
            "Type": "Pass",
            "Assign": { "a": "{% $b %}", "b": "{% $a %}" },
            "Output": { "then": "{% [$a, $b] %}" },
            "Next": "Look"
        },
        "Look": { "Type": "Pass", "Output": { "then": "{% $states.input.then %}", "now": "{% [$a, $b] %}" }, "End": true }
    } });
    assert_eq!(run(machine, json!({})).await.output, Some(json!({ "then": [1, 2], "now": [2, 1] })));
}

#[tokio::test]
async fn the_same_in_json_path() {
    let machine = json!({ "StartAt": "Set", "States": {
        "Set": { "Type": "Pass", "Assign": { "a.$": "$.one", "b": { "deep": [{ "v.$": "$.two" }] } }, "Next": "Swap" },
        "Swap": {
            "Type": "Pass",
            "Assign": { "a.$": "$b", "b.$": "$a" },
            "Parameters": { "a.$": "$a", "b.$": "$b.deep[0].v", "all.$": "$b.deep[*].v", "text.$": "States.Format('{}!', $a)" },
            "ResultPath": "$.then",
            "Next": "Look"
        },
        "Look": { "Type": "Pass", "Parameters": { "then.$": "$.then", "a.$": "$a.deep[0].v", "b.$": "$b" }, "End": true }
    } });
    let then = json!({ "a": 1, "b": 2, "all": [2], "text": "1!" });
    let execution = run(machine, json!({ "one": 1, "two": 2 })).await;
    assert_eq!(execution.output, Some(json!({ "then": then, "a": 2, "b": 1 })));
}

#[tokio::test]
async fn paths_of_variables_are_wherever_paths_are() {
    let last = |state: Value| {
        json!({ "StartAt": "Set", "States": {
        "Set": { "Type": "Pass", "Assign": { "v": { "s": 0, "l": [1, 2], "yes": true, "e": "Bad", "o": { "k": 1 } } }, "Next": "Last" },
        "Last": state, "Done": { "Type": "Succeed", "OutputPath": "$v.o" }
    } })
    };
    let each = json!({ "StartAt": "I", "States": { "I": { "Type": "Succeed" } } });
    let next = |state: Value| with(state, json!({ "Next": "Done" }));
    for state in [
        next(json!({ "Type": "Wait", "SecondsPath": "$v.s" })),
        next(json!({ "Type": "Map", "ItemsPath": "$v.l", "ItemProcessor": each })),
        next(json!({ "Type": "Pass", "InputPath": "$v.l" })),
        json!({ "Type": "Choice", "Choices": [{ "Variable": "$v.yes", "BooleanEquals": true, "Next": "Done" }] }),
    ] {
        assert_eq!(run(last(state), json!({})).await.output, Some(json!({ "k": 1 })));
    }
    let fail = json!({ "StartAt": "Set", "States": {
        "Set": { "Type": "Pass", "Assign": { "e": "Bad" }, "Next": "Fail" },
        "Fail": { "Type": "Fail", "ErrorPath": "$e" }
    } });
    assert_eq!(run(fail, json!({})).await.error.as_deref(), Some("Bad"));
    let missing = only(json!({ "Type": "Pass", "Parameters": { "a.$": "$nobody.x" } }));
    assert_eq!(run(missing, json!({})).await.error.as_deref(), Some("States.ParameterPathFailure"));
}

#[tokio::test]
async fn what_assign_reads_in_each_kind_of_state() {
    let look = json!({ "Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $x %}", "End": true });
    let machine = |state: Value| json!({ "StartAt": "S", "States": { "S": state, "Look": look } });
    let next = json!({ "Next": "Look" });
    let jsonata = |state: Value, assign: &str| {
        with(state, with(json!({ "QueryLanguage": "JSONata", "Assign": { "x": assign } }), next.clone()))
    };
    let path = |state: Value| with(state, with(json!({ "Assign": { "x.$": "$" } }), next.clone()));
    let each = json!({ "StartAt": "I", "States": { "I": { "Type": "Succeed" } } });
    let choice = |rule: Value| json!({ "Type": "Choice", "Choices": [with(rule, json!({ "Next": "Look" }))], "Default": "Look" });
    let table = [
        (jsonata(json!({ "Type": "Pass" }), "{% $states.input.n + 1 %}"), json!(2)),
        (jsonata(json!({ "Type": "Wait", "Seconds": 0 }), "{% $states.input.n %}"), json!(1)),
        (jsonata(invoking("echo", json!(7)), "{% $states.result.Payload + $states.input.n %}"), json!(8)),
        (
            jsonata(json!({ "Type": "Map", "Items": [1, 2], "ItemProcessor": each }), "{% $states.result %}"),
            json!([1, 2]),
        ),
        (
            with(
                choice(json!({ "Condition": "{% true %}", "Assign": { "x": "rule" } })),
                json!({ "QueryLanguage": "JSONata", "Assign": { "x": "default" } }),
            ),
            json!("rule"),
        ),
        (
            with(
                choice(json!({ "Condition": "{% false %}", "Assign": { "x": "rule" } })),
                json!({ "QueryLanguage": "JSONata", "Assign": { "x": "default" } }),
            ),
            json!("default"),
        ),
        (path(json!({ "Type": "Pass", "Result": 5 })), json!(5)),
        (path(json!({ "Type": "Pass", "Parameters": { "m.$": "$.n" } })), json!({ "m": 1 })),
        (path(json!({ "Type": "Wait", "Seconds": 0, "InputPath": "$.n" })), json!(1)),
        (
            path(with(calling("echo"), json!({ "ResultSelector": { "r.$": "$.n" }, "ResultPath": "$.out" }))),
            json!({ "r": 1 }),
        ),
        (choice(json!({ "Variable": "$.n", "IsPresent": true, "Assign": { "x.$": "$.n" } })), json!(1)),
        (
            with(choice(json!({ "Variable": "$.n", "IsPresent": false })), json!({ "Assign": { "x": "default" } })),
            json!("default"),
        ),
    ];
    for (state, expected) in table {
        assert_eq!(run(machine(state.clone()), json!({ "n": 1 })).await.output, Some(expected), "{state}");
    }
}

#[tokio::test]
async fn a_catch_assigns_in_the_place_of_its_state() {
    let look = json!({ "Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% {'x': $x, 'y': $exists($y)} %}", "End": true });
    let query = with(
        invoking("fail", json!({ "error": "Bad" })),
        json!({
            "QueryLanguage": "JSONata",
            "Assign": { "y": 1 },
            "Catch": [{ "ErrorEquals": ["Bad"], "Next": "Look", "Assign": { "x": "{% $states.errorOutput.Error %}" } }],
            "End": true
        }),
    );
    let path = with(
        calling("fail"),
        json!({
            "Parameters": { "error": "Bad" },
            "Assign": { "y": 1 },
            "Catch": [{ "ErrorEquals": ["Bad"], "Next": "Look", "Assign": { "x.$": "$.Error" } }],
            "End": true
        }),
    );
    for state in [query, path] {
        let machine = json!({ "StartAt": "S", "States": { "S": state, "Look": look } });
        assert_eq!(run(machine, json!({})).await.output, Some(json!({ "x": "Bad", "y": false })));
    }
}

#[tokio::test]
async fn a_failed_attempt_assigns_nothing() {
    let fields = json!({
        "Assign": { "tries": "{% ($exists($tries) ? $tries : 0) + 1 %}" },
        "Retry": [{ "ErrorEquals": ["Broken"], "IntervalSeconds": 1 }],
        "Next": "Look"
    });
    let machine = json!({ "QueryLanguage": "JSONata", "StartAt": "S", "States": {
        "S": with(invoking("flaky", json!({ "failures": 1 })), fields),
        "Look": { "Type": "Pass", "Output": "{% $tries %}", "End": true }
    } });
    let bench = Bench::new();
    let arn = bench.start(&machine, json!({}));
    bench.events(&arn, HistoryKind::TaskFailed, 1).await;
    bench.settle().await;
    bench.advance(1);
    assert_eq!(bench.ended(&arn).await.output, Some(json!(1)));
}

#[tokio::test]
async fn inner_flows_read_what_is_outside_and_keep_their_own_to_themselves() {
    let each = json!({ "StartAt": "Set", "States": {
        "Set": { "Type": "Pass", "Assign": { "own": "{% $outer + $states.input %}" }, "Next": "Give" },
        "Give": { "Type": "Pass", "Output": "{% $own %}", "End": true }
    } });
    let machine = json!({ "QueryLanguage": "JSONata", "StartAt": "Set out", "States": {
        "Set out": { "Type": "Pass", "Assign": { "outer": 10 }, "Next": "Map" },
        "Map": {
            "Type": "Map",
            "Items": [1, 2, 3],
            "ItemProcessor": each,
            "Output": { "all": "{% $states.result %}", "own": "{% $exists($own) %}" },
            "End": true
        }
    } });
    assert_eq!(run(machine, json!({})).await.output, Some(json!({ "all": [11, 12, 13], "own": false })));
}

#[test]
fn inner_flows_may_not_assign_what_is_outside() {
    let inner = |assign: &str| {
        let state = json!({ "Type": "Pass", "Assign": { assign: 1 }, "End": true });
        json!({ "StartAt": assign, "States": { assign: state } })
    };
    let machine = json!({ "QueryLanguage": "JSONata", "StartAt": "Task", "States": {
        "Task": with(invoking("echo", json!({})), json!({
            "Catch": [{ "ErrorEquals": ["A"], "Next": "Parallel", "Assign": { "caught": 1 } }],
            "Next": "Parallel"
        })),
        "Parallel": {
            "Type": "Parallel",
            "Branches": [inner("caught"), inner("mine"), inner("fine")],
            "Assign": { "mine": "{% $states.result %}" },
            "End": true
        }
    } });
    let expected = ["caught", "mine"].map(|name| {
        format!("state {name}: field Assign assigns {name}, which is a variable of the flow around this one")
    });
    assert_eq!(problems(machine), expected);
}

#[tokio::test]
async fn an_expression_may_have_a_variable_of_the_same_name() {
    let machine = |output: &str| {
        json!({ "QueryLanguage": "JSONata", "StartAt": "Set", "States": {
        "Set": { "Type": "Pass", "Assign": { "x": 1 }, "Next": "Look" },
        "Look": { "Type": "Pass", "Output": output, "Next": "Again" },
        "Again": { "Type": "Pass", "Output": ["{% $states.input %}", "{% $x %}"], "End": true }
    } })
    };
    let table = [
        ("{% [$x, ($x := 2; $x), $x] %}", json!([1, 2, 1])),
        ("{% ($x := $x + 1; $x) %}", json!(2)),
        ("{% $map([5], function($x) { $x }) %}", json!(5)),
        ("{% [$states.input.l@$x.($x + 1), $x] %}", json!([6, 1])),
    ];
    for (output, expected) in table {
        assert_eq!(run(machine(output), json!({ "l": [5] })).await.output, Some(json!([expected, 1])), "{output}");
    }
}

#[tokio::test]
async fn a_variable_hides_the_function_of_its_name() {
    let machine = |output: &str| {
        json!({ "QueryLanguage": "JSONata", "StartAt": "Set", "States": {
        "Set": { "Type": "Pass", "Assign": { "sum": 5, "string": "a", "hash": "b" }, "Next": "Look" },
        "Look": { "Type": "Pass", "Output": output, "End": true }
    } })
    };
    let read = run(machine("{% [$sum, $string, $hash, $count([1])] %}"), json!({})).await;
    assert_eq!(read.output, Some(json!([5, "a", "b", 1])));
    for call in ["{% $sum([1]) %}", "{% $string(1) %}", "{% $hash('a', 'MD5') %}", "{% [1] ~> $sum() %}"] {
        let called = run(machine(call), json!({})).await;
        assert!(called.cause.unwrap().contains("T1006"), "{call}");
    }
}

#[test]
fn names_are_checked() {
    let long = "x".repeat(81);
    let no_name = "is no name of a variable: letters, digits and underscores are, with no digit in front";
    let table = [
        ("1a", no_name),
        ("a-b", no_name),
        ("a.b", no_name),
        ("", no_name),
        ("states", "is a name that Step Functions keeps for itself"),
        (long.as_str(), "is a name of more than 80 characters"),
    ];
    for (name, message) in table {
        let state = json!({ "Type": "Pass", "Assign": { name: 1 }, "End": true });
        assert_eq!(problems_of(state.clone()), [format!("state S: field Assign.{name} {message}")]);
        let machine = json!({ "StartAt": "S", "States": { "S": state } });
        assert_eq!(problems(machine), [format!("state S: field Assign.{name} {message}")]);
    }
    for name in ["x", "_x", "größe", "a1", &"x".repeat(80)] {
        let state = json!({ "Type": "Pass", "Assign": { name: 1 }, "End": true });
        assert_eq!(problems_of(state), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn paths_of_variables_are_checked() {
    let machine = |field: &str, path: &str| json!({ "StartAt": "S", "States": { "S": { "Type": "Pass", field: path, "End": true } } });
    assert_eq!(
        problems(machine("ResultPath", "$x")),
        ["state S: field ResultPath cannot write to a variable: Assign does"]
    );
    assert_eq!(problems(machine("InputPath", "$1")), ["state S: field InputPath is not a JSONPath: $1"]);
    assert_eq!(
        problems(machine("InputPath", "$x[?(@.a == $.b)]")),
        ["state S: field InputPath may not go back to $ in a path of a variable: $x[?(@.a == $.b)]"]
    );
}

#[tokio::test]
async fn variables_have_a_size() {
    let big = |count: usize| {
        json!({ "QueryLanguage": "JSONata", "StartAt": "S", "States": {
        "S": { "Type": "Pass", "Assign": { "x": format!("{{% $pad('', {count}, 'x') %}}") }, "End": true }
    } })
    };
    assert_eq!(run(big(262_142), json!({})).await.status, ExecutionStatus::Succeeded);
    assert_eq!(run(big(262_143), json!({})).await.error.as_deref(), Some("States.DataLimitExceeded"));
    let many = |count: usize| {
        let names = (0..count).map(|number| (format!("x{number}"), json!("{% $pad('', 250000, 'x') %}")));
        let assign: serde_json::Map<_, _> = names.collect();
        json!({ "QueryLanguage": "JSONata", "StartAt": "S", "States": {
            "S": { "Type": "Pass", "Assign": assign, "Output": 1, "Next": "T" },
            "T": { "Type": "Pass", "Assign": { "last": "{% $pad('', 250000, 'x') %}" }, "End": true }
        } })
    };
    assert_eq!(run(many(40), json!({})).await.status, ExecutionStatus::Succeeded);
    assert_eq!(run(many(41), json!({})).await.error.as_deref(), Some("States.DataLimitExceeded"));
}

#[tokio::test]
async fn the_history_tells_what_was_assigned() {
    let bench = Bench::new();
    let state = json!({ "Type": "Pass", "Assign": { "x": "{% 1 + 1 %}" } });
    let arn = bench.start(&in_jsonata(state), json!({}));
    bench.ended(&arn).await;
    let exited = bench.engine.history(&arn).into_iter().find(|event| event.kind == HistoryKind::PassStateExited);
    assert_eq!(exited.unwrap().details, json!({ "output": {}, "assignedVariables": { "x": 2 } }));
}
