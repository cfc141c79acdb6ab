//! Tells of what is recorded: the bus, and the messengers of the places that have to show it.

use super::app::App;
use super::change::change;
use super::enqueue::enqueue;
use super::homes;
use crate::approval::event::Event;
use crate::approval::record::Approval;
use crate::net::deadline::{Deadline, Unavailable};

/// How far telling got: the record as it is now, and what kept it from being told.
#[derive(Debug)]
pub struct Settled {
    /// The record as it is now.
    pub approval: Approval,
    /// The first thing that did not work. What it concerns is on record for the reconciler.
    pub problem: Option<Unavailable>,
}

impl Settled {
    /// The record, for a caller who leaves what is not settled to the reconciler.
    pub fn logged(self) -> Approval {
        if let Some(error) = &self.problem {
            tracing::warn!(approval.id = %self.approval.id, %error, "left to the reconciler");
        }
        self.approval
    }
}

/// Broadcasts what is not broadcast, has every place shown what it does not show, and the pages of people made anew that it
/// is on. None waits for another.
pub(crate) async fn announce(app: &App, approval: Approval, deadline: Deadline) -> Settled {
    let (deliveries, id) = (approval.deliveries(), approval.id.clone());
    let people = approval.concerns().cloned().collect();
    let (broadcast, enqueued, ()) = tokio::join!(
        broadcast(app, approval, deadline),
        enqueue(app, &deliveries, deadline),
        homes::make_anew(app, people, Some(&id), deadline),
    );
    Settled { problem: broadcast.problem.or(enqueued.err()), ..broadcast }
}

/// Sends the events in the outbox; those that the bus refuses stay in it, and so do those of a request that may be nobody's,
/// and that of one that nobody is to be asked.
async fn broadcast(app: &App, mut approval: Approval, deadline: Deadline) -> Settled {
    if approval.asks_nobody() || (approval.is_withheld() && approval.resolution().is_none()) {
        return Settled { approval, problem: None };
    }
    while !approval.outbox.is_empty() {
        let correlation = &approval.request.correlation;
        let events: Vec<Event> = approval.outbox.iter().map(|event| event.with_correlation(correlation)).collect();
        let accepted = match deadline.run("bus", app.ports.bus.put(&events)).await {
            Ok(accepted) if !accepted.is_empty() => accepted,
            Ok(_) => {
                let problem = Some(Unavailable::new("bus", "the bus accepted no event"));
                return Settled { approval, problem };
            }
            Err(error) => return Settled { approval, problem: Some(error) },
        };
        let now = app.now();
        let sent = |approval: &mut Approval| {
            approval.broadcast(&accepted, now);
            true
        };
        approval = match change(app, approval.clone(), deadline, sent).await {
            Ok(changed) => changed.record(),
            Err(error) => return Settled { approval, problem: Some(error) },
        };
    }
    Settled { approval, problem: None }
}
