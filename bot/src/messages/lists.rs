//! Short lists of approvals, for those who ask in chat what waits.

use super::answers;
use super::dialect::Dialect;
use super::links;
use crate::approval::record::Approval;
use crate::approval::state::Status;
use crate::links::Links;

const TITLE_MAX: usize = 150;

/// What waits for a person's decision, and what they have asked for, each with the way to its card.
pub fn of_person(waiting: &[Approval], raised: &[Approval], links: &Links, dialect: Dialect) -> String {
    let head = match waiting.len() {
        0 => "Nothing waits for your decision.".to_owned(),
        1 => "1 request waits for your decision:".to_owned(),
        count => format!("{count} requests wait for your decision:"),
    };
    let list =
        |approvals: &[Approval]| approvals.iter().map(|approval| entry(approval, links, dialect)).collect::<String>();
    let asked = if raised.is_empty() { String::new() } else { format!("{}You asked for:", dialect.paragraph()) };
    head + &list(waiting) + &asked + &list(raised)
}

/// One approval: how far it is while it is open, and else how it ended.
fn entry(approval: &Approval, links: &Links, dialect: Dialect) -> String {
    let title = dialect.text(&approval.request.title, TITLE_MAX);
    let card = links::to_card(approval, links, dialect).map(|url| format!(" ({})", dialect.link(&url, "open")));
    let standing = match approval.status() {
        Status::Pending => answers::progress(approval, dialect),
        status => status.as_str().to_owned(),
    };
    let (start, card) = (dialect.paragraph().to_owned() + dialect.bullet(), card.unwrap_or_default());
    format!("{start}{title}{card} · {standing}")
}
