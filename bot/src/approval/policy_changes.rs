//! What another policy changes, told by what people may do and not by the lines of a file.

mod accounts;
mod commands;
mod live;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::audit::Who;
use super::calling::Calling;
use super::ids::PersonId;
use super::place::Platform;
use super::policy::{EmailUse, Escalation, Person, Policy, RequesterUse, Rules};
use super::policy_file;
use super::seats::Seats;

/// One thing that is different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "the names say what `Display` says in a sentence")]
pub enum Change {
    LetIn { chat: Platform, place: String },
    NoLongerLetIn { chat: Platform, place: String },
    PersonAdded { person: Who },
    PersonRemoved { person: Who },
    PersonChanged { person: Who, what: &'static str, before: String, after: String },
    PolicyAdded { policy: String, required: usize, approvers: Vec<Who> },
    PolicyRemoved { policy: String },
    JoinsGroup { group: String, person: Who },
    LeavesGroup { group: String, person: Who },
    MayApprove { policy: String, person: Who },
    MayNoLongerApprove { policy: String, person: Who },
    CalledIn { policy: String, person: Who },
    NoLongerCalledIn { policy: String, person: Who },
    GroupNamed { policy: String, group: String },
    GroupNoLongerNamed { policy: String, group: String },
    GroupChanged { group: String, before: String, after: String },
    RuleChanged { policy: String, rule: String, before: String, after: String },
    CommandAdded { command: String, starters: String },
    CommandRemoved { command: String },
    MayStart { command: String, person: Who },
    MayNoLongerStart { command: String, person: Who },
    CommandChanged { command: String, what: &'static str, before: String, after: String },
    AccountAdded { account: String, name: String, regions: String },
    AccountRemoved { account: String, name: String },
    AccountChanged { account: String, what: &'static str, before: String, after: String },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LetIn { chat, place } => write!(f, "{} {place} is let in", chat.name()),
            Self::NoLongerLetIn { chat, place } => write!(f, "{} {place} is no longer let in", chat.name()),
            Self::PersonAdded { person } => write!(f, "{} is a person of the policy now", called(person)),
            Self::PersonRemoved { person } => write!(f, "{} is no longer a person of the policy", called(person)),
            Self::PersonChanged { person, what, before, after } => {
                write!(f, "{what} of {}: {after}, and was {before}", called(person))
            }
            Self::PolicyAdded { policy, required, approvers } => {
                let approvers: Vec<String> = approvers.iter().map(called).collect();
                write!(f, "policy {policy} is new: {required} of {} must approve", approvers.join(", "))
            }
            Self::PolicyRemoved { policy } => write!(f, "policy {policy} is gone: nobody can ask under it any more"),
            Self::JoinsGroup { group, person } => write!(f, "{} is in the group {group}", called(person)),
            Self::LeavesGroup { group, person } => write!(f, "{} is no longer in the group {group}", called(person)),
            Self::MayApprove { policy, person } => write!(f, "{} may approve under {policy}", called(person)),
            Self::MayNoLongerApprove { policy, person } => {
                write!(f, "{} may no longer approve under {policy}", called(person))
            }
            Self::CalledIn { policy, person } => {
                write!(f, "{} may approve under {policy} after an escalation", called(person))
            }
            Self::NoLongerCalledIn { policy, person } => {
                write!(f, "{} may no longer approve under {policy} after an escalation", called(person))
            }
            Self::GroupNamed { policy, group } => {
                write!(f, "policy {policy} names the group {group}, whose members Slack says")
            }
            Self::GroupNoLongerNamed { policy, group } => {
                write!(f, "policy {policy} no longer names the group {group}, whose members Slack says")
            }
            Self::GroupChanged { group, before, after } => {
                write!(f, "members of group {group}: {after}, and were {before}")
            }
            Self::RuleChanged { policy, rule, before, after } => {
                write!(f, "{rule} of policy {policy}: {after}, and was {before}")
            }
            Self::CommandAdded { command, starters } => write!(f, "command {command} is new: {starters} may start it"),
            Self::CommandRemoved { command } => write!(f, "command {command} is gone"),
            Self::MayStart { command, person } => write!(f, "{} may start {command}", called(person)),
            Self::MayNoLongerStart { command, person } => write!(f, "{} may no longer start {command}", called(person)),
            Self::CommandChanged { command, what, before, after } => {
                write!(f, "{what} of command {command}: {after}, and was {before}")
            }
            Self::AccountAdded { account, name, regions } => {
                write!(f, "executions of account {account} ({name}) may ask, in {regions}")
            }
            Self::AccountRemoved { account, name } => {
                write!(
                    f,
                    "executions of account {account} ({name}) may no longer ask, and what they have asked is not completed"
                )
            }
            Self::AccountChanged { account, what, before, after } => {
                write!(f, "{what} of account {account}: {after}, and was {before}")
            }
        }
    }
}

/// What the policy `after` changes of the one `before`; everything, if there was none.
pub fn changes(before: &Policy, after: &Policy) -> Vec<Change> {
    let mut changes = Vec::new();
    let_in(before, after, &mut changes);
    people(before, after, &mut changes);
    live::groups(before, after, &mut changes);
    groups(before, after, &mut changes);
    for (name, rules) in &after.rules {
        match before.rules.get(name) {
            Some(earlier) => rules_of(name, earlier, rules, &mut changes),
            None => new_rules(name, rules, &mut changes),
        }
    }
    let gone = before.rules.keys().filter(|name| !after.rules.contains_key(*name));
    changes.extend(gone.map(|name| Change::PolicyRemoved { policy: name.clone() }));
    for (name, command) in &after.commands {
        match before.commands.get(name) {
            Some(earlier) => commands::command_of((before, earlier), (after, command), &mut changes),
            None => {
                let starters = commands::starters(after, command);
                changes.push(Change::CommandAdded { command: name.clone(), starters });
                commands::command_says(&commands::unsaid_command(command), command, &mut changes);
            }
        }
    }
    let gone = before.commands.keys().filter(|name| !after.commands.contains_key(*name));
    changes.extend(gone.map(|name| Change::CommandRemoved { command: name.clone() }));
    accounts::accounts(before, after, &mut changes);
    changes
}

fn let_in(before: &Policy, after: &Policy, changes: &mut Vec<Change>) {
    let pairs = |policy: &Policy| -> BTreeSet<(Platform, String)> {
        let chats = policy.let_in.0.iter();
        chats.flat_map(|(chat, places)| places.iter().map(|place| (*chat, place.clone()))).collect()
    };
    let (before, after) = (pairs(before), pairs(after));
    let added = after.difference(&before).cloned();
    changes.extend(added.map(|(chat, place)| Change::LetIn { chat, place }));
    let removed = before.difference(&after).cloned();
    changes.extend(removed.map(|(chat, place)| Change::NoLongerLetIn { chat, place }));
}

fn people(before: &Policy, after: &Policy, changes: &mut Vec<Change>) {
    for (id, person) in &after.people {
        let who = Who::from(person);
        let earlier = before.people.get(id).map_or_else(
            || {
                changes.push(Change::PersonAdded { person: who.clone() });
                // The name stands in that line.
                known_of(person).map(|(what, name)| if what == NAME { name } else { NONE.to_owned() })
            },
            |earlier| known_of(earlier).map(|(_, known)| known),
        );
        for (before, (what, after)) in earlier.into_iter().zip(known_of(person)) {
            if before != after {
                changes.push(Change::PersonChanged { person: who.clone(), what, before, after });
            }
        }
    }
    let gone = before.people.iter().filter(|(id, _)| !after.people.contains_key(*id));
    changes.extend(gone.map(|(_, person)| Change::PersonRemoved { person: person.into() }));
}

const NAME: &str = "the name";

/// Whoever has one of these is the person.
fn known_of(person: &Person) -> [(&'static str, String); 4] {
    let Person { id: _, name, chats: _, email } = person;
    let on = |chat| match person.on(chat) {
        Some(identity) => match &identity.within {
            Some(within) => format!("{within}:{}", identity.id),
            None => identity.id.clone(),
        },
        None => NONE.to_owned(),
    };
    [
        (NAME, name.clone()),
        ("the id in Slack", on(Platform::Slack)),
        ("the id in Teams", on(Platform::Teams)),
        ("the address", email.clone().unwrap_or_else(|| NONE.to_owned())),
    ]
}

/// Who is in which group: a request may name a group to say who alone decides.
fn groups(before: &Policy, after: &Policy, changes: &mut Vec<Change>) {
    let pairs = |policy: &Policy| -> BTreeSet<(String, PersonId)> {
        let groups = policy.groups.iter();
        groups.flat_map(|(group, members)| members.iter().map(|id| (group.clone(), id.clone()))).collect()
    };
    let (earlier, later) = (pairs(before), pairs(after));
    for (group, id) in later.difference(&earlier) {
        changes.push(Change::JoinsGroup { group: group.clone(), person: who(after, id) });
    }
    for (group, id) in earlier.difference(&later) {
        changes.push(Change::LeavesGroup { group: group.clone(), person: who(before, id) });
    }
}

/// A policy that is new, and whatever it says beside who may approve.
fn new_rules(policy: &str, rules: &Rules, changes: &mut Vec<Change>) {
    changes.push(Change::PolicyAdded {
        policy: policy.to_owned(),
        required: rules.required,
        approvers: rules.approvers.iter().map(Who::from).collect(),
    });
    for person in missing(&[], called_in(rules)) {
        changes.push(Change::CalledIn { policy: policy.to_owned(), person });
    }
    let mut unsaid = unsaid();
    // How many must approve is in the first line.
    unsaid.insert(REQUIRED.to_owned(), rules.required.to_string());
    settings_of(policy, unsaid, settings(rules), changes);
}

/// What holds where a policy says nothing of it, from the reader of the file itself.
fn unsaid() -> BTreeMap<String, String> {
    let plain = "[people.a]\nname = \"A\"\nemail = \"a@example.com\"\n[policies.plain]\napprovers = [\"a\"]";
    let policy = policy_file::read(plain).ok();
    policy.and_then(|policy| policy.rules.get("plain").map(settings)).unwrap_or_default()
}

fn rules_of(policy: &str, before: &Rules, after: &Rules, changes: &mut Vec<Change>) {
    let policy = policy.to_owned();
    for person in missing(&before.approvers, &after.approvers) {
        changes.push(Change::MayApprove { policy: policy.clone(), person });
    }
    for person in missing(&after.approvers, &before.approvers) {
        changes.push(Change::MayNoLongerApprove { policy: policy.clone(), person });
    }
    let (earlier, later) = (called_in(before), called_in(after));
    for person in missing(earlier, later) {
        changes.push(Change::CalledIn { policy: policy.clone(), person });
    }
    for person in missing(later, earlier) {
        changes.push(Change::NoLongerCalledIn { policy: policy.clone(), person });
    }
    settings_of(&policy, settings(before), settings(after), changes);
}

fn settings_of(
    policy: &str,
    mut before: BTreeMap<String, String>,
    mut after: BTreeMap<String, String>,
    changes: &mut Vec<Change>,
) {
    let rules: BTreeSet<String> = before.keys().chain(after.keys()).cloned().collect();
    for rule in rules {
        let [before, after] = [&mut before, &mut after].map(|its| its.remove(&rule).unwrap_or_else(|| NONE.to_owned()));
        if before != after {
            changes.push(Change::RuleChanged { policy: policy.to_owned(), rule, before, after });
        }
    }
}

fn called_in(rules: &Rules) -> &[Person] {
    rules.escalation.as_ref().map_or(&[], |escalation| &escalation.to)
}

/// Those of `among` who are not in `from`.
fn missing(from: &[Person], among: &[Person]) -> Vec<Who> {
    let is_in = |id: &PersonId| from.iter().any(|person| person.id == *id);
    among.iter().filter(|person| !is_in(&person.id)).map(Who::from).collect()
}

const NONE: &str = "none";
const REQUIRED: &str = "required";

/// Everything that rules say beside who may approve, in words, by the key of the policy file. A setting that comes later
/// has to be named here, or this does not compile.
fn settings(rules: &Rules) -> BTreeMap<String, String> {
    let Rules {
        name: _,
        approvers: _,
        groups: _,
        required,
        seats,
        distinct_from,
        self_approval,
        requester,
        callers,
        reason_on_reject,
        returns,
        remind_after,
        quiet_hours,
        escalation,
        conversations,
        email,
        calling: Calling { notify, silent, direct },
        give_up_after,
        show_result,
        delegates,
        break_glass,
        glass_breakers: _,
    } = rules;
    let yes = |holds: &bool| if *holds { "true" } else { "false" }.to_owned();
    let email = match email {
        EmailUse::Always => "always",
        EmailUse::Fallback => "fallback",
        EmailUse::Never => "never",
    };
    let mut settings = BTreeMap::from([
        (REQUIRED.to_owned(), required.to_string()),
        ("self_approval".to_owned(), yes(self_approval)),
        ("requester".to_owned(), needed(*requester).to_owned()),
        ("reason_on_reject".to_owned(), yes(reason_on_reject)),
        ("direct".to_owned(), yes(direct)),
        ("returns".to_owned(), yes(returns)),
        ("email".to_owned(), email.to_owned()),
        ("callers".to_owned(), listed(callers.iter(), "any")),
        ("remind_after".to_owned(), listed(remind_after.iter().map(|after| format!("{after:#}")), NONE)),
        ("show_result".to_owned(), listed(show_result.iter(), NONE)),
        ("delegates".to_owned(), listed(delegates.iter().map(|person| &person.id), "nobody")),
        ("break_glass".to_owned(), listed(break_glass.iter(), "nobody")),
        ("silent".to_owned(), listed(silent.iter(), "nobody")),
        ("distinct_from".to_owned(), listed(distinct_from.iter(), NONE)),
    ]);
    let notified = notify.as_ref().map(|notify| listed(notify.iter(), "nobody"));
    settings.insert("notify".to_owned(), notified.unwrap_or_else(|| "those who may decide".to_owned()));
    let mut set = |key: &str, value: String| settings.insert(key.to_owned(), value);
    if !seats.is_empty() {
        // Who is behind a group says who may fill its seats.
        let seat = |Seats { from, people, count }: &Seats| {
            format!("{count} of {} ({})", from.join(" or "), listed(people.iter(), NONE))
        };
        set("seats", listed(seats.iter().map(seat), NONE));
    }
    if let Some(hours) = quiet_hours {
        let zone = hours.time_zone.iana_name().unwrap_or("an unnamed time zone");
        set("quiet_hours", format!("from {} to {} in {zone}", hours.from, hours.to));
    }
    if let Some(Escalation { after, to: _ }) = escalation {
        set("escalate_after", format!("{after:#}"));
    }
    if let Some(after) = give_up_after {
        set("give_up_after", format!("{after:#}"));
    }
    for (chat, conversation) in conversations {
        set(&format!("the conversation in {}", chat.name()), conversation.clone());
    }
    settings
}

fn needed(requester: RequesterUse) -> &'static str {
    match requester {
        RequesterUse::Known => "known",
        RequesterUse::Optional => "optional",
    }
}

fn listed(items: impl Iterator<Item = impl fmt::Display>, empty: &str) -> String {
    let items: Vec<String> = items.map(|item| item.to_string()).collect();
    if items.is_empty() { empty.to_owned() } else { items.join(", ") }
}

fn who(policy: &Policy, id: &PersonId) -> Who {
    let person = policy.people.get(id);
    person.map_or_else(|| Who { person: id.clone(), name: id.to_string() }, Who::from)
}

fn called(Who { person, name }: &Who) -> String {
    format!("{name} ({person})")
}

#[cfg(test)]
mod tests;
