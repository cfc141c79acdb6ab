//! Everything that the engine knows, behind one lock that is never held while waiting: machines, functions,
//! executions with their histories, and the tokens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::clock::Clock;
use crate::errors::Failure;
use crate::event::EngineEvent;
use crate::execution::{End, Execution, ExecutionDescription, ExecutionStatus, UnknownExecution};
use crate::function::Function;
use crate::history::{HistoryEvent, HistoryKind, without_tokens};
use crate::limits::MAX_HISTORY_EVENTS;
use crate::machine::Machine;
use crate::tokens::{Deadlines, Outcome, TaskFate, Tokens};

/// How many events a slow subscriber may be behind before it misses some.
const EVENT_BACKLOG: usize = 4096;

/// An event that is to be recorded.
pub(crate) struct NewEvent<'a> {
    pub(crate) previous: u64,
    pub(crate) kind: HistoryKind,
    pub(crate) state: Option<&'a str>,
    pub(crate) details: Value,
}

/// What all clones of an engine, and its running executions, share.
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) events: broadcast::Sender<EngineEvent>,
    pub(crate) statuses: Mutex<Vec<mpsc::UnboundedSender<ExecutionDescription>>>,
    world: Mutex<World>,
}

/// What the lock protects.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) machines: HashMap<String, Arc<Machine>>,
    pub(crate) functions: HashMap<String, Function>,
    pub(crate) executions: HashMap<Arc<str>, Execution>,
    pub(crate) tokens: Tokens,
}

impl World {
    /// Starts waiting for a callback to the task that was scheduled with this event. The token is closed when its execution ends, or now if that has ended already.
    pub(crate) fn open_token(
        &mut self,
        execution_arn: &str,
        (token, scheduled): (&Arc<str>, u64),
        deadlines: Deadlines,
        now: Timestamp,
    ) -> oneshot::Receiver<Outcome> {
        let outcome = self.tokens.open(Arc::clone(token), deadlines, now);
        match self.executions.get_mut(execution_arn) {
            Some(execution) if execution.status == ExecutionStatus::Running => {
                execution.tasks.insert(Arc::clone(token), scheduled);
            }
            _ => self.tokens.close(token, TaskFate::Aborted, now),
        }
        outcome
    }

    /// All executions, newest first.
    pub(crate) fn descriptions(&self) -> Vec<ExecutionDescription> {
        let mut executions: Vec<_> = self.executions.values().collect();
        executions.sort_by_key(|execution| std::cmp::Reverse(execution.number));
        executions.into_iter().map(Execution::describe).collect()
    }
}

impl Shared {
    pub(crate) fn new(clock: Clock) -> Shared {
        Shared {
            clock,
            events: broadcast::Sender::new(EVENT_BACKLOG),
            statuses: Mutex::default(),
            world: Mutex::default(),
        }
    }

    /// Takes the lock. A panic elsewhere leaves no half-made change behind it, so poisoning is of no interest.
    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends an execution, unless it has ended. Its open tasks end with it, in the same moment.
    pub(crate) fn finish(&self, execution_arn: &str, end: End) -> Result<(), UnknownExecution> {
        let mut guard = self.lock();
        let world = &mut *guard;
        let execution = world.executions.get_mut(execution_arn).ok_or(UnknownExecution)?;
        if execution.status != ExecutionStatus::Running {
            return Ok(());
        }
        let now = self.clock.now();
        let end = if execution.deadline.is_some_and(|deadline| deadline <= now) { End::TimedOut } else { end };
        let fate = if matches!(end, End::TimedOut) { TaskFate::TimedOut } else { TaskFate::Aborted };
        for token in execution.tasks.keys() {
            world.tokens.close(token, fate.clone(), now);
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
    pub(crate) fn record(&self, execution_arn: &str, event: NewEvent<'_>) -> Result<u64, Failure> {
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

    pub(crate) fn add_event(&self, execution: &mut Execution, event: NewEvent<'_>) -> u64 {
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

    pub(crate) fn announce(&self, execution: &Execution) {
        if self.events.receiver_count() > 0 {
            self.events.send(EngineEvent::Status(execution.describe())).ok();
        }
        let mut statuses = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        statuses.retain(|listener| listener.send(execution.describe()).is_ok());
    }
}

/// A moment some seconds later; `None` when no calendar reaches that far.
pub(crate) fn after(start: Timestamp, seconds: u32) -> Option<Timestamp> {
    start.checked_add(SignedDuration::from_secs(i64::from(seconds))).ok()
}
