//! What the history of an execution says about one task and about the end.

use aws_sdk_sfn::types::{HistoryEvent, HistoryEventType};
use serde_json::Value;

use crate::approval::ids::{ApprovalId, TaskToken};
use crate::approval::look_up::TaskFate;

/// What became of the task of this token.
pub(super) fn task_fate(events: &[HistoryEvent], token: &TaskToken) -> TaskFate {
    fate_by_callback(events, &ApprovalId::of(token)).unwrap_or_else(|| fate_by_token(events, token))
}

/// A callback of ours is known by the id in it, since only whoever has the token can have made it. It counts also where
/// Step Functions has cut the data of an event short, or where it came before the function had returned.
fn fate_by_callback(events: &[HistoryEvent], id: &ApprovalId) -> Option<TaskFate> {
    let is_ours = |text: &str| {
        let value = serde_json::from_str::<Value>(text).ok();
        value.is_some_and(|value| value["approvalId"] == id.as_str())
    };
    let ours = events.iter().find(|event| {
        let output = event.task_succeeded_event_details().and_then(|details| details.output());
        let cause = event.task_failed_event_details().and_then(|details| details.cause());
        output.or(cause).is_some_and(is_ours)
    });
    ours.and_then(fate_of_end)
}

/// Follows the events of one task: from the one that scheduled it with this token to the one that ended it.
fn fate_by_token(events: &[HistoryEvent], token: &TaskToken) -> TaskFate {
    let carries_token = |event: &&HistoryEvent| {
        let parameters = event.task_scheduled_event_details().map(|details| details.parameters());
        let parameters = parameters.and_then(|text| serde_json::from_str::<Value>(text).ok());
        parameters.is_some_and(|value| contains(&value, token.expose()))
    };
    let Some(mut last) = events.iter().find(carries_token) else { return TaskFate::Unknown };
    while let Some(next) = events.iter().find(|event| event.previous_event_id() == last.id() && event.id() != last.id())
    {
        last = next;
        if !matches!(next.r#type(), HistoryEventType::TaskStarted | HistoryEventType::TaskSubmitted) {
            // None: the workflow has gone on without an end of the task that we know.
            return fate_of_end(next).unwrap_or(TaskFate::Unknown);
        }
    }
    TaskFate::Open
}

/// How a task ended with this event, if it is one that ends a task.
fn fate_of_end(event: &HistoryEvent) -> Option<TaskFate> {
    let failed = |error: Option<&str>, cause: Option<&str>| {
        let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
        Some(TaskFate::Failed { error: text(error), cause: text(cause) })
    };
    match event.r#type() {
        HistoryEventType::TaskTimedOut => Some(TaskFate::TimedOut),
        HistoryEventType::TaskSucceeded => {
            let output = event.task_succeeded_event_details().and_then(|details| details.output());
            Some(TaskFate::Succeeded(output.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()))
        }
        HistoryEventType::TaskFailed => {
            let details = event.task_failed_event_details();
            failed(details.and_then(|it| it.error()), details.and_then(|it| it.cause()))
        }
        HistoryEventType::TaskStartFailed => {
            let details = event.task_start_failed_event_details();
            failed(details.and_then(|it| it.error()), details.and_then(|it| it.cause()))
        }
        HistoryEventType::TaskSubmitFailed => {
            let details = event.task_submit_failed_event_details();
            failed(details.and_then(|it| it.error()), details.and_then(|it| it.cause()))
        }
        _ => None,
    }
}

/// Whether the execution has ended with this event.
pub(super) fn is_end(kind: &HistoryEventType) -> bool {
    matches!(
        kind,
        HistoryEventType::ExecutionSucceeded
            | HistoryEventType::ExecutionFailed
            | HistoryEventType::ExecutionTimedOut
            | HistoryEventType::ExecutionAborted
    )
}

/// Whether a string anywhere in the value is this one.
fn contains(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Array(items) => items.iter().any(|item| contains(item, wanted)),
        Value::Object(fields) => fields.values().any(|field| contains(field, wanted)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sfn::primitives::DateTime;
    use aws_sdk_sfn::types::{
        TaskFailedEventDetails, TaskScheduledEventDetails, TaskSubmitFailedEventDetails, TaskSucceededEventDetails,
    };
    use serde_json::json;

    use super::*;

    type Details = aws_sdk_sfn::types::builders::HistoryEventBuilder;

    fn event(id: i64, previous: i64, kind: HistoryEventType, details: impl FnOnce(Details) -> Details) -> HistoryEvent {
        let event = HistoryEvent::builder().timestamp(DateTime::from_secs(0)).id(id).previous_event_id(previous);
        details(event.r#type(kind)).build().unwrap()
    }

    /// A history in which the task of `token` was scheduled as event 3, beside the task of another token.
    fn history(end: Vec<HistoryEvent>) -> Vec<HistoryEvent> {
        let scheduled = |id: i64, token: &str| {
            let parameters = json!({"FunctionName": "f", "Payload": {"taskToken": token}}).to_string();
            let details = TaskScheduledEventDetails::builder().resource_type("lambda").resource("invoke");
            let details = details.region("eu-west-1").parameters(parameters).build().unwrap();
            event(id, 2, HistoryEventType::TaskScheduled, |it| it.task_scheduled_event_details(details))
        };
        let mut events = vec![scheduled(3, "a+/="), scheduled(4, "other")];
        events.push(event(5, 3, HistoryEventType::TaskStarted, |it| it));
        events.push(event(6, 5, HistoryEventType::TaskSubmitted, |it| it));
        events.extend(end);
        events
    }

    #[test]
    fn the_end_of_a_task_is_found_by_its_token() {
        let token = TaskToken::parse("a+/=").unwrap();
        let succeeded = TaskSucceededEventDetails::builder().resource_type("lambda").resource("invoke");
        let succeeded = succeeded.output(r#"{"approvalId": "x"}"#).build().unwrap();
        let failed = TaskFailedEventDetails::builder().resource_type("lambda").resource("invoke");
        let failed = failed.error("ApprovalRejected").cause("{}").build().unwrap();
        let submit = TaskSubmitFailedEventDetails::builder().resource_type("lambda").resource("invoke");
        let submit = submit.error("Lambda.Unknown").build().unwrap();
        let failure = |error: &str, cause: &str| TaskFate::Failed { error: error.to_owned(), cause: cause.to_owned() };
        let cases = [
            (vec![], TaskFate::Open),
            (
                vec![event(7, 6, HistoryEventType::TaskSucceeded, |it| it.task_succeeded_event_details(succeeded))],
                TaskFate::Succeeded(json!({"approvalId": "x"})),
            ),
            (
                vec![event(7, 6, HistoryEventType::TaskFailed, |it| it.task_failed_event_details(failed))],
                failure("ApprovalRejected", "{}"),
            ),
            (
                vec![event(7, 6, HistoryEventType::TaskSubmitFailed, |it| it.task_submit_failed_event_details(submit))],
                failure("Lambda.Unknown", ""),
            ),
            (vec![event(7, 6, HistoryEventType::TaskTimedOut, |it| it)], TaskFate::TimedOut),
            (vec![event(7, 6, HistoryEventType::ExecutionAborted, |it| it)], TaskFate::Unknown),
            (vec![event(7, 4, HistoryEventType::TaskTimedOut, |it| it)], TaskFate::Open),
        ];
        for (end, expected) in cases {
            assert_eq!(task_fate(&history(end), &token), expected);
        }
        assert_eq!(task_fate(&history(vec![]), &TaskToken::parse("a+").unwrap()), TaskFate::Unknown);
    }

    #[test]
    fn a_callback_of_ours_is_known_by_its_id_when_the_token_was_cut_off() {
        let (ours, other) = (TaskToken::parse("cut off").unwrap(), TaskToken::parse("other one").unwrap());
        let output = json!({"approvalId": ApprovalId::of(&ours), "status": "approved"});
        let succeeded = TaskSucceededEventDetails::builder().resource_type("lambda").resource("invoke");
        let succeeded = succeeded.output(output.to_string()).build().unwrap();
        let end = event(9, 8, HistoryEventType::TaskSucceeded, |it| it.task_succeeded_event_details(succeeded));
        let events = history(vec![end]);
        assert_eq!(task_fate(&events, &ours), TaskFate::Succeeded(output));
        assert_eq!(task_fate(&events, &other), TaskFate::Unknown);
    }
}
