//! The signed link in a mail: who may open which approval, and until when.
//!
//! `v1.{key id}.{expiry}.{code}.{person}`. The code is an HMAC over a text that begins with its purpose, so
//! no other use of a key makes a link. The task token is not in it, and neither is the verdict.
//!
//! A link alone decides nothing: whoever decides has been served the page behind it. The page carries a proof of that,
//! `{key id}.{served at}.{code}`, which nobody can make from the link, and which goes with the form.

use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};

use crate::approval::ids::{ApprovalId, PersonId};
use crate::encoding;
use crate::net::signature::SigningKey;

const VERSION: &str = "v1";
const PURPOSE: &str = "countersign e-mail link v1";
const PAGE_PURPOSE: &str = "countersign e-mail page v1";
/// A page that was served this long ago no longer decides: whoever submits it should look at the request again.
const PAGE_LASTS: SignedDuration = SignedDuration::from_hours(1);

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

/// Why a form does not come from a page that was served for this link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotServed {
    /// The form holds no proof at all: nobody opened a page for it.
    #[error("the form holds no proof that its page was served")]
    Missing,
    /// The proof was not made here, or for somebody else's page.
    #[error("the proof that the page was served is not valid")]
    Invalid,
    /// The page was served too long ago.
    #[error("the page was served too long ago")]
    Expired,
}

impl LinkKeys {
    /// The current key and, during a rotation, the previous one.
    pub fn new(current: SigningKey, previous: Option<SigningKey>) -> Self {
        Self { current, previous }
    }

    /// The value of `k` in the link of this person to this approval.
    pub fn sign(&self, approval: &ApprovalId, person: &PersonId, expires: Timestamp) -> String {
        let code = self.current.code(&message(PURPOSE, approval, person, expires.as_second()));
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
        if !self.have_made(key, &message(PURPOSE, approval, &person, seconds), &code) {
            return Err(InvalidLink);
        }
        let expires = Timestamp::from_second(seconds).map_err(|_| InvalidLink)?;
        Ok(Link { person, expires })
    }

    /// The proof that this person is served the page of this approval now.
    pub fn serve(&self, approval: &ApprovalId, person: &PersonId, now: Timestamp) -> String {
        let served = now.as_second();
        let code = self.current.code(&message(PAGE_PURPOSE, approval, person, served));
        format!("{}.{served}.{}", key_id(&self.current), encoding::url_safe(&code))
    }

    /// Checks that this person was served the page of this approval, and not too long ago.
    pub fn served(
        &self,
        approval: &ApprovalId,
        person: &PersonId,
        proof: &str,
        now: Timestamp,
    ) -> Result<(), NotServed> {
        if proof.is_empty() {
            return Err(NotServed::Missing);
        }
        let parts: Vec<&str> = proof.splitn(3, '.').collect();
        let [key, served, code] = parts.as_slice() else { return Err(NotServed::Invalid) };
        let seconds: i64 = served.parse().map_err(|_| NotServed::Invalid)?;
        let code = encoding::from_url_safe(code).ok_or(NotServed::Invalid)?;
        if !self.have_made(key, &message(PAGE_PURPOSE, approval, person, seconds), &code) {
            return Err(NotServed::Invalid);
        }
        let served = Timestamp::from_second(seconds).map_err(|_| NotServed::Invalid)?;
        if now.duration_since(served) < PAGE_LASTS { Ok(()) } else { Err(NotServed::Expired) }
    }

    /// Whether one of the live keys has this id and made this code.
    fn have_made(&self, id: &str, message: &[u8], code: &[u8]) -> bool {
        let mut named = std::iter::once(&self.current).chain(&self.previous).filter(|key| key_id(key) == id);
        named.any(|key| key.has_made(message, code))
    }
}

fn message(purpose: &str, approval: &ApprovalId, person: &PersonId, seconds: i64) -> Vec<u8> {
    format!("{purpose}\n{approval}\n{person}\n{seconds}").into_bytes()
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

    #[test]
    fn a_page_is_bound_to_approval_person_time_and_key_and_not_to_be_had_from_the_link() {
        let (ada, grace) = (PersonId::parse("ada").unwrap(), PersonId::parse("grace").unwrap());
        let at = |seconds: i64| Timestamp::from_second(2_000_000_000 + seconds).unwrap();
        let proof = keys("one", None).serve(&approval("t"), &ada, at(0));
        let served = |keys: &LinkKeys, proof: &str, now| keys.served(&approval("t"), &ada, proof, now);
        assert_eq!(served(&keys("one", None), &proof, at(0)), Ok(()));
        assert_eq!(served(&keys("one", None), &proof, at(-5)), Ok(()), "the clocks of two functions differ");
        assert_eq!(served(&keys("one", None), &proof, at(3_599)), Ok(()));
        assert_eq!(served(&keys("one", None), &proof, at(3_600)), Err(NotServed::Expired));
        assert_eq!(served(&keys("two", Some("one")), &proof, at(0)), Ok(()));
        assert_eq!(served(&keys("two", None), &proof, at(0)), Err(NotServed::Invalid));
        assert_eq!(keys("one", None).served(&approval("u"), &ada, &proof, at(0)), Err(NotServed::Invalid));
        assert_eq!(keys("one", None).served(&approval("t"), &grace, &proof, at(0)), Err(NotServed::Invalid));
        assert_eq!(served(&keys("one", None), "", at(0)), Err(NotServed::Missing));
        let later = proof.replace("2000000000", "2000003000");
        let link = keys("one", None).sign(&approval("t"), &ada, at(0));
        let parts: Vec<&str> = link.split('.').collect();
        let from_link = format!("{}.{}.{}", parts[1], parts[2], parts[3]);
        for wrong in [later.as_str(), &from_link, &link, "..", "a.b.c", &proof[..proof.len() - 1]] {
            assert_eq!(served(&keys("one", None), wrong, at(3_000)), Err(NotServed::Invalid), "{wrong}");
        }
    }
}
