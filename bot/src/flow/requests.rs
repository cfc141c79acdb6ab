//! Takes what workflows ask through the queue: the payload that the notifier takes by invocation, as the text of a message.
//!
//! Nobody waits there for an answer, so what would be an error of the invocation fails the task, by the same name and with
//! the same cause. The queue hands a message out at least once, so one that comes again changes nothing.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::app::{App, Asks};
use super::notify::{self, Door, Error};
use crate::approval::ids::{ApprovalId, Origin, TaskToken};
use crate::approval::request;
use crate::net::deadline::Deadline;
use crate::ports::CallbackError;

/// How often the queue hands out a message before it is set aside. With the last one the task is failed instead of tried
/// again, so that its state knows, and may ask again itself.
pub const TRIES_MAX: u32 = 5;
/// The first pause before a message is handed out again; each is twice as long as the one before.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);
/// The store has this long to say whether the request is on record, and Step Functions to take the failure.
const REFUSING: Duration = Duration::from_secs(5);

/// What came of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is on record, or refused, and nothing more is to be done about it.
    Yes,
    /// It is to be handed out again, after so long.
    NotYet {
        /// How long it rests.
        pause: SignedDuration,
    },
}

/// Takes a message that was handed out so many times, this time included.
pub async fn take(app: &App, body: &str, tries: u32) -> Taken {
    let input: Value = serde_json::from_str(body).unwrap_or_default();
    let Some(token) = request::task_token(&input) else {
        // There is no task that could be failed.
        tracing::error!(bytes = body.len(), "a message is refused for good: it is no request with a task token");
        return Taken::Yes;
    };
    let at = place(app, &input);
    match notify::raise(app, input, Door::Queue).await {
        Ok(_) => Taken::Yes,
        Err(Error::ApprovalStoreUnavailable(error)) if tries < TRIES_MAX => {
            tracing::warn!(%error, "a request could not be taken yet");
            not_yet(tries)
        }
        Err(error) => refuse(app, at.as_ref(), &token, &error, tries).await,
    }
}

/// Where the task of a request can be failed: where its execution runs if that may ask, and otherwise in this account, to
/// which a task may belong that names another's execution.
fn place(app: &App, input: &Value) -> Option<Origin> {
    let asking = request::execution(input).filter(|execution| app.asks(execution) != Asks::Never);
    asking.map(|execution| execution.origin()).or_else(|| app.origins.first().cloned())
}

/// Fails the task of a request that is refused, unless the request is on record: it was right when it came first, and
/// people may be deciding on it.
async fn refuse(app: &App, at: Option<&Origin>, token: &TaskToken, error: &Error, tries: u32) -> Taken {
    let id = ApprovalId::of(token);
    match Deadline::after(REFUSING).run("store", app.ports.store.load(&id)).await {
        Ok(Some(_)) => {
            tracing::warn!(approval.id = %id, "a message is refused that names the task of a request on record");
            return Taken::Yes;
        }
        Err(error) if tries < TRIES_MAX => {
            tracing::warn!(approval.id = %id, %error, "a request could not be refused yet");
            return not_yet(tries);
        }
        Ok(None) | Err(_) => {}
    }
    // Lambda reports the error of an invocation in this form.
    let cause = json!({ "errorMessage": error.to_string(), "errorType": error.name() }).to_string();
    let Some(at) = at else { return Taken::Yes };
    let call = app.ports.callbacks.send_task_failure(at, token, error.name(), &cause);
    match Deadline::after(REFUSING).run("Step Functions", call).await {
        Ok(()) => tracing::info!(approval.id = %id, name = error.name(), "a request is refused, and its task failed"),
        // Nobody can fail from here what an account asks that may not.
        Err(CallbackError::Closed) => {
            let name = error.name();
            tracing::warn!(approval.id = %id, name, "a request is refused whose task has ended, or is of elsewhere");
        }
        Err(CallbackError::Refused(code)) => tracing::error!(approval.id = %id, code, "a task could not be failed"),
        Err(CallbackError::Denied(_) | CallbackError::Unavailable(_)) => {
            tracing::warn!(approval.id = %id, "a task could not be failed yet");
            return not_yet(tries);
        }
    }
    Taken::Yes
}

fn not_yet(tries: u32) -> Taken {
    Taken::NotYet { pause: PAUSE * 2_i32.pow(tries.clamp(1, TRIES_MAX) - 1) }
}
