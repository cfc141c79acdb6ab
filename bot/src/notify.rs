//! Raises an approval: records the request, sends the cards and the mails, and says so on the bus.
//!
//! Repeating it with the same task token raises nothing twice and sends only what is not out yet.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::announce::{self, Unsent};
use crate::app::App;
use crate::approval::policy::{EmailUse, Person};
use crate::approval::record::{Approval, Copy, Ending, Intent, MessageRef, State};
use crate::approval::request::{self, InvalidInput};
use crate::deadline::Deadline;
use crate::mail;
use crate::messages;
use crate::ports::{Raised, Saved, Unavailable};
use crate::reconcile;
use crate::resolve;

/// Slack and SES have this long to take the messages.
const DELIVERY: Duration = Duration::from_secs(15);
/// The store, Step Functions and the bus have this long after that.
const RECORDING: Duration = Duration::from_secs(10);
const RECORD_TRIES: usize = 5;
/// Recording what is out is tried again after this long, so that a hiccup of the store loses no message.
const RECORD_PAUSE: Duration = Duration::from_millis(200);

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

impl Error {
    /// The error's name in `ErrorEquals`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InvalidApprovalRequest(_) => "InvalidApprovalRequest",
            Self::ApprovalStoreUnavailable(_) => "ApprovalStoreUnavailable",
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
    let delivered = deliver(app, &approval, deadline).await;
    // What is out must be on record, so recording has time of its own.
    let deadline = Deadline::after(RECORDING);
    let approval = record(app, approval, delivered, deadline).await?;
    let approval = resolve::settle(app, approval, deadline).await.logged();
    let id = approval.id.clone();
    // Somebody may have voted while the last copies went out.
    let refreshed = announce::refresh(app, &id).await;
    let earlier = reconcile::earlier_tries(app, &approval).await;
    if let Err(error) = refreshed.and(earlier) {
        tracing::warn!(approval.id = %id, %error, "left to the reconciler");
    }
    Ok(json!({ "approvalId": id }))
}

/// What went out, and what kept the rest.
#[derive(Default)]
struct Delivered {
    copies: Vec<Copy>,
    problems: Vec<String>,
}

impl Delivered {
    fn add(&mut self, platform: &str, shows: u32, sent: Result<MessageRef, Unsent>) {
        match sent {
            Ok(message) => self.copies.push(Copy { message, shows, lost: false }),
            Err(error) => {
                tracing::warn!(platform, %error, "a request could not be sent");
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
            card.into_iter().for_each(|sent| delivered.add("Slack", approval.revision, sent));
            mails.into_iter().for_each(|sent| delivered.add("e-mail", approval.revision, sent));
        }
        use_of_mail => {
            let card = send_card(app, approval, deadline).await;
            card.into_iter().for_each(|sent| delivered.add("Slack", approval.revision, sent));
            let in_chat = delivered.copies.iter().chain(&approval.copies).any(|copy| is_chat(&copy.message));
            if use_of_mail == EmailUse::Fallback && !in_chat {
                let mails = send_mails(app, approval, deadline).await;
                mails.into_iter().for_each(|sent| delivered.add("e-mail", approval.revision, sent));
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
    let required = approval.rules.required;
    (eligible < required).then(|| {
        format!(
            "policy `{}` needs {required} approvals, and the people who may give one are {eligible}",
            approval.rules.name
        )
    })
}

async fn send_card(app: &App, approval: &Approval, deadline: Deadline) -> Option<Result<MessageRef, Unsent>> {
    let channel = approval.rules.slack_channel.as_ref()?;
    if approval.copies.iter().any(|copy| is_chat(&copy.message)) {
        return None;
    }
    let Some(slack) = &app.slack else {
        return Some(Err(Unsent::platform_is_off()));
    };
    let card = messages::slack::card(approval, &app.links);
    let posted = slack.client.post(channel, card, None, deadline).await;
    Some(posted.map(|posted| MessageRef::Slack { channel: posted.channel, ts: posted.ts }).map_err(Unsent::from))
}

async fn send_mails(app: &App, approval: &Approval, deadline: Deadline) -> Vec<Result<MessageRef, Unsent>> {
    let has_mail = |person: &Person| {
        let message = MessageRef::Email { person: person.id.clone() };
        approval.copies.iter().any(|copy| copy.message == message)
    };
    let requester = approval.request.requester.as_ref().map(|person| &person.id);
    let people = approval.rules.eligible(requester).filter(|person| person.email.is_some() && !has_mail(person));
    join_all(people.map(|person| mail::request(app, approval, person, deadline))).await
}

/// Writes down what is out. If nothing is, the record says that the task is to be failed.
async fn record(
    app: &App,
    mut approval: Approval,
    delivered: Delivered,
    deadline: Deadline,
) -> Result<Approval, Error> {
    let mut problem = None;
    for attempt in 0..RECORD_TRIES {
        if attempt > 0 {
            tokio::time::sleep(RECORD_PAUSE.min(deadline.left())).await;
        }
        let mut next = approval.clone();
        for copy in &delivered.copies {
            next.copies.retain(|earlier| earlier.message != copy.message);
            next.copies.push(copy.clone());
        }
        if next.copies.is_empty() && next.state == State::Pending {
            next.state =
                State::Resolving(Ending { intent: Intent::GiveUp { reason: nobody(&delivered) }, at: app.now() });
        }
        match deadline.run("store", app.ports.store.save(next)).await {
            Ok(Saved::Done(recorded)) => return Ok(*recorded),
            Ok(Saved::Conflict(theirs)) => approval = *theirs,
            Err(error) => problem = Some(error),
        }
    }
    match problem {
        // The request is out and can be decided; the card is adopted with the first click on it.
        Some(error) if !delivered.copies.is_empty() => {
            tracing::error!(approval.id = %approval.id, %error, "the messages that are out could not be recorded");
            Ok(approval)
        }
        Some(error) => Err(error.into()),
        None => Ok(approval),
    }
}

fn nobody(delivered: &Delivered) -> String {
    match delivered.problems.as_slice() {
        [] => "The policy names no channel and no address that the request could be sent to.".to_owned(),
        problems => format!("The request reached nobody: {}.", problems.join("; ")),
    }
}
