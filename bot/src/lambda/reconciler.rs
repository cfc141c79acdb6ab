//! One invocation of the reconciler: a tick, the end of an execution here, messages of a queue with ends elsewhere, or a
//! question of `countersign spoke check`.

use futures::future;
use serde_json::Value;

use super::queue::{BatchResponse, QueueEvent};
use crate::flow::app::App;
use crate::flow::reconcile::Pass;
use crate::flow::spokes::Found;
use crate::flow::{hear, spokes};
use crate::net::deadline::Unavailable;

/// What became of an invocation.
#[derive(Debug)]
pub enum Woken {
    /// The schedule or an execution of this account called.
    Here(Option<Pass>),
    /// Executions of other accounts have ended; these messages come again.
    Elsewhere(BatchResponse),
    /// Whether an account can be served was asked; this was found, unless the policy does not list it.
    Checked(Option<Vec<Found>>),
}

/// The field of an event that asks whether an account can be served.
pub const CHECK_ACCOUNT: &str = "checkAccount";

/// Does what an invocation calls for.
pub async fn handle(app: &App, payload: Value) -> Result<Woken, Unavailable> {
    if let Some(account) = payload.get(CHECK_ACCOUNT).and_then(Value::as_str) {
        return Ok(Woken::Checked(spokes::check(app, account).await));
    }
    match serde_json::from_value::<QueueEvent>(payload.clone()) {
        Ok(event) => Ok(Woken::Elsewhere(hear_all(app, event).await)),
        Err(_) => hear::wake(app, payload).await.map(Woken::Here),
    }
}

async fn hear_all(app: &App, event: QueueEvent) -> BatchResponse {
    let heard = event.records.into_iter().map(|message| async {
        let heard = hear::hear_elsewhere(app, &message.body).await;
        (message, heard)
    });
    let mut response = BatchResponse::default();
    for (message, heard) in future::join_all(heard).await {
        if let Err(error) = heard {
            tracing::warn!(%error, "the end of an execution of another account is not dealt with yet");
            response.comes_again(message);
        }
    }
    response
}
