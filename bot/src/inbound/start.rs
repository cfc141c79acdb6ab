//! Starting a calculation for somebody who asks in a chat.

use serde_json::{Value, json};

use crate::app::App;
use crate::approval::ids::ExecutionArn;
use crate::approval::policy::{LaunchCommand, Person};
use crate::deadline::Deadline;
use crate::launch::{self, Launch, Numbers};
use crate::ports::StartError;

/// Who asks for what, from where.
pub(super) struct Asked<'a> {
    /// What the command of the policy launches.
    pub(super) command: &'a LaunchCommand,
    /// Who asks.
    pub(super) person: &'a Person,
    /// Where they ask, for the events of the approval.
    pub(super) source: Value,
    /// The id of the command itself. The same id starts one execution.
    pub(super) id: String,
}

/// Starts the execution.
pub(super) async fn start(
    app: &App,
    asked: Asked<'_>,
    numbers: Numbers,
    deadline: Deadline,
) -> Result<ExecutionArn, StartError> {
    let launch = Launch {
        state_machine: &asked.command.state_machine,
        input: [("x".to_owned(), json!(numbers.x)), ("y".to_owned(), json!(numbers.y))].into_iter().collect(),
        requested_by: Some(&asked.person.id),
        correlation: asked.source,
        command_id: &asked.id,
    };
    let started = launch::launch(app, launch, deadline).await;
    started.inspect_err(|error| tracing::error!(%error, "a calculation could not be started"))
}
