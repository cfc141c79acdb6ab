//! What is said when somebody has approved alone in an emergency: on every card, in notes and mails, and to whoever does it
//! or acknowledges it.

use super::dialect::Dialect;
use super::names::{addressed, named, names};
use crate::approval::break_glass::{Acknowledgement, GlassRefusal};
use crate::approval::limits;
use crate::approval::policy::Person;
use crate::approval::record::Approval;

/// A reason is told no longer than this in a note; the card has it whole, as far as there is room.
const REASON_MAX: usize = 300;
/// What an input is called is told no longer than this.
const LABEL_MAX: usize = 70;

/// Who has broken the glass, who has acknowledged it, and else what is to be done, as text with times and names that are
/// safe for their place; nothing where nobody has. What has to be typed comes last.
pub fn mark(approval: &Approval, dialect: Dialect) -> Option<String> {
    let (broken, standing) = (broken(approval, dialect)?, acknowledged(approval, dialect));
    Some(format!("{} {}", dialect.strong(&broken), standing.unwrap_or_else(|| wanted(approval, dialect))))
}

/// That somebody has broken the glass.
fn broken(approval: &Approval, dialect: Dialect) -> Option<String> {
    let vote = approval.glass_breaker()?;
    let (name, at) = (dialect.text(&named(&vote.name)), dialect.when(vote.at));
    Some(format!("Glass broken: {name} approved this alone, {at}."))
}

/// That it is acknowledged.
fn acknowledged(approval: &Approval, dialect: Dialect) -> Option<String> {
    let Acknowledgement { name, told, .. } = approval.broken_glass.as_ref()?.acknowledged.as_ref()?;
    Some(format!("Acknowledged by {}, {}.", dialect.text(&named(name)), dialect.when(told.at)))
}

/// What those who may acknowledge it can do.
fn wanted(approval: &Approval, dialect: Dialect) -> String {
    let command = dialect.code(&format!("{} acknowledge {}", dialect.approvals_command(), approval.id));
    format!("Another approver has to acknowledge it: {command}")
}

/// Told beside a card to all approvers, with the reason.
pub fn note(approval: &Approval, dialect: Dialect, address: impl Fn(&Person) -> String) -> String {
    let breaker = approval.glass_breaker();
    let people: Vec<String> =
        breaker.into_iter().flat_map(|vote| approval.acknowledgers(&vote.person)).map(address).collect();
    let broken = dialect.strong(&broken(approval, dialect).unwrap_or_default());
    let reason = breaker
        .and_then(|vote| vote.comment.as_deref())
        .map(|reason| format!("{}{}", dialect.paragraph(), dialect.quotation(reason, REASON_MAX)));
    let wanted = format!("{}{}", dialect.paragraph(), wanted(approval, dialect));
    format!("{}{broken}{}{wanted}", addressed(people), reason.unwrap_or_default())
}

/// Told to those who may acknowledge it, day after day.
pub fn reminder(approval: &Approval, dialect: Dialect, address: impl Fn(&Person) -> String) -> String {
    let people = approval.awaited_acknowledgers().into_iter().map(address).collect();
    format!("{}{}", addressed(people), mark(approval, dialect).unwrap_or_default())
}

/// How whoever may break the glass does it.
pub fn offer(approval: &Approval, dialect: Dialect) -> String {
    let command = dialect.code(&format!("{} break-glass {} REASON", dialect.approvals_command(), approval.id));
    format!("In an emergency you may approve it alone, and everybody is told: {command}")
}

/// What has become of an approval that somebody has made alone, which stands as these words say.
pub fn done(approval: &Approval, standing: &str, dialect: Dialect) -> String {
    format!("You have broken the glass, and all approvers are told. {standing} {}", wanted(approval, dialect))
}

/// That an acknowledgement is recorded.
pub fn thanks(approval: &Approval, dialect: Dialect) -> String {
    format!("Recorded. {}", mark(approval, dialect).unwrap_or_default())
}

/// That it is not known whether anything was recorded, and what to do.
pub fn not_recorded() -> String {
    "That could not be confirmed just now. Please try again in a moment; it counts only once.".to_owned()
}

/// Why somebody could not break the glass, or acknowledge it.
pub(super) fn refusal(refusal: &GlassRefusal, dialect: Dialect) -> String {
    match refusal {
        GlassRefusal::MayNotBreak => "The policy does not let you approve this alone.".to_owned(),
        GlassRefusal::NeedsReason => {
            let command = format!("{} break-glass ID REASON", dialect.approvals_command());
            format!("Whoever breaks the glass says why: {}", dialect.code(&command))
        }
        GlassRefusal::NobodyToAcknowledge => {
            "Nobody else could acknowledge it, so you cannot approve this alone.".to_owned()
        }
        GlassRefusal::CannotAnswer(lacking) => {
            let inputs: Vec<String> =
                lacking.inputs.iter().map(|input| format!("“{}”", limits::excerpt(&input.label, LABEL_MAX))).collect();
            format!(
                "You cannot approve this alone: whoever approves has to answer {}, and no command takes an answer.",
                dialect.text(&names(&inputs, "and"))
            )
        }
        GlassRefusal::Own => "You have broken the glass yourself, so somebody else has to acknowledge it.".to_owned(),
        GlassRefusal::MayNotAcknowledge { approvers } => {
            format!("You cannot acknowledge this. It waits for {}.", dialect.text(&names(approvers, "or")))
        }
        GlassRefusal::AlreadyAcknowledged { by, at } => {
            format!("{} has acknowledged this, {}.", dialect.text(&named(by)), dialect.when(*at))
        }
        GlassRefusal::NotBroken => {
            "Nobody has broken the glass on this request, so there is nothing to acknowledge.".to_owned()
        }
    }
}
