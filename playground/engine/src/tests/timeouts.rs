//! Timeouts: of tasks, of heartbeats and of machines, and who wins when a callback comes at the same moment.

use super::*;
use crate::{TaskFate, TokenError};

fn waiting(fields: Value) -> Value {
    only(with(asking(), fields))
}

/// Catches the named error, whose output then ends the execution.
fn catching(error: &str, fields: Value) -> Value {
    let catch = json!({ "Catch": [{ "ErrorEquals": [error], "Next": "Caught" }], "End": true });
    json!({ "StartAt": "Ask", "States": {
        "Ask": with(with(asking(), fields), catch),
        "Caught": { "Type": "Succeed" }
    } })
}

#[tokio::test]
async fn a_task_times_out_at_its_deadline_and_not_before() {
    let bench = Bench::new();
    let arn = bench.start(&waiting(json!({ "TimeoutSeconds": 600 })), json!({}));
    let token = bench.token(&arn, 0).await;
    bench.advance(599);
    bench.settle().await;
    assert_eq!(bench.engine.task(&token), TaskFate::Open);
    bench.advance(1);
    let execution = bench.ended(&arn).await;
    // As on AWS, a timeout that nothing catches fails the execution; TIMED_OUT is for the machine's own timeout.
    assert_eq!(execution.status, ExecutionStatus::Failed);
    assert_eq!((execution.error.as_deref(), execution.cause), (Some("States.Timeout"), None));
    assert_eq!(bench.engine.task(&token), TaskFate::TimedOut);
}

#[tokio::test]
async fn a_callback_just_before_the_deadline_wins() {
    let bench = Bench::new();
    let arn = bench.start(&waiting(json!({ "TimeoutSeconds": 10 })), json!({}));
    let token = bench.token(&arn, 0).await;
    bench.advance(9);
    assert_eq!(bench.engine.send_task_success(&token, json!("in time")), Ok(()));
    // The deadline passes before the execution had a chance to look at the callback.
    bench.advance(1);
    assert_eq!(bench.ended(&arn).await.output, Some(json!("in time")));
    assert_eq!(count_of(&bench.engine, &arn, HistoryKind::TaskTimedOut), 0);
}

#[tokio::test]
async fn a_callback_at_the_deadline_is_too_late_even_before_the_timer_ran() {
    let bench = Bench::new();
    let arn = bench.start(&waiting(json!({ "TimeoutSeconds": 10 })), json!({}));
    let token = bench.token(&arn, 0).await;
    bench.advance(10);
    // Nothing was awaited since: the timer has not run.
    assert_eq!(bench.engine.describe_execution(&arn).unwrap().status, ExecutionStatus::Running);
    assert_eq!(bench.engine.send_task_success(&token, json!(1)), Err(TokenError::TaskTimedOut));
    assert_eq!(bench.engine.task(&token), TaskFate::TimedOut);
    assert_eq!(bench.ended(&arn).await.error.as_deref(), Some("States.Timeout"));
    assert_eq!(count_of(&bench.engine, &arn, HistoryKind::TaskTimedOut), 1);
}

#[tokio::test]
async fn looking_at_a_task_at_its_deadline_shows_the_timeout() {
    let bench = Bench::new();
    let arn = bench.start(&waiting(json!({ "TimeoutSeconds": 10 })), json!({}));
    let token = bench.token(&arn, 0).await;
    bench.advance(10);
    assert_eq!(bench.engine.task(&token), TaskFate::TimedOut);
    assert_eq!(bench.ended(&arn).await.error.as_deref(), Some("States.Timeout"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callbacks_and_timeouts_that_race_have_one_winner() {
    for _ in 0..50 {
        let bench = Bench::new();
        let arn = bench.start(&waiting(json!({ "TimeoutSeconds": 10 })), json!({}));
        let token = bench.token(&arn, 0).await;
        let senders: Vec<_> = (0..4)
            .map(|number| {
                let (engine, token) = (bench.engine.clone(), token.clone());
                tokio::task::spawn_blocking(move || engine.send_task_success(&token, json!(number)).is_ok())
            })
            .collect();
        bench.advance(10);
        let mut accepted = 0;
        for sender in senders {
            accepted += usize::from(sender.await.unwrap());
        }
        let execution = bench.ended(&arn).await;
        let (succeeded, fate) = (execution.status == ExecutionStatus::Succeeded, bench.engine.task(&token));
        assert_eq!(accepted, usize::from(succeeded));
        match execution.output {
            Some(output) => assert_eq!(fate, TaskFate::Succeeded(output)),
            None => assert_eq!(fate, TaskFate::TimedOut),
        }
    }
}

#[tokio::test]
async fn the_timeout_can_come_from_the_input() {
    let bench = Bench::new();
    let arn = bench
        .start(&waiting(json!({ "TimeoutSecondsPath": "$.limits.seconds" })), json!({ "limits": { "seconds": 30 } }));
    let token = bench.token(&arn, 0).await;
    bench.advance(29);
    bench.settle().await;
    assert_eq!(bench.engine.task(&token), TaskFate::Open);
    bench.advance(1);
    assert_eq!(bench.ended(&arn).await.error.as_deref(), Some("States.Timeout"));

    for wrong in [json!({}), json!({ "limits": { "seconds": 0 } }), json!({ "limits": { "seconds": "30" } })] {
        let execution = run(waiting(json!({ "TimeoutSecondsPath": "$.limits.seconds" })), wrong).await;
        assert_eq!(execution.error.as_deref(), Some("States.Runtime"));
    }
}

#[tokio::test]
async fn heartbeats_keep_a_task_open_until_they_stop() {
    let bench = Bench::new();
    let arn = bench.start(&waiting(json!({ "HeartbeatSeconds": 10, "TimeoutSeconds": 100 })), json!({}));
    let token = bench.token(&arn, 0).await;
    for _ in 0..3 {
        bench.advance(9);
        bench.settle().await;
        assert_eq!(bench.engine.send_task_heartbeat(&token), Ok(()));
    }
    bench.advance(9);
    bench.settle().await;
    assert_eq!(bench.engine.task(&token), TaskFate::Open);
    bench.advance(1);
    assert_eq!(bench.engine.send_task_heartbeat(&token), Err(TokenError::TaskTimedOut));
    assert_eq!(bench.ended(&arn).await.error.as_deref(), Some("States.Timeout"));
    assert_eq!(bench.seconds(), 37);
}

#[tokio::test]
async fn heartbeats_do_not_put_off_the_timeout() {
    let bench = Bench::new();
    let arn = bench.start(&waiting(json!({ "HeartbeatSeconds": 10, "TimeoutSeconds": 15 })), json!({}));
    let token = bench.token(&arn, 0).await;
    bench.advance(9);
    bench.engine.send_task_heartbeat(&token).unwrap();
    bench.advance(6);
    assert_eq!(bench.ended(&arn).await.error.as_deref(), Some("States.Timeout"));
}

#[tokio::test]
async fn of_two_deadlines_that_passed_at_once_the_earlier_counts() {
    for (heartbeat_at, missed_heartbeat) in [(0, true), (9, false)] {
        let bench = Bench::new();
        let fields = json!({ "HeartbeatSeconds": 10, "TimeoutSeconds": 15 });
        let arn = bench.start(&catching("States.HeartbeatTimeout", fields), json!({}));
        let token = bench.token(&arn, 0).await;
        bench.advance(heartbeat_at);
        bench.engine.send_task_heartbeat(&token).unwrap();
        bench.advance(100);
        assert_eq!(bench.ended(&arn).await.output.is_some(), missed_heartbeat);
    }
}

#[tokio::test]
async fn a_heartbeat_timeout_is_caught_by_both_names_and_not_as_a_failure() {
    let fields = json!({ "HeartbeatSeconds": 10 });
    for (name, caught) in [
        ("States.HeartbeatTimeout", true),
        ("States.Timeout", true),
        ("States.ALL", true),
        ("States.TaskFailed", false),
    ] {
        let bench = Bench::new();
        let arn = bench.start(&catching(name, fields.clone()), json!({}));
        bench.token(&arn, 0).await;
        bench.advance(10);
        let execution = bench.ended(&arn).await;
        let expected = caught.then(|| json!({ "Error": "States.Timeout", "Cause": "" }));
        assert_eq!(execution.output, expected, "{name}");
    }
}

#[tokio::test]
async fn a_timeout_is_not_a_heartbeat_timeout() {
    for (name, caught) in [("States.HeartbeatTimeout", false), ("States.Timeout", true), ("States.TaskFailed", false)] {
        let bench = Bench::new();
        let arn = bench.start(&catching(name, json!({ "TimeoutSeconds": 10 })), json!({}));
        bench.token(&arn, 0).await;
        bench.advance(10);
        assert_eq!(bench.ended(&arn).await.output.is_some(), caught, "{name}");
    }
}

#[tokio::test]
async fn a_function_that_does_not_return_times_out() {
    let bench = Bench::new();
    bench.engine.register("slow", Arc::new(|_| Box::pin(std::future::pending())));
    let arn = bench.start(&only(with(calling("slow"), json!({ "TimeoutSeconds": 5 }))), json!({}));
    bench.events(&arn, HistoryKind::LambdaFunctionStarted, 1).await;
    bench.advance(5);
    assert_eq!(bench.ended(&arn).await.error.as_deref(), Some("States.Timeout"));
    assert_eq!(count_of(&bench.engine, &arn, HistoryKind::LambdaFunctionTimedOut), 1);
}

#[tokio::test]
async fn the_machines_own_timeout_ends_everything_and_cannot_be_caught() {
    let bench = Bench::new();
    let machine = with(catching("States.ALL", json!({ "TimeoutSeconds": 100 })), json!({ "TimeoutSeconds": 60 }));
    let arn = bench.start(&machine, json!({}));
    let token = bench.token(&arn, 0).await;
    bench.advance(60);
    // Before the timer ran, the token is closed already.
    assert_eq!(bench.engine.send_task_success(&token, json!(1)), Err(TokenError::TaskTimedOut));
    let execution = bench.ended(&arn).await;
    assert_eq!(execution.status, ExecutionStatus::TimedOut);
    assert_eq!((execution.output, execution.error.as_deref()), (None, Some("States.Timeout")));
    assert_eq!(bench.engine.task(&token), TaskFate::TimedOut);
    assert_eq!(bench.engine.history(&arn).last().unwrap().kind, HistoryKind::ExecutionTimedOut);
}

#[tokio::test]
async fn stopping_a_machine_whose_time_is_over_finds_it_timed_out() {
    let bench = Bench::new();
    let arn = bench.start(&with(waiting(json!({})), json!({ "TimeoutSeconds": 60 })), json!({}));
    bench.token(&arn, 0).await;
    bench.advance(60);
    bench.engine.stop_execution(&arn, "Operator", "").unwrap();
    assert_eq!(bench.engine.describe_execution(&arn).unwrap().status, ExecutionStatus::TimedOut);
}

#[tokio::test]
async fn an_execution_that_ends_in_time_does_not_time_out_later() {
    let bench = Bench::new();
    let arn = bench.start(&with(waiting(json!({})), json!({ "TimeoutSeconds": 60 })), json!({}));
    let token = bench.token(&arn, 0).await;
    bench.advance(59);
    bench.engine.send_task_success(&token, json!("done")).unwrap();
    let execution = bench.ended(&arn).await;
    bench.advance(1000);
    bench.settle().await;
    assert_eq!(bench.engine.describe_execution(&arn), Some(execution));
}
