//! The signed link in a mail: who may open which approval, and until when.
//!
//! `v1.{key id}.{expiry}.{code}.{person}`. The code is an HMAC over a text that begins with its purpose, so
//! no other use of a key makes a link. The task token is not in it, and neither is the verdict.

use data_encoding::HEXLOWER;
use jiff::Timestamp;

use crate::approval::ids::{ApprovalId, PersonId};
use crate::encoding;
use crate::net::signature::SigningKey;

const VERSION: &str = "v1";
const PURPOSE: &str = "countersign e-mail link v1";

/// The keys that links are signed with: the current one, and during a rotation the previous one.
#[derive(Debug, Clone)]
pub struct LinkKeys {
    current: SigningKey,
    previous: Option<SigningKey>,
}

/// What a verified link says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Whose link it is.
    pub person: PersonId,
    /// The link decides nothing from this time on.
    pub expires: Timestamp,
}

/// A link that was not made here, or for another approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the link is not valid")]
pub struct InvalidLink;

impl LinkKeys {
    /// The current key and, during a rotation, the previous one.
    pub fn new(current: SigningKey, previous: Option<SigningKey>) -> Self {
        Self { current, previous }
    }

    /// The value of `k` in the link of this person to this approval.
    pub fn sign(&self, approval: &ApprovalId, person: &PersonId, expires: Timestamp) -> String {
        let code = self.current.code(&message(approval, person, expires.as_second()));
        let (key, expires) = (key_id(&self.current), expires.as_second());
        format!("{VERSION}.{key}.{expires}.{}.{person}", encoding::url_safe(&code))
    }

    /// Checks the value of `k` against the approval in the path, and says whose link it is.
    pub fn verify(&self, approval: &ApprovalId, k: &str) -> Result<Link, InvalidLink> {
        let parts: Vec<&str> = k.splitn(5, '.').collect();
        let [VERSION, key, expires, code, person] = parts.as_slice() else {
            return Err(InvalidLink);
        };
        let person = PersonId::parse(person).map_err(|_| InvalidLink)?;
        let seconds: i64 = expires.parse().map_err(|_| InvalidLink)?;
        let code = encoding::from_url_safe(code).ok_or(InvalidLink)?;
        let keys = std::iter::once(&self.current).chain(&self.previous);
        let mut named = keys.filter(|candidate| key_id(candidate) == *key);
        if !named.any(|candidate| candidate.has_made(&message(approval, &person, seconds), &code)) {
            return Err(InvalidLink);
        }
        let expires = Timestamp::from_second(seconds).map_err(|_| InvalidLink)?;
        Ok(Link { person, expires })
    }
}

fn message(approval: &ApprovalId, person: &PersonId, expires: i64) -> Vec<u8> {
    format!("{PURPOSE}\n{approval}\n{person}\n{expires}").into_bytes()
}

/// Four bytes that tell the keys apart and say nothing about them.
fn key_id(key: &SigningKey) -> String {
    HEXLOWER.encode(&key.code(b"countersign e-mail link key id")[..4])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::ids::TaskToken;

    fn keys(current: &str, previous: Option<&str>) -> LinkKeys {
        let key = |text: &str| SigningKey::new(text.into()).unwrap();
        LinkKeys::new(key(current), previous.map(key))
    }

    fn approval(token: &str) -> ApprovalId {
        ApprovalId::of(&TaskToken::parse(token).unwrap())
    }

    #[test]
    fn a_link_is_bound_to_approval_person_expiry_and_key() {
        let ada = PersonId::parse("ada.l").unwrap();
        let expires = Timestamp::from_second(2_000_000_000).unwrap();
        let link = keys("one", None).sign(&approval("t"), &ada, expires);
        assert_eq!(keys("one", None).verify(&approval("t"), &link), Ok(Link { person: ada, expires }));
        assert!(keys("two", Some("one")).verify(&approval("t"), &link).is_ok());
        assert_eq!(keys("two", None).verify(&approval("t"), &link), Err(InvalidLink));
        assert_eq!(keys("one", None).verify(&approval("u"), &link), Err(InvalidLink));
        for (from, to) in [("ada.l", "grace"), ("2000000000", "2000000001"), ("v1.", "v2."), (".", "")] {
            assert_eq!(keys("one", None).verify(&approval("t"), &link.replace(from, to)), Err(InvalidLink), "{to}");
        }
        for k in ["", "v1", "v1....", "v1.a.b.c.d"] {
            assert_eq!(keys("one", None).verify(&approval("t"), k), Err(InvalidLink), "{k}");
        }
    }
}
