//! What `$states` has in which field.

use super::*;

/// The problems of a `Task` with a `Catch`, or of another state with these fields.
fn task(fields: Value) -> Vec<String> {
    problems_of(with(with(invoking("echo", json!({})), json!({ "End": true })), fields))
}

#[test]
fn input_and_context_are_everywhere() {
    let both = "{% [$states.input, $states.context] %}";
    let catch = json!([{ "ErrorEquals": ["A"], "Next": "S", "Output": both, "Assign": { "a": both } }]);
    let arguments = json!({ "FunctionName": both, "Payload": both });
    let fields = json!({ "Arguments": arguments, "Output": both, "Assign": { "a": both }, "TimeoutSeconds": both, "Catch": catch });
    assert_eq!(task(fields), Vec::<String>::new());
}

#[test]
fn the_result_is_in_assign_and_output_of_the_states_that_work() {
    let result = "{% $states.result %}";
    assert_eq!(task(json!({ "Output": result, "Assign": { "a": result } })), Vec::<String>::new());
    let refused = "reads $states.result, which is not there in this field";
    let table = [
        (json!({ "TimeoutSeconds": result }), "TimeoutSeconds"),
        (json!({ "Arguments": { "FunctionName": result } }), "Arguments.FunctionName"),
        (json!({ "Catch": [{ "ErrorEquals": ["A"], "Next": "S", "Output": result }] }), "Catch[0].Output"),
    ];
    for (fields, field) in table {
        assert_eq!(task(fields), [format!("state S: field {field} {refused}")]);
    }
    for kind in ["Pass", "Succeed"] {
        let state = json!({ "Type": kind, "Output": [result] });
        let state = if kind == "Pass" { with(state, json!({ "End": true })) } else { state };
        assert_eq!(problems_of(state), [format!("state S: field Output[0] {refused}")]);
    }
}

#[test]
fn the_error_output_is_in_assign_and_output_of_a_catch() {
    let error = "{% $states.errorOutput.Error %}";
    let catch = |field: &str, value: Value| json!({ "Catch": [{ "ErrorEquals": ["A"], "Next": "S", field: value }] });
    assert_eq!(task(catch("Output", json!(error))), Vec::<String>::new());
    assert_eq!(task(catch("Assign", json!({ "a": error }))), Vec::<String>::new());
    let refused = "reads $states.errorOutput, which is not there in this field";
    assert_eq!(task(json!({ "Output": { "e": error } })), [format!("state S: field Output.e {refused}")]);
    assert_eq!(task(json!({ "Assign": { "e": error } })), [format!("state S: field Assign.e {refused}")]);
}

#[test]
fn anything_else_of_it_is_refused() {
    let refused = "state S: field Output reads $states.output, which is not there in this field";
    assert_eq!(task(json!({ "Output": "{% $states.output %}" })), [refused]);
}
