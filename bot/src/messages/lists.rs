//! Short lists of approvals, for those who ask in chat what waits.

use super::answers::{self, Dialect};
use crate::app::Links;
use crate::approval::record::{Approval, MessageRef};

const TITLE_MAX: usize = 150;

/// What waits for a person's decision, each with the way to its card.
pub fn waiting(approvals: &[Approval], links: &Links, dialect: Dialect) -> String {
    let head = match approvals.len() {
        0 => return "Nothing waits for your decision.".to_owned(),
        1 => "1 request waits for your decision:".to_owned(),
        count => format!("{count} requests wait for your decision:"),
    };
    let lines = approvals.iter().map(|approval| {
        let title = dialect.text(&approval.request.title, TITLE_MAX);
        let card = dialect.link(&card_link(approval, links, dialect), "open");
        let progress = answers::progress(approval, |at| dialect.when(at));
        format!("{}{}{title} ({card}) · {progress}", dialect.paragraph(), dialect.bullet())
    });
    head + &lines.collect::<String>()
}

/// The address of the card: the one of this platform if there is one, else any, else the page of the execution.
fn card_link(approval: &Approval, links: &Links, dialect: Dialect) -> String {
    let cards = || approval.copies.iter().filter(|copy| !copy.lost);
    let is_near = |message: &MessageRef| match dialect {
        Dialect::Slack => matches!(message, MessageRef::Slack { .. }),
        Dialect::Teams => matches!(message, MessageRef::Teams { .. }),
        Dialect::Plain => false,
    };
    let near = cards().filter(|copy| is_near(&copy.message)).find_map(|copy| address(&copy.message));
    let card = near.or_else(|| cards().find_map(|copy| address(&copy.message)));
    card.unwrap_or_else(|| links.execution(&approval.request.execution))
}

/// The address of a message: Slack's permalink without the workspace, which Slack fills in for whoever is signed in
/// to one, and the deep link of Teams (Microsoft Learn, deep link to a chat message).
fn address(message: &MessageRef) -> Option<String> {
    match message {
        MessageRef::Slack { channel, ts } => {
            Some(format!("https://slack.com/archives/{channel}/p{}", ts.replace('.', "")))
        }
        MessageRef::Teams { conversation, activity } => {
            Some(format!("https://teams.microsoft.com/l/message/{conversation}/{activity}"))
        }
        MessageRef::Email { .. } => None,
    }
}
