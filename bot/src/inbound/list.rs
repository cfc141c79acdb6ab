//! Telling somebody who asks in a chat what waits.

use crate::app::App;
use crate::approval::policy::Person;
use crate::deadline::Deadline;
use crate::listing;
use crate::messages::answers::{self, Dialect};
use crate::messages::lists;

/// What waits for this person's decision, and what they have asked for.
pub(super) async fn list(app: &App, person: &Person, dialect: Dialect, deadline: Deadline) -> String {
    let waiting = listing::waiting_for(app, &person.id, deadline);
    let raised = listing::raised_by(app, &person.id, deadline);
    match futures::try_join!(waiting, raised) {
        Ok((waiting, raised)) => lists::of_person(&waiting, &raised, &app.links, dialect),
        Err(error) => {
            tracing::error!(%error, "what waits could not be listed");
            answers::not_listed()
        }
    }
}
