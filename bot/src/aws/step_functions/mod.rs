//! Step Functions over the AWS SDK.

pub mod accounts;
mod history;

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sfn::types::{ExecutionStatus, IncludedData};
use jiff::Timestamp;
use serde_json::Value;

use self::history::History;
use super::{code, retries, timeouts};
use crate::approval::ids::{ExecutionArn, Origin, TaskToken};
use crate::approval::look_up::{ExecutionEnd, FoundTask, LookUp};
use crate::approval::run::RunEnd;
use crate::net::deadline::Unavailable;
use crate::ports::{CallbackError, Executions, OwnTasks, StartError, TaskCallbacks};

const SERVICE: &str = "Step Functions";
const TRY_TIMEOUT: Duration = Duration::from_secs(1);
/// `GetExecutionHistory` returns at most 1,000 events a page. Each may have 256 KB, and a page has to arrive in time; a
/// workflow that waits for people has few.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html>
const HISTORY_PAGE: i32 = 100;

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

impl AwsStepFunctions {
    /// What an execution was started with. It can be described for as long as its name is taken:
    /// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>.
    async fn input_of(&self, execution: &ExecutionArn) -> Result<Option<Value>, Unavailable> {
        let described = self.client.describe_execution().execution_arn(execution.as_str()).send().await;
        let described = described.map_err(|error| unavailable(&error))?;
        Ok(described.input().and_then(|input| serde_json::from_str(input).ok()))
    }
}

#[async_trait]
impl OwnTasks for AwsStepFunctions {
    async fn succeed(&self, token: &TaskToken, output: &Value) -> Result<(), CallbackError> {
        let call = self.client.send_task_success().task_token(token.expose()).output(output.to_string());
        call.send().await.map(|_| ()).map_err(|error| callback_error(&error))
    }

    async fn fail(&self, token: &TaskToken, error: &str, cause: &str) -> Result<(), CallbackError> {
        let call = self.client.send_task_failure().task_token(token.expose()).error(error).cause(cause);
        call.send().await.map(|_| ()).map_err(|error| callback_error(&error))
    }
}

#[async_trait]
impl TaskCallbacks for AwsStepFunctions {
    async fn send_task_success(&self, _: &Origin, token: &TaskToken, output: &Value) -> Result<(), CallbackError> {
        self.succeed(token, output).await
    }

    async fn send_task_failure(
        &self,
        _: &Origin,
        token: &TaskToken,
        error: &str,
        cause: &str,
    ) -> Result<(), CallbackError> {
        self.fail(token, error, cause).await
    }

    async fn look_up(&self, execution: &ExecutionArn, token: &TaskToken) -> Result<LookUp, Unavailable> {
        let described = match self.client.describe_execution().execution_arn(execution.as_str()).send().await {
            Ok(described) => described,
            Err(error) => return refused(&error),
        };
        let pages = self.client.get_execution_history().execution_arn(execution.as_str()).max_results(HISTORY_PAGE);
        let mut pages = pages.into_paginator().send();
        let mut history = History::of(token);
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => history.read(page.events),
                Err(error) => return refused(&error),
            }
        }
        let Some((attempt, fate)) = history.task() else { return Ok(LookUp::NotInHistory) };
        // Both answers are eventually consistent, so an end counts when both show it: the history last, since a redrive
        // goes on after an earlier end.
        let end = (history.ends() && is_over(described.status())).then(|| ExecutionEnd {
            status: described.status().as_str().to_owned(),
            output: described.output().map(str::to_owned),
        });
        Ok(LookUp::Found(FoundTask { attempt, fate, end }))
    }
}

#[async_trait]
impl Executions for AwsStepFunctions {
    async fn start_execution(
        &self,
        state_machine_arn: &str,
        name: &str,
        input: &Value,
    ) -> Result<ExecutionArn, StartError> {
        let call = self.client.start_execution().state_machine_arn(state_machine_arn).name(name);
        let arn = match call.input(input.to_string()).send().await {
            Ok(started) => ExecutionArn::parse(&started.execution_arn),
            // The same command was delivered before: its execution has ended since, or its input was another.
            Err(error) if error.code() == Some("ExecutionAlreadyExists") => {
                let arn = ExecutionArn::named(state_machine_arn, name);
                if let Ok(arn) = &arn
                    && self.input_of(arn).await? != Some(input.clone())
                {
                    return Err(StartError::OtherInput);
                }
                arn
            }
            Err(error) if is_passing(&error) => return Err(unavailable(&error).into()),
            Err(error) => return Err(StartError::Refused(code(&error))),
        };
        arn.map_err(|error| StartError::Refused(error.to_string()))
    }

    async fn is_running(&self, execution: &ExecutionArn) -> Result<bool, Unavailable> {
        let call = self.client.describe_execution().execution_arn(execution.as_str());
        let described = call.included_data(IncludedData::MetadataOnly).send().await;
        Ok(!is_over(described.map_err(|error| unavailable(&error))?.status()))
    }

    async fn end_of(&self, execution: &ExecutionArn) -> Result<Option<RunEnd>, Unavailable> {
        let described = self.client.describe_execution().execution_arn(execution.as_str()).send().await;
        let described = described.map_err(|error| unavailable(&error))?;
        Ok(is_over(described.status()).then(|| RunEnd {
            status: described.status().as_str().to_owned(),
            error: described.error().map(str::to_owned),
            at: described.stop_date().and_then(|at| Timestamp::from_second(at.secs()).ok()),
        }))
    }
}

fn is_over(status: &ExecutionStatus) -> bool {
    !matches!(status, ExecutionStatus::Running | ExecutionStatus::PendingRedrive)
}

/// What a callback was refused for. What lies with a key or a permission passes once somebody has mended it; the rest of
/// what is refused lies with the call itself:
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html#API_SendTaskSuccess_Errors>.
fn callback_error<E: ProvideErrorMetadata>(error: &SdkError<E>) -> CallbackError {
    match error.code() {
        Some("TaskTimedOut" | "TaskDoesNotExist" | "InvalidToken") => CallbackError::Closed,
        Some(code @ ("InvalidOutput" | "ValidationException")) => CallbackError::Refused(code.to_owned()),
        Some(_) if !is_passing(error) => CallbackError::Denied(code(error)),
        _ => unavailable(error).into(),
    }
}

/// The answer to a look-up that is refused, unless the refusal passes by itself.
fn refused<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Result<LookUp, Unavailable> {
    if is_passing(error) { Err(unavailable(error)) } else { Ok(LookUp::Refused { code: code(error) }) }
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
    use serde_json::json;

    use super::*;
    use crate::aws::wire::{Answer, Service, refusal};

    const MACHINE: &str = "arn:aws:states:eu-west-1:123456789012:stateMachine:calculation";
    const RUN: &str = "arn:aws:states:eu-west-1:123456789012:execution:calculation:run-1";

    async fn step_functions(answers: impl IntoIterator<Item = Answer>) -> (Service, AwsStepFunctions) {
        let service = Service::answering(answers).await;
        let step_functions = AwsStepFunctions::new(&service.config());
        (service, step_functions)
    }

    fn token() -> TaskToken {
        TaskToken::parse("AQCEAAAAKgAAAAMAAA").unwrap()
    }

    #[tokio::test]
    async fn a_decision_goes_out_as_the_output_or_the_failure_of_its_task() {
        let (service, step_functions) = step_functions([(200, json!({})), (200, json!({}))]).await;
        step_functions.succeed(&token(), &json!({"status": "approved"})).await.unwrap();
        step_functions.fail(&token(), "ApprovalRejected", "{}").await.unwrap();
        assert_eq!(
            service.asked(),
            [
                json!({"taskToken": "AQCEAAAAKgAAAAMAAA", "output": r#"{"status":"approved"}"#}),
                json!({"taskToken": "AQCEAAAAKgAAAAMAAA", "error": "ApprovalRejected", "cause": "{}"}),
            ]
        );
    }

    #[tokio::test]
    async fn three_errors_say_that_the_token_is_closed_and_are_not_tried_again() {
        for code in ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"] {
            let (service, step_functions) = step_functions([refusal(400, code)]).await;
            let error = step_functions.succeed(&token(), &json!({})).await.unwrap_err();
            assert!(matches!(error, CallbackError::Closed), "{code}: {error}");
            assert_eq!(service.asked().len(), 1);
        }
    }

    #[tokio::test]
    async fn a_passing_failure_is_tried_three_times_and_told_without_the_token() {
        let throttled = || refusal(400, "ThrottlingException");
        let (service, step_functions) = step_functions([throttled(), throttled(), throttled()]).await;
        let error = step_functions.fail(&token(), "ApprovalRejected", "{}").await.unwrap_err();
        assert_eq!(error.to_string(), "Step Functions is unavailable: ThrottlingException");
        assert_eq!(service.asked().len(), 3);
    }

    #[tokio::test]
    async fn a_repeated_start_is_the_same_execution_and_a_refused_one_says_why() {
        let ended = |input: &str| {
            json!({
                "executionArn": RUN, "stateMachineArn": MACHINE, "status": "SUCCEEDED", "startDate": 1.0,
                "input": input,
            })
        };
        let answers = [
            (200, json!({"executionArn": RUN, "startDate": 1.0})),
            refusal(400, "ExecutionAlreadyExists"),
            (200, ended(r#"{ "x": 1 }"#)),
            refusal(400, "ExecutionAlreadyExists"),
            (200, ended(r#"{"x": 2}"#)),
            refusal(400, "ExecutionAlreadyExists"),
            refusal(400, "ExecutionDoesNotExist"),
            refusal(400, "StateMachineDoesNotExist"),
        ];
        let (service, step_functions) = step_functions(answers).await;
        let alias = format!("{MACHINE}:PROD");
        for machine in [MACHINE, &alias] {
            let started = step_functions.start_execution(machine, "run-1", &json!({"x": 1})).await.unwrap();
            assert_eq!(started.as_str(), RUN);
        }
        let other = step_functions.start_execution(MACHINE, "run-1", &json!({"x": 1})).await.unwrap_err();
        assert!(matches!(other, StartError::OtherInput), "{other}");
        // Descriptions come a moment after the start.
        let not_yet = step_functions.start_execution(MACHINE, "run-1", &json!({"x": 1})).await.unwrap_err();
        assert!(matches!(not_yet, StartError::Unavailable(_)), "{not_yet}");
        assert_eq!(service.asked()[0], json!({"stateMachineArn": MACHINE, "name": "run-1", "input": r#"{"x":1}"#}));
        let error = step_functions.start_execution(MACHINE, "run-1", &json!({})).await.unwrap_err();
        assert!(matches!(&error, StartError::Refused(code) if code == "StateMachineDoesNotExist"), "{error}");
    }

    fn described(status: &str) -> Answer {
        let output = r#"{"number":494}"#;
        let machine = json!({"executionArn": RUN, "stateMachineArn": MACHINE, "status": status, "startDate": 1.0, "output": output});
        (200, machine)
    }

    /// A history that holds the task of our token, and goes on with these events.
    fn history<const N: usize>(more: [&str; N]) -> Answer {
        let event =
            |id: usize, kind: &str| json!({"id": id, "previousEventId": id - 1, "type": kind, "timestamp": 1.0});
        let parameters = json!({"FunctionName": "f", "Payload": {"taskToken": token().expose()}}).to_string();
        let mut scheduled = event(3, "TaskScheduled");
        scheduled["taskScheduledEventDetails"] = json!({
            "resourceType": "lambda", "resource": "invoke.waitForTaskToken", "region": "eu-west-1", "parameters": parameters,
        });
        let mut events = vec![event(1, "ExecutionStarted"), event(2, "TaskStateEntered"), scheduled];
        events.extend(more.iter().enumerate().map(|(index, kind)| event(index + 4, kind)));
        (200, json!({ "events": events }))
    }

    #[tokio::test]
    async fn the_end_of_a_run_is_its_status_and_the_name_of_its_error() {
        let described = |status: &str| {
            let secret = "a password";
            json!({
                "executionArn": RUN, "stateMachineArn": MACHINE, "status": status, "startDate": 1.0, "stopDate": 61.5,
                "error": "States.Runtime", "cause": secret, "input": secret, "output": secret,
            })
        };
        let answers = ["RUNNING", "PENDING_REDRIVE", "FAILED"].map(|status| (200, described(status)));
        let (_service, step_functions) = step_functions(answers).await;
        let execution = ExecutionArn::parse(RUN).unwrap();
        assert_eq!(step_functions.end_of(&execution).await.unwrap(), None);
        assert_eq!(step_functions.end_of(&execution).await.unwrap(), None);
        let (status, error) = ("FAILED".to_owned(), Some("States.Runtime".to_owned()));
        let expected = RunEnd { status, error, at: Timestamp::from_second(61).ok() };
        assert_eq!(step_functions.end_of(&execution).await.unwrap(), Some(expected));
    }

    #[tokio::test]
    async fn an_end_counts_once_the_history_shows_it() {
        let answers = [
            [described("SUCCEEDED"), history([])],
            [described("RUNNING"), history(["TaskTimedOut", "ExecutionSucceeded"])],
            [described("RUNNING"), history(["TaskTimedOut", "ExecutionFailed", "ExecutionRedriven"])],
            [described("SUCCEEDED"), history(["TaskTimedOut", "ExecutionSucceeded"])],
        ];
        let (_service, step_functions) = step_functions(answers.into_iter().flatten()).await;
        let execution = ExecutionArn::parse(RUN).unwrap();
        let mut ends = Vec::new();
        for _ in 0..4 {
            let look_up = step_functions.look_up(&execution, &token()).await.unwrap();
            ends.push(look_up.found().unwrap().end.clone());
        }
        let end = ends.pop().flatten().unwrap();
        assert_eq!(ends, [None, None, None]);
        assert_eq!((end.status.as_str(), end.output.as_deref()), ("SUCCEEDED", Some(r#"{"number":494}"#)));
    }

    #[tokio::test]
    async fn nothing_of_an_execution_is_told_that_does_not_hold_the_task() {
        let (_service, step_functions) = step_functions([described("SUCCEEDED"), history([])]).await;
        let other = TaskToken::parse("another").unwrap();
        let look_up = step_functions.look_up(&ExecutionArn::parse(RUN).unwrap(), &other).await.unwrap();
        assert_eq!(look_up, LookUp::NotInHistory);
    }

    #[tokio::test]
    async fn a_look_up_that_is_refused_says_why_and_one_that_may_work_later_is_none() {
        let execution = ExecutionArn::parse(RUN).unwrap();
        let lasting = ["ExecutionDoesNotExist", "AccessDeniedException", "KmsAccessDeniedException", "InvalidArn"];
        for code in lasting {
            for answers in [vec![refusal(400, code)], vec![described("RUNNING"), refusal(400, code)]] {
                let (_service, step_functions) = step_functions(answers).await;
                let look_up = step_functions.look_up(&execution, &token()).await.unwrap();
                assert_eq!(look_up, LookUp::Refused { code: code.to_owned() });
            }
        }
        for (status, code) in [(400, "ThrottlingException"), (400, "KmsThrottlingException"), (500, "InternalFailure")]
        {
            let (_service, step_functions) = step_functions([(); 3].map(|()| refusal(status, code))).await;
            assert!(step_functions.look_up(&execution, &token()).await.is_err(), "{code}");
        }
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_callback_itself_is_told_apart_from_what_somebody_can_mend() {
        let cases = [
            ("InvalidOutput", true),
            ("ValidationException", true),
            ("KmsAccessDeniedException", false),
            ("KmsInvalidStateException", false),
            ("AccessDeniedException", false),
        ];
        for (code, is_refused) in cases {
            let (_service, step_functions) = step_functions([refusal(400, code)]).await;
            let error = step_functions.succeed(&token(), &json!({})).await.unwrap_err();
            let expected = if is_refused { "refused" } else { "denied" };
            assert_eq!(error.to_string(), format!("the callback is {expected}: {code}"));
        }
    }
}
