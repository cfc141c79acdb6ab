//! What waits for a person, and what they have asked for: short lists for those who ask in chat.

use futures::{StreamExt, TryStreamExt, stream};

use super::app::App;
use super::delegations;
use crate::approval::ids::{ApprovalId, PersonId};
use crate::approval::policy::{Person, Rules};
use crate::approval::record::Approval;
use crate::approval::transitions::{break_glass, decide};
use crate::net::deadline::{Deadline, Unavailable};
use crate::ports::Waiting;

/// A list is no longer than this: nobody reads on, and a message holds no more.
pub const LISTED_MAX: usize = 20;
/// So many approvals are looked at to fill a list, since not everything that waits waits for this person.
const LOOKED_AT_MAX: usize = 3 * LISTED_MAX;
/// How many calls to the store are made at once.
const AT_ONCE: usize = 20;

/// The approvals that this person may decide now and has not voted on, the soonest deadline first.
pub async fn waiting_for(app: &App, person: &Person, deadline: Deadline) -> Result<Vec<Approval>, Unavailable> {
    let (mut approvals, _) = all_waiting_for(app, person, &[], deadline).await?;
    approvals.truncate(LISTED_MAX);
    Ok(approvals)
}

/// The same without an end but that of what is looked at, and whether that is all there is. Those that have `changed` lately
/// are looked at besides, since the lists of the store may not know it yet.
///
/// They are looked for under the policies of the file that ask the person at any time, and each is shown only if its own
/// rules, which may be older, let the person decide.
pub(super) async fn all_waiting_for(
    app: &App,
    whom: &Person,
    changed: &[ApprovalId],
    deadline: Deadline,
) -> Result<(Vec<Approval>, bool), Unavailable> {
    let (now, person) = (app.now(), &whom.id);
    let absent: Vec<PersonId> =
        delegations::to(app, person, deadline).await?.into_iter().map(|delegation| delegation.absent).collect();
    let policy = &app.policy;
    let asks =
        |rules: &&Rules| policy.may_ask(rules, person) || absent.iter().any(|absent| policy.may_ask(rules, absent));
    let policies = app.policy.rules.values().filter(asks);
    let waiting = |policy: String| async move {
        deadline.run("store", app.ports.store.waiting(&policy, now, LOOKED_AT_MAX)).await
    };
    let policies: Vec<String> = policies.map(|rules| rules.name.clone()).collect();
    let found: Vec<Vec<Waiting>> = stream::iter(policies).map(waiting).buffered(AT_ONCE).try_collect().await?;
    let mut found: Vec<Waiting> = found.into_iter().flatten().collect();
    let are_all = found.len() < LOOKED_AT_MAX;
    found.sort();
    let soonest = found.into_iter().take(LOOKED_AT_MAX).map(|waiting| waiting.id).collect();
    let loaded = stream::iter(load(app, with(soonest, changed), deadline).await?);
    let as_of_now = |approval| delegations::as_of_now(app, approval, deadline);
    let mut approvals: Vec<Approval> = loaded.map(as_of_now).buffered(AT_ONCE).try_collect().await?;
    let may_decide = |approval: &Approval| {
        decide::authorise(approval, whom, now).and_then(|()| decide::check_open(approval, now)).is_ok()
    };
    approvals.retain(|approval| approval.waits_for(person, now) && may_decide(approval));
    approvals.sort_by(|a, b| (a.request.deadline, &a.id).cmp(&(b.request.deadline, &b.id)));
    Ok((approvals, are_all))
}

/// The approvals whose glass was broken and that this person may acknowledge, the longest broken first.
pub async fn unacknowledged(app: &App, person: &Person, deadline: Deadline) -> Result<Vec<Approval>, Unavailable> {
    let policies = app.policy.rules.values();
    let policies = policies.filter(|rules| app.policy.may_ask(rules, &person.id) && !rules.break_glass.is_empty());
    let policies: Vec<String> = policies.map(|rules| rules.name.clone()).collect();
    let broken = |policy: String| async move {
        deadline.run("store", app.ports.store.unacknowledged(&policy, LISTED_MAX)).await
    };
    let found: Vec<Vec<ApprovalId>> = stream::iter(policies).map(broken).buffered(AT_ONCE).try_collect().await?;
    let mut approvals = load(app, found.into_iter().flatten().collect(), deadline).await?;
    approvals.retain(|approval| break_glass::may_acknowledge(approval, person).is_ok());
    approvals.truncate(LISTED_MAX);
    Ok(approvals)
}

/// The approvals that were raised on behalf of this person, whatever became of them, the newest first.
pub async fn raised_by(app: &App, person: &Person, deadline: Deadline) -> Result<Vec<Approval>, Unavailable> {
    raised_by_with(app, person, &[], deadline).await
}

/// The same, with those among the ones that have `changed` lately which the list of the store may not know yet.
pub(super) async fn raised_by_with(
    app: &App,
    person: &Person,
    changed: &[ApprovalId],
    deadline: Deadline,
) -> Result<Vec<Approval>, Unavailable> {
    let ids = deadline.run("store", app.ports.store.raised_by(&person.id, LISTED_MAX)).await?;
    let mut approvals = load(app, with(ids, changed), deadline).await?;
    let is_theirs = |approval: &Approval| approval.request.requester.as_ref().is_some_and(|then| person.is_still(then));
    approvals.retain(is_theirs);
    approvals.sort_by(|a, b| (b.request.raised_at, &a.id).cmp(&(a.request.raised_at, &b.id)));
    approvals.truncate(LISTED_MAX);
    Ok(approvals)
}

/// These ids, with others behind them that are not among them.
fn with(mut ids: Vec<ApprovalId>, others: &[ApprovalId]) -> Vec<ApprovalId> {
    let new: Vec<ApprovalId> = others.iter().filter(|other| !ids.contains(other)).cloned().collect();
    ids.extend(new);
    ids
}

/// The records in the order of the ids; one that has gone since is left out.
async fn load(app: &App, ids: Vec<ApprovalId>, deadline: Deadline) -> Result<Vec<Approval>, Unavailable> {
    let load = |id: ApprovalId| async move { deadline.run("store", app.ports.store.load(&id)).await };
    let found: Vec<Option<Approval>> = stream::iter(ids).map(load).buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().filter(|approval| !approval.is_withheld()).collect())
}
