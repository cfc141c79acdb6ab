//! Raises an approval: records the request, sends the cards and the mails, and says so on the bus.
//!
//! Repeating it with the same task token raises nothing twice and sends only what is not out yet.

use std::time::Duration;

use futures::future::join_all;
use futures::stream::{FuturesUnordered, StreamExt};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::app::App;
use super::change::{CONFLICTS_MAX, SAVE_LONGEST, save_surely};
use super::pace::{self, Turn};
use super::refresh::refresh;
use super::{copies, reconcile, resolve, succession};
use crate::approval::delivery::Unsent;
use crate::approval::place::Destination;
use crate::approval::record::{Approval, SentMessage};
use crate::approval::request::{self, InvalidInput};
use crate::approval::state::State;
use crate::approval::transitions::reach::Undelivered;
use crate::net::deadline::{Deadline, Unavailable};
use crate::ports::{Raised, Saved};

/// Step Functions has this long to say that its execution holds the task. Without an answer the request goes out all the
/// same, and leads to the execution once there is one.
const PROOF: Duration = Duration::from_secs(3);
/// How long the history is given to show a task, where that is asked for again.
const PROOF_PAUSE: Duration = Duration::from_millis(500);
/// Slack, Teams and SES have this long to take the messages, a card from its turn on.
const DELIVERY: Duration = Duration::from_secs(15);
/// Step Functions and the bus have this long after that.
const SETTLING: Duration = Duration::from_secs(10);
/// What is left after that is given up then, and done by the reconciler.
const TIDYING: Duration = Duration::from_secs(15);
/// Delivery, record and settling at their longest.
const DELIVERED: Duration = DELIVERY.saturating_add(SAVE_LONGEST).saturating_add(SETTLING);
/// What goes out at once, then a card in its turn, then the mails in its place, and tidying at their longest.
pub const LONGEST: Duration = PROOF
    .saturating_add(DELIVERED)
    .saturating_add(pace::LONGEST)
    .saturating_add(DELIVERY)
    .saturating_add(SAVE_LONGEST)
    .saturating_add(DELIVERED)
    .saturating_add(TIDYING);

/// Why a request without a place to go to reaches nobody.
const NOWHERE: &str = "the policy names no channel and no address that the request could be sent to";

/// Why no approval was raised. The name is what a state machine can catch.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The task input is not what the contract says.
    #[error("{0}")]
    InvalidApprovalRequest(#[from] InvalidInput),
    /// The request could not be recorded, and nobody was asked.
    #[error("{0}")]
    ApprovalStoreUnavailable(#[from] Unavailable),
}

/// The name of an input that is not what the contract says, for `ErrorEquals` in a state machine.
pub const INVALID_APPROVAL_REQUEST: &str = "InvalidApprovalRequest";
/// The name of a request that could not be recorded, for `ErrorEquals` in a state machine.
pub const APPROVAL_STORE_UNAVAILABLE: &str = "ApprovalStoreUnavailable";

impl Error {
    /// The error's name in `ErrorEquals`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InvalidApprovalRequest(_) => INVALID_APPROVAL_REQUEST,
            Self::ApprovalStoreUnavailable(_) => APPROVAL_STORE_UNAVAILABLE,
        }
    }
}

/// Raises the approval that a state's input asks for, and returns its id.
///
/// If nobody is to be asked or every place refuses it for good, the task is failed as `ApprovalUndeliverable` at once. What
/// was refused for now, or was not finished, is left to whoever looks at the record next.
pub async fn notify(app: &App, input: Value) -> Result<Value, Error> {
    let deadline = Deadline::after(DELIVERY);
    let asked = request::read(input, &app.policy, app.now())?;
    if !app.origins.iter().any(|origin| asked.request.execution.is_of(origin)) {
        let problem = "is of an account or a region that may not ask here";
        return Err(InvalidInput::field("executionArn", problem).into());
    }
    let mut asked = Approval::raise(asked);
    // On record before anything goes out, so that somebody else goes on if this ends.
    asked.promise(&asked.first_places(), app.now());
    let content = asked.content_hash();
    let (approval, is_new) = match deadline.run("store", app.ports.store.raise(asked)).await? {
        Raised::New(approval) => (*approval, true),
        Raised::Existing(approval) => (*approval, false),
    };
    // A decision about what was asked first must not be taken for one about this.
    if approval.content_hash() != content {
        return Err(InvalidInput::field("approval", "something else was asked with the same task token before").into());
    }
    tracing::info!(approval.id = %approval.id, approval.policy = approval.rules.name, is_new, "raised");
    let approval = prove(app, approval).await;
    // Whoever has recorded it has promised to send it.
    let approval = if is_new { Box::pin(deliver(app, approval, Deadline::after(DELIVERY))).await? } else { approval };
    let deadline = Deadline::after(SETTLING);
    let approval = resolve::settle(app, approval, deadline).await.logged();
    let id = approval.id.clone();
    let tidy = async {
        // Somebody may have voted while the last copies went out, and what has just failed may work now.
        let refreshed = refresh(app, &id).await;
        refreshed.and(succession::close_earlier_tries(app, &approval).await)
    };
    // The request is on record, so nothing that is left may fail the state.
    if let Err(error) = Deadline::after(TIDYING).run("notifier", tidy).await {
        tracing::warn!(approval.id = %id, %error, "left to the reconciler");
    }
    Ok(json!({ "approvalId": id }))
}

/// Asks Step Functions whether the execution holds the task. Where the policy names its callers nobody is asked without,
/// and the history may show a task a moment late.
async fn prove(app: &App, mut approval: Approval) -> Approval {
    let deadline = Deadline::after(PROOF);
    loop {
        approval = reconcile::ask_step_functions(app, approval, deadline).await.logged();
        if !approval.lacks_proof() || deadline.left() < PROOF_PAUSE {
            return approval;
        }
        tokio::time::sleep(PROOF_PAUSE).await;
    }
}

/// What became of the request where it was to go.
#[derive(Default)]
struct Sending {
    sent: Vec<SentMessage>,
    failures: Vec<Undelivered>,
    /// The cards that wait for their turn, until when at least.
    waiting: Vec<(Destination, Timestamp)>,
    /// The cards whose turn is not soon.
    too_late: Vec<Destination>,
}

impl Sending {
    fn add(&mut self, (destination, sent): Sent) {
        match sent {
            Ok(message) => self.sent.push(message),
            Err(unsent) => {
                let platform = destination.platform().name();
                tracing::warn!(platform, error = %unsent, "a request could not be sent");
                self.failures.push(Undelivered { destination, unsent });
            }
        }
    }

    /// Writes what became of it into the record. What every place has refused for good is given up.
    fn write_to(&self, approval: &mut Approval, now: Timestamp) {
        approval.delivered(&self.sent, now);
        for (destination, turn) in &self.waiting {
            approval.promise(std::slice::from_ref(destination), *turn);
        }
        for destination in &self.too_late {
            approval.wait_for_a_turn(destination, now);
        }
        if !self.failures.is_empty() || !self.too_late.is_empty() {
            approval.leave_to_reconciler(now);
        }
        approval.undelivered(&self.failures, now);
        approval.promise(&approval.stand_ins(), now);
        approval.give_up_unreached(now);
    }
}

/// Sends what was promised, each card in its turn, and writes down what became of it.
async fn deliver(app: &App, approval: Approval, deadline: Deadline) -> Result<Approval, Error> {
    if approval.state != State::Pending {
        return Ok(approval);
    }
    let places = approval.promised();
    if let Some(problem) = approval.why_not_to_ask().or_else(|| places.is_empty().then(|| NOWHERE.to_owned())) {
        return Ok(record(app, approval, |approval, now| approval.give_up_unasked(&problem, now)).await?);
    }
    let (mut sending, mut at_once) = (Sending::default(), Vec::new());
    for (destination, turn) in pace::take_turns(app, &approval, places).await {
        match turn {
            Turn::Now => at_once.push(destination),
            Turn::At(turn) => sending.waiting.push((destination, turn)),
            Turn::TooLate => sending.too_late.push(destination),
        }
    }
    let at_once = at_once.into_iter().map(|destination| send(app, &approval, destination, deadline));
    for sent in join_all(at_once).await {
        sending.add(sent);
    }
    let waiting = sending.waiting.clone();
    let mut approval = record(app, approval, |approval, now| sending.write_to(approval, now)).await?;
    if !waiting.is_empty() {
        approval = deliver_in_turn(app, approval, waiting).await?;
    }
    // What is promised still are the mails that stand in for a card that no chat has taken.
    let mut stand_ins = approval.promised();
    stand_ins.retain(|destination| matches!(destination, Destination::Email(_)));
    send_all(app, approval, stand_ins, Deadline::after(DELIVERY)).await
}

/// Sends the request to all these places at the same time, and writes down what became of it.
async fn send_all(
    app: &App,
    approval: Approval,
    destinations: Vec<Destination>,
    deadline: Deadline,
) -> Result<Approval, Error> {
    if destinations.is_empty() {
        return Ok(approval);
    }
    let mut sending = Sending::default();
    let sends = destinations.into_iter().map(|destination| send(app, &approval, destination, deadline));
    for sent in join_all(sends).await {
        sending.add(sent);
    }
    Ok(record(app, approval, |approval, now| sending.write_to(approval, now)).await?)
}

/// Sends cards when their turns have come. What is out can be decided from now on, so it is on the bus before the wait.
async fn deliver_in_turn(
    app: &App,
    approval: Approval,
    waiting: Vec<(Destination, Timestamp)>,
) -> Result<Approval, Error> {
    let mut approval = resolve::settle(app, approval, Deadline::after(SETTLING)).await.logged();
    let asked = approval.clone();
    let send = |(destination, turn)| send_in_turn(app, &asked, destination, turn);
    let mut in_turn: FuturesUnordered<_> = waiting.into_iter().map(send).collect();
    while let Some(sent) = in_turn.next().await {
        if let Some(sent) = sent {
            let mut sending = Sending::default();
            sending.add(sent);
            approval = record(app, approval, |approval, now| sending.write_to(approval, now)).await?;
        }
    }
    Ok(approval)
}

/// Where the request was to go, and what came of it.
type Sent = (Destination, Result<SentMessage, Unsent>);

async fn send(app: &App, approval: &Approval, destination: Destination, deadline: Deadline) -> Sent {
    let sent = copies::send(app, approval, &destination, deadline).await;
    (destination, sent.map(|message| SentMessage::new(message, approval.revision, approval.calls.len())))
}

/// Sends the card when its turn has come, as the record is then; not at all if nobody is to decide any more.
async fn send_in_turn(app: &App, approval: &Approval, destination: Destination, turn: Timestamp) -> Option<Sent> {
    let current = pace::wait(app, approval, &destination, turn).await?;
    Some(send(app, &current, destination, Deadline::after(DELIVERY)).await)
}

/// Writes down what has happened.
async fn record(
    app: &App,
    mut approval: Approval,
    write: impl Fn(&mut Approval, Timestamp),
) -> Result<Approval, Unavailable> {
    for _ in 0..CONFLICTS_MAX {
        let mut next = approval.clone();
        write(&mut next, app.now());
        approval = match save_surely(app, &next).await {
            Ok(Saved::Done(recorded)) => return Ok(*recorded),
            Ok(Saved::Conflict(theirs)) => *theirs,
            // The request is out and can be decided; a card is found with the first press on it.
            Err(error) if !next.copies.is_empty() => {
                tracing::error!(approval.id = %approval.id, %error, "the messages that are out could not be recorded");
                return Ok(approval);
            }
            Err(error) => return Err(error),
        };
    }
    Err(Unavailable::new("store", "other writers were always first"))
}
