//! Raises an approval: records the request, sends the cards and the mails, and says so on the bus.
//!
//! Repeating it with the same task token raises nothing twice and sends only what is not out yet.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::announce::{self, Unsent};
use crate::app::App;
use crate::approval::policy::{EmailUse, Person};
use crate::approval::record::{Approval, Copy, Destination, Ending, Intent, MessageRef, State};
use crate::approval::request::{self, InvalidInput};
use crate::change::{CONFLICTS_MAX, SAVE_LONGEST, save_surely};
use crate::deadline::Deadline;
use crate::mail;
use crate::messages;
use crate::ports::{Raised, Saved, Unavailable};
use crate::reconcile;
use crate::resolve;
use crate::slack;

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
    let mut approval = Approval::raise(request::read(input, &app.policy)?);
    match deadline.run("store", app.ports.store.raise(&approval)).await? {
        Raised::New => {}
        Raised::Existing(recorded) => approval = *recorded,
    }
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
        refreshed.and(reconcile::earlier_tries(app, &approval).await)
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
    problems: Vec<String>,
}

impl Delivered {
    fn add(&mut self, destination: Destination, shows: u32, sent: Result<MessageRef, Unsent>) {
        let platform = match &destination {
            Destination::Slack => "Slack",
            Destination::Email(_) => "e-mail",
        };
        match sent {
            Ok(message) => self.copies.push(Copy { message, shows, lost: false }),
            Err(error) => {
                tracing::warn!(platform, %error, "a request could not be sent");
                if !error.is_final {
                    self.unsent.push(destination);
                }
                let problem = format!("{platform}: {error}");
                if !self.problems.contains(&problem) {
                    self.problems.push(problem);
                }
            }
        }
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
    match approval.rules.email {
        EmailUse::Always => {
            let (card, mails) = futures::join!(send_card(app, approval, deadline), send_mails(app, approval, deadline));
            card.into_iter().for_each(|sent| delivered.add(Destination::Slack, approval.revision, sent));
            mails.into_iter().for_each(|(to, sent)| delivered.add(to, approval.revision, sent));
        }
        use_of_mail => {
            let card = send_card(app, approval, deadline).await;
            card.into_iter().for_each(|sent| delivered.add(Destination::Slack, approval.revision, sent));
            let in_chat = delivered.copies.iter().chain(&approval.copies).any(|copy| is_chat(&copy.message));
            if use_of_mail == EmailUse::Fallback && !in_chat {
                let mails = send_mails(app, approval, deadline).await;
                mails.into_iter().for_each(|(to, sent)| delivered.add(to, approval.revision, sent));
            }
        }
    }
    delivered
}

fn is_chat(message: &MessageRef) -> bool {
    matches!(message, MessageRef::Slack { .. })
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

async fn send_card(app: &App, approval: &Approval, deadline: Deadline) -> Option<Result<MessageRef, Unsent>> {
    approval.rules.slack_channel.as_ref()?;
    if approval.copies.iter().any(|copy| is_chat(&copy.message)) {
        return None;
    }
    Some(send(app, approval, &Destination::Slack, deadline).await)
}

async fn send_mails(
    app: &App,
    approval: &Approval,
    deadline: Deadline,
) -> Vec<(Destination, Result<MessageRef, Unsent>)> {
    let has_mail = |person: &Person| {
        let message = MessageRef::Email { person: person.id.clone() };
        approval.copies.iter().any(|copy| copy.message == message)
    };
    let requester = approval.request.requester.as_ref().map(|person| &person.id);
    let people = approval.rules.eligible(requester).filter(|person| person.email.is_some() && !has_mail(person));
    let send = |person: &Person| {
        let destination = Destination::Email(person.id.clone());
        async move {
            let sent = send(app, approval, &destination, deadline).await;
            (destination, sent)
        }
    };
    join_all(people.map(send)).await
}

/// Sends the request to one place.
pub(crate) async fn send(
    app: &App,
    approval: &Approval,
    destination: &Destination,
    deadline: Deadline,
) -> Result<MessageRef, Unsent> {
    // A platform that is off when the request is raised is not waited for.
    let off = || Unsent { is_final: true, ..Unsent::platform_is_off() };
    match destination {
        Destination::Slack => {
            let slack = app.slack.as_ref().ok_or_else(off)?;
            let channel = approval.rules.slack_channel.as_ref().ok_or_else(Unsent::nowhere)?;
            let card = messages::slack::card(approval, &app.links);
            let posted = slack.client.post(channel, card, None, deadline).await.map_err(|error| {
                // A card whose answer was lost may be out. It is adopted with the first click on it, while a second
                // one beside it would leave it to itself.
                let is_final = error.is_final() || matches!(error, slack::Error::NoAnswer(_));
                Unsent { is_final, problem: error.to_string() }
            })?;
            Ok(MessageRef::Slack { channel: posted.channel, ts: posted.ts })
        }
        Destination::Email(person) => {
            app.mail.as_ref().and_then(|mail| mail.mailer.as_ref()).ok_or_else(off)?;
            let person = approval.rules.approver(person).ok_or_else(Unsent::nowhere)?;
            mail::request(app, approval, person, deadline).await
        }
    }
}

/// Writes down what is out. If nothing is, the record says that the task is to be failed.
async fn record(app: &App, mut approval: Approval, delivered: Delivered) -> Result<Approval, Error> {
    for _ in 0..CONFLICTS_MAX {
        let mut next = approval.clone();
        for copy in &delivered.copies {
            next.copies.retain(|earlier| earlier.message != copy.message);
            next.copies.push(copy.clone());
        }
        next.unsent.clone_from(&delivered.unsent);
        if !next.unsent.is_empty() {
            next.leave_to_reconciler(app.now());
        }
        if next.copies.is_empty() && next.state == State::Pending {
            let intent = Intent::GiveUp { reason: nobody(&delivered) };
            next.state = State::Resolving(Ending { intent, at: app.now() });
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

fn nobody(delivered: &Delivered) -> String {
    match delivered.problems.as_slice() {
        [] => "the policy names no channel and no address that the request could be sent to".to_owned(),
        problems => problems.join("; "),
    }
}
