//! The keys that prove an activity to be Microsoft's: made at run time, and published as Microsoft publishes its own.

use std::sync::OnceLock;

use data_encoding::BASE64URL_NOPAD;
use getrandom::SysRng;
use rsa::PrivateKey;
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};

/// Who signs what the Bot Framework sends (Bot Connector authentication, the token's `iss`).
pub(super) const ISSUER: &str = "https://api.botframework.com";

const BITS: usize = 2048;

/// Made once in a process, because that takes longer than most tests: the first two take turns when the key is
/// rotated, and the last is published nowhere.
static PAIRS: [OnceLock<PrivateKey>; 3] = [const { OnceLock::new() }; 3];
const IN_TURN: usize = 2;
const FOREIGN: usize = 2;

/// What the published keys of one fake are called, which is all that differs between two of them.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct KeyRing {
    rotations: usize,
}

impl KeyRing {
    /// From now on another key signs, and the one before is no longer published.
    pub(super) fn rotate(&mut self) {
        self.rotations += 1;
    }

    /// The key that signs, and is endorsed for Teams.
    pub(super) fn kid(self) -> String {
        format!("playground-{}", self.rotations)
    }

    /// A published key that is endorsed for another channel.
    pub(super) fn other_channel_kid(self) -> String {
        format!("{}-webchat", self.kid())
    }

    /// A published key that says nothing of channels.
    pub(super) fn unendorsed_kid(self) -> String {
        format!("{}-plain", self.kid())
    }

    /// The pair behind every published key.
    pub(super) fn pair(self) -> &'static PrivateKey {
        pair(self.rotations % IN_TURN)
    }

    /// The key set, as it is found at `jwks_uri`.
    pub(super) fn published(self) -> Value {
        let key = |kid: String| {
            let public = self.pair().as_public_key();
            json!({
                "kty": "RSA", "use": "sig", "kid": kid, "x5t": kid,
                "n": BASE64URL_NOPAD.encode(&public.n_bytes()), "e": BASE64URL_NOPAD.encode(&public.e_bytes()),
            })
        };
        let (mut teams, mut other) = (key(self.kid()), key(self.other_channel_kid()));
        teams["endorsements"] = json!(["msteams", "msteamsgov"]);
        other["endorsements"] = json!(["webchat"]);
        json!({ "keys": [other, teams, key(self.unendorsed_kid())] })
    }

    /// What an attacker can read of the public key.
    pub(super) fn public_modulus(self) -> String {
        BASE64URL_NOPAD.encode(&self.pair().as_public_key().n_bytes())
    }
}

/// A pair that nothing published belongs to.
pub(super) fn foreign_pair() -> &'static PrivateKey {
    pair(FOREIGN)
}

/// The OpenID metadata document, which says where the keys are.
pub(super) fn metadata(jwks_uri: &str) -> Value {
    json!({
        "issuer": ISSUER, "authorization_endpoint": "https://invalid.botframework.com", "jwks_uri": jwks_uri,
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
    })
}

#[expect(clippy::expect_used, reason = "it fails only when the system has no randomness")]
fn pair(index: usize) -> &'static PrivateKey {
    PAIRS[index].get_or_init(|| PrivateKey::new(&mut SysRng, BITS).expect("a key can be made"))
}
