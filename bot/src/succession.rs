//! A state that is tried again asks again: the requests of its earlier tries close, and point to the new one.

use crate::announce;
use crate::app::App;
use crate::approval::look_up::TaskFate;
use crate::approval::record::{Approval, Successor};
use crate::approval::state::State;
use crate::change::{Changed, change};
use crate::deadline::Deadline;
use crate::ports::Unavailable;
use crate::reconcile;

/// Closes the requests of earlier tries, whose tasks Step Functions has ended. One whose task waits is another request
/// of the same kind, as in a map, and stays as it is.
pub(crate) async fn close_earlier_tries(app: &App, raised: &Approval) -> Result<(), Unavailable> {
    let mut result = Ok(());
    if raised.resolution().is_some() {
        // Its task was delivered once more after its end, and the others may be the later ones.
        return result;
    }
    for id in app.ports.store.of_execution(&raised.request.execution).await? {
        let Some(earlier) = app.ports.store.load(&id).await? else { continue };
        if raised.asks_again_for(&earlier) {
            result = result.and(close(app, earlier, raised).await);
        }
    }
    result
}

async fn close(app: &App, mut earlier: Approval, raised: &Approval) -> Result<(), Unavailable> {
    let deadline = Deadline::after(Deadline::BACKGROUND);
    if earlier.state == State::Pending {
        reconcile::one(app, &earlier.id).await?;
        let Some(looked_at) = deadline.run("store", app.ports.store.load(&earlier.id)).await? else { return Ok(()) };
        earlier = looked_at;
    }
    let (id, now, successor) = (earlier.id.clone(), app.now(), Successor::from(raised));
    match change(app, earlier, deadline, |earlier| earlier.point_to(&successor, now)).await? {
        Changed::Yes(_) => announce::refresh(app, &id).await,
        Changed::No(_) => Ok(()),
    }
}

/// The request that asks again for what this one asked, if there is one whose task waits. The tries of a state come one
/// after the other, so of two whose start does not tell which was first, the one that waits is the later.
pub(crate) async fn later_try(
    app: &App,
    approval: &Approval,
    deadline: Deadline,
) -> Result<Option<Successor>, Unavailable> {
    let of_execution = app.ports.store.of_execution(&approval.request.execution);
    let others = deadline.run("store", of_execution).await?.into_iter().filter(|id| *id != approval.id);
    for id in others {
        let Some(other) = deadline.run("store", app.ports.store.load(&id)).await? else { continue };
        if other.resolution().is_some() || !other.asks_again_for(approval) {
            continue;
        }
        let look_up = app.ports.step_functions.look_up(&other.request.execution, &other.token);
        let look_up = deadline.run("Step Functions", look_up).await?;
        if look_up.task == TaskFate::Open && look_up.end.is_none() {
            return Ok(Some(Successor::from(&other)));
        }
    }
    Ok(None)
}
