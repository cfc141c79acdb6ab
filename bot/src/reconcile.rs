//! Repairs: one level-triggered pass over what is due, which looks at what is recorded and not at what it was told.

use jiff::Timestamp;

use crate::announce;
use crate::app::App;
use crate::approval::ids::{ApprovalId, ExecutionArn};
use crate::approval::record::{Approval, State};
use crate::approval::truth;
use crate::deadline::Deadline;
use crate::ports::{Saved, Unavailable};
use crate::resolve;

/// How many approvals one pass looks at.
pub const PASS_LIMIT: usize = 500;

/// What a pass did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pass {
    /// Approvals that were due.
    pub due: usize,
    /// Those of them that could not be finished, and are tried again later.
    pub put_off: usize,
}

/// Looks at everything that is due. One approval that cannot be finished does not stop the others.
pub async fn pass(app: &App) -> Result<Pass, Unavailable> {
    let due = app.ports.store.due(app.now(), PASS_LIMIT).await?;
    let mut pass = Pass { due: due.len(), put_off: 0 };
    for id in due {
        if let Err(error) = one(app, &id).await {
            tracing::warn!(approval.id = %id, %error, "put off");
            pass.put_off += 1;
            put_off(app, &id).await?;
        }
    }
    Ok(pass)
}

/// Looks at the approvals of an execution that has ended, without waiting for them to fall due.
pub async fn execution_ended(app: &App, execution: &ExecutionArn) -> Result<(), Unavailable> {
    for id in app.ports.store.of_execution(execution).await? {
        one(app, &id).await?;
    }
    Ok(())
}

/// Brings one approval as far as it can go: callback, end, broadcast, copies, and the note to the requester.
async fn one(app: &App, id: &ApprovalId) -> Result<(), Unavailable> {
    let deadline = Deadline::after(Deadline::BACKGROUND);
    let Some(approval) = app.ports.store.load(id).await? else {
        return Ok(());
    };
    let approval = resolve::settle(app, approval, deadline).await?;
    let approval = ask_step_functions(app, approval, deadline).await?;
    let approval = resolve::settle(app, approval, deadline).await?;
    announce::refresh(app, &approval.id).await
}

/// Records what Step Functions knows and the record does not: that the task or the execution has ended.
async fn ask_step_functions(app: &App, approval: Approval, deadline: Deadline) -> Result<Approval, Unavailable> {
    let open = matches!(approval.state, State::Pending);
    if !open && !approval.awaits_execution_end() {
        return Ok(approval);
    }
    let call = app.ports.step_functions.look_up(&approval.request.execution, &approval.token);
    let look_up = deadline.run("Step Functions", call).await?;
    let mut next = approval.clone();
    if let Some(outcome) = truth::outcome(&approval.id, &look_up).filter(|_| open) {
        next.resolve(outcome, app.now());
    }
    next.execution_end = look_up.end;
    if next.resolution() == approval.resolution() && next.execution_end == approval.execution_end {
        // Nothing has ended, so the question is asked again later and less often.
        next.put_off(app.now());
    }
    let (Saved::Done(recorded) | Saved::Conflict(recorded)) = deadline.run("store", app.ports.store.save(next)).await?;
    Ok(*recorded)
}

async fn put_off(app: &App, id: &ApprovalId) -> Result<(), Unavailable> {
    let now: Timestamp = app.now();
    let Some(mut approval) = app.ports.store.load(id).await? else {
        return Ok(());
    };
    approval.put_off(now);
    // Whoever was first has changed the record, so it is due by their change.
    app.ports.store.save(approval).await.map(|_| ())
}
