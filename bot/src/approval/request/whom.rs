//! Whom a request means: by whom it is made.

use super::object::quoted;
use crate::approval::limits::Check;
use crate::approval::naming::Named;
use crate::approval::policy::{Person, Policy, RequesterUse, Rules};

/// The person of the policy who asks. Where one is needed, a part of a name is not taken for the whole, or four eyes
/// would depend on how a name is spelt.
pub(super) fn requester<'a>(
    name: Option<&str>,
    policy: &'a Policy,
    rules: &Rules,
    check: &mut Check,
) -> Option<&'a Person> {
    let problem = match name.map(|name| policy.named(name)) {
        Some(Named::Person(person)) => return Some(person),
        Some(Named::Several(people)) => several(&people),
        // Where requesters may not decide, whoever was perhaps meant would be free to.
        Some(Named::Almost(people)) if rules.requester == RequesterUse::Known || !rules.self_approval => {
            almost(&people)
        }
        _ if rules.requester == RequesterUse::Optional => return None,
        Some(Named::Nobody | Named::Almost(_)) => {
            format!("names nobody of the policy file, and policy {} needs to know who asks", quoted(&rules.name))
        }
        None => format!("is missing, and policy {} needs to know who asks", quoted(&rules.name)),
    };
    check.note("approval.requestedBy", problem);
    None
}

fn several(people: &[&Person]) -> String {
    format!("may mean {}: name one of them by this key", keys(people))
}

fn almost(people: &[&Person]) -> String {
    format!("is nobody's name in the policy file, and a part of those of {}: use such a key", keys(people))
}

fn keys(people: &[&Person]) -> String {
    people.iter().map(|person| quoted(person.id.as_str())).collect::<Vec<_>>().join(", ")
}
