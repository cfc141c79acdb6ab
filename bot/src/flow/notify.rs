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
use crate::approval::place::Destination;
use crate::approval::policy::EmailUse;
use crate::approval::record::{Approval, SentMessage};
use crate::approval::request::{self, InvalidInput};
use crate::approval::state::State;
use crate::approval::transitions::deliver::Undelivered;
use crate::net::deadline::{Deadline, Unavailable};
use crate::ports::{Raised, Saved, Unsent};

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
/// If it reaches nobody, the task is failed at once as `ApprovalUndeliverable`; its timeout is not waited for.
pub async fn notify(app: &App, input: Value) -> Result<Value, Error> {
    let deadline = Deadline::after(DELIVERY);
    let asked = request::read(input, &app.policy, app.now())?;
    if !app.origins.iter().any(|origin| asked.request.execution.is_of(origin)) {
        let problem = "is of an account or a region that may not ask here";
        return Err(InvalidInput::field("executionArn", problem).into());
    }
    let asked = Approval::raise(asked);
    let content = asked.content_hash();
    let (Raised::New(approval) | Raised::Existing(approval)) =
        deadline.run("store", app.ports.store.raise(asked)).await?;
    // A decision about what was asked first must not be taken for one about this.
    if approval.content_hash() != content {
        return Err(InvalidInput::field("approval", "something else was asked with the same task token before").into());
    }
    tracing::info!(approval.id = %approval.id, approval.policy = approval.rules.name, "raised");
    let approval = prove(app, *approval).await;
    let deadline = Deadline::after(DELIVERY);
    // Boxed, because the compiler gives up on the layout of a future that nests this deep.
    let approval = Box::pin(deliver(app, approval, deadline)).await?;
    let deadline = Deadline::after(SETTLING);
    let approval = resolve::settle(app, approval, deadline).await.logged();
    let id = approval.id.clone();
    let tidy = async {
        // Somebody may have voted while the last copies went out.
        let refreshed = refresh(app, &id).await;
        refreshed.and(succession::close_earlier_tries(app, &approval).await)
    };
    // The request is out, so nothing that is left may fail the state.
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

/// What went out, and what kept the rest.
#[derive(Default)]
struct Sending {
    sent: Vec<SentMessage>,
    failures: Vec<Undelivered>,
    problems: Vec<String>,
    /// Whether a card is still to go out in its turn, so that the request is not given up.
    is_left: bool,
}

impl Sending {
    fn add_all(&mut self, sent: Vec<Sent>) {
        for (destination, sent) in sent {
            match sent {
                Ok(message) => self.sent.push(message),
                Err(error) => self.fail(destination, error),
            }
        }
    }

    fn fail(&mut self, destination: Destination, error: Unsent) {
        let platform = destination.platform().name();
        tracing::warn!(platform, %error, "a request could not be sent");
        let problem = format!("{platform}: {error}");
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
        self.failures.push(Undelivered { destination, problem: error.problem, again: !error.is_final });
    }

    fn leave_to_reconciler(&mut self, destination: Destination) {
        self.fail(destination, pace::too_late());
        self.is_left = true;
    }
}

/// Sends what is not out yet, each card in its turn, and writes down what went out. Mail waits for chat only when it is
/// the fallback.
async fn deliver(app: &App, mut approval: Approval, mut deadline: Deadline) -> Result<Approval, Error> {
    let mut sending = Sending::default();
    if approval.state != State::Pending {
        return record(app, approval, sending).await;
    }
    if let Some(problem) = unproven_caller(&approval).or_else(|| unreachable_quorum(&approval)) {
        sending.problems.push(problem);
        return record(app, approval, sending).await;
    }
    let mails = mails(&approval);
    let cards = not_out(&approval, approval.rules.chats().collect());
    let (mut at_once, mut waiting) = (Vec::new(), Vec::new());
    for (destination, turn) in pace::take_turns(app, &approval, cards).await {
        match turn {
            Turn::Now => at_once.push(destination),
            Turn::At(turn) => waiting.push((destination, turn)),
            Turn::TooLate => sending.leave_to_reconciler(destination),
        }
    }
    if approval.rules.email == EmailUse::Always {
        at_once.extend(not_out(&approval, mails.clone()));
    }
    sending.add_all(send_all(app, &approval, at_once, deadline).await);
    let mut is_wanted = waiting.is_empty();
    if !waiting.is_empty() {
        // What is out can be decided from now on, so it is on record and on the bus before the wait.
        approval = record_so_far(app, approval, &mut sending).await?;
        approval = resolve::settle(app, approval, Deadline::after(SETTLING)).await.logged();
        let asked = approval.clone();
        let send = |(destination, turn)| send_in_turn(app, &asked, destination, turn);
        let mut in_turn: FuturesUnordered<_> = waiting.into_iter().map(send).collect();
        while let Some(sent) = in_turn.next().await {
            is_wanted |= sent.is_some();
            sending.add_all(sent.into_iter().collect());
            if !in_turn.is_empty() {
                approval = record_so_far(app, approval, &mut sending).await?;
            }
        }
        deadline = Deadline::after(DELIVERY);
    }
    let in_chat = sending.sent.iter().chain(&approval.copies).any(|copy| copy.message.is_card());
    if approval.rules.email == EmailUse::Fallback && !in_chat && is_wanted {
        sending.add_all(send_all(app, &approval, not_out(&approval, mails), deadline).await);
    }
    record(app, approval, sending).await
}

/// A request that only names an execution of a machine which may ask is not believed.
fn unproven_caller(approval: &Approval) -> Option<String> {
    let policy = &approval.rules.name;
    let problem = || format!("policy `{policy}` names its callers, and the execution was not seen to hold this task");
    approval.lacks_proof().then(problem)
}

/// A request that not enough people may decide on is not worth sending.
fn unreachable_quorum(approval: &Approval) -> Option<String> {
    let requester = approval.request.requester.as_ref().map(|person| &person.id);
    let eligible = approval.rules.eligible(requester).count();
    let (required, policy) = (approval.rules.required, &approval.rules.name);
    (eligible < required).then(|| {
        let people = if eligible == 1 { "1 person".to_owned() } else { format!("{eligible} people") };
        format!("policy `{policy}` needs {required} approvals, but only {people} may give one")
    })
}

/// The mails of those who may decide and have an address.
fn mails(approval: &Approval) -> Vec<Destination> {
    let requester = approval.request.requester.as_ref().map(|person| &person.id);
    let people = approval.rules.eligible(requester).filter(|person| person.email.is_some());
    people.map(|person| Destination::Email(person.id.clone())).collect()
}

/// Those of these places that do not have the request yet.
fn not_out(approval: &Approval, mut destinations: Vec<Destination>) -> Vec<Destination> {
    destinations.retain(|destination| !approval.copies.iter().any(|copy| copy.message.is_at(destination)));
    destinations
}

/// Where the request was to go, and what came of it.
type Sent = (Destination, Result<SentMessage, Unsent>);

/// Sends the request to all these places at the same time.
async fn send_all(app: &App, approval: &Approval, destinations: Vec<Destination>, deadline: Deadline) -> Vec<Sent> {
    join_all(destinations.into_iter().map(|destination| send(app, approval, destination, deadline))).await
}

async fn send(app: &App, approval: &Approval, destination: Destination, deadline: Deadline) -> Sent {
    let sent = copies::send(app, approval, &destination, deadline).await;
    (destination, sent.map(|message| SentMessage::new(message, approval.revision, approval.calls.len())))
}

/// Sends the card when its turn has come, as the record is then; not at all if nobody is to decide any more.
async fn send_in_turn(app: &App, approval: &Approval, destination: Destination, turn: Timestamp) -> Option<Sent> {
    let current = pace::wait(app, approval, &destination, turn).await?;
    Some(send(app, &current, destination, Deadline::after(DELIVERY)).await)
}

/// Writes down what is out while cards still wait for their turns, and keeps what the end has to know of it.
async fn record_so_far(app: &App, approval: Approval, sending: &mut Sending) -> Result<Approval, Error> {
    let (is_left, problems) = (sending.is_left, sending.problems.clone());
    let so_far = std::mem::replace(sending, Sending { is_left, problems, ..Sending::default() });
    record(app, approval, Sending { is_left: true, ..so_far }).await
}

/// Writes down what is out. If nothing is and nothing is left, the record says that the task is to be failed.
async fn record(app: &App, mut approval: Approval, sending: Sending) -> Result<Approval, Error> {
    for _ in 0..CONFLICTS_MAX {
        let (mut next, now) = (approval.clone(), app.now());
        next.delivered(&sending.sent, now);
        next.undelivered(&sending.failures, now);
        if !next.unsent.is_empty() {
            next.leave_to_reconciler(now);
        }
        if next.copies.is_empty() && next.state == State::Pending && !sending.is_left {
            next.give_up(nobody(&sending), now);
        }
        approval = match save_surely(app, &next).await {
            Ok(Saved::Done(recorded)) => return Ok(*recorded),
            Ok(Saved::Conflict(theirs)) => *theirs,
            // The request is out and can be decided; the card is adopted with the first click on it.
            Err(error) if !next.copies.is_empty() => {
                tracing::error!(approval.id = %approval.id, %error, "the messages that are out could not be recorded");
                return Ok(approval);
            }
            Err(error) => return Err(error.into()),
        };
    }
    Err(Unavailable::new("store", "other writers were always first").into())
}

fn nobody(sending: &Sending) -> String {
    match sending.problems.as_slice() {
        [] => "the policy names no channel and no address that the request could be sent to".to_owned(),
        problems => problems.join("; "),
    }
}
