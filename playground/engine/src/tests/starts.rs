//! Starting executions: names, repeated starts and what can be looked up.

use super::*;
use crate::StartError;

fn load(bench: &Bench, name: &str, definition: &Value) -> String {
    bench.engine.load(name, &definition.to_string(), &BTreeMap::new()).unwrap()
}

#[tokio::test]
async fn the_same_start_gives_the_same_execution_while_it_runs() {
    let bench = Bench::new();
    let machine = load(&bench, "calculation", &only(asking()));
    let first = bench.engine.start_execution(&machine, "slack-123", json!({ "x": 1 })).unwrap();
    assert_eq!(first.execution_arn, "arn:aws:states:local:000000000000:execution:calculation:slack-123");
    assert!(!first.already_running);
    bench.advance(5);
    let again = bench.engine.start_execution(&machine, "slack-123", json!({ "x": 1 })).unwrap();
    assert!(again.already_running);
    assert_eq!((again.execution_arn, again.start_date), (first.execution_arn.clone(), first.start_date));

    let exists = Err(StartError::ExecutionAlreadyExists);
    assert_eq!(bench.engine.start_execution(&machine, "slack-123", json!({ "x": 2 })), exists);
    let token = bench.token(&first.execution_arn, 0).await;
    bench.engine.send_task_success(&token, json!(1)).unwrap();
    bench.ended(&first.execution_arn).await;
    assert_eq!(bench.engine.start_execution(&machine, "slack-123", json!({ "x": 1 })), exists);
    assert_eq!(bench.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn names_follow_the_rules_of_aws() {
    let bench = Bench::new();
    let machine = load(&bench, "m", &only(json!({ "Type": "Succeed" })));
    let long = "x".repeat(81);
    for name in ["", "a b", "a/b", "a:b", "a#b", "a\u{7f}b", "tab\t", "{x}", "50%", "a,b", &long] {
        let refused = bench.engine.start_execution(&machine, name, json!({}));
        assert_eq!(refused, Err(StartError::InvalidName), "{name:?}");
    }
    for name in ["a-b_c.D1", "grün", "(x)", &long[..80]] {
        assert!(bench.engine.start_execution(&machine, name, json!({})).is_ok(), "{name:?}");
    }
    let unknown = bench.engine.start_execution("arn:aws:states:local:000000000000:stateMachine:x", "e", json!({}));
    assert_eq!(unknown, Err(StartError::StateMachineDoesNotExist));
}

#[tokio::test]
async fn executions_are_listed_newest_first() {
    let bench = Bench::new();
    let machine = load(&bench, "m", &only(json!({ "Type": "Succeed" })));
    for name in ["one", "two", "three"] {
        bench.engine.start_execution(&machine, name, json!({})).unwrap();
    }
    let names: Vec<_> = bench.engine.executions().into_iter().map(|execution| execution.name).collect();
    assert_eq!(names, ["three", "two", "one"]);
}

#[tokio::test]
async fn a_machine_that_is_loaded_again_leaves_running_executions_alone() {
    let bench = Bench::new();
    let machine = load(&bench, "m", &only(with(asking(), json!({ "ResultSelector": { "old.$": "$" } }))));
    let arn = bench.engine.start_execution(&machine, "e", json!({})).unwrap().execution_arn;
    let token = bench.token(&arn, 0).await;
    assert_eq!(load(&bench, "m", &only(json!({ "Type": "Pass", "Result": "new" }))), machine);
    bench.engine.send_task_success(&token, json!(1)).unwrap();
    assert_eq!(bench.ended(&arn).await.output, Some(json!({ "old": 1 })));
    let newer = bench.engine.start_execution(&machine, "f", json!({})).unwrap().execution_arn;
    assert_eq!(bench.ended(&newer).await.output, Some(json!("new")));
}

#[tokio::test]
async fn a_description_tells_the_dates() {
    let bench = Bench::new();
    let arn = bench.start(&only(json!({ "Type": "Wait", "Seconds": 7 })), json!({ "a": 1 }));
    bench.events(&arn, HistoryKind::WaitStateEntered, 1).await;
    assert_eq!(bench.engine.describe_execution(&arn).unwrap().stop_date, None);
    bench.advance(7);
    let description = serde_json::to_value(bench.ended(&arn).await).unwrap();
    let expected = json!({
        "executionArn": "arn:aws:states:local:000000000000:execution:m:e",
        "name": "e",
        "machineArn": "arn:aws:states:local:000000000000:stateMachine:m",
        "status": "SUCCEEDED",
        "input": { "a": 1 },
        "output": { "a": 1 },
        "error": null,
        "cause": null,
        "startDate": "2030-01-01T00:00:00Z",
        "stopDate": "2030-01-01T00:00:07Z"
    });
    assert_eq!(description, expected);
    assert_eq!(bench.engine.describe_execution("arn:nothing"), None);
}
