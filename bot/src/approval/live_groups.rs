//! Groups that are alive: a chat says who is in them, which is asked when a request is raised and kept with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::identities::ChatIdentity;
use super::ids::PersonId;
use super::place::Platform;

/// So many of a group are kept with a request.
pub const MEMBERS_MAX: usize = 40;
/// So many of them are told by name.
pub const NAMED_MAX: usize = 10;
/// So many such groups one policy may name, since who was in each is part of every record.
pub const GROUPS_MAX: usize = 3;

/// Where the members of a group come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveGroup {
    /// The user group of Slack, by its id (`S…`).
    pub usergroup: String,
    /// The group of the policy that takes its place while nobody can say who is in it.
    pub fallback: Option<String>,
}

/// The live groups of a policy, and who needs them.
#[derive(Debug, Clone, Default)]
pub struct LiveGroups {
    /// Each by its name in the policy.
    pub groups: BTreeMap<String, LiveGroup>,
    /// Those that have to be asked for before anybody can be asked under these rules.
    pub needed: BTreeMap<String, BTreeSet<String>>,
    /// What the policy was read from; its rules are read anew with the members.
    pub text: Arc<str>,
}

/// Who decided in the place of a live group, as it was when a request was raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AskedGroup {
    /// Its name in the policy.
    pub name: String,
    /// Who was in it, or in the group that took its place, as far as they are told by name.
    pub people: Vec<PersonId>,
    /// How many that were.
    pub count: usize,
    /// Which group that was, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
}

impl LiveGroups {
    /// The groups that have to be asked for before anybody can be asked under these rules.
    pub fn needed_by(&self, rules: &str) -> impl Iterator<Item = (&String, &LiveGroup)> {
        let names = self.needed.get(rules).into_iter().flatten();
        names.filter_map(move |name| self.groups.get_key_value(name))
    }
}

impl ChatIdentity {
    /// The key of somebody of a chat for whom the policy has no entry; none for an id that counts in no place of its own.
    pub fn member_key(&self, chat: Platform) -> Option<PersonId> {
        let within = self.within.as_deref()?;
        PersonId::parse(&format!("{}-{within}-{}", chat.key(), self.id).to_lowercase()).ok()
    }
}
