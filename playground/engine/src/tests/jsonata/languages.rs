//! Which states may be in which language.

use super::*;

fn machine(language: &str, state: Value) -> Value {
    json!({ "QueryLanguage": language, "StartAt": "S", "States": { "S": state } })
}

fn of_jsonata(field: &str) -> String {
    format!("{field} is there only where the state or the machine says `\"QueryLanguage\": \"JSONata\"`")
}

#[test]
fn a_machine_of_json_path_may_have_states_of_jsonata_and_no_other_way_round() {
    let pass = json!({ "Type": "Pass", "End": true });
    let jsonata = with(pass.clone(), json!({ "QueryLanguage": "JSONata", "Output": "{% 1 %}" }));
    let path = with(pass.clone(), json!({ "QueryLanguage": "JSONPath", "Result": 1 }));
    assert_eq!(problems(machine("JSONPath", jsonata.clone())), Vec::<String>::new());
    assert_eq!(problems(machine("JSONPath", path.clone())), Vec::<String>::new());
    assert_eq!(problems(machine("JSONata", jsonata)), Vec::<String>::new());
    let problems_of_path = problems(machine("JSONata", path));
    assert_eq!(problems_of_path[0], "state S: field QueryLanguage cannot be JSONPath in a machine of JSONata");
    assert_eq!(
        problems(machine("jsonata", pass)),
        ["machine: field QueryLanguage must be JSONPath or JSONata, not \"jsonata\""]
    );
}

#[test]
fn fields_of_the_other_language_are_refused_by_that_name() {
    let task = with(invoking("echo", json!({})), json!({ "End": true }));
    let table = [
        (with(task.clone(), json!({ "Parameters": {} })), "Parameters"),
        (with(task.clone(), json!({ "InputPath": "$" })), "InputPath"),
        (with(task.clone(), json!({ "OutputPath": "$" })), "OutputPath"),
        (with(task.clone(), json!({ "ResultPath": "$" })), "ResultPath"),
        (with(task.clone(), json!({ "ResultSelector": {} })), "ResultSelector"),
        (with(task.clone(), json!({ "TimeoutSecondsPath": "$.t" })), "TimeoutSecondsPath"),
        (
            with(task, json!({ "Catch": [{ "ErrorEquals": ["A"], "Next": "S", "ResultPath": "$.e" }] })),
            "Catch[0].ResultPath",
        ),
        (json!({ "Type": "Pass", "Result": 1, "End": true }), "Result"),
        (json!({ "Type": "Fail", "ErrorPath": "$.e" }), "ErrorPath"),
        (
            json!({ "Type": "Choice", "Choices": [{ "Condition": "{% true %}", "Variable": "$.a", "Next": "S" }] }),
            "Choices[0].Variable",
        ),
    ];
    for (state, field) in table {
        let expected = format!("state S: field {field} is there only where the QueryLanguage is JSONPath");
        assert_eq!(problems(machine("JSONata", state)), [expected]);
    }
    let table = [
        (with(calling("echo"), json!({ "Arguments": {}, "End": true })), "Arguments"),
        (json!({ "Type": "Pass", "Output": 1, "End": true }), "Output"),
        (
            with(calling("f"), json!({ "Catch": [{ "ErrorEquals": ["A"], "Next": "S", "Output": 1 }], "End": true })),
            "Catch[0].Output",
        ),
    ];
    for (state, field) in table {
        let expected = of_jsonata(&format!("state S: field {field}"));
        assert_eq!(problems(machine("JSONPath", state)), [expected]);
    }
}

/// One line for one mistake.
#[test]
fn a_task_with_the_fields_of_the_other_language_lacks_none() {
    let invoke = "arn:aws:states:::lambda:invoke";
    let task = json!({ "Type": "Task", "Resource": invoke, "Arguments": { "FunctionName": "f" }, "End": true });
    assert_eq!(problems(machine("JSONPath", task)), [of_jsonata("state S: field Arguments")]);
}

#[test]
fn branches_and_iterations_take_the_language_of_the_machine() {
    let inner = |state: Value| json!({ "StartAt": "I", "States": { "I": with(state, json!({ "End": true })) } });
    let path = inner(json!({ "Type": "Pass", "Parameters": { "a.$": "$" } }));
    let jsonata = inner(json!({ "Type": "Pass", "Output": "{% $states.input %}" }));
    let map = |flow: &Value| json!({ "Type": "Map", "QueryLanguage": "JSONata", "ItemProcessor": flow, "End": true });
    assert_eq!(problems(machine("JSONPath", map(&path))), Vec::<String>::new());
    assert_eq!(problems(machine("JSONPath", map(&jsonata))), [of_jsonata("state I: field Output")]);
    assert_eq!(problems(machine("JSONata", map(&jsonata))), Vec::<String>::new());
    let with_language = with(jsonata, json!({ "QueryLanguage": "JSONata" }));
    assert_eq!(
        problems(machine("JSONata", map(&with_language))),
        ["state S: field ItemProcessor.QueryLanguage is not supported"]
    );
}

#[tokio::test]
async fn both_languages_pass_data_and_variables_to_each_other() {
    let machine = json!({ "StartAt": "Paths", "States": {
        "Paths": { "Type": "Pass", "Result": { "n": 2 }, "Assign": { "all.$": "$" }, "Next": "Query" },
        "Query": {
            "Type": "Pass",
            "QueryLanguage": "JSONata",
            "Assign": { "sum": "{% $all.n + $states.input.n %}" },
            "Output": { "m": "{% $states.input.n + 1 %}" },
            "Next": "Again"
        },
        "Again": { "Type": "Pass", "Parameters": { "m.$": "$.m", "sum.$": "$sum", "n.$": "$all.n" }, "End": true }
    } });
    assert_eq!(run(machine, json!({})).await.output, Some(json!({ "m": 3, "sum": 4, "n": 2 })));
}
