//! The keys that the Bot Framework signs its tokens with: fetched when needed, kept for a day.
//!
//! The address of the metadata is fixed, and the metadata names the address of the keys. Nothing that a request holds
//! leads to a fetch of another address, and strangers cannot make us fetch often.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use axum::body::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use crate::encoding;
use crate::net::deadline::{Deadline, Unavailable};
use crate::net::http::{HttpClient, is_safe};

/// Keys are fetched again when they are this old, at least every 24 hours:
/// <https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication>.
const STALE_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// An id that is not among the keys is blamed on keys of at least this age. A new key is published well before it is
/// used, so what is refused for five minutes after a fetch is a stranger's.
const DOUBTED_AFTER: SignedDuration = SignedDuration::from_mins(5);
/// After a fetch that failed, this much passes before the next.
const RETRIED_AFTER: SignedDuration = SignedDuration::from_secs(10);
/// The answer to Teams waits for the fetch, so it must be short.
const FETCHING: Duration = Duration::from_secs(2);

const SERVICE: &str = "the Bot Framework's keys";

/// The public keys, by id.
#[derive(Debug)]
pub(super) struct Keys {
    http: HttpClient,
    metadata_url: String,
    cached: RwLock<Cached>,
    fetching: Mutex<()>,
}

/// One public key, with the channels that it may speak for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    endorsements: Vec<String>,
}

/// Why there is no key with this id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoKey {
    /// The keys are known, and it is not among them.
    Unknown,
    /// No keys are known, because they cannot be fetched.
    Unavailable(Unavailable),
}

#[derive(Debug, Default)]
struct Cached {
    keys: BTreeMap<String, Arc<Key>>,
    fetched_at: Option<Timestamp>,
    /// No fetch before this; it is moved when one begins, so one that fails or is given up counts too.
    next_fetch: Option<Timestamp>,
}

/// The metadata, as far as it is read.
#[derive(Deserialize)]
struct Metadata {
    jwks_uri: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

/// One key (RFC 7517, <https://www.rfc-editor.org/rfc/rfc7517>), with what the Bot Framework adds.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: String,
    n: String,
    e: String,
    #[serde(default)]
    endorsements: Vec<String>,
}

impl Keys {
    /// No keys yet; this address leads to them.
    pub(super) fn new(http: HttpClient, metadata_url: String) -> Self {
        Self { http, metadata_url, cached: RwLock::default(), fetching: Mutex::default() }
    }

    /// The key with this id. Keys that are old are fetched again, but go on being good where that fails.
    pub(super) async fn key(&self, id: &str, now: Timestamp, deadline: Deadline) -> Result<Arc<Key>, NoKey> {
        let known = self.cached().keys.get(id).cloned();
        if let (Some(key), false) = (&known, self.cached().is_stale(now)) {
            return Ok(key.clone());
        }
        let fetched = match self.fetch_if_due(now, deadline).await {
            Ok(()) => Ok(()),
            Err(error) => {
                tracing::warn!(%error, "the keys could not be fetched");
                Err(error)
            }
        };
        let cached = self.cached();
        match (cached.keys.get(id), fetched) {
            (Some(key), _) => Ok(key.clone()),
            (None, Err(error)) if cached.keys.is_empty() => Err(NoKey::Unavailable(error)),
            (None, _) if cached.keys.is_empty() => {
                Err(NoKey::Unavailable(Unavailable::new(SERVICE, "the last fetch failed a moment ago")))
            }
            (None, _) => Err(NoKey::Unknown),
        }
    }

    /// Fetches, unless that has been done a moment ago. Whoever comes meanwhile waits and finds it done.
    async fn fetch_if_due(&self, now: Timestamp, deadline: Deadline) -> Result<(), Unavailable> {
        let deadline = deadline.at_most(FETCHING);
        let fetch = async {
            let _turn = self.fetching.lock().await;
            if !self.begin(now) {
                return Ok(());
            }
            let keys = self.fetch(deadline).await?;
            let mut cached = self.cached.write().unwrap_or_else(PoisonError::into_inner);
            *cached = Cached { keys, fetched_at: Some(now), next_fetch: now.saturating_add(DOUBTED_AFTER).ok() };
            Ok(())
        };
        deadline.run(SERVICE, fetch).await
    }

    fn begin(&self, now: Timestamp) -> bool {
        let mut cached = self.cached.write().unwrap_or_else(PoisonError::into_inner);
        let is_due = cached.next_fetch.is_none_or(|next| next <= now);
        if is_due {
            cached.next_fetch = now.saturating_add(RETRIED_AFTER).ok();
        }
        is_due
    }

    async fn fetch(&self, deadline: Deadline) -> Result<BTreeMap<String, Arc<Key>>, Unavailable> {
        let metadata: Metadata = self.get(&self.metadata_url, deadline).await?;
        if !Url::parse(&metadata.jwks_uri).is_ok_and(|url| is_safe(&url)) {
            return Err(Unavailable::new(SERVICE, "jwks_uri is no https address"));
        }
        let set: KeySet = self.get(&metadata.jwks_uri, deadline).await?;
        // A set may hold keys of other kinds, now or one day.
        let keys: BTreeMap<_, _> = set.keys.into_iter().filter_map(read).collect();
        if keys.is_empty() { Err(Unavailable::new(SERVICE, "there is no RSA key among them")) } else { Ok(keys) }
    }

    async fn get<T: DeserializeOwned>(&self, url: &str, deadline: Deadline) -> Result<T, Unavailable> {
        let request = Request::get(url).body(Vec::new()).map_err(|error| Unavailable::new(SERVICE, error))?;
        let answer = self.http.send(request, deadline).await?;
        if !answer.status().is_success() {
            return Err(Unavailable::new(SERVICE, answer.status()));
        }
        let body: Bytes = answer.into_body();
        serde_json::from_slice(&body).map_err(|error| Unavailable::new(SERVICE, error))
    }

    fn cached(&self) -> RwLockReadGuard<'_, Cached> {
        self.cached.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cached {
    fn is_stale(&self, now: Timestamp) -> bool {
        self.fetched_at.is_none_or(|fetched_at| now.duration_since(fetched_at) >= STALE_AFTER)
    }
}

impl Key {
    /// Whether this key made this RS256 signature.
    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = RsaPublicKeyComponents { n: &self.modulus, e: &self.exponent };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
    }

    /// Whether tokens of this key may be for activities of this channel. A key that endorses nothing endorses no
    /// channel.
    pub(super) fn endorses(&self, channel: &str) -> bool {
        self.endorsements.iter().any(|endorsed| endorsed == channel)
    }
}

/// A key and its id, if it is an RSA key that is whole.
fn read(jwk: Value) -> Option<(String, Arc<Key>)> {
    let jwk: Jwk = serde_json::from_value(jwk).ok()?;
    let number = |text: &str| encoding::from_url_safe(text).map(without_leading_zeros);
    let key = Key { modulus: number(&jwk.n)?, exponent: number(&jwk.e)?, endorsements: jwk.endorsements };
    (jwk.kty == "RSA").then(|| (jwk.kid, Arc::new(key)))
}

/// ring refuses a number that begins with zeros.
fn without_leading_zeros(number: Vec<u8>) -> Vec<u8> {
    number.into_iter().skip_while(|byte| *byte == 0).collect()
}
