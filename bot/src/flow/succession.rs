//! A state that is tried again asks again: the requests of its earlier tries close, and point to the new one.

use super::app::App;
use super::change::{Changed, change};
use super::refresh::refresh;
use super::{BACKGROUND, reconcile};
use crate::approval::record::{Approval, Successor};
use crate::approval::state::State;
use crate::net::deadline::{Deadline, Unavailable};

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
    let deadline = Deadline::after(BACKGROUND);
    if earlier.state == State::Pending {
        reconcile::one(app, &earlier.id).await?;
        let Some(looked_at) = deadline.run("store", app.ports.store.load(&earlier.id)).await? else { return Ok(()) };
        earlier = looked_at;
    }
    let (id, now, successor) = (earlier.id.clone(), app.now(), Successor::from(raised));
    match change(app, earlier, deadline, |earlier| earlier.point_to(&successor, now)).await? {
        Changed::Yes(_) => refresh(app, &id).await,
        Changed::No(_) => Ok(()),
    }
}
