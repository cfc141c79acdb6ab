//! Makes one place show what is recorded. A messenger is given deliveries by the queue, and makes each from the record as
//! it is by then, so one that comes twice, or late, does no harm.
//!
//! The queue hands out one delivery of a place at a time, so no older card follows a newer one, and the place waits while
//! its messenger rests.

use jiff::{SignedDuration, Timestamp};

use super::app::App;
use super::change::{CONFLICTS_MAX, save_surely};
use super::enqueue::enqueue;
use super::{BACKGROUND, overview, runs};
use crate::approval::delivery::{Fate, Subject, Unsent};
use crate::approval::follow_up::Errand;
use crate::approval::ids::ApprovalId;
use crate::approval::place::{Destination, MessageRef, Platform};
use crate::approval::record::{Approval, SentMessage, Successor};
use crate::approval::transitions::reach::Undelivered;
use crate::net::deadline::{Deadline, Unavailable};
use crate::ports::{Messenger, Saved};

/// How often the queue hands out a delivery before it is left to the reconciler. Those behind it in its place wait for
/// less than a minute.
pub const TRIES_MAX: u32 = 5;
/// The first pause before a delivery is made again; each is three times as long as the one before.
const PAUSE: SignedDuration = SignedDuration::from_secs(1);

/// A delivery as the queue hands it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// What to bring up to date.
    pub subject: Subject,
    /// How often it was handed out, this time included.
    pub tries: u32,
}

/// What came of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// The place knows what is recorded, as far as it ever will. Its platform takes nothing more for so long.
    Yes {
        /// How long the place rests.
        rest: SignedDuration,
    },
    /// It is to be handed out again, after so long.
    NotYet {
        /// How long the place waits.
        pause: SignedDuration,
    },
}

/// Makes a delivery.
pub async fn deliver(app: &App, received: &Received) -> Delivered {
    let made = match &received.subject {
        Subject::Approval { id, destination } => show(app, id, destination, received.tries).await,
        Subject::Run { execution } => {
            let told = runs::tell_starter(app, execution).await;
            told.map(|told| told.map(|(platform, left)| Made { rest: rest(app, platform, 1), left }))
        }
        Subject::Home { person, platform } => {
            let shown = overview::show(app, *platform, person, received.tries).await;
            shown.map(|shown| shown.map(|(rest, left)| Made { rest, left }))
        }
    };
    let is_home = matches!(received.subject, Subject::Home { .. });
    match made {
        Ok(None) => Delivered::Yes { rest: SignedDuration::ZERO },
        // Whoever opens their page has it made anew, so that nobody has to see to one that was not shown.
        Ok(Some(Made { left: Some(_), rest })) if is_home && received.tries >= TRIES_MAX => Delivered::Yes { rest },
        Ok(Some(Made { left: Some(fate), .. })) => Delivered::NotYet { pause: pause(fate, received.tries) },
        Ok(Some(Made { rest, left: None })) => Delivered::Yes { rest },
        Err(error) => {
            tracing::warn!(subject = ?received.subject, %error, "a delivery was not made");
            Delivered::NotYet { pause: pause(Fate::NOT_SENT, received.tries) }
        }
    }
}

/// What was done in a place.
struct Made {
    /// How long the place rests for it.
    rest: SignedDuration,
    /// What became of the message that did not, if it is to be tried again.
    left: Option<Fate>,
}

/// How long a conversation of a platform rests after so many messages.
fn rest(app: &App, platform: Platform, messages: i32) -> SignedDuration {
    let spacing = app.messengers.get(&platform).and_then(|messenger| messenger.spacing());
    spacing.unwrap_or_default() * messages
}

/// As long as the platform wants to be left alone, where it says so. After the last try those behind it wait no longer.
fn pause(fate: Fate, tries: u32) -> SignedDuration {
    if tries >= TRIES_MAX {
        return SignedDuration::ZERO;
    }
    fate.pause().unwrap_or(PAUSE * 3_i32.pow(tries.max(1) - 1))
}

/// Makes the messages of an approval in one place show the record, and tells what there is to tell beside them.
async fn show(app: &App, id: &ApprovalId, destination: &Destination, tries: u32) -> Result<Option<Made>, Unavailable> {
    let deadline = Deadline::after(BACKGROUND);
    let Some(approval) = deadline.run("store", app.ports.store.load(id)).await? else { return Ok(None) };
    let (mut done, mut messages, mut left) = (Vec::new(), 0, None);
    // The record with what is done, which is saved once nothing more is to do.
    let mut shown = approval.clone();
    if let Some(successor) = successor(app, &approval, destination.platform(), deadline).await? {
        note(&mut shown, &mut done, Done::FoundSuccessor(successor), app.now());
    }
    if tries > 1 && shown.suspect(destination, app.now()) {
        done.push(Done::CutShort(destination.clone()));
    }
    while let Some(errand) = shown.errands_in(destination).into_iter().next() {
        let result = run(app, &shown, &errand, deadline).await;
        messages += i32::from(!matches!(errand, Errand::Update(_)));
        if let Err(error) = &result {
            tracing::warn!(approval.id = %id, platform = destination.platform().name(), %error, "a message was not sent");
        }
        let (outcome, fate) = outcome(&shown, errand, result);
        if let Some(outcome) = outcome {
            note(&mut shown, &mut done, outcome, app.now());
        }
        if fate.is_some() {
            left = fate;
            break;
        }
    }
    if !done.is_empty() {
        let mut known: Vec<Subject> = approval.deliveries().into_iter().map(|delivery| delivery.subject).collect();
        let here = Subject::Approval { id: id.clone(), destination: destination.clone() };
        if left.is_none() {
            known.retain(|subject| *subject != here);
        }
        let recorded = record(app, approval, &done).await?;
        // What stands in for this place, and this place if the record has gone on meanwhile.
        let new: Vec<_> =
            recorded.deliveries().into_iter().filter(|delivery| !known.contains(&delivery.subject)).collect();
        enqueue(app, &new, deadline).await?;
    }
    Ok(Some(Made { rest: rest(app, destination.platform(), messages), left }))
}

/// The request that has taken the place of this one, with its cards, unless one on this platform is known. They are out by
/// now if they come in the same place.
async fn successor(
    app: &App,
    approval: &Approval,
    platform: Platform,
    deadline: Deadline,
) -> Result<Option<Successor>, Unavailable> {
    let lacks_card = |known: &&Successor| !known.cards.iter().any(|card| card.platform() == platform);
    let Some(known) = approval.successor.as_ref().filter(lacks_card) else { return Ok(None) };
    let successor = deadline.run("store", app.ports.store.load(&known.id)).await?;
    Ok(successor.as_ref().map(Successor::from).filter(|found| found.cards != known.cards))
}

/// What was done in a place, kept apart from the record until the record takes it.
enum Done {
    FoundSuccessor(Successor),
    CutShort(Destination),
    Sent(SentMessage),
    Undelivered(Undelivered),
    Shown(MessageRef, u32),
    Heard(MessageRef, usize),
    Lost(MessageRef),
}

impl Done {
    fn write_to(&self, approval: &mut Approval, now: Timestamp) {
        match self {
            Self::FoundSuccessor(successor) => approval.find_successor(successor),
            Self::CutShort(destination) => drop(approval.suspect(destination, now)),
            Self::Sent(message) => approval.delivered(message, now),
            Self::Undelivered(failure) => approval.undelivered(failure, now),
            Self::Shown(message, revision) => approval.shown(message, *revision, now),
            Self::Heard(message, notes) => approval.heard(message, *notes),
            Self::Lost(message) => approval.lost(message, now),
        }
    }
}

fn note(shown: &mut Approval, done: &mut Vec<Done>, outcome: Done, now: Timestamp) {
    outcome.write_to(shown, now);
    done.push(outcome);
}

async fn run(
    app: &App,
    approval: &Approval,
    errand: &Errand,
    deadline: Deadline,
) -> Result<Option<MessageRef>, Unsent> {
    match errand {
        // A platform that is off when the request is raised is not waited for.
        Errand::Send(destination) => {
            let off = |off| Unsent { fate: Fate::Refused, ..off };
            let messenger = messenger(app, destination.platform()).map_err(off)?;
            messenger.send(approval, destination, deadline).await.map(Some)
        }
        Errand::Update(message) => {
            messenger(app, message.platform())?.update(approval, message, deadline).await.map(|()| None)
        }
        Errand::Tell { message, note, .. } => {
            messenger(app, message.platform())?.tell(approval, message, note, deadline).await.map(|()| None)
        }
    }
}

fn messenger(app: &App, platform: Platform) -> Result<&dyn Messenger, Unsent> {
    app.messengers.get(&platform).map(AsRef::as_ref).ok_or_else(Unsent::platform_is_off)
}

/// What came of an errand, and what became of its message if it is to be tried again. What may be there already is: a card
/// that shows the record twice shows the same, and a note told twice is better than none.
fn outcome(
    approval: &Approval,
    errand: Errand,
    result: Result<Option<MessageRef>, Unsent>,
) -> (Option<Done>, Option<Fate>) {
    match (errand, result) {
        (Errand::Send(destination), Err(unsent)) => {
            let fate = unsent.fate;
            let failure = Undelivered { destination, unsent };
            let is_left = failure.is_left();
            (Some(Done::Undelivered(failure)), is_left.then_some(fate))
        }
        (Errand::Send(_), Ok(message)) => {
            let sent = |message| Done::Sent(SentMessage::new(message, approval.revision, approval.calls.len()));
            (message.map(sent), None)
        }
        (Errand::Update(_) | Errand::Tell { .. }, Err(unsent)) if !unsent.is_refused() => (None, Some(unsent.fate)),
        (Errand::Update(message), Err(_)) => (Some(Done::Lost(message)), None),
        (Errand::Update(message), Ok(_)) => (Some(Done::Shown(message, approval.revision)), None),
        (Errand::Tell { message, number, .. }, _) => (Some(Done::Heard(message, number + 1)), None),
    }
}

/// Writes what was done into the record, which may be newer by now than the one that it was done from.
async fn record(app: &App, mut approval: Approval, done: &[Done]) -> Result<Approval, Unavailable> {
    for _ in 0..CONFLICTS_MAX {
        let mut next = approval.clone();
        for done in done {
            done.write_to(&mut next, app.now());
        }
        next.rest_if_finished();
        approval = match save_surely(app, &next).await? {
            Saved::Done(recorded) => return Ok(*recorded),
            Saved::Conflict(theirs) => *theirs,
        };
    }
    Err(Unavailable::new("store", "other writers were always first"))
}
