//! `Parallel` and `Map`: results in order, one failure ends all.

use super::*;
use crate::{TaskFate, TokenError};

fn branch(name: &str, state: Value) -> Value {
    json!({ "StartAt": name, "States": { name: with(state, json!({ "End": true })) } })
}

fn parallel(branches: Value, fields: Value) -> Value {
    with(json!({ "Type": "Parallel", "Branches": branches }), fields)
}

#[tokio::test]
async fn parallel_gives_the_results_of_its_branches_in_order() {
    let branches = json!([
        branch("A", json!({ "Type": "Wait", "SecondsPath": "$.s" })),
        branch("B", json!({ "Type": "Pass", "Result": "b" })),
        branch("C", calling("echo"))
    ]);
    let fields =
        json!({ "Parameters": { "s.$": "$.seconds" }, "ResultSelector": { "all.$": "$" }, "ResultPath": "$.r" });
    let bench = Bench::new();
    let arn = bench.start(&only(parallel(branches, fields)), json!({ "seconds": 5 }));
    bench.events(&arn, HistoryKind::LambdaFunctionSucceeded, 1).await;
    bench.settle().await;
    bench.advance(5);
    let expected = json!({ "seconds": 5, "r": { "all": [{ "s": 5 }, "b", { "s": 5 }] } });
    assert_eq!(bench.ended(&arn).await.output, Some(expected));
}

#[tokio::test]
async fn a_failed_branch_closes_the_tasks_of_the_others() {
    let branches = json!([
        branch("Ask", asking()),
        { "StartAt": "Wait", "States": {
            "Wait": { "Type": "Wait", "Seconds": 5, "Next": "Bad" },
            "Bad": { "Type": "Fail", "Error": "Bad", "Cause": "so bad" }
        } }
    ]);
    let catch = json!({ "Catch": [{ "ErrorEquals": ["Bad"], "Next": "After" }], "Next": "After" });
    let machine = json!({ "StartAt": "P", "States": {
        "P": parallel(branches, catch),
        "After": { "Type": "Wait", "Seconds": 60, "End": true }
    } });
    let bench = Bench::new();
    let arn = bench.start(&machine, json!({}));
    let token = bench.token(&arn, 0).await;
    bench.advance(5);
    bench.events(&arn, HistoryKind::ParallelStateFailed, 1).await;
    assert_eq!(bench.engine.task(&token), TaskFate::Aborted);
    assert_eq!(bench.engine.send_task_success(&token, json!(1)), Err(TokenError::TaskTimedOut));
    bench.events(&arn, HistoryKind::WaitStateEntered, 2).await;
    bench.advance(60);
    assert_eq!(bench.ended(&arn).await.output, Some(json!({ "Error": "Bad", "Cause": "so bad" })));
}

#[tokio::test]
async fn parallel_can_be_retried() {
    let branches = json!([branch("Flaky", calling("flaky")), branch("B", json!({ "Type": "Pass", "Result": "b" }))]);
    let retry = json!({ "Retry": [{ "ErrorEquals": ["States.ALL"], "IntervalSeconds": 7 }] });
    let bench = Bench::new();
    let arn = bench.start(&only(parallel(branches, retry)), json!({ "failures": 1 }));
    bench.events(&arn, HistoryKind::ParallelStateFailed, 1).await;
    bench.settle().await;
    bench.advance(7);
    assert_eq!(bench.ended(&arn).await.output, Some(json!([2, "b"])));
}

#[tokio::test]
async fn map_runs_once_for_each_item_and_knows_which() {
    for (selector, processor) in [("ItemSelector", "ItemProcessor"), ("Parameters", "Iterator")] {
        let state = json!({
            "Type": "Map",
            "ItemsPath": "$.items",
            selector: { "i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value.n", "all.$": "States.ArrayLength($.items)" },
            processor: branch("Each", json!({ "Type": "Pass", "Parameters": { "in.$": "$", "again.$": "$$.Map.Item.Index" } })),
            "ResultPath": "$.out"
        });
        let input = json!({ "items": [{ "n": "a" }, { "n": "b" }] });
        let out = json!([
            { "in": { "i": 0, "v": "a", "all": 2 }, "again": 0 },
            { "in": { "i": 1, "v": "b", "all": 2 }, "again": 1 }
        ]);
        assert_eq!(run(only(state), input.clone()).await.output, Some(with(input, json!({ "out": out }))));
    }
}

#[tokio::test]
async fn map_over_nothing_over_an_object_and_over_something_else() {
    let state = json!({ "Type": "Map", "ItemProcessor": branch("Each", json!({ "Type": "Pass" })) });
    assert_eq!(run(only(state.clone()), json!([])).await.output, Some(json!([])));
    assert_eq!(run(only(state.clone()), json!({})).await.output, Some(json!([])));
    let entries = json!([{ "Key": "b", "Value": 1 }, { "Key": "a", "Value": [2] }]);
    assert_eq!(run(only(state.clone()), json!({ "b": 1, "a": [2] })).await.output, Some(entries));
    let selecting =
        with(state.clone(), json!({ "ItemSelector": { "k.$": "$$.Map.Item.Key", "v.$": "$$.Map.Item.Value" } }));
    assert_eq!(run(only(selecting), json!({ "a": 1 })).await.output, Some(json!([{ "k": "a", "v": 1 }])));
    assert_eq!(run(only(state), json!("text")).await.error.as_deref(), Some("States.Runtime"));
}

#[tokio::test]
async fn map_runs_no_more_at_once_than_it_may() {
    let processor = with(branch("Ask", asking()), json!({ "ProcessorConfig": { "Mode": "INLINE" } }));
    let state = json!({ "Type": "Map", "MaxConcurrency": 2, "ItemProcessor": processor });
    let bench = Bench::new();
    let arn = bench.start(&only(state), json!(["a", "b", "c", "d"]));
    for answered in 0..4 {
        let expected = (answered + 2).min(4);
        bench.events(&arn, HistoryKind::TaskSubmitted, expected).await;
        bench.settle().await;
        assert_eq!(bench.asked.lock().unwrap().len(), expected);
        let token = bench.token(&arn, answered).await;
        let item = bench.asked.lock().unwrap()[answered]["input"].clone();
        bench.engine.send_task_success(&token, item).unwrap();
    }
    assert_eq!(bench.ended(&arn).await.output, Some(json!(["a", "b", "c", "d"])));
}

#[tokio::test]
async fn a_failed_iteration_fails_the_map_whatever_the_order() {
    let state = json!({ "Type": "Map", "ItemProcessor": branch("Ask", asking()) });
    let bench = Bench::new();
    let arn = bench.start(&only(state), json!([0, 1, 2]));
    let last = bench.token(&arn, 2).await;
    bench.engine.send_task_failure(&last, "Last", "the last one").unwrap();
    assert_eq!(bench.ended(&arn).await.error.as_deref(), Some("Last"));
    for open in 0..2 {
        let token = bench.token(&arn, open).await;
        assert_eq!(bench.engine.task(&token), TaskFate::Aborted);
    }
    assert_eq!(count_of(&bench.engine, &arn, HistoryKind::MapIterationFailed), 1);
}

#[tokio::test]
async fn flows_can_be_nested() {
    let inner = json!({ "Type": "Map", "ItemProcessor": branch("Inner", json!({
        "Type": "Pass", "Parameters": { "i.$": "$$.Map.Item.Index", "v.$": "$" }
    })) });
    let outer =
        json!({ "Type": "Map", "ItemProcessor": branch("Outer", parallel(json!([branch("Deep", inner)]), json!({}))) });
    let each = |values: [i64; 2]| json!([[{ "i": 0, "v": values[0] }, { "i": 1, "v": values[1] }]]);
    let execution = run(only(outer), json!([[1, 2], [3, 4]])).await;
    assert_eq!(execution.output, Some(json!([each([1, 2]), each([3, 4])])));
}
