//! What Slack needs: the secrets of the app, and where Slack is.

use std::io;

use secrecy::SecretString;

use super::client::Client;
use crate::net::signature::{SigningKey, Verifier};
use crate::reader::Reader;

/// The address of Slack's Web API.
const SLACK_API_URL: &str = "https://slack.com/api";
/// What a secret may hold of it.
pub const SECRET_KEYS: [&str; 3] = ["slack_signing_secret", "slack_signing_secret_previous", "slack_bot_token"];

/// What Slack needs.
#[derive(Debug, Clone)]
pub struct SlackConfig {
    signing_secret: SigningKey,
    previous_signing_secret: Option<SigningKey>,
    bot_token: SecretString,
    api_url: String,
}

impl SlackConfig {
    /// Checks that requests are from Slack.
    pub fn verifier(&self) -> Verifier {
        Verifier::new(self.signing_secret.clone(), self.previous_signing_secret.clone())
    }

    /// Calls Slack's Web API.
    pub fn client(&self) -> io::Result<Client> {
        Client::new(&self.api_url, &self.bot_token)
    }

    /// Reads it; none if Slack is off, or something is wrong with it.
    pub(crate) fn read<L: Fn(&str) -> Option<String>>(reader: &mut Reader<'_, L>) -> Option<Self> {
        const SECRET: &str = "COUNTERSIGN_SLACK_SIGNING_SECRET";
        const TOKEN: &str = "COUNTERSIGN_SLACK_BOT_TOKEN";
        if !reader.is_set(&[SECRET, TOKEN]) {
            return None;
        }
        let signing_secret = reader.required(SECRET, "requests from Slack cannot be verified without it");
        let bot_token = reader.required(TOKEN, "Slack's Web API cannot be called without it");
        let previous = reader.optional("COUNTERSIGN_SLACK_SIGNING_SECRET_PREVIOUS");
        let api_url = reader.url_or("COUNTERSIGN_SLACK_API_URL", SLACK_API_URL)?;
        Some(Self {
            signing_secret: SigningKey::new(signing_secret?.into())?,
            previous_signing_secret: previous.and_then(|secret| SigningKey::new(secret.into())),
            bot_token: bot_token?.into(),
            api_url,
        })
    }
}
