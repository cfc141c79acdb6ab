//! Rotates a value: the next step that is due, and when the one after it is.

use anyhow::bail;
use countersign_bot::ports::SecretValues;
use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};

use super::form::Vendors;
use super::kept::{Kept, check};
use super::plan::{self, SIGNING_SECRET_STAYS, Step, TAKEN_UP_WITHIN};
use super::report::{Outcome, Report};
use super::set::SAY_YES;
use super::shared_key;
use super::{How, Links, Rotate, Rotated, Typed};
use crate::aws::secret::{Replaced, Version};
use crate::ending::Ending;
use crate::person::{AtTerminal, Person};
use crate::vendors::web::Web;

/// How many random bytes a key is made of.
const KEY_BYTES: usize = 32;
/// What is said once nothing is kept beside a new value.
const ALONE: &str = "After a minute it alone counts.";

/// What is to be rotated, and in how much of a hurry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    pub(super) name: Rotated,
    /// It has leaked.
    pub(super) at_once: bool,
    /// How long links in mails live.
    pub(super) longest: SignedDuration,
    /// The present moment.
    pub(super) now: Timestamp,
}

impl Rotate {
    /// Does the step that is due.
    pub(super) async fn run(self, clock: fn() -> Timestamp) -> anyhow::Result<Ending> {
        let How { yes, deployment, addresses, format } = self.how;
        let mut person = AtTerminal { agrees: yes };
        person.can_be_asked(SAY_YES)?;
        let (web, kept) = (Web::new(clock)?, Kept::of(deployment).await?);
        let Links { longest } = self.links;
        let order = Order { name: self.name, at_once: self.now, longest, now: clock() };
        rotate(&kept, &Vendors { web: &web, addresses: &addresses }, order, &mut person).await?.print(format)
    }
}

/// Does the step that is due.
pub(super) async fn rotate(
    kept: &Kept,
    vendors: &Vendors<'_>,
    order: Order,
    person: &mut impl Person,
) -> anyhow::Result<Report> {
    match order.name {
        Rotated::SlackBotToken => exchange(kept, vendors, Typed::SlackBotToken, order, person).await,
        Rotated::TeamsAppPassword => exchange(kept, vendors, Typed::TeamsAppPassword, order, person).await,
        Rotated::SlackSigningSecret | Rotated::LinkKey => {
            let read = kept.bot.current().await?;
            let (name, stays) = (order.name.key(), order.stays());
            let has_previous = read.values.contains_key(&plan::previous(name));
            match plan::step(has_previous, plan::after(read.since, stays), order.now, order.at_once) {
                Step::Begin => begin(kept, &read, order, person).await,
                Step::Wait(due) => {
                    let said = format!(
                        "It is too early: {name}_previous is needed until {due:.0}; this takes it out from then on. If one of the two \
                         has leaked, --now puts a new one in the place of both: {}",
                        order.breaks()
                    );
                    Ok(Report::new(name, Outcome::TooEarly, said).then(order.command(kept), due))
                }
                Step::End => end(kept, &read, order, person).await,
            }
        }
        Rotated::Key => shared_key::rotate(kept, order, person).await,
    }
}

impl Rotated {
    /// What the secret calls it.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::SlackSigningSecret => Typed::SlackSigningSecret.key(),
            Self::SlackBotToken => Typed::SlackBotToken.key(),
            Self::TeamsAppPassword => Typed::TeamsAppPassword.key(),
            Self::LinkKey => "link_key",
            Self::Key => "key",
        }
    }
}

impl Order {
    /// The command that does the step after this one.
    pub(super) fn command(self, kept: &Kept) -> String {
        next(self.name, &kept.name, self.longest)
    }

    /// How long the previous value stays.
    fn stays(self) -> SignedDuration {
        stays(self.name, self.longest)
    }

    /// What no longer works once the previous value is gone.
    fn breaks(self) -> &'static str {
        match self.name {
            Rotated::SlackSigningSecret => "whatever Slack has signed with the old one is refused after a minute.",
            Rotated::LinkKey => {
                "every link in a mail that the old one has signed ends within a minute. Chats remain, reminders have new \
                 links, and those who have only mail are sent one by asking again."
            }
            Rotated::Key => "calculations that are under way may fail.",
            Rotated::SlackBotToken | Rotated::TeamsAppPassword => "nothing.",
        }
    }
}

/// How long the previous value of a name is still needed.
pub(super) fn stays(name: Rotated, longest: SignedDuration) -> SignedDuration {
    match name {
        Rotated::SlackSigningSecret => SIGNING_SECRET_STAYS,
        Rotated::LinkKey => longest,
        Rotated::SlackBotToken | Rotated::TeamsAppPassword | Rotated::Key => TAKEN_UP_WITHIN,
    }
}

/// The command that goes on with a rotation.
pub(super) fn next(name: Rotated, stack: &str, longest: SignedDuration) -> String {
    let longest = match name {
        Rotated::LinkKey => format!(" --longest {longest:#}"),
        _ => String::new(),
    };
    format!("countersign secrets rotate {} --stack {stack}{longest}", name.key())
}

/// Puts a new value in, with the old one beside it unless that has leaked.
async fn begin(kept: &Kept, read: &Version, order: Order, person: &mut impl Person) -> anyhow::Result<Report> {
    let Order { at_once, now, .. } = order;
    let name = order.name.key();
    let old = read.values.get(name);
    let new = match order.name {
        Rotated::LinkKey => made()?,
        _ => {
            let Some(old) = old else { bail!("there is no {name} to rotate: `countersign slack` stores the first") };
            person.told(
                "In Basic Information of the app, at https://api.slack.com/apps, regenerate the signing secret.",
            )?;
            let new = person.hidden("New signing secret:")?;
            Typed::SlackSigningSecret.check(&new)?;
            if at_once {
                expect_unused(name, &read.values, &new)?;
            }
            if new.expose_secret() == old.expose_secret() {
                return Ok(Report::new(name, Outcome::Unchanged, format!("{name} is that already.")));
            }
            new
        }
    };
    let values = plan::replaced(&read.values, name, new, !at_once);
    check(&read.values, &values)?;
    if at_once {
        person.told(&format!("No value that was valid before is kept: {}", order.breaks()))?;
    }
    if !person.agrees(&format!("Put a new {name} in?"))? {
        return Ok(Report::declined(name));
    }
    if kept.bot.replace(read, &values).await? == Replaced::TooLate {
        return Ok(Report::too_late(name));
    }
    if at_once || old.is_none() {
        return Ok(Report::new(name, Outcome::Ended, format!("The new {name} is in. {ALONE}")));
    }
    let said = format!(
        "The new {name} is in, and the old one is valid beside it. Every function goes by them within a minute."
    );
    Ok(Report::new(name, Outcome::Begun, said).then(order.command(kept), plan::after(now, order.stays())))
}

/// Refuses a value that was valid before, which may be the one that has leaked.
fn expect_unused(name: &str, values: &SecretValues, new: &SecretString) -> anyhow::Result<()> {
    let is_same = |key: &str| values.get(key).is_some_and(|old| old.expose_secret() == new.expose_secret());
    if is_same(name) || is_same(&plan::previous(name)) {
        bail!(
            "nothing was changed: the secret has that value already, and it may be what has leaked. Make a new one, and call \
             this again"
        );
    }
    Ok(())
}

/// Takes the previous value out, once it is due.
async fn end(kept: &Kept, read: &Version, order: Order, person: &mut impl Person) -> anyhow::Result<Report> {
    let name = order.name.key();
    let values: SecretValues = plan::ended(&read.values, name);
    if !person.agrees(&format!("Take {name}_previous out?"))? {
        return Ok(Report::declined(name));
    }
    Ok(match kept.bot.replace(read, &values).await? {
        Replaced::Done => {
            let said = format!("{name}_previous is taken out. After a minute it opens nothing any more.");
            Report::new(name, Outcome::Ended, said)
        }
        Replaced::TooLate => Report::too_late(name),
    })
}

/// Puts a new value in the place of one of which there cannot be two.
async fn exchange(
    kept: &Kept,
    vendors: &Vendors<'_>,
    typed: Typed,
    order: Order,
    person: &mut impl Person,
) -> anyhow::Result<Report> {
    let (name, read) = (typed.key(), kept.bot.current().await?);
    let Some(old) = read.values.get(name) else {
        bail!("there is no {name} to rotate: `countersign slack` and `countersign teams` store the first")
    };
    let (before, after) = steps(typed, order.at_once);
    person.told(before)?;
    let new = person.hidden(&format!("New {}:", lower_first(typed.title())))?;
    typed.check(&new)?;
    if order.at_once {
        expect_unused(name, &read.values, &new)?;
    }
    if new.expose_secret() == old.expose_secret() {
        return Ok(Report::new(name, Outcome::Unchanged, format!("{name} is that already.")));
    }
    let values = plan::replaced(&read.values, name, new, false);
    check(&read.values, &values)?;
    if let Some(found) = typed.prove(&values, vendors).await? {
        person.told(&found)?;
    }
    if !person.agrees(&format!("Put the new {name} in?"))? {
        return Ok(Report::declined(name));
    }
    Ok(match kept.bot.replace(&read, &values).await? {
        Replaced::Done => Report::new(name, Outcome::Ended, format!("The new {name} is in. {after}")),
        Replaced::TooLate => Report::too_late(name),
    })
}

/// What is done by hand before a value of which there is one is exchanged, and after it.
fn steps(typed: Typed, has_leaked: bool) -> (&'static str, &'static str) {
    match typed {
        Typed::SlackBotToken => (
            "In OAuth & Permissions of the app, at https://api.slack.com/apps, revoke the token, and install the app again.",
            "Every function goes by it within a minute, and what could not be posted meanwhile is posted then. Revoking took \
             the bot out of its channels: invite it again, and ask the doctor.",
        ),
        _ => (
            "In Certificates & secrets of the app registration, at https://entra.microsoft.com, make a new client secret; the \
             old one stays until you delete it.",
            if has_leaked {
                "Every function goes by it within a minute. Delete the old client secret now: Microsoft takes it until then."
            } else {
                "Every function goes by it within a minute: then delete the old client secret."
            },
        ),
    }
}

fn lower_first(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// A key that nobody knows.
pub(super) fn made() -> anyhow::Result<SecretString> {
    let mut bytes = [0; KEY_BYTES];
    let random = SystemRandom::new();
    if random.fill(&mut bytes).is_err() {
        bail!("this machine gives no random numbers");
    }
    Ok(HEXLOWER.encode(&bytes).into())
}
