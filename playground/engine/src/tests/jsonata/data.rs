//! What goes in and out of each kind of state.

use super::*;

#[tokio::test]
async fn one_state_gives_its_output() {
    let input = json!({ "a": 1, "l": [3, 4], "o": { "x": 1, "y": 2 } });
    let pass = |output: Value| json!({ "Type": "Pass", "Output": output });
    let table = [
        (json!({ "Type": "Pass" }), input.clone()),
        (pass(json!("{% $states.input.a %}")), json!(1)),
        (
            pass(json!({ "deep": [{ "a": "{%$states.input.a%}" }, "text", null], "n": 1 })),
            json!({ "deep": [{ "a": 1 }, "text", null], "n": 1 }),
        ),
        (pass(json!("plain")), json!("plain")),
        (pass(json!("{% null %}")), json!(null)),
        (pass(json!({ "a": "{% $states.context.State.Name %}" })), json!({ "a": "Only" })),
        (json!({ "Type": "Succeed", "Output": "{% $states.input.l[1] %}" }), json!(4)),
        (
            invoking("echo", json!("{% $states.input.o %}")),
            json!({ "ExecutedVersion": "$LATEST", "Payload": { "x": 1, "y": 2 }, "StatusCode": 200 }),
        ),
        (
            with(
                invoking("echo", json!({ "a": "{% $states.input.a + 1 %}" })),
                json!({ "Output": "{% $merge([$states.input.o, $states.result.Payload]) %}" }),
            ),
            json!({ "x": 1, "y": 2, "a": 2 }),
        ),
        (with(calling("echo"), json!({ "Arguments": "{% $states.input.l %}" })), json!([3, 4])),
        (calling("echo"), input.clone()),
    ];
    for (state, expected) in table {
        assert_eq!(run(in_jsonata(state.clone()), input.clone()).await.output, Some(expected), "{state}");
    }
}

#[tokio::test]
async fn arguments_may_be_one_expression() {
    let arguments = json!("{% {'FunctionName': 'echo', 'Payload': $states.input} %}");
    let state =
        with(invoking("echo", json!({})), json!({ "Arguments": arguments, "Output": "{% $states.result.Payload %}" }));
    assert_eq!(run(in_jsonata(state), json!([1])).await.output, Some(json!([1])));
}

#[tokio::test]
async fn a_choice_takes_the_first_condition_that_holds() {
    let ending = json!({ "Type": "Succeed" });
    let machine = json!({ "QueryLanguage": "JSONata", "StartAt": "C", "States": {
        "C": {
            "Type": "Choice",
            "Choices": [
                { "Condition": "{% $states.input > 10 %}", "Next": "Ten", "Output": { "more": "{% $states.input - 10 %}" } },
                { "Condition": "{% $states.input > 5 %}", "Next": "Five", "Comment": "without an output of its own" }
            ],
            "Default": "Low",
            "Output": "default"
        },
        "Ten": ending, "Five": ending, "Low": ending
    } });
    for (input, output) in [(12, json!({ "more": 2 })), (7, json!(7)), (1, json!("default"))] {
        assert_eq!(run(machine.clone(), json!(input)).await.output, Some(output));
    }
    let mut machine = machine;
    machine["States"]["C"].as_object_mut().unwrap().remove("Default");
    machine["States"].as_object_mut().unwrap().remove("Low");
    assert_eq!(run(machine, json!(1)).await.error.as_deref(), Some("States.NoChoiceMatched"));
}

#[tokio::test]
async fn waits_take_expressions() {
    let later = "2030-01-01T00:01:00Z";
    for wait in [
        json!({ "Seconds": "{% $states.input.s * 2 %}" }),
        json!({ "Seconds": 60 }),
        json!({ "Timestamp": "{% $states.input.t %}" }),
        json!({ "Timestamp": "{% $fromMillis($millis() + 60000) %}" }),
        json!({ "Timestamp": later }),
    ] {
        let bench = Bench::new();
        let input = json!({ "s": 30, "t": later });
        let fields = with(json!({ "Type": "Wait", "Output": "{% $now() %}" }), wait.clone());
        let arn = bench.start(&in_jsonata(fields), input);
        bench.events(&arn, HistoryKind::WaitStateEntered, 1).await;
        bench.advance(59);
        bench.settle().await;
        assert_eq!(bench.engine.describe_execution(&arn).unwrap().status, ExecutionStatus::Running, "{wait}");
        bench.advance(1);
        assert_eq!(bench.ended(&arn).await.output, Some(json!("2030-01-01T00:01:00.000Z")));
    }
}

#[tokio::test]
async fn error_and_cause_of_a_fail_state_take_expressions() {
    let state = json!({ "Type": "Fail", "Error": "{% $states.input.e %}", "Cause": "{% 'so ' & $states.input.c %}" });
    let execution = run(in_jsonata(state), json!({ "e": "Bad", "c": "bad" })).await;
    assert_eq!((execution.error.as_deref(), execution.cause.as_deref()), (Some("Bad"), Some("so bad")));
    let execution = run(in_jsonata(json!({ "Type": "Fail", "Error": "Bad" })), json!({})).await;
    assert_eq!((execution.error.as_deref(), execution.cause.as_deref()), (Some("Bad"), None));
}

#[tokio::test]
async fn timeout_and_heartbeat_take_expressions() {
    let fields = json!({ "TimeoutSeconds": "{% $states.input.t %}", "HeartbeatSeconds": "{% $states.input.h %}" });
    for (input, seconds) in [(json!({ "t": 100, "h": 10 }), 10), (json!({ "t": 20, "h": 30 }), 20)] {
        let bench = Bench::new();
        let arn = bench.start(&in_jsonata(with(asking_in_jsonata(), fields.clone())), input.clone());
        bench.token(&arn, 0).await;
        let scheduled = bench.engine.history(&arn).into_iter().find(|event| event.kind == HistoryKind::TaskScheduled);
        let details = scheduled.unwrap().details;
        assert_eq!((&details["timeoutInSeconds"], &details["heartbeatInSeconds"]), (&input["t"], &input["h"]));
        bench.advance(seconds - 1);
        bench.settle().await;
        assert_eq!(bench.engine.describe_execution(&arn).unwrap().status, ExecutionStatus::Running);
        bench.advance(1);
        assert_eq!(bench.ended(&arn).await.error.as_deref(), Some("States.Timeout"));
    }
}

fn map(fields: Value, each: Value) -> Value {
    let processor =
        json!({ "StartAt": "Each", "States": { "Each": with(json!({ "Type": "Pass", "End": true }), each) } });
    in_jsonata(with(json!({ "Type": "Map", "ItemProcessor": processor }), fields))
}

#[tokio::test]
async fn items_may_be_an_array_or_an_object() {
    let selector = json!({
        "i": "{% $states.context.Map.Item.Index %}",
        "v": "{% $states.context.Map.Item.Value %}",
        "of": "{% $count($keys($states.input)) %}"
    });
    let table = [
        (json!({}), json!(["a", "b"]), json!(["a", "b"])),
        (json!({ "Items": [1, "{% $states.input.x %}"] }), json!({ "x": 2 }), json!([1, 2])),
        (json!({ "Items": "{% $states.input.l %}" }), json!({ "l": [] }), json!([])),
        (
            json!({ "Items": "{% $states.input.l %}", "ItemSelector": selector }),
            json!({ "l": ["a", "b"] }),
            json!([{ "i": 0, "v": "a", "of": 1 }, { "i": 1, "v": "b", "of": 1 }]),
        ),
        (
            json!({ "Items": { "b": 1, "a": "{% 1 + 1 %}" } }),
            json!({}),
            json!([{ "Key": "b", "Value": 1 }, { "Key": "a", "Value": 2 }]),
        ),
        (
            json!({ "Items": "{% $states.input %}", "ItemSelector": "{% $states.context.Map.Item.Key %}" }),
            json!({ "z": 1, "y": 2 }),
            json!(["z", "y"]),
        ),
    ];
    for (fields, input, expected) in table {
        assert_eq!(run(map(fields.clone(), json!({})), input).await.output, Some(expected), "{fields}");
    }
}

#[tokio::test]
async fn a_map_runs_no_more_at_once_than_an_expression_gives() {
    let processor = json!({ "StartAt": "Ask", "States": { "Ask": with(asking_in_jsonata(), json!({ "End": true })) } });
    let state = json!({ "Type": "Map", "MaxConcurrency": "{% 1 + 1 %}", "ItemProcessor": processor });
    let bench = Bench::new();
    let arn = bench.start(&in_jsonata(state), json!([1, 2, 3]));
    bench.events(&arn, HistoryKind::TaskSubmitted, 2).await;
    bench.settle().await;
    assert_eq!(bench.asked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn parallel_takes_arguments_and_gives_all_results() {
    let branch = |name: &str, output: &str| json!({ "StartAt": name, "States": { name: { "Type": "Pass", "Output": output, "End": true } } });
    let state = json!({
        "Type": "Parallel",
        "Arguments": { "n": "{% $states.input.x * 2 %}" },
        "Branches": [branch("A", "{% $states.input.n %}"), branch("B", "{% $states.input.n + 1 %}")],
        "Output": { "sum": "{% $sum($states.result) %}", "x": "{% $states.input.x %}" }
    });
    assert_eq!(run(in_jsonata(state), json!({ "x": 5 })).await.output, Some(json!({ "sum": 21, "x": 5 })));
}

#[tokio::test]
async fn a_catch_gives_the_error_or_what_its_output_says() {
    let machine = |fields: Value| {
        let catch = with(json!({ "ErrorEquals": ["Bad"], "Next": "Caught" }), fields);
        json!({ "QueryLanguage": "JSONata", "StartAt": "S", "States": {
            "S": with(invoking("fail", json!({ "error": "Bad" })), json!({ "Catch": [catch], "Output": "not this", "End": true })),
            "Caught": { "Type": "Succeed" }
        } })
    };
    let cause = "{\"errorMessage\":\"it broke\",\"errorType\":\"Bad\"}";
    let execution = run(machine(json!({})), json!({ "in": 1 })).await;
    assert_eq!(execution.output, Some(json!({ "Error": "Bad", "Cause": cause })));
    let output = json!({ "Output": {
        "e": "{% $states.errorOutput.Error %}", "m": "{% $parse($states.errorOutput.Cause).errorMessage %}", "in": "{% $states.input.in %}"
    } });
    let execution = run(machine(output), json!({ "in": 1 })).await;
    assert_eq!(execution.output, Some(json!({ "e": "Bad", "m": "it broke", "in": 1 })));
}
