//! The issuer of the Bot Framework's tokens, played for the tests: it signs, and publishes its keys over HTTP.

mod keys;
mod messages;
mod token;
mod verified;

use std::sync::OnceLock;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use getrandom::SysRng;
use jiff::{SignedDuration, Timestamp};
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, PrivateKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::client::wire::{Answer, Service};
use super::token::{TokenVerifier, Unverified};
use crate::net::deadline::Deadline;
use crate::net::http::HttpClient;

const APP_ID: &str = "5e0a7c1b-0000-4000-8000-000000000001";
const NOW: i64 = 1_795_000_000;

/// A pair of keys, made once in a process because that takes long.
fn pair(number: usize) -> &'static PrivateKey {
    static PAIRS: [OnceLock<PrivateKey>; 2] = [const { OnceLock::new() }; 2];
    PAIRS[number].get_or_init(|| PrivateKey::new(&mut SysRng, 2048).unwrap())
}

/// A public key as the Bot Framework publishes it.
fn published(id: &str, pair: &PrivateKey) -> Value {
    let number = |bytes: Box<[u8]>| BASE64URL_NOPAD.encode(&bytes);
    json!({
        "kty": "RSA", "use": "sig", "kid": id, "x5t": id, "endorsements": ["msteams", "skype"],
        "n": number(pair.n_bytes()), "e": number(pair.e_bytes()),
    })
}

/// The answers to one fetch: the metadata, and the keys that it leads to.
fn fetch(service: &Service, keys: &[Value]) -> [Answer; 2] {
    let metadata = json!({ "issuer": "https://api.botframework.com", "jwks_uri": format!("{}/keys", service.url) });
    [Answer::Json(200, metadata), Answer::Json(200, json!({ "keys": keys }))]
}

/// A service that publishes these keys, once.
async fn publishing(keys: &[Value]) -> Service {
    let service = Service::answering([]).await;
    service.then(fetch(&service, keys));
    service
}

fn metadata_url(service: &Service) -> String {
    format!("{}/metadata", service.url)
}

fn verifier(service: &Service) -> TokenVerifier {
    TokenVerifier::new(APP_ID.to_owned(), metadata_url(service), HttpClient::default())
}

fn header(id: &str) -> Value {
    json!({ "typ": "JWT", "alg": "RS256", "kid": id })
}

fn claims() -> Value {
    json!({
        "iss": "https://api.botframework.com", "aud": APP_ID, "nbf": NOW, "exp": NOW + 3600,
        "serviceurl": "https://smba.trafficmanager.net/teams/",
    })
}

/// The claims with one of them different, or left out.
fn claims_but(name: &str, value: Value) -> Value {
    let mut claims = claims();
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

/// The part of a JWT that is signed.
fn message(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    format!("{}.{}", part(header), part(claims))
}

/// An `Authorization` header with a token that this pair has signed.
fn signed(pair: &PrivateKey, header: &Value, claims: &Value) -> String {
    let message = message(header, claims);
    let signature = pair.sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(&message)).unwrap();
    format!("Bearer {message}.{}", BASE64URL_NOPAD.encode(&signature))
}

/// A good token.
fn token() -> String {
    signed(pair(0), &header("k0"), &claims())
}

/// The time, so many seconds after the beginning.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOW).unwrap() + SignedDuration::from_secs(seconds)
}

async fn verify(verifier: &TokenVerifier, authorization: &str, now: Timestamp) -> Result<(), Unverified> {
    let deadline = Deadline::after(Duration::from_secs(20));
    let token = verifier.verify(Some(authorization.as_bytes()), now, deadline).await?;
    token.check_activity("https://smba.trafficmanager.net/teams", "msteams")
}
