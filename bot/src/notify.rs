//! Raises an approval: records the request, sends the cards and the mails, and says so on the bus.
//!
//! Repeating it with the same task token raises nothing twice and sends only what is not out yet.

use std::time::Duration;

use futures::future::join_all;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::announce;
use crate::app::App;
use crate::approval::audit::{Failure, Place, What};
use crate::approval::policy::EmailUse;
use crate::approval::record::{Approval, Copy, Destination, MessageRef};
use crate::approval::request::{self, InvalidInput};
use crate::approval::state::{Ending, Intent, State};
use crate::change::{CONFLICTS_MAX, SAVE_LONGEST, save_surely};
use crate::copies::{self, Unsent};
use crate::deadline::Deadline;
use crate::ports::{Raised, Saved, Unavailable};
use crate::resolve;
use crate::succession;

/// Slack and SES have this long to take the messages.
const DELIVERY: Duration = Duration::from_secs(15);
/// Step Functions and the bus have this long after that.
const SETTLING: Duration = Duration::from_secs(10);
/// What is left after that is given up then, and done by the reconciler.
const TIDYING: Duration = Duration::from_secs(15);
/// Delivery, record, settling and tidying at their longest.
pub const LONGEST: Duration = DELIVERY.saturating_add(SAVE_LONGEST).saturating_add(SETTLING).saturating_add(TIDYING);

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
    let asked = Approval::raise(request::read(input, &app.policy, app.now())?);
    let (Raised::New(approval) | Raised::Existing(approval)) =
        deadline.run("store", app.ports.store.raise(asked)).await?;
    let approval = *approval;
    tracing::info!(approval.id = %approval.id, approval.policy = approval.rules.name, "raised");
    // Boxed, because the compiler gives up on the layout of a future that nests this deep.
    let delivered = Box::pin(deliver(app, &approval, deadline)).await;
    let approval = record(app, approval, delivered).await?;
    let deadline = Deadline::after(SETTLING);
    let approval = resolve::settle(app, approval, deadline).await.logged();
    let id = approval.id.clone();
    let tidy = async {
        // Somebody may have voted while the last copies went out.
        let refreshed = announce::refresh(app, &id).await;
        refreshed.and(succession::close_earlier_tries(app, &approval).await)
    };
    // The request is out, so nothing that is left may fail the state.
    if let Err(error) = Deadline::after(TIDYING).run("notifier", tidy).await {
        tracing::warn!(approval.id = %id, %error, "left to the reconciler");
    }
    Ok(json!({ "approvalId": id }))
}

/// What went out, and what kept the rest.
#[derive(Default)]
struct Delivered {
    copies: Vec<Copy>,
    unsent: Vec<Destination>,
    failures: Vec<(Destination, Unsent)>,
    problems: Vec<String>,
}

impl Delivered {
    fn add(&mut self, destination: Destination, approval: &Approval, sent: Result<MessageRef, Unsent>) {
        let platform = destination.platform();
        match sent {
            Ok(message) => self.copies.push(Copy::new(message, approval.revision, approval.calls.len())),
            Err(error) => {
                tracing::warn!(platform, %error, "a request could not be sent");
                if !error.is_final {
                    self.unsent.push(destination.clone());
                }
                let problem = format!("{platform}: {error}");
                if !self.problems.contains(&problem) {
                    self.problems.push(problem);
                }
                self.failures.push((destination, error));
            }
        }
    }

    fn has_tried(&self, destination: &Destination) -> bool {
        self.copies.iter().any(|copy| copy.message.is_at(destination))
            || self.failures.iter().any(|(tried, _)| tried == destination)
    }
}

/// Sends what is not out yet. Mail waits for chat only when it is the fallback.
async fn deliver(app: &App, approval: &Approval, deadline: Deadline) -> Delivered {
    let mut delivered = Delivered::default();
    if approval.state != State::Pending {
        return delivered;
    }
    if let Some(problem) = unreachable_quorum(approval) {
        delivered.problems.push(problem);
        return delivered;
    }
    let mut add = |sent: Vec<(Destination, Result<MessageRef, Unsent>)>| {
        sent.into_iter().for_each(|(to, sent)| delivered.add(to, approval, sent));
    };
    match approval.rules.email {
        EmailUse::Always => {
            let cards = send_all(app, approval, approval.rules.chats().collect(), deadline);
            let mails = send_all(app, approval, mails(approval), deadline);
            let (cards, mails) = futures::join!(cards, mails);
            add(cards);
            add(mails);
        }
        use_of_mail => {
            add(send_all(app, approval, approval.rules.chats().collect(), deadline).await);
            let in_chat = delivered.copies.iter().chain(&approval.copies).any(|copy| copy.message.is_card());
            if use_of_mail == EmailUse::Fallback && !in_chat {
                let mails = send_all(app, approval, mails(approval), deadline).await;
                mails.into_iter().for_each(|(to, sent)| delivered.add(to, approval, sent));
            }
        }
    }
    delivered
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

/// Sends the request to those of these places that do not have it yet, all at the same time.
async fn send_all(
    app: &App,
    approval: &Approval,
    mut destinations: Vec<Destination>,
    deadline: Deadline,
) -> Vec<(Destination, Result<MessageRef, Unsent>)> {
    destinations.retain(|destination| !approval.copies.iter().any(|copy| copy.message.is_at(destination)));
    let send = async |destination: Destination| {
        let sent = copies::send(app, approval, &destination, deadline).await;
        (destination, sent)
    };
    join_all(destinations.into_iter().map(send)).await
}

/// Writes down what is out. If nothing is, the record says that the task is to be failed.
async fn record(app: &App, mut approval: Approval, delivered: Delivered) -> Result<Approval, Error> {
    for _ in 0..CONFLICTS_MAX {
        let mut next = approval.clone();
        log(&mut next, &delivered, app.now());
        for copy in &delivered.copies {
            next.copies.retain(|earlier| earlier.message != copy.message);
            next.copies.push(copy.clone());
        }
        // What an escalation has asked for meanwhile stays.
        next.unsent.retain(|destination| !delivered.has_tried(destination));
        next.unsent.extend(delivered.unsent.iter().cloned());
        if !next.unsent.is_empty() {
            next.leave_to_reconciler(app.now());
        }
        if next.copies.is_empty() && next.state == State::Pending {
            let reason = nobody(&delivered);
            next.log(What::GivenUp { reason: reason.clone() }, app.now());
            next.state = State::Resolving(Ending { intent: Intent::GiveUp { reason }, at: app.now() });
        }
        approval = match save_surely(app, &next).await {
            Ok(Saved::Done(recorded)) => return Ok(*recorded),
            Ok(Saved::Conflict(theirs)) => *theirs,
            // The request is out and can be decided; the card is adopted with the first click on it.
            Err(error) if !delivered.copies.is_empty() => {
                tracing::error!(approval.id = %approval.id, %error, "the messages that are out could not be recorded");
                return Ok(approval);
            }
            Err(error) => return Err(error.into()),
        };
    }
    Err(Unavailable::new("store", "other writers were always first").into())
}

/// Notes what went out and what did not, as far as the record does not have it: a try to save that was not answered may
/// have taken effect.
fn log(approval: &mut Approval, delivered: &Delivered, now: Timestamp) {
    let is_new = |copy: &&Copy| !approval.copies.iter().any(|known| known.message == copy.message);
    let places: Vec<Place> = delivered.copies.iter().filter(is_new).map(|copy| Place::from(&copy.message)).collect();
    if !places.is_empty() {
        approval.log(What::Delivered { places }, now);
    }
    let failures: Vec<Failure> = delivered
        .failures
        .iter()
        .map(|(destination, unsent)| Failure {
            place: Place::of(approval, destination),
            problem: unsent.problem.clone(),
            again: !unsent.is_final,
        })
        .collect();
    if !failures.is_empty() {
        approval.log(What::Undelivered { failures }, now);
    }
}

fn nobody(delivered: &Delivered) -> String {
    match delivered.problems.as_slice() {
        [] => "the policy names no channel and no address that the request could be sent to".to_owned(),
        problems => problems.join("; "),
    }
}
