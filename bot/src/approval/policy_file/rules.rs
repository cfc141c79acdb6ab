//! Looks up the names of the rules of a policy.

use std::collections::{BTreeMap, BTreeSet};

use toml_span::{Error, Span};

use super::known::{APPROVERS_MAX, Known, Reach, UNREACHABLE};
use super::raw::{Name, Named, RawQuietHours, RawRules};
use super::{break_glass, calling, delegates, problem, quorum};
use crate::approval::identities::{CHATS, Chat, IdKind};
use crate::approval::names::comparable;
use crate::approval::place::Platform;
use crate::approval::policy::{Escalation, QuietHours, RequesterUse, Rules};

/// More are noise in the thread, and each is part of the record.
const REMINDERS_MAX: usize = 20;
/// It is part of every record and of every event.
const NAME_MAX: usize = 100;
/// More are no summary of how an execution ended.
const SHOWN_MAX: usize = 10;

/// Reads the rules of a policy; what is wrong with them goes on the list.
pub(super) fn check_rules(
    entry: Named<RawRules>,
    known: &Known<'_>,
    errors: &mut Vec<Error>,
) -> Option<(String, Rules)> {
    let Named { name, span, value } = entry;
    let raw = value?;
    let reach = Reach::of(&raw, known);
    let quorum = quorum::check(&name, &raw, known, reach.as_ref(), errors);
    let escalation = check_escalation(&name, span, &raw, known, reach.as_ref(), errors);
    let called_in = escalation.iter().flat_map(|escalation| &escalation.to);
    let people: BTreeSet<_> =
        quorum.iter().flat_map(|quorum| &quorum.approvers).chain(called_in).map(|person| &person.id).collect();
    let has_seats = quorum.as_ref().is_some_and(|quorum| !quorum.seats.is_empty());
    let limits = [
        (
            if escalation.is_some() { people.len() } else { 0 },
            if has_seats { quorum::SEATED_MAX } else { APPROVERS_MAX },
            if has_seats { "people in seats and escalate_to" } else { "people in approvers and escalate_to" },
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
    let conversations = check_conversations(&name, raw.conversations, errors);
    let requester = raw.requester.unwrap_or(by_default);
    let approvers = quorum.as_ref().map(|quorum| quorum.approvers.as_slice());
    let all = (approvers, escalation.as_ref());
    let delegates = raw.delegates.as_ref();
    let delegates = delegates.map(|listed| delegates::check(&name, listed, all, known, reach.as_ref(), errors));
    let break_glass =
        raw.break_glass.as_ref().map(|raw| break_glass::check(&name, raw, approvers, requester, known, errors));
    let break_glass = break_glass.unwrap_or_default();
    let calling = calling::check(&name, &raw.calling, approvers, known, errors);
    let quorum = quorum?;
    let mut rules = Rules {
        conversations,
        name: name.clone(),
        approvers: quorum.approvers,
        groups: Vec::new(),
        required: quorum.required,
        seats: quorum.seats,
        distinct_from: BTreeSet::new(),
        self_approval: raw.self_approval,
        requester,
        callers: raw.callers,
        reason_on_reject: raw.reason_on_reject,
        returns: raw.returns,
        remind_after: remind_after.into_iter().collect(),
        quiet_hours,
        escalation,
        email: raw.email,
        calling,
        give_up_after: raw.give_up_after.map(|duration| duration.0),
        show_result: raw.show_result,
        delegates: delegates.unwrap_or_default(),
        break_glass: break_glass.iter().map(|person| person.id.clone()).collect(),
        glass_breakers: BTreeMap::new(),
    };
    let others = break_glass.iter().filter(|person| !rules.ever_ask(&person.id) && rules.person(&person.id).is_none());
    rules.glass_breakers = others.map(|person| (person.id.clone(), person.fingerprint())).collect();
    quorum::check_requesters(&rules, known, span, errors);
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
