//! The histories of executions as AWS documents them: ministack's events name neither the event before nor the parameters
//! of a task, and call a timeout a failure.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html>

use std::sync::Mutex;

use axum::body::Bytes;
use axum::http::Response;
use axum::http::header::CONTENT_LENGTH;
use serde_json::{Map, Value, json};

/// What a task fails with whose function was not invoked.
pub(crate) const THROTTLED: &str = "Lambda.TooManyRequestsException";

/// The tasks that wait for people, as the functions record them.
#[derive(Default)]
pub(crate) struct Histories {
    tasks: Mutex<Vec<Task>>,
}

#[derive(Clone, PartialEq)]
struct Task {
    execution: String,
    token: String,
    /// When its state was entered, in milliseconds.
    entered_at: f64,
}

impl Histories {
    /// Learns of a task from the record that a function writes of it.
    pub(crate) fn learn(&self, written: &Value) {
        let one = written.get("Item").into_iter();
        let several = written["TransactItems"].as_array().into_iter().flatten().map(|item| &item["Put"]["Item"]);
        for item in one.chain(several) {
            // What is not proven yet is listed apart, under the same execution.
            let text =
                |name: &str| item[name]["S"].as_str().map(|text| text.trim_start_matches("unproven#").to_owned());
            let entered_at = item["raised_at"]["N"].as_str().and_then(|number| number.parse().ok());
            let task =
                (|| Some(Task { execution: text("execution")?, token: text("token")?, entered_at: entered_at? }))();
            let mut tasks = self.tasks.lock().unwrap();
            if let Some(task) = task.filter(|task| !tasks.contains(task)) {
                tasks.push(task);
            }
        }
    }

    /// The answer to `GetExecutionHistory`, completed.
    pub(crate) fn answer(&self, asked: &Value, answer: Response<Bytes>) -> Response<Bytes> {
        let (mut head, body) = answer.into_parts();
        let Ok(mut history) = serde_json::from_slice::<Value>(&body) else { return Response::from_parts(head, body) };
        self.complete(asked["executionArn"].as_str().unwrap_or_default(), &mut history);
        head.headers.remove(CONTENT_LENGTH);
        Response::from_parts(head, history.to_string().into())
    }

    fn complete(&self, execution: &str, history: &mut Value) {
        let Some(events) = history["events"].as_array_mut() else { return };
        let tasks = self.tasks.lock().unwrap();
        for task in tasks.iter().filter(|task| task.execution == execution) {
            if let Some(entered) = entered(events, task) {
                give_token(&mut events[entered + 1..], &task.token);
            }
        }
        events.iter_mut().filter_map(Value::as_object_mut).for_each(complete);
    }
}

/// The event with which the state of a task was entered: the nearest in time of those whose task waits for a token.
fn entered(events: &[Value], task: &Task) -> Option<usize> {
    let distance = |at: &usize| {
        let seconds = events[*at]["timestamp"].as_f64().unwrap_or_default();
        // Whole milliseconds sort as integers do.
        #[expect(clippy::cast_possible_truncation, reason = "the distance of two moments of one run")]
        let distance = (seconds * 1_000.0 - task.entered_at).abs() as u64;
        distance
    };
    let is_entered =
        |at: &usize| events[*at]["type"] == "TaskStateEntered" && events.get(at + 1).is_some_and(waits_for_token);
    (0..events.len()).filter(is_entered).min_by_key(distance)
}

fn waits_for_token(event: &Value) -> bool {
    let resource = event["taskScheduledEventDetails"]["resource"].as_str();
    resource.is_some_and(|resource| resource.ends_with(".waitForTaskToken"))
}

/// Every attempt of the state hands the token on, which ministack keeps. On AWS each has one of its own, so that of an
/// attempt whose function was never invoked is unknown.
fn give_token(events: &mut [Value], token: &str) {
    let ended = events.iter().position(|event| event["type"] == "TaskStateExited").unwrap_or(events.len());
    for at in 0..ended {
        let next = events.get(at + 1);
        let is_throttled = next.is_some_and(|next| next["taskFailedEventDetails"]["error"] == THROTTLED);
        if waits_for_token(&events[at]) && !is_throttled {
            let resource = events[at]["taskScheduledEventDetails"]["resource"].as_str().unwrap_or_default();
            let parameters = match resource.contains("sendMessage") {
                true => json!({ "QueueUrl": "requests", "MessageBody": { "taskToken": token } }),
                false => json!({ "FunctionName": "notifier", "Payload": { "taskToken": token } }),
            };
            events[at]["taskScheduledEventDetails"]["parameters"] = json!(parameters.to_string());
        }
    }
}

/// What ministack leaves out of an event. Its states follow one after the other.
fn complete(event: &mut Map<String, Value>) {
    let previous = event.get("id").and_then(Value::as_i64).unwrap_or_default() - 1;
    event.entry("previousEventId").or_insert(json!(previous));
    if event["type"] == "TaskFailed" && event["taskFailedEventDetails"]["error"] == "States.Timeout" {
        event.insert("type".to_owned(), json!("TaskTimedOut"));
        let details = event.remove("taskFailedEventDetails").unwrap_or_default();
        event.insert("taskTimedOutEventDetails".to_owned(), details);
    }
    let details = event.iter_mut().find(|(name, _)| name.starts_with("task") && name.ends_with("EventDetails"));
    let Some(details) = details.and_then(|(_, details)| details.as_object_mut()) else { return };
    let resource = details.get("resource").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some((kind, action)) = resource.strip_prefix("arn:aws:states:::").and_then(|rest| rest.split_once(':')) {
        details.insert("resourceType".to_owned(), json!(kind));
        details.insert("resource".to_owned(), json!(action));
    }
    details.entry("resourceType").or_insert(json!("lambda"));
    details.entry("region").or_insert(json!("eu-west-1"));
    details.entry("parameters").or_insert(json!("{}"));
}
