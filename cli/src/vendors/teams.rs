//! Asks Microsoft with the bot's own credentials.

use countersign_bot::approval::identities::is_guid;
use countersign_bot::ports::SecretValues;
use http::{Request, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::said::Said;
use super::web::Web;

/// The keys of the secret that Teams needs, all of them or none.
pub(crate) const KEYS: [&str; 3] = ["teams_app_id", "teams_app_password", "teams_tenant"];
/// Where apps get their tokens.
const LOGIN_URL: &str = "https://login.microsoftonline.com";
/// Where the bot posts its cards.
const SERVICE_URL: &str = "https://smba.trafficmanager.net/teams";
/// What a token of a bot is for.
/// <https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication>
const SCOPE: &str = "https://api.botframework.com/.default";

/// What the bot is registered as.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The app's id, which is the bot's.
    pub(crate) app_id: String,
    /// The tenant that the app is registered in.
    pub(crate) tenant: String,
    /// The value of a client secret of the app.
    pub(crate) password: SecretString,
}

/// Microsoft's services for bots.
pub(crate) struct Teams<'a> {
    web: &'a Web,
    login_url: &'a str,
    service_url: &'a str,
}

/// Whether a conversation has somebody in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Membership {
    /// The person is in it, and so is the bot.
    Member,
    /// Teams does not say that the person is: one of its words, or what became of the call.
    Refused(String),
}

impl Settings {
    /// What is in the secret, if it has all of it.
    pub(crate) fn read(secret: &SecretValues) -> Option<Self> {
        let [app_id, password, tenant] = KEYS.map(|key| secret.get(key));
        Some(Self {
            app_id: app_id?.expose_secret().to_owned(),
            tenant: tenant?.expose_secret().to_owned(),
            password: password?.clone(),
        })
    }
}

impl<'a> Teams<'a> {
    /// The login and the service at these addresses, or at Microsoft's own.
    pub(crate) fn new(web: &'a Web, login_url: Option<&'a str>, service_url: Option<&'a str>) -> Self {
        Self {
            web,
            login_url: login_url.unwrap_or(LOGIN_URL).trim_end_matches('/'),
            service_url: service_url.unwrap_or(SERVICE_URL).trim_end_matches('/'),
        }
    }

    /// A token for the bot. The error says what to do.
    pub(crate) async fn token(&self, settings: &Settings) -> Result<SecretString, String> {
        #[derive(Deserialize)]
        struct Token {
            access_token: SecretString,
        }
        for (key, id) in [("teams_app_id", &settings.app_id), ("teams_tenant", &settings.tenant)] {
            if !is_guid(id) {
                return Err(format!("{key} of the secret is no GUID: the overview of the app registration has it"));
            }
        }
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &settings.app_id),
            ("client_secret", settings.password.expose_secret()),
            ("scope", SCOPE),
        ];
        let form = serde_urlencoded::to_string(form).map_err(|_| "the request cannot be made")?;
        let request = Request::post(format!("{}/{}/oauth2/v2.0/token", self.login_url, settings.tenant))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.into_bytes())
            .map_err(|_| "the request cannot be made")?;
        let answer = self.web.send(request).await.map_err(|why| format!("{}: {why}", self.login_url))?;
        if answer.status.is_success() {
            let token: Option<Token> = read(&answer.body);
            return token.map(|token| token.access_token).ok_or_else(|| "the login gave no token".to_owned());
        }
        Err(refusal(&answer.body, settings)
            .unwrap_or_else(|| format!("{} answers {} and does not say why", self.login_url, answer.status)))
    }

    /// Whether somebody is in a conversation.
    ///
    /// To look at one member posts nothing, needs no permission but the app's being there, and tells both.
    pub(crate) async fn membership(&self, conversation: &str, person: &str, token: &SecretString) -> Membership {
        let address = format!("{}/v3/conversations/{conversation}/members/{person}", self.service_url);
        let request = Request::get(address)
            .header(header::AUTHORIZATION, format!("Bearer {}", token.expose_secret()))
            .body(Vec::new());
        let Ok(request) = request else {
            return Membership::Refused("the request cannot be made".to_owned());
        };
        match self.web.send(request).await {
            Ok(answer) if answer.status.is_success() => Membership::Member,
            Ok(answer) => Membership::Refused(word(&answer.body).unwrap_or_else(|| answer.status.to_string())),
            Err(why) => Membership::Refused(why),
        }
    }

    /// Reads what is at a path of the service. The error is one of Teams' words, or what became of the call.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
        token: &SecretString,
    ) -> Result<T, String> {
        let query = serde_urlencoded::to_string(query).map_err(|_| "the request cannot be made")?;
        let request = Request::get(format!("{}/{path}?{query}", self.service_url))
            .header(header::AUTHORIZATION, format!("Bearer {}", token.expose_secret()))
            .body(Vec::new())
            .map_err(|_| "the request cannot be made")?;
        let answer = self.web.send_patiently(request).await?;
        if !answer.status.is_success() {
            return Err(word(&answer.body).unwrap_or_else(|| answer.status.to_string()));
        }
        read(&answer.body).ok_or_else(|| "the answer is not what Teams documents".to_owned())
    }
}

/// What the login's refusal means. The texts that it sends along name the app and the moment; the number says enough.
/// <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>
fn refusal(body: &[u8], settings: &Settings) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        error_codes: Vec<u64>,
    }
    let Settings { app_id, tenant, .. } = settings;
    let code = *read::<Refusal>(body)?.error_codes.first()?;
    let meaning = match code {
        7_000_215 => {
            "teams_app_password is no secret of the app: put in the value of a client secret, not its ID".into()
        }
        7_000_222 => "teams_app_password has expired: make a new client secret and put its value in".into(),
        700_016 => format!("the tenant {tenant} has no app {app_id}: compare both with the app registration"),
        90_002 | 900_023 => format!("there is no tenant {tenant}: compare teams_tenant with the app registration"),
        _ => format!("https://login.microsoftonline.com/error?code={code} says what it means"),
    };
    Some(format!("AADSTS{code}: {meaning}"))
}

/// The word with which Teams refuses, such as `BotNotInConversationRoster`.
fn word(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        error: Problem,
    }
    #[derive(Deserialize)]
    struct Problem {
        code: Said,
    }
    read::<Refusal>(body).map(|refusal| refusal.error.code.0)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_teams_is_on_one_line_and_obeyed_by_no_terminal() {
        let word = |code: &str| word(serde_json::json!({ "error": { "code": code } }).to_string().as_bytes());
        assert_eq!(word("BotNotInConversationRoster").as_deref(), Some("BotNotInConversationRoster"));
        assert_eq!(word("no\u{1b}[2J\nway").as_deref(), Some("no[U+001B][2J way"));
    }
}
