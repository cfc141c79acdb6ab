//! What wakes the reconciler: a tick of the schedule, or an event of Step Functions that says that an execution has ended.

use serde::Deserialize;
use serde_json::Value;

use super::app::App;
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
