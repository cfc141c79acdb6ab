//! The intrinsic functions that the engine supports.

use serde_json::{Value, json};

use super::documented::{ARRAY, ESCAPES, FORMAT, INTRINSIC, MATH_ADD, PARAMETERS};
use super::machines::computing;
use super::row::{Outcome, Row, failed, gives, row};

fn input() -> Value {
    json!({
        "text": "b", "five": 5, "float": 1.5, "yes": true, "null": null, "list": [10, 20, 30], "object": { "b": 1 },
        "template": "<{}>", "json": "{\"b\": [1, null]}",
        "left": { "a": 1, "b": { "c": 1 } }, "right": { "b": { "d": 2 } },
    })
}

fn computes(name: &'static str, expression: &str, expected: impl Into<Value>) -> Row {
    row(name, computing(expression), input()).succeeds(json!({ "a": expected.into() }))
}

fn fails(name: &'static str, expression: &str) -> Row {
    row(name, computing(expression), input()).fails("States.IntrinsicFailure")
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![
        computes("format", "States.Format('{} is {}', $.text, $.five)", "b is 5"),
        computes("format_with_a_template_from_the_input", "States.Format($.template, $.text)", "<b>"),
        computes("format_of_a_literal", "States.Format('{}-{}', 1, 'x')", "1-x"),
        computes("format_of_a_boolean", "States.Format('{}', $.yes)", "true")
            .ministack(gives(json!({ "a": "True" })), FORMAT),
        computes("format_of_null", "States.Format('{}', $.null)", "null")
            .ministack(gives(json!({ "a": "None" })), FORMAT),
        computes("format_of_a_float", "States.Format('{}', $.float)", "1.5"),
        computes("format_without_placeholders", "States.Format('plain')", "plain"),
        computes("format_of_an_item", "States.Format('{}', $.list[0])", "10"),
        computes("format_with_a_quote", r"States.Format('it\'s {}', $.text)", "it's b")
            .moto(gives(json!({ "a": "it\\\\" })), ESCAPES),
        computes("format_with_escaped_braces", r"States.Format('\{{}\}', $.text)", "{b}")
            .moto(failed("States.Runtime"), ESCAPES),
        computes("format_with_an_escaped_backslash", r"States.Format('a\\{}', $.text)", r"a\b")
            .moto(gives(json!({ "a": "a\\\\\\\\b" })), ESCAPES),
        computes("string_to_json", "States.StringToJson($.json)", json!({ "b": [1, null] })),
        computes("string_to_json_of_a_number", "States.StringToJson('600')", 600),
        computes("json_to_string", "States.JsonToString($.object)", r#"{"b":1}"#),
        computes("json_to_string_of_a_list", "States.JsonToString($.list)", "[10,20,30]"),
        computes("array", "States.Array($.text, 1, 'x', true, null)", json!(["b", 1, "x", true, null]))
            .moto(gives(json!({ "a": ["b", 1, "x", true] })), ARRAY),
        computes("array_of_nothing", "States.Array()", json!([])),
        computes("array_get_item", "States.ArrayGetItem($.list, 1)", 20),
        computes("array_length", "States.ArrayLength($.list)", 3),
        computes("base64_encode", "States.Base64Encode('Data to encode')", "RGF0YSB0byBlbmNvZGU="),
        computes("base64_decode", "States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", "Data to encode"),
        computes(
            "base64_decode_skips_other_characters",
            "States.Base64Decode('RGF0 YSB0-byBlbmNvZGU=')",
            "Data to encode",
        ),
        computes("json_merge", "States.JsonMerge($.left, $.right, false)", json!({ "a": 1, "b": { "d": 2 } })),
        computes("math_add", "States.MathAdd($.five, -7)", -2),
        computes("math_add_rounds", "States.MathAdd($.five, 1.6)", 7)
            .moto(Outcome::Refused, MATH_ADD)
            .ministack(gives(json!({ "a": 6 })), MATH_ADD),
        computes(
            "nested",
            "States.Format('{}', States.ArrayGetItem(States.Array(1, States.MathAdd($.five, 1)), 1))",
            "6",
        ),
        computes("with_blanks_and_commas", "States.Format( '{}, {}' ,  $.text ,$['five'] )", "b, 5"),
    ];
    rows.extend([
        fails("string_to_json_of_what_is_not_json", "States.StringToJson($.text)")
            .moto(failed("States.Runtime"), INTRINSIC)
            .ministack(failed("States.Runtime"), INTRINSIC),
        fails("array_get_item_beyond_the_end", "States.ArrayGetItem($.list, 3)")
            .moto(failed("States.Runtime"), INTRINSIC)
            .ministack(failed("States.Runtime"), INTRINSIC),
        fails("array_length_of_a_text", "States.ArrayLength($.text)")
            .moto(failed("States.Runtime"), INTRINSIC)
            .ministack(gives(json!({ "a": 1 })), INTRINSIC),
        fails("math_add_of_a_text", "States.MathAdd($.five, $.text)")
            .moto(failed("States.Runtime"), INTRINSIC)
            .ministack(failed("States.Runtime"), INTRINSIC),
        fails("format_with_too_few_values", "States.Format($.template)")
            .moto(failed("States.Runtime"), INTRINSIC)
            .ministack(gives(json!({ "a": "<>" })), INTRINSIC),
        row("argument_path_that_finds_nothing", computing("States.Format('{}', $.absent)"), input())
            .fails("States.ParameterPathFailure")
            .moto(failed("States.Runtime"), PARAMETERS)
            .ministack(gives(json!({ "a": "None" })), PARAMETERS),
        row("uuid", uuid(), json!({})).succeeds(json!(true)),
    ]);
    rows
}

fn uuid() -> Value {
    json!({ "StartAt": "Make", "States": {
        "Make": { "Type": "Pass", "Parameters": { "u.$": "States.UUID()" }, "Next": "Is" },
        "Is": { "Type": "Choice", "Choices": [{ "Variable": "$.u", "StringMatches": "*-*-4*-*-*", "Next": "Yes" }] },
        "Yes": { "Type": "Pass", "Result": true, "End": true },
    } })
}
