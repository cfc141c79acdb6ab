//! The `v0` request signature: HMAC-SHA256 over `v0:{timestamp}:{body}`, on the raw bytes of the body.
//!
//! Slack defined it, <https://docs.slack.dev/authentication/verifying-requests-from-slack>; the calls to `/double` use
//! the same scheme with a key of their own. There is nothing to configure that would skip the check.

use std::fmt;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// A request this much older or newer than our clock is refused, which bounds replays.
pub const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

const VERSION: &str = "v0";

/// A key to sign with; never empty, because anybody can compute the HMAC of an empty key.
#[derive(Clone)]
pub struct SigningKey(SecretString);

impl SigningKey {
    /// Takes a key, unless it is empty or only white space.
    pub fn new(key: SecretString) -> Option<Self> {
        (!key.expose_secret().trim().is_empty()).then_some(Self(key))
    }

    /// The value of the signature header for this body at this time, which goes along as Unix seconds.
    pub fn sign(&self, timestamp: i64, body: &[u8]) -> String {
        let code = self.mac(timestamp, body).finalize().into_bytes();
        format!("{VERSION}={}", HEXLOWER.encode(&code))
    }

    /// The HMAC-SHA256 of a message that begins with its purpose.
    pub fn code(&self, message: &[u8]) -> Vec<u8> {
        let mut mac = self.hmac();
        mac.update(message);
        mac.finalize().into_bytes().to_vec()
    }

    /// Whether this key made this code for this message, compared in constant time.
    pub fn has_made(&self, message: &[u8], code: &[u8]) -> bool {
        let mut mac = self.hmac();
        mac.update(message);
        mac.verify_slice(code).is_ok()
    }

    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    fn hmac(&self) -> Hmac<Sha256> {
        Hmac::new_from_slice(self.0.expose_secret().as_bytes()).expect("HMAC takes a key of any length")
    }

    fn mac(&self, timestamp: i64, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.hmac();
        mac.update(format!("{VERSION}:{timestamp}:").as_bytes());
        mac.update(body);
        mac
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([redacted])")
    }
}

/// Checks signatures against one key, or against two while a key is being replaced.
#[derive(Debug, Clone)]
pub struct Verifier {
    keys: Vec<SigningKey>,
}

/// Why a request is not verified. This is for the log: the caller learns only that it was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// No timestamp header, or no signature header.
    #[error("the timestamp or the signature is missing")]
    Missing,
    /// The timestamp is no number, or the signature is not `v0=` and 64 hexadecimal digits.
    #[error("the timestamp or the signature is malformed")]
    Malformed,
    /// The timestamp is outside the tolerance, before or after.
    #[error("the timestamp is more than five minutes off")]
    Stale,
    /// No live key made this signature for this body.
    #[error("no live key made this signature")]
    Wrong,
}

impl Verifier {
    /// A verifier with the current key and, during a rotation, the previous one.
    pub fn new(current: SigningKey, previous: Option<SigningKey>) -> Self {
        Self { keys: std::iter::once(current).chain(previous).collect() }
    }

    /// Checks the two header values against the raw body.
    pub fn verify(
        &self,
        timestamp: Option<&[u8]>,
        signature: Option<&[u8]>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), Unverified> {
        let (Some(timestamp), Some(signature)) = (timestamp, signature) else {
            return Err(Unverified::Missing);
        };
        let seconds: i64 = std::str::from_utf8(timestamp)
            .ok()
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|text| text.parse().ok())
            .ok_or(Unverified::Malformed)?;
        let code = decode(signature).ok_or(Unverified::Malformed)?;
        let sent_at = Timestamp::from_second(seconds).map_err(|_| Unverified::Malformed)?;
        if now.duration_since(sent_at).abs() > TOLERANCE {
            return Err(Unverified::Stale);
        }
        // `verify_slice` compares in constant time.
        let matches = |key: &SigningKey| key.mac(seconds, body).verify_slice(&code).is_ok();
        if self.keys.iter().any(matches) { Ok(()) } else { Err(Unverified::Wrong) }
    }
}

fn decode(signature: &[u8]) -> Option<Vec<u8>> {
    let hex = signature.strip_prefix(VERSION.as_bytes())?.strip_prefix(b"=")?;
    HEXLOWER.decode(hex).ok().filter(|code| code.len() == 32)
}
