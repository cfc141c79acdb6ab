//! Takes all values of an app out, since the functions refuse a secret with a part of them.

use countersign_bot::platforms::{slack, teams};

use super::kept::Kept;
use super::report::{Outcome, Report};
use super::set::SAY_YES;
use super::{App, How, Remove};
use crate::aws::secret::Replaced;
use crate::ending::Ending;
use crate::person::{AtTerminal, Person};

impl Remove {
    /// Takes them out.
    pub(super) async fn run(self) -> anyhow::Result<Ending> {
        let How { yes, deployment, format, .. } = self.how;
        let mut person = AtTerminal { agrees: yes };
        person.can_be_asked(SAY_YES)?;
        remove(&Kept::of(deployment).await?, self.app, &mut person).await?.print(format)
    }
}

/// Takes them out, if somebody agrees.
pub(super) async fn remove(kept: &Kept, app: App, person: &mut impl Person) -> anyhow::Result<Report> {
    let (name, keys) = match app {
        App::Slack => ("slack", slack::config::SECRET_KEYS),
        App::Teams => ("teams", teams::config::SECRET_KEYS),
    };
    let read = kept.bot.current().await?;
    let mut values = read.values.clone();
    values.retain(|key, _| !keys.contains(&key.as_str()));
    if values.len() == read.values.len() {
        return Ok(Report::new(name, Outcome::Unchanged, "None of them is there."));
    }
    person.told(&format!(
        "The functions run without {name} within a minute: its cards are neither posted nor closed, and nobody can decide \
         there."
    ))?;
    if !person.agrees(&format!("Take {} out?", keys.join(", ")))? {
        return Ok(Report::declined(name));
    }
    Ok(match kept.bot.replace(&read, &values).await? {
        Replaced::Done => Report::new(name, Outcome::Removed, format!("The values of {name} are taken out.")),
        Replaced::TooLate => Report::too_late(name),
    })
}
