//! The functions that Step Functions adds, and numbers on their way in and out.

use super::*;

#[tokio::test]
async fn the_functions_of_step_functions() {
    let input = json!({ "l": [1, 2, 3, 4, 5], "j": "{\"a\":[1,{\"b\":null}]}" });
    let table = [
        ("$partition($states.input.l, 2)", json!([[1, 2], [3, 4], [5]])),
        ("$partition([], 2)", json!([])),
        ("$map($partition([1, 2], 1), $count)", json!([1, 1])),
        ("$range(0, 6, 2)", json!([0, 2, 4, 6])),
        ("$range(0, 5, 2)", json!([0, 2, 4])),
        ("$range(3, 1, -1)", json!([3, 2, 1])),
        ("$range(1, 1, 5)", json!([1])),
        ("$range(1, 0, 5)", json!([])),
        ("$range(-1.7, 2, 1)", json!([-1, 0, 1, 2])),
        ("$hash('input', 'MD5')", json!("a43c1b0aa53a0c908810c06ab1ff3967")),
        ("$hash('input', 'SHA-1')", json!("140f86aae51ab9e1cda9b4254fe98a74eb54c1a1")),
        ("$hash('input', 'SHA-256')", json!("c96c6d5be8d08a12e7b5cdc1b207fa6b2430974c86803d8891675e76fd992c20")),
        ("$length($hash('input', 'SHA-384'))", json!(96)),
        ("$length($hash('input', 'SHA-512'))", json!(128)),
        ("$random(42)", json!(0.727_563_680_032_868_1)),
        ("$random() < 1 and $random() >= 0", json!(true)),
        ("$length($uuid())", json!(36)),
        ("$uuid() = $uuid()", json!(false)),
        ("$parse($states.input.j)", json!({ "a": [1, { "b": null }] })),
        ("$parse($states.input.j).a[0]", json!(1)),
        ("$parse('9223372036854775807')", json!(i64::MAX)),
        ("'[1]' ~> $parse()", json!([1])),
    ];
    for (expression, expected) in table {
        assert_eq!(evaluate(expression, input.clone()).await, Ok(expected), "{expression}");
    }
}

#[tokio::test]
async fn what_they_refuse() {
    for expression in [
        "$partition([1], 0)",
        "$partition([1], -1)",
        "$partition('text', 1)",
        "$range(1, 5, 0)",
        "$range(1, 5)",
        "$range(1, 1e15, 1)",
        "$hash('input', 'CRC')",
        "$hash('input')",
        "$hash(5, 'MD5')",
        "$random('seed')",
        "$parse('{\"a\":1,\"a\":2}')",
        "$parse('{\"o\":{\"a\":1,\"a\":2}}')",
        "$parse('{')",
        "$parse('1 2')",
        "$parse(5)",
    ] {
        let failure = evaluate(expression, json!({})).await.unwrap_err();
        assert!(failure.contains("threw an error during evaluation. $"), "{expression}: {failure}");
    }
}

#[tokio::test]
async fn of_nothing_they_make_nothing() {
    for call in ["$partition($x, 1)", "$range($x, 1, 1)", "$hash($x, 'MD5')", "$parse($x)"] {
        let failure = evaluate(call, json!({})).await.unwrap_err();
        assert!(failure.contains("returned nothing"), "{call}: {failure}");
    }
}

#[tokio::test]
async fn the_time_is_that_of_the_engine() {
    let table = [
        ("$now()", json!("2030-01-01T00:00:00.000Z")),
        ("$millis()", json!(START * 1000)),
        ("$now('[Y0001]-[M01]-[D01]')", json!("2030-01-01")),
        ("$now('[H01]:[m01]', '+0200')", json!("02:00")),
        ("$toMillis($now()) = $millis()", json!(true)),
        ("$map([1, 2], function($i) { $millis() / 1000 + $i })", json!([START + 1, START + 2])),
    ];
    for (expression, expected) in table {
        assert_eq!(evaluate(expression, json!({})).await, Ok(expected), "{expression}");
    }
}

#[tokio::test]
async fn numbers_go_in_and_out_as_they_were() {
    for number in [
        json!(0),
        json!(-5),
        json!(1.5),
        json!(1e300),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(9_007_199_254_740_993_i64),
    ] {
        for expression in
            ["$states.input.n", "{'n': $states.input.n}.n", "$merge([$states.input, {}]).n", "[$states.input.n][0]"]
        {
            let input = json!({ "n": number });
            assert_eq!(evaluate(expression, input).await, Ok(number.clone()), "{expression}");
        }
    }
    let table = [
        ("$states.input.one + $states.input.half * 2", json!(2)),
        ("3.0", json!(3)),
        ("9007199254740991 + 1", json!(1_i64 << 53)),
        ("$power(2, 62) + 1", json!(1_i64 << 62)),
        ("1e20", json!(1e20)),
        ("$parse('5.713383956445858e+262') = 5.713383956445858e+262", json!(true)),
        ("-0", json!(0)),
        ("10 / 4", json!(2.5)),
        ("1/0", json!("Infinity")),
        ("[-1/0]", json!(["-Infinity"])),
        ("{'n': 0/0}", json!({ "n": "NaN" })),
    ];
    for (expression, expected) in table {
        assert_eq!(evaluate(expression, json!({ "one": 1, "half": 0.5 })).await, Ok(expected), "{expression}");
    }
}

#[tokio::test]
async fn nothing_is_computed_with_a_number_that_a_float_cannot_hold() {
    let input = json!({ "n": i64::MAX, "m": i64::MAX - 1 });
    for expression in ["$states.input.n + 1", "$states.input.n > 5", "$abs($states.input.n)", "$sum([$states.input.n])"]
    {
        let failure = evaluate(expression, input.clone()).await.unwrap_err();
        assert!(failure.contains("QueryEvaluationError"), "{expression}: {failure}");
    }
    let table = [
        ("$states.input.n = $states.input.m", json!(false)),
        ("$states.input.n in [1, $states.input.n]", json!(true)),
        ("$string($states.input.n)", json!("9223372036854775807")),
        ("'Order ' & $states.input.n & '!'", json!("Order 9223372036854775807!")),
        ("$string($states.input)", json!("{\"n\":9223372036854775807,\"m\":9223372036854775806}")),
        ("$string([$states.input.n], true)", json!("[\n  9223372036854775807\n]")),
        ("$parse($string($states.input))", input.clone()),
        ("{$string($states.input.n): 1}", json!({ "9223372036854775807": 1 })),
        ("$hash($string($states.input.n), 'MD5') = $hash('9223372036854775807', 'MD5')", json!(true)),
    ];
    for (expression, expected) in table {
        assert_eq!(evaluate(expression, input.clone()).await, Ok(expected), "{expression}");
    }
    // Whoever writes the mark of such a number has a text all the same.
    let marked = json!({ "\u{10ffff}": "5" });
    assert_eq!(evaluate("$states.input", marked).await, Ok(json!({ "\u{fffd}": "5" })));
}

#[tokio::test]
async fn objects_keep_the_order_of_their_keys() {
    let text = evaluate("$string($merge([$states.input, {'c': 3, 'b': 2}]))", json!({ "z": 1, "a": 0 })).await;
    assert_eq!(text, Ok(json!("{\"z\":1,\"a\":0,\"c\":3,\"b\":2}")));
}
