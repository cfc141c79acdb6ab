//! Reads the policy file strictly: whatever is wrong with it is reported in one message, each with its place.

mod accounts;
mod break_glass;
mod calling;
mod commands;
mod delegates;
mod groups;
mod known;
mod people;
mod quorum;
mod raw;
mod rules;
mod wording;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use toml_span::{Error, ErrorKind, Span};

use self::known::Known;
use self::raw::{Named, RawRules};
use self::wording::Places;
use super::live_groups::{GROUPS_MAX, LiveGroups};
use super::policy::{Person, Policy, PolicySource};

/// Everything that is wrong with a policy file, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong, in words that name the key.
    pub message: String,
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            write!(f, "{newline}line {}: {}", problem.line, problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Reads the text of a policy file, or says everything that is wrong with it. Who is in its live groups is not known.
pub fn read(text: &str) -> Result<Policy, Problems> {
    read_with(text, &BTreeMap::new())
}

/// The same where it is known who is in these live groups. Whoever the file has no entry for is a person of the policy then.
pub fn read_with(text: &str, asked: &BTreeMap<String, Vec<Person>>) -> Result<Policy, Problems> {
    let mut document = toml_span::parse(text).map_err(|error| problems(text, vec![error]))?;
    let mut errors = Vec::new();
    let policy = raw::File::read(&mut document, &mut errors).map(|file| check(file, asked, &mut errors));
    match policy {
        Some(mut policy) if errors.is_empty() => {
            policy.live.text = text.into();
            Ok(policy)
        }
        _ => Err(problems(text, errors)),
    }
}

/// Looks everything up and checks it; what leads nowhere, or to nobody, goes on the list.
fn check(mut file: raw::File, asked: &BTreeMap<String, Vec<Person>>, errors: &mut Vec<Error>) -> Policy {
    let let_in = people::check_access(file.access, errors);
    let people = people::check_people(file.people, &let_in, errors);
    // A person with a wrong id cannot be reached, which is said once.
    let are_right = errors.is_empty();
    let groups = groups::check(file.groups, &people, asked, &let_in, errors);
    let everybody = &groups.everybody;
    let names: BTreeSet<String> = file.policies.iter().map(|entry| entry.name.clone()).collect();
    let known =
        Known { people: everybody, groups: &groups.members, live: &groups.live, let_in: are_right.then_some(&let_in) };
    let kept_apart = |entry: &mut Named<RawRules>| {
        Some((entry.name.clone(), std::mem::take(&mut entry.value.as_mut()?.distinct_from)))
    };
    let kept_apart = file.policies.iter_mut().filter_map(kept_apart).collect();
    let spans: BTreeMap<String, Span> = file.policies.iter().map(|entry| (entry.name.clone(), entry.span)).collect();
    let mut rules: BTreeMap<_, _> =
        file.policies.into_iter().filter_map(|entry| rules::check_rules(entry, &known, errors)).collect();
    quorum::keep_apart(kept_apart, &names, &mut rules, errors);
    let commands = commands::check(file.commands, &known, &names, errors);
    let accounts = accounts::check(file.accounts, errors);
    let leave_out = |(name, rules)| (String::clone(name), groups.leave_somebody_out(rules));
    let needed: BTreeMap<String, BTreeSet<String>> =
        rules.iter_mut().map(leave_out).filter(|(_, needed)| !needed.is_empty()).collect();
    for (name, there) in
        needed.iter().map(|(name, needed)| (name, needed.len())).filter(|(_, there)| *there > GROUPS_MAX)
    {
        let message = format!("policy `{name}`: names {there} groups whose members Slack says, at most {GROUPS_MAX}");
        errors.push(problem(message, spans.get(name).copied().unwrap_or_default()));
    }
    let members = asked.values().flatten().map(|member| (member.id.clone(), member.clone()));
    let people = members.chain(people).collect();
    let (groups, live) = groups.people();
    let live = LiveGroups { groups: live, needed, text: "".into() };
    Policy { source: PolicySource::File, let_in, people, groups, live, rules, commands, accounts }
}

fn problems(text: &str, errors: Vec<Error>) -> Problems {
    let places = Places::of(text);
    let mut found: Vec<Problem> = errors
        .into_iter()
        .flat_map(|error| places.told(error))
        .map(|(span, message)| Problem { line: 1 + newlines_before(text, span), message })
        .collect();
    found.sort();
    Problems(found)
}

fn newlines_before(text: &str, span: Span) -> usize {
    text.bytes().take(span.start).filter(|byte| *byte == b'\n').count()
}

fn problem(message: impl Into<String>, span: Span) -> Error {
    (ErrorKind::Custom(message.into().into()), span).into()
}

#[cfg(test)]
mod tests;
