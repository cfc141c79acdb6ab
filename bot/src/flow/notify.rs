//! Raises an approval: records the request, and announces it. Messengers send the cards and the mails.
//!
//! Repeating it with the same task token raises nothing twice.

use std::time::Duration;

use serde_json::{Value, json};

use super::app::{App, Asks};
use super::change::change;
use super::resolve::settle;
use super::{delegations, following, groups, reconcile, separation, succession};
use crate::approval::policy::Policy;
use crate::approval::record::Approval;
use crate::approval::request::{self, Asked, InvalidInput};
use crate::net::deadline::{Deadline, Unavailable};
use crate::ports::Raised;

/// The chats have this long to say who is in the groups of the policy, where it has such.
const GROUPS: Duration = Duration::from_secs(5);
/// The store has this long to take the request.
const RECORDING: Duration = Duration::from_secs(5);
/// The store, and Step Functions where it has not said yet what an earlier approval is of, have this long to find the one that a
/// request follows.
const FOLLOWING: Duration = Duration::from_secs(3);
/// Where policies are kept apart, the other approvals of the execution have to be found and closed in this time.
const SEPARATION: Duration = Duration::from_secs(3);
/// The store has this long to say who stands in for whom.
const DELEGATIONS: Duration = Duration::from_secs(2);
/// Step Functions has this long to say that its execution holds the task. Without an answer the request goes out all the
/// same, and leads to the execution once there is one.
const PROOF: Duration = Duration::from_secs(3);
/// How long the history is given to show a task, where that is asked for again.
const PROOF_PAUSE: Duration = Duration::from_millis(500);
/// Step Functions, the bus and the queue have this long after that.
const SETTLING: Duration = Duration::from_secs(10);
/// What is left after that is given up then, and done by the reconciler.
const TIDYING: Duration = Duration::from_secs(15);
/// All of that at its longest.
pub const LONGEST: Duration = GROUPS
    .saturating_add(FOLLOWING)
    .saturating_add(SEPARATION)
    .saturating_add(DELEGATIONS)
    .saturating_add(RECORDING)
    .saturating_add(PROOF)
    .saturating_add(SETTLING)
    .saturating_add(TIDYING);

/// Why no approval was raised. The name is what a state machine can catch.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The task input is not what the contract says.
    #[error("{0}")]
    InvalidApprovalRequest(#[from] InvalidInput),
    /// The request could not be recorded, or no policy is in force, and nobody was asked.
    #[error("{0}")]
    ApprovalStoreUnavailable(#[from] Unavailable),
}

/// The name of an input that is not what the contract says, for `ErrorEquals` in a state machine.
pub const INVALID_APPROVAL_REQUEST: &str = "InvalidApprovalRequest";
/// The name of a request that could not be recorded, for `ErrorEquals` in a state machine.
pub const APPROVAL_STORE_UNAVAILABLE: &str = "ApprovalStoreUnavailable";

impl Error {
    /// The error's name in `ErrorEquals`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InvalidApprovalRequest(_) => INVALID_APPROVAL_REQUEST,
            Self::ApprovalStoreUnavailable(_) => APPROVAL_STORE_UNAVAILABLE,
        }
    }
}

/// How a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// Somebody who may invoke the notifier has done so.
    Invocation,
    /// Through the queue, into which others may write than the account of the execution that is named.
    Queue,
}

/// Raises the approval that a state's input asks for, and returns its id.
///
/// If nobody is to be asked, the task is failed as `ApprovalUndeliverable` at once. What was not finished is left to the
/// reconciler.
pub async fn notify(app: &App, input: Value) -> Result<Value, Error> {
    raise(app, input, Door::Invocation).await
}

pub(super) async fn raise(app: &App, input: Value, door: Door) -> Result<Value, Error> {
    // Who may decide is not known then, and it may be soon.
    app.policy.in_force().map_err(|why| Unavailable::new("the policy", why))?;
    // What is seldom needed is not part of what every request takes of the stack.
    let policy = Box::pin(groups::ask(app, &input, Deadline::after(GROUPS))).await??;
    let asked = read(app, input, &policy)?;
    let earlier = following::named(app, &asked, Deadline::after(FOLLOWING)).await??;
    let mut asked = separation::keep_apart(app, asked, Deadline::after(SEPARATION)).await??;
    // Only whoever is of this account has come through its doors.
    if door == Door::Queue || app.asks(&asked.request.execution) != Asks::Here {
        asked = asked.proven_first();
    }
    let mut asked = Approval::raise(asked);
    if let Some(earlier) = earlier {
        asked.follow(&earlier, app.now());
    }
    // Whoever stands in is asked with the others. Without an answer they are as soon as somebody looks at it again.
    match delegations::of_rules(app, &asked.rules, Deadline::after(DELEGATIONS)).await {
        Ok(delegations) => {
            asked.take_stand_ins(&delegations, app.now());
        }
        Err(error) => tracing::warn!(approval.id = %asked.id, %error, "nobody knows who stands in"),
    }
    let content = asked.content_hash();
    let (approval, is_new) = match Deadline::after(RECORDING).run("store", app.ports.store.raise(asked)).await? {
        Raised::New(approval) => (*approval, true),
        Raised::Existing(approval) => (*approval, false),
    };
    // A decision about what was asked first must not be taken for one about this.
    if approval.content_hash() != content {
        return Err(InvalidInput::field("approval", "something else was asked with the same task token before").into());
    }
    let id = approval.id.clone();
    tracing::info!(approval.id = %id, approval.policy = approval.rules.name, is_new, "raised");
    // The request is on record, so nothing that is left may fail the state.
    if let Err(error) = follow_up(app, approval).await {
        tracing::warn!(approval.id = %id, %error, "left to the reconciler");
    }
    Ok(json!({ "approvalId": id }))
}

/// What is asked, by an execution that may ask here, or everything that is wrong with it.
fn read(app: &App, input: Value, policy: &Policy) -> Result<Asked, InvalidInput> {
    let is_foreign = request::execution(&input).is_some_and(|execution| app.asks(&execution) == Asks::Never);
    let asked = request::read(input, policy, app.now());
    if !is_foreign {
        return asked;
    }
    let InvalidInput(mut problems) =
        InvalidInput::field("executionArn", "is of an account or a region that may not ask here");
    problems.extend(asked.err().into_iter().flat_map(|invalid| invalid.0));
    Err(InvalidInput(problems))
}

/// Proves the request, announces it or gives it up, and closes those that it takes the place of.
async fn follow_up(app: &App, approval: Approval) -> Result<(), Unavailable> {
    let approval = prove(app, approval).await;
    let (now, deadline) = (app.now(), Deadline::after(SETTLING));
    let approval = following::earlier_try(app, approval, deadline).await;
    // Whoever has named the execution through the queue is believed as long as it can be proven.
    let give_up = |approval: &mut Approval| !approval.is_withheld() && approval.give_up_unasked(now);
    let approval = change(app, approval, deadline, give_up).await?.record();
    let approval = settle(app, approval, deadline).await.logged();
    Deadline::after(TIDYING).run("notifier", succession::close_earlier_tries(app, &approval)).await
}

/// Asks Step Functions whether the execution holds the task. Where the policy names its callers nobody is asked without,
/// and the history may show a task a moment late.
async fn prove(app: &App, mut approval: Approval) -> Approval {
    let deadline = Deadline::after(PROOF);
    loop {
        approval = reconcile::ask_step_functions(app, approval, deadline).await.logged();
        if !approval.lacks_proof() || deadline.left() < PROOF_PAUSE {
            return approval;
        }
        tokio::time::sleep(PROOF_PAUSE).await;
    }
}
