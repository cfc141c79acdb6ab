//! Changes a record, however many others write at the same time: the change is made anew on what they wrote.

use std::time::Duration;

use super::app::App;
use crate::approval::record::Approval;
use crate::net::deadline::{Deadline, Unavailable};
use crate::ports::Saved;

/// Each conflict means that another writer got on, so this many in a row do not happen in an approval of a
/// few people.
pub(crate) const CONFLICTS_MAX: usize = 50;

/// What became of a change.
pub(crate) enum Changed {
    /// It is recorded.
    Yes(Approval),
    /// There was nothing to change in the record as it is.
    No(Approval),
}

impl Changed {
    /// The record as it is now.
    pub(crate) fn record(self) -> Approval {
        match self {
            Self::Yes(approval) | Self::No(approval) => approval,
        }
    }
}

/// Applies a change, which returns false where there is nothing to change, to the record as it is when it is saved.
pub(crate) async fn change(
    app: &App,
    mut approval: Approval,
    deadline: Deadline,
    change: impl Fn(&mut Approval) -> bool,
) -> Result<Changed, Unavailable> {
    for _ in 0..CONFLICTS_MAX {
        let mut next = approval.clone();
        if !change(&mut next) {
            return Ok(Changed::No(approval));
        }
        approval = match deadline.run("store", app.ports.store.save(next)).await? {
            Saved::Done(recorded) => return Ok(Changed::Yes(*recorded)),
            Saved::Conflict(theirs) => *theirs,
        };
    }
    Err(Unavailable::new("store", "other writers were always first"))
}

/// How often a write that must not be lost is tried, each time for `SAVE_TRY` and after a pause.
const SAVE_TRIES: usize = 5;
const SAVE_TRY: Duration = Duration::from_secs(2);
const SAVE_PAUSE: Duration = Duration::from_millis(200);
/// How long all tries take when none of them is answered.
pub const SAVE_LONGEST: Duration = SAVE_TRY.saturating_add(SAVE_PAUSE).saturating_mul(SAVE_TRIES as u32);

/// Saves what has already happened outside, such as messages that are out, so that a hiccup of the store does
/// not lose it. A try whose answer was lost shows as a conflict with our own write: if that wrote into the audit trail,
/// the end of the trail tells, and otherwise the change is made once more to no effect.
pub(crate) async fn save_surely(app: &App, approval: &Approval) -> Result<Saved, Unavailable> {
    let mut problem = None;
    for _ in 0..SAVE_TRIES {
        match Deadline::after(SAVE_TRY).run("store", app.ports.store.save(approval.clone())).await {
            Ok(Saved::Conflict(theirs)) if !approval.journal.is_empty() && theirs.audit == approval.audit => {
                return Ok(Saved::Done(theirs));
            }
            Ok(saved) => return Ok(saved),
            Err(error) => problem = Some(error),
        }
        tokio::time::sleep(SAVE_PAUSE).await;
    }
    Err(problem.unwrap_or_else(|| Unavailable::new("store", "it was not tried")))
}
