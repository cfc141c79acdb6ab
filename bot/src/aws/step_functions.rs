//! Step Functions over the AWS SDK.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::config::timeout::TimeoutConfig;
use aws_sdk_sfn::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sfn::types::{ExecutionStatus, HistoryEvent, HistoryEventType};
use serde_json::Value;

use crate::approval::ids::{ExecutionArn, TaskToken};
use crate::approval::record::ExecutionEnd;
use crate::approval::truth::{LookUp, TaskFate};
use crate::ports::{CallbackError, StartError, StepFunctions, Unavailable};

const SERVICE: &str = "Step Functions";
const TRY_TIMEOUT: Duration = Duration::from_secs(2);
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
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(TRY_TIMEOUT).build();
        let config = aws_sdk_sfn::config::Builder::from(config).timeout_config(timeouts).build();
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
        let end = (*described.status() != ExecutionStatus::Running).then(|| ExecutionEnd {
            status: described.status().as_str().to_owned(),
            output: described.output().map(str::to_owned),
        });
        let pages = self.client.get_execution_history().execution_arn(execution.as_str()).max_results(HISTORY_PAGE);
        let mut pages = pages.into_paginator().send();
        let mut events = Vec::new();
        while let Some(page) = pages.next().await {
            events.extend(page.map_err(|error| unavailable(&error))?.events);
        }
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
            // The same command was delivered before, and its execution has ended since.
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
        let details = event.task_scheduled_event_details();
        details.is_some_and(|details| details.parameters().contains(token.expose()))
    };
    let Some(mut last) = events.iter().find(carries_token) else {
        return TaskFate::Unknown;
    };
    while let Some(next) = events.iter().find(|event| event.previous_event_id() == last.id() && event.id() != last.id())
    {
        last = next;
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
                let text = |found: Option<&str>| found.unwrap_or_default().to_owned();
                return TaskFate::Failed {
                    error: text(details.and_then(|details| details.error())),
                    cause: text(details.and_then(|details| details.cause())),
                };
            }
            _ => break,
        }
    }
    TaskFate::Open
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

/// The error's code; its message is left out, since it may quote what was sent.
fn code<E: ProvideErrorMetadata>(error: &SdkError<E>) -> String {
    match error {
        SdkError::ServiceError(_) => error.code().unwrap_or("Unknown").to_owned(),
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        _ => "no connection".to_owned(),
    }
}

fn unavailable<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Unavailable {
    Unavailable::new(SERVICE, code(error))
}
