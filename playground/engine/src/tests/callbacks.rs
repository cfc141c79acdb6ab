//! Task tokens: who completes a waiting task, and who comes too late.

use super::*;
use crate::{TaskFate, TokenError};

fn timed_out() -> Result<(), TokenError> {
    Err(TokenError::TaskTimedOut)
}

#[tokio::test]
async fn the_output_sent_with_the_token_is_the_result() {
    let bench = Bench::new();
    let arn = bench.start(&only(with(asking(), json!({ "ResultPath": "$.answer" }))), json!({ "n": 1 }));
    let token = bench.token(&arn, 0).await;
    assert_eq!(bench.engine.task(&token), TaskFate::Open);
    assert_eq!(bench.engine.send_task_success(&token, json!({ "ok": true })), Ok(()));
    assert_eq!(bench.engine.task(&token), TaskFate::Succeeded(json!({ "ok": true })));
    assert_eq!(bench.ended(&arn).await.output, Some(json!({ "n": 1, "answer": { "ok": true } })));
}

#[tokio::test]
async fn a_failure_sent_with_the_token_is_the_error() {
    let bench = Bench::new();
    let arn = bench.start(&only(asking()), json!({}));
    let token = bench.token(&arn, 0).await;
    assert_eq!(bench.engine.send_task_failure(&token, "ApprovalRejected", "{\"by\":1}"), Ok(()));
    let execution = bench.ended(&arn).await;
    assert_eq!(execution.status, ExecutionStatus::Failed);
    assert_eq!(
        (execution.error.as_deref(), execution.cause.as_deref()),
        (Some("ApprovalRejected"), Some("{\"by\":1}"))
    );
    let fate = TaskFate::Failed { error: "ApprovalRejected".to_owned(), cause: "{\"by\":1}".to_owned() };
    assert_eq!(bench.engine.task(&token), fate);
}

#[tokio::test]
async fn only_the_first_callback_counts() {
    let bench = Bench::new();
    let machine = json!({ "StartAt": "Ask", "States": {
        "Ask": with(asking(), json!({ "Next": "Wait" })),
        "Wait": { "Type": "Wait", "Seconds": 60, "End": true }
    } });
    let arn = bench.start(&machine, json!({}));
    let token = bench.token(&arn, 0).await;
    assert_eq!(bench.engine.send_task_success(&token, json!(1)), Ok(()));
    assert_eq!(bench.engine.send_task_success(&token, json!(2)), timed_out());
    assert_eq!(bench.engine.send_task_failure(&token, "No", ""), timed_out());
    bench.events(&arn, HistoryKind::WaitStateEntered, 1).await;
    assert_eq!(bench.engine.send_task_failure(&token, "No", ""), timed_out());
    assert_eq!(bench.engine.send_task_heartbeat(&token), timed_out());
    bench.advance(60);
    assert_eq!(bench.ended(&arn).await.output, Some(json!(1)));
    assert_eq!(bench.engine.send_task_success(&token, json!(3)), timed_out());
    assert_eq!(bench.engine.task(&token), TaskFate::Succeeded(json!(1)));
}

#[tokio::test]
async fn tokens_that_no_task_was_given() {
    let bench = Bench::new();
    let arn = bench.start(&only(asking()), json!({}));
    let token = bench.token(&arn, 0).await;
    assert_eq!(token.len(), 600);

    let elsewhere = Bench::new();
    assert_eq!(elsewhere.engine.send_task_success(&token, json!(1)), Err(TokenError::TaskDoesNotExist));
    assert_eq!(elsewhere.engine.task(&token), TaskFate::Unknown);
    for malformed in ["", "nonsense", &token[..599], &token[..596], &format!("{token}A"), &token.replace('A', "-")] {
        assert_eq!(bench.engine.send_task_success(malformed, json!(1)), Err(TokenError::InvalidToken), "{malformed}");
        assert_eq!(bench.engine.send_task_heartbeat(malformed), Err(TokenError::InvalidToken));
    }
    assert_eq!(bench.engine.task(&token), TaskFate::Open);
}

#[tokio::test]
async fn a_callback_may_come_before_the_function_returns() {
    let bench = Bench::new();
    let engine = bench.engine.clone();
    let completing = move |payload: Value| {
        engine.send_task_success(payload["token"].as_str().unwrap(), json!("early")).unwrap();
        if payload["input"] == json!("and fail") { Err(error_of(&json!({}))) } else { Ok(json!({})) }
    };
    bench.engine.register("ask", function(completing));
    for (name, input) in [("one", json!({})), ("two", json!("and fail"))] {
        let machine = bench.engine.load("m", &only(asking()).to_string(), &BTreeMap::new()).unwrap();
        let arn = bench.engine.start_execution(&machine, name, input).unwrap().execution_arn;
        assert_eq!(bench.ended(&arn).await.output, Some(json!("early")));
    }
}

#[tokio::test]
async fn a_function_that_fails_fails_the_waiting_task_at_once() {
    let bench = Bench::new();
    let tokens = Arc::new(Mutex::new(Vec::new()));
    let failing = {
        let tokens = Arc::clone(&tokens);
        move |payload: Value| {
            tokens.lock().unwrap().push(payload["token"].as_str().unwrap().to_owned());
            Err(FunctionError { error_type: "SlackDown".to_owned(), message: format!("sent {payload}") })
        }
    };
    bench.engine.register("ask", function(failing));
    let arn = bench.start(&only(with(asking(), json!({ "TimeoutSeconds": 600 }))), json!({}));
    let execution = bench.ended(&arn).await;
    assert_eq!(execution.error.as_deref(), Some("SlackDown"));
    assert_eq!(bench.seconds(), 0);
    let token = tokens.lock().unwrap()[0].clone();
    assert_eq!(bench.engine.send_task_success(&token, json!(1)), timed_out());
    assert!(matches!(bench.engine.task(&token), TaskFate::Failed { error, .. } if error == "SlackDown"));
}

#[tokio::test]
async fn stopping_an_execution_closes_its_tasks_in_the_same_moment() {
    let bench = Bench::new();
    let arn = bench.start(&only(asking()), json!({}));
    let token = bench.token(&arn, 0).await;
    bench.engine.stop_execution(&arn, "Operator", "not needed any more").unwrap();
    assert_eq!(bench.engine.send_task_success(&token, json!(1)), timed_out());
    assert_eq!(bench.engine.task(&token), TaskFate::Aborted);
    let execution = bench.engine.describe_execution(&arn).unwrap();
    assert_eq!(execution.status, ExecutionStatus::Aborted);
    assert_eq!(execution.error.as_deref(), Some("Operator"));
    assert_eq!(execution.cause.as_deref(), Some("not needed any more"));
    bench.settle().await;
    assert_eq!(bench.engine.history(&arn).last().unwrap().kind, HistoryKind::ExecutionAborted);
    // Stopping once more changes nothing.
    bench.engine.stop_execution(&arn, "Other", "").unwrap();
    assert_eq!(bench.engine.describe_execution(&arn), Some(execution));
    assert!(bench.engine.stop_execution("arn:nothing", "", "").is_err());
}

#[tokio::test]
async fn no_token_is_in_a_history_or_a_description() {
    let bench = Bench::new();
    bench.engine.register(
        "ask",
        function({
            let asked = Arc::clone(&bench.asked);
            move |payload| {
                asked.lock().unwrap().push(payload.clone());
                let encoded = payload["token"].as_str().unwrap().replace('+', "%2B").replace('/', "%2F");
                Ok(json!({ "echo": payload, "link": format!("https://x/?token={encoded}&a=1") }))
            }
        }),
    );
    let arn = bench.start(&only(asking()), json!({}));
    let token = bench.token(&arn, 0).await;
    let cause = format!("the token is {token}!");
    bench.engine.send_task_failure(&token, "Bad", &cause).unwrap();
    let execution = bench.ended(&arn).await;
    assert_eq!(execution.cause.as_deref(), Some("the token is [task token]!"));
    let history = serde_json::to_string(&bench.engine.history(&arn)).unwrap();
    // Any 40 characters of it would be enough to recognise it.
    for start in (8..560).step_by(40) {
        assert!(!history.contains(&token[start..start + 40]), "{history}");
    }
    assert!(history.contains("the token is [task token]!"), "{history}");
    assert!(history.contains("https://x/?token=[task token]&a=1"), "{history}");
}

#[tokio::test]
async fn a_token_belongs_to_one_execution_and_all_tries_of_a_visit_to_one_event() {
    let bench = Bench::new();
    let retry = json!([{ "ErrorEquals": ["Lost"], "IntervalSeconds": 1, "MaxAttempts": 1 }]);
    let arn = bench.start(&only(with(asking(), json!({ "Retry": retry }))), json!({}));
    let first = bench.token(&arn, 0).await;
    bench.engine.send_task_failure(&first, "Lost", "").unwrap();
    bench.events(&arn, HistoryKind::TaskFailed, 1).await;
    bench.advance(1);
    let second = bench.token(&arn, 1).await;
    let [first, task] = [&first, &second].map(|token| bench.engine.task_of(&arn, token).unwrap());
    assert_eq!((first.entered, &task.fate), (task.entered, &TaskFate::Open));
    assert!(first.scheduled < task.scheduled);
    let machine = bench.engine.describe_execution(&arn).unwrap().machine_arn;
    let other = bench.engine.start_execution(&machine, "other", json!({})).unwrap().execution_arn;
    assert_eq!(bench.engine.task_of(&other, &second), None);
}

#[tokio::test]
async fn a_message_to_a_queue_is_its_text_and_waits_for_the_token_in_it() {
    let bodies = [
        ("Parameters", "JSONPath", json!({ "token.$": "$$.Task.Token" })),
        ("Arguments", "JSONata", json!({ "token": "{% $states.context.Task.Token %}" })),
    ];
    for (field, language, body) in bodies {
        let bench = Bench::new();
        let state = json!({
            "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "QueryLanguage": language,
            field: { "QueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/ask", "MessageBody": body },
            "TimeoutSeconds": 600
        });
        let arn = bench.start(&only(state), json!({}));
        bench.events(&arn, HistoryKind::TaskSubmitted, 1).await;
        let sent: Value = {
            let asked = bench.asked.lock().unwrap();
            serde_json::from_str(asked[0].as_str().unwrap()).unwrap()
        };
        assert_eq!(bench.engine.send_task_success(sent["token"].as_str().unwrap(), json!("done")), Ok(()));
        assert_eq!(bench.ended(&arn).await.output, Some(json!("done")));
    }
}
