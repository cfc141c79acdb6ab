//! Whom a request means: by whom it is made, and who alone may decide it.

use std::collections::BTreeSet;

use super::Approver;
use super::object::{at, quoted};
use crate::approval::ids::PersonId;
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

/// Whom a request names to decide it, and the rules as they are for these alone.
pub(super) fn approvers(
    names: &[String],
    policy: &Policy,
    rules: &Rules,
    requester: Option<&Person>,
    check: &mut Check,
) -> (Vec<Approver>, Rules) {
    let mut approvers = Vec::new();
    let mut people = BTreeSet::new();
    for (index, asked) in names.iter().enumerate() {
        match meant(asked, policy, rules) {
            Ok((name, meant)) => {
                approvers.push(Approver { asked: asked.clone(), name });
                people.extend(meant);
            }
            Err(problem) => check.note(at(FIELD, index), problem),
        }
    }
    let narrowed = rules.narrowed_to(&people);
    if approvers.len() == names.len() {
        check_quorum(&narrowed, policy, requester, check);
    }
    (approvers, narrowed)
}

const FIELD: &str = "approval.approvers";

/// The name and the people behind what a request has, if the policy lets all of them decide, be it after an escalation.
fn meant(asked: &str, policy: &Policy, rules: &Rules) -> Result<(String, Vec<PersonId>), String> {
    let group = asked.trim();
    let (name, people) = match (policy.groups.get(group), policy.named(asked)) {
        (Some(members), _) => (format!("group {group}"), members.clone()),
        (None, Named::Person(person)) => (person.name.clone(), vec![person.id.clone()]),
        (None, Named::Several(people)) => return Err(several(&people)),
        (None, Named::Almost(people)) => return Err(almost(&people)),
        (None, Named::Nobody) => return Err("is neither a person nor a group of the policy file".to_owned()),
    };
    if people.is_empty() {
        return Err("is a group with nobody in it".to_owned());
    }
    let others: Vec<String> = people.iter().filter(|id| !rules.ever_ask(id)).map(|id| quoted(id.as_str())).collect();
    if others.is_empty() {
        Ok((name, people))
    } else {
        Err(format!("policy {} does not let {} decide", quoted(&rules.name), others.join(", ")))
    }
}

/// Whether those who are left, who may not be enough, could give all the approvals that the policy needs.
fn check_quorum(narrowed: &Rules, policy: &Policy, requester: Option<&Person>, check: &mut Check) {
    let by_mail = narrowed.email.is_sure(!narrowed.conversations.is_empty());
    let eligible = narrowed.eligible(requester.map(|person| &person.id));
    let could = eligible.filter(|person| person.could_decide(&policy.let_in, by_mail)).count();
    if could < narrowed.required {
        let who = match could {
            0 => "none of these people could give one".to_owned(),
            1 => "only 1 of these people could give one".to_owned(),
            more => format!("only {more} of these people could give one"),
        };
        let approvals = if narrowed.required == 1 { "approval" } else { "approvals" };
        let needed = format!("policy {} needs {} {approvals}", quoted(&narrowed.name), narrowed.required);
        check.note(FIELD, format!("{needed}, and {who}"));
    }
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
