//! The rules of `Choice` states.

use super::*;

/// Whether the machine takes the rule.
async fn holds(rule: Value, input: Value) -> Result<bool, String> {
    let machine = json!({ "StartAt": "C", "States": {
        "C": { "Type": "Choice", "Choices": [with(rule, json!({ "Next": "Yes" }))], "Default": "No" },
        "Yes": { "Type": "Pass", "Result": true, "End": true },
        "No": { "Type": "Pass", "Result": false, "End": true }
    } });
    let execution = run(machine, input).await;
    match execution.output {
        Some(output) => Ok(output == json!(true)),
        None => Err(execution.error.unwrap()),
    }
}

#[tokio::test]
async fn comparisons() {
    let input = json!({
        "s": "b", "t": "2030-01-01T00:00:00Z", "u": "2030-01-01T01:00:00+01:00", "n": 5, "f": 5.0, "yes": true,
        "null": null, "big": 9_007_199_254_740_993_i64, "two": "b", "smile": "\u{1f600}"
    });
    let table = [
        ("$.s", "StringEquals", json!("b"), true),
        ("$.s", "StringEquals", json!("a"), false),
        ("$.s", "StringGreaterThan", json!("a"), true),
        ("$.s", "StringLessThanEquals", json!("b"), true),
        ("$.smile", "StringLessThan", json!("\u{ff5e}"), true),
        ("$.s", "StringEqualsPath", json!("$.two"), true),
        ("$.n", "StringEquals", json!("5"), false),
        ("$.n", "NumericEquals", json!(5), true),
        ("$.f", "NumericEquals", json!(5), true),
        ("$.n", "NumericLessThan", json!(5.5), true),
        ("$.n", "NumericGreaterThanEquals", json!(6), false),
        ("$.n", "NumericGreaterThanEqualsPath", json!("$.f"), true),
        ("$.big", "NumericGreaterThan", json!(9_007_199_254_740_992_i64), true),
        ("$.s", "NumericEquals", json!(5), false),
        ("$.yes", "BooleanEquals", json!(true), true),
        ("$.yes", "BooleanEqualsPath", json!("$.yes"), true),
        ("$.t", "TimestampEquals", json!("2030-01-01T00:00:00Z"), true),
        ("$.t", "TimestampEqualsPath", json!("$.u"), true),
        ("$.t", "TimestampLessThan", json!("2030-01-01T00:00:00.001Z"), true),
        ("$.s", "TimestampLessThan", json!("2030-01-01T00:00:00Z"), false),
        ("$.t", "TimestampGreaterThanEqualsPath", json!("$$.Execution.StartTime"), true),
        ("$.null", "IsNull", json!(true), true),
        ("$.s", "IsNull", json!(false), true),
        ("$.null", "IsPresent", json!(true), true),
        ("$.absent", "IsPresent", json!(false), true),
        ("$.n", "IsNumeric", json!(true), true),
        ("$.s", "IsString", json!(true), true),
        ("$.yes", "IsBoolean", json!(true), true),
        ("$.t", "IsTimestamp", json!(true), true),
        ("$.s", "IsTimestamp", json!(true), false),
        ("$.n", "IsTimestamp", json!(true), false),
    ];
    for (variable, operator, operand, expected) in table {
        let rule = json!({ "Variable": variable, operator: operand });
        assert_eq!(holds(rule.clone(), input.clone()).await, Ok(expected), "{rule}");
    }
}

#[tokio::test]
async fn patterns() {
    let table = [
        ("log-*.txt", "log-1.txt", true),
        ("log-*.txt", "log-.txt", true),
        ("log-*.txt", "log-1.md", false),
        ("*", "", true),
        ("a*b*c", "a-b-b-c", true),
        ("a*b*c", "a-c-b", false),
        ("ab*ba", "aba", false),
        (r"a\*", "a*", true),
        (r"a\*", "ab", false),
        (r"a\\*", r"a\b", true),
        ("é*", "éa", true),
        ("exact", "exact", true),
        ("exact", "exact!", false),
    ];
    for (pattern, text, expected) in table {
        let rule = json!({ "Variable": "$.s", "StringMatches": pattern });
        assert_eq!(holds(rule, json!({ "s": text })).await, Ok(expected), "{pattern} {text}");
    }
}

#[tokio::test]
async fn and_or_not_and_their_nesting() {
    let is = |name: &str| json!({ "Variable": format!("$.{name}"), "BooleanEquals": true });
    let input = json!({ "t": true, "f": false });
    let table = [
        (json!({ "And": [is("t"), is("t")] }), true),
        (json!({ "And": [is("t"), is("f")] }), false),
        (json!({ "Or": [is("f"), is("t")] }), true),
        (json!({ "Or": [is("f"), is("f")] }), false),
        (json!({ "Not": is("f") }), true),
        (json!({ "Not": { "And": [is("t"), { "Or": [is("f"), { "Not": is("t") }] }] } }), true),
        // A rule that is not reached is not asked: this is how a definition guards a path that may be missing.
        (json!({ "And": [{ "Variable": "$.x", "IsPresent": true }, is("x")] }), false),
        (json!({ "Or": [is("t"), is("x")] }), true),
    ];
    for (rule, expected) in table {
        assert_eq!(holds(rule.clone(), input.clone()).await, Ok(expected), "{rule}");
    }
}

#[tokio::test]
async fn a_path_without_a_result_ends_the_execution() {
    let missing = Err("States.Runtime".to_owned());
    assert_eq!(holds(json!({ "Variable": "$.x", "IsNull": true }), json!({})).await, missing);
    assert_eq!(holds(json!({ "Variable": "$.a", "NumericEqualsPath": "$.x" }), json!({ "a": 1 })).await, missing);
}

#[tokio::test]
async fn the_first_rule_decides_and_no_rule_is_an_error() {
    let rule = |least: i64, next: &str| json!({ "Variable": "$.n", "NumericGreaterThan": least, "Next": next });
    let pass = |result: &str| json!({ "Type": "Pass", "Result": result, "End": true });
    let machine = json!({ "StartAt": "C", "States": {
        "C": { "Type": "Choice", "Choices": [rule(10, "Ten"), rule(5, "Five")] },
        "Ten": pass("ten"),
        "Five": pass("five")
    } });
    assert_eq!(run(machine.clone(), json!({ "n": 20 })).await.output, Some(json!("ten")));
    assert_eq!(run(machine.clone(), json!({ "n": 7 })).await.output, Some(json!("five")));
    assert_eq!(run(machine, json!({ "n": 1 })).await.error.as_deref(), Some("States.NoChoiceMatched"));
}
