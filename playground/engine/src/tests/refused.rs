//! Definitions that are refused: every problem names its state and its field.

use super::*;

/// Everything that is wrong with a definition, one problem a line.
fn problems_of(definition: &Value) -> Vec<String> {
    let engine = Engine::new(Clock::manual(Timestamp::UNIX_EPOCH));
    match engine.load("m", &definition.to_string(), &BTreeMap::new()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

#[track_caller]
fn check(definition: &Value, expected: &[&str]) {
    assert_eq!(problems_of(definition), expected, "{definition}");
}

/// A state called `S` with one problem.
#[track_caller]
fn check_state(state: Value, expected: &str) {
    let mut machine = only(state);
    let state = machine["States"]["Only"].take();
    machine["StartAt"] = json!("S");
    machine["States"] = json!({ "S": state });
    check(&machine, &[expected]);
}

#[test]
fn a_path_that_finds_more_than_memory_holds_is_refused() {
    let pass = |path: &str| json!({ "Type": "Pass", "Parameters": { "x.$": path }, "End": true });
    assert!(problems_of(&only(pass("$..a..b"))).is_empty());
    let problems = problems_of(&only(pass("$..*..*..*")));
    assert!(problems.len() == 1 && problems[0].contains("more than 2 `..`"), "{problems:?}");
}

#[test]
fn fields_that_are_not_supported_are_named() {
    let table = [
        (with(asking(), json!({ "HeartbeatSecondsPath": "$.h" })), "HeartbeatSecondsPath"),
        (with(asking(), json!({ "Credentials": {} })), "Credentials"),
        (with(asking(), json!({ "TimeOutSeconds": 5 })), "TimeOutSeconds"),
        (json!({ "Type": "Succeed", "ResultPath": "$.x" }), "ResultPath"),
        (json!({ "Type": "Fail", "InputPath": "$" }), "InputPath"),
        (json!({ "Type": "Pass", "Retry": [] }), "Retry"),
        (with(calling("f"), json!({ "Retry": [{ "ErrorEquals": ["A"], "Interval": 1 }] })), "Retry[0].Interval"),
        (json!({ "Type": "Succeed", "Assign": {} }), "Assign"),
        (json!({ "Type": "Fail", "Assign": {} }), "Assign"),
    ];
    for (state, field) in table {
        check_state(state, &format!("state S: field {field} is not supported"));
    }
    let invoke = json!({ "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke" });
    let parameters = json!({ "Parameters": { "FunctionName": "f", "InvocationType": "Event" } });
    check_state(with(invoke, parameters), "state S: field Parameters.InvocationType is not supported");
    let map = json!({ "Type": "Map", "ItemReader": {}, "ItemProcessor": { "StartAt": "I", "States": { "I": { "Type": "Succeed" } } } });
    check_state(map, "state S: field ItemReader is not supported");
}

#[test]
fn a_wrong_beginning_hides_no_wrong_link() {
    let machine = json!({ "StartAt": "Paln", "States": {
        "Plan": { "Type": "Pass", "Next": "Migarte" },
        "Migrate": { "Type": "Succeed" }
    } });
    check(
        &machine,
        &[
            "machine: field StartAt names a state that does not exist: Paln",
            "state Plan: field Next names a state that does not exist: Migarte",
        ],
    );
}

#[test]
fn links_must_lead_somewhere_and_every_state_must_be_reached() {
    let machine = json!({ "StartAt": "A", "States": {
        "A": { "Type": "Choice", "Choices": [{ "Variable": "$.x", "IsNull": true, "Next": "Gone" }], "Default": "Also gone" },
        "B": with(calling("f"), json!({ "Next": "Nowhere", "Catch": [{ "ErrorEquals": ["E"], "Next": "C" }] })),
        "C": { "Type": "Succeed" }
    } });
    check(
        &machine,
        &[
            "state A: field Choices names a state that does not exist: Gone",
            "state A: field Default names a state that does not exist: Also gone",
            "state B: field Next names a state that does not exist: Nowhere",
            "state B: cannot be reached from StartAt",
            "state C: cannot be reached from StartAt",
        ],
    );
    check(&json!({ "States": { "A": { "Type": "Succeed" } } }), &["machine: field StartAt is missing"]);
    check(
        &json!({ "StartAt": "B", "States": { "A": { "Type": "Succeed" } } }),
        &["machine: field StartAt names a state that does not exist: B"],
    );
    check(
        &json!({ "StartAt": "A", "States": {} }),
        &["machine: field States must be an object with at least one state"],
    );
    check(&json!({ "StartAt": "A", "States": { "A": { "Type": "Pass" } } }), &["state A: has neither Next nor End"]);
    check_state(json!({ "Type": "Pass", "Next": "S", "End": true }), "state S: has both Next and End");
}

#[test]
fn problems_inside_branches_name_the_inner_state() {
    let inner = json!({ "StartAt": "In", "States": { "In": { "Type": "Pass", "Next": "Gone" } }, "Retry": [] });
    check(
        &only(json!({ "Type": "Parallel", "Branches": [inner, { "States": { "S": { "Type": "Succeed" } } }] })),
        &[
            "state In: field Next names a state that does not exist: Gone",
            "state Only: field Branches[0].Retry is not supported",
            "state Only: field Branches[1].StartAt is missing",
        ],
    );
    let distributed = json!({
        "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
        "StartAt": "Only", "States": { "Only": { "Type": "Succeed" } }
    });
    check(
        &only(json!({ "Type": "Map", "ItemProcessor": distributed })),
        &[
            "state Only: field ItemProcessor.ProcessorConfig.Mode \"DISTRIBUTED\" is not supported, only INLINE",
            "state Only: field ItemProcessor.ProcessorConfig.ExecutionType is not supported",
            "state Only: has a name that another state of the machine has too",
        ],
    );
    check_state(json!({ "Type": "Map" }), "state S: must have exactly one of ItemProcessor, Iterator");
    check_state(json!({ "Type": "Parallel" }), "state S: field Branches is missing");
}

#[test]
fn error_names_are_checked() {
    let retry =
        |names: Value| with(calling("f"), json!({ "Retry": [{ "ErrorEquals": names }, { "ErrorEquals": ["B"] }] }));
    let table = [
        (json!(["States.TimeOut"]), "names an error that does not exist: States.TimeOut"),
        (json!(["A", "States.ALL"]), "must name States.ALL alone"),
        (json!(["States.ALL"]), "may name States.ALL in the last entry only"),
        (
            json!(["States.BranchFailed"]),
            "States.BranchFailed is not supported: the state fails with the error of its branch",
        ),
        (json!([]), "must be a list of error names"),
        (json!("A"), "must be a list of error names"),
    ];
    for (names, message) in table {
        check_state(retry(names), &format!("state S: field Retry[0].ErrorEquals {message}"));
    }
    let catch = json!({ "Catch": [{ "Next": "S" }] });
    check_state(with(calling("f"), catch), "state S: field Catch[0].ErrorEquals is missing");
    let numbers = json!({ "Retry": [{
        "ErrorEquals": ["A"], "IntervalSeconds": 0, "MaxAttempts": -1, "BackoffRate": 0.5, "MaxDelaySeconds": 1, "JitterStrategy": "SOME"
    }] });
    assert_eq!(problems_of(&only(with(calling("f"), numbers))).len(), 5);
}

#[test]
fn timeouts_are_checked() {
    check_state(
        with(asking(), json!({ "TimeoutSeconds": 5, "TimeoutSecondsPath": "$.t" })),
        "state S: field TimeoutSecondsPath is there beside TimeoutSeconds",
    );
    check_state(
        with(asking(), json!({ "TimeoutSeconds": 5, "HeartbeatSeconds": 5 })),
        "state S: field HeartbeatSeconds must be less than TimeoutSeconds (5), not 5",
    );
    check_state(
        with(asking(), json!({ "TimeoutSeconds": 0 })),
        "state S: field TimeoutSeconds must be a whole number from 1 to 99999999",
    );
    check_state(
        with(calling("f"), json!({ "HeartbeatSeconds": 5 })),
        "state S: field HeartbeatSeconds has no effect without .waitForTaskToken",
    );
    check_state(
        with(asking(), json!({ "TimeoutSecondsPath": "$.t[*]" })),
        "state S: field TimeoutSecondsPath must be a path that can only match one value, not $.t[*]",
    );
}

#[test]
fn a_task_that_waits_must_pass_its_token() {
    let mut state = asking();
    state["Parameters"]["Payload"] = json!({ "token": "$$.Task.Token" });
    check_state(
        state.clone(),
        "state S: field Parameters does not pass $$.Task.Token, so nobody could complete the task",
    );
    for passes in ["$$.Task.Token", "$$.Task", "$$", "States.Format('{}', States.JsonToString($$.Task))"] {
        state["Parameters"]["Payload"] = json!({ "deep": [{ "token.$": passes }] });
        assert_eq!(problems_of(&only(state.clone())), Vec::<String>::new(), "{passes}");
    }
    let nothing = json!({ "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken" });
    check_state(nothing, "state S: field Parameters is missing");
    let unnamed = with(asking(), json!({ "Parameters": { "Payload.$": "$$.Task.Token" } }));
    check_state(unnamed, "state S: field Parameters.FunctionName is missing");
}

#[test]
fn paths_and_intrinsics_are_checked() {
    let parameters = |expression: &str| json!({ "Type": "Pass", "Parameters": { "a": [{ "b.$": expression }] } });
    let table = [
        ("$.a[", "is not a JSONPath: $.a["),
        ("a.b", "must be a path ($…) or an intrinsic (States.…), not a.b"),
        ("States.Hash('a', 'MD5')", "uses the intrinsic States.Hash, which is not supported"),
        ("States.Array(1", "is not a well-formed intrinsic: States.Array(1"),
        ("States.Array(1) x", "is not a well-formed intrinsic: States.Array(1) x"),
        (r"States.Array('\n')", r"has an escape that is none of \' \{ \} \\: States.Array('\n')"),
        ("States.Format('{} {}', 1)", "calls Format with 1 values for 2 placeholders"),
        ("States.MathAdd(1)", "calls MathAdd with 1 arguments, it takes 2"),
        (
            "States.JsonMerge($.a, $.b, true)",
            "calls JsonMerge with a third argument that is not false: only shallow merging exists",
        ),
    ];
    for (expression, message) in table {
        check_state(parameters(expression), &format!("state S: field Parameters.a[0].b.$ {message}"));
    }
    check_state(json!({ "Type": "Pass", "InputPath": "x" }), "state S: field InputPath is not a JSONPath: x");
    check_state(
        json!({ "Type": "Pass", "ResultPath": "$$.State.Name" }),
        "state S: field ResultPath cannot write to the context object",
    );
    check_state(
        json!({ "Type": "Pass", "Parameters": { "a": 1, "a.$": "$.a" } }),
        "state S: field Parameters.a.$ is there twice, as a and as a.$",
    );
}

#[test]
fn choices_are_checked() {
    let choice =
        |rule: Value| json!({ "Type": "Choice", "Choices": [with(rule, json!({ "Next": "S" }))], "Default": "S" });
    let table = [
        (json!({ "Variable": "$.a", "NumericEquals": "1" }), ".NumericEquals must be a Numeric value, not \"1\""),
        (
            json!({ "Variable": "$.a", "TimestampEquals": "today" }),
            ".TimestampEquals must be a Timestamp value, not \"today\"",
        ),
        (
            json!({ "Variable": "$.a[*]", "IsNull": true }),
            ".Variable must be a path that can only match one value, not $.a[*]",
        ),
        (json!({ "IsNull": true }), ".Variable is missing"),
        (json!({ "Variable": "$.a", "StringLike": "x" }), ".StringLike is not supported"),
        (json!({ "Variable": "$.a", "BooleanLessThan": true }), ".BooleanLessThan is not supported"),
        (json!({ "Variable": "$.a" }), " must have exactly one comparison, it has 0"),
        (json!({ "And": [{ "Variable": "$.a", "IsNull": true, "Next": "S" }] }), ".And[0].Next is not supported"),
        (json!({ "Or": [] }), ".Or must be a list with at least one entry"),
    ];
    for (rule, message) in table {
        check_state(choice(rule), &format!("state S: field Choices[0]{message}"));
    }
}

#[test]
fn placeholders_need_a_substitution() {
    let mut machine = only(json!({ "Type": "Task", "Resource": "${CalculateArn}" }));
    machine["Comment"] = json!("${A} ${not a placeholder}");
    check(
        &machine,
        &[
            "state Only: field Resource has the placeholder ${CalculateArn} and no substitution for it",
            "machine: field Comment has the placeholder ${A} and no substitution for it",
            "state Only: field Resource ${CalculateArn} is not supported",
        ],
    );
}

#[test]
fn what_is_no_machine_at_all() {
    let engine = Engine::new(Clock::manual(Timestamp::UNIX_EPOCH));
    let refused = engine.load("a b", "{", &BTreeMap::new()).unwrap_err();
    assert_eq!(refused.len(), 2);
    assert!(refused[1].to_string().starts_with("machine: is not JSON: "), "{refused:?}");
    check(&json!([]), &["machine: must be an object"]);
    check(&json!({ "StartAt": "A", "States": { "A": 1 } }), &["state A: must be an object"]);
    check(
        &json!({ "StartAt": "A", "States": { "A": { "Type": "Loop" } } }),
        &["state A: field Type Loop is not supported"],
    );
    check_state(
        json!({ "Type": "Wait" }),
        "state S: must have exactly one of Seconds, SecondsPath, Timestamp, TimestampPath",
    );
}
