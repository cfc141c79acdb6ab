//! What another policy changes of the accounts that are served.

use super::{Change, NONE, listed};
use crate::approval::accounts::Account;
use crate::approval::policy::Policy;

pub(super) fn accounts(before: &Policy, after: &Policy, changes: &mut Vec<Change>) {
    for (id, account) in &after.accounts.0 {
        let Some(earlier) = before.accounts.0.get(id) else {
            let (name, regions) = (account.name.clone(), listed(account.regions.iter(), NONE));
            changes.push(Change::AccountAdded { account: id.clone(), name, regions });
            continue;
        };
        for ((what, before), (_, after)) in said_of(earlier).into_iter().zip(said_of(account)) {
            if before != after {
                changes.push(Change::AccountChanged { account: id.clone(), what, before, after });
            }
        }
    }
    let gone = before.accounts.0.iter().filter(|(id, _)| !after.accounts.0.contains_key(*id));
    let removed =
        |(id, account): (&String, &Account)| Change::AccountRemoved { account: id.clone(), name: account.name.clone() };
    changes.extend(gone.map(removed));
}

/// Everything that is said of an account.
fn said_of(account: &Account) -> [(&'static str, String); 4] {
    let Account { name, regions, role, external_id } = account;
    [
        ("name", name.clone()),
        ("regions", listed(regions.iter(), NONE)),
        ("role", role.clone()),
        ("external_id", external_id.clone().unwrap_or_else(|| "that of the deployment".to_owned())),
    ]
}
