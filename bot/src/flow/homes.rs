//! Who has opened the page that a chat has for each person, and that something of it has changed. The pages themselves are
//! made by messengers.

use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt, stream};

use super::app::App;
use super::enqueue::enqueue;
use crate::approval::delivery::Delivery;
use crate::approval::home::Home;
use crate::approval::ids::{ApprovalId, PersonId};
use crate::approval::place::Platform;
use crate::net::deadline::{Deadline, Unavailable};
use crate::ports::HOMES_READ_MAX;

/// How many calls to the store are made at once.
const AT_ONCE: usize = 20;
/// How often a record that others change at the same time is tried again.
const TRIES: usize = 5;

/// Notes that somebody has opened their page, in which this is shown, and has it made.
pub async fn opened(
    app: &App,
    person: &PersonId,
    (platform, user): (Platform, &str),
    shows: Option<String>,
    deadline: Deadline,
) -> Result<(), Unavailable> {
    for _ in 0..TRIES {
        let before = of(app, platform, vec![person.clone()], deadline).await?.pop();
        let home = Home::opened(before, person.clone(), (platform, user), shows.clone(), app.now());
        if let Some(home) = deadline.run("store", app.ports.store.save_home(home)).await? {
            return enqueue(app, &[home.delivery()], deadline).await;
        }
    }
    Err(contended())
}

/// Has the pages of these people made anew, as far as they have opened them lately. What does not work is only logged: whoever
/// opens their page has it made anew in any case.
pub(super) async fn make_anew(app: &App, people: BTreeSet<PersonId>, about: Option<&ApprovalId>, deadline: Deadline) {
    let people: Vec<PersonId> = people.into_iter().collect();
    let platforms = app.messengers.iter().filter(|(_, messenger)| messenger.homes().is_some()).map(|(chat, _)| *chat);
    for platform in platforms {
        if let Err(error) = on(app, platform, &people, about, deadline).await {
            tracing::warn!(platform = platform.name(), %error, "pages of people are not made anew");
        }
    }
}

async fn on(
    app: &App,
    platform: Platform,
    people: &[PersonId],
    about: Option<&ApprovalId>,
    deadline: Deadline,
) -> Result<(), Unavailable> {
    let batches = people.chunks(HOMES_READ_MAX).map(<[PersonId]>::to_vec);
    let read = |people: Vec<PersonId>| of(app, platform, people, deadline);
    let found: Vec<Vec<Home>> = stream::iter(batches).map(read).buffered(AT_ONCE).try_collect().await?;
    let kept = found.into_iter().flatten().filter(|home| home.is_kept(app.now()));
    let noted = stream::iter(kept).map(|home| note(app, home, about, deadline)).buffered(AT_ONCE);
    let noted: Vec<Option<Delivery>> = noted.try_collect().await?;
    enqueue(app, &noted.into_iter().flatten().collect::<Vec<_>>(), deadline).await
}

/// Notes a change on the record of a page, and returns what has to be delivered for it.
async fn note(
    app: &App,
    mut home: Home,
    about: Option<&ApprovalId>,
    deadline: Deadline,
) -> Result<Option<Delivery>, Unavailable> {
    for _ in 0..TRIES {
        let mut next = home.clone();
        if !next.change(about, app.now()) {
            // It waits its turn already. Should it have been lost, this brings it back.
            return Ok(Some(home.delivery()));
        }
        if let Some(saved) = deadline.run("store", app.ports.store.save_home(next)).await? {
            return Ok(Some(saved.delivery()));
        }
        let now = of(app, home.platform, vec![home.person.clone()], deadline).await?.pop();
        let Some(now) = now else { return Ok(None) };
        home = now;
    }
    Err(contended())
}

/// Begins to make somebody's page: whatever changes from now on calls for another. Nothing if it needs none; one that was
/// begun before is made in any case.
pub(super) async fn begin(
    app: &App,
    platform: Platform,
    person: &PersonId,
    was_begun: bool,
    deadline: Deadline,
) -> Result<Option<Home>, Unavailable> {
    for _ in 0..TRIES {
        let found = of(app, platform, vec![person.clone()], deadline).await?.pop();
        let Some(home) = found.filter(|home| home.is_kept(app.now())) else { return Ok(None) };
        if !home.is_stale {
            return Ok(was_begun.then_some(home));
        }
        let begun = Home { is_stale: false, ..home };
        if let Some(begun) = deadline.run("store", app.ports.store.save_home(begun)).await? {
            return Ok(Some(begun));
        }
    }
    Err(contended())
}

/// Records what somebody's page shows by now.
pub(super) async fn shown(app: &App, mut home: Home, shows: String, deadline: Deadline) -> Result<(), Unavailable> {
    for _ in 0..TRIES {
        let next = Home { shows: Some(shows.clone()), ..home.clone() };
        if deadline.run("store", app.ports.store.save_home(next)).await?.is_some() {
            return Ok(());
        }
        let now = of(app, home.platform, vec![home.person.clone()], deadline).await?.pop();
        let Some(now) = now else { return Ok(()) };
        home = now;
    }
    Err(contended())
}

async fn of(
    app: &App,
    platform: Platform,
    people: Vec<PersonId>,
    deadline: Deadline,
) -> Result<Vec<Home>, Unavailable> {
    deadline.run("store", app.ports.store.homes(platform, &people)).await
}

fn contended() -> Unavailable {
    Unavailable::new("store", "others were always first")
}
