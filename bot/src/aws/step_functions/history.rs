//! What the history of an execution says about one task and about the end.
//!
//! A task is the chain of events that begins with the one that scheduled it with its very token. Outputs, causes and ids
//! prove nothing: whoever knows an approval's id can make another task end with it.

use aws_sdk_sfn::types::{HistoryEvent, HistoryEventType};
use serde_json::Value;

use crate::approval::ids::TaskToken;
use crate::approval::look_up::{Attempt, TaskFate};

/// What an integration that waits for its token ends with:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token>.
const WAITS_FOR_TOKEN: &str = ".waitForTaskToken";

/// The events of a history, with the data of this token's task alone: those of others may have 256 KB each, and there may
/// be thousands.
pub(super) struct History<'a> {
    token: &'a TaskToken,
    events: Vec<HistoryEvent>,
    /// The latest event of the task, until it has ended.
    latest: Option<i64>,
    has_ended: bool,
}

impl<'a> History<'a> {
    /// A history that is still to be read, for the task of this token.
    pub(super) fn of(token: &'a TaskToken) -> Self {
        Self { token, events: Vec::new(), latest: None, has_ended: false }
    }

    /// Takes the events in their order.
    pub(super) fn read(&mut self, events: Vec<HistoryEvent>) {
        for event in events {
            let is_ours = match self.latest {
                Some(latest) => event.previous_event_id() == latest && !self.has_ended,
                None => is_scheduled_with(&event, self.token),
            };
            if is_ours {
                self.latest = Some(event.id());
                self.has_ended = fate_of_end(&event).is_some();
            }
            self.events.push(if is_ours { event } else { without_data(event) });
        }
    }

    /// The task that was scheduled with the token: which attempt of its state it is, and what became of it.
    pub(super) fn task(&self) -> Option<(Attempt, TaskFate)> {
        task(&self.events, self.token)
    }

    /// Whether the execution has ended with the last of the events.
    pub(super) fn ends(&self) -> bool {
        self.events.last().is_some_and(|event| is_end(event.r#type()))
    }
}

fn without_data(event: HistoryEvent) -> HistoryEvent {
    let bare = HistoryEvent::builder().timestamp(*event.timestamp()).r#type(event.r#type().clone()).id(event.id());
    // It is built of all that has to be there.
    bare.previous_event_id(event.previous_event_id()).build().unwrap_or(event)
}

/// The task that was scheduled with this token: which attempt of its state it is, and what became of it.
fn task(events: &[HistoryEvent], token: &TaskToken) -> Option<(Attempt, TaskFate)> {
    // A token exists from the scheduling of its task on, so what holds it later is at most a copy.
    let scheduled = events.iter().find(|event| is_scheduled_with(event, token))?;
    let attempt = Attempt { entered: entered(events, scheduled).id(), scheduled: scheduled.id() };
    Some((attempt, fate(events, scheduled)))
}

/// Whether this event scheduled a task that hands the token on where the contract has it: in what a function is invoked
/// with, or in a message. Other text of the parameters may have come in from outside, with a token of another execution in
/// it.
fn is_scheduled_with(event: &HistoryEvent, token: &TaskToken) -> bool {
    let Some(details) = event.task_scheduled_event_details() else { return false };
    let parameters = serde_json::from_str::<Value>(details.parameters()).unwrap_or_default();
    let handed_on = match &parameters["MessageBody"] {
        Value::Null => parameters["Payload"]["taskToken"].clone(),
        // A message may have been put together as text.
        Value::String(body) => serde_json::from_str::<Value>(body).unwrap_or_default()["taskToken"].clone(),
        body => body["taskToken"].clone(),
    };
    details.resource().ends_with(WAITS_FOR_TOKEN) && handed_on == token.expose()
}

/// The event with which the state of this task was entered. The tries before it lie in between.
fn entered<'a>(events: &'a [HistoryEvent], scheduled: &'a HistoryEvent) -> &'a HistoryEvent {
    let mut at = scheduled;
    while *at.r#type() != HistoryEventType::TaskStateEntered {
        // Ids grow, so that a history which leads in a circle is left.
        let before = |event: &&HistoryEvent| event.id() == at.previous_event_id() && event.id() < at.id();
        let Some(previous) = events.iter().find(before) else { return scheduled };
        at = previous;
    }
    at
}

/// Follows the events of a task to the one that ended it.
fn fate(events: &[HistoryEvent], scheduled: &HistoryEvent) -> TaskFate {
    let mut last = scheduled;
    while let Some(next) = events.iter().find(|event| event.previous_event_id() == last.id() && event.id() > last.id())
    {
        last = next;
        match next.r#type() {
            HistoryEventType::TaskStarted | HistoryEventType::TaskSubmitted => {}
            // The end of the execution is told apart, with its status.
            kind if is_end(kind) => return TaskFate::Open,
            _ => return fate_of_end(next).unwrap_or(TaskFate::Abandoned),
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
fn is_end(kind: &HistoryEventType) -> bool {
    matches!(
        kind,
        HistoryEventType::ExecutionSucceeded
            | HistoryEventType::ExecutionFailed
            | HistoryEventType::ExecutionTimedOut
            | HistoryEventType::ExecutionAborted
    )
}

#[cfg(test)]
mod tests;
