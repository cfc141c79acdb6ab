//! Whether a key of the policy still means the human whom it meant when something was asked or said.

use jiff::Timestamp;

use super::delegation::{Delegation, Terms};
use super::fingerprint::Fingerprint;
use super::ids::PersonId;
use super::policy::{Person, Policy, Rules};

impl Person {
    /// By what this person is known.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.chats, self.email.as_deref())
    }

    /// Whether this is the human whom that entry of the same key has meant.
    pub fn is_still(&self, then: &Self) -> bool {
        self.id == then.id && self.fingerprint().shares_one(&then.fingerprint())
    }
}

impl Rules {
    /// Whether these rules have meant nobody else than this person by the key, which they need not name.
    pub fn mean(&self, person: &Person) -> bool {
        match (self.person(&person.id), self.glass_breakers.get(&person.id)) {
            (Some(then), _) => person.is_still(then),
            (None, Some(then)) => person.fingerprint().shares_one(then),
            (None, None) => true,
        }
    }

    /// Whether a mail to this person has gone to the address that they have now.
    pub fn mailed(&self, person: &Person) -> bool {
        let then = self.person(&person.id).and_then(|then| then.email.as_ref());
        then.zip(person.email.as_ref()).is_some_and(|(then, now)| then.eq_ignore_ascii_case(now))
    }
}

impl Policy {
    /// Whether what somebody has said of who stands in for them holds now: neither of the two has left since, nor has any of
    /// their accounts changed, by one of which it was said and by others of which it would be used.
    pub fn honours(&self, delegation: &Delegation, now: Timestamp) -> bool {
        delegation.delegate_at(now).zip(delegation.terms.as_ref()).is_some_and(|(delegate, terms)| {
            let is_known = |id: &PersonId, by: &Fingerprint, without_entry: bool| {
                self.people.get(id).map_or(without_entry, |now| now.fingerprint() == *by)
            };
            is_known(&delegation.absent, &terms.absent, terms.without_entry && !self.live.groups.is_empty())
                && is_known(delegate, &terms.delegate, false)
        })
    }

    /// Whether it holds for what was asked under these rules as well, which have to mean the same two, and to be those of a
    /// policy that was named to whoever said it.
    pub fn honours_under(&self, rules: &Rules, delegation: &Delegation, now: Timestamp) -> bool {
        let means = |id: &PersonId| self.people.get(id).is_none_or(|person| rules.mean(person));
        let is_named = |terms: &Terms| terms.policies.contains(&rules.name);
        self.honours(delegation, now)
            && delegation.terms.as_ref().is_some_and(is_named)
            && means(&delegation.absent)
            && delegation.delegate.as_ref().is_some_and(means)
    }
}
