//! The accounts beside the deployment's own: what AWS could not know is refused, and so is what people could mix up.

use std::collections::{BTreeMap, BTreeSet};

use toml_span::Error;

use super::problem;
use super::raw::Named;
use super::raw::accounts::RawAccount;
use crate::approval::accounts::{Account, Accounts, DEFAULT_ROLE, is_account_id, is_external_id, is_role_name};
use crate::approval::names::comparable;
use crate::visible;

/// A longer name does not fit on a line beside what else stands there.
const NAME_MAX: usize = 80;

/// Reads every account; what is wrong with one goes on the list.
pub(super) fn check(raw: Vec<Named<RawAccount>>, errors: &mut Vec<Error>) -> Accounts {
    let mut accounts = BTreeMap::new();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for Named { name: id, span, value } in raw {
        let mut wrong = |what: String, span| errors.push(problem(format!("account `{id}`: {what}"), span));
        if !is_account_id(&id) {
            wrong("an account has 12 digits".to_owned(), span);
        }
        let Some(RawAccount { name, regions: listed, role, external_id }) = value else { continue };
        let text = name.text.trim();
        if text.is_empty() || text.chars().count() > NAME_MAX || visible::shown(text) != text {
            wrong(format!("name has 1 to {NAME_MAX} characters, none of them hidden"), name.span);
        }
        if let Some(other) = names.insert(comparable(text), id.clone()) {
            wrong(format!("name: `{text}` is what account `{other}` is called"), name.span);
        }
        let mut regions = BTreeSet::new();
        for region in listed {
            if !is_region(&region.text) {
                wrong(format!("regions: `{}` is no region, such as eu-west-1", region.text), region.span);
            } else if !regions.insert(region.text.clone()) {
                wrong(format!("regions: `{}` is there twice", region.text), region.span);
            }
        }
        if let Some(role) = role.as_ref().filter(|role| !is_role_name(&role.text)) {
            wrong(format!("role: `{}` is no name of a role, which has no path", role.text), role.span);
        }
        if let Some(external_id) = external_id.as_ref().filter(|id| !is_external_id(&id.text)) {
            wrong("external_id has 2 to 1224 letters, digits and +=,.@:/-_".to_owned(), external_id.span);
        }
        let account = Account {
            name: text.to_owned(),
            regions,
            role: role.map_or_else(|| DEFAULT_ROLE.to_owned(), |role| role.text),
            external_id: external_id.map(|id| id.text),
        };
        accounts.insert(id, account);
    }
    Accounts(accounts)
}

/// Whether this looks like the name of a region; which there are changes too often to be known here.
fn is_region(text: &str) -> bool {
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    text.len() <= 32 && text.split('-').all(is_word)
}

#[cfg(test)]
mod tests;
