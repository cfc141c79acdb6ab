//! The token that the bot shows to the Connector: client credentials, fetched when needed and kept while it is good.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Request, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::form_urlencoded;

use super::call::call;
use super::error::{Error, printable};
use super::service_url::encoded;
use crate::net::deadline::Deadline;
use crate::net::http::HttpClient;
use crate::net::retry::Repeat;

/// What the token is for:
/// <https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication>.
const SCOPE: &str = "https://api.botframework.com/.default";
/// A token is not used for the last part of its life, in which a call could outlive it.
const MARGIN: Duration = Duration::from_secs(300);

/// Who the bot is to the login.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The id of the app's registration in Entra.
    pub app_id: String,
    /// Its client secret.
    pub app_password: SecretString,
    /// The tenant that the app is registered in.
    pub tenant: String,
}

/// Fetches tokens, one at a time: whoever comes while one is fetched waits for it.
#[derive(Debug)]
pub(super) struct Login {
    http: HttpClient,
    url: String,
    credentials: Credentials,
    current: Mutex<Option<Token>>,
}

/// A token, as the header that carries it.
#[derive(Debug, Clone)]
pub(super) struct Token {
    header: Arc<HeaderValue>,
    good_until: Instant,
}

/// The answer of the login.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: u64,
}

/// The answer of a login that refuses (RFC 6749, <https://www.rfc-editor.org/rfc/rfc6749#section-5.2>).
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl Token {
    /// The value of the `Authorization` header, which `Debug` does not print.
    pub(super) fn header(&self) -> HeaderValue {
        (*self.header).clone()
    }
}

impl Login {
    pub(super) fn new(http: HttpClient, login_url: &str, credentials: Credentials) -> Self {
        let url = format!("{login_url}/{}/oauth2/v2.0/token", encoded(&credentials.tenant));
        Self { http, url, credentials, current: Mutex::new(None) }
    }

    /// A token that is good for some time.
    pub(super) async fn token(&self, deadline: Deadline) -> Result<Token, Error> {
        self.token_unless(|_| false, deadline).await
    }

    /// Another token than the one that Teams has just refused.
    pub(super) async fn other_than(&self, refused: &Token, deadline: Deadline) -> Result<Token, Error> {
        self.token_unless(|token| Arc::ptr_eq(&token.header, &refused.header), deadline).await
    }

    async fn token_unless(&self, is_refused: impl Fn(&Token) -> bool, deadline: Deadline) -> Result<Token, Error> {
        let turn = tokio::time::timeout(deadline.left(), self.current.lock()).await;
        let mut current = turn.map_err(|_| Error::NoToken("not before the deadline".to_owned()))?;
        if let Some(token) = current.as_ref().filter(|token| token.good_until > Instant::now() && !is_refused(token)) {
            return Ok(token.clone());
        }
        *current = None;
        let token = self.fetch(deadline).await?;
        Ok(current.insert(token).clone())
    }

    async fn fetch(&self, deadline: Deadline) -> Result<Token, Error> {
        let no_token = |problem: &dyn ToString| Error::NoToken(problem.to_string());
        let asked_at = Instant::now();
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &self.credentials.app_id)
            .append_pair("client_secret", self.credentials.app_password.expose_secret())
            .append_pair("scope", SCOPE)
            .finish();
        let request = Request::post(&self.url)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.into_bytes())
            .map_err(|_| no_token(&"its address is none"))?;
        let answer = call(&self.http, &request, Repeat::Freely, deadline).await.map_err(|error| match error {
            Error::NotSent(problem) | Error::NoAnswer(problem) => no_token(&problem),
            error => error,
        })?;
        if !answer.status().is_success() {
            let code = serde_json::from_slice(answer.body()).map(|refusal: Refusal| refusal.error);
            return Err(no_token(&format!("{} {}", answer.status().as_u16(), printable(code.unwrap_or_default()))));
        }
        let granted: Granted =
            serde_json::from_slice(answer.body()).map_err(|_| no_token(&"the answer is not what is documented"))?;
        let mut header = HeaderValue::from_str(&format!("Bearer {}", granted.access_token))
            .map_err(|_| no_token(&"it does not fit into a header"))?;
        header.set_sensitive(true);
        let good_for = Duration::from_secs(granted.expires_in).saturating_sub(MARGIN);
        let good_until = asked_at.checked_add(good_for).unwrap_or(asked_at);
        Ok(Token { header: Arc::new(header), good_until })
    }
}
