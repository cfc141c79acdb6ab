//! Something that runs a state machine and takes task tokens: the engine in this process, or an emulator.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{anyhow, bail};
use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::{DisplayErrorContext, SdkError};
use aws_sdk_sfn::types::ExecutionStatus;
use countersign_playground::clock::Clock;
use countersign_playground::engine::{Engine, ExecutionStatus as EngineStatus};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::functions;
use super::row::{Outcome, Peer, Row};

/// Far longer than any machine of the table runs where nothing is wrong.
const PATIENCE: Duration = Duration::from_secs(40);
/// How long an execution is watched that is expected never to end.
const PATIENCE_WITH_THE_ENDLESS: Duration = Duration::from_secs(6);
const PAUSE: Duration = Duration::from_millis(100);

/// An interpreter of state machines; clones share it.
#[derive(Clone)]
pub(super) enum Interpreter {
    Engine(Engine),
    Emulator(Client),
}

/// Where an execution stands.
struct Standing {
    status: EngineStatus,
    output: Option<String>,
    error: Option<String>,
}

impl Interpreter {
    /// An engine with the functions that the machines call.
    pub(super) fn engine() -> Self {
        let engine = Engine::new(Clock::system());
        let interpreter = Self::Engine(engine.clone());
        for (name, function) in functions::all(&interpreter) {
            engine.register(name, function);
        }
        interpreter
    }

    pub(super) fn emulator(client: Client) -> Self {
        Self::Emulator(client)
    }

    /// Runs the row's machine; `peer` is which emulator this is.
    pub(super) async fn run(&self, name: &str, row: &Row, peer: Option<Peer>) -> anyhow::Result<Outcome> {
        let expected = peer.map_or(&row.documented, |peer| row.expected_of(peer));
        let machine = match self.create(name, &row.machine.to_string()).await? {
            Ok(machine) => machine,
            Err(_) if *expected == Outcome::Refused => return Ok(Outcome::Refused),
            Err(why) => bail!("the machine is refused: {why}"),
        };
        let patience = if *expected == Outcome::StillRunning { PATIENCE_WITH_THE_ENDLESS } else { PATIENCE };
        let start = Instant::now();
        let execution = self.start(&machine, &row.input).await?;
        let standing = loop {
            let standing = self.describe(&execution).await?;
            if standing.status != EngineStatus::Running {
                break standing;
            }
            if start.elapsed() > patience {
                self.stop(&execution).await?;
                return Ok(Outcome::StillRunning);
            }
            sleep(PAUSE).await;
        };
        let took = start.elapsed();
        if row.takes.as_ref().is_some_and(|takes| took < takes.start) {
            return Ok(Outcome::TooSoon);
        }
        if row.takes.as_ref().is_some_and(|takes| took >= takes.end) {
            return Ok(Outcome::TooLate);
        }
        Ok(outcome(standing))
    }

    /// Creates a machine and gives its ARN, or why the definition is refused.
    async fn create(&self, name: &str, definition: &str) -> anyhow::Result<Result<String, String>> {
        match self {
            Self::Engine(engine) => match engine.load(name, definition, &BTreeMap::new()) {
                Ok(arn) => Ok(Ok(arn)),
                Err(problems) => Err(anyhow!("the engine refuses the machine: {problems:?}")),
            },
            Self::Emulator(client) => {
                let create = client.create_state_machine().name(name).definition(definition);
                match create.role_arn("arn:aws:iam::123456789012:role/machines").send().await {
                    Ok(created) => Ok(Ok(created.state_machine_arn)),
                    // An emulator that stumbles over a definition does not always say that it is what is invalid.
                    Err(SdkError::ServiceError(refusal)) => Ok(Err(DisplayErrorContext(refusal.err()).to_string())),
                    Err(error) => Err(error.into()),
                }
            }
        }
    }

    async fn start(&self, machine: &str, input: &Value) -> anyhow::Result<String> {
        match self {
            Self::Engine(engine) => Ok(engine.start_execution(machine, "execution", input.clone())?.execution_arn),
            Self::Emulator(client) => {
                let start = client.start_execution().state_machine_arn(machine).input(input.to_string());
                Ok(start.send().await?.execution_arn)
            }
        }
    }

    async fn describe(&self, execution: &str) -> anyhow::Result<Standing> {
        match self {
            Self::Engine(engine) => {
                let described = engine.describe_execution(execution).ok_or_else(|| anyhow!("it is not there"))?;
                let output = described.output.map(|output| output.to_string());
                Ok(Standing { status: described.status, output, error: described.error })
            }
            Self::Emulator(client) => {
                let described = client.describe_execution().execution_arn(execution).send().await?;
                let status = match described.status {
                    ExecutionStatus::Running => EngineStatus::Running,
                    ExecutionStatus::Succeeded => EngineStatus::Succeeded,
                    ExecutionStatus::Failed => EngineStatus::Failed,
                    ExecutionStatus::TimedOut => EngineStatus::TimedOut,
                    _ => EngineStatus::Aborted,
                };
                Ok(Standing { status, output: described.output, error: described.error })
            }
        }
    }

    async fn stop(&self, execution: &str) -> anyhow::Result<()> {
        match self {
            Self::Engine(engine) => Ok(engine.stop_execution(execution, "Test", "it never ends")?),
            Self::Emulator(client) => {
                client.stop_execution().execution_arn(execution).send().await?;
                Ok(())
            }
        }
    }

    /// `SendTaskSuccess`. What an interpreter answers is not compared: most machines have gone on by then.
    pub(super) async fn succeed(&self, token: &str, output: &Value) {
        match self {
            Self::Engine(engine) => drop(engine.send_task_success(token, output.clone())),
            Self::Emulator(client) => {
                drop(client.send_task_success().task_token(token).output(output.to_string()).send().await);
            }
        }
    }

    /// `SendTaskFailure`.
    pub(super) async fn fail(&self, token: &str, error: &str) {
        match self {
            Self::Engine(engine) => drop(engine.send_task_failure(token, error, "as the row has it")),
            Self::Emulator(client) => {
                let fail = client.send_task_failure().task_token(token).error(error);
                drop(fail.cause("as the row has it").send().await);
            }
        }
    }

    /// `SendTaskHeartbeat`.
    pub(super) async fn heartbeat(&self, token: &str) {
        match self {
            Self::Engine(engine) => drop(engine.send_task_heartbeat(token)),
            Self::Emulator(client) => drop(client.send_task_heartbeat().task_token(token).send().await),
        }
    }
}

/// The output of a failed execution is left out: AWS has none, and ministack gives the error as one.
fn outcome(standing: Standing) -> Outcome {
    let Standing { status, output, error } = standing;
    match status {
        EngineStatus::Succeeded => {
            let output = output.unwrap_or_default();
            serde_json::from_str(&output).map_or(Outcome::SucceededWithText(output), Outcome::Succeeded)
        }
        EngineStatus::TimedOut => Outcome::TimedOut(error),
        EngineStatus::Running | EngineStatus::Failed | EngineStatus::Aborted => Outcome::Failed(error),
    }
}
