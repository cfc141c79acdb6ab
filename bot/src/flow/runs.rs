//! Whoever started a run in a chat hears how it ended, also when no approval card came that would tell them.

use super::BACKGROUND;
use super::app::App;
use crate::approval::delivery::Unsent;
use crate::approval::ids::ExecutionArn;
use crate::approval::record::Approval;
use crate::approval::run::{Run, RunEnd, Told};
use crate::net::deadline::{Deadline, Unavailable};

/// Tells whoever started this execution how it ended, unless a card of it is out, whose thread tells it.
///
/// Whoever tells has said so on record before, so that an event that comes twice is told once. After a crash between
/// the two it may be told once more.
pub(super) async fn tell_starter(app: &App, execution: &ExecutionArn) -> Result<(), Unavailable> {
    let deadline = Deadline::after(BACKGROUND);
    let Some(run) = deadline.run("store", app.ports.store.run(execution)).await? else { return Ok(()) };
    if run.told == Told::Yes || has_card(app, execution, deadline).await? {
        return Ok(());
    }
    let end = deadline.run("Step Functions", app.ports.executions.end_of(execution)).await?;
    let end = end.ok_or_else(|| Unavailable::new("Step Functions", "the end of the execution does not show yet"))?;
    let Some(run) = run.telling(app.now()) else { return Ok(()) };
    let Some(run) = deadline.run("store", app.ports.store.save_run(run)).await? else { return Ok(()) };
    let (told, result) = match send(app, &run, &end, deadline).await {
        Ok(()) => (Told::Yes, Ok(())),
        Err(error) if error.is_refused() => {
            tracing::warn!(%execution, %error, "whoever started a run cannot be told how it ended");
            (Told::Yes, Ok(()))
        }
        Err(error) => (Told::NotYet, Err(Unavailable::new("messenger", error))),
    };
    // The deadline may have passed while the platform was waited for, and this must be on record all the same.
    Deadline::after(BACKGROUND).run("store", app.ports.store.save_run(Run { told, ..run })).await?;
    result
}

async fn send(app: &App, run: &Run, end: &RunEnd, deadline: Deadline) -> Result<(), Unsent> {
    let messenger = app.messengers.get(&run.starter.platform).ok_or_else(Unsent::platform_is_off)?;
    messenger.tell_starter(run, end, deadline).await
}

/// Whether an approval of this execution has a card that is still there. One that only names the execution is none of it.
async fn has_card(app: &App, execution: &ExecutionArn, deadline: Deadline) -> Result<bool, Unavailable> {
    for id in deadline.run("store", app.ports.store.of_execution(execution)).await? {
        let approval = deadline.run("store", app.ports.store.load(&id)).await?;
        let has_card = |approval: &Approval| approval.copies.iter().any(|copy| copy.message.is_card() && !copy.lost);
        if approval.is_some_and(|approval| approval.attempt.is_some() && has_card(&approval)) {
            return Ok(true);
        }
    }
    Ok(false)
}
