//! One invocation of the notifier: by a state that asks, or by Lambda with messages of the queue.

use std::time::Duration;

use futures::future;
use serde_json::{Value, json};

use super::queue::{BatchResponse, QueueEvent};
use crate::flow::app::App;
use crate::flow::notify::{self, Error};
use crate::flow::requests::{self, Taken};
use crate::net::deadline::Deadline;
use crate::ports::Requests;

/// SQS has this long to take back what comes again.
const PUTTING_OFF: Duration = Duration::from_secs(3);

/// Raises what is asked: the answer is the id of the approval, or which of the messages come again.
pub async fn handle(app: &App, queue: &dyn Requests, payload: Value) -> Result<Value, Error> {
    // No request has a field of this name.
    let is_of_queue = payload.get("Records").is_some();
    match is_of_queue.then(|| serde_json::from_value::<QueueEvent>(payload.clone())) {
        Some(Ok(event)) => Ok(json!(take(app, queue, event).await)),
        Some(Err(_)) | None => notify::notify(app, payload).await,
    }
}

/// Takes the messages of one invocation, all at once: none waits for another.
pub async fn take(app: &App, queue: &dyn Requests, event: QueueEvent) -> BatchResponse {
    let taken = event.records.into_iter().map(|message| async {
        let taken = requests::take(app, &message.body, message.tries()).await;
        if let Taken::NotYet { pause } = taken {
            let put_off = queue.put_off(&message.receipt_handle, pause);
            // It comes again all the same, but not before the queue takes whoever has it for lost.
            if let Err(error) = Deadline::after(PUTTING_OFF).run("queue", put_off).await {
                tracing::warn!(%error, "a request could not be put off");
            }
        }
        (message, taken)
    });
    let mut response = BatchResponse::default();
    for (message, taken) in future::join_all(taken).await {
        if taken != Taken::Yes {
            response.comes_again(message);
        }
    }
    response
}
