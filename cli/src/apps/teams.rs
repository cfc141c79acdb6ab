//! Sets the Teams app up: the app's credentials, its zip, and the lines for the policy.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use countersign_bot::messages::escape::one_line;
use countersign_bot::ports::SecretValues;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::json;

use super::Teams as Command;
use super::asking::{hidden, visible};
use crate::aws::secret::{Replaced, Version};
use crate::ending::Ending;
use crate::manifests::write_teams_app;
use crate::output::Format;
use crate::person::{AtTerminal, Person};
use crate::secrets::Typed;
use crate::secrets::form::Vendors;
use crate::secrets::kept::{Kept, check};
use crate::secrets::plan::replaced;
use crate::vendors::teams::Settings;
use crate::vendors::web::Web;

const APP_ID: Typed = Typed::TeamsAppId;
const TENANT: Typed = Typed::TeamsTenant;
const PASSWORD: Typed = Typed::TeamsAppPassword;

/// What is asked for, and where the zip goes.
pub(super) struct Order<'a> {
    pub(super) again: bool,
    pub(super) app_id: Option<&'a str>,
    pub(super) tenant: Option<&'a str>,
    pub(super) website: Option<&'a str>,
    pub(super) folder: &'a Path,
}

/// How it ended.
#[derive(Debug)]
pub(super) struct Report {
    stack: String,
    endpoint: String,
    /// What became of the three values.
    pub(super) secrets: Secrets,
    /// The tenant and the app, once they are stored.
    app: Option<Settings>,
    /// Where the Teams app is.
    pub(super) zip: Option<PathBuf>,
}

/// What became of the three values.
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
        let order = Order {
            again: self.again,
            app_id: self.app_id.as_deref(),
            tenant: self.tenant.as_deref(),
            website: self.website.as_ref().map(url::Url::as_str),
            folder: &self.output,
        };
        set_up(&kept, &vendors, &order, &mut AtTerminal { agrees: false }).await?.print(self.format)
    }
}

/// Sets it up. What is there already is not asked for.
pub(super) async fn set_up(
    kept: &Kept,
    vendors: &Vendors<'_>,
    order: &Order<'_>,
    person: &mut impl Person,
) -> anyhow::Result<Report> {
    let read = kept.bot.current().await?;
    let url = kept.public_url()?;
    let endpoint = format!("{url}/teams/messages");
    let stored = Settings::read(&read.values).filter(|_| !order.again);
    let (secrets, app) = match stored {
        Some(app) => {
            expect_stored(order, &app)?;
            person.told(&format!(
                "The app and its password are stored; the secret is as it is since {:.0}. --again asks for them.",
                read.since
            ))?;
            let proof = PASSWORD.prove(&read.values, vendors).await;
            let proof = proof.context("--again asks for what is stored")?;
            proof.map_or(Ok(()), |proof| person.told(&proof))?;
            (Secrets::Unchanged, Some(app))
        }
        None => {
            person.told(&steps(&endpoint))?;
            ask(kept, &read, vendors, order, person).await?
        }
    };
    let zip = match &app {
        Some(app) => Some(write_teams_app(order.folder, url, &app.app_id, order.website)?),
        None => None,
    };
    Ok(Report { stack: kept.name.clone(), endpoint, secrets, app, zip })
}

/// Whoever names another app than the one that is stored has to want it replaced.
fn expect_stored(order: &Order<'_>, app: &Settings) -> anyhow::Result<()> {
    for (named, stored) in [(order.app_id, &app.app_id), (order.tenant, &app.tenant)] {
        if let Some(named) = named {
            ensure!(
                named.eq_ignore_ascii_case(stored),
                "the secret has {}, and not {named}: --again replaces it",
                one_line(stored)
            );
        }
    }
    Ok(())
}

/// What has to exist at Microsoft before there is anything to store.
fn steps(endpoint: &str) -> String {
    format!(
        "1. At https://entra.microsoft.com, App registrations, New registration: one tenant, no redirect URI. Its overview \
         has the two ids; in Certificates & secrets make a client secret, and copy its Value.\n\
         2. At https://portal.azure.com, make an Azure Bot of that app, Single Tenant, with the messaging endpoint\n   \
         {endpoint}\n   and switch on its channel Microsoft Teams.\n\
         docs/teams.md has both step by step."
    )
}

/// Asks for the three values, has Microsoft say whether it knows them, and stores them in one write, with nothing kept of
/// what they replace.
async fn ask(
    kept: &Kept,
    read: &Version,
    vendors: &Vendors<'_>,
    order: &Order<'_>,
    person: &mut impl Person,
) -> anyhow::Result<(Secrets, Option<Settings>)> {
    let mut values: SecretValues = read.values.clone();
    for (typed, given) in [(APP_ID, order.app_id), (TENANT, order.tenant)] {
        let value = match given {
            Some(given) => SecretString::from(given),
            None => visible(person, typed)?,
        };
        typed.check(&value)?;
        values = replaced(&values, typed.key(), value, false);
    }
    let values = replaced(&values, PASSWORD.key(), hidden(person, PASSWORD)?, false);
    check(&read.values, &values)?;
    if let Some(proof) = PASSWORD.prove(&values, vendors).await? {
        person.told(&proof)?;
    }
    let Some(app) = Settings::read(&values) else { bail!("the three values are not all there") };
    Ok(match kept.bot.replace(read, &values).await? {
        Replaced::Done => (Secrets::Stored, Some(app)),
        Replaced::TooLate => (Secrets::TooLate, None),
    })
}

impl Report {
    /// Says it, and how well it is.
    fn print(&self, format: Format) -> anyhow::Result<Ending> {
        let secrets = match self.secrets {
            Secrets::Stored => "stored",
            Secrets::Unchanged => "unchanged",
            Secrets::TooLate => "tooLate",
        };
        let app = self.app.as_ref();
        let is_well = self.secrets != Secrets::TooLate;
        let json = json!({
            "ok": is_well,
            "secrets": secrets,
            "endpoint": self.endpoint,
            "appId": app.map(|app| &app.app_id),
            "tenant": app.map(|app| &app.tenant),
            "app": self.zip,
            "policy": self.policy(),
        });
        format.print(self.text(), &json)?;
        Ok(Ending::well_if(is_well))
    }

    /// The lines for the policy, but for the conversation, whose id only the bot can tell.
    pub(super) fn policy(&self) -> Option<String> {
        let Settings { tenant, .. } = self.app.as_ref()?;
        Some(format!("[access]\nteams_tenants = [\"{tenant}\"]\n\n[policies.NAME]\nteams_conversation = \"19:…\"\n"))
    }

    /// What was done, and what comes next.
    pub(super) fn text(&self) -> String {
        let Self { stack, endpoint, .. } = self;
        let (Some(zip), Some(policy)) = (&self.zip, self.policy()) else {
            return "Nothing was stored: somebody else has changed the secret since it was read. Call this again."
                .to_owned();
        };
        let mut paragraphs = Vec::new();
        if self.secrets == Secrets::Stored {
            let said = "The app, its tenant and its password are stored. Every function goes by them within a minute.";
            paragraphs.push(said.to_owned());
        }
        paragraphs.push(format!(
            "The Teams app is {}. Upload it in the Teams admin center, https://admin.teams.microsoft.com, Teams apps, Manage \
             apps, Actions, Upload new app; then add it in Teams to the team or the chat that cards are to go to. The Azure \
             Bot has to name the messaging endpoint {endpoint}.",
            zip.display()
        ));
        paragraphs.push(
            "The bot says hello where it was added, with the line teams_conversation of that place for the policy. In another \
             channel of the team write `@Countersign help`: the answer has the line too. The deployment keeps no list of them."
                .to_owned(),
        );
        paragraphs.push(format!(
            "`countersign policy init --stack {stack}` writes a first policy with that line. In one that is there these are the \
             lines:\n\n{}",
            policy.trim_end()
        ));
        paragraphs.push(format!(
            "Next: `countersign policy push policy.toml --stack {stack}`, and `countersign doctor --stack {stack}`."
        ));
        paragraphs.join("\n\n")
    }
}
