//! Starts an execution, from wherever it was asked for.

use data_encoding::HEXLOWER;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::app::App;
use crate::approval::ids::{ExecutionArn, PersonId};
use crate::approval::run::{Run, Starter};
use crate::net::deadline::Deadline;
use crate::ports::StartError;

/// What to start, and for whom.
#[derive(Debug, Clone)]
pub struct Launch<'a> {
    /// The name of the state machine in the configuration.
    pub state_machine: &'a str,
    /// The input: the fields of a command, or for the API anything, since the workflow checks it.
    pub input: Map<String, Value>,
    /// Who asked, when that is a person of the policy.
    pub requested_by: Option<&'a PersonId>,
    /// Where it came from; the events of its approval carry it.
    pub correlation: Value,
    /// Who waits in a chat to hear how it ended.
    pub starter: Option<Starter>,
    /// The id of the command itself. The same id starts one execution, however often it is delivered.
    pub command_id: &'a str,
}

/// Starts the execution, or finds the one that an earlier delivery of the same command started.
pub async fn launch(app: &App, launch: Launch<'_>, deadline: Deadline) -> Result<ExecutionArn, StartError> {
    let arn = app
        .state_machines
        .get(launch.state_machine)
        .ok_or_else(|| StartError::Refused(format!("COUNTERSIGN_STATE_MACHINES has no `{}`", launch.state_machine)))?;
    let mut input = launch.input;
    if let Some(person) = launch.requested_by {
        input.insert("requestedBy".to_owned(), json!(person));
    }
    input.entry("correlation").or_insert(launch.correlation);
    let input = Value::Object(input);
    let name = execution_name(launch.command_id);
    if let Some(starter) = launch.starter {
        // On record before it runs: the end may come at any time after.
        let execution = ExecutionArn::named(arn, &name).map_err(|error| StartError::Refused(error.to_string()))?;
        let run = Run::new(execution, starter, app.now());
        deadline.run("store", app.ports.store.record_run(&run)).await?;
    }
    let call = app.ports.executions.start_execution(arn, &name, &input);
    deadline.run("Step Functions", call).await
}

/// A name of the allowed characters and length, the same for the same command.
fn execution_name(command_id: &str) -> String {
    let hash = Sha256::digest(command_id.as_bytes());
    format!("run-{}", HEXLOWER.encode(&hash[..16]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_for_the_same_command() {
        assert_eq!(execution_name("a"), execution_name("a"));
        assert_ne!(execution_name("a"), execution_name("b"));
        assert_eq!(execution_name("a").len(), 36);
    }
}
