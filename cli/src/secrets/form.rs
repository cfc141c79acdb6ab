//! What a value has to look like, and whether those who gave it know it.

use anyhow::{anyhow, bail};
use countersign_bot::approval::identities::is_guid;
use countersign_bot::ports::SecretValues;
use secrecy::{ExposeSecret, SecretString};

use super::Typed;
use crate::deployment::Addresses;
use crate::vendors::slack::{Identity, NEEDED_SCOPES, Slack};
use crate::vendors::teams::{Settings, Teams};
use crate::vendors::web::Web;

/// How many hexadecimal digits a signing secret has.
const SIGNING_SECRET_DIGITS: usize = 32;

/// Whom values are held against.
pub(crate) struct Vendors<'a> {
    /// Makes the calls.
    pub(crate) web: &'a Web,
    /// Where they are.
    pub(crate) addresses: &'a Addresses,
}

impl Typed {
    /// What the secret calls it.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::SlackSigningSecret => "slack_signing_secret",
            Self::SlackBotToken => "slack_bot_token",
            Self::TeamsAppId => "teams_app_id",
            Self::TeamsAppPassword => "teams_app_password",
            Self::TeamsTenant => "teams_tenant",
        }
    }

    /// What its vendor calls it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::SlackSigningSecret => "Signing secret",
            Self::SlackBotToken => "Bot token",
            Self::TeamsAppId => "Application (client) ID",
            Self::TeamsAppPassword => "Value of the client secret",
            Self::TeamsTenant => "Directory (tenant) ID",
        }
    }

    /// Refuses what cannot be one. The value is not repeated.
    pub(crate) fn check(self, value: &SecretString) -> anyhow::Result<()> {
        let value = value.expose_secret();
        let problem = match self {
            Self::SlackSigningSecret if !is_signing_secret(value) => {
                "32 hexadecimal digits are needed, as Basic Information of the app has them"
            }
            Self::SlackBotToken if !is_bot_token(value) => {
                "it begins with xoxb-, and OAuth & Permissions of the app has it as Bot User OAuth Token"
            }
            Self::TeamsAppId | Self::TeamsTenant if !is_guid(value) => {
                "it is a GUID, and the overview of the app registration has it"
            }
            Self::TeamsAppPassword if is_guid(value) => {
                "that is the ID of a client secret: its Value is needed, which is shown once, when it is made"
            }
            Self::TeamsAppPassword if value.is_empty() || !value.chars().all(|c| c.is_ascii_graphic()) => {
                "the Value of a client secret has no spaces and only plain characters"
            }
            _ => return Ok(()),
        };
        bail!("{} cannot be that: {problem}", self.key())
    }

    /// Asks whoever gave it whether these values are good, and says what was found; none if nobody can be asked.
    pub(crate) async fn prove(self, values: &SecretValues, vendors: &Vendors<'_>) -> anyhow::Result<Option<String>> {
        match self {
            Self::SlackSigningSecret => Ok(None),
            Self::SlackBotToken => {
                let Some(token) = values.get(self.key()) else { return Ok(None) };
                let Identity { team, team_name, bot_name, .. } = slack(token, vendors).await?;
                Ok(Some(format!("Slack knows it as {bot_name} in {team_name} ({team}).")))
            }
            Self::TeamsAppId | Self::TeamsAppPassword | Self::TeamsTenant => {
                let Some(settings) = Settings::read(values) else { return Ok(None) };
                let teams = Teams::new(vendors.web, vendors.addresses.teams_login_url.as_deref(), None);
                teams.token(&settings).await.map_err(|why| anyhow!(why))?;
                let Settings { app_id, tenant, .. } = settings;
                Ok(Some(format!("The tenant {tenant} gives the app {app_id} a token.")))
            }
        }
    }
}

/// Whom Slack knows a token as. One that lacks what every bot needs is refused.
pub(crate) async fn slack(token: &SecretString, vendors: &Vendors<'_>) -> anyhow::Result<Identity> {
    let slack = Slack::new(vendors.web, vendors.addresses.slack_api_url.as_deref(), token);
    let identity = slack.identity().await.map_err(|why| anyhow!("auth.test does not show whose token it is: {why}"))?;
    let lacks = |scope: &&&str| !identity.scopes.iter().any(|has| has == **scope);
    if let Some(scope) = NEEDED_SCOPES.iter().find(lacks) {
        bail!("the token lacks the scope {scope}: give the app its manifest, and install it again");
    }
    Ok(identity)
}

fn is_signing_secret(value: &str) -> bool {
    value.len() == SIGNING_SECRET_DIGITS && value.bytes().all(|digit| digit.is_ascii_hexdigit())
}

fn is_bot_token(value: &str) -> bool {
    let rest = value.strip_prefix("xoxb-").unwrap_or_default();
    !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
