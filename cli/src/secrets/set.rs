//! Stores a value that is typed or piped in.

use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::form::Vendors;
use super::kept::{Kept, check};
use super::plan;
use super::report::{Outcome, Report};
use super::{How, Set, Typed};
use crate::aws::secret::Replaced;
use crate::ending::Ending;
use crate::person::{AtTerminal, Person};
use crate::vendors::web::Web;

/// What to do where nobody can be asked.
pub(super) const SAY_YES: &str = "say --yes";

impl Set {
    /// Asks for the value and stores it.
    pub(super) async fn run(self, clock: fn() -> Timestamp) -> anyhow::Result<Ending> {
        let How { yes, deployment, addresses, format } = self.how;
        let mut person = AtTerminal { agrees: yes };
        person.can_be_asked(SAY_YES)?;
        let (web, kept) = (Web::new(clock)?, Kept::of(deployment).await?);
        let vendors = Vendors { web: &web, addresses: &addresses };
        set(&kept, &vendors, self.name, &mut person).await?.print(format)
    }
}

/// Asks for the value, checks it, and stores it beside the others.
pub(super) async fn set(
    kept: &Kept,
    vendors: &Vendors<'_>,
    typed: Typed,
    person: &mut impl Person,
) -> anyhow::Result<Report> {
    let (name, read) = (typed.key(), kept.bot.current().await?);
    let old = read.values.get(name);
    if old.is_some() {
        person.told(&format!("{name} is there already; the secret is as it is since {:.0}.", read.since))?;
    }
    let value = person.hidden(&format!("{}:", typed.title()))?;
    typed.check(&value)?;
    let is_alone = !read.values.contains_key(&plan::previous(name));
    if is_alone && old.is_some_and(|old| old.expose_secret() == value.expose_secret()) {
        return Ok(Report::new(name, Outcome::Unchanged, format!("{name} is that already.")));
    }
    let values = plan::replaced(&read.values, name, value, false);
    check(&read.values, &values)?;
    if let Some(found) = typed.prove(&values, vendors).await? {
        person.told(&found)?;
    }
    if old.is_some() && !person.agrees(&format!("Replace {name}, with none kept beside it?"))? {
        return Ok(Report::declined(name));
    }
    Ok(match kept.bot.replace(&read, &values).await? {
        Replaced::Done => {
            Report::new(name, Outcome::Stored, format!("{name} is stored. Every function goes by it within a minute."))
        }
        Replaced::TooLate => Report::too_late(name),
    })
}
