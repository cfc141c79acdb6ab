//! Quorums that can be met: by enough people, by those who sit on each seat, and by others than those of the policies that
//! one is kept apart from.

use std::collections::{BTreeMap, BTreeSet};

use toml_span::{Error, Span, Spanned};

use super::known::{APPROVERS_MAX, Known, Reach, UNREACHABLE};
use super::problem;
use super::raw::quorum::{RawQuorum, RawSeats};
use super::raw::{Name, RawRules};
use crate::approval::ids::PersonId;
use crate::approval::policy::{Person, RequesterUse, Rules};
use crate::approval::seats::{Seats, fillable};

/// More do not fit into the line that says who fills which.
const SEATS_MAX: usize = 5;
/// Who may fill a seat is part of every record for each kind of seats, so there are fewer people than without seats.
pub(super) const SEATED_MAX: usize = 80;
/// Each of them counted in each kind of seats.
const SEATED_TOGETHER_MAX: usize = 160;
/// Whoever decides is told with their seat, and the output of a task has its limit.
const FROM_MAX: usize = 100;

/// Who must approve, with groups resolved to people.
pub(super) struct Quorum {
    pub(super) approvers: Vec<Person>,
    pub(super) required: usize,
    pub(super) seats: Vec<Seats>,
}

/// Reads who must approve; what is wrong with it goes on the list.
pub(super) fn check(
    name: &str,
    raw: &RawRules,
    known: &Known<'_>,
    reach: Option<&Reach<'_>>,
    errors: &mut Vec<Error>,
) -> Option<Quorum> {
    match &raw.quorum {
        RawQuorum::Of { approvers: listed, required } => {
            let (required, required_span) =
                required.as_ref().map_or((1, listed.span), |found| (found.value, found.span));
            let approvers = known.resolve(&format!("policy `{name}`"), "approvers", &listed.value, errors);
            if required == 0 {
                errors.push(problem(format!("policy `{name}`: required is at least 1"), required_span));
            }
            let approvers = approvers?;
            check_count(name, &approvers, (required, required_span), listed.span, reach, errors);
            Some(Quorum { approvers, required, seats: Vec::new() })
        }
        RawQuorum::Seats(listed) => check_seats(name, listed, known, reach, errors),
    }
}

fn check_count(
    name: &str,
    approvers: &[Person],
    (required, required_span): (usize, Span),
    approvers_span: Span,
    reach: Option<&Reach<'_>>,
    errors: &mut Vec<Error>,
) {
    let missed = reach.map(|reach| reach.misses(approvers)).unwrap_or_default();
    let (listed, there) = (approvers.len(), approvers.len() - missed.len());
    if approvers.is_empty() {
        let message = format!("policy `{name}`: approvers has nobody in it, so nobody could ever approve");
        errors.push(problem(message, approvers_span));
    } else if listed > APPROVERS_MAX {
        let message = format!("policy `{name}`: {listed} distinct approvers, at most {APPROVERS_MAX}");
        errors.push(problem(message, approvers_span));
    } else if required > listed {
        let message = format!("policy `{name}`: required is {required}, the distinct approvers are {listed}");
        errors.push(problem(message, required_span));
    } else if required > there {
        let message = format!(
            "policy `{name}`: required is {required}, the approvers who could ever decide are {there}; of {}, {UNREACHABLE}",
            quoted(&missed)
        );
        errors.push(problem(message, approvers_span));
    }
}

fn check_seats(
    name: &str,
    listed: &Spanned<Vec<RawSeats>>,
    known: &Known<'_>,
    reach: Option<&Reach<'_>>,
    errors: &mut Vec<Error>,
) -> Option<Quorum> {
    let before = errors.len();
    let there = listed.value.len();
    if there == 0 || there > SEATS_MAX {
        errors.push(problem(format!("policy `{name}`: seats has {there} entries, 1 to {SEATS_MAX}"), listed.span));
    }
    let mut people: Vec<Person> = Vec::new();
    let mut seats = Vec::new();
    for raw in &listed.value {
        let from: Vec<String> = raw.from.iter().map(|name| name.text.clone()).collect();
        let Some(found) = known.resolve(&format!("policy `{name}`"), "seats", &raw.from, errors) else { continue };
        let keys: Vec<&str> = from.iter().map(String::as_str).collect();
        let length: usize = from.iter().map(|key| key.chars().count()).sum();
        if length > FROM_MAX {
            let message = format!("policy `{name}`: seats: from has {length} characters, at most {FROM_MAX}");
            errors.push(problem(message, raw.span));
        }
        if raw.count == 0 {
            errors.push(problem(format!("policy `{name}`: seats: count is at least 1"), raw.span));
        } else if raw.count > found.len() {
            let (count, from, there) = (raw.count, quoted(&keys), found.len());
            let message =
                format!("policy `{name}`: seats: count is {count}, the distinct people of {from} are {there}");
            errors.push(problem(message, raw.span));
        }
        seats.push(Seats { from, people: found.iter().map(|person| person.id.clone()).collect(), count: raw.count });
        people.extend(found);
    }
    if people.len() > SEATED_TOGETHER_MAX {
        let there = people.len();
        let message =
            format!("policy `{name}`: seats have {there} people, each counted in each, at most {SEATED_TOGETHER_MAX}");
        errors.push(problem(message, listed.span));
    }
    let mut known_already = BTreeSet::new();
    people.retain(|person| known_already.insert(person.id.clone()));
    if people.len() > SEATED_MAX {
        let message = format!("policy `{name}`: {} distinct people in seats, at most {SEATED_MAX}", people.len());
        errors.push(problem(message, listed.span));
    }
    if errors.len() > before {
        return None;
    }
    let required = seats.iter().map(|seats| seats.count).sum();
    let missed = reach.map(|reach| reach.misses(&people)).unwrap_or_default();
    let ids = || people.iter().map(|person| &person.id);
    let (all, reachable) =
        (fillable(&seats, ids()), fillable(&seats, ids().filter(|person| !missed.contains(&person.as_str()))));
    if reachable < required {
        let message = format!("policy `{name}`: seats are {required}, each for somebody else, and at most {reachable}");
        let why = if all < required { String::new() } else { format!("; of {}, {UNREACHABLE}", quoted(&missed)) };
        errors.push(problem(format!("{message} could ever be filled{why}"), listed.span));
    }
    Some(Quorum { approvers: people, required, seats })
}

/// Says if seats could be filled for nobody who may ask, since whoever asks fills none.
pub(super) fn check_requesters(rules: &Rules, known: &Known<'_>, span: Span, errors: &mut Vec<Error>) {
    let is_filled_for = |requester| rules.fillable(rules.eligible(Some(requester))) >= rules.required;
    let is_fillable = rules.fillable(&rules.approvers) >= rules.required;
    let may_only_be_asked_by_people = !rules.self_approval && rules.requester == RequesterUse::Known;
    if !rules.seats.is_empty() && is_fillable && may_only_be_asked_by_people && !known.people.keys().any(is_filled_for)
    {
        let message = "whoever asks fills none of the seats, and there is nobody for whom the others could fill all";
        errors.push(problem(format!("policy `{}`: {message}", rules.name), span));
    }
}

/// Keeps policies apart, in both directions: who has approved under one does not count under the other, whichever comes
/// first. What cannot be kept apart goes on the list.
pub(super) fn keep_apart(
    listed: Vec<(String, Vec<Name>)>,
    names: &BTreeSet<String>,
    rules: &mut BTreeMap<String, Rules>,
    errors: &mut Vec<Error>,
) {
    for (name, others) in listed {
        for Name { text: other, span } in others {
            if other == name {
                let message = format!("policy `{name}`: distinct_from names the policy itself");
                errors.push(problem(message, span));
                continue;
            }
            if !names.contains(&other) {
                let message = format!("policy `{name}`: distinct_from names `{other}`, which is no policy");
                errors.push(problem(message, span));
                continue;
            }
            let (Some(one), Some(another)) = (rules.get(&name), rules.get(&other)) else { continue };
            let (needed, there) = (one.required + another.required, together(one, another));
            if there < needed {
                let message = format!("`{other}` is for other people: both need {needed}, and at most {there}");
                errors.push(problem(format!("policy `{name}`: distinct_from: {message} could be found"), span));
            }
            for (one, another) in [(&name, &other), (&other, &name)] {
                if let Some(rules) = rules.get_mut(one) {
                    rules.distinct_from.insert(another.clone());
                }
            }
        }
    }
}

/// How many people two policies could find together, each one for one of them.
fn together(one: &Rules, another: &Rules) -> usize {
    let seats = [one.quorum(), another.quorum()].concat();
    let people: BTreeSet<&PersonId> = one.approvers.iter().chain(&another.approvers).map(|person| &person.id).collect();
    fillable(&seats, people)
}

fn quoted(keys: &[&str]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
