//! Whom a request calls beside showing them its card.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::ids::PersonId;

/// Of those who may decide who is called, and who is left in peace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Calling {
    /// Whom the first card in each chat mentions; without a list those who may decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify: Option<Vec<PersonId>>,
    /// Who may decide and is neither mentioned, mailed nor reminded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub silent: Vec<PersonId>,
    /// Whether those whom the first card mentions get a copy of it in their own chat with the bot.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub direct: bool,
}

impl Calling {
    /// Whether the policy says nothing of it.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether this person may be called at all.
    pub fn may_call(&self, person: &PersonId) -> bool {
        !self.silent.contains(person)
    }

    /// Whether the first card mentions this person, who may decide.
    pub fn mentions(&self, person: &PersonId) -> bool {
        self.may_call(person) && self.notify.as_ref().is_none_or(|notify| notify.contains(person))
    }

    /// The same where these people alone decide. If none of them was to be mentioned, all of them are: somebody has to
    /// hear of it, unless the policy wants nobody to.
    pub(super) fn narrow(&mut self, people: &BTreeSet<PersonId>) {
        self.silent.retain(|person| people.contains(person));
        self.notify = self.notify.take().and_then(|mut notify| {
            let is_for_nobody = notify.is_empty();
            notify.retain(|person| people.contains(person));
            (is_for_nobody || !notify.is_empty()).then_some(notify)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(keys: &[&str]) -> Vec<PersonId> {
        keys.iter().map(|key| PersonId::parse(key).unwrap()).collect()
    }

    #[test]
    fn a_request_that_leaves_nobody_to_be_mentioned_mentions_those_who_are_left() {
        let narrowed = |notify: Option<&[&str]>| {
            let mut calling = Calling { notify: notify.map(ids), silent: ids(&["cto"]), direct: false };
            calling.narrow(&ids(&["ada", "grace"]).into_iter().collect());
            assert!(calling.silent.is_empty());
            calling.notify
        };
        assert_eq!(narrowed(None), None);
        assert_eq!(narrowed(Some(&["ada", "linus"])), Some(ids(&["ada"])));
        assert_eq!(narrowed(Some(&["linus"])), None);
        assert_eq!(narrowed(Some(&[])), Some(Vec::new()));
    }
}
