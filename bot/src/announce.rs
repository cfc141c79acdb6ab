//! Makes every copy show what is recorded: driven by events, repeated by the reconciler.
//!
//! Whoever refreshes the copies of an approval holds a lease on it, so that no older card follows a newer one.

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::app::App;
use crate::approval::event::SOURCE;
use crate::approval::follow_up::Errand;
use crate::approval::ids::{ApprovalId, ExecutionArn};
use crate::approval::record::{Approval, Copy, Destination, MessageRef};
use crate::change::{Changed, change, save_surely};
use crate::deadline::Deadline;
use crate::mail;
use crate::messages;
use crate::notify;
use crate::ports::{Saved, Unavailable};
use crate::reconcile;
use crate::slack;

/// Longer than the deadline of everything done under it.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
const ROUNDS_MAX: usize = 20;
/// The source of the events of Step Functions.
const STEP_FUNCTIONS: &str = "aws.states";
/// The statuses in which an execution has ended (Step Functions, execution status change events).
const ENDED: [&str; 4] = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"];

/// An event as EventBridge delivers it, as far as the announcer reads it.
#[derive(Debug, Deserialize)]
pub struct Delivery {
    source: String,
    detail: serde_json::Value,
}

impl Delivery {
    /// Whether Step Functions sent it.
    pub fn is_of_step_functions(&self) -> bool {
        self.source == STEP_FUNCTIONS
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AboutApproval {
    approval_id: ApprovalId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AboutExecution {
    execution_arn: ExecutionArn,
    status: String,
}

/// Handles one event: ours says that an approval has changed, Step Functions' that an execution has ended.
///
/// Events of other sources, and details that are not ours to read, are ignored.
pub async fn handle(app: &App, delivery: Delivery) -> Result<(), Unavailable> {
    match delivery.source.as_str() {
        SOURCE => match serde_json::from_value::<AboutApproval>(delivery.detail) {
            Ok(about) => refresh(app, &about.approval_id).await,
            Err(_) => Ok(()),
        },
        STEP_FUNCTIONS => match serde_json::from_value::<AboutExecution>(delivery.detail) {
            Ok(about) if ENDED.contains(&about.status.as_str()) => {
                reconcile::execution_ended(app, &about.execution_arn).await
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Sends what has to be sent so that every copy, and the requester, know what is recorded.
///
/// If somebody else is at it, this returns at once: they look at the record again before they leave.
pub async fn refresh(app: &App, id: &ApprovalId) -> Result<(), Unavailable> {
    let deadline = Deadline::after(Deadline::BACKGROUND);
    let Some(approval) = deadline.run("store", app.ports.store.load(id)).await? else { return Ok(()) };
    let Changed::Yes(mut approval) = take_lease(app, approval, deadline).await? else { return Ok(()) };
    let mut done = Done { lease: approval.lease_until, ..Done::default() };
    for _ in 0..ROUNDS_MAX {
        // Boxed, because the compiler gives up on the layout of a future that nests this deep.
        let failed = Box::pin(send(app, &approval, &mut done, deadline)).await;
        let mut next = approval.clone();
        done.write_to(&mut next);
        approval = match save_surely(app, &next).await? {
            Saved::Done(_) if failed => return Err(Unavailable::new("announcer", "a copy could not be refreshed")),
            Saved::Done(_) => return Ok(()),
            Saved::Conflict(theirs) => *theirs,
        };
    }
    Err(Unavailable::new("store", "other writers were always first"))
}

/// Takes the lease if there is something to send and nobody holds it.
async fn take_lease(app: &App, approval: Approval, deadline: Deadline) -> Result<Changed, Unavailable> {
    let now = app.now();
    let take = |approval: &mut Approval| {
        let taken = approval.lease_until.is_some_and(|until| until > now);
        if taken || approval.errands().is_empty() {
            return false;
        }
        approval.lease_until = now.saturating_add(LEASE).ok();
        true
    };
    change(app, approval, deadline, take).await
}

/// Runs the errands of the record as it is, and says whether one has to be run again later.
async fn send(app: &App, approval: &Approval, done: &mut Done, deadline: Deadline) -> bool {
    let is_message = |errand: &Errand| matches!(errand, Errand::Send(_) | Errand::Update(_));
    let messages: Vec<_> = done.left_of(approval).into_iter().filter(is_message).collect();
    let results = join_all(messages.iter().map(|errand| run(app, approval, errand, deadline))).await;
    let mut failed = false;
    for (errand, sent) in messages.into_iter().zip(results) {
        failed |= matches!(sent, Sent::Later);
        done.note(errand, approval.revision, sent);
    }
    // The notes go one after the other, the outcome before the result, and not into the thread of a lost card.
    let mut shown = approval.clone();
    done.write_to(&mut shown);
    for errand in done.left_of(&shown).into_iter().filter(|errand| !is_message(errand)) {
        let sent = run(app, approval, &errand, deadline).await;
        let later = matches!(sent, Sent::Later);
        done.note(errand, approval.revision, sent);
        if later {
            return true;
        }
    }
    failed
}

/// What has been sent under this lease, kept apart from the record until the record takes it.
#[derive(Default)]
struct Done {
    /// The copies that are new, where the platform took the request at last.
    sent: Vec<(Destination, Option<Copy>)>,
    shown: Vec<(MessageRef, u32)>,
    lost: Vec<MessageRef>,
    outcome: bool,
    result: bool,
    lease: Option<Timestamp>,
}

enum Sent {
    Yes,
    /// A request went out as this message.
    As(MessageRef),
    Never,
    Later,
}

impl Done {
    /// The errands of this record that are not done yet; a copy that shows an older revision is one.
    fn left_of(&self, approval: &Approval) -> Vec<Errand> {
        let is_left = |errand: &Errand| match errand {
            Errand::Send(destination) => !self.sent.iter().any(|(sent, _)| sent == destination),
            Errand::Update(message) if self.lost.contains(message) => false,
            Errand::Update(message) => !self.shown.contains(&(message.clone(), approval.revision)),
            Errand::TellOutcome(_) => !self.outcome,
            Errand::TellResult(..) => !self.result,
        };
        approval.errands().into_iter().filter(is_left).collect()
    }

    fn note(&mut self, errand: Errand, revision: u32, sent: Sent) {
        match (errand, sent) {
            (_, Sent::Later) => {}
            (Errand::Send(destination), Sent::As(message)) => {
                self.sent.push((destination, Some(Copy { message, shows: revision, lost: false })));
            }
            (Errand::Send(destination), _) => self.sent.push((destination, None)),
            (Errand::Update(message), Sent::Yes | Sent::As(_)) => self.shown.push((message, revision)),
            (Errand::Update(message), Sent::Never) => self.lost.push(message),
            (Errand::TellOutcome(_), _) => self.outcome = true,
            (Errand::TellResult(..), _) => self.result = true,
        }
    }

    fn write_to(&self, approval: &mut Approval) {
        for (destination, copy) in &self.sent {
            approval.unsent.retain(|unsent| unsent != destination);
            let is_new = |copy: &&Copy| !approval.copies.iter().any(|known| known.message == copy.message);
            if let Some(copy) = copy.as_ref().filter(is_new) {
                approval.copies.push(copy.clone());
            }
        }
        for copy in &mut approval.copies {
            copy.lost |= self.lost.contains(&copy.message);
            let shown = self.shown.iter().rev().find(|(message, _)| *message == copy.message);
            copy.shows = shown.map_or(copy.shows, |(_, revision)| *revision);
        }
        approval.told.outcome |= self.outcome;
        approval.told.result |= self.result;
        // Whoever has taken the lease since keeps it.
        if approval.lease_until == self.lease {
            approval.lease_until = None;
        }
        if !approval.is_unfinished() {
            approval.retry = None;
        }
    }
}

async fn run(app: &App, approval: &Approval, errand: &Errand, deadline: Deadline) -> Sent {
    let result = match errand {
        Errand::Send(destination) => return sent(app, approval, destination, deadline).await,
        Errand::Update(MessageRef::Slack { channel, ts }) => update_card(app, approval, channel, ts, deadline).await,
        Errand::Update(MessageRef::Email { person }) => mail::close(app, approval, person, deadline).await,
        Errand::TellOutcome(thread) => tell(app, thread, messages::slack::outcome_note(approval), deadline).await,
        Errand::TellResult(thread, end) => {
            tell(app, thread, messages::slack::result_note(approval, end), deadline).await
        }
    };
    match result {
        Ok(()) => Sent::Yes,
        Err(error) => not_sent(approval, &error),
    }
}

async fn sent(app: &App, approval: &Approval, destination: &Destination, deadline: Deadline) -> Sent {
    match notify::send(app, approval, destination, deadline).await {
        Ok(message) => Sent::As(message),
        Err(error) => not_sent(approval, &error),
    }
}

fn not_sent(approval: &Approval, error: &Unsent) -> Sent {
    tracing::warn!(approval.id = %approval.id, %error, "a message could not be sent");
    if error.is_final { Sent::Never } else { Sent::Later }
}

/// A message that was not sent, and whether trying again is of use.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub struct Unsent {
    /// The platform refused this message for good.
    pub is_final: bool,
    /// What it said.
    pub problem: String,
}

impl From<slack::Error> for Unsent {
    fn from(error: slack::Error) -> Self {
        Self { is_final: error.is_final(), problem: error.to_string() }
    }
}

impl Unsent {
    /// The rules of the approval name no such place.
    pub fn nowhere() -> Self {
        Self { is_final: true, problem: "the rules name no such place".to_owned() }
    }

    /// The platform of a recorded message is no longer configured.
    pub fn platform_is_off() -> Self {
        Self { is_final: false, problem: "the platform is not configured".to_owned() }
    }
}

async fn update_card(
    app: &App,
    approval: &Approval,
    channel: &str,
    ts: &str,
    deadline: Deadline,
) -> Result<(), Unsent> {
    let slack = app.slack.as_ref().ok_or_else(Unsent::platform_is_off)?;
    let card = messages::slack::card(approval, &app.links);
    Ok(slack.client.update(channel, ts, card, deadline).await?)
}

async fn tell(app: &App, thread: &MessageRef, note: slack::Message, deadline: Deadline) -> Result<(), Unsent> {
    let slack = app.slack.as_ref().ok_or_else(Unsent::platform_is_off)?;
    match thread {
        MessageRef::Slack { channel, ts } => {
            slack.client.post(channel, note, Some(ts), deadline).await?;
            Ok(())
        }
        MessageRef::Email { .. } => Ok(()),
    }
}
