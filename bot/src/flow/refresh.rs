//! Makes every copy show what is recorded: driven by events, repeated by the reconciler.
//!
//! Whoever refreshes the copies of an approval holds a lease on it, so that no older card follows a newer one.

use futures::future::join_all;
use jiff::Timestamp;

use super::app::App;
use super::change::{Changed, change, save_surely};
use super::{BACKGROUND, copies, pace};
use crate::approval::follow_up::Errand;
use crate::approval::ids::ApprovalId;
use crate::approval::place::{Destination, MessageRef};
use crate::approval::record::{Approval, SentMessage};
use crate::approval::transitions::deliver::Undelivered;
use crate::net::deadline::{Deadline, Unavailable};
use crate::ports::Saved;

const ROUNDS_MAX: usize = 20;

/// Sends what has to be sent so that every copy, and the requester, know what is recorded.
///
/// If somebody else is at it, this returns at once: they look at the record again before they leave.
pub async fn refresh(app: &App, id: &ApprovalId) -> Result<(), Unavailable> {
    let deadline = Deadline::after(BACKGROUND);
    let Some(approval) = deadline.run("store", app.ports.store.load(id)).await? else { return Ok(()) };
    let now = app.now();
    let taken = change(app, approval, deadline, |approval| approval.take_lease(now)).await?;
    let Changed::Yes(mut approval) = taken else { return Ok(()) };
    let mut done = Done { lease: approval.lease_until, ..Done::default() };
    for _ in 0..ROUNDS_MAX {
        // Boxed, because the compiler gives up on the layout of a future that nests this deep.
        let failed = Box::pin(send(app, &approval, &mut done, deadline)).await;
        let mut next = approval.clone();
        done.write_to(&mut next, app.now());
        approval = match save_surely(app, &next).await? {
            Saved::Done(_) if failed => return Err(Unavailable::new("announcer", "a copy could not be refreshed")),
            Saved::Done(_) => return Ok(()),
            Saved::Conflict(theirs) => *theirs,
        };
    }
    Err(Unavailable::new("store", "other writers were always first"))
}

/// Runs the errands of the record as it is, and says whether one has to be run again later.
async fn send(app: &App, approval: &Approval, done: &mut Done, deadline: Deadline) -> bool {
    let is_note = |errand: &Errand| matches!(errand, Errand::Tell { .. });
    let messages = done.left_of(approval).into_iter().filter(|errand| !is_note(errand)).collect();
    let mut failed = run_all(app, approval, messages, done, deadline).await;
    // Beside one copy the notes go one after the other, and none goes into the thread of a lost card.
    loop {
        let mut shown = approval.clone();
        done.write_to(&mut shown, app.now());
        let notes = done.left_of(&shown).into_iter().filter(|errand| is_note(errand) && !failed.contains(errand));
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
    for (errand, sent) in errands.into_iter().zip(results) {
        match sent {
            Sent::Later => failed.push(errand),
            sent => done.note(errand, approval, sent),
        }
    }
    failed
}

/// What has been sent under this lease, kept apart from the record until the record takes it.
#[derive(Default)]
struct Done {
    /// The copies that are new, where the platform took the request at last.
    sent: Vec<(Destination, Option<SentMessage>)>,
    shown: Vec<(MessageRef, u32)>,
    heard: Vec<(MessageRef, usize)>,
    lost: Vec<MessageRef>,
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
    /// The errands of this record that are not done yet; a card that shows an older revision is one.
    fn left_of(&self, approval: &Approval) -> Vec<Errand> {
        let is_left = |errand: &Errand| match errand {
            Errand::Send(destination) => !self.sent.iter().any(|(sent, _)| sent == destination),
            Errand::Update(message) if self.lost.contains(message) => false,
            Errand::Update(message) => !self.shown.contains(&(message.clone(), approval.revision)),
            Errand::Tell { message, number, .. } => !self.heard.contains(&(message.clone(), number + 1)),
        };
        approval.errands().into_iter().filter(is_left).collect()
    }

    fn note(&mut self, errand: Errand, approval: &Approval, sent: Sent) {
        let (revision, calls) = (approval.revision, approval.calls.len());
        match (errand, sent) {
            (Errand::Send(destination), Sent::As(message)) => {
                self.sent.push((destination, Some(SentMessage::new(message, revision, calls))));
            }
            (Errand::Send(destination), _) => self.sent.push((destination, None)),
            (Errand::Update(message), Sent::Never) => self.lost.push(message),
            (Errand::Update(message), _) => self.shown.push((message, revision)),
            (Errand::Tell { message, number, .. }, _) => self.heard.push((message, number + 1)),
        }
    }

    /// Writes what was sent into a record that may be newer than the one that it was read from.
    fn write_to(&self, approval: &mut Approval, now: Timestamp) {
        for (destination, copy) in &self.sent {
            match copy {
                Some(copy) => approval.delivered(std::slice::from_ref(copy), now),
                None if approval.unsent.contains(destination) => {
                    let problem = "the platform refused it for good".to_owned();
                    approval
                        .undelivered(&[Undelivered { destination: destination.clone(), problem, again: false }], now);
                }
                None => {}
            }
        }
        approval.shown(&self.shown, now);
        approval.heard(&self.heard);
        approval.lost(&self.lost, now);
        approval.give_back_lease(self.lease);
        approval.rest_if_finished();
    }
}

async fn run(app: &App, approval: &Approval, errand: &Errand, deadline: Deadline) -> Sent {
    let done = match errand {
        Errand::Send(destination) if !pace::soon(app, approval, destination).await => Err(pace::too_late()),
        Errand::Send(destination) => copies::send(app, approval, destination, deadline).await.map(Sent::As),
        Errand::Update(message) => copies::update(app, approval, message, deadline).await.map(|()| Sent::Yes),
        Errand::Tell { message, note, .. } => {
            copies::tell(app, approval, message, note, deadline).await.map(|()| Sent::Yes)
        }
    };
    done.unwrap_or_else(|error| {
        tracing::warn!(approval.id = %approval.id, %error, "a message could not be sent");
        if error.is_final { Sent::Never } else { Sent::Later }
    })
}
