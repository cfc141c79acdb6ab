//! Starts a calculation, from wherever it was asked for.

use data_encoding::HEXLOWER;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::answers;
use super::numbers::Numbers;
use crate::approval::ids::{ExecutionArn, PersonId};
use crate::approval::policy::{LaunchCommand, Person};
use crate::approval::run::{Run, Starter};
use crate::flow::app::App;
use crate::messages::dialect::Dialect;
use crate::net::deadline::Deadline;
use crate::ports::StartError;

/// What to start, and for whom.
#[derive(Debug, Clone)]
pub struct Launch<'a> {
    /// The name of the state machine in the configuration.
    pub state_machine: &'a str,
    /// The input: the numbers for a command, anything for the API, since the workflow checks it.
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

/// Who asks for what, from where.
pub struct Asked<'a> {
    /// What the command of the policy launches.
    pub command: &'a LaunchCommand,
    /// Who asks.
    pub person: &'a Person,
    /// Where they ask, for the events of the approval.
    pub source: Value,
    /// Where they ask, to tell them how it ended.
    pub starter: Starter,
    /// The id of the command itself. The same id starts one execution.
    pub id: String,
}

/// Starts a calculation for somebody who asks in a chat, and says where to look for it.
pub async fn start(
    app: &App,
    asked: Asked<'_>,
    numbers: Numbers,
    dialect: Dialect,
    deadline: Deadline,
) -> Result<String, StartError> {
    let asked_for = Launch {
        state_machine: &asked.command.state_machine,
        input: [("x".to_owned(), json!(numbers.x)), ("y".to_owned(), json!(numbers.y))].into_iter().collect(),
        requested_by: Some(&asked.person.id),
        correlation: asked.source,
        starter: Some(asked.starter),
        command_id: &asked.id,
    };
    let started = launch(app, asked_for, deadline).await;
    let execution = started.inspect_err(|error| tracing::error!(%error, "a calculation could not be started"))?;
    let rules = app.policy.rules.get(&asked.command.policy);
    let conversation = rules.and_then(|rules| rules.conversation(dialect.platform()?));
    Ok(answers::started(&app.links.execution(&execution), conversation, dialect))
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
