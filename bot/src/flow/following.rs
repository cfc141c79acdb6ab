//! Requests that follow an earlier one, which people have sent back: by its id, or as the next try of the same visit.

use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::app::App;
use super::change::change;
use super::reconcile;
use crate::approval::ids::ApprovalId;
use crate::approval::record::Approval;
use crate::approval::request::{Asked, InvalidInput};
use crate::net::deadline::{Deadline, Unavailable};

/// How many calls to the store are made at once.
const AT_ONCE: usize = 20;

/// The earlier approval that a request names, if it names one, or why it may not: the name proves nothing, so what does not
/// belong to it is told like what does not exist.
pub(crate) async fn named(
    app: &App,
    asked: &Asked,
    deadline: Deadline,
) -> Result<Result<Option<Approval>, InvalidInput>, Unavailable> {
    let Some(earlier) = &asked.request.follows else { return Ok(Ok(None)) };
    let id = ApprovalId::of(&asked.token);
    if deadline.run("store", app.ports.store.load(&id)).await?.is_some() {
        // What comes once more is on record as it was asked first.
        return Ok(Ok(None));
    }
    let mut found = deadline.run("store", app.ports.store.load(earlier)).await?;
    if let Some(unproven) = found.take_if(|found| found.attempt.is_none()) {
        let looked_at = reconcile::ask_step_functions(app, unproven, deadline).await;
        found = Some(looked_at.logged());
    }
    let may_follow = |found: &Approval| found.may_be_followed_by(&asked.request.execution, &asked.rules.name);
    Ok(match found.filter(may_follow) {
        Some(earlier) => Ok(Some(earlier)),
        None => Err(InvalidInput::field(
            "approval.follows",
            "is the id of no approval that an execution of this state machine is proven to have asked for under this policy",
        )),
    })
}

/// Notes what a request says otherwise that is the next try of one that was sent back. What cannot be found out is not told.
pub(crate) async fn earlier_try(app: &App, approval: Approval, deadline: Deadline) -> Approval {
    if !approval.rules.returns || approval.attempt.is_none() || approval.since.is_some() {
        return approval;
    }
    let id = approval.id.clone();
    match noted(app, &approval, deadline, app.now()).await {
        Ok(noted) => noted.unwrap_or(approval),
        Err(error) => {
            tracing::warn!(approval.id = %id, %error, "what has changed since an earlier try is not told");
            approval
        }
    }
}

async fn noted(
    app: &App,
    approval: &Approval,
    deadline: Deadline,
    now: Timestamp,
) -> Result<Option<Approval>, Unavailable> {
    let mut ids = deadline.run("store", app.ports.store.of_execution(&approval.request.execution)).await?;
    ids.retain(|other| *other != approval.id);
    let load = |id: ApprovalId| async move { deadline.run("store", app.ports.store.load(&id)).await };
    let others: Vec<Option<Approval>> = stream::iter(ids).map(load).buffered(AT_ONCE).try_collect().await?;
    let earlier = others.into_iter().flatten().filter(|other| other.is_sent_back() && approval.asks_again_for(other));
    let Some(earlier) = earlier.max_by_key(|other| other.attempt.map(|attempt| attempt.scheduled)) else {
        return Ok(None);
    };
    let follow = |approval: &mut Approval| {
        let is_new = approval.since.is_none();
        if is_new {
            approval.follow(&earlier, now);
        }
        is_new
    };
    Ok(Some(change(app, approval.clone(), deadline, follow).await?.record()))
}
