//! What another policy changes of the groups whose members a chat says.

use std::collections::BTreeSet;

use super::{Change, listed};
use crate::approval::policy::Policy;

/// Whoever a chat says is in such a group may do what the policies let the group do.
pub(super) fn groups(before: &Policy, after: &Policy, changes: &mut Vec<Change>) {
    let told = |policy: &Policy, name: &String| {
        let group = policy.live.groups.get(name)?;
        let fallback = group.fallback.iter().map(|fallback| format!(", or else the group {fallback}"));
        Some(format!("those of the user group {} in Slack{}", group.usergroup, fallback.collect::<String>()))
    };
    let listed = |policy: &Policy, name: &String| match policy.groups.get(name) {
        Some(members) => listed(members.iter(), "nobody"),
        None => "nobody".to_owned(),
    };
    let names: BTreeSet<&String> = before.live.groups.keys().chain(after.live.groups.keys()).collect();
    for name in names {
        let [before, after] = [before, after].map(|policy| told(policy, name).unwrap_or_else(|| listed(policy, name)));
        if before != after {
            changes.push(Change::GroupChanged { group: name.clone(), before, after });
        }
    }
    let named = |policy: &Policy| -> BTreeSet<(String, String)> {
        let needed = policy.live.needed.iter();
        needed.flat_map(|(name, groups)| groups.iter().map(|group| (name.clone(), group.clone()))).collect()
    };
    let (before, after) = (named(before), named(after));
    let added = after.difference(&before).cloned();
    changes.extend(added.map(|(policy, group)| Change::GroupNamed { policy, group }));
    let removed = before.difference(&after).cloned();
    changes.extend(removed.map(|(policy, group)| Change::GroupNoLongerNamed { policy, group }));
}
