//! By what a human is known. The policy may give a key to somebody else, and what was asked of one human, or said by one, is
//! nothing that another may use.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::identities::ChatIdentity;
use super::place::Platform;

/// It tells people apart who have had one key, so that few bytes do.
const MARK_BYTES: usize = 6;

/// A mark for each account of a human and one for their address, which names neither.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint(BTreeSet<String>);

impl Fingerprint {
    /// That of whoever has these accounts and this address. The workspace that may stand before an account says where it
    /// counts, not whose it is.
    pub fn of(chats: &BTreeMap<Platform, ChatIdentity>, email: Option<&str>) -> Self {
        let mark = |platform: Platform, id: &str| {
            HEXLOWER.encode(&Sha256::digest(format!("{}\n{id}", platform.key()))[..MARK_BYTES])
        };
        let accounts = chats.iter().map(|(chat, identity)| mark(*chat, &identity.id));
        Self(accounts.chain(email.map(|email| mark(Platform::Email, &email.to_lowercase()))).collect())
    }

    /// Whether an account or the address has stayed: whose others were added, moved or taken out is the same human.
    pub fn shares_one(&self, other: &Self) -> bool {
        !self.0.is_disjoint(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(slack: &str, teams: &str, email: &str) -> Fingerprint {
        let on = |platform, id: &str| (!id.is_empty()).then(|| (platform, ChatIdentity::read(id)));
        let chats = on(Platform::Slack, slack).into_iter().chain(on(Platform::Teams, teams)).collect();
        Fingerprint::of(&chats, (!email.is_empty()).then_some(email))
    }

    #[test]
    fn one_account_that_stayed_makes_the_same_human() {
        let then = of("U1", "", "ada@example.com");
        for same in [
            of("U1", "7c1", "ada@example.com"),
            of("T1:U1", "", "lovelace@example.com"),
            of("U2", "", "Ada@Example.com"),
        ] {
            assert!(same.shares_one(&then), "{same:?}");
        }
        for other in [of("U2", "7c1", "byron@example.com"), of("ada@example.com", "U1", "U1"), of("", "", "")] {
            assert!(!other.shares_one(&then), "{other:?}");
        }
    }

    #[test]
    fn the_same_accounts_and_address_have_one_fingerprint_and_no_others_have_it() {
        let then = of("U1", "7c1", "ada@example.com");
        assert_eq!(of("T1:U1", "7c1", "ADA@example.com"), then);
        for changed in [of("U1", "", "ada@example.com"), of("U1", "7c1", ""), of("U1", "7c2", "ada@example.com")] {
            assert_ne!(changed, then);
        }
        let stored = serde_json::to_string(&then).unwrap();
        assert!(!stored.contains("U1") && !stored.contains("ada"), "{stored}");
    }
}
