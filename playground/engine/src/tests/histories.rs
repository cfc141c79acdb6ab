//! What the history and the subscribers are told.

use super::*;

#[tokio::test]
async fn a_task_that_waits_leaves_aws_s_events() {
    let bench = Bench::new();
    let arn =
        bench.start(&only(with(asking(), json!({ "TimeoutSeconds": 600, "HeartbeatSeconds": 60 }))), json!({ "n": 1 }));
    let token = bench.token(&arn, 0).await;
    bench.advance(5);
    bench.engine.send_task_success(&token, json!("yes")).unwrap();
    bench.ended(&arn).await;
    let history = bench.engine.history(&arn);
    let kinds: Vec<_> = history.iter().map(|event| event.kind.to_string()).collect();
    let expected = [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ];
    assert_eq!(kinds, expected);
    let previous: Vec<_> = history.iter().map(|event| event.previous_id).collect();
    // As AWS has it, the first state follows from 0 too.
    assert_eq!(previous, [0, 0, 2, 3, 4, 5, 6, 7]);
    let scheduled = serde_json::to_value(&history[2]).unwrap();
    let expected = json!({
        "id": 3,
        "previousEventId": 2,
        "timestamp": "2030-01-01T00:00:00Z",
        "type": "TaskScheduled",
        "state": "Only",
        "details": {
            "resourceType": "lambda",
            "resource": "invoke.waitForTaskToken",
            "parameters": { "FunctionName": "ask", "Payload": { "token": "[task token]", "input": { "n": 1 } } },
            "timeoutInSeconds": 600,
            "heartbeatInSeconds": 60
        }
    });
    assert_eq!(scheduled, expected);
    assert_eq!(history[5].details["output"], "yes");
    assert_eq!(history[5].timestamp.as_second() - START, 5);
}

#[tokio::test]
async fn a_failed_task_has_no_exit() {
    let bench = Bench::new();
    let arn = bench.start(&only(calling("fail")), json!({ "error": "Bad" }));
    bench.ended(&arn).await;
    let kinds: Vec<_> = bench.engine.history(&arn).iter().map(|event| event.kind).collect();
    let expected = [
        HistoryKind::ExecutionStarted,
        HistoryKind::TaskStateEntered,
        HistoryKind::LambdaFunctionScheduled,
        HistoryKind::LambdaFunctionStarted,
        HistoryKind::LambdaFunctionFailed,
        HistoryKind::ExecutionFailed,
    ];
    assert_eq!(kinds, expected);
}

#[tokio::test]
async fn subscribers_see_the_same_events_and_each_change_of_status() {
    let bench = Bench::new();
    let mut events = bench.engine.subscribe();
    let arn = bench.start(&only(json!({ "Type": "Pass" })), json!({}));
    bench.ended(&arn).await;
    let (mut history, mut statuses) = (Vec::new(), Vec::new());
    while let Ok(event) = events.try_recv() {
        match event {
            EngineEvent::History { execution_arn, event } => {
                assert_eq!(execution_arn, arn);
                history.push(event);
            }
            EngineEvent::Status(execution) => statuses.push(execution.status),
        }
    }
    assert_eq!(history, bench.engine.history(&arn));
    assert_eq!(statuses, [ExecutionStatus::Running, ExecutionStatus::Succeeded]);
    assert!(bench.engine.history("arn:nothing").is_empty());
}
