//! What comes over the event bus: ours says that an approval has changed, Step Functions' that an execution has ended.

use serde::Deserialize;
use serde_json::Value;

use super::app::App;
use super::reconcile::{self, Pass};
use super::refresh::refresh;
use super::runs;
use crate::approval::event::SOURCE;
use crate::approval::ids::{ApprovalId, ExecutionArn};
use crate::net::deadline::Unavailable;

/// The source of the events of Step Functions.
const STEP_FUNCTIONS: &str = "aws.states";
/// The statuses in which an execution has ended (Step Functions, execution status change events).
const ENDED: [&str; 4] = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"];

/// An event as EventBridge delivers it, as far as the announcer reads it.
#[derive(Debug, Deserialize)]
pub struct Delivery {
    source: String,
    detail: Value,
}

impl Delivery {
    /// Whether Step Functions sent it.
    pub fn is_of_step_functions(&self) -> bool {
        self.source == STEP_FUNCTIONS
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AboutApproval {
    approval_id: ApprovalId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AboutExecution {
    execution_arn: ExecutionArn,
    status: String,
}

/// Handles one event: ours says that an approval has changed, Step Functions' that an execution has ended.
///
/// Events of other sources, and details that are not ours to read, are ignored.
pub async fn handle(app: &App, delivery: Delivery) -> Result<(), Unavailable> {
    match delivery.source.as_str() {
        SOURCE => match serde_json::from_value::<AboutApproval>(delivery.detail) {
            Ok(about) => refresh(app, &about.approval_id).await,
            Err(_) => Ok(()),
        },
        STEP_FUNCTIONS => match serde_json::from_value::<AboutExecution>(delivery.detail) {
            Ok(about) if ENDED.contains(&about.status.as_str()) => {
                let repaired = reconcile::execution_ended(app, &about.execution_arn).await;
                runs::tell_starter(app, &about.execution_arn).await.and(repaired)
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Does what an event calls for: one of Step Functions says that an execution has changed, any other is a tick of
/// the schedule, which calls for a pass.
pub async fn wake(app: &App, event: Value) -> Result<Option<Pass>, Unavailable> {
    match serde_json::from_value::<Delivery>(event) {
        Ok(delivery) if delivery.is_of_step_functions() => handle(app, delivery).await.map(|()| None),
        // The next tick looks at the same record, so one that failed need not be made again.
        _ => {
            Ok(reconcile::pass(app).await.inspect_err(|error| tracing::error!(%error, "a pass could not be made")).ok())
        }
    }
}
