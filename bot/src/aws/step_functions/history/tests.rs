use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types::builders::HistoryEventBuilder;
use aws_sdk_sfn::types::{
    TaskFailedEventDetails, TaskScheduledEventDetails, TaskSubmitFailedEventDetails, TaskSucceededEventDetails,
};
use serde_json::json;

use super::*;
use crate::approval::ids::ApprovalId;

fn event(id: i64, previous: i64, kind: HistoryEventType) -> HistoryEvent {
    with(id, previous, kind, |it| it)
}

fn with(
    id: i64,
    previous: i64,
    kind: HistoryEventType,
    details: impl FnOnce(HistoryEventBuilder) -> HistoryEventBuilder,
) -> HistoryEvent {
    let event = HistoryEvent::builder().timestamp(DateTime::from_secs(0)).id(id).previous_event_id(previous);
    details(event.r#type(kind)).build().unwrap()
}

fn scheduled(id: i64, previous: i64, resource: &str, payload: Value) -> HistoryEvent {
    let parameters = json!({ "FunctionName": "f", "Payload": payload }).to_string();
    let details = TaskScheduledEventDetails::builder().resource_type("lambda").resource(resource);
    let details = details.region("eu-west-1").parameters(parameters).build().unwrap();
    with(id, previous, HistoryEventType::TaskScheduled, |it| it.task_scheduled_event_details(details))
}

fn asked(id: i64, previous: i64, token: &str) -> HistoryEvent {
    scheduled(id, previous, "invoke.waitForTaskToken", json!({ "taskToken": token }))
}

fn succeeded(id: i64, previous: i64, output: &Value) -> HistoryEvent {
    let details = TaskSucceededEventDetails::builder().resource_type("lambda").resource("invoke");
    let details = details.output(output.to_string()).build().unwrap();
    with(id, previous, HistoryEventType::TaskSucceeded, |it| it.task_succeeded_event_details(details))
}

fn failed(id: i64, previous: i64, error: &str, cause: &str) -> HistoryEvent {
    let details = TaskFailedEventDetails::builder().resource_type("lambda").resource("invoke");
    let details = details.error(error).cause(cause).build().unwrap();
    with(id, previous, HistoryEventType::TaskFailed, |it| it.task_failed_event_details(details))
}

/// What a history tells of a task that is read as it comes in.
fn task(events: &[HistoryEvent], token: &TaskToken) -> Option<(Attempt, TaskFate)> {
    let mut history = History::of(token);
    for event in events {
        history.read(vec![event.clone()]);
    }
    history.task()
}

#[test]
fn the_data_of_other_tasks_is_not_kept() {
    let output = json!({ "large": "x".repeat(1_000) });
    let token = token();
    let mut history = History::of(&token);
    history.read(vec![
        event(1, 0, HistoryEventType::TaskStateEntered),
        asked(2, 1, "other"),
        succeeded(3, 2, &output),
        asked(4, 1, "a+/="),
        asked(5, 3, "another"),
        succeeded(6, 4, &json!({ "ours": true })),
        succeeded(7, 5, &output),
    ]);
    assert_eq!(history.task().unwrap().1, TaskFate::Succeeded(json!({ "ours": true })));
    let kept = format!("{:?}", history.events);
    assert!(!kept.contains("xxx") && !kept.contains("other") && history.events.len() == 7, "{kept}");
}

/// A message may be an object or text that was put together; a token elsewhere in it proves nothing.
#[test]
fn a_task_is_found_by_the_token_in_its_message() {
    let sent = |body: &Value| {
        let parameters =
            json!({ "QueueUrl": "q", "MessageBody": body, "Payload": { "taskToken": "other" } }).to_string();
        let details =
            TaskScheduledEventDetails::builder().resource_type("sqs").resource("sendMessage.waitForTaskToken");
        let details = details.region("eu-west-1").parameters(parameters).build().unwrap();
        [
            event(1, 0, HistoryEventType::TaskStateEntered),
            with(2, 1, HistoryEventType::TaskScheduled, |it| it.task_scheduled_event_details(details)),
        ]
    };
    let body = json!({ "taskToken": "a+/=" });
    for body in [body.clone(), json!(body.to_string())] {
        let found = task(&sent(&body), &token()).unwrap();
        assert_eq!(found, (Attempt { entered: 1, scheduled: 2 }, TaskFate::Open));
    }
    for body in [json!({ "approval": { "taskToken": "a+/=" } }), json!("a+/="), json!({ "taskToken": "other" })] {
        assert_eq!(task(&sent(&body), &token()), None, "{body}");
    }
}

fn token() -> TaskToken {
    TaskToken::parse("a+/=").unwrap()
}

/// Two branches, each with a task that waits: ours was scheduled as event 5, the other as event 6.
fn two_branches(end: Vec<HistoryEvent>) -> Vec<HistoryEvent> {
    let mut events = vec![
        event(1, 0, HistoryEventType::ExecutionStarted),
        event(2, 1, HistoryEventType::ParallelStateStarted),
        event(3, 2, HistoryEventType::TaskStateEntered),
        event(4, 2, HistoryEventType::TaskStateEntered),
        asked(5, 3, "a+/="),
        asked(6, 4, "other"),
        event(7, 5, HistoryEventType::TaskStarted),
        event(8, 7, HistoryEventType::TaskSubmitted),
    ];
    events.extend(end);
    events
}

#[test]
fn the_end_of_a_task_is_found_by_its_token() {
    let submit = TaskSubmitFailedEventDetails::builder().resource_type("lambda").resource("invoke");
    let submit = submit.error("Lambda.Unknown").build().unwrap();
    let failure = |error: &str, cause: &str| TaskFate::Failed { error: error.to_owned(), cause: cause.to_owned() };
    let cases = [
        (vec![], TaskFate::Open),
        (vec![succeeded(9, 8, &json!({ "approvalId": "x" }))], TaskFate::Succeeded(json!({ "approvalId": "x" }))),
        (vec![failed(9, 8, "ApprovalRejected", "{}")], failure("ApprovalRejected", "{}")),
        (
            vec![with(9, 8, HistoryEventType::TaskSubmitFailed, |it| it.task_submit_failed_event_details(submit))],
            failure("Lambda.Unknown", ""),
        ),
        (vec![event(9, 8, HistoryEventType::TaskTimedOut)], TaskFate::TimedOut),
        (vec![event(9, 8, HistoryEventType::TaskStateAborted)], TaskFate::Abandoned),
        (vec![event(9, 8, HistoryEventType::ExecutionAborted)], TaskFate::Open),
        (vec![event(9, 6, HistoryEventType::TaskTimedOut)], TaskFate::Open),
    ];
    for (end, expected) in cases {
        let (attempt, fate) = task(&two_branches(end), &token()).unwrap();
        assert_eq!((attempt, fate), (Attempt { entered: 3, scheduled: 5 }, expected));
    }
}

#[test]
fn a_task_of_another_branch_that_ends_with_our_id_is_not_ours() {
    let ours = json!({ "approvalId": ApprovalId::of(&token()), "status": "approved" });
    let ends = [succeeded(9, 6, &ours), failed(9, 6, "ApprovalRejected", &ours.to_string())];
    for end in ends {
        assert_eq!(task(&two_branches(vec![end]), &token()).unwrap().1, TaskFate::Open);
    }
}

#[test]
fn a_token_that_came_into_an_execution_from_outside_proves_nothing() {
    let cases = [
        scheduled(5, 3, "invoke", json!({ "taskToken": "a+/=" })),
        scheduled(5, 3, "invoke.waitForTaskToken", json!({ "taskToken": "own", "approval": { "title": "a+/=" } })),
        scheduled(5, 3, "invoke.waitForTaskToken", json!({ "taskToken": "own", "input": { "taskToken": "a+/=" } })),
        scheduled(5, 3, "invoke.waitForTaskToken", json!("a+/=")),
    ];
    for event in cases {
        assert_eq!(task(&[event], &token()), None);
    }
}

#[test]
fn the_attempts_of_a_visit_share_the_event_with_which_the_state_was_entered() {
    let mut events = two_branches(vec![event(9, 8, HistoryEventType::TaskTimedOut), asked(10, 9, "again")]);
    events.push(event(11, 10, HistoryEventType::TaskStarted));
    let again = TaskToken::parse("again").unwrap();
    let (later, fate) = task(&events, &again).unwrap();
    assert_eq!((later, fate), (Attempt { entered: 3, scheduled: 10 }, TaskFate::Open));
    let earlier = task(&events, &token()).unwrap();
    assert_eq!(earlier.1, TaskFate::TimedOut);
    assert!(later.follows(&earlier.0));
    let other = task(&events, &TaskToken::parse("other").unwrap()).unwrap().0;
    assert!(!later.follows(&other) && !other.follows(&earlier.0));
}
