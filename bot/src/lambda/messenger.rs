//! One invocation of the messenger: from the messages of the queue to those that come again.

use std::time::Duration;

use jiff::SignedDuration;

use super::queue::{BatchResponse, Message, QueueEvent};
use crate::flow::BACKGROUND;
use crate::flow::app::App;
use crate::flow::change::SAVE_LONGEST;
use crate::flow::deliver::{Delivered, Received, deliver};
use crate::net::deadline::Deadline;

/// A place rests no longer than this: so long a burst of notes into one thread may take.
const REST_MAX: Duration = Duration::from_secs(5);
/// SQS has this long to take back what comes again.
const PUTTING_OFF: Duration = Duration::from_secs(3);
/// One delivery at its longest: the platform, the record of it, and the rest.
pub const LONGEST: Duration =
    BACKGROUND.saturating_add(SAVE_LONGEST).saturating_add(REST_MAX).saturating_add(PUTTING_OFF);
/// What cannot be read is left in the queue for so long each time, until the queue sets it aside.
const UNREADABLE: SignedDuration = SignedDuration::from_secs(1);

/// Makes the deliveries of one invocation, and lets the place rest after each.
pub async fn handle(app: &App, event: QueueEvent) -> BatchResponse {
    let mut response = BatchResponse::default();
    for message in event.records {
        if let Err(pause) = handle_one(app, &message).await {
            let put_off = app.ports.deliveries.put_off(&message.receipt_handle, pause);
            // It comes again all the same, but not before the queue takes whoever has it for lost.
            if let Err(error) = Deadline::after(PUTTING_OFF).run("queue", put_off).await {
                tracing::warn!(%error, "a delivery could not be put off");
            }
            response.comes_again(message);
        }
    }
    response
}

/// Makes one delivery; an error says after how long it is made again.
async fn handle_one(app: &App, message: &Message) -> Result<(), SignedDuration> {
    let subject = serde_json::from_str(&message.body).map_err(|error| {
        tracing::error!(message.id = message.message_id, %error, "a message of the queue is not ours");
        UNREADABLE
    })?;
    match deliver(app, &Received { subject, tries: message.tries() }).await {
        Delivered::Yes { rest } => {
            tokio::time::sleep(Duration::try_from(rest).unwrap_or_default().min(REST_MAX)).await;
            Ok(())
        }
        Delivered::NotYet { pause } => Err(pause),
    }
}
