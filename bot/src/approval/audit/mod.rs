//! The audit trail of one approval: everything that happened to it, each entry chained to the one before by a hash.
//!
//! Entries are only ever added, in the same write as the change that they tell of, and the record keeps the head of
//! the chain. So an entry that is changed, moved, taken out or cut off at the end is found by `verify`. Whoever may
//! rewrite the record and all its entries can make another chain: keep them from the table, or keep the heads elsewhere.
//!
//! The hash of an entry is SHA-256 over this JSON array, in UTF-8 and in the canonical form of RFC 8785
//! (<https://www.rfc-editor.org/rfc/rfc8785>), that is without white space and with the keys of every object in order:
//!
//! ```text
//! ["countersign.audit.1", approval id, sequence, at, what, previous]
//! ```
//!
//! `at` is the time as the entry has it and `previous` the hash of the entry before, 64 lower-case hexadecimal digits.
//! The first entry follows the hash of `["countersign.audit.1", approval id]`.

mod found;
mod reason;
mod verify;
mod what;

use std::fmt;

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub use self::found::{Callback, Fate, Found};
pub use self::reason::Reason;
pub use self::verify::{Broken, verify};
pub use self::what::{Failure, Place, SeatsAsked, What, Who};
use super::ids::ApprovalId;
use crate::encoding::decimal;

/// At most this many entries are written with one change: a transaction of DynamoDB takes 100 items, and one of them
/// is the record. <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>
pub const JOURNAL_MAX: usize = 99;

/// How many bytes of a hash people are shown.
const SHORT_BYTES: usize = 6;

/// Stands at the beginning of all that is hashed here, so that no hash of something else is taken for one of these.
const SCHEME: &str = "countersign.audit.1";

/// One thing that happened to an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// Its number, from 1.
    pub sequence: u32,
    /// When it happened.
    pub at: Timestamp,
    /// What it was.
    pub what: What,
    /// The hash of the entry before it.
    pub previous: Hash,
    /// The hash of this one.
    pub hash: Hash,
}

/// The end of the chain, as the record of the approval keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many entries there are.
    pub count: u32,
    /// The hash of the last.
    pub hash: Hash,
}

impl Entry {
    /// The entry that comes after this head.
    pub fn after(id: &ApprovalId, head: &Head, what: What, at: Timestamp) -> Self {
        let (sequence, previous) = (head.count.saturating_add(1), head.hash);
        let hash = hash_of(id, sequence, at, &what, previous);
        Self { sequence, at, what, previous, hash }
    }

    /// The head of a chain that ends with this entry.
    pub fn head(&self) -> Head {
        Head { count: self.sequence, hash: self.hash }
    }

    /// Whether the hash is that of what the entry says.
    pub fn is_as_it_was_hashed(&self, id: &ApprovalId) -> bool {
        self.hash == hash_of(id, self.sequence, self.at, &self.what, self.previous)
    }
}

impl Head {
    /// The head of the chain before anything has happened.
    pub fn genesis(id: &ApprovalId) -> Self {
        Self { count: 0, hash: Hash::over(&json!([SCHEME, id])) }
    }
}

fn hash_of(id: &ApprovalId, sequence: u32, at: Timestamp, what: &What, previous: Hash) -> Hash {
    // Everything in it has text for keys, so that it cannot fail to become JSON.
    let what = serde_json::to_value(what).unwrap_or_default();
    Hash::over(&json!([SCHEME, id, sequence, at, what, previous]))
}

/// An entry as far as its hash goes, whatever it tells.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    sequence: u32,
    at: Value,
    what: Value,
    previous: Hash,
    hash: Hash,
}

/// The number and the hash of an entry that is as it was hashed, also of a kind that only a later version knows.
pub fn sealed(id: &ApprovalId, text: &str) -> Option<Head> {
    let Sealed { sequence, at, what, previous, hash } = serde_json::from_str(text).ok()?;
    let is_as_it_was_hashed = Hash::over(&json!([SCHEME, id, sequence, at, what, previous])) == hash;
    is_as_it_was_hashed.then_some(Head { count: sequence, hash })
}

/// A SHA-256 hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash([u8; 32]);

impl Hash {
    /// The hash of a value in its canonical form. Keys are ASCII, and numbers are those that `decimal` writes so.
    pub fn over(value: &Value) -> Self {
        let mut text = String::new();
        write_canonically(value, &mut text);
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// The hash of a text as it is, which `sha256sum` has for a file as well.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// The beginning of the digits, for people to compare.
    pub fn short(&self) -> String {
        HEXLOWER.encode(&self.0[..SHORT_BYTES])
    }

    /// Reads 64 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok().map(Self)
    }
}

/// The keys in here are ASCII, and the order of their bytes is that of RFC 8785.
fn write_canonically(value: &Value, into: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            into.push('{');
            for (index, (key, value)) in fields.into_iter().enumerate() {
                into.push_str(if index > 0 { "," } else { "" });
                into.push_str(&Value::from(key.as_str()).to_string());
                into.push(':');
                write_canonically(value, into);
            }
            into.push('}');
        }
        Value::Array(items) => {
            into.push('[');
            for (index, item) in items.iter().enumerate() {
                into.push_str(if index > 0 { "," } else { "" });
                write_canonically(item, into);
            }
            into.push(']');
        }
        Value::Number(number) => into.push_str(&decimal(number)),
        scalar => into.push_str(&scalar.to_string()),
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("a hash is 64 lower-case hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each kind, as it is stored. A hash stands for each of these texts, so none of them may ever change.
    const EVERY_KIND: &str = r#"[
            {"kind":"raised","policy":"p","title":"Pay <€>","requester":{"person":"ada","name":"Ada"},"execution":"arn:aws:states:eu-west-1:123456789012:execution:m:r","deadline":"2026-11-23T10:10:00Z","required":1,"approvers":["grace","linus"]},
            {"kind":"delivered","places":[{"platform":"slack","target":"C1","message":"1.0"}]},
            {"kind":"undelivered","failures":[{"place":{"platform":"email","target":"grace","message":null},"problem":"refused","again":true}]},
            {"kind":"discovered","place":{"platform":"slack","target":"C1","message":"2.0"}},
            {"kind":"voted","who":{"person":"grace","name":"Grace"},"platform":"email","verdict":"approve","comment":"fine\n\"so\" \u0001"},
            {"kind":"refused","who":{"person":"eve","name":"Eve"},"platform":"slack","verdict":"reject","reason":"notAnApprover"},
            {"kind":"decided","verdict":"approve"},
            {"kind":"givenUp","reason":"nobody"},
            {"kind":"callbackAccepted","callback":"approved"},
            {"kind":"callbackClosed","callback":"rejected","found":{"task":{"failed":"Other"},"execution":"FAILED"}},
            {"kind":"lookedUp","found":{"task":"timedOut","execution":null}},
            {"kind":"resolved","status":"cancelled","reason":"aborted"},
            {"kind":"broadcast","events":["apr_x.resolved"]},
            {"kind":"updated","status":"approved","places":[]},
            {"kind":"lost","places":[]},
            {"kind":"executionEnded","status":"SUCCEEDED"},
            {"kind":"reminded","people":["grace","linus"]},
            {"kind":"escalated","to":[{"person":"linus","name":"Linus"}]},
            {"kind":"succeeded","by":"apr_00000000000000000000000000"},
            {"kind":"cancelled","who":{"person":"ada","name":"Ada"},"platform":"teams"},
            {"kind":"cancelRefused","who":{"person":"eve","name":"Eve"},"platform":"slack","reason":"notTheRequester"},
            {"kind":"callbackAccepted","callback":"cancelled"},
            {"kind":"parked","problem":"Slack is unavailable: 503","failures":40}
    ]"#;

    #[test]
    fn what_was_written_once_has_the_same_hash_for_ever() {
        let id = ApprovalId::parse("apr_00000000000000000000000000").unwrap();
        let at = "2026-11-23T10:00:00.5Z".parse().unwrap();
        let kinds: Vec<Value> = serde_json::from_str(EVERY_KIND).unwrap();
        let mut head = Head::genesis(&id);
        for kind in kinds {
            let what: What = serde_json::from_value(kind.clone()).unwrap();
            assert_eq!(serde_json::to_value(&what).unwrap(), kind);
            head = Entry::after(&id, &head, what, at).head();
        }
        // Made by a program in another language that follows the documentation of this module.
        let expected = "d070d82fe5fac10835268b18cca022dd340c53948c029a9876026739d1426199";
        assert_eq!((head.count, head.hash.to_string().as_str()), (23, expected));
    }

    #[test]
    fn an_entry_of_a_later_version_is_told_from_one_that_was_changed() {
        let approval = crate::approval::sample::approval("");
        let first = &approval.journal[0];
        let text = serde_json::to_string(first).unwrap();
        assert_eq!(sealed(&approval.id, &text), Some(first.head()));
        assert_eq!(sealed(&ApprovalId::parse("apr_00000000000000000000000000").unwrap(), &text), None);
        assert_eq!(sealed(&approval.id, &text.replace("\"sequence\":1", "\"sequence\":2")), None);
        assert_eq!(sealed(&approval.id, &text.replacen('{', "{\"note\":\"added\",", 1)), None);
        let (at, what) = (first.at, json!({ "kind": "unheardOf", "times": 2 }));
        let hash = Hash::over(&json!([SCHEME, approval.id, 2, at, what, first.hash]));
        let later = json!({ "sequence": 2, "at": at, "what": what, "previous": first.hash, "hash": hash });
        assert!(serde_json::from_value::<Entry>(later.clone()).is_err());
        assert_eq!(sealed(&approval.id, &later.to_string()), Some(Head { count: 2, hash }));
    }

    #[test]
    fn an_entry_with_something_added_is_no_entry() {
        let what = serde_json::from_str::<What>(r#"{"kind":"decided","verdict":"approve","by":"somebody else"}"#);
        assert!(what.is_err());
        let approval = crate::approval::sample::approval("");
        let mut entry = serde_json::to_value(&approval.journal[0]).unwrap();
        assert_eq!(serde_json::from_value::<Entry>(entry.clone()).unwrap(), approval.journal[0]);
        entry["note"] = json!("added");
        assert!(serde_json::from_value::<Entry>(entry).is_err());
    }

    #[test]
    fn a_hash_is_read_as_it_is_written() {
        let hash = Hash([0xab; 32]);
        assert_eq!(Hash::parse(&hash.to_string()), Some(hash));
        for text in ["", "ab", &"AB".repeat(32), &"ab".repeat(33), &"zz".repeat(32)] {
            assert_eq!(Hash::parse(text), None, "{text}");
        }
    }
}
