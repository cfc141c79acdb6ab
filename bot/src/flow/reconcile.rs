//! Repairs: one level-triggered pass over what is due, which looks at what is recorded and not at what it was told.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::{StreamExt, stream};
use jiff::Timestamp;

use super::BACKGROUND;
use super::announce::Settled;
use super::app::App;
use super::change::{SAVE_LONGEST, change};
use super::delegations;
use super::resolve::settle;
use crate::approval::ids::{ApprovalId, ExecutionArn};
use crate::approval::look_up::LookUp;
use crate::approval::record::{Approval, Successor};
use crate::approval::state::State;
use crate::approval::transitions::truth;
use crate::net::deadline::{Deadline, Unavailable};

/// A pass takes up nothing new after this, so that it ends before the next one has waited long.
const PASS: Duration = Duration::from_secs(45);
/// A pass may end with one approval for which every service is slow.
pub const LONGEST: Duration = PASS.saturating_add(BACKGROUND.saturating_mul(2)).saturating_add(SAVE_LONGEST);
/// How many approvals a pass asks the store for at a time.
const BATCH: usize = 1_000;
/// How many of them at once. Most of the time of each is spent waiting for a service.
const AT_ONCE: usize = 8;

/// What a pass did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pass {
    /// Approvals that were due.
    pub due: usize,
    /// Those of them that could not be finished, and are tried again later.
    pub put_off: usize,
    /// Those of them that have failed so often that they are tried seldom.
    pub parked: usize,
    /// When the oldest decision was recorded that Step Functions has not taken yet, of those put off.
    pub oldest_callback: Option<Timestamp>,
}

impl Pass {
    /// Counts an approval that could not be finished, if there is a record of it.
    fn count(&mut self, late: Option<&Approval>) {
        self.put_off += 1;
        let Some(approval) = late else { return };
        self.parked += usize::from(approval.is_parked());
        if let State::Resolving(ending) = &approval.state {
            self.oldest_callback = Some(self.oldest_callback.map_or(ending.at, |oldest| oldest.min(ending.at)));
        }
    }
}

/// Looks at everything that is due, several at once, until nothing is. One approval that cannot be finished does not stop
/// the others; what is not reached in time stays due for the next pass. Whoever only waits to hear how an execution ended
/// comes last, so that they hold up no expiry and no reminder.
pub async fn pass(app: &App) -> Result<Pass, Unavailable> {
    let deadline = Deadline::after(PASS);
    let (mut pass, mut polls, mut known) = (Pass::default(), Vec::new(), BTreeSet::new());
    loop {
        let due = app.ports.store.due(app.now(), BATCH).await?;
        let is_full = due.len() == BATCH;
        // What could not be put off stays due, and is looked at once.
        let new: Vec<_> = due.into_iter().filter(|id| known.insert(id.clone())).collect();
        let is_done = new.is_empty() || !is_full;
        pass.due += new.len();
        let is_reached = look_at(app, new, Some(&mut polls), &mut pass, deadline).await;
        if is_done || !is_reached {
            break;
        }
    }
    look_at(app, polls, None, &mut pass, deadline).await;
    Ok(pass)
}

/// Looks at these approvals, and collects those that only wait to hear how an execution ended, if they are to come later.
/// Says whether there was time for all.
async fn look_at(
    app: &App,
    ids: Vec<ApprovalId>,
    mut polls: Option<&mut Vec<ApprovalId>>,
    pass: &mut Pass,
    deadline: Deadline,
) -> bool {
    let (mut unreached, are_polls_later) = (ids.len(), polls.is_some());
    let in_time = ids.into_iter().take_while(|_| !deadline.left().is_zero());
    // Each is begun when one before it is done, so that time is looked at then.
    let looks = in_time.map(|id| one_or_later(app, id, are_polls_later));
    let mut looked_at = stream::iter(looks).buffer_unordered(AT_ONCE);
    while let Some(left) = looked_at.next().await {
        unreached -= 1;
        match (left, &mut polls) {
            (Left::Poll(id), Some(polls)) => polls.push(id),
            (Left::Later(record), _) => pass.count(record.as_deref()),
            (Left::Nothing | Left::Poll(_), _) => {}
        }
    }
    if unreached > 0 {
        tracing::warn!(unreached, "the rest of what is due waits for the next pass");
    }
    unreached == 0
}

/// What is left to do about an approval that was due.
enum Left {
    Nothing,
    /// It only waits to hear how its execution ended.
    Poll(ApprovalId),
    /// It could not be finished; the record, unless that cannot be had either.
    Later(Option<Box<Approval>>),
}

async fn one_or_later(app: &App, id: ApprovalId, are_polls_later: bool) -> Left {
    let deadline = Deadline::after(BACKGROUND);
    let looked_at = match deadline.run("store", app.ports.store.load(&id)).await {
        Ok(Some(approval)) if are_polls_later && approval.is_polled(app.now()) => return Left::Poll(id),
        Ok(Some(approval)) if approval.is_polled(app.now()) => poll(app, approval, deadline).await,
        Ok(Some(approval)) => go_through(app, approval, deadline).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    let Err(problem) = looked_at else { return Left::Nothing };
    tracing::warn!(approval.id = %id, error = %problem, "put off");
    let record = put_off(app, &id, &problem).await.unwrap_or_else(|error| {
        tracing::warn!(approval.id = %id, %error, "the next try could not be put off");
        None
    });
    Left::Later(record.map(Box::new))
}

/// So many of those are looked at that name an execution without being seen in its history. Who asks does not wait for as
/// many as others may make up; those beyond are found when they fall due.
pub(super) const UNPROVEN_MAX: usize = 20;

/// Looks at the approvals of an execution that has ended, without waiting for them to fall due.
pub async fn execution_ended(app: &App, execution: &ExecutionArn) -> Result<(), Unavailable> {
    let mut result = Ok(());
    // Those that are not seen in its history may be its own all the same, if it could not be asked until now.
    let unproven = app.ports.store.unproven_of(execution, UNPROVEN_MAX).await?;
    for id in unproven.into_iter().chain(app.ports.store.of_execution(execution).await?) {
        result = result.and(one(app, &id).await);
        // What only names the execution, without a task in its history, is none of its business.
        let waits = |approval: Approval| approval.state == State::Pending && approval.attempt.is_some();
        if app.ports.store.load(&id).await?.is_some_and(waits) {
            // Whoever told of the end tells of it again.
            result = result.and(Err(Unavailable::new("Step Functions", "the end of the execution does not show yet")));
        }
    }
    result
}

/// Brings one approval as far as it can go: callback, end, reminders, giving up, and everything that is to be announced.
/// What does not work does not keep the rest from being done.
pub(crate) async fn one(app: &App, id: &ApprovalId) -> Result<(), Unavailable> {
    let deadline = Deadline::after(BACKGROUND);
    match deadline.run("store", app.ports.store.load(id)).await? {
        Some(approval) => go_through(app, approval, deadline).await,
        None => Ok(()),
    }
}

/// Asks whether the execution has ended for which alone somebody waits. While it runs nothing more is asked, which would
/// have its data and its history.
async fn poll(app: &App, approval: Approval, deadline: Deadline) -> Result<(), Unavailable> {
    let call = app.ports.executions.is_running(&approval.request.execution);
    if !deadline.run("Step Functions", call).await.unwrap_or(false) {
        return go_through(app, approval, deadline).await;
    }
    let now = app.now();
    let later = |approval: &mut Approval| {
        approval.ask_again(now);
        true
    };
    change(app, approval, deadline, later).await.map(|_| ())
}

async fn go_through(app: &App, approval: Approval, deadline: Deadline) -> Result<(), Unavailable> {
    let settled = settle(app, approval, deadline).await;
    let announced = settled.approval.version;
    let refreshed = match delegations::refresh(app, settled.approval.clone(), deadline).await {
        Ok(refreshed) => refreshed,
        Err(error) => {
            tracing::warn!(approval.id = %settled.approval.id, %error, "nobody knows who stands in");
            settled.approval
        }
    };
    let asked = ask_step_functions(app, refreshed, deadline).await;
    let is_asked = asked.problem.is_none();
    let approval =
        change(app, asked.approval, deadline, |approval| go_on(approval, is_asked, app.now())).await?.record();
    let problem = settled.problem.or(asked.problem);
    let moved = if approval.version > announced {
        settle(app, approval, deadline).await
    } else {
        Settled { approval, problem: None }
    };
    problem.or(moved.problem).map_or(Ok(()), Err)?;
    let now = app.now();
    change(app, moved.approval, deadline, |approval| approval.leave_to_messengers(now)).await?;
    Ok(())
}

/// Does what time calls for: nobody is looking any more who said so long ago, people are called again once Step Functions was asked whether anything has ended, mails stand
/// in for a card, and what reaches nobody is given up. Says whether anything has changed.
fn go_on(approval: &mut Approval, is_asked: bool, now: Timestamp) -> bool {
    let is_claim_over = approval.end_claim(now);
    let is_called = is_asked && approval.call_again(now);
    let is_standing_in = approval.stand_in(now);
    let is_given_up = approval.give_up_unreached(now);
    let is_reminded = approval.remind_of_glass(now);
    is_claim_over || is_called || is_standing_in || is_given_up || is_reminded
}

/// How often in a row an answer of Step Functions is waited for before people are called without one.
const LOOK_UPS: u32 = 3;

/// Records what Step Functions knows and the record does not: that the execution holds the task, and that one of them has
/// ended. As long as there is time to decide, a lasting silence is no problem: nothing depends on the answer.
pub(crate) async fn ask_step_functions(app: &App, approval: Approval, deadline: Deadline) -> Settled {
    if approval.state != State::Pending && !approval.awaits_execution_end() {
        return Settled { approval, problem: None };
    }
    match look_up(app, &approval, deadline).await {
        Ok(recorded) => Settled { approval: recorded, problem: None },
        Err(error) => {
            let is_lasting = approval.retry.is_some_and(|retry| retry.failures >= LOOK_UPS);
            let is_open = approval.state == State::Pending && app.now() < approval.request.deadline;
            if is_open && is_lasting {
                tracing::warn!(approval.id = %approval.id, %error, "nobody knows whether anything has ended");
                return Settled { approval, problem: None };
            }
            Settled { approval, problem: Some(error) }
        }
    }
}

async fn look_up(app: &App, approval: &Approval, deadline: Deadline) -> Result<Approval, Unavailable> {
    let call = app.ports.callbacks.look_up(&approval.request.execution, &approval.token);
    let look_up = match deadline.run("Step Functions", call).await {
        // The deadline passed long ago, so that nothing but the end can be true.
        Err(error) if approval.state == State::Pending && truth::is_given_up(approval, app.now()) => {
            LookUp::Refused { code: error.to_string() }
        }
        answer => answer?,
    };
    let now = app.now();
    let is_over = approval.state == State::Pending && truth::outcome(approval, &look_up, now).is_some();
    let successor = if is_over { later_attempt(app, approval, &look_up, deadline).await? } else { None };
    let learn = |approval: &mut Approval| approval.learn(&look_up, successor.as_ref(), now);
    Ok(change(app, approval.clone(), deadline, learn).await?.record())
}

async fn put_off(app: &App, id: &ApprovalId, problem: &Unavailable) -> Result<Option<Approval>, Unavailable> {
    let deadline = Deadline::after(BACKGROUND);
    let Some(approval) = deadline.run("store", app.ports.store.load(id)).await? else { return Ok(None) };
    let (now, problem) = (app.now(), problem.to_string());
    let later = |approval: &mut Approval| {
        approval.put_off(&problem, now);
        true
    };
    let approval = change(app, approval, deadline, later).await?.record();
    if approval.is_parked() {
        tracing::error!(approval.id = %id, problem, "parked: it has failed too often to be tried again soon");
    }
    Ok(Some(approval))
}

/// The request of a later attempt of the same visit, if it is recorded.
async fn later_attempt(
    app: &App,
    approval: &Approval,
    look_up: &LookUp,
    deadline: Deadline,
) -> Result<Option<Successor>, Unavailable> {
    let Some(found) = look_up.found() else { return Ok(None) };
    let of_execution = app.ports.store.of_execution(&approval.request.execution);
    for id in deadline.run("store", of_execution).await? {
        let Some(other) = deadline.run("store", app.ports.store.load(&id)).await? else { continue };
        let is_later = other.attempt.is_some_and(|attempt| attempt.follows(&found.attempt));
        if is_later && other.resolution().is_none() {
            return Ok(Some(Successor::from(&other)));
        }
    }
    Ok(None)
}
