//! Short lists of approvals, for those who ask in chat what waits.

use super::answers;
use super::dialect::Dialect;
use super::{break_glass, claims, links};
use crate::approval::limits;
use crate::approval::record::Approval;
use crate::approval::state::Status;
use crate::links::Links;

/// The two lists together take no more than this: a message of Slack, with room for what is around them. No title is cut
/// for it, so fewer approvals are listed where titles are long.
const LISTS_MAX: usize = limits::slack::MESSAGE_MAX - 1_200;
/// What an approval takes beside its words, for their style, the link and the time.
const ENTRY_COST: usize = 150;

/// More people than this are counted, not named.
const NEEDED_MAX: usize = 3;

/// What waits for a person's decision or acknowledgement, and what they have asked for, each with the way to its card.
pub fn of_person(
    waiting: &[Approval],
    unacknowledged: &[Approval],
    raised: &[Approval],
    links: &Links,
    dialect: Dialect,
) -> String {
    let head = match waiting.len() {
        0 => "Nothing waits for your decision.".to_owned(),
        1 => "1 request waits for your decision:".to_owned(),
        count => format!("{count} requests wait for your decision:"),
    };
    let broken = if unacknowledged.is_empty() {
        String::new()
    } else {
        format!("{}The glass was broken, and waits for your acknowledgement:", dialect.paragraph())
    };
    let (unacknowledged, taken_by_broken) = list(unacknowledged, LISTS_MAX / 3, links, dialect);
    let (waiting, taken) = list(waiting, (LISTS_MAX - taken_by_broken) / 2, links, dialect);
    let (raised, _) = list(raised, LISTS_MAX - taken_by_broken - taken, links, dialect);
    let asked = if raised.is_empty() { String::new() } else { format!("{}You asked for:", dialect.paragraph()) };
    head + &waiting + &broken + &unacknowledged + &asked + &raised
}

/// As many of the first as fit, and what they take; the others are counted.
fn list(approvals: &[Approval], max: usize, links: &Links, dialect: Dialect) -> (String, usize) {
    let (mut list, mut taken) = (String::new(), 0);
    for (listed, approval) in approvals.iter().enumerate() {
        let entry = entry(approval, links, dialect);
        let cost = ENTRY_COST + limits::cost(&entry);
        if taken + cost > max {
            let more = approvals.len() - listed;
            return (list + &format!("{}{}and {more} more", dialect.paragraph(), dialect.bullet()), taken);
        }
        list += &entry;
        taken += cost;
    }
    (list, taken)
}

/// One approval: while it is open how far it is and who is needed, and else how it ended and when.
fn entry(approval: &Approval, links: &Links, dialect: Dialect) -> String {
    let title = dialect.text(&approval.request.title);
    let card = links::to_card(approval, links, dialect).map(|url| format!(" ({})", dialect.link(&url, "see it")));
    let mark = if approval.awaits_acknowledgement() { break_glass::mark(approval, dialect) } else { None };
    let standing = match (approval.status(), approval.ended_at()) {
        (_, Some(_)) if mark.is_some() => mark.unwrap_or_default(),
        (Status::Pending, _) => {
            let claimed = claims::line(approval, dialect).map(|line| format!(" · {line}")).unwrap_or_default();
            format!("{} · {}{claimed}", answers::progress(approval, dialect), needed(approval, dialect))
        }
        (status, Some(at)) => format!("{}, {}", status.as_str(), dialect.when(at)),
        (status, None) => status.as_str().to_owned(),
    };
    let (start, card) = (dialect.paragraph().to_owned() + dialect.bullet(), card.unwrap_or_default());
    format!("{start}{title}{card} · {} · {standing}", dialect.code(approval.id.as_str()))
}

/// Those who could still decide.
fn needed(approval: &Approval, dialect: Dialect) -> String {
    let names: Vec<String> = approval.silent().map(|person| person.name.clone()).collect();
    format!("waits for {}", dialect.text(&answers::names_up_to(NEEDED_MAX, &names, "or")))
}
