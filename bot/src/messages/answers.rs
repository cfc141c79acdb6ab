//! What is said to one person about their own command.

use jiff::Timestamp;

use crate::approval::ids::ApprovalId;
use crate::approval::limits::{self, COMMENT_MAX};
use crate::approval::policy::{NoPolicy, Stranger};
use crate::approval::record::{Approval, Vote};
use crate::approval::request::{Lacking, WrongInput};
use crate::approval::seats::Seats;
use crate::approval::state::{Ending, Intent, Outcome, State, Status, Verdict};
use crate::approval::transitions::decide::Refusal;

use super::dialect::Dialect;
pub(crate) use super::names::{NAME_MAX, NAMED_MAX, SHORT_NAME_MAX};
pub use super::names::{named, names, names_up_to};
pub use super::requester::{IN_THEIR_WORDS, Requester};
use super::{break_glass, claims, returning, risk};

/// What others than the requester have typed into the middle of a sentence of ours is not longer than this in chat.
pub(crate) const TYPED_MAX: usize = 300;
const COMMAND_MAX: usize = 80;
/// Seats of more groups and people than this are counted, not named.
const SEATS_NAMED_MAX: usize = 3;
/// What seats are called is not longer than this where they are told with those who fill them, whose names are short: all of
/// them take no more room than the names of five people.
const SEATS_NAME_MAX: usize = 25;
/// More wrong inputs than there can be are made up, and not told of.
const WRONG_MAX: usize = limits::INPUTS_MAX;

/// Why a vote does not count.
pub fn refusal(refusal: &Refusal, dialect: Dialect) -> String {
    let when = |at: &Timestamp| dialect.when(*at);
    let list = |people: &[String], conjunction| dialect.text(&names(people, conjunction));
    match refusal {
        Refusal::NotAnApprover { approvers } => {
            format!("You cannot decide on this request. It waits for {}.", list(approvers, "or"))
        }
        Refusal::SomebodyElse => "Your entry in the policy meant somebody else when this was asked.".to_owned(),
        Refusal::OwnRequest => "You asked for this yourself, so somebody else has to decide.".to_owned(),
        Refusal::AlreadyVoted { verdict, at } => {
            format!("You {} already, {}.", done(*verdict), when(at))
        }
        Refusal::AlreadyDecided { verdict, confirmed: true, by, at } => {
            format!("This was {} by {}, {}.", past(*verdict), list(by, "and"), when(at))
        }
        Refusal::AlreadyDecided { verdict, confirmed: false, by, at } => {
            let (by, chose) = (list(by, "and"), choice(*verdict));
            format!("{by} chose to {chose}, {}. The workflow has not confirmed it yet.", when(at))
        }
        Refusal::Closed { outcome, at } => ending(outcome, &when(at)) + &reason(outcome, dialect),
        Refusal::TooLate { deadline } => {
            format!("The time for this decision has passed, {}. Nothing was approved.", when(deadline))
        }
        Refusal::ReasonRequired => {
            let again = if dialect == Dialect::Plain { "submit again" } else { "press Reject" };
            format!("A rejection needs a reason: write it in the comment field, then {again}.")
        }
        Refusal::Looking { .. } | Refusal::NotLooking => claims::refusal(refusal, dialect),
        Refusal::NoReturns | Refusal::ReturnNeedsReason => returning::refusal(refusal, dialect),
        Refusal::PlaceTaken => {
            "Somebody has approved already in the place that you could approve in, so your approval would change nothing. \
             You may still reject it."
                .to_owned()
        }
        Refusal::Glass(refusal) => break_glass::refusal(refusal, dialect),
        Refusal::NotTheRequester { requester: Some(name) } => {
            format!("Only {} can cancel this request, by whom it was made.", dialect.text(&named(name)))
        }
        Refusal::NotTheRequester { requester: None } => {
            "Nobody can cancel this request from here: the policy does not know who made it.".to_owned()
        }
        Refusal::Lacking(lacking) => self::lacking(lacking, dialect),
        Refusal::OtherContent => other_content(),
        Refusal::Unproven => {
            "It is not proven yet that this workflow may ask, so no decision counts. Try again in a moment.".to_owned()
        }
        Refusal::SeatsTaken { open } => format!(
            "The seats that you could fill are taken, so your approval would change nothing. It waits for {}. You may \
             still reject it.",
            list(open, "and")
        ),
        Refusal::ApprovedElsewhere { policy } => format!(
            "You have approved under the policy “{}” in this execution, so somebody else has to decide here.",
            dialect.text(&named(policy))
        ),
        Refusal::OtherFirst { policy } => format!(
            "This execution also waits for a decision under the policy “{}”, which came first. It has to be decided by \
             other people, so no decision counts here before.",
            dialect.text(&named(policy))
        ),
        Refusal::CommentTooLong => format!("The comment is too long: at most {COMMENT_MAX} characters."),
    }
}

/// What is wrong with an input, as a sentence.
pub fn wrong(input: &WrongInput) -> String {
    format!("{} {}.", input.label, input.mistake)
}

/// What an approval lacks, in sentences.
fn lacking(lacking: &Lacking, dialect: Dialect) -> String {
    let wrong = lacking.inputs.iter().take(WRONG_MAX).map(|input| dialect.excerpt(&wrong(input), TYPED_MAX));
    let unconfirmed = lacking.confirmation.then(risk::unconfirmed);
    if lacking.inputs.is_empty() {
        return unconfirmed.unwrap_or_default();
    }
    ["Nothing was decided.".to_owned()].into_iter().chain(wrong).chain(unconfirmed).collect::<Vec<_>>().join(" ")
}

/// That a card shows something else than what is asked.
pub fn other_content() -> String {
    "What you were shown is not what is asked, so your decision does not count. Please look at the card again."
        .to_owned()
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
        Status::Superseded => Some("A later request has taken the place of this one: please decide there.".to_owned()),
        Status::Pending | Status::Approved | Status::Rejected | Status::Returned => None,
    }
}

/// What a rejection does, before it is made.
pub const REJECTING: &str = "The workflow is told that this was rejected. This cannot be undone.";

/// What taking a request back does, before it is done.
pub const TAKING_BACK: &str = "The workflow is told that this was cancelled. Nobody can decide on it any more, and this \
                               cannot be undone.";

/// What has become of a request that somebody took back.
pub fn cancelled(approval: &Approval, dialect: Dialect) -> String {
    match approval.status() {
        Status::Resolving => {
            "Your cancellation is recorded. Step Functions has not confirmed it yet; the card says when it does."
                .to_owned()
        }
        _ => standing(approval, dialect),
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
    format!("You have {}. Thank you.{more}", done(verdict))
}

/// That the button belongs to no approval of this system.
pub fn unknown_approval() -> String {
    "This approval is not known here.".to_owned()
}

/// That somebody may not use the bot.
pub fn stranger(stranger: Stranger) -> String {
    match stranger {
        Stranger::NoPolicy(NoPolicy::NotPushed) => {
            "No policy has been pushed yet, so nobody may do anything here. Whoever runs this app pushes one."
                .to_owned()
        }
        Stranger::NoPolicy(NoPolicy::NotRead) => not_looked_up(),
        Stranger::NoPolicy(NoPolicy::NotUsable) => {
            "The policy of this app cannot be used. Whoever runs it has been told.".to_owned()
        }
        Stranger::ForeignTeam => "Your workspace or organization may not use this app.".to_owned(),
        Stranger::Unlisted => "You are not listed in the policy of this app. Its administrator can add you.".to_owned(),
    }
}

/// That a command leads here and the policy has no use for it.
pub fn unknown_command(command: &str, dialect: Dialect) -> String {
    format!("“{}” is not a command of this app.", dialect.excerpt(command, COMMAND_MAX))
}

/// That the store does not answer somebody's question.
pub fn not_looked_up() -> String {
    "That could not be looked up just now. Please try again in a moment.".to_owned()
}

/// That it is not known whether a request was taken back, and what to do.
pub fn not_cancelled() -> String {
    "Your cancellation could not be confirmed just now. Please try again in a moment; it counts only once.".to_owned()
}

/// That something is not the id of an approval, and where to find one. What only looks like one is nobody's.
pub fn no_approval_id(text: &str, dialect: Dialect) -> String {
    if ApprovalId::looks_like_one(text) {
        return unknown_approval();
    }
    let text = dialect.excerpt(text, COMMAND_MAX);
    format!("“{text}” is not the id of an approval: that is `apr_` and 26 letters and digits, at the end of its card.")
}

/// How an approval ended, as a sentence without names.
fn ending(outcome: &Outcome, at: &str) -> String {
    match outcome {
        Outcome::Approved => format!("This was approved, {at}."),
        Outcome::Rejected => format!("This was rejected, {at}."),
        Outcome::Returned => format!("This was sent back for changes, {at}."),
        Outcome::Expired => format!("This expired without a decision, {at}."),
        Outcome::Cancelled { .. } => format!("This was cancelled, {at}."),
        Outcome::Undeliverable { .. } => format!("This could not be delivered and was given up, {at}."),
        Outcome::Superseded => format!("A later request has taken the place of this one, {at}."),
    }
}

/// What Step Functions said about a cancellation, as a sentence that follows another.
fn reason(outcome: &Outcome, dialect: Dialect) -> String {
    match outcome {
        Outcome::Cancelled { reason } => format!(" {}", dialect.text(&limits::excerpt(reason, TYPED_MAX))),
        _ => String::new(),
    }
}

fn choice(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve | Verdict::BreakGlass => "approve this",
        Verdict::Reject => "reject this",
        Verdict::Return => "send this back",
    }
}

/// Who has said something, with the one in whose place it counts where that is not their own.
pub fn who(approval: &Approval, vote: &Vote) -> String {
    match approval.counts_for(vote) {
        Some(absent) => format!("{} for {}", named(&vote.name), named(&absent.name)),
        None => named(&vote.name),
    }
}

/// What somebody has done with a verdict, after “You have” or “You”.
fn done(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approved this",
        Verdict::Reject => "rejected this",
        Verdict::Return => "sent this back",
        Verdict::BreakGlass => "broken the glass and approved this alone",
    }
}

/// The same after the name of somebody.
pub fn did(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Return => "sent it back",
        Verdict::Approve | Verdict::Reject | Verdict::BreakGlass => past(verdict),
    }
}

/// The verdict as a participle.
pub fn past(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approved",
        Verdict::Reject => "rejected",
        Verdict::Return => "sent back",
        Verdict::BreakGlass => "broke the glass and approved alone",
    }
}

/// Where an approval stands, in one sentence.
pub fn standing(approval: &Approval, dialect: Dialect) -> String {
    let at = approval.ended_at().map(|at| dialect.when(at)).unwrap_or_default();
    let by = || dialect.text(&deciders(approval));
    match approval.resolution().map(|resolution| &resolution.outcome) {
        Some(Outcome::Approved) => format!("Approved by {}, {at}.", by()),
        Some(Outcome::Rejected) => format!("Rejected by {}, {at}.", by()),
        Some(Outcome::Returned) => format!("Sent back for changes by {}, {at}.", by()),
        Some(outcome) => ending(outcome, &at) + &reason(outcome, dialect),
        None => headline(approval, |at| dialect.when(at)),
    }
}

/// The same without what people typed, for a place that keeps it apart.
pub fn headline(approval: &Approval, when: impl Fn(Timestamp) -> String) -> String {
    match &approval.state {
        State::Pending => format!("Waits for a decision until {}.", when(approval.request.deadline)),
        State::Resolving(Ending { intent: Intent::GiveUp { .. }, at }) => {
            format!("Given up {}, waiting for Step Functions to confirm.", when(*at))
        }
        State::Resolving(Ending { intent: Intent::Cancel { .. }, at }) => {
            format!("Cancelled {}, waiting for Step Functions to confirm.", when(*at))
        }
        State::Resolving(ending) => format!("Decided {}, waiting for Step Functions to confirm.", when(ending.at)),
        State::Resolved(resolution) => ending(&resolution.outcome, &approval.ended_at().map(when).unwrap_or_default()),
    }
}

/// The names of those who decided.
pub fn deciders(approval: &Approval) -> String {
    names(&approval.deciding_votes().iter().map(|vote| who(approval, vote)).collect::<Vec<_>>(), "and")
}

/// To whom the approval was escalated, by names that are not longer than this.
pub fn escalated_to(approval: &Approval, name_max: usize) -> Option<String> {
    let (_, people) = approval.escalated()?;
    Some(names(&people.iter().map(|person| short(&person.name, name_max)).collect::<Vec<_>>(), "and"))
}

fn short(name: &str, max: usize) -> String {
    limits::excerpt(&named(name), max)
}

/// Who alone may decide, by names that are not longer than this, if the request narrows that.
pub fn narrowed_to(approval: &Approval, name_max: usize) -> Option<String> {
    let approvers = approval.request.approvers.iter();
    let named: Vec<String> = approvers.map(|approver| short(&approver.name, name_max)).collect();
    (!named.is_empty()).then(|| names_up_to(limits::APPROVERS_MAX, &named, "and"))
}

/// How many have approved, of how many, and who, on one line; with seats, who fills which.
pub fn quorum(approval: &Approval) -> String {
    // Who they were made no difference then.
    if approval.glass_breaker().is_some() {
        return format!("{} of {} approvals", approval.approvals(), approval.rules.required);
    }
    let seating = approval.seating();
    if !seating.is_empty() {
        let most = NAMED_MAX / seating.len();
        let seats: Vec<String> =
            seating.into_iter().map(|(seats, votes)| seat(approval, seats, &votes, most)).collect();
        return format!("{} of {} approvals ({})", approval.approvals(), approval.rules.required, seats.join("; "));
    }
    let approvers: Vec<String> =
        approval.approvers().map(|vote| limits::excerpt(&who(approval, vote), SHORT_NAME_MAX)).collect();
    let who = if approvers.is_empty() { String::new() } else { format!(": {}", names(&approvers, "and")) };
    format!("{} of {} approvals{who}", approvers.len(), approval.rules.required)
}

/// Who fills these seats, as in `security: Ada` or `sre: 1 of 2, Grace`.
fn seat(approval: &Approval, seats: &Seats, votes: &[&Vote], most: usize) -> String {
    let from = names_up_to(SEATS_NAMED_MAX, &approval.rules.names_of(seats), "or");
    let from = limits::excerpt(&from, SEATS_NAME_MAX);
    let people: Vec<String> = votes.iter().map(|vote| limits::excerpt(&who(approval, vote), SHORT_NAME_MAX)).collect();
    let who = names_up_to(most, &people, "and");
    match people.len() {
        filled if filled == seats.count => format!("{from}: {who}"),
        0 => format!("{from}: 0 of {}", seats.count),
        some => format!("{from}: {some} of {}, {who}", seats.count),
    }
}

/// The same with the deadline, as long as it waits.
pub fn progress(approval: &Approval, dialect: Dialect) -> String {
    let quorum = dialect.text(&quorum(approval));
    match approval.state {
        State::Pending => format!("{quorum} · decide by {}", dialect.when(approval.request.deadline)),
        State::Resolving(_) | State::Resolved(_) => quorum,
    }
}
