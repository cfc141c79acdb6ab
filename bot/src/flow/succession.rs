//! A state that is tried again asks again: the requests of its earlier tries close, and point to the new one.

use super::announce::announce;
use super::app::App;
use super::change::{Changed, change};
use super::reconcile::UNPROVEN_MAX;
use super::{BACKGROUND, reconcile};
use crate::approval::record::{Approval, Successor};
use crate::approval::state::State;
use crate::net::deadline::{Deadline, Unavailable};

/// Closes the requests of earlier attempts of the same visit to a state, whose tasks Step Functions has ended.
pub(crate) async fn close_earlier_tries(app: &App, raised: &Approval) -> Result<(), Unavailable> {
    let mut result = Ok(());
    if raised.resolution().is_some() {
        // Its task was delivered once more after its end, and the others may be the later ones.
        return result;
    }
    let execution = &raised.request.execution;
    let proven = app.ports.store.of_execution(execution).await?;
    // An earlier try may not have been seen in the history, if it could not be asked then.
    let unproven = app.ports.store.unproven_of(execution, UNPROVEN_MAX).await?;
    for id in proven.into_iter().chain(unproven) {
        let Some(mut other) = app.ports.store.load(&id).await? else { continue };
        if other.id != raised.id && other.state == State::Pending && other.attempt.is_none() {
            other = looked_at(app, other).await?;
        }
        if raised.asks_again_for(&other) {
            result = result.and(close(app, other, raised).await);
        }
    }
    result
}

async fn close(app: &App, mut earlier: Approval, raised: &Approval) -> Result<(), Unavailable> {
    let deadline = Deadline::after(BACKGROUND);
    if earlier.state == State::Pending {
        earlier = looked_at(app, earlier).await?;
    }
    let (now, successor) = (app.now(), Successor::from(raised));
    match change(app, earlier, deadline, |earlier| earlier.point_to(&successor, now)).await? {
        Changed::Yes(earlier) => announce(app, earlier, deadline).await.problem.map_or(Ok(()), Err),
        Changed::No(_) => Ok(()),
    }
}

/// The record after Step Functions was asked about it.
async fn looked_at(app: &App, approval: Approval) -> Result<Approval, Unavailable> {
    reconcile::one(app, &approval.id).await?;
    let record = Deadline::after(BACKGROUND).run("store", app.ports.store.load(&approval.id)).await?;
    Ok(record.unwrap_or(approval))
}
