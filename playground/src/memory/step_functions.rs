//! The engine as Step Functions.

use async_trait::async_trait;
use countersign_bot::approval::ids::{ExecutionArn, Origin, TaskToken};
use countersign_bot::approval::look_up::{Attempt, ExecutionEnd, FoundTask, LookUp, TaskFate};
use countersign_bot::approval::run::RunEnd;
use countersign_bot::net::deadline::Unavailable;
use countersign_bot::ports::{CallbackError, Executions, OwnTasks, StartError, TaskCallbacks};
use countersign_engine::{self as engine, Engine};
use serde_json::Value;

/// The engine in the place of Step Functions.
#[derive(Clone)]
pub struct LocalStepFunctions(pub Engine);

#[async_trait]
impl TaskCallbacks for LocalStepFunctions {
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
        let Some(described) = self.0.describe_execution(execution.as_str()) else {
            return Ok(LookUp::Refused { code: "ExecutionDoesNotExist".to_owned() });
        };
        let Some(task) = self.0.task_of(execution.as_str(), token.expose()) else {
            return Ok(LookUp::NotInHistory);
        };
        let ended = described.status != engine::ExecutionStatus::Running;
        let end = ended.then(|| ExecutionEnd {
            status: described.status.to_string(),
            output: described.output.map(|output| output.to_string()),
        });
        let fate = match task.fate {
            engine::TaskFate::Open => TaskFate::Open,
            engine::TaskFate::Succeeded(output) => TaskFate::Succeeded(output),
            engine::TaskFate::Failed { error, cause } => TaskFate::Failed { error, cause },
            engine::TaskFate::TimedOut => TaskFate::TimedOut,
            engine::TaskFate::Aborted if end.is_some() => TaskFate::Open,
            engine::TaskFate::Aborted | engine::TaskFate::Unknown => TaskFate::Abandoned,
        };
        let [entered, scheduled] = [task.entered, task.scheduled].map(|id| i64::try_from(id).unwrap_or(i64::MAX));
        Ok(LookUp::Found(FoundTask { attempt: Attempt { entered, scheduled }, fate, end }))
    }
}

#[async_trait]
impl OwnTasks for LocalStepFunctions {
    async fn succeed(&self, token: &TaskToken, output: &Value) -> Result<(), CallbackError> {
        self.0.send_task_success(token.expose(), output.clone()).map_err(closed)
    }

    async fn fail(&self, token: &TaskToken, error: &str, cause: &str) -> Result<(), CallbackError> {
        self.0.send_task_failure(token.expose(), error, cause).map_err(closed)
    }
}

#[async_trait]
impl Executions for LocalStepFunctions {
    async fn start_execution(
        &self,
        state_machine_arn: &str,
        name: &str,
        input: &Value,
    ) -> Result<ExecutionArn, StartError> {
        let arn = match self.0.start_execution(state_machine_arn, name, input.clone()) {
            Ok(started) => ExecutionArn::parse(&started.execution_arn),
            Err(engine::StartError::ExecutionAlreadyExists) => {
                let arn = ExecutionArn::named(state_machine_arn, name);
                let first = arn.as_ref().ok().and_then(|arn| self.0.describe_execution(arn.as_str()));
                if first.is_none_or(|execution| execution.input != *input) {
                    return Err(StartError::OtherInput);
                }
                arn
            }
            Err(error) => return Err(StartError::Refused(error.to_string())),
        };
        arn.map_err(|error| StartError::Refused(error.to_string()))
    }

    async fn is_running(&self, execution: &ExecutionArn) -> Result<bool, Unavailable> {
        self.end_of(execution).await.map(|end| end.is_none())
    }

    async fn end_of(&self, execution: &ExecutionArn) -> Result<Option<RunEnd>, Unavailable> {
        let described = self.0.describe_execution(execution.as_str());
        let described = described.ok_or_else(|| Unavailable::new("Step Functions", "ExecutionDoesNotExist"))?;
        let has_ended = described.status != engine::ExecutionStatus::Running;
        Ok(has_ended.then(|| RunEnd {
            status: described.status.to_string(),
            error: described.error,
            at: described.stop_date,
        }))
    }
}

fn closed(_: engine::TokenError) -> CallbackError {
    CallbackError::Closed
}
