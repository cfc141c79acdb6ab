//! The login for programs (Entra, client credentials grant), and whether a call of the connector carries what it
//! gave out.

use axum::http::{HeaderMap, header};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::FakeTeams;
use super::refusal::Refusal;

/// A second less than an hour, as Entra has it.
const LIFE: SignedDuration = SignedDuration::from_secs(3_599);
const SCOPE: &str = "https://api.botframework.com/.default";

/// What a login is asked with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Form {
    grant_type: String,
    client_id: String,
    client_secret: String,
    scope: String,
}

impl Form {
    pub(super) fn read(body: &[u8]) -> Self {
        serde_urlencoded::from_bytes(body).unwrap_or_default()
    }

    /// What may be kept of it.
    pub(super) fn without_secret(&self) -> Value {
        json!({ "grant_type": self.grant_type, "client_id": self.client_id, "scope": self.scope })
    }
}

impl FakeTeams {
    /// Everybody who has logged in must do so again.
    pub fn forget_logins(&self) {
        self.tenant().logins.clear();
    }

    pub(super) fn log_in(&self, tenant_id: &str, form: &Form) -> Result<Value, Refusal> {
        let (shared, now) = (&self.shared, self.now());
        if form.grant_type.is_empty() || form.client_id.is_empty() || form.client_secret.is_empty() {
            return Err(Refusal::login(400, "invalid_request", 900_144, "The request body lacks a parameter."));
        }
        if form.grant_type != "client_credentials" {
            return Err(Refusal::login(400, "unsupported_grant_type", 70_003, "The grant type is not supported."));
        }
        if tenant_id != shared.tenant_id {
            return Err(Refusal::login(400, "invalid_request", 90_002, "The tenant was not found."));
        }
        if form.client_id != shared.app_id {
            return Err(Refusal::login(400, "unauthorized_client", 700_016, "The application was not found."));
        }
        if shared.app_password.is_empty() || form.client_secret != shared.app_password {
            return Err(Refusal::login(401, "invalid_client", 7_000_215, "The client secret is not valid."));
        }
        if form.scope != SCOPE {
            return Err(Refusal::login(400, "invalid_scope", 70_011, "The scope is not valid."));
        }
        let token = format!("fake-login-{:032x}", fastrand::u128(..));
        let expires = now.checked_add(LIFE).unwrap_or(Timestamp::MAX);
        self.tenant().logins.insert(token.clone(), expires);
        let seconds = LIFE.as_secs();
        Ok(json!({
            "token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token,
        }))
    }

    pub(super) fn check_login(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(Refusal::unauthorized)?;
        match self.tenant().logins.get(token) {
            Some(expires) if self.now() < *expires => Ok(()),
            _ => Err(Refusal::unauthorized()),
        }
    }
}
