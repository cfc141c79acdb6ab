//! Step Functions over the AWS SDK.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sfn::types::{HistoryEvent, HistoryEventType};
use serde_json::Value;

use super::{code, retries, timeouts};
use crate::approval::ids::{ExecutionArn, TaskToken};
use crate::approval::record::ExecutionEnd;
use crate::approval::truth::{LookUp, TaskFate};
use crate::ports::{CallbackError, StartError, StepFunctions, Unavailable};

const SERVICE: &str = "Step Functions";
const TRY_TIMEOUT: Duration = Duration::from_secs(1);
/// `GetExecutionHistory` returns at most 1,000 events a page; a workflow that waits for people has few.
const HISTORY_PAGE: i32 = 1_000;

/// A Step Functions client.
#[derive(Debug, Clone)]
pub struct AwsStepFunctions {
    client: Client,
}

impl AwsStepFunctions {
    /// A client with the configuration of the environment.
    pub fn new(config: &aws_config::SdkConfig) -> Self {
        let config = aws_sdk_sfn::config::Builder::from(config)
            .timeout_config(timeouts(TRY_TIMEOUT))
            .retry_config(retries())
            .build();
        Self { client: Client::from_conf(config) }
    }
}

#[async_trait]
impl StepFunctions for AwsStepFunctions {
    async fn send_task_success(&self, token: &TaskToken, output: &Value) -> Result<(), CallbackError> {
        let call = self.client.send_task_success().task_token(token.expose()).output(output.to_string());
        call.send().await.map(|_| ()).map_err(|error| callback_error(&error))
    }

    async fn send_task_failure(&self, token: &TaskToken, error: &str, cause: &str) -> Result<(), CallbackError> {
        let call = self.client.send_task_failure().task_token(token.expose()).error(error).cause(cause);
        call.send().await.map(|_| ()).map_err(|error| callback_error(&error))
    }

    async fn look_up(&self, execution: &ExecutionArn, token: &TaskToken) -> Result<LookUp, Unavailable> {
        let described = self.client.describe_execution().execution_arn(execution.as_str()).send().await;
        let described = described.map_err(|error| unavailable(&error))?;
        let pages = self.client.get_execution_history().execution_arn(execution.as_str()).max_results(HISTORY_PAGE);
        let mut pages = pages.into_paginator().send();
        let mut events = Vec::new();
        while let Some(page) = pages.next().await {
            events.extend(page.map_err(|error| unavailable(&error))?.events);
        }
        // The history is eventually consistent: an end that it does not show yet would make an open task look ended.
        let end = events.iter().any(|event| is_end(event.r#type())).then(|| ExecutionEnd {
            status: described.status().as_str().to_owned(),
            output: described.output().map(str::to_owned),
        });
        Ok(LookUp { task: task_fate(&events, token), end })
    }

    async fn start_execution(
        &self,
        state_machine_arn: &str,
        name: &str,
        input: &Value,
    ) -> Result<ExecutionArn, StartError> {
        let call = self.client.start_execution().state_machine_arn(state_machine_arn).name(name);
        let arn = match call.input(input.to_string()).send().await {
            Ok(started) => started.execution_arn,
            // The same command was delivered before: its execution has ended since, or its input was another.
            Err(error) if error.code() == Some("ExecutionAlreadyExists") => {
                format!("{}:{name}", state_machine_arn.replace(":stateMachine:", ":execution:"))
            }
            Err(error) if is_passing(&error) => return Err(unavailable(&error).into()),
            Err(error) => return Err(StartError::Refused(code(&error))),
        };
        ExecutionArn::parse(&arn).map_err(|error| StartError::Refused(error.to_string()))
    }
}

/// Follows the events of one task: from the one that scheduled it with this token to the one that ended it.
fn task_fate(events: &[HistoryEvent], token: &TaskToken) -> TaskFate {
    let carries_token = |event: &&HistoryEvent| {
        let parameters = event.task_scheduled_event_details().map(|details| details.parameters());
        let parameters = parameters.and_then(|text| serde_json::from_str::<Value>(text).ok());
        parameters.is_some_and(|value| contains(&value, token.expose()))
    };
    let Some(mut last) = events.iter().find(carries_token) else { return TaskFate::Unknown };
    while let Some(next) = events.iter().find(|event| event.previous_event_id() == last.id() && event.id() != last.id())
    {
        last = next;
        let failed = |error: Option<&str>, cause: Option<&str>| TaskFate::Failed {
            error: error.unwrap_or_default().to_owned(),
            cause: cause.unwrap_or_default().to_owned(),
        };
        match next.r#type() {
            HistoryEventType::TaskStarted | HistoryEventType::TaskSubmitted => {}
            HistoryEventType::TaskTimedOut => return TaskFate::TimedOut,
            HistoryEventType::TaskSucceeded => {
                let output = next.task_succeeded_event_details().and_then(|details| details.output());
                let output = output.and_then(|text| serde_json::from_str(text).ok());
                return TaskFate::Succeeded(output.unwrap_or_default());
            }
            HistoryEventType::TaskFailed => {
                let details = next.task_failed_event_details();
                return failed(details.and_then(|it| it.error()), details.and_then(|it| it.cause()));
            }
            HistoryEventType::TaskStartFailed => {
                let details = next.task_start_failed_event_details();
                return failed(details.and_then(|it| it.error()), details.and_then(|it| it.cause()));
            }
            HistoryEventType::TaskSubmitFailed => {
                let details = next.task_submit_failed_event_details();
                return failed(details.and_then(|it| it.error()), details.and_then(|it| it.cause()));
            }
            // The workflow has gone on without an end of the task that we know.
            _ => return TaskFate::Unknown,
        }
    }
    TaskFate::Open
}

fn is_end(kind: &HistoryEventType) -> bool {
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

fn callback_error<E: ProvideErrorMetadata>(error: &SdkError<E>) -> CallbackError {
    match error.code() {
        Some("TaskTimedOut" | "TaskDoesNotExist" | "InvalidToken") => CallbackError::Closed,
        _ => unavailable(error).into(),
    }
}

/// Whether the same call may succeed later: anything but a refusal of the call itself.
fn is_passing<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::ServiceError(service) => {
            service.raw().status().is_server_error() || error.code().is_some_and(|code| code.contains("Throttl"))
        }
        _ => true,
    }
}

fn unavailable<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Unavailable {
    Unavailable::new(SERVICE, code(error))
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
}
