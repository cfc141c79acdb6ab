//! The secrets of a world.

use anyhow::Context;
use countersign_bot::net::signature::SigningKey;

/// The secrets of one world, made anew for each.
pub(crate) struct Secrets {
    pub(crate) slack_signing: String,
    pub(crate) slack_token: String,
    pub(crate) teams_password: String,
    pub(crate) link: String,
    pub(crate) double: String,
}

impl Secrets {
    pub(crate) fn new() -> Self {
        let secret = |prefix: &str| format!("{prefix}{:032x}", fastrand::u128(..));
        Self {
            slack_signing: secret(""),
            slack_token: secret("xoxb-"),
            teams_password: secret("entra-"),
            link: secret(""),
            double: secret(""),
        }
    }
}

/// The key that a secret is signed with.
pub(crate) fn key(secret: &str) -> anyhow::Result<SigningKey> {
    SigningKey::new(secret.into()).context("a signing key must not be empty")
}
