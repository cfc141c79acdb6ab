//! The tokens that activities come with (Bot Connector authentication), right unless a test changes something.

use countersign_bot::net::signature::SigningKey;
use data_encoding::BASE64URL_NOPAD;
use rsa::PrivateKey;
use rsa::sha2::{Sha256, Sha384, Sha512};
use serde_json::{Map, Value, json};

use super::FakeTeams;
use super::keys::{self, KeyRing};

/// How long a token is good for.
const LIFE_SECONDS: i64 = 3_600;

/// Whose key a token is signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    /// Microsoft's key for Teams.
    Microsoft,
    /// A key that is published and endorsed for another channel than Teams.
    OtherChannel,
    /// A key that is published without a word about channels.
    Unendorsed,
    /// A key that is not published, under the id of the one that is.
    Foreign,
    /// HMAC with the public key as the secret: the mistake of a verifier that lets the token choose the algorithm.
    PublicKeyAsSecret,
    /// Nobody: the algorithm is `none` and the signature is empty.
    Nobody,
}

/// A token before it is signed.
#[derive(Debug, Clone)]
#[must_use]
pub struct Token {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    signer: Signer,
    ring: KeyRing,
}

impl FakeTeams {
    /// The token that an activity comes with now. Changing one thing in it makes a case for the verifier.
    pub fn token(&self) -> Token {
        let now = self.now().as_second();
        let claims = json!({
            "serviceurl": self.service_url(), "iss": keys::ISSUER, "aud": self.shared.app_id,
            "nbf": now, "exp": now + LIFE_SECONDS,
        });
        let header = json!({ "typ": "JWT" });
        let token = Token {
            header: fields(header),
            claims: fields(claims),
            signer: Signer::Microsoft,
            ring: self.tenant().keys,
        };
        token.signed_by(Signer::Microsoft)
    }
}

impl Token {
    /// Sets a claim.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Leaves a claim out.
    pub fn without_claim(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Sets a field of the header. With `alg` RS384 or RS512 the signature is of that kind.
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    /// Leaves a field of the header out.
    pub fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    /// Signs with another key; `alg` and `kid` say which, unless they are changed afterwards.
    pub fn signed_by(mut self, signer: Signer) -> Self {
        let (alg, kid) = match signer {
            Signer::Microsoft | Signer::Foreign => ("RS256", self.ring.kid()),
            Signer::OtherChannel => ("RS256", self.ring.other_channel_kid()),
            Signer::Unendorsed => ("RS256", self.ring.unendorsed_kid()),
            Signer::PublicKeyAsSecret => ("HS256", self.ring.kid()),
            Signer::Nobody => ("none", self.ring.kid()),
        };
        self.signer = signer;
        self.header("alg", alg).header("kid", kid.as_str()).header("x5t", kid)
    }

    /// The token as it stands after `Bearer `.
    pub fn mint(&self) -> String {
        let part = |fields: &Map<String, Value>| {
            let text = serde_json::to_string(fields).unwrap_or_default();
            BASE64URL_NOPAD.encode(text.as_bytes())
        };
        let signed = format!("{}.{}", part(&self.header), part(&self.claims));
        let signature = self.signature(signed.as_bytes());
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
    }

    fn signature(&self, signed: &[u8]) -> Vec<u8> {
        match self.signer {
            Signer::Microsoft | Signer::OtherChannel | Signer::Unendorsed => self.rsa(self.ring.pair(), signed),
            Signer::Foreign => self.rsa(keys::foreign_pair(), signed),
            Signer::PublicKeyAsSecret => {
                let key = SigningKey::new(self.ring.public_modulus().into());
                key.map(|key| key.code(signed)).unwrap_or_default()
            }
            Signer::Nobody => Vec::new(),
        }
    }

    fn rsa(&self, pair: &PrivateKey, signed: &[u8]) -> Vec<u8> {
        let signature = match self.header.get("alg").and_then(Value::as_str) {
            Some("RS384") => pair.pkcs1v15_sign::<Sha384>(signed),
            Some("RS512") => pair.pkcs1v15_sign::<Sha512>(signed),
            _ => pair.pkcs1v15_sign::<Sha256>(signed),
        };
        signature.unwrap_or_default()
    }
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
