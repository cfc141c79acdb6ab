//! What cannot be evaluated is `States.QueryEvaluationError`, whose cause names the expression and its field.

use super::*;

const ERROR: &str = "States.QueryEvaluationError";

/// The cause of the failure of a machine of one state.
async fn cause(state: Value) -> String {
    let execution = run(in_jsonata(state.clone()), json!({ "s": "text", "n": 5 })).await;
    assert_eq!(execution.error.as_deref(), Some(ERROR), "{state}: {:?}", execution.output);
    execution.cause.unwrap()
}

fn nothing(field: &str) -> String {
    let expression = "$states.input.missing";
    format!("The JSONata expression '{expression}' specified for the field '{field}' returned nothing (undefined).")
}

#[tokio::test]
async fn nothing_is_an_error_that_names_the_field() {
    let missing = "{% $states.input.missing %}";
    let pass = |fields| with(json!({ "Type": "Pass" }), fields);
    let choice = |rule: Value| {
        let first = json!({ "Condition": "{% false %}", "Next": "Only" });
        json!({ "Type": "Choice", "Choices": [first, with(rule, json!({ "Next": "Only" }))] })
    };
    let processor = json!({ "StartAt": "I", "States": { "I": { "Type": "Succeed" } } });
    let map = |fields| with(json!({ "Type": "Map", "ItemProcessor": processor, "Items": [1] }), fields);
    let caught = json!({ "Catch": [{ "ErrorEquals": ["A"], "Next": "Only" }, { "ErrorEquals": ["Broken"], "Next": "Only", "Output": [missing] }] });
    let table = [
        (pass(json!({ "Output": missing })), "Output"),
        (pass(json!({ "Output": { "a": [missing] } })), "Output/a[0]"),
        (pass(json!({ "Output": { "a": { "b c": missing } } })), "Output/a/b c"),
        (pass(json!({ "Assign": { "x": missing } })), "Assign/x"),
        (choice(json!({ "Condition": missing })), "Choices[1]/Condition"),
        (choice(json!({ "Condition": "{% true %}", "Output": { "v": missing } })), "Choices[1]/Output/v"),
        (choice(json!({ "Condition": "{% true %}", "Assign": { "v": missing } })), "Choices[1]/Assign/v"),
        (json!({ "Type": "Wait", "Seconds": missing }), "Seconds"),
        (json!({ "Type": "Wait", "Timestamp": missing }), "Timestamp"),
        (json!({ "Type": "Fail", "Error": missing }), "Error"),
        (json!({ "Type": "Fail", "Error": "A", "Cause": missing }), "Cause"),
        (json!({ "Type": "Succeed", "Output": missing }), "Output"),
        (invoking("echo", json!({ "p": missing })), "Arguments/Payload/p"),
        (with(invoking("echo", json!({})), json!({ "TimeoutSeconds": missing })), "TimeoutSeconds"),
        (with(invoking("fail", json!({})), caught), "Catch[1]/Output[0]"),
        (with(asking_in_jsonata(), json!({ "HeartbeatSeconds": missing })), "HeartbeatSeconds"),
        (map(json!({ "Items": [missing] })), "Items[0]"),
        (map(json!({ "ItemSelector": { "a": missing } })), "ItemSelector/a"),
        (map(json!({ "MaxConcurrency": missing })), "MaxConcurrency"),
    ];
    for (state, field) in table {
        assert_eq!(cause(state).await, nothing(field));
    }
}

#[tokio::test]
async fn nothing_inside_of_an_expression_is_left_out_and_null_is_a_value() {
    assert_eq!(evaluate("{'a': $states.input.missing, 'b': null}", json!({})).await, Ok(json!({ "b": null })));
    assert_eq!(evaluate("[$states.input.missing, null, 1]", json!({})).await, Ok(json!([null, 1])));
    assert_eq!(evaluate("$states.input", json!(null)).await, Ok(json!(null)));
}

#[tokio::test]
async fn the_wrong_kind_of_value_is_the_same_error() {
    let choice = |condition: &str| json!({ "Type": "Choice", "Choices": [{ "Condition": condition, "Next": "Only" }] });
    let processor = json!({ "StartAt": "I", "States": { "I": { "Type": "Succeed" } } });
    let task = |fields| with(invoking("echo", json!({})), fields);
    let table = [
        (choice("{% 'true' %}"), "Choices[0]/Condition", "must give true or false."),
        (choice("{% 1 %}"), "Choices[0]/Condition", "must give true or false."),
        (json!({ "Type": "Wait", "Seconds": "{% '5' %}" }), "Seconds", "must give a whole number from 0 to 99999999."),
        (json!({ "Type": "Wait", "Seconds": "{% 0.5 %}" }), "Seconds", "must give a whole number from 0 to 99999999."),
        (json!({ "Type": "Wait", "Seconds": "{% -1 %}" }), "Seconds", "must give a whole number from 0 to 99999999."),
        (json!({ "Type": "Wait", "Timestamp": "{% 'soon' %}" }), "Timestamp", "must give an RFC 3339 timestamp."),
        (
            task(json!({ "TimeoutSeconds": "{% 0 %}" })),
            "TimeoutSeconds",
            "must give a whole number from 1 to 99999999.",
        ),
        (
            task(json!({ "TimeoutSeconds": "{% '9' %}" })),
            "TimeoutSeconds",
            "must give a whole number from 1 to 99999999.",
        ),
        (json!({ "Type": "Fail", "Error": "{% 5 %}" }), "Error", "must give a string."),
    ];
    for (state, field, message) in table {
        let cause = cause(state).await;
        assert!(cause.ends_with(&format!(" specified for the field '{field}' {message}")), "{cause}");
    }
    let items = json!({ "Type": "Map", "ItemProcessor": processor, "Items": "{% 5 %}" });
    assert_eq!(cause(items).await, "The items of the Map state 'Only' are no array and no object");
}

#[tokio::test]
async fn what_throws_says_why() {
    let begin = |expression: &str| {
        format!(
            "{ERROR}: The JSONata expression '{expression}' specified for the field 'Output' threw an error during evaluation. "
        )
    };
    for (expression, code) in [
        ("$states.input.s + 1", "T2001"),
        ("$number('abc')", "D3030"),
        ("$error('no')", "D3137: no"),
        ("($f := 1; $f(1))", "T1006"),
        ("$sum(['a'])", "T0412"),
    ] {
        let failure = evaluate(expression, json!({ "s": "text" })).await.unwrap_err();
        assert!(failure.starts_with(&format!("{}{code}", begin(expression))), "{failure}");
    }
}

#[tokio::test]
async fn a_function_is_no_value() {
    for expression in ["$sum", "function($x) { $x }", "[/a/]", "{'f': $string}"] {
        let failure = evaluate(expression, json!({})).await.unwrap_err();
        assert!(failure.contains("a function or a pattern, which is not JSON"), "{failure}");
    }
}

#[tokio::test]
async fn states_that_work_retry_and_catch_it() {
    let caught = |fields: Value| {
        let catch = json!([{ "ErrorEquals": [ERROR], "Next": "Caught", "Output": "{% $states.errorOutput.Error %}" }]);
        json!({ "QueryLanguage": "JSONata", "StartAt": "S", "States": {
            "S": with(fields, json!({ "Catch": catch, "End": true })),
            "Caught": { "Type": "Succeed" }
        } })
    };
    let missing = "{% $states.input.missing %}";
    let processor = json!({ "StartAt": "I", "States": { "I": { "Type": "Pass", "Output": missing, "End": true } } });
    for state in [
        invoking("echo", json!(missing)),
        with(invoking("echo", json!({})), json!({ "Output": missing })),
        with(invoking("echo", json!({})), json!({ "Assign": { "x": missing } })),
        json!({ "Type": "Map", "Items": [1], "ItemProcessor": processor }),
        json!({ "Type": "Parallel", "Branches": [processor] }),
    ] {
        assert_eq!(run(caught(state), json!({})).await.output, Some(json!(ERROR)));
    }
    let retry = json!({ "Retry": [{ "ErrorEquals": [ERROR], "MaxAttempts": 1 }], "Output": "{% $states.context.State.RetryCount = 1 ? 'again' : $nothing %}" });
    let bench = Bench::new();
    let arn = bench.start(&in_jsonata(with(invoking("echo", json!({})), retry)), json!({}));
    bench.events(&arn, HistoryKind::TaskSucceeded, 1).await;
    bench.settle().await;
    bench.advance(1);
    assert_eq!(bench.ended(&arn).await.output, Some(json!("again")));
}

#[tokio::test]
async fn an_expression_that_does_not_end_is_ended() {
    let forever = "($f := function($x) { $f($x + 1) }; $f(1))";
    let failure = evaluate(forever, json!({})).await.unwrap_err();
    assert!(failure.contains("D1012"), "{failure}");
}

#[tokio::test]
async fn depth_and_size_have_limits() {
    let deep = "($f := function($x) { 1 + $f($x + 1) }; $f(1))";
    let long = ["1"; 200].join("+");
    for (expression, code) in [
        (deep, "D1011"),
        (long.as_str(), "D1011"),
        ("$count([1..873783])", "D2015"),
        ("$pad('x', 1e12)", "$pad"),
        ("$formatInteger(1e15, 'I')", "$formatInteger"),
    ] {
        let failure = evaluate(expression, json!({})).await.unwrap_err();
        assert!(failure.contains(code), "{failure}");
    }
    assert_eq!(evaluate("$count([1..873782])", json!({})).await, Ok(json!(873_782)));
    assert_eq!(evaluate("$count($range(1, 873782, 1))", json!({})).await, Ok(json!(873_782)));
    assert_eq!(evaluate("$length($pad('x', 10))", json!({})).await, Ok(json!(10)));
}

#[tokio::test]
async fn a_value_may_not_be_deeper_than_json_can_be_read() {
    let nested = |levels: usize| format!("$reduce([1..{levels}], function($a, $i) {{ {{'a': $a}} }}, 0)");
    assert!(evaluate(&nested(100), json!({})).await.is_ok());
    let failure = evaluate(&nested(200), json!({})).await.unwrap_err();
    assert!(failure.contains("levels"), "{failure}");
}

#[tokio::test]
async fn a_panic_of_the_library_is_a_failure_like_any_other() {
    let failure = evaluate("$fromMillis(0, '[é]')", json!({})).await.unwrap_err();
    assert!(
        failure.ends_with("threw an error during evaluation: The library behind JSONata has panicked"),
        "{failure}"
    );
}
