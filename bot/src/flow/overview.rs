//! Makes somebody's page show what waits for them and what they asked for.

use jiff::SignedDuration;

use super::app::App;
use super::{BACKGROUND, homes, listing};
use crate::approval::delivery::Fate;
use crate::approval::home::{Home, Overview, Page};
use crate::approval::ids::PersonId;
use crate::approval::place::Platform;
use crate::net::deadline::{Deadline, Unavailable};

/// Makes somebody's page show what is recorded. Returns for how long no other page is to be shown, and what became of this
/// one if it is to be tried again; none if there is nothing to show.
pub(super) async fn show(
    app: &App,
    platform: Platform,
    person: &PersonId,
    tries: u32,
) -> Result<Option<(SignedDuration, Option<Fate>)>, Unavailable> {
    let deadline = Deadline::after(BACKGROUND);
    let Some(pages) = app.messengers.get(&platform).and_then(|messenger| messenger.homes()) else { return Ok(None) };
    let Some(home) = homes::begin(app, platform, person, tries > 1, deadline).await? else { return Ok(None) };
    // If something else is shown by now than was recorded, a messenger that was taken for lost has shown it meanwhile. It is
    // older than what is looked up after that.
    for over in [home.shows.clone(), None] {
        let page = page(app, &home, deadline).await?;
        match pages.show(&home.user, &page, over.as_deref(), deadline).await {
            Ok(Some(shows)) => {
                homes::shown(app, home, shows, deadline).await?;
                return Ok(Some((pages.spacing(), None)));
            }
            Ok(None) => tracing::info!(%person, "somebody else has shown a page meanwhile"),
            Err(unsent) => {
                tracing::warn!(%person, error = %unsent, "a page was not shown");
                return Ok(Some((pages.spacing(), (!unsent.is_refused()).then_some(unsent.fate))));
            }
        }
    }
    Ok(Some((pages.spacing(), Some(Fate::NOT_SENT))))
}

/// What somebody's page has to show now.
async fn page(app: &App, home: &Home, deadline: Deadline) -> Result<Page, Unavailable> {
    let Some(person) = app.policy.known(home.platform, &home.user, &home.person) else { return Ok(Page::Unlisted) };
    let at = app.now();
    let changed = home.changed(at);
    let (waiting, unacknowledged, raised) = futures::try_join!(
        listing::all_waiting_for(app, &person, &changed, deadline),
        listing::unacknowledged(app, &person, deadline),
        listing::raised_by_with(app, &person, &changed, deadline),
    )?;
    let (waiting, are_all) = waiting;
    Ok(Page::Overview(Overview { waiting, are_all, unacknowledged, raised, at }))
}
