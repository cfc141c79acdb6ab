//! Paths, templates, the context object and the intrinsic functions.

use super::*;

/// What a `Pass` state makes of one computed field, or the error it fails with.
async fn compute(expression: &str, input: Value) -> Result<Value, String> {
    let state =
        json!({ "Type": "Task", "Resource": "arn:aws:lambda:x:1:function:echo", "Parameters": { "v.$": expression } });
    let execution = run(only(state), input).await;
    match execution.output {
        Some(output) => Ok(output["v"].clone()),
        None => Err(execution.error.unwrap()),
    }
}

#[tokio::test]
async fn a_path_gives_one_value_or_a_list() {
    let input = json!({ "l": [{ "v": 1, "k": "a" }, { "v": 2, "k": "b,)" }], "o": { "a b": 3 }, "n": null });
    let table = [
        ("$.l[0].v", json!(1)),
        ("$.l[-1].v", json!(2)),
        ("$['o']['a b']", json!(3)),
        ("$.n", json!(null)),
        ("$.l[*].v", json!([1, 2])),
        ("$.l[0:1].v", json!([1])),
        ("$..v", json!([1, 2])),
        ("$.l[?(@.v > 1)].v", json!([2])),
        ("$.l[?(@.v > 5)]", json!([])),
        ("$.l[?(@.v == 1 && @.k == 'a')].k", json!(["a"])),
        ("States.ArrayLength($.l[?(@.k == 'b,)')])", json!(1)),
    ];
    for (path, expected) in table {
        assert_eq!(compute(path, input.clone()).await, Ok(expected), "{path}");
    }
}

#[tokio::test]
async fn a_path_without_a_result_is_an_error() {
    for path in ["$.nothing", "$.l[5]", "$.s.deeper", "$$.Task.Token", "$$.Map.Item.Value", "States.Array($.nothing)"] {
        let result = compute(path, json!({ "l": [], "s": "text" })).await;
        assert_eq!(result, Err("States.ParameterPathFailure".to_owned()), "{path}");
    }
    for field in ["InputPath", "OutputPath"] {
        let execution = run(only(json!({ "Type": "Pass", field: "$.nothing" })), json!({})).await;
        assert_eq!(execution.error.as_deref(), Some("States.Runtime"), "{field}");
    }
    let onto_text = only(json!({ "Type": "Pass", "Result": 1, "ResultPath": "$.s.x" }));
    let execution = run(onto_text, json!({ "s": "text" })).await;
    assert_eq!(execution.error.as_deref(), Some("States.ResultPathMatchFailure"));
}

#[tokio::test]
async fn intrinsics_compute() {
    let input =
        json!({ "s": "it's", "n": 5, "l": [1, [2]], "o": { "a": 1, "b": 1 }, "p": { "b": 2 }, "j": "{\"a\":[1]}" });
    let table = [
        ("States.Format('{} is {}, {}, {}', $.s, $.n, true, null)", json!("it's is 5, true, null")),
        (r"States.Format('\{\} {} it\'s \\', 1)", json!(r"{} 1 it's \")),
        ("States.Format('a, (b)')", json!("a, (b)")),
        (r"States.Array('\{', 'a\\b', 1, -2.5, $.l)", json!(["{", r"a\b", 1, -2.5, [1, [2]]])),
        ("States.Array()", json!([])),
        ("States.ArrayLength($.l)", json!(2)),
        ("States.ArrayGetItem($.l, 1)", json!([2])),
        ("States.ArrayGetItem(States.Array(1, States.MathAdd($.n, -7)), 1)", json!(-2)),
        ("States.MathAdd(1.6, 1)", json!(3)),
        ("States.MathAdd(9007199254740993, 1)", json!(9_007_199_254_740_994_i64)),
        ("States.JsonMerge($.o, $.p, false)", json!({ "a": 1, "b": 2 })),
        ("States.StringToJson($.j)", json!({ "a": [1] })),
        ("States.JsonToString($.o)", json!("{\"a\":1,\"b\":1}")),
        ("States.Base64Encode('data')", json!("ZGF0YQ==")),
        ("States.Base64Decode('ZGF0YQ==')", json!("data")),
        ("States.Base64Decode('ZGF0 YQ==%')", json!("data")),
        (" States.Format('{}', $$.State.Name ) ".trim(), json!("Only")),
    ];
    for (expression, expected) in table {
        assert_eq!(compute(expression, input.clone()).await, Ok(expected), "{expression}");
    }
    let uuid = compute("States.UUID()", json!({})).await.unwrap();
    let uuid = uuid.as_str().unwrap().to_owned();
    assert_eq!(uuid.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    assert!(uuid[14..].starts_with('4') && uuid[19..].starts_with(['8', '9', 'a', 'b']), "{uuid}");
}

#[tokio::test]
async fn intrinsics_fail_by_their_own_error() {
    let input = json!({ "l": [1], "s": "text", "n": 9_223_372_036_854_775_807_i64, "t": "{} {}" });
    for expression in [
        "States.ArrayGetItem($.l, 1)",
        "States.ArrayLength($.s)",
        "States.StringToJson($.s)",
        "States.MathAdd($.n, 1)",
        "States.MathAdd($.s, 1)",
        "States.Base64Decode('Z')",
        "States.Format('{}', $.l)",
        "States.Format($.t, 1)",
        "States.JsonMerge($.l, $.l, false)",
    ] {
        let result = compute(expression, input.clone()).await;
        assert_eq!(result, Err("States.IntrinsicFailure".to_owned()), "{expression}");
    }
}

#[tokio::test]
async fn templates_compute_at_every_depth_and_leave_literals_alone() {
    let template = json!({ "a": [{ "b.$": "$.x" }, "$.x"], "c": { "d": "$.x", "e.$": "$" }, "$": 1 });
    let execution = run(only(json!({ "Type": "Pass", "Parameters": template })), json!({ "x": 1 })).await;
    let expected = json!({ "a": [{ "b": 1 }, "$.x"], "c": { "d": "$.x", "e": { "x": 1 } }, "$": 1 });
    assert_eq!(execution.output, Some(expected));
}

#[tokio::test]
async fn the_context_object_tells_where_it_is() {
    let bench = Bench::new();
    let machine = json!({ "StartAt": "Wait", "States": {
        "Wait": { "Type": "Wait", "Seconds": 90, "Next": "Look" },
        "Look": { "Type": "Pass", "Parameters": { "c.$": "$$" }, "OutputPath": "$.c", "End": true }
    } });
    let arn = bench.start(&machine, json!({ "in": 1 }));
    bench.events(&arn, HistoryKind::WaitStateEntered, 1).await;
    bench.advance(90);
    let context = bench.ended(&arn).await.output.unwrap();
    let expected = json!({
        "Execution": {
            "Id": "arn:aws:states:local:000000000000:execution:m:e",
            "Input": { "in": 1 },
            "Name": "e",
            "RoleArn": "arn:aws:iam::000000000000:role/local",
            "StartTime": "2030-01-01T00:00:00.000Z"
        },
        "State": { "EnteredTime": "2030-01-01T00:01:30.000Z", "Name": "Look", "RetryCount": 0 },
        "StateMachine": { "Id": "arn:aws:states:local:000000000000:stateMachine:m", "Name": "m" },
        "Task": null
    });
    assert_eq!(context, expected);
}
