//! Looks up the names of the file: groups and policies that exist, and quorums that can be met by people who can be
//! reached.

use std::collections::{BTreeMap, BTreeSet};

use toml_span::{Error, Span};

use super::problem;
use super::raw::{Name, Named, RawQuietHours, RawRules};
use crate::approval::identities::{CHATS, Chat, IdKind};
use crate::approval::ids::PersonId;
use crate::approval::names::comparable;
use crate::approval::place::Platform;
use crate::approval::policy::{Escalation, LetIn, Person, QuietHours, RequesterUse, Rules};

/// Each of them gets a mail and is part of every record, which has to fit an item of the store.
const APPROVERS_MAX: usize = 100;
/// More are noise in the thread, and each is part of the record.
const REMINDERS_MAX: usize = 20;
/// It is part of every record and of every event.
const NAME_MAX: usize = 100;
/// More are no summary of how an execution ended.
const SHOWN_MAX: usize = 10;
/// Why somebody could never decide.
const UNREACHABLE: &str = "no identity is let in by [access], and no mail goes there";

/// The names that lists may hold.
pub(super) struct Known<'a> {
    pub(super) people: &'a BTreeMap<PersonId, Person>,
    /// A group without a list could not be read, which has been reported.
    pub(super) groups: &'a BTreeMap<String, Option<Vec<PersonId>>>,
    /// Who is let in, if that and the people are right.
    pub(super) let_in: Option<&'a LetIn>,
}

/// How a policy reaches the people who decide.
struct Reach<'a> {
    let_in: &'a LetIn,
    by_mail: bool,
}

impl<'a> Reach<'a> {
    /// Nothing where people or access are wrong, which is said already.
    fn of(raw: &RawRules, known: &Known<'a>) -> Option<Self> {
        let by_mail = raw.email.is_sure(!raw.conversations.is_empty());
        Some(Self { let_in: known.let_in?, by_mail })
    }

    /// The keys of those who could never decide, since no identity of theirs is let in and no mail goes to them.
    fn misses<'p>(&self, people: &'p [Person]) -> Vec<&'p str> {
        let missed = people.iter().filter(|person| !person.could_decide(self.let_in, self.by_mail));
        missed.map(|person| person.id.as_str()).collect()
    }
}

impl Known<'_> {
    /// The distinct people behind a list of people and groups, in the order they are first named.
    ///
    /// Nothing comes back if a name could not be followed, so that the caller does not count half a list.
    pub(super) fn resolve(&self, of: &str, key: &str, names: &[Name], errors: &mut Vec<Error>) -> Option<Vec<Person>> {
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
                    errors.push(problem(format!("{of}: {nobody}"), name.span));
                }
            }
        }
        let mut seen = BTreeSet::new();
        ids.retain(|id| seen.insert(*id));
        complete.then(|| ids.into_iter().filter_map(|id| self.people.get(id).cloned()).collect())
    }
}

/// Reads every group; a name in it that is nobody's goes on the list.
pub(super) fn check_groups(
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

/// Reads the rules of a policy; what is wrong with them goes on the list.
pub(super) fn check_rules(
    entry: Named<RawRules>,
    known: &Known<'_>,
    errors: &mut Vec<Error>,
) -> Option<(String, Rules)> {
    let Named { name, span, value } = entry;
    let raw = value?;
    let approvers = known.resolve(&format!("policy `{name}`"), "approvers", &raw.approvers, errors);
    let reach = Reach::of(&raw, known);
    check_quorum(&name, approvers.as_deref(), &raw, reach.as_ref(), errors);
    let escalation = check_escalation(&name, span, &raw, known, reach.as_ref(), errors);
    let called_in = escalation.iter().flat_map(|escalation| &escalation.to);
    let people: BTreeSet<_> = approvers.iter().flatten().chain(called_in).map(|person| &person.id).collect();
    let limits = [
        (
            if escalation.is_some() { people.len() } else { 0 },
            APPROVERS_MAX,
            "people in approvers and escalate_to",
            span,
        ),
        (raw.remind_after.len(), REMINDERS_MAX, "reminders in remind_after", raw.remind_after_span),
        (raw.show_result.len(), SHOWN_MAX, "fields in show_result", span),
        (name.chars().count(), NAME_MAX, "characters in its name", span),
    ];
    for (there, most, what, span) in limits {
        if there > most {
            errors.push(problem(format!("policy `{name}`: {there} {what}, at most {most}"), span));
        }
    }
    if raw.show_result.iter().any(|field| comparable(field).is_empty()) {
        errors.push(problem(format!("policy `{name}`: show_result has a field without a name"), span));
    }
    let quiet_hours = raw.quiet_hours.and_then(|hours| check_quiet_hours(&name, hours, errors));
    let remind_after: BTreeSet<_> = raw.remind_after.iter().map(|duration| duration.0).collect();
    let by_default = if raw.self_approval { RequesterUse::Optional } else { RequesterUse::Known };
    let rules = Rules {
        conversations: check_conversations(&name, raw.conversations, errors),
        name: name.clone(),
        approvers: approvers?,
        required: raw.required,
        self_approval: raw.self_approval,
        requester: raw.requester.unwrap_or(by_default),
        callers: raw.callers,
        reason_on_reject: raw.reason_on_reject,
        remind_after: remind_after.into_iter().collect(),
        quiet_hours,
        escalation,
        email: raw.email,
        give_up_after: raw.give_up_after.map(|duration| duration.0),
        show_result: raw.show_result,
    };
    Some((name, rules))
}

fn check_escalation(
    name: &str,
    span: Span,
    raw: &RawRules,
    known: &Known<'_>,
    reach: Option<&Reach<'_>>,
    errors: &mut Vec<Error>,
) -> Option<Escalation> {
    let (after, listed) = match (&raw.escalate_after, &raw.escalate_to) {
        (None, None) => return None,
        (Some(after), Some(to)) if !to.value.is_empty() => (after.0, to),
        _ => {
            let message = format!("policy `{name}`: escalate_after and a non-empty escalate_to go together");
            errors.push(problem(message, span));
            return None;
        }
    };
    let to = known.resolve(&format!("policy `{name}`"), "escalate_to", &listed.value, errors)?;
    if to.is_empty() {
        let message = format!("policy `{name}`: escalate_to has nobody in it, so nobody would be called in");
        errors.push(problem(message, listed.span));
    } else if reach.is_some_and(|reach| reach.misses(&to).len() == to.len()) {
        let message = format!("policy `{name}`: nobody in escalate_to could ever decide: {UNREACHABLE}");
        errors.push(problem(message, listed.span));
    }
    Some(Escalation { after, to })
}

fn check_conversations(
    name: &str,
    raw: BTreeMap<Platform, Name>,
    errors: &mut Vec<Error>,
) -> BTreeMap<Platform, String> {
    for Chat { platform, conversation: IdKind { key, is, looks }, .. } in &CHATS {
        if let Some(Name { text, span }) = raw.get(platform).filter(|conversation| !is(&conversation.text)) {
            errors.push(problem(format!("policy `{name}`: {key}: `{text}` is not {looks}"), *span));
        }
    }
    raw.into_iter().map(|(platform, name)| (platform, name.text)).collect()
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

fn check_quorum(
    name: &str,
    approvers: Option<&[Person]>,
    raw: &RawRules,
    reach: Option<&Reach<'_>>,
    errors: &mut Vec<Error>,
) {
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
        Some(people) => {
            let missed = reach.map(|reach| reach.misses(people)).unwrap_or_default();
            let (required, there) = (raw.required, people.len() - missed.len());
            if required > there {
                let who = missed.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
                let message = format!(
                    "policy `{name}`: required is {required}, the approvers who could ever decide are {there}; \
                     of {who}, {UNREACHABLE}"
                );
                errors.push(problem(message, raw.approvers_span));
            }
        }
        None => {}
    }
}
