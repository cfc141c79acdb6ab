//! The task tokens and what became of their tasks. One lock covers this table and the clock is read under it, so a
//! callback and a timeout that meet have exactly one winner.

use std::collections::HashMap;
use std::sync::Arc;

use data_encoding::BASE64;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::errors::Failure;
use crate::random;

/// AWS's tokens are a few hundred characters of Base64; with the mark, ours have 600.
const RANDOM_BYTES: usize = 444;

/// What all tokens start with, so that one can be recognised wherever it turns up.
const MARK: &str = "AQnAZY8q";

/// What the history shows instead of a token.
const REDACTED: &str = "[task token]";

/// Why a callback was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The task has ended: it was completed already, its time is over, or its execution has ended.
    #[error("Task Timed Out: the task of this token has ended or its time is over")]
    TaskTimedOut,
    /// No task was ever given this token.
    #[error("Task Does Not Exist: no task was given this token")]
    TaskDoesNotExist,
    /// This cannot be a token.
    #[error("Invalid Token: this is not a task token")]
    InvalidToken,
}

/// What became of a task that waits for its token.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskFate {
    /// It still waits.
    Open,
    /// It was completed with this output.
    Succeeded(Value),
    /// It was completed with a failure, or the function that was to pass the token on failed.
    Failed {
        /// The name that `Retry` and `Catch` look at.
        error: String,
        /// What else is known.
        cause: String,
    },
    /// Its `TimeoutSeconds`, its `HeartbeatSeconds` or the time of the execution ran out.
    TimedOut,
    /// The execution, or the branch it was in, ended without it.
    Aborted,
    /// The engine has not issued this token.
    Unknown,
}

/// A task that was given a token, as an execution's history has it.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenTask {
    /// The event with which its state was entered; all attempts of one visit share it.
    pub entered: u64,
    /// The event with which it was scheduled.
    pub scheduled: u64,
    /// What became of it.
    pub fate: TaskFate,
}

/// How a task that waited for its token ended.
pub(crate) type Outcome = Result<Value, Failure>;

/// When a waiting task times out.
pub(crate) struct Deadlines {
    pub(crate) task: Option<Timestamp>,
    pub(crate) heartbeat: Option<SignedDuration>,
    pub(crate) execution: Option<Timestamp>,
}

/// Every token that was issued.
#[derive(Default)]
pub(crate) struct Tokens {
    issued: HashMap<Arc<str>, Entry>,
}

enum Entry {
    Open(Open),
    Closed(TaskFate),
}

struct Open {
    deadlines: Deadlines,
    next_heartbeat: Option<Timestamp>,
    outcome: oneshot::Sender<Outcome>,
}

impl Open {
    /// The next moment at which this task may time out. The execution's own deadline is watched elsewhere.
    fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.task.into_iter().chain(self.next_heartbeat).min()
    }

    /// The failure of a task whose time is over; `None` inside when the whole execution's time is.
    fn overdue(&self, now: Timestamp) -> Option<Option<Failure>> {
        let passed = |deadline: Option<Timestamp>| deadline.filter(|deadline| *deadline <= now);
        if passed(self.deadlines.execution).is_some() {
            return Some(None);
        }
        let failure = match (passed(self.deadlines.task), passed(self.next_heartbeat)) {
            (None, None) => return None,
            (Some(task), Some(heartbeat)) if heartbeat < task => Failure::missed_heartbeat(),
            (Some(_), _) => Failure::timed_out(),
            (None, Some(_)) => Failure::missed_heartbeat(),
        };
        Some(Some(failure))
    }
}

/// A new token. It is not in the table until it is [`opened`](Tokens::open).
pub(crate) fn new_token() -> Arc<str> {
    let secret = BASE64.encode(&random::bytes::<RANDOM_BYTES>());
    format!("{MARK}{secret}").into()
}

impl Tokens {
    /// Starts waiting for a callback with this token.
    pub(crate) fn open(&mut self, token: Arc<str>, deadlines: Deadlines, now: Timestamp) -> oneshot::Receiver<Outcome> {
        let (outcome, receiver) = oneshot::channel();
        let next_heartbeat = deadlines.heartbeat.and_then(|interval| now.checked_add(interval).ok());
        self.issued.insert(token, Entry::Open(Open { deadlines, next_heartbeat, outcome }));
        receiver
    }

    /// Completes the task, unless it has ended. The first caller wins.
    pub(crate) fn complete(&mut self, token: &str, outcome: Outcome, now: Timestamp) -> Result<(), TokenError> {
        self.open_entry(token, now)?;
        let fate = match &outcome {
            Ok(output) => TaskFate::Succeeded(output.clone()),
            Err(failure) => {
                TaskFate::Failed { error: failure.error.clone(), cause: failure.cause.clone().unwrap_or_default() }
            }
        };
        self.close_with(token, fate, Some(outcome));
        Ok(())
    }

    /// Notes a sign of life, which puts the heartbeat's deadline off.
    pub(crate) fn heartbeat(&mut self, token: &str, now: Timestamp) -> Result<(), TokenError> {
        let open = self.open_entry(token, now)?;
        open.next_heartbeat = open.deadlines.heartbeat.and_then(|interval| now.checked_add(interval).ok());
        Ok(())
    }

    /// What became of the task, with a deadline that has just passed taken into account.
    pub(crate) fn fate(&mut self, token: &str, now: Timestamp) -> TaskFate {
        self.expire(token, now);
        match self.issued.get(token) {
            Some(Entry::Open(_)) => TaskFate::Open,
            Some(Entry::Closed(fate)) => fate.clone(),
            None => TaskFate::Unknown,
        }
    }

    /// Times the task out if it is due; otherwise says when to look again.
    pub(crate) fn expire(&mut self, token: &str, now: Timestamp) -> Option<Timestamp> {
        let Some(Entry::Open(open)) = self.issued.get(token) else {
            return None;
        };
        match open.overdue(now) {
            None => open.next_deadline(),
            Some(failure) => {
                self.close_with(token, TaskFate::TimedOut, failure.map(Err));
                None
            }
        }
    }

    /// Ends a task from outside. Nobody is told: whoever waited for it is ending too.
    pub(crate) fn close(&mut self, token: &str, fate: TaskFate, now: Timestamp) {
        self.expire(token, now);
        if matches!(self.issued.get(token), Some(Entry::Open(_))) {
            self.close_with(token, fate, None);
        }
    }

    fn close_with(&mut self, token: &str, fate: TaskFate, outcome: Option<Outcome>) {
        if let Some(entry) = self.issued.get_mut(token)
            && let Entry::Open(open) = std::mem::replace(entry, Entry::Closed(fate))
            && let Some(outcome) = outcome
        {
            // It fails when the waiting task is gone already, which then needs no outcome.
            open.outcome.send(outcome).ok();
        }
    }

    fn open_entry(&mut self, token: &str, now: Timestamp) -> Result<&mut Open, TokenError> {
        self.expire(token, now);
        match self.issued.get_mut(token) {
            Some(Entry::Open(open)) => Ok(open),
            Some(Entry::Closed(_)) => Err(TokenError::TaskTimedOut),
            None if is_well_formed(token) => Err(TokenError::TaskDoesNotExist),
            None => Err(TokenError::InvalidToken),
        }
    }
}

fn is_well_formed(token: &str) -> bool {
    let secret = token.strip_prefix(MARK).map(|secret| BASE64.decode(secret.as_bytes()));
    matches!(secret, Some(Ok(bytes)) if bytes.len() == RANDOM_BYTES)
}

/// Replaces every token in a text, also one that was escaped for a URL.
pub(crate) fn redact(text: String) -> String {
    if !text.contains(MARK) {
        return text;
    }
    let mut pieces = text.split(MARK);
    let mut redacted = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        redacted.push_str(REDACTED);
        redacted.push_str(piece.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "+/=%".contains(c)));
    }
    redacted
}
