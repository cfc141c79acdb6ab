//! What is said to one person about their own command.

use jiff::Timestamp;

use super::escape;
use crate::approval::decide::{COMMENT_MAX, Refusal};
use crate::approval::policy::Stranger;
use crate::approval::record::{Approval, Ending, Intent, Outcome, State, Status, Verdict};
use crate::launch::Mistake;

/// How a place shows times and people's own text.
#[derive(Clone, Copy)]
pub struct Dialect {
    when: fn(Timestamp) -> String,
    text: fn(&str) -> String,
}

/// Slack's mrkdwn.
pub const SLACK: Dialect = Dialect { when: slack_time, text: |text| escape::mrkdwn(&escape::one_line(text), 300) };
/// Plain text, which a template escapes.
pub const PLAIN: Dialect = Dialect { when: utc, text: escape::one_line };

/// A time as Slack shows it, in the reader's own zone.
pub fn slack_time(at: Timestamp) -> String {
    format!("<!date^{}^{{date_short_pretty}} at {{time}}|{}>", at.as_second(), utc(at))
}

/// A time for readers whose zone is not known.
pub fn utc(at: Timestamp) -> String {
    at.strftime("%-d %b %Y, %H:%M UTC").to_string()
}

/// Why a vote does not count.
pub fn refusal(refusal: &Refusal, dialect: Dialect) -> String {
    let Dialect { when, text } = dialect;
    match refusal {
        Refusal::NotAnApprover { approvers } => {
            format!("You cannot decide on this request. It waits for {}.", text(&names(approvers, "or")))
        }
        Refusal::OwnRequest => "You asked for this yourself, so somebody else has to decide.".to_owned(),
        Refusal::AlreadyVoted { verdict, at } => {
            format!("You {} this already, {}.", past(*verdict), when(*at))
        }
        Refusal::AlreadyDecided { verdict, confirmed: true, by, at } => {
            format!("This was {} by {}, {}.", past(*verdict), text(&names(by, "and")), when(*at))
        }
        Refusal::AlreadyDecided { verdict, confirmed: false, by, at } => {
            let (by, chose) = (text(&names(by, "and")), choice(*verdict));
            format!("{by} chose to {chose} this, {}. The workflow has not confirmed it yet.", when(*at))
        }
        Refusal::Closed { outcome, at } => ending(outcome, &when(*at), dialect),
        Refusal::TooLate { deadline } => {
            format!("The time for this decision has passed, {}. Nothing was approved.", when(*deadline))
        }
        Refusal::ReasonRequired => {
            "A rejection needs a reason: write it in the comment field, then press Reject.".to_owned()
        }
        Refusal::CommentTooLong => format!("The comment is too long: at most {COMMENT_MAX} characters."),
    }
}

/// What a recorded vote has led to; nothing where the card itself says enough.
pub fn recorded(approval: &Approval, verdict: Verdict) -> Option<String> {
    match approval.status() {
        Status::Resolving => Some(format!(
            "Your decision is recorded: {}. Step Functions has not confirmed it yet; you will see when it does.",
            past(verdict)
        )),
        // Step Functions has the last word, and it was another one.
        Status::Expired => Some("The approval expired while you decided, so your decision had no effect.".to_owned()),
        Status::Cancelled => Some("The workflow ended while you decided, so your decision had no effect.".to_owned()),
        Status::Undeliverable => Some("The request was given up before you decided.".to_owned()),
        Status::Pending | Status::Approved | Status::Rejected => None,
    }
}

/// That it is not known whether anything was recorded, and what to do.
pub fn try_again() -> String {
    "Your decision could not be confirmed just now. Please press again in a moment; it counts only once.".to_owned()
}

/// What a person who has decided reads on the page.
pub fn thanks(approval: &Approval, verdict: Verdict) -> String {
    let missing = approval.rules.required.saturating_sub(approval.approvals());
    let more = match (approval.status(), missing) {
        (Status::Pending, 1) => " One more approval is needed.".to_owned(),
        (Status::Pending, missing) => format!(" {missing} more approvals are needed."),
        _ => String::new(),
    };
    format!("You have {} this. Thank you.{more}", past(verdict))
}

/// That the button belongs to no approval of this system.
pub fn unknown_approval() -> String {
    "This approval is not known here.".to_owned()
}

/// That somebody may not use the bot.
pub fn stranger(stranger: Stranger) -> String {
    match stranger {
        Stranger::ForeignTeam => "Your workspace may not use this app.".to_owned(),
        Stranger::Unlisted => "You are not listed in the policy of this app. Its administrator can add you.".to_owned(),
    }
}

/// How to use a command.
pub fn usage(command: &str) -> String {
    format!(
        "Usage: `{command} X Y` starts a calculation with two integers, for example `{command} 125 122`. \
         `{command}` alone asks for them in a form, `{command} help` says this."
    )
}

/// That a slash command leads here and the policy has no use for it.
pub fn unknown_command(command: &str) -> String {
    format!("`{}` is not a command of this app.", escape::mrkdwn(command, 80))
}

/// What is wrong with the arguments of a command, and how to use it.
pub fn mistake(command: &str, mistake: &Mistake) -> String {
    format!("Not started: {}.\n{}", escape::mrkdwn(&mistake.to_string(), 300), usage(command))
}

/// That a run has started, and where to look.
pub fn started(execution_url: &str, channel: Option<&str>) -> String {
    let card = channel.map(|channel| format!(" The approval card will appear in <#{channel}>.")).unwrap_or_default();
    format!("Started: <{execution_url}|the execution>.{card}")
}

/// That a run could not be started.
pub fn not_started() -> String {
    "It is not certain that the calculation has started. Please look for its card before you try again.".to_owned()
}

/// How an approval ended without a decision, as a sentence.
fn ending(outcome: &Outcome, at: &str, dialect: Dialect) -> String {
    match outcome {
        Outcome::Approved => format!("This was approved, {at}."),
        Outcome::Rejected => format!("This was rejected, {at}."),
        Outcome::Expired => format!("This expired without a decision, {at}."),
        Outcome::Cancelled { reason } => format!("This was cancelled, {at}. {}", (dialect.text)(reason)),
        Outcome::Undeliverable { .. } => format!("This could not be delivered and was given up, {at}."),
    }
}

fn choice(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approve",
        Verdict::Reject => "reject",
    }
}

/// The verdict as a participle.
pub fn past(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approved",
        Verdict::Reject => "rejected",
    }
}

/// Names in a sentence: `Ada`, `Ada and Grace`, `Ada, Grace and Linus`.
pub fn names(names: &[String], conjunction: &str) -> String {
    match names {
        [] => "nobody".to_owned(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} {conjunction} {last}", most.join(", ")),
    }
}

/// Where an approval stands, in one sentence.
pub fn standing(approval: &Approval, dialect: Dialect) -> String {
    let Dialect { when, text } = dialect;
    let by = || {
        let names_of = approval.deciding_votes().into_iter().map(|vote| vote.name.clone()).collect::<Vec<_>>();
        text(&names(&names_of, "and"))
    };
    let at = approval.ended_at().map(when).unwrap_or_default();
    match &approval.state {
        State::Pending => format!("Waits for a decision until {}.", when(approval.request.deadline)),
        State::Resolving(Ending { intent: Intent::GiveUp { .. }, at }) => {
            format!("Given up {}, waiting for Step Functions to confirm.", when(*at))
        }
        State::Resolving(ending) => format!("Decided {}, waiting for Step Functions to confirm.", when(ending.at)),
        State::Resolved(resolution) => match &resolution.outcome {
            Outcome::Approved => format!("Approved by {}, {at}.", by()),
            Outcome::Rejected => format!("Rejected by {}, {at}.", by()),
            other => ending(other, &at, dialect),
        },
    }
}
