//! Looks up the names of the file: people, groups and policies that exist, and quorums that can be met.

use std::collections::{BTreeMap, BTreeSet};

use toml_span::{Error, Span};

use super::problem;
use super::raw::{File, Name, Named, RawCommand, RawPerson, RawQuietHours, RawRules};
use crate::approval::ids::PersonId;
use crate::approval::policy::{Escalation, LaunchCommand, Person, Policy, QuietHours, Rules, is_address};

/// Each of them gets a mail and is part of every record, which has to fit an item of the store.
const APPROVERS_MAX: usize = 100;
/// More are noise in the thread, and each is part of the record.
const REMINDERS_MAX: usize = 20;

/// Looks every name up; what leads nowhere, or to nobody, goes on the list.
pub(super) fn check(file: File, errors: &mut Vec<Error>) -> Policy {
    let people = check_people(file.people, errors);
    let groups = check_groups(file.groups, &people, errors);
    let names: BTreeSet<String> = file.policies.iter().map(|entry| entry.name.clone()).collect();
    let known = Known { people: &people, groups: &groups };
    let rules = file.policies.into_iter().filter_map(|entry| check_rules(entry, &known, errors)).collect();
    let commands = file.commands.into_iter().filter_map(|entry| check_command(entry, &names, errors)).collect();
    Policy {
        slack_teams: file.access.slack_teams.into_iter().collect(),
        teams_tenants: file.access.teams_tenants.into_iter().map(|tenant| tenant.to_lowercase()).collect(),
        people,
        rules,
        commands,
    }
}

struct Known<'a> {
    people: &'a BTreeMap<PersonId, Person>,
    /// A group without a list could not be read, which has been reported.
    groups: &'a BTreeMap<String, Option<Vec<PersonId>>>,
}

impl Known<'_> {
    /// The distinct people behind a list of people and groups, in the order they are first named.
    ///
    /// Nothing comes back if a name could not be followed, so that the caller does not count half a list.
    fn resolve(&self, policy: &str, key: &str, names: &[Name], errors: &mut Vec<Error>) -> Option<Vec<Person>> {
        let mut ids: Vec<&PersonId> = Vec::new();
        let mut complete = true;
        for name in names {
            let person = PersonId::parse(&name.text).ok().and_then(|id| self.people.get_key_value(&id));
            match (person, self.groups.get(&name.text)) {
                (Some((id, _)), _) => ids.push(id),
                (None, Some(Some(members))) => ids.extend(members),
                (None, Some(None)) => complete = false,
                (None, None) => {
                    complete = false;
                    let nobody = format!("{key} names `{}`, which is neither a person nor a group", name.text);
                    errors.push(problem(format!("policy `{policy}`: {nobody}"), name.span));
                }
            }
        }
        let mut seen = BTreeSet::new();
        ids.retain(|id| seen.insert(*id));
        complete.then(|| ids.into_iter().filter_map(|id| self.people.get(id).cloned()).collect())
    }
}

fn check_people(raw: Vec<Named<RawPerson>>, errors: &mut Vec<Error>) -> BTreeMap<PersonId, Person> {
    let mut people = BTreeMap::new();
    let mut seen: BTreeMap<(&'static str, String), String> = BTreeMap::new();
    for Named { name: key, span, value } in raw {
        let id = match PersonId::parse(&key) {
            Ok(id) => id,
            Err(error) => {
                errors.push(problem(format!("person `{key}`: {error}"), span));
                continue;
            }
        };
        let mut identity = |kind: &'static str, name: Option<Name>, normal: fn(&str) -> String| {
            let name = name?;
            let text = normal(&name.text);
            if let Some(other) = seen.insert((kind, text.clone()), key.clone()) {
                let message = format!("person `{key}`: `{other}` already has this {kind} identity");
                errors.push(problem(message, name.span));
            }
            Some((text, name.span))
        };
        // A person whose entry could not be read stays known, so that the lists that name them are not blamed.
        let value = value.unwrap_or_else(|| RawPerson { name: key.clone(), slack: None, teams: None, email: None });
        let slack = identity("slack", value.slack, str::to_owned);
        let teams = identity("teams", value.teams, str::to_lowercase);
        let email = identity("email", value.email, str::to_lowercase);
        if let Some((address, span)) = &email
            && !is_address(address)
        {
            errors.push(problem(format!("person `{key}`: email is not an address"), *span));
        }
        let text = |found: Option<(String, Span)>| found.map(|(text, _)| text);
        let (slack, teams, email) = (text(slack), text(teams), text(email));
        people.insert(id.clone(), Person { id, name: value.name, slack, teams, email });
    }
    people
}

fn check_groups(
    raw: Vec<Named<Vec<Name>>>,
    people: &BTreeMap<PersonId, Person>,
    errors: &mut Vec<Error>,
) -> BTreeMap<String, Option<Vec<PersonId>>> {
    let mut groups = BTreeMap::new();
    for group in raw {
        let before = errors.len();
        if PersonId::parse(&group.name).is_ok_and(|id| people.contains_key(&id)) {
            errors.push(problem(format!("group `{}` has the name of a person", group.name), group.span));
        }
        let mut members = Vec::new();
        for member in group.value.iter().flatten() {
            match PersonId::parse(&member.text).ok().filter(|id| people.contains_key(id)) {
                Some(id) => members.push(id),
                None => {
                    let message = format!("group `{}`: there is no person `{}`", group.name, member.text);
                    errors.push(problem(message, member.span));
                }
            }
        }
        let readable = group.value.is_some() && errors.len() == before;
        groups.insert(group.name, readable.then_some(members));
    }
    groups
}

fn check_rules(entry: Named<RawRules>, known: &Known<'_>, errors: &mut Vec<Error>) -> Option<(String, Rules)> {
    let Named { name, span, value } = entry;
    let raw = value?;
    let approvers = known.resolve(&name, "approvers", &raw.approvers, errors);
    check_quorum(&name, approvers.as_deref(), &raw, errors);
    let escalation = match (raw.escalate_after, raw.escalate_to) {
        (None, None) => None,
        (Some(after), Some(to)) if !to.is_empty() => {
            let to = known.resolve(&name, "escalate_to", &to, errors);
            to.map(|to| Escalation { after: after.0, to })
        }
        _ => {
            let message = format!("policy `{name}`: escalate_after and a non-empty escalate_to go together");
            errors.push(problem(message, span));
            None
        }
    };
    let called_in = escalation.iter().flat_map(|escalation| &escalation.to);
    let people: BTreeSet<_> = approvers.iter().flatten().chain(called_in).map(|person| &person.id).collect();
    if escalation.is_some() && people.len() > APPROVERS_MAX {
        let there = people.len();
        let message = format!("policy `{name}`: {there} people in approvers and escalate_to, at most {APPROVERS_MAX}");
        errors.push(problem(message, span));
    }
    if raw.remind_after.len() > REMINDERS_MAX {
        let there = raw.remind_after.len();
        let message = format!("policy `{name}`: {there} reminders in remind_after, at most {REMINDERS_MAX}");
        errors.push(problem(message, raw.remind_after_span));
    }
    let quiet_hours = raw.quiet_hours.and_then(|hours| check_quiet_hours(&name, hours, errors));
    let remind_after: BTreeSet<_> = raw.remind_after.iter().map(|duration| duration.0).collect();
    let rules = Rules {
        name: name.clone(),
        approvers: approvers?,
        required: raw.required,
        self_approval: raw.self_approval,
        reason_on_reject: raw.reason_on_reject,
        remind_after: remind_after.into_iter().collect(),
        quiet_hours,
        escalation,
        conversations: raw.conversations,
        email: raw.email,
    };
    Some((name, rules))
}

fn check_quiet_hours(name: &str, hours: RawQuietHours, errors: &mut Vec<Error>) -> Option<QuietHours> {
    let RawQuietHours { from, to, time_zone, span } = hours;
    if from == to {
        let message = format!("policy `{name}`: quiet_hours end when they begin, so there are none or nothing else");
        errors.push(problem(message, span));
        return None;
    }
    Some(QuietHours { from, to, time_zone })
}

fn check_quorum(name: &str, approvers: Option<&[Person]>, raw: &RawRules, errors: &mut Vec<Error>) {
    if raw.required == 0 {
        errors.push(problem(format!("policy `{name}`: required is at least 1"), raw.required_span));
    }
    match approvers {
        Some([]) => {
            let message = format!("policy `{name}`: approvers has nobody in it, so nobody could ever approve");
            errors.push(problem(message, raw.approvers_span));
        }
        Some(people) if people.len() > APPROVERS_MAX => {
            let there = people.len();
            let message = format!("policy `{name}`: {there} distinct approvers, at most {APPROVERS_MAX}");
            errors.push(problem(message, raw.approvers_span));
        }
        Some(people) if raw.required > people.len() => {
            let (required, there) = (raw.required, people.len());
            let message = format!("policy `{name}`: required is {required}, the distinct approvers are {there}");
            errors.push(problem(message, raw.required_span));
        }
        _ => {}
    }
}

fn check_command(
    entry: Named<RawCommand>,
    policies: &BTreeSet<String>,
    errors: &mut Vec<Error>,
) -> Option<(String, LaunchCommand)> {
    let Named { name, value, .. } = entry;
    let raw = value?;
    if !policies.contains(&raw.policy.text) {
        let message = format!("command `{name}`: there is no policy `{}`", raw.policy.text);
        errors.push(problem(message, raw.policy.span));
    }
    Some((name, LaunchCommand { state_machine: raw.state_machine, policy: raw.policy.text }))
}
