//! Whoever started a run in a chat hears how it ended, also when no approval card came that would tell them.

use super::BACKGROUND;
use super::app::App;
use super::enqueue::enqueue;
use crate::approval::delivery::{Fate, Unsent};
use crate::approval::ids::ExecutionArn;
use crate::approval::place::Platform;
use crate::approval::record::Approval;
use crate::approval::run::Run;
use crate::net::deadline::{Deadline, Unavailable};

/// Records how this execution ended, and has whoever started it told, unless a card of it is out, whose thread tells it.
pub(super) async fn execution_ended(app: &App, execution: &ExecutionArn) -> Result<(), Unavailable> {
    let deadline = Deadline::after(BACKGROUND);
    let Some(mut run) = deadline.run("store", app.ports.store.run(execution)).await? else { return Ok(()) };
    if run.is_told || has_card(app, execution, deadline).await? {
        return Ok(());
    }
    if run.end.is_none() {
        let end = deadline.run("Step Functions", app.ports.executions.end_of(execution)).await?;
        run.end =
            Some(end.ok_or_else(|| Unavailable::new("Step Functions", "the end of the execution does not show yet"))?);
        let Some(recorded) = deadline.run("store", app.ports.store.save_run(run)).await? else { return Ok(()) };
        run = recorded;
    }
    enqueue(app, &[run.delivery()], deadline).await
}

/// Tells whoever started this execution how it ended, and returns where, and what became of the message if it is to be
/// tried again; none if there is nothing to tell. After a crash before that is on record they may be told once more.
pub(super) async fn tell_starter(
    app: &App,
    execution: &ExecutionArn,
) -> Result<Option<(Platform, Option<Fate>)>, Unavailable> {
    let deadline = Deadline::after(BACKGROUND);
    let run = deadline.run("store", app.ports.store.run(execution)).await?;
    let Some(run) = run.filter(|run| !run.is_told) else { return Ok(None) };
    let platform = run.starter.platform;
    if let Err(error) = send(app, &run, deadline).await {
        tracing::warn!(%execution, %error, "whoever started a run was not told how it ended");
        if !error.is_refused() {
            return Ok(Some((platform, Some(error.fate))));
        }
    }
    // The deadline may have passed while the platform was waited for, and this must be on record all the same.
    let told = Run { is_told: true, ..run };
    Deadline::after(BACKGROUND).run("store", app.ports.store.save_run(told)).await?;
    Ok(Some((platform, None)))
}

async fn send(app: &App, run: &Run, deadline: Deadline) -> Result<(), Unsent> {
    let Some(end) = &run.end else { return Ok(()) };
    let messenger = app.messengers.get(&run.starter.platform).ok_or_else(Unsent::platform_is_off)?;
    messenger.tell_starter(run, end, deadline).await
}

/// Whether an approval of this execution has a card that is still there. One that only names the execution is none of it.
async fn has_card(app: &App, execution: &ExecutionArn, deadline: Deadline) -> Result<bool, Unavailable> {
    for id in deadline.run("store", app.ports.store.of_execution(execution)).await? {
        let approval = deadline.run("store", app.ports.store.load(&id)).await?;
        let has_card = |approval: &Approval| approval.copies.iter().any(|copy| copy.message.is_shared() && !copy.lost);
        if approval.is_some_and(|approval| approval.attempt.is_some() && has_card(&approval)) {
            return Ok(true);
        }
    }
    Ok(false)
}
