//! Who is behind an address in the chats, and which channel is behind a name: asked with the bot's own credentials, and
//! told as an id or as a reason why there is none. Nobody is guessed.

pub(crate) mod slack;
pub(crate) mod teams;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeSet;

use anyhow::{Context, anyhow};
use countersign_bot::approval::place::Platform;
use countersign_bot::ports::SecretValues;
use countersign_bot::visible;
use jiff::Timestamp;
use secrecy::ExposeSecret;

use self::teams::Roster;
use crate::aws::Aws;
use crate::aws::secret::Secret;
use crate::deployment::{Addresses, TeamsService};
use crate::vendors::slack::Slack;
use crate::vendors::teams::{KEYS, Settings, Teams};
use crate::vendors::web::Web;

/// What a chat says of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Account {
    /// It is one person's, who has this id in the form of the policy.
    Found {
        /// The id, with the place that it counts in where there are several.
        id: String,
        /// What their profile calls them.
        name: Option<String>,
    },
    /// Nobody has it.
    Nobody,
    /// Whoever has it is not taken.
    Refused(String),
}

/// Where the chats are, and what is needed to ask them.
pub(crate) struct Directory {
    web: Web,
    addresses: Addresses,
    service: TeamsService,
    secret: SecretValues,
}

impl Directory {
    /// Reads the bot's secret with the engineer's login.
    pub(crate) async fn of(
        aws: &Aws,
        secret_id: &str,
        (addresses, service): (Addresses, TeamsService),
        clock: fn() -> Timestamp,
    ) -> anyhow::Result<Self> {
        let secret = Secret::new(aws, secret_id).current().await;
        let secret = secret.context("whoever looks people up needs the right to read the bot's secret")?.values;
        Ok(Self { web: Web::new(clock)?, addresses, service, secret })
    }

    /// Slack with the bot's token; none if the secret has no token yet.
    pub(crate) fn slack(&self) -> Option<Slack<'_>> {
        let token = self.secret.get("slack_bot_token").filter(|token| !token.expose_secret().trim().is_empty())?;
        Some(Slack::new(&self.web, self.addresses.slack_api_url.as_deref(), token))
    }

    /// Slack with the bot's token, or what to do where there is none.
    pub(crate) fn needed_slack(&self) -> anyhow::Result<Slack<'_>> {
        self.slack().context(
            "nobody can be looked up in Slack: the bot's secret has no slack_bot_token, which docs/deploy.md says how to \
             add",
        )
    }

    /// What the bot is registered as for Teams; none if the secret has not all of it.
    pub(crate) fn teams_app(&self) -> Option<Settings> {
        Settings::read(&self.secret)
    }

    /// Who is in these conversations of Teams.
    pub(crate) async fn roster(&self, conversations: &BTreeSet<String>) -> anyhow::Result<Roster> {
        let settings = self.teams_app();
        let settings = settings
            .with_context(|| format!("nobody can be looked up in Teams: the bot's secret lacks {}", KEYS.join(", ")))?;
        let (login, service) = (self.addresses.teams_login_url.as_deref(), self.service.teams_service_url.as_deref());
        let teams = Teams::new(&self.web, login, service);
        let token = teams.token(&settings).await.map_err(|why| anyhow!("nobody can be looked up in Teams: {why}"))?;
        Roster::read(&teams, &token, conversations).await.map_err(|why| anyhow!(why))
    }
}

/// Which of the places that somebody is of lets them in, as the policy writes it before their id: nothing where only one is
/// let in. Of several it is the organisation, by which all of its workspaces know them.
fn place_of<'a>(places: &[&'a str], let_in: &[String], chat: Platform) -> Option<Option<&'a str>> {
    let is_let_in = |place: &&&str| let_in.iter().any(|other| other == **place);
    let is_organisation = |place: &&&str| chat == Platform::Slack && place.starts_with('E');
    let place = places.iter().filter(is_let_in).max_by_key(is_organisation)?;
    Some((let_in.len() > 1).then_some(*place))
}

/// What a profile calls somebody, on one line and without what nobody sees; none if there is nothing to see in it.
fn named(profile: &str) -> Option<String> {
    let seen = visible::without_hidden(profile);
    (!visible::is_blank(&seen)).then(|| seen.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// An id, with the place where alone it counts.
fn within(place: Option<&str>, id: &str) -> String {
    place.map_or_else(|| id.to_owned(), |place| format!("{place}:{id}"))
}
