//! Everything that the engine knows, behind one lock that is never held while waiting: machines, functions,
//! executions with their histories, and the tokens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::clock::Clock;

use super::context::{ExecutionContext, ROLE_ARN};
use super::errors::Failure;
use super::execution::{End, Execution, ExecutionDescription, ExecutionStatus, StartError, Started, UnknownExecution};
use super::history::{HistoryEvent, HistoryKind, without_tokens};
use super::limits::{MAX_HISTORY_EVENTS, is_valid_name};
use super::machine::Machine;
use super::run::Run;
use super::tokens::{Deadlines, Outcome, TaskFate, Tokens};
use super::{EngineEvent, Function};

/// How many events a slow subscriber may be behind before it misses some.
const EVENT_BACKLOG: usize = 4096;

/// An event that is to be recorded.
pub(super) struct NewEvent<'a> {
    pub(super) previous: u64,
    pub(super) kind: HistoryKind,
    pub(super) state: Option<&'a str>,
    pub(super) details: Value,
}

/// What all clones of an engine, and its running executions, share.
pub(super) struct Shared {
    pub(super) clock: Clock,
    pub(super) events: broadcast::Sender<EngineEvent>,
    pub(super) statuses: Mutex<Vec<mpsc::UnboundedSender<ExecutionDescription>>>,
    world: Mutex<World>,
}

/// What the lock protects.
#[derive(Default)]
pub(super) struct World {
    pub(super) machines: HashMap<String, Arc<Machine>>,
    pub(super) functions: HashMap<String, Function>,
    pub(super) executions: HashMap<Arc<str>, Execution>,
    pub(super) tokens: Tokens,
}

impl World {
    /// Starts waiting for a callback. The token is closed when its execution ends, or now if that has ended already.
    pub(super) fn open_token(
        &mut self,
        execution_arn: &str,
        token: &Arc<str>,
        deadlines: Deadlines,
        now: Timestamp,
    ) -> oneshot::Receiver<Outcome> {
        let outcome = self.tokens.open(Arc::clone(token), deadlines, now);
        match self.executions.get_mut(execution_arn) {
            Some(execution) if execution.status == ExecutionStatus::Running => execution.tokens.push(Arc::clone(token)),
            _ => self.tokens.close(token, TaskFate::Aborted, now),
        }
        outcome
    }

    /// All executions, newest first.
    pub(super) fn descriptions(&self) -> Vec<ExecutionDescription> {
        let mut executions: Vec<_> = self.executions.values().collect();
        executions.sort_by_key(|execution| std::cmp::Reverse(execution.number));
        executions.into_iter().map(Execution::describe).collect()
    }
}

impl Shared {
    pub(super) fn new(clock: Clock) -> Shared {
        Shared {
            clock,
            events: broadcast::Sender::new(EVENT_BACKLOG),
            statuses: Mutex::default(),
            world: Mutex::default(),
        }
    }

    /// Takes the lock. A panic elsewhere leaves no half-made change behind it, so poisoning is of no interest.
    pub(super) fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts an execution, or finds the one that the same request started before.
    pub(super) fn start(
        self: &Arc<Shared>,
        machine_arn: &str,
        name: &str,
        input: Value,
    ) -> Result<Started, StartError> {
        if !is_valid_name(name) {
            return Err(StartError::InvalidName);
        }
        let mut world = self.lock();
        let machine = world.machines.get(machine_arn).cloned().ok_or(StartError::StateMachineDoesNotExist)?;
        let arn: Arc<str> = format!("arn:aws:states:local:000000000000:execution:{}:{name}", machine.name).into();
        if let Some(existing) = world.executions.get(&arn) {
            let same = existing.status == ExecutionStatus::Running && existing.context.input == input;
            let start_date = existing.context.start_date;
            let started = Started { execution_arn: (*arn).to_owned(), start_date, already_running: true };
            return if same { Ok(started) } else { Err(StartError::ExecutionAlreadyExists) };
        }
        let start_date = self.clock.now();
        let context = Arc::new(ExecutionContext {
            execution_arn: Arc::clone(&arn),
            name: name.to_owned(),
            input,
            start_date,
            machine_arn: machine_arn.to_owned(),
            machine_name: machine.name.clone(),
        });
        let deadline = machine.timeout_seconds.and_then(|seconds| after(start_date, seconds));
        let number = world.executions.len();
        let execution = world.executions.entry(Arc::clone(&arn)).or_insert(Execution {
            number,
            context: Arc::clone(&context),
            status: ExecutionStatus::Running,
            deadline,
            output: None,
            error: None,
            cause: None,
            stop_date: None,
            history: Vec::new(),
            tokens: Vec::new(),
            task: None,
        });
        let details = json!({ "input": context.input, "roleArn": ROLE_ARN });
        self.add_event(execution, NewEvent { previous: 0, kind: HistoryKind::ExecutionStarted, state: None, details });
        self.announce(execution);
        // Spawned under the lock: the execution cannot end before its handle is kept.
        let run = Run::new(Arc::clone(self), machine, context, deadline);
        execution.task = Some(tokio::spawn(run.drive()).abort_handle());
        Ok(Started { execution_arn: (*arn).to_owned(), start_date, already_running: false })
    }

    /// Ends an execution, unless it has ended. Its open tasks end with it, in the same moment.
    pub(super) fn finish(&self, execution_arn: &str, end: End) -> Result<(), UnknownExecution> {
        let mut guard = self.lock();
        let world = &mut *guard;
        let execution = world.executions.get_mut(execution_arn).ok_or(UnknownExecution)?;
        if execution.status != ExecutionStatus::Running {
            return Ok(());
        }
        let now = self.clock.now();
        let end = if execution.deadline.is_some_and(|deadline| deadline <= now) { End::TimedOut } else { end };
        let fate = if matches!(end, End::TimedOut) { TaskFate::TimedOut } else { TaskFate::Aborted };
        for token in std::mem::take(&mut execution.tokens) {
            world.tokens.close(&token, fate.clone(), now);
        }
        execution.stop_date = Some(now);
        let (kind, details) = execution.settle(end);
        let previous = execution.history.last().map_or(0, |event| event.id);
        self.add_event(execution, NewEvent { previous, kind, state: None, details });
        self.announce(execution);
        let task = execution.task.take();
        drop(guard);
        if let Some(task) = task {
            task.abort();
        }
        Ok(())
    }

    /// Records an event of a running execution and gives back its number.
    pub(super) fn record(&self, execution_arn: &str, event: NewEvent<'_>) -> Result<u64, Failure> {
        let mut world = self.lock();
        match world.executions.get_mut(execution_arn) {
            Some(execution) if execution.status == ExecutionStatus::Running => {
                if execution.history.len() as u64 + 1 >= MAX_HISTORY_EVENTS {
                    let cause = "The execution reached the maximum number of history events (25000).";
                    return Err(Failure::runtime(cause));
                }
                Ok(self.add_event(execution, event))
            }
            _ => Ok(event.previous),
        }
    }

    fn add_event(&self, execution: &mut Execution, event: NewEvent<'_>) -> u64 {
        let id = execution.history.len() as u64 + 1;
        let event = HistoryEvent {
            id,
            previous_id: event.previous,
            timestamp: self.clock.now(),
            kind: event.kind,
            state: event.state.map(str::to_owned),
            details: without_tokens(event.details),
        };
        if self.events.receiver_count() > 0 {
            let execution_arn = (*execution.context.execution_arn).to_owned();
            // Sending fails only when the last subscriber has just left.
            self.events.send(EngineEvent::History { execution_arn, event: event.clone() }).ok();
        }
        execution.history.push(event);
        id
    }

    fn announce(&self, execution: &Execution) {
        if self.events.receiver_count() > 0 {
            self.events.send(EngineEvent::Status(execution.describe())).ok();
        }
        let mut statuses = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        statuses.retain(|listener| listener.send(execution.describe()).is_ok());
    }
}

/// A moment some seconds later; `None` when no calendar reaches that far.
pub(super) fn after(start: Timestamp, seconds: u32) -> Option<Timestamp> {
    start.checked_add(SignedDuration::from_secs(i64::from(seconds))).ok()
}
