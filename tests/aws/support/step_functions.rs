//! Step Functions of an emulator, as far as a case drives it: machines are created, executions started and awaited.

use aws_config::SdkConfig;
use aws_sdk_sfn::Client;
use aws_sdk_sfn::types::ExecutionStatus;
use countersign_tests::patience::until;
use serde_json::Value;

/// How an execution ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ended {
    pub(crate) status: ExecutionStatus,
    pub(crate) output: Option<Value>,
    pub(crate) error: Option<String>,
    pub(crate) cause: Option<String>,
}

/// Creates a machine and gives its ARN.
pub(crate) async fn create(client: &Client, name: &str, definition: &str) -> anyhow::Result<String> {
    let create = client.create_state_machine().name(name).definition(definition);
    let created = create.role_arn("arn:aws:iam::123456789012:role/machines").send().await?;
    Ok(created.state_machine_arn)
}

/// Starts an execution and gives its ARN.
pub(crate) async fn start(client: &Client, machine_arn: &str, input: &Value) -> anyhow::Result<String> {
    let started = client.start_execution().state_machine_arn(machine_arn).input(input.to_string()).send().await?;
    Ok(started.execution_arn)
}

/// Waits until the execution has ended.
pub(crate) async fn ended(client: &Client, execution_arn: &str) -> anyhow::Result<Ended> {
    until("the execution has ended", async || {
        let described = client.describe_execution().execution_arn(execution_arn).send().await?;
        if described.status == ExecutionStatus::Running {
            return Ok(None);
        }
        let output = described.output().map(serde_json::from_str).transpose()?;
        Ok(Some(Ended { status: described.status, output, error: described.error, cause: described.cause }))
    })
    .await
}

/// The errors that the tasks of an execution have failed with, also where they were tried again.
pub(crate) async fn failures(client: &Client, execution_arn: &str) -> anyhow::Result<Vec<String>> {
    let history = client.get_execution_history().execution_arn(execution_arn).send().await?;
    let failed = history.events.into_iter().filter_map(|event| event.task_failed_event_details);
    Ok(failed.map(|details| details.error.unwrap_or_default()).collect())
}

/// A client without retries, so that what a case sees is what the emulator said first.
pub(crate) fn client(config: &SdkConfig) -> Client {
    let retries = aws_sdk_sfn::config::retry::RetryConfig::disabled();
    Client::from_conf(aws_sdk_sfn::config::Builder::from(config).retry_config(retries).build())
}
