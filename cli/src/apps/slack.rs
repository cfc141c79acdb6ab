//! Sets the Slack app up: link, secrets, channel, and the lines for the policy.

use std::fmt::Write as _;

use anyhow::Context;
use countersign_bot::approval::identities::{CHATS, Chat};
use countersign_bot::ports::SecretValues;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::json;

use super::Slack as Command;
use super::asking::hidden;
use super::link::{link, scopes};
use crate::aws::secret::{Replaced, Version};
use crate::directory::slack::{Channel, channel, refusal};
use crate::ending::Ending;
use crate::output::Format;
use crate::person::{AtTerminal, Person};
use crate::secrets::Typed;
use crate::secrets::form::{self, Vendors};
use crate::secrets::kept::{Kept, check};
use crate::secrets::plan::replaced;
use crate::vendors::slack::{Identity, Slack};
use crate::vendors::web::Web;

/// What the ids of Slack look like.
const SLACK: &Chat = &CHATS[0];
const SIGNING_SECRET: Typed = Typed::SlackSigningSecret;
const TOKEN: Typed = Typed::SlackBotToken;

/// What is asked for, and how.
pub(super) struct Order<'a> {
    pub(super) again: bool,
    pub(super) channel: Option<&'a str>,
    /// Whether somebody is there to be asked for the channel.
    pub(super) asks: bool,
    /// Opens a link, where there is somebody to look at it.
    pub(super) browser: Option<fn(&str) -> bool>,
}

/// How it ended.
#[derive(Debug)]
pub(super) struct Report {
    stack: String,
    /// What became of the two secrets.
    pub(super) secrets: Secrets,
    identity: Option<Identity>,
    /// What the manifest asks for and the token does not have.
    pub(super) lacking: Vec<&'static str>,
    /// What Slack says of the channel; nothing if nobody has named one.
    pub(super) channel: Option<Channel>,
}

/// What became of the two secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrets {
    Stored,
    /// They were there.
    Unchanged,
    /// Somebody else has changed the secret meanwhile.
    TooLate,
}

impl Command {
    /// Sets it up.
    pub(crate) async fn run(self, clock: fn() -> Timestamp) -> anyhow::Result<Ending> {
        let (web, kept) = (Web::new(clock)?, Kept::of(self.deployment).await?);
        let vendors = Vendors { web: &web, addresses: &self.addresses };
        let asks = AtTerminal::is_there();
        let order = Order { again: self.again, channel: self.channel.as_deref(), asks, browser: asks.then_some(open) };
        set_up(&kept, &vendors, &order, &mut AtTerminal { agrees: false }).await?.print(self.format)
    }
}

/// Opens a link in whatever browser this machine has, and says whether there is one.
fn open(link: &str) -> bool {
    open::that_detached(link).is_ok()
}

/// Sets it up. What is there already is not asked for.
pub(super) async fn set_up(
    kept: &Kept,
    vendors: &Vendors<'_>,
    order: &Order<'_>,
    person: &mut impl Person,
) -> anyhow::Result<Report> {
    let read = kept.bot.current().await?;
    let stored = stored(&read.values).filter(|_| !order.again);
    let mut report = Report {
        stack: kept.name.clone(),
        secrets: Secrets::Unchanged,
        identity: None,
        lacking: Vec::new(),
        channel: None,
    };
    let (token, identity) = match stored {
        Some(token) => {
            person.told(&format!(
                "The signing secret and the bot token are stored; the secret is as it is since {:.0}. --again asks for them.",
                read.since
            ))?;
            let identity = form::slack(token, vendors).await.context("--again asks for the token that is stored")?;
            (token.clone(), identity)
        }
        None => {
            show_link(kept.public_url()?, order, person)?;
            let (token, identity, written) = ask(kept, &read, vendors, person).await?;
            if written == Replaced::TooLate {
                report.secrets = Secrets::TooLate;
                return Ok(report);
            }
            report.secrets = Secrets::Stored;
            (token, identity)
        }
    };
    person.told(&format!("Slack knows it as {} in {} ({}).", identity.bot_name, identity.team_name, identity.team))?;
    report.lacking = scopes().into_iter().filter(|scope| !identity.scopes.iter().any(|has| has == scope)).collect();
    let slack = Slack::new(vendors.web, vendors.addresses.slack_api_url.as_deref(), &token);
    report.channel = the_channel(&slack, &identity.bot_name, order, person).await?;
    report.identity = Some(identity);
    Ok(report)
}

/// The token, if both values are there.
fn stored(values: &SecretValues) -> Option<&SecretString> {
    values.get(SIGNING_SECRET.key()).and(values.get(TOKEN.key()))
}

fn show_link(public_url: &str, order: &Order<'_>, person: &mut impl Person) -> anyhow::Result<()> {
    let link = link(public_url)?;
    person.told(&format!(
        "1. Open this link, choose the workspace, and create the app. The link carries its manifest.\n\n{link}\n"
    ))?;
    if let Some(browser) = order.browser
        && person.agrees("Open it in a browser?")?
        && !browser(&link)
    {
        person.told("This machine has no browser that could be opened: copy the link.")?;
    }
    person.told(
        "2. Install App, Install to Workspace.\n\
         3. Basic Information has the signing secret, and OAuth & Permissions the bot token, which begins with xoxb-.",
    )
}

/// Asks for both values, has Slack say whether it knows the token, and stores both in one write, with nothing kept of what
/// they replace.
async fn ask(
    kept: &Kept,
    read: &Version,
    vendors: &Vendors<'_>,
    person: &mut impl Person,
) -> anyhow::Result<(SecretString, Identity, Replaced)> {
    let signing_secret = hidden(person, SIGNING_SECRET)?;
    let token = hidden(person, TOKEN)?;
    let identity = form::slack(&token, vendors).await?;
    let values = replaced(&read.values, SIGNING_SECRET.key(), signing_secret, false);
    let values = replaced(&values, TOKEN.key(), token.clone(), false);
    check(&read.values, &values)?;
    let written = kept.bot.replace(read, &values).await?;
    Ok((token, identity, written))
}

/// Finds the channel that cards are to go to, which the bot has to be invited to first; none if nobody names one.
async fn the_channel(
    slack: &Slack<'_>,
    bot_name: &str,
    order: &Order<'_>,
    person: &mut impl Person,
) -> anyhow::Result<Option<Channel>> {
    if let Some(name) = order.channel {
        return channel(slack, name, person).await.map(Some);
    }
    let mut found = None;
    while order.asks && !matches!(found, Some(Channel::Found(_))) {
        person.told(&format!("Write /invite @{bot_name} in the channel that cards are to go to."))?;
        let name = person.answer("Then its name, or its id, or nothing to leave it:")?;
        if name.is_empty() {
            break;
        }
        let said = channel(slack, &name, person).await?;
        if let Channel::Refused(word) = &said {
            person.told(&refusal(word))?;
        }
        found = Some(said);
    }
    Ok(found)
}

impl Report {
    /// Says it, and how well it is.
    fn print(&self, format: Format) -> anyhow::Result<Ending> {
        let is_well = self.is_well();
        let secrets = match self.secrets {
            Secrets::Stored => "stored",
            Secrets::Unchanged => "unchanged",
            Secrets::TooLate => "tooLate",
        };
        let (channel, why) = match &self.channel {
            None => (None, None),
            Some(Channel::Found(id)) => (Some(id), None),
            Some(Channel::Refused(word)) => (None, Some(word)),
        };
        let identity = self.identity.as_ref();
        let json = json!({
            "ok": is_well,
            "secrets": secrets,
            "team": identity.map(|identity| &identity.team),
            "teamName": identity.map(|identity| &identity.team_name),
            "bot": identity.map(|identity| &identity.bot_name),
            "lackingScopes": self.lacking,
            "channel": channel,
            "channelRefused": why,
            "policy": self.policy(),
        });
        format.print(self.text(), &json)?;
        Ok(Ending::well_if(is_well))
    }

    /// Whether nothing is left to do that was asked for.
    pub(super) fn is_well(&self) -> bool {
        self.secrets != Secrets::TooLate
            && !matches!(self.channel, Some(Channel::Refused(_)))
            && self.lacking.is_empty()
    }

    /// The lines for the policy, in which stands nothing but ids.
    pub(super) fn policy(&self) -> Option<String> {
        let team = self.identity.as_ref().map(|identity| &identity.team).filter(|team| (SLACK.place.is)(team))?;
        let mut lines = format!("[access]\nslack_teams = [\"{team}\"]\n");
        if let Some(Channel::Found(id)) = &self.channel {
            // Writing to a text does not fail.
            let _ = write!(lines, "\n[policies.NAME]\nslack_channel = \"{id}\"\n");
        }
        Some(lines)
    }

    /// What was done, and what comes next.
    pub(super) fn text(&self) -> String {
        let stack = &self.stack;
        let mut paragraphs = Vec::new();
        match self.secrets {
            Secrets::TooLate => {
                return "Nothing was stored: somebody else has changed the secret since it was read. Call this again."
                    .to_owned();
            }
            Secrets::Stored => paragraphs.push(
                "The signing secret and the bot token are stored. Every function goes by them within a minute: then press \
                 Retry in Event Subscriptions of the app if its request URL is not verified yet."
                    .to_owned(),
            ),
            Secrets::Unchanged => {}
        }
        if !self.lacking.is_empty() {
            paragraphs.push(format!(
                "The token lacks {}: give the app its manifest, from `countersign manifests`, and install it again.",
                self.lacking.join(", ")
            ));
        }
        if let Some(Channel::Refused(word)) = &self.channel {
            paragraphs.push(refusal(word));
        }
        if let Some(lines) = self.policy() {
            paragraphs.push(format!(
                "`countersign policy init --stack {stack}` writes a first policy. In one that is there these are the \
                 lines:\n\n{}",
                lines.trim_end()
            ));
        }
        paragraphs.push(format!(
            "Next: `countersign policy push policy.toml --stack {stack}`, /invite the bot in every channel that the policy \
             names, and `countersign doctor --stack {stack}`."
        ));
        paragraphs.join("\n\n")
    }
}
