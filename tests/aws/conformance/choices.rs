//! `Choice`: every operator that the engine supports, and what happens when no rule holds.

use serde_json::{Value, json};

use super::documented::{JAVA_ORDER, NO_CHOICE, NUMERIC, OR_EQUAL, PRESENT, TIMESTAMPS, VARIABLE, WILDCARD};
use super::machines::{choosing, with};
use super::row::{Row, failed, gives, row};

/// One value of each kind, and some that are nearly of another.
fn values() -> Value {
    json!({
        "text": "b", "same": "b", "five": 5, "float": 5.0, "digits": "5", "yes": true, "no": false, "null": null,
        "time": "2030-01-01T00:00:00Z", "same_time": "2030-01-01T01:00:00+01:00", "list": [1], "object": {},
        "smile": "\u{1f600}",
    })
}

pub(super) fn rows() -> Vec<Row> {
    [comparisons(), timestamps(), kinds(), patterns(), combinations()].into_iter().flatten().collect()
}

fn holds(name: &'static str, rule: Value, expected: bool) -> Row {
    row(name, choosing(rule), values()).succeeds(json!(expected))
}

fn is(name: &'static str, variable: &str, operator: &str, operand: impl Into<Value>, expected: bool) -> Row {
    let rule = with(json!({ "Variable": variable }), json!({ operator: operand.into() }));
    holds(name, rule, expected)
}

fn comparisons() -> Vec<Row> {
    vec![
        is("string_equals", "$.text", "StringEquals", "b", true),
        is("string_equals_another", "$.text", "StringEquals", "B", false),
        is("string_equals_path", "$.text", "StringEqualsPath", "$.same", true),
        is("string_less_than", "$.text", "StringLessThan", "c", true),
        is("string_less_than_itself", "$.text", "StringLessThan", "b", false),
        is("string_less_than_path", "$.text", "StringLessThanPath", "$.same", false),
        is("string_less_than_equals", "$.text", "StringLessThanEquals", "b", true),
        is("string_less_than_equals_path", "$.text", "StringLessThanEqualsPath", "$.same", true)
            .ministack(gives(json!(false)), OR_EQUAL),
        is("string_greater_than", "$.text", "StringGreaterThan", "a", true),
        is("string_greater_than_path", "$.text", "StringGreaterThanPath", "$.same", false),
        is("string_greater_than_equals", "$.text", "StringGreaterThanEquals", "c", false),
        is("string_greater_than_equals_path", "$.text", "StringGreaterThanEqualsPath", "$.same", true)
            .ministack(gives(json!(false)), OR_EQUAL),
        is("string_order_is_that_of_java", "$.smile", "StringLessThan", "\u{ff5e}", true)
            .moto(gives(json!(false)), JAVA_ORDER)
            .ministack(gives(json!(false)), JAVA_ORDER),
        is("variable_of_the_context", "$$.State.Name", "StringEquals", "Choose", true),
        is("string_operator_on_a_number", "$.five", "StringEquals", "5", false),
        is("string_operator_on_null", "$.null", "StringEquals", "null", false),
        is("numeric_equals", "$.five", "NumericEquals", 5, true),
        is("numeric_equals_a_float", "$.float", "NumericEquals", 5, true),
        is("numeric_equals_path", "$.five", "NumericEqualsPath", "$.float", true),
        is("numeric_less_than", "$.five", "NumericLessThan", 5.5, true),
        is("numeric_less_than_path", "$.five", "NumericLessThanPath", "$.float", false),
        is("numeric_less_than_equals", "$.five", "NumericLessThanEquals", 4, false),
        is("numeric_less_than_equals_path", "$.five", "NumericLessThanEqualsPath", "$.float", true),
        is("numeric_greater_than", "$.five", "NumericGreaterThan", -5, true),
        is("numeric_greater_than_path", "$.five", "NumericGreaterThanPath", "$.float", false),
        is("numeric_greater_than_equals", "$.five", "NumericGreaterThanEquals", 5, true),
        is("numeric_greater_than_equals_path", "$.five", "NumericGreaterThanEqualsPath", "$.float", true),
        is("numeric_operator_on_a_string", "$.digits", "NumericEquals", 5, false),
        is("numeric_operator_on_a_boolean", "$.yes", "NumericEquals", 1, false),
        is("boolean_equals", "$.yes", "BooleanEquals", true, true),
        is("boolean_equals_another", "$.no", "BooleanEquals", true, false),
        is("boolean_equals_path", "$.yes", "BooleanEqualsPath", "$.no", false),
        is("boolean_operator_on_a_number", "$.five", "BooleanEquals", true, false),
    ]
}

fn timestamps() -> Vec<Row> {
    vec![
        is("timestamp_equals", "$.time", "TimestampEquals", "2030-01-01T00:00:00Z", true),
        is("timestamp_equals_with_an_offset", "$.time", "TimestampEqualsPath", "$.same_time", true)
            .moto(gives(json!(false)), TIMESTAMPS)
            .ministack(gives(json!(false)), TIMESTAMPS),
        is("timestamp_less_than", "$.time", "TimestampLessThan", "2030-01-01T00:00:00.001Z", true)
            .moto(failed("States.Runtime"), TIMESTAMPS),
        is("timestamp_less_than_path", "$.time", "TimestampLessThanPath", "$.same_time", false)
            .moto(failed("States.Runtime"), TIMESTAMPS),
        is("timestamp_less_than_equals", "$.time", "TimestampLessThanEquals", "2029-12-31T23:59:59Z", false),
        is("timestamp_less_than_equals_path", "$.time", "TimestampLessThanEqualsPath", "$.same_time", true)
            .moto(failed("States.Runtime"), TIMESTAMPS)
            .ministack(gives(json!(false)), TIMESTAMPS),
        is("timestamp_greater_than", "$.time", "TimestampGreaterThan", "2029-12-31T23:59:59Z", true),
        is("timestamp_greater_than_path", "$.time", "TimestampGreaterThanPath", "$.same_time", false)
            .moto(failed("States.Runtime"), TIMESTAMPS),
        is("timestamp_greater_than_equals", "$.time", "TimestampGreaterThanEquals", "2030-01-01T00:00:00Z", true),
        is("timestamp_greater_than_equals_path", "$.time", "TimestampGreaterThanEqualsPath", "$.same_time", true)
            .moto(failed("States.Runtime"), TIMESTAMPS)
            .ministack(gives(json!(false)), TIMESTAMPS),
        is("timestamp_operator_on_a_text", "$.text", "TimestampLessThan", "2030-01-01T00:00:00Z", false),
        is("timestamp_of_the_context", "$.time", "TimestampGreaterThanPath", "$$.Execution.StartTime", true)
            .moto(failed("States.Runtime"), TIMESTAMPS)
            .ministack(gives(json!(false)), TIMESTAMPS),
    ]
}

fn kinds() -> Vec<Row> {
    vec![
        is("is_null", "$.null", "IsNull", true, true),
        is("is_null_of_a_text", "$.text", "IsNull", false, true),
        is("is_present", "$.text", "IsPresent", true, true),
        is("is_present_of_null", "$.null", "IsPresent", true, true).ministack(gives(json!(false)), PRESENT),
        is("is_present_of_nothing", "$.absent", "IsPresent", true, false),
        is("is_not_present", "$.absent.deep", "IsPresent", false, true),
        is("is_numeric", "$.float", "IsNumeric", true, true),
        is("is_numeric_of_digits", "$.digits", "IsNumeric", true, false),
        is("is_numeric_of_a_boolean", "$.yes", "IsNumeric", true, false).ministack(gives(json!(true)), NUMERIC),
        is("is_string", "$.text", "IsString", true, true),
        is("is_string_of_null", "$.null", "IsString", true, false),
        is("is_boolean", "$.no", "IsBoolean", true, true),
        is("is_boolean_of_a_number", "$.five", "IsBoolean", true, false),
        is("is_timestamp", "$.same_time", "IsTimestamp", true, true).moto(gives(json!(false)), TIMESTAMPS),
        is("is_timestamp_of_a_text", "$.text", "IsTimestamp", true, false),
        is("is_timestamp_of_a_number", "$.five", "IsTimestamp", true, false),
    ]
}

fn patterns() -> Vec<Row> {
    let matches = |name, pattern: &str, text: &str, expected: bool| {
        let rule = json!({ "Variable": "$.s", "StringMatches": pattern });
        row(name, choosing(rule), json!({ "s": text })).succeeds(json!(expected))
    };
    vec![
        matches("pattern", "log-*.txt", "log-1.txt", true),
        matches("pattern_with_nothing_between", "log-*.txt", "log-.txt", true),
        matches("pattern_that_does_not_match", "log-*.txt", "log-1.md", false),
        matches("pattern_of_a_star", "*", "", true),
        matches("pattern_with_two_stars", "a*b*c", "a-b-b-c", true),
        matches("pattern_without_a_star", "exact", "exact!", false),
        matches("pattern_with_an_escaped_star", r"a\*", "a*", true)
            .moto(gives(json!(false)), WILDCARD)
            .ministack(gives(json!(false)), WILDCARD),
        matches("pattern_with_an_escaped_star_is_no_wildcard", r"a\*", "ab", false),
        matches("pattern_with_an_escaped_backslash", r"a\\*", r"a\b", true)
            .moto(gives(json!(false)), WILDCARD)
            .ministack(gives(json!(false)), WILDCARD),
        matches("pattern_with_other_wildcards", "a?[b]*", "a?[b]c", true).moto(gives(json!(false)), WILDCARD),
        matches("pattern_with_other_wildcards_as_wildcards", "a?[b]", "axb", false).moto(gives(json!(true)), WILDCARD),
    ]
}

fn combinations() -> Vec<Row> {
    let yes = || json!({ "Variable": "$.yes", "BooleanEquals": true });
    let no = || json!({ "Variable": "$.no", "BooleanEquals": true });
    let absent = || json!({ "Variable": "$.absent", "BooleanEquals": true });
    let present = || json!({ "Variable": "$.absent", "IsPresent": true });
    let rule = |least: i64, next: &str| json!({ "Variable": "$.five", "NumericGreaterThan": least, "Next": next });
    let two_rules = || {
        json!({ "StartAt": "Choose", "States": {
            "Choose": { "Type": "Choice", "Choices": [rule(4, "First"), rule(3, "Second")] },
            "First": { "Type": "Pass", "Result": 1, "End": true },
            "Second": { "Type": "Pass", "Result": 2, "End": true },
        } })
    };
    let mut without_default = two_rules();
    without_default["States"]["Choose"]["Choices"] = json!([rule(40, "First"), rule(30, "Second")]);
    let mut filtered = choosing(json!({ "Variable": "$.deep", "NumericEquals": 1 }));
    filtered["States"]["Choose"]["InputPath"] = json!("$.inner");
    filtered["States"]["Choose"]["OutputPath"] = json!("$.deep");
    filtered["States"]["Yes"] = json!({ "Type": "Succeed" });
    vec![
        holds("and", json!({ "And": [yes(), yes()] }), true),
        holds("and_with_one_that_does_not_hold", json!({ "And": [yes(), no()] }), false),
        holds("or", json!({ "Or": [no(), yes()] }), true),
        holds("or_of_none_that_holds", json!({ "Or": [no(), no()] }), false),
        holds("not", json!({ "Not": no() }), true),
        holds("nested", json!({ "Not": { "And": [yes(), { "Or": [no(), { "Not": yes() }] }] } }), true),
        holds("and_stops_at_the_first_that_does_not_hold", json!({ "And": [present(), absent()] }), false),
        holds("or_stops_at_the_first_that_holds", json!({ "Or": [yes(), absent()] }), true),
        row("the_first_rule_that_holds_decides", two_rules(), values()).succeeds(json!(1)),
        row("no_rule_holds_and_there_is_no_default", without_default, values())
            .fails("States.NoChoiceMatched")
            .moto(failed("States.Runtime"), NO_CHOICE),
        row("a_variable_that_is_missing", choosing(absent()), values())
            .fails("States.Runtime")
            .moto(gives(json!(false)), VARIABLE)
            .ministack(gives(json!(false)), VARIABLE),
        row(
            "an_operand_that_is_missing",
            choosing(json!({ "Variable": "$.text", "StringEqualsPath": "$.absent" })),
            values(),
        )
        .fails("States.Runtime")
        .ministack(gives(json!(false)), VARIABLE),
        row("input_and_output_path_of_a_choice", filtered, json!({ "inner": { "deep": 1 } })).succeeds(json!(1)),
    ]
}
