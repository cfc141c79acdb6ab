//! Makes every copy show what is recorded: driven by events, repeated by the reconciler.
//!
//! Whoever refreshes the copies of an approval holds a lease on it, so that no older card follows a newer one.

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::app::App;
use super::change::{Changed, change, save_surely};
use super::{BACKGROUND, copies, pace, resolve};
use crate::approval::delivery::{Fate, Unsent};
use crate::approval::follow_up::Errand;
use crate::approval::ids::ApprovalId;
use crate::approval::place::{Destination, MessageRef};
use crate::approval::record::{Approval, SentMessage};
use crate::approval::transitions::reach::Undelivered;
use crate::net::deadline::{Deadline, Unavailable};
use crate::ports::Saved;

const ROUNDS_MAX: usize = 20;

/// Sends what has to be sent so that every copy, and the requester, know what is recorded, and gives up a request that has
/// reached nobody.
///
/// If somebody else is at it, this returns at once: they look at the record again before they leave.
pub async fn refresh(app: &App, id: &ApprovalId) -> Result<(), Unavailable> {
    let deadline = Deadline::after(BACKGROUND);
    let Some(approval) = deadline.run("store", app.ports.store.load(id)).await? else { return Ok(()) };
    let now = app.now();
    let taken = change(app, approval, deadline, |approval| approval.take_lease(now)).await?;
    let (approval, sent) = match taken {
        Changed::Yes(approval) => send_all(app, approval, deadline).await?,
        Changed::No(approval) => (approval, Ok(())),
    };
    sent.and(resolve::give_up(app, approval, deadline).await)
}

/// Sends everything under the lease, and gives it back with the record as it is then.
async fn send_all(
    app: &App,
    mut approval: Approval,
    deadline: Deadline,
) -> Result<(Approval, Result<(), Unavailable>), Unavailable> {
    let mut done = Done { lease: approval.lease_until, ..Done::default() };
    for _ in 0..ROUNDS_MAX {
        // Boxed, because the compiler gives up on the layout of a future that nests this deep.
        let failed = Box::pin(send(app, &approval, &mut done, deadline)).await;
        let mut next = approval.clone();
        done.write_to(&mut next, app.now());
        approval = match save_surely(app, &next).await? {
            Saved::Done(recorded) if failed => {
                return Ok((*recorded, Err(Unavailable::new("announcer", "a copy could not be refreshed"))));
            }
            Saved::Done(recorded) => return Ok((*recorded, Ok(()))),
            Saved::Conflict(theirs) => *theirs,
        };
    }
    Err(Unavailable::new("store", "other writers were always first"))
}

/// Runs the errands of the record as it is, and says whether one has to be run again later.
async fn send(app: &App, approval: &Approval, done: &mut Done, deadline: Deadline) -> bool {
    let is_note = |errand: &Errand| matches!(errand, Errand::Tell { .. });
    let messages = done.left_of(approval, app.now()).into_iter().filter(|errand| !is_note(errand)).collect();
    let mut failed = run_all(app, approval, messages, done, deadline).await;
    // Beside one copy the notes go one after the other, and none goes into the thread of a lost card.
    loop {
        let mut shown = approval.clone();
        done.write_to(&mut shown, app.now());
        let notes =
            done.left_of(&shown, app.now()).into_iter().filter(|errand| is_note(errand) && !failed.contains(errand));
        let notes: Vec<_> = notes.collect();
        if notes.is_empty() {
            return !failed.is_empty();
        }
        failed.extend(run_all(app, approval, notes, done, deadline).await);
    }
}

/// Runs errands at the same time, notes what came of them, and returns those that have to be run again later.
async fn run_all(
    app: &App,
    approval: &Approval,
    errands: Vec<Errand>,
    done: &mut Done,
    deadline: Deadline,
) -> Vec<Errand> {
    let results = join_all(errands.iter().map(|errand| run(app, approval, errand, deadline))).await;
    let mut failed = Vec::new();
    for (errand, result) in errands.into_iter().zip(results) {
        if let Err(error) = &result {
            tracing::warn!(approval.id = %approval.id, %error, "a message could not be sent");
        }
        if done.note(errand.clone(), approval, result) == Left::ToTryAgain {
            failed.push(errand);
        }
    }
    failed
}

/// What has been sent under this lease, kept apart from the record until the record takes it.
#[derive(Default)]
struct Done {
    /// The copies that are new, where the platform took the request at last.
    sent: Vec<(Destination, SentMessage)>,
    undelivered: Vec<Undelivered>,
    /// The places whose turn is not soon.
    out_of_turn: Vec<Destination>,
    shown: Vec<(MessageRef, u32)>,
    heard: Vec<(MessageRef, usize)>,
    lost: Vec<MessageRef>,
    /// The longest that a platform wants to be left alone.
    pause: Option<SignedDuration>,
    lease: Option<Timestamp>,
}

/// What came of an errand.
enum Sent {
    /// A request went out as this message.
    As(MessageRef),
    /// A copy shows the record, or a note was told.
    Done,
    /// The turn of a card is not soon.
    NoTurn,
}

/// Whether an errand is to be run again.
#[derive(PartialEq)]
enum Left {
    Nothing,
    ToTryAgain,
}

impl Done {
    /// The errands of this record that are not done yet; a card that shows an older revision is one.
    fn left_of(&self, approval: &Approval, now: Timestamp) -> Vec<Errand> {
        let is_left = |errand: &Errand| match errand {
            Errand::Send(destination) => {
                let sent = self.sent.iter().map(|(sent, _)| sent);
                let tried = sent.chain(self.undelivered.iter().map(|failure| &failure.destination));
                !tried.chain(&self.out_of_turn).any(|tried| tried == destination)
            }
            Errand::Update(message) if self.lost.contains(message) => false,
            Errand::Update(message) => !self.shown.contains(&(message.clone(), approval.revision)),
            Errand::Tell { message, number, .. } => !self.heard.contains(&(message.clone(), number + 1)),
        };
        approval.errands_at(now).into_iter().filter(is_left).collect()
    }

    /// Notes what came of an errand. What was not sent is tried again, and so is what may be there already: a card that
    /// shows the record twice shows the same, and a note told twice is better than none.
    fn note(&mut self, errand: Errand, approval: &Approval, result: Result<Sent, Unsent>) -> Left {
        let (revision, calls) = (approval.revision, approval.calls.len());
        if let Err(Unsent { fate: Fate::NotSent { retry_after }, .. }) = &result {
            self.pause = self.pause.max(*retry_after);
        }
        match (errand, result) {
            (Errand::Send(destination), Ok(Sent::As(message))) => {
                self.sent.push((destination, SentMessage::new(message, revision, calls)));
            }
            (Errand::Send(destination), Ok(Sent::NoTurn | Sent::Done)) => {
                self.out_of_turn.push(destination);
                return Left::ToTryAgain;
            }
            (Errand::Send(destination), Err(unsent)) => {
                let failure = Undelivered { destination, unsent };
                let is_left = failure.is_left();
                self.undelivered.push(failure);
                if is_left {
                    return Left::ToTryAgain;
                }
            }
            (Errand::Update(_) | Errand::Tell { .. }, Err(unsent)) if !unsent.is_refused() => return Left::ToTryAgain,
            (Errand::Update(message), Err(_)) => self.lost.push(message),
            (Errand::Update(message), Ok(_)) => self.shown.push((message, revision)),
            (Errand::Tell { message, number, .. }, _) => self.heard.push((message, number + 1)),
        }
        Left::Nothing
    }

    /// Writes what was sent into a record that may be newer than the one that it was read from.
    fn write_to(&self, approval: &mut Approval, now: Timestamp) {
        for (_, copy) in &self.sent {
            approval.delivered(std::slice::from_ref(copy), now);
        }
        approval.undelivered(&self.undelivered, now);
        approval.shown(&self.shown, now);
        approval.heard(&self.heard);
        approval.lost(&self.lost, now);
        approval.give_back_lease(self.lease);
        if let Some(pause) = self.pause {
            approval.spare(pause, now);
        }
        approval.rest_if_finished();
    }
}

async fn run(app: &App, approval: &Approval, errand: &Errand, deadline: Deadline) -> Result<Sent, Unsent> {
    match errand {
        Errand::Send(destination) if !pace::soon(app, approval, destination).await => Ok(Sent::NoTurn),
        Errand::Send(destination) => copies::send(app, approval, destination, deadline).await.map(Sent::As),
        Errand::Update(message) => copies::update(app, approval, message, deadline).await.map(|()| Sent::Done),
        Errand::Tell { message, note, .. } => {
            copies::tell(app, approval, message, note, deadline).await.map(|()| Sent::Done)
        }
    }
}
