//! One approval, explained to one person: how it stands, who said what, and what they may do about it.

use super::answers;
use super::dialect::Dialect;
use super::{links, notes};
use crate::approval::explain::{Explanation, Standing};
use crate::approval::policy::Person;
use crate::approval::record::{Approval, Vote};
use crate::approval::state::State;
use crate::links::Links;

const TITLE_MAX: usize = 150;
const NAME_MAX: usize = 100;
/// More people than this are counted, not named.
const NAMED_MAX: usize = 20;
/// More votes than this are counted, not listed.
const VOTES_LISTED: usize = 10;

/// The explanation, a line for each thing that it says. Without links there is no card yet.
pub fn text(approval: &Approval, explanation: &Explanation<'_>, links: Option<&Links>, dialect: Dialect) -> String {
    let title = dialect.strong(&dialect.text(&approval.request.title, TITLE_MAX));
    let card = links.and_then(|links| links::to_card(approval, links, dialect));
    let card = card.map(|url| format!(" ({})", dialect.link(&url, "open")));
    let mut lines = vec![answers::standing(approval, dialect)];
    lines.extend(links::to_successor(approval, dialect));
    if approval.state == State::Pending {
        lines.push(answers::progress(approval, dialect));
    }
    let skipped = approval.votes.len().saturating_sub(VOTES_LISTED);
    lines.extend((skipped > 0).then(|| format!("{skipped} earlier votes are on the card")));
    lines.extend(approval.votes.iter().skip(skipped).map(|vote| said(vote, dialect)));
    if !explanation.could_decide.is_empty() {
        lines.push(format!("Could still decide: {}", listed(&explanation.could_decide, dialect)));
    }
    if let Some((at, people)) = &explanation.called_in {
        lines.push(format!("From {} on also: {}", dialect.when(*at), listed(people, dialect)));
    }
    lines.push(standing(&explanation.standing, dialect));
    if explanation.may_cancel {
        let (_, prefix) = dialect.approvals_commands();
        let command = dialect.code(&format!("{prefix}cancel {}", approval.id));
        lines.push(format!("You asked for it, and may take it back: {command}"));
    }
    let lines = lines.iter().map(|line| format!("{}{}{line}", dialect.paragraph(), dialect.bullet()));
    format!("{title}{}{}", card.unwrap_or_default(), lines.collect::<String>())
}

fn said(vote: &Vote, dialect: Dialect) -> String {
    let name = dialect.text(&vote.name, NAME_MAX);
    let (what, place, at) = (answers::past(vote.verdict), vote.platform.as_place(), dialect.when(vote.at));
    format!("{name} {what} {place}, {at}{}", notes::comment(vote, dialect).unwrap_or_default())
}

fn listed(people: &[&Person], dialect: Dialect) -> String {
    let named = people.iter().take(NAMED_MAX).map(|person| dialect.text(&person.name, NAME_MAX)).collect::<Vec<_>>();
    let more = people.len().saturating_sub(NAMED_MAX);
    if more > 0 { format!("{} and {more} more", named.join(", ")) } else { answers::names(&named, "and") }
}

fn standing(standing: &Standing, dialect: Dialect) -> String {
    match standing {
        Standing::MayDecide => "You may approve or reject it.".to_owned(),
        Standing::HasApproved { at } => format!("You approved it, {}, and may still reject it.", dialect.when(*at)),
        Standing::MayNot(refusal) => answers::refusal(refusal, dialect),
    }
}
