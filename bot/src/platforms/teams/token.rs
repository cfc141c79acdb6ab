//! The token of the Bot Framework: a JWT that says which bot it is for and which address the activity comes from.
//!
//! The rules are those of
//! <https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication>, all of them.
//! Tokens of the Emulator and of other bots, which Entra issues, are none of Teams and are refused.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::keys::{Key, Keys, NoKey};
use crate::encoding;
use crate::net::deadline::{Deadline, Unavailable};
use crate::net::http::HttpClient;

/// Who issues every token of the Bot Framework.
const ISSUER: &str = "https://api.botframework.com";
/// The one algorithm that is taken, whatever a token says of itself.
const ALGORITHM: &str = "RS256";
/// How far the clocks may be apart, in seconds.
const SKEW: i64 = 300;
/// The only channel that the bot is in. Whoever has the key of another one, such as Web Chat, writes what they like
/// into tenant and sender.
const CHANNEL: &str = "msteams";

/// Checks tokens for one bot. Clones share the keys.
#[derive(Debug, Clone)]
pub struct TokenVerifier {
    app_id: String,
    keys: Arc<Keys>,
}

/// A token that the Bot Framework has issued to this bot.
#[derive(Debug)]
pub struct Token {
    service_url: String,
    key: Arc<Key>,
}

/// Why a request is not verified. This is for the log: the caller learns only that it was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// No `Authorization` header.
    #[error("the token is missing")]
    Missing,
    /// The header is not `Bearer` and a signed JWT with the claims that every token has.
    #[error("the token is malformed")]
    Malformed,
    /// The token wants to be checked in another way than all are.
    #[error("the token is not signed with RS256")]
    OtherAlgorithm,
    /// Somebody else has issued it.
    #[error("the token is not of the Bot Framework")]
    OtherIssuer,
    /// It is for another bot; our own id may have changed since it was read.
    #[error("the token is for another bot")]
    OtherBot,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not begun.
    #[error("the token is not valid yet")]
    NotYet,
    /// It does not say which address it is for.
    #[error("the token has no claim serviceurl")]
    NoServiceUrl,
    /// There is no key with the id that it names.
    #[error("the token names a key that is not known")]
    UnknownKey,
    /// The key that it names has not signed it.
    #[error("the token is not signed by the key that it names")]
    WrongSignature,
    /// The activity names another address than the token.
    #[error("the activity is from another address than the token says")]
    OtherServiceUrl,
    /// The activity is not of Teams.
    #[error("the activity is of another channel than Teams")]
    OtherChannel,
    /// The key may not speak for Teams.
    #[error("the key that signed the token does not endorse the channel")]
    NotEndorsed,
    /// The activity is from a tenant that is not on the access list of the policy.
    #[error("the tenant {0} is not on the access list of the policy")]
    ForeignTenant(String),
    /// The activity is from an address that the bot's own token may not go to.
    #[error("the activity is from an address that is not on the allow-list")]
    ForeignAddress,
    /// The token cannot be checked now.
    #[error(transparent)]
    NoKeys(Unavailable),
}

/// The header of a JWT. `jku`, `x5u` and `jwk` in it are not read: where the keys are is not for a token to say.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    /// Extensions that must be understood, and none is: <https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11>.
    crit: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    exp: i64,
    nbf: Option<i64>,
    /// In lower case on the wire, whatever the documentation writes.
    serviceurl: Option<String>,
}

impl TokenVerifier {
    /// A verifier for the bot with this app id, with the keys that the metadata at this address leads to.
    pub fn new(app_id: String, metadata_url: String, http: HttpClient) -> Self {
        Self { app_id, keys: Arc::new(Keys::new(http, metadata_url)) }
    }

    /// Checks the value of the `Authorization` header. What costs nothing to check comes before the key, which may
    /// have to be fetched.
    pub async fn verify(
        &self,
        authorization: Option<&[u8]>,
        now: Timestamp,
        deadline: Deadline,
    ) -> Result<Token, Unverified> {
        let jwt = bearer(authorization.ok_or(Unverified::Missing)?)?;
        let (message, signature) = jwt.rsplit_once('.').ok_or(Unverified::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(Unverified::Malformed)?;
        let header: Header = part(header)?;
        if header.alg != ALGORITHM || header.crit.is_some() {
            return Err(Unverified::OtherAlgorithm);
        }
        let claims: Claims = part(claims)?;
        let signature = encoding::from_url_safe(signature).ok_or(Unverified::Malformed)?;
        let service_url = self.check(claims, now)?;
        let key = self.keys.key(&header.kid, now, deadline).await?;
        if !key.has_signed(message.as_bytes(), &signature) {
            return Err(Unverified::WrongSignature);
        }
        Ok(Token { service_url, key })
    }

    /// Checks the claims and returns the address that they name.
    fn check(&self, claims: Claims, now: Timestamp) -> Result<String, Unverified> {
        let now = now.as_second();
        if claims.iss != ISSUER {
            return Err(Unverified::OtherIssuer);
        }
        if !claims.aud.eq_ignore_ascii_case(&self.app_id) {
            return Err(Unverified::OtherBot);
        }
        if claims.exp.saturating_add(SKEW) <= now {
            return Err(Unverified::Expired);
        }
        if claims.nbf.is_some_and(|not_before| not_before.saturating_sub(SKEW) > now) {
            return Err(Unverified::NotYet);
        }
        claims.serviceurl.ok_or(Unverified::NoServiceUrl)
    }
}

impl Token {
    /// Checks that an activity with this address and channel may come with this token.
    pub fn check_activity(&self, service_url: &str, channel: &str) -> Result<(), Unverified> {
        if self.service_url.trim_end_matches('/') != service_url.trim_end_matches('/') {
            return Err(Unverified::OtherServiceUrl);
        }
        if channel != CHANNEL {
            return Err(Unverified::OtherChannel);
        }
        if !self.key.endorses(channel) {
            return Err(Unverified::NotEndorsed);
        }
        Ok(())
    }
}

impl From<NoKey> for Unverified {
    fn from(error: NoKey) -> Self {
        match error {
            NoKey::Unknown => Self::UnknownKey,
            NoKey::Unavailable(unavailable) => Self::NoKeys(unavailable),
        }
    }
}

/// The JWT in the header; the name of the scheme is in any case:
/// <https://www.rfc-editor.org/rfc/rfc9110#section-11.1>.
fn bearer(authorization: &[u8]) -> Result<&str, Unverified> {
    let text = std::str::from_utf8(authorization).map_err(|_| Unverified::Malformed)?;
    let (scheme, token) = text.split_once(' ').ok_or(Unverified::Malformed)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(Unverified::Malformed) }
}

/// A part of a JWT. One with more than three parts fails here, since a dot is no letter of base64url.
fn part<T: DeserializeOwned>(text: &str) -> Result<T, Unverified> {
    let json = encoding::from_url_safe(text).ok_or(Unverified::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| Unverified::Malformed)
}
