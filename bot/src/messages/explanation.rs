//! One approval, explained to one person: how it stands, who said what, and what they may do about it.

use super::answers::{self, IN_THEIR_WORDS, Requester};
use super::dialect::Dialect;
use super::escape::{one_line, visible};
use super::{away, break_glass, claims, commands, links, notes, returning, risk, since};
use crate::approval::break_glass::GlassRefusal;
use crate::approval::explain::{Explanation, Standing};
use crate::approval::fields::Field;
use crate::approval::limits;
use crate::approval::live_groups::AskedGroup;
use crate::approval::policy::Person;
use crate::approval::record::{Approval, Vote};
use crate::approval::request::{Fact, Request};
use crate::approval::since::Since;
use crate::approval::state::State;
use crate::approval::transitions::decide::Refusal;
use crate::links::Links;

/// More people than this are counted, not named.
const NAMED_MAX: usize = 20;
/// The latest votes are listed, as far as they cost no more than this; those before them are counted.
const VOTES_MAX: usize = 1_500;
/// What an input takes is told no longer than this.
const INPUT_MAX: usize = 250;

/// The explanation, a line for each thing that it says. Without links there is no card yet.
pub fn text(approval: &Approval, explanation: &Explanation<'_>, links: Option<&Links>, dialect: Dialect) -> String {
    let title = dialect.strong(&dialect.text(&approval.request.title));
    let card = links.and_then(|links| links::to_card(approval, links, dialect));
    let card = card.map(|url| format!(" ({})", dialect.link(&url, "see it")));
    let mut lines = vec![answers::standing(approval, dialect)];
    let requester = Requester::of(approval).line(|name| dialect.text(name));
    lines.extend(break_glass::mark(approval, dialect));
    lines.push(format!("Requested by {requester}"));
    lines.extend(links::to_successor(approval, dialect));
    lines.extend(approval.request.risk.map(|risk| risk::mark(risk).to_owned()));
    lines.extend(asked(&approval.request, dialect));
    lines.extend(details(&approval.request));
    lines.extend(approval.shown_since().map(|since| changed(since, dialect)));
    lines.extend(inputs(&approval.request, dialect));
    if approval.state == State::Pending {
        lines.push(answers::progress(approval, dialect));
    }
    if let Some(people) = answers::narrowed_to(approval, answers::NAME_MAX) {
        lines.push(format!("Only {} may decide: the request narrows whom the policy allows", dialect.text(&people)));
    }
    lines.extend(approval.rules.groups.iter().map(|group| asked_group(approval, group, dialect)));
    let said = |vote, comment_max| said(approval, vote, comment_max, dialect);
    let listed_votes = notes::latest(approval.votes.iter(), VOTES_MAX, said, |said| limits::cost(said));
    lines.extend(notes::earlier(approval.votes.len() - listed_votes.len()));
    lines.extend(listed_votes);
    if !explanation.could_decide.is_empty() {
        lines.push(format!("Could still decide: {}", listed(&explanation.could_decide, dialect)));
    }
    if !explanation.called.is_empty() {
        lines.push(format!("Called when it is asked: {}", listed(&explanation.called, dialect)));
    }
    if !explanation.not_called.is_empty() {
        lines.push(format!("May decide without being called: {}", listed(&explanation.not_called, dialect)));
    }
    lines.extend(away::line(approval).map(|line| dialect.text(&line)));
    lines.extend(claims::line(approval, dialect));
    if let Some((at, people)) = &explanation.called_in {
        lines.push(format!("From {} on also: {}", dialect.when(*at), listed(people, dialect)));
    }
    lines.push(policy(approval, dialect));
    lines.push(format!("Content: {}", dialect.code(&approval.content_hash().short())));
    lines.push(standing(approval, &explanation.standing, dialect));
    lines.extend(away::for_whom(&explanation.stands_for, dialect));
    match &explanation.may_break_glass {
        Ok(()) => lines.push(break_glass::offer(approval, dialect)),
        Err(refusal @ Refusal::Glass(GlassRefusal::CannotAnswer(_))) => lines.push(answers::refusal(refusal, dialect)),
        Err(_) => {}
    }
    if explanation.may_cancel {
        let command = dialect.code(&format!("{} cancel {}", dialect.approvals_command(), approval.id));
        lines.push(format!("You asked for it, and may take it back: {command}"));
    }
    let lines = lines.iter().map(|line| format!("{}{}{line}", dialect.paragraph(), dialect.bullet()));
    format!("{title}{}{}", card.unwrap_or_default(), lines.collect::<String>())
}

/// The facts and links, set apart since they could read like lines of ours.
fn asked(request: &Request, dialect: Dialect) -> Option<String> {
    let under = |depth: usize, line: String| {
        format!("{}{}{}{line}", dialect.paragraph(), "    ".repeat(depth), dialect.bullet())
    };
    let fact = |fact: &Fact| {
        let name = dialect.text(&visible(one_line(&fact.name)));
        let items: String = fact.value.items().map(|item| under(2, dialect.text(&item))).collect();
        let value = if items.is_empty() { format!(" {}", fact.value.shown(|text| dialect.text(text))) } else { items };
        under(1, format!("{name}:{value}"))
    };
    let links = request.links.iter().map(|link| under(1, links::of_request(link, dialect)));
    let lines: String = request.facts.iter().map(fact).chain(links).collect();
    (!lines.is_empty()).then(|| format!("{IN_THEIR_WORDS}{lines}"))
}

/// What has changed since the request that it follows.
fn changed(since: &Since, dialect: Dialect) -> String {
    let between = format!("{}    {}", dialect.paragraph(), dialect.bullet());
    since::lines(since, since.changes.len(), dialect).join(&between)
}

/// That there is more to read than fits among these lines.
fn details(request: &Request) -> Option<String> {
    match request.details.len() {
        0 => None,
        1 => Some("It has 1 detail, which its cards and mails show".to_owned()),
        count => Some(format!("It has {count} details, which its cards and mails show")),
    }
}

/// What whoever approves is asked for, with what each input takes.
fn inputs(request: &Request, dialect: Dialect) -> Option<String> {
    let input = |field: &Field| {
        let optional = if field.required { "" } else { ", may be left out" };
        let takes = dialect.excerpt(&format!("“{}”: {}", field.label, commands::takes(field)), INPUT_MAX);
        format!("{}    {}{takes}{optional}", dialect.paragraph(), dialect.bullet())
    };
    let lines: String = request.fields().map(input).collect();
    (!lines.is_empty()).then(|| format!("Whoever approves is asked for:{lines}"))
}

fn said(approval: &Approval, vote: &Vote, comment_max: usize, dialect: Dialect) -> String {
    let name = dialect.text(&answers::who(approval, vote));
    let (what, place, at) = (answers::did(vote.verdict), vote.platform.as_place(), dialect.when(vote.at));
    format!("{name} {what} {place}, {at}{}", notes::words(&approval.request, vote, comment_max, dialect))
}

/// Who was in a group whose members a chat says, when it was asked.
fn asked_group(approval: &Approval, group: &AskedGroup, dialect: Dialect) -> String {
    let people: Vec<&Person> = group.people.iter().filter_map(|id| approval.rules.asked(id)).collect();
    let more = group.count.saturating_sub(group.people.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let (name, people) = (dialect.text(&group.name), listed(&people, dialect) + &more);
    match &group.fallback {
        None => format!("In the group {name} when it was asked: {people}"),
        Some(fallback) => format!(
            "Nobody could say who is in the group {name}, so the group {} decides in its place: {people}",
            dialect.text(fallback)
        ),
    }
}

/// The rules that it goes by, which are those that were in force when it was raised.
fn policy(approval: &Approval, dialect: Dialect) -> String {
    let version = approval.policy_version.map(|number| format!(", version {number}")).unwrap_or_default();
    format!("Policy: {}{version}", dialect.text(&approval.rules.name))
}

fn listed(people: &[&Person], dialect: Dialect) -> String {
    let names: Vec<String> = people.iter().map(|person| person.name.clone()).collect();
    dialect.text(&answers::names_up_to(NAMED_MAX, &names, "and"))
}

fn standing(approval: &Approval, standing: &Standing, dialect: Dialect) -> String {
    let rules = &approval.rules;
    match standing {
        Standing::MayDecide => returning::choices(rules).to_owned(),
        Standing::HasApproved { at } => {
            format!("You approved it, {}, and {}.", dialect.when(*at), returning::choices_left(rules))
        }
        Standing::MayReject(refusal) | Standing::MayNot(refusal) => answers::refusal(refusal, dialect),
    }
}
