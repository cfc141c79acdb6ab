//! What is refused when a machine in JSONata is loaded, with its state and its field.

use super::*;

#[track_caller]
fn check(output: Value, expected: &str) {
    let problems = problems_of(json!({ "Type": "Pass", "Output": output, "End": true }));
    assert_eq!(problems, [format!("state S: field Output{expected}")], "{output}");
}

#[test]
fn half_an_expression_and_anything_outside_of_it() {
    let message = " must begin with {% and end with %}, with nothing outside";
    for text in ["{% 1", "1 %}", "a {% 1 %}", "{% 1 %} a", " {% 1 %}", "{%}"] {
        check(json!(text), message);
    }
    check(json!({ "a": [0, "{% 1"] }), &format!(".a[1]{message}"));
}

#[test]
fn texts_that_only_look_like_expressions() {
    for text in ["", "{ % 1 % }", "a {% b %} c", "$states.input"] {
        let state = json!({ "Type": "Pass", "Output": text, "End": true });
        assert_eq!(problems_of(state), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn what_does_not_parse() {
    for expression in ["1 +", "", "a[1,2)", "\"unterminated", "{\"a\":}", "$x :="] {
        let state = json!({ "Type": "Pass", "Output": format!("{{% {expression} %}}"), "End": true });
        let [problem] = &problems_of(state)[..] else { panic!("{expression}") };
        assert!(problem.starts_with("state S: field Output is not a JSONata expression: "), "{problem}");
    }
}

#[test]
fn what_is_not_there_at_the_top() {
    let table = [
        ("phone", "refers to phone at the top level, where only $states and variables are"),
        ("$count(phone)", "refers to phone at the top level, where only $states and variables are"),
        ("[1, {'a': phone.number}]", "refers to phone at the top level, where only $states and variables are"),
        ("function($x) { phone }", "refers to phone at the top level, where only $states and variables are"),
        ("$", "refers to $ at the top level, where only $states and variables are"),
        ("$.phone", "refers to $ at the top level, where only $states and variables are"),
        ("*", "has a wildcard at the top level, where only $states and variables are"),
        ("**.a", "has a wildcard at the top level, where only $states and variables are"),
        ("$$", "refers to $$, which Step Functions has not"),
        ("$states.input.($$.a)", "refers to $$, which Step Functions has not"),
    ];
    for (expression, message) in table {
        check(json!(format!("{{% {expression} %}}")), &format!(" {message}"));
    }
}

#[test]
fn names_and_dollars_inside_of_a_path_are_fine() {
    for expression in [
        "$states.input.phone",
        "$states.input.phones[type = 'home'].number",
        "$states.input.phones[$ > 1]",
        "$states.input.{'a': phone}",
        "$states.input.phones{type: number}",
        "$states.input.phones^(>number, type)",
        "$states.input.(a + b)",
        "$states.input ~> |phones|{'n': number}, ['type']|",
        "$map($states.input.phones, function($phone) { $phone.number })",
        "($own := $states.input; $own.a)",
        "$states.input.phones@$p.number.{'t': $p.type}",
        "$states.input.phones#$i[$i = 0]",
        "$states.*",
        "$calculation.x",
        "$states.input.phones.%.a",
    ] {
        let state = json!({ "Type": "Pass", "Output": format!("{{% {expression} %}}"), "End": true });
        assert_eq!(problems_of(state), Vec::<String>::new(), "{expression}");
    }
}

#[test]
fn functions_and_operators_that_step_functions_has_not() {
    let table = [
        ("$eval('1')", "uses $eval, which Step Functions has not: $parse reads JSON"),
        ("'1' ~> $eval", "uses $eval, which Step Functions has not: $parse reads JSON"),
        ("$map(['1'], $eval)", "uses $eval, which Step Functions has not: $parse reads JSON"),
        ("$shout('a')", "calls $shout, which is no function of Step Functions"),
        ("count([1])", "calls count without a $ before it"),
        ("$a ?? 1", "uses ??, which JSONata has since 2.1 and Step Functions, with 2.0.6, has not"),
        ("$a ?: 1", "uses ?:, which JSONata has since 2.1 and Step Functions, with 2.0.6, has not"),
    ];
    for (expression, message) in table {
        check(json!(format!("{{% {expression} %}}")), &format!(" {message}"));
    }
}

#[test]
fn values_of_the_wrong_kind() {
    let task = |fields| with(asking_in_jsonata(), with(json!({ "End": true }), fields));
    let map = |fields| {
        let processor = json!({ "StartAt": "I", "States": { "I": { "Type": "Succeed" } } });
        with(json!({ "Type": "Map", "ItemProcessor": processor, "End": true }), fields)
    };
    let choice = |rule: Value| json!({ "Type": "Choice", "Choices": [with(rule, json!({ "Next": "S" }))] });
    let table = [
        (task(json!({ "Resource": "{% 'arn' %}" })), "Resource {% 'arn' %} is not supported"),
        (json!({ "Type": "{% 'Pass' %}" }), "Type {% 'Pass' %} is not supported"),
        (task(json!({ "TimeoutSeconds": "600" })), "TimeoutSeconds must be a whole number from 1 to 99999999"),
        (task(json!({ "TimeoutSeconds": 0 })), "TimeoutSeconds must be a whole number from 1 to 99999999"),
        (
            task(json!({ "TimeoutSeconds": 5, "HeartbeatSeconds": 5 })),
            "HeartbeatSeconds must be less than TimeoutSeconds (5), not 5",
        ),
        (
            with(invoking("echo", json!({})), json!({ "End": true, "HeartbeatSeconds": "{% 5 %}" })),
            "HeartbeatSeconds has no effect without .waitForTaskToken",
        ),
        (task(json!({ "Arguments": [] })), "Arguments must be an object"),
        (task(json!({ "Assign": "{% {} %}" })), "Assign must be an object"),
        (map(json!({ "Items": 5 })), "Items must be an array, an object or an expression that gives one"),
        (map(json!({ "Items": "all" })), "Items must be an array, an object or an expression that gives one"),
        (map(json!({ "MaxConcurrency": -1 })), "MaxConcurrency must be a whole number from 0 to 99999999"),
        (json!({ "Type": "Wait", "Seconds": "5", "End": true }), "Seconds must be a whole number from 0 to 99999999"),
        (json!({ "Type": "Wait", "Timestamp": "soon", "End": true }), "Timestamp must be an RFC 3339 timestamp"),
        (json!({ "Type": "Fail", "Error": 5 }), "Error must be a string"),
        (json!({ "Type": "Fail", "Cause": "{% 1" }), "Cause must begin with {% and end with %}, with nothing outside"),
        (
            choice(json!({ "Condition": true })),
            "Choices[0].Condition must be there as an expression that gives true or false",
        ),
        (choice(json!({})), "Choices[0].Condition must be there as an expression that gives true or false"),
        (
            choice(json!({ "Condition": "{% $states.result %}" })),
            "Choices[0].Condition reads $states.result, which is not there in this field",
        ),
    ];
    for (state, message) in table {
        let problems = problems_of(state.clone());
        assert!(problems.contains(&format!("state S: field {message}")), "{state}: {problems:#?}");
    }
}

#[test]
fn a_task_that_waits_must_pass_its_token() {
    let passing = |payload: Value| {
        let arguments = json!({ "Arguments": { "FunctionName": "ask", "Payload": payload } });
        problems_of(with(asking_in_jsonata(), with(arguments, json!({ "End": true }))))
    };
    for payload in [
        json!({ "deep": ["{% $states.context.Task.Token %}"] }),
        json!("{% $states.context %}"),
        json!("{% {'t': $states.context.Task} %}"),
        json!("{% $string($states) %}"),
    ] {
        assert_eq!(passing(payload.clone()), Vec::<String>::new(), "{payload}");
    }
    let message =
        "state S: field Arguments does not pass $states.context.Task.Token, so nobody could complete the task";
    for payload in [json!("{% $states.context.Execution %}"), json!("{% $states.input %}"), json!("$states.context")] {
        assert_eq!(passing(payload.clone()), [message], "{payload}");
    }
    let unnamed = json!({ "Arguments": { "Payload": "{% $states.context.Task.Token %}" }, "End": true });
    let problems = problems_of(with(asking_in_jsonata(), unnamed));
    assert_eq!(problems, ["state S: field Arguments.FunctionName is missing"]);
}
