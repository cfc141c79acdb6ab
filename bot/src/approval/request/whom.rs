//! Whom a request means: by whom it is made, and who alone may decide it.

use std::collections::{BTreeMap, BTreeSet};

use super::object::{at, quoted};
use super::{Approver, Asked, InvalidInput};
use crate::approval::ids::PersonId;
use crate::approval::limits::Check;
use crate::approval::naming::Named;
use crate::approval::policy::{LetIn, Person, Policy, RequesterUse, Rules};

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
        let could = policy.could_give(&narrowed, requester);
        if could < narrowed.required {
            check.note(FIELD, too_few(&narrowed, could, "these people"));
        }
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

/// Whether enough people could decide without whoever asks.
pub(super) fn check_quorum(rules: &Rules, policy: &Policy, requester: Option<&Person>, check: &mut Check) {
    let could = policy.could_give(rules, requester);
    if could < rules.required {
        let (field, who) = match requester {
            Some(person) => {
                ("approval.requestedBy", format!("those who may decide if {} asks", quoted(person.id.as_str())))
            }
            None => ("approval.policy", "those who may decide".to_owned()),
        };
        check.note(field, too_few(rules, could, &who));
    }
}

impl Policy {
    /// How many of the approvals that these rules need could be given where this person asks.
    pub fn could_give(&self, rules: &Rules, requester: Option<&Person>) -> usize {
        rules.fillable(counted(rules, &self.let_in, requester))
    }
}

impl Asked {
    /// The same without those who have approved in the same execution under a policy that these rules are kept apart from,
    /// if the others are enough.
    pub fn keep_apart(self, approved: BTreeMap<PersonId, String>, let_in: &LetIn) -> Result<Self, InvalidInput> {
        let Self { rules, request, .. } = &self;
        let could = {
            let others = counted(rules, let_in, request.requester.as_ref());
            rules.fillable(others.filter(|person| !approved.contains_key(&person.id)))
        };
        if could < rules.required && !approved.is_empty() {
            let policies: BTreeSet<String> = approved.values().map(|policy| quoted(policy)).collect();
            let policies = policies.into_iter().collect::<Vec<_>>().join(" and ");
            let who = format!("those who have not approved this execution under {policies}");
            return Err(InvalidInput::field("approval.policy", too_few(rules, could, &who)));
        }
        let apart = approved.into_iter().filter(|(person, _)| rules.may_act(person)).collect();
        Ok(Self { apart, ..self })
    }
}

/// Those whose decision counts on a request of this requester, and who could be reached.
fn counted<'a>(rules: &'a Rules, let_in: &'a LetIn, requester: Option<&'a Person>) -> impl Iterator<Item = &'a Person> {
    let by_mail = rules.email.is_sure(!rules.conversations.is_empty());
    let eligible = rules.eligible(requester.map(|person| &person.id));
    eligible.filter(move |person| person.could_decide(let_in, by_mail))
}

/// That these people are not enough for what the policy needs.
fn too_few(rules: &Rules, could: usize, who: &str) -> String {
    let needed = format!("policy {} needs {}", quoted(&rules.name), rules.needs());
    match (rules.seats.is_empty(), could) {
        (true, 0) => format!("{needed}, and none of {who} could give one"),
        (true, could) => format!("{needed}, and only {could} of {who} could give one"),
        (false, could) => format!("{needed}, each of somebody else, and {who} could give only {could} of these"),
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
