//! What wakes the reconciler: a tick of the schedule, or an event of Step Functions that says that an execution has ended.
//!
//! Rules of other accounts hand on the same through a queue, into which they could write anything. So nothing is believed
//! of an end but that it is time to ask.

use serde::Deserialize;
use serde_json::Value;

use super::app::{App, Asks};
use super::reconcile::{self, Pass};
use super::runs;
use crate::approval::ids::ExecutionArn;
use crate::net::deadline::Unavailable;

/// The source of the events of Step Functions.
const STEP_FUNCTIONS: &str = "aws.states";
/// The statuses in which an execution has ended (Step Functions, execution status change events).
const ENDED: [&str; 4] = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"];

/// An event as EventBridge delivers it, as far as it is read.
#[derive(Debug, Deserialize)]
struct BusEvent {
    source: String,
    detail: Value,
}

/// What a rule of another account hands on.
#[derive(Deserialize)]
struct Told {
    source: String,
    account: String,
    detail: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AboutExecution {
    execution_arn: ExecutionArn,
    status: String,
}

/// Does what an event calls for: one of Step Functions says that an execution has changed, any other is a tick of
/// the schedule, which calls for a pass.
pub async fn wake(app: &App, event: Value) -> Result<Option<Pass>, Unavailable> {
    match serde_json::from_value::<BusEvent>(event) {
        Ok(event) if event.source == STEP_FUNCTIONS => hear(app, event.detail).await.map(|()| None),
        // The next tick looks at the same record, so one that failed need not be made again.
        _ => {
            Ok(reconcile::pass(app).await.inspect_err(|error| tracing::error!(%error, "a pass could not be made")).ok())
        }
    }
}

/// Hears what another account says, in the words of such an event. What is not an end of an execution that may ask, or of
/// another account than says so, is left alone.
pub async fn hear_elsewhere(app: &App, message: &str) -> Result<(), Unavailable> {
    let Ok(told) = serde_json::from_str::<Told>(message) else {
        tracing::warn!(bytes = message.len(), "a message is no end of an execution");
        return Ok(());
    };
    let Ok(about) = serde_json::from_value::<AboutExecution>(told.detail.clone()) else { return Ok(()) };
    let is_theirs = about.execution_arn.origin().account() == told.account;
    if told.source != STEP_FUNCTIONS || !is_theirs || app.asks(&about.execution_arn) == Asks::Never {
        tracing::warn!("the end of an execution is told by somebody who may not");
        return Ok(());
    }
    hear(app, told.detail).await
}

/// Handles the end of an execution. Details that are not ours to read are ignored.
async fn hear(app: &App, detail: Value) -> Result<(), Unavailable> {
    match serde_json::from_value::<AboutExecution>(detail) {
        Ok(about) if ENDED.contains(&about.status.as_str()) => {
            let repaired = reconcile::execution_ended(app, &about.execution_arn).await;
            runs::execution_ended(app, &about.execution_arn).await.and(repaired)
        }
        _ => Ok(()),
    }
}
