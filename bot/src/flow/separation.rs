//! People who are kept apart, when a request is raised: who does not count is found in the other approvals of its
//! execution, all of which have to be closed.

use std::time::Duration;

use super::app::App;
use super::{others, reconcile};
use crate::approval::ids::ApprovalId;
use crate::approval::record::Approval;
use crate::approval::request::{Asked, InvalidInput};
use crate::approval::state::State;
use crate::net::deadline::{Deadline, Unavailable};

/// How long the history is given to show the end of a task, where that is asked for again.
const PAUSE: Duration = Duration::from_millis(500);

/// The request without those who have approved elsewhere, or why it cannot be asked.
pub(crate) async fn keep_apart(
    app: &App,
    asked: Asked,
    deadline: Deadline,
) -> Result<Result<Asked, InvalidInput>, Unavailable> {
    let id = ApprovalId::of(&asked.token);
    if asked.rules.distinct_from.is_empty() || deadline.run("store", app.ports.store.load(&id)).await?.is_some() {
        // What comes once more is on record as it was asked first.
        return Ok(Ok(asked));
    }
    let others = closed(app, &id, &asked, deadline).await?;
    Ok(match others.iter().find(|other| other.state == State::Pending) {
        Some(open) => Err(is_open(&asked, open)),
        None => asked.keep_apart(others::approved(&others), &app.policy.let_in),
    })
}

/// The others, after Step Functions was asked how the tasks of those have ended that are open on record. A history may show
/// an end a moment late.
async fn closed(app: &App, id: &ApprovalId, asked: &Asked, deadline: Deadline) -> Result<Vec<Approval>, Unavailable> {
    loop {
        let mut others = others::apart(app, id, &asked.rules, &asked.request.execution, deadline).await?;
        for other in others.iter_mut().filter(|other| other.state == State::Pending) {
            let looked_at = reconcile::ask_step_functions(app, other.clone(), deadline).await;
            looked_at.problem.map_or(Ok(()), Err)?;
            *other = looked_at.approval;
        }
        if !others.iter().any(|other| other.state == State::Pending) || deadline.left() < 2 * PAUSE {
            return Ok(others);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn is_open(asked: &Asked, open: &Approval) -> InvalidInput {
    let (policy, other, id) = (&asked.rules.name, &open.rules.name, &open.id);
    let problem = format!(
        "policy `{policy}` is for other people than `{other}`, under which {id} of the same execution is still open: ask one \
         after the other"
    );
    InvalidInput::field("approval.policy", problem)
}
