//! What a user of the engine calls: the operations of Step Functions, and ways to watch.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use serde_json::Value;
use tokio::sync::{broadcast, mpsc};

use crate::clock::Clock;
use crate::errors::Failure;
use crate::event::EngineEvent;
use crate::execution::{End, ExecutionDescription, StartError, Started, UnknownExecution};
use crate::executions::Shared;
use crate::function::{Function, plain_function_name};
use crate::history::HistoryEvent;
use crate::load;
use crate::problem::Problem;
use crate::setup::Setup;
use crate::tokens::{TaskFate, TokenError, TokenTask};

/// The engine. Clones share everything.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

impl Engine {
    /// An engine without machines and functions, which waits on this clock only.
    pub fn new(clock: Clock) -> Engine {
        Engine { shared: Arc::new(Shared::new(clock)) }
    }

    /// Reads and checks a definition in which each `${Name}` is replaced; gives the ARN of the machine. A machine of
    /// the same name is replaced, its running executions go on as they were started.
    pub fn load(
        &self,
        name: &str,
        definition: &str,
        substitutions: &BTreeMap<String, String>,
    ) -> Result<String, Vec<Problem>> {
        self.load_with(name, definition, &Setup { substitutions: substitutions.clone(), ..Setup::default() })
    }

    /// The same with all that a machine can be loaded with.
    pub fn load_with(&self, name: &str, definition: &str, setup: &Setup) -> Result<String, Vec<Problem>> {
        let machine = load::load(name, definition, setup)?;
        let arn = machine.arn.clone();
        self.shared.lock().machines.insert(arn.clone(), Arc::new(machine));
        Ok(arn)
    }

    /// Makes a function known under a name, which machines may also give as the last part of an ARN. A queue is a function
    /// that is given the text of each message.
    pub fn register(&self, function_name: &str, function: Function) {
        let name = plain_function_name(function_name).to_owned();
        self.shared.lock().functions.insert(name, function);
    }

    /// Forgets every function. Functions that hold what holds this engine would keep each other alive for ever.
    pub fn forget_functions(&self) {
        self.shared.lock().functions.clear();
    }

    /// Starts an execution on the current tokio runtime. The same start once more gives the same execution, as long
    /// as that runs.
    pub fn start_execution(&self, machine_arn: &str, name: &str, input: Value) -> Result<Started, StartError> {
        self.shared.start(machine_arn, name, input)
    }

    /// Ends an execution from outside. One that has ended stays as it is.
    pub fn stop_execution(&self, execution_arn: &str, error: &str, cause: &str) -> Result<(), UnknownExecution> {
        self.shared.finish(execution_arn, End::Aborted { error: error.to_owned(), cause: cause.to_owned() })
    }

    /// Where an execution stands.
    pub fn describe_execution(&self, execution_arn: &str) -> Option<ExecutionDescription> {
        self.shared.lock().executions.get(execution_arn).map(|execution| execution.describe())
    }

    /// All executions, newest first.
    pub fn executions(&self) -> Vec<ExecutionDescription> {
        self.shared.lock().descriptions()
    }

    /// What has happened in an execution so far; empty for one that does not exist.
    pub fn history(&self, execution_arn: &str) -> Vec<HistoryEvent> {
        self.shared.lock().executions.get(execution_arn).map(|execution| execution.history.clone()).unwrap_or_default()
    }

    /// What became of the task that was given this token.
    pub fn task(&self, token: &str) -> TaskFate {
        let mut world = self.shared.lock();
        world.tokens.fate(token, self.shared.clock.now())
    }

    /// The task of this execution that was given this token. `None` for a token of another execution.
    pub fn task_of(&self, execution_arn: &str, token: &str) -> Option<TokenTask> {
        let mut world = self.shared.lock();
        let (entered, scheduled) = world.executions.get(execution_arn)?.events_of(token)?;
        let fate = world.tokens.fate(token, self.shared.clock.now());
        Some(TokenTask { entered, scheduled, fate })
    }

    /// Completes a waiting task with its result. Only the first completion counts.
    pub fn send_task_success(&self, token: &str, output: Value) -> Result<(), TokenError> {
        self.shared.complete(token, Ok(output))
    }

    /// Completes a waiting task with a failure. Only the first completion counts.
    pub fn send_task_failure(&self, token: &str, error: &str, cause: &str) -> Result<(), TokenError> {
        self.shared.complete(token, Err(Failure::new(error, cause)))
    }

    /// Tells that the work on a task goes on, which puts off its `HeartbeatSeconds`.
    pub fn send_task_heartbeat(&self, token: &str) -> Result<(), TokenError> {
        let mut world = self.shared.lock();
        world.tokens.heartbeat(token, self.shared.clock.now())
    }

    /// The definition of a machine after substitution, for drawing it.
    pub fn definition(&self, machine_arn: &str) -> Option<Value> {
        self.shared.lock().machines.get(machine_arn).map(|machine| machine.definition.clone())
    }

    /// Every start and end of an execution from now on. However far behind the receiver falls, it misses none.
    pub fn statuses(&self) -> mpsc::UnboundedReceiver<ExecutionDescription> {
        let (listener, statuses) = mpsc::unbounded_channel();
        self.shared.statuses.lock().unwrap_or_else(PoisonError::into_inner).push(listener);
        statuses
    }

    /// What happens from now on. A subscriber that falls far behind is told so by the channel and misses some events.
    pub fn subscribe(&self) -> broadcast::Receiver<EngineEvent> {
        self.shared.events.subscribe()
    }
}
