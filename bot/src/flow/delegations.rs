//! Who stands in for whom: what people say of themselves, and what holds for an approval at this moment.

use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::announce::announce;
use super::app::App;
use super::change::change;
use super::homes;
use crate::approval::delegation::{Delegation, Pace, Terms};
use crate::approval::ids::{ApprovalId, PersonId};
use crate::approval::place::Platform;
use crate::approval::policy::{Person, Rules};
use crate::approval::record::Approval;
use crate::approval::state::State;
use crate::net::deadline::{Deadline, Unavailable};
use crate::ports::DELEGATIONS_READ_MAX;

/// So many open approvals of each policy show at once who stands in; the others do so as soon as they are looked at.
const SHOWN_AT_ONCE: usize = 60;
/// How many calls to the store are made at once.
const AT_ONCE: usize = 20;
/// How often somebody who says two things at once is tried again.
const TRIES: usize = 3;

/// What the approvers of these rules have said and what holds of it by the policy of today, which may have taken out one of
/// the two. Where nobody may stand in, nobody is asked about.
pub(crate) async fn of_rules(app: &App, rules: &Rules, deadline: Deadline) -> Result<Vec<Delegation>, Unavailable> {
    if rules.delegates.is_empty() {
        return Ok(Vec::new());
    }
    let mut said = of(app, rules.approvers.iter().map(|person| person.id.clone()).collect(), deadline).await?;
    let now = app.now();
    said.retain(|delegation| app.policy.honours_under(rules, delegation, now));
    Ok(said)
}

/// What these people have said.
async fn of(app: &App, people: BTreeSet<PersonId>, deadline: Deadline) -> Result<Vec<Delegation>, Unavailable> {
    let people: Vec<PersonId> = people.into_iter().collect();
    let batches = people.chunks(DELEGATIONS_READ_MAX).map(<[PersonId]>::to_vec);
    let read = |people: Vec<PersonId>| async move { deadline.run("store", app.ports.store.delegations(&people)).await };
    let found: Vec<Vec<Delegation>> = stream::iter(batches).map(read).buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// Makes an approval that is still open show who stands in as it is now.
pub(crate) async fn refresh(app: &App, approval: Approval, deadline: Deadline) -> Result<Approval, Unavailable> {
    if approval.state != State::Pending {
        return Ok(approval);
    }
    let delegations = of_rules(app, &approval.rules, deadline).await?;
    let now = app.now();
    let take = |approval: &mut Approval| approval.take_stand_ins(&delegations, now);
    Ok(change(app, approval, deadline, take).await?.record())
}

/// The approval as it stands with those who stand in now and whoever is still looking at it, for somebody who only looks.
pub(crate) async fn as_of_now(app: &App, mut approval: Approval, deadline: Deadline) -> Result<Approval, Unavailable> {
    if approval.state == State::Pending {
        let delegations = of_rules(app, &approval.rules, deadline).await?;
        approval.take_stand_ins(&delegations, app.now());
        approval.end_claim(app.now());
    }
    Ok(approval)
}

/// For whom this person stands in, by what they have said, under any policy that lets them.
pub(crate) async fn to(app: &App, person: &PersonId, deadline: Deadline) -> Result<Vec<Delegation>, Unavailable> {
    let may_stand_in = |rules: &&Rules| rules.delegates.iter().any(|delegate| delegate.id == *person);
    let rules = app.policy.rules.values().filter(may_stand_in);
    let people: BTreeSet<PersonId> =
        rules.flat_map(|rules| &rules.approvers).map(|approver| approver.id.clone()).collect();
    let now = app.now();
    let mut delegations = of(app, people, deadline).await?;
    delegations.retain(|delegation| delegation.delegate_at(now) == Some(person) && app.policy.honours(delegation, now));
    Ok(delegations)
}

/// The policies under which this person may stand in for that one, by name.
pub fn policies<'a>(app: &'a App, absent: &PersonId, delegate: &PersonId) -> Vec<&'a str> {
    let lets = |rules: &&Rules| {
        app.policy.may_ask(rules, absent) && rules.delegates.iter().any(|person| person.id == *delegate)
    };
    app.policy.rules.values().filter(lets).map(|rules| rules.name.as_str()).collect()
}

/// What somebody has said last of who stands in for them, if its time has not passed. The policy of today may not honour it.
/// What somebody else has said who had the key before is nothing to them.
pub async fn current(app: &App, person: &Person, deadline: Deadline) -> Result<Option<Delegation>, Unavailable> {
    if app.policy.rules.values().all(|rules| rules.delegates.is_empty()) {
        return Ok(None);
    }
    let now = app.now();
    let found = of(app, BTreeSet::from([person.id.clone()]), deadline).await?.pop();
    let is_theirs = |terms: &Terms| terms.absent.shares_one(&person.fingerprint());
    Ok(found.filter(|said| said.delegate_at(now).is_some() && said.terms.as_ref().is_none_or(is_theirs)))
}

/// What came of saying who stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// It holds, in the place of what somebody stood in by until now, if somebody did.
    Recorded(Option<Delegation>),
    /// It was said too often within an hour, and nothing was changed.
    TooOften {
        /// When it may be said again.
        again: Timestamp,
    },
}

/// Records that this person is away until then and who stands in for them, under which policies; nobody, if they are back.
/// What waits for them shows it, so that nobody says so too often; whoever is back may always say it.
pub async fn say(
    app: &App,
    (absent, platform): (&Person, Platform),
    delegate: Option<(&Person, &[&str])>,
    until: Timestamp,
    deadline: Deadline,
) -> Result<Said, Unavailable> {
    let now = app.now();
    for _ in 0..TRIES {
        let before = of(app, BTreeSet::from([absent.id.clone()]), deadline).await?.pop();
        let held = before.clone().filter(|before| before.delegate_at(now).is_some());
        if delegate.is_none() && held.is_none() {
            return Ok(Said::Recorded(None));
        }
        let mut pace = before.as_ref().and_then(|before| before.pace);
        if delegate.is_some() {
            pace = match Pace::with_one_more(pace, now) {
                Ok(pace) => Some(pace),
                Err(again) => return Ok(Said::TooOften { again }),
            };
        }
        let delegation = Delegation {
            absent: absent.id.clone(),
            delegate: delegate.map(|(person, _)| person.id.clone()),
            until,
            said_at: now,
            platform,
            number: before.map_or(0, |before| before.number).saturating_add(1),
            terms: delegate.map(|(person, policies)| Terms {
                absent: absent.fingerprint(),
                without_entry: !app.policy.people.contains_key(&absent.id),
                delegate: person.fingerprint(),
                policies: policies.iter().map(|policy| (*policy).to_owned()).collect(),
            }),
            pace,
        };
        if deadline.run("store", app.ports.store.delegate(&delegation)).await? {
            // It holds for every decision from now on, whether or not each card says so yet.
            if let Err(error) = show(app, &absent.id, deadline).await {
                tracing::warn!(%error, "not every card shows yet who stands in");
            }
            let others = [&delegation, held.as_ref().unwrap_or(&delegation)].map(|said| said.delegate.clone());
            let people = others.into_iter().flatten().chain([absent.id.clone()]).collect();
            homes::make_anew(app, people, None, deadline).await;
            return Ok(Said::Recorded(held));
        }
    }
    Err(Unavailable::new("store", "the same person said something else at the same time"))
}

/// Makes what waits for this person show who stands in for them.
async fn show(app: &App, absent: &PersonId, deadline: Deadline) -> Result<(), Unavailable> {
    let now = app.now();
    let concerns = |rules: &&Rules| rules.ever_ask(absent) && !rules.delegates.is_empty();
    let names: Vec<String> = app.policy.rules.values().filter(concerns).map(|rules| rules.name.clone()).collect();
    let waiting =
        |name: String| async move { deadline.run("store", app.ports.store.waiting(&name, now, SHOWN_AT_ONCE)).await };
    let found: Vec<_> = stream::iter(names).map(waiting).buffered(AT_ONCE).try_collect().await?;
    let ids = found.into_iter().flatten().map(|waiting| waiting.id);
    let shown = |id: ApprovalId| async move {
        let Some(approval) = deadline.run("store", app.ports.store.load(&id)).await? else { return Ok(()) };
        let version = approval.version;
        let refreshed = refresh(app, approval, deadline).await?;
        if refreshed.version > version {
            announce(app, refreshed, deadline).await.logged();
        }
        Ok::<(), Unavailable>(())
    };
    stream::iter(ids).map(shown).buffer_unordered(AT_ONCE).try_collect::<()>().await
}
