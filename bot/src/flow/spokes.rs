//! Whether an account that the policy lists can be served: asked with the very calls that approvals need, and with the very
//! role of the function that makes them, so that nothing has to be known of how the account is set up.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::app::App;
use crate::approval::ids::{ExecutionArn, Origin, TaskToken};
use crate::net::deadline::Deadline;
use crate::ports::CallbackError;

/// Each call has this long.
const PATIENCE: Duration = Duration::from_secs(10);
/// The name of a task and of an execution that nobody has.
const NOBODY: &str = "countersign-spoke-check";
/// What Step Functions says of an execution that is not there to whoever may ask.
const NOT_THERE: &str = "ExecutionDoesNotExist";

/// What was found in one region of an account: what went wrong with each kind of call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// The region.
    pub region: String,
    /// Why executions cannot be looked at, if so.
    pub look_up: Option<String>,
    /// Why tasks cannot be completed, if so.
    pub complete: Option<String>,
}

/// Looks at every region that the policy lists for this account; none if it does not list the account.
pub async fn check(app: &App, account: &str) -> Option<Vec<Found>> {
    let listed = app.policy.accounts.0.get(account)?;
    let partition = app.origins.first().map_or("aws", Origin::partition);
    let mut all = Vec::new();
    for region in &listed.regions {
        let arn = format!("arn:{partition}:states:{region}:{account}:execution:{NOBODY}:{NOBODY}");
        // The policy was read strictly, so that it is one.
        let Ok(execution) = ExecutionArn::parse(&arn) else { continue };
        all.push(Found {
            region: region.clone(),
            look_up: look_up(app, &execution).await,
            complete: complete(app, &execution.origin()).await,
        });
    }
    Some(all)
}

async fn look_up(app: &App, execution: &ExecutionArn) -> Option<String> {
    let asked = Deadline::after(PATIENCE).run("Step Functions", app.ports.executions.is_running(execution)).await;
    let error = asked.err()?;
    (error.problem != NOT_THERE).then(|| format!("{}: {}", error.service, error.problem))
}

/// A token that nobody has is refused as closed to whoever may complete tasks.
async fn complete(app: &App, at: &Origin) -> Option<String> {
    let token = TaskToken::parse(NOBODY).ok()?;
    let call = app.ports.callbacks.send_task_failure(at, &token, NOBODY, NOBODY);
    match Deadline::after(PATIENCE).run("Step Functions", call).await {
        Ok(()) | Err(CallbackError::Closed | CallbackError::Refused(_)) => None,
        Err(CallbackError::Denied(code)) => Some(code),
        Err(CallbackError::Unavailable(error)) => Some(error.to_string()),
    }
}
