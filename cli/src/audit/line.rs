//! One line an entry, as a person would want to read it: when, who, what, where.

use std::collections::BTreeMap;

use countersign_bot::approval::audit::{Callback, Entry, Failure, Fate, Found, Place, Reason, SeatsAsked, What, Who};
use countersign_bot::approval::ids::PersonId;
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::state::Verdict;
use countersign_bot::visible;
use jiff::Timestamp;

const BOT: &str = "countersign";
const STEP_FUNCTIONS: &str = "Step Functions";

/// An entry in words.
pub(crate) fn line(entry: &Entry) -> String {
    let (who, what) = told(&entry.what);
    columns(entry.at, &who, &what)
}

/// When, who and what, on one line.
pub(super) fn columns(at: Timestamp, who: &str, what: &str) -> String {
    let line = format!("{:<24} {who:<28} {what}", at.to_string());
    // What people typed may have line breaks, the codes that a terminal obeys, or marks that turn the text around.
    visible::shown(&line.replace(char::is_whitespace, " "))
}

/// Who did something, and what.
fn told(what: &What) -> (String, String) {
    let bot = |what: String| (BOT.to_owned(), what);
    let step_functions = |what: String| (STEP_FUNCTIONS.to_owned(), what);
    match what {
        What::Raised {
            policy,
            policy_version,
            title,
            requester,
            execution,
            deadline,
            required,
            seats,
            approvers,
            content: _,
        } => {
            let who = requester.as_ref().map_or_else(|| "a workflow".to_owned(), name);
            let (under, seats) = (format!("{policy}{}", version_text(*policy_version)), seats_text(seats));
            let wait = format!("which {required} of {} may approve{seats} until {deadline}", ids(approvers));
            (who, format!("asked for \"{title}\" under {under}, {wait}, in {execution}"))
        }
        What::Delivered { places } => bot(format!("sent the request to {}", places_text(places))),
        What::Undelivered { failures } => bot(not_sent_text(failures)),
        What::Discovered { place } => bot(format!("found out that a card is out in {}", place_text(place))),
        What::Voted { who, stands_for, platform, verdict, comment, inputs, content } => {
            let comment = comment.as_ref().map(|comment| format!(": \"{comment}\"")).unwrap_or_default();
            let content = content.map(|content| format!(" (content {})", content.short())).unwrap_or_default();
            let inputs: String = inputs.iter().map(|(name, value)| format!(", {name} {value}")).collect();
            let said = format!("{} {}{}", past(*verdict), platform.as_place(), stands_for_text(stands_for));
            (name(who), format!("{said}{content}{inputs}{comment}"))
        }
        What::Refused { who, platform, verdict, reason } => could_not(who, infinitive(*verdict), *platform, *reason),
        What::Cancelled { who, platform } => (name(who), format!("took the request back {}", platform.as_place())),
        What::CancelRefused { who, platform, reason } => could_not(who, "take the request back", *platform, *reason),
        What::Decided { verdict } => bot(format!("counted enough to {}", infinitive(*verdict))),
        What::GivenUp { reason } => bot(format!("gave up, because nobody can be asked: {reason}")),
        What::CallbackAccepted { callback } => {
            step_functions(format!("took the callback: {}", callback_text(*callback)))
        }
        What::CallbackClosed { callback, found } => {
            step_functions(format!("refused the callback ({}), since {}", callback_text(*callback), found_text(found)))
        }
        What::CallbackRefused { callback, code } => {
            step_functions(format!("refused the callback ({}) for good: {code}", callback_text(*callback)))
        }
        What::LookedUp { found } => step_functions(format!("was asked: {}", found_text(found))),
        What::Resolved { status, reason } => {
            let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            bot(format!("closed the approval as {}{reason}", status.as_str()))
        }
        What::Broadcast { events } => bot(format!("put {} on the bus", list(events.iter().cloned()))),
        What::Updated { status, places } => bot(format!("showed \"{}\" in {}", status.as_str(), places_text(places))),
        What::Lost { places } => bot(format!("can no longer change {}", places_text(places))),
        What::Succeeded { by } => step_functions(format!("tried the state again, which asks as {by}")),
        What::Claimed { who, platform, until } => (name(who), looking_text(*platform, Some(*until))),
        What::LetGo { who, platform } => (name(who), looking_text(*platform, None)),
        What::ClaimEnded { who } => bot(format!("noted that {} had looked at it for long enough", name(who))),
        What::ClaimRefused { who, platform, reason } => could_not(who, "say who looks at it", *platform, *reason),
        What::Follows { earlier } => bot(format!("told what has changed since {earlier}")),
        What::Reminded { people } => bot(format!("reminded {}", ids(people))),
        What::StandIns { of } => bot(stand_ins_text(of)),
        What::Acknowledged { who, platform } => (name(who), format!("acknowledged it {}", platform.as_place())),
        What::AcknowledgeRefused { who, platform, reason } => {
            could_not(who, "acknowledge a broken glass", *platform, *reason)
        }
        What::RemindedOfGlass { people } => bot(format!("reminded {} that the glass was broken", ids(people))),
        What::Escalated { to } => bot(format!("escalated to {}", list(to.iter().map(name)))),
        What::Parked { problem, failures } => bot(parked_text(problem, *failures)),
        What::ExecutionEnded { status } => step_functions(format!("ended the execution as {status}")),
    }
}

fn could_not(who: &Who, what: &str, platform: Platform, reason: Reason) -> (String, String) {
    (name(who), format!("could not {what} {}: {}", platform.as_place(), reason_text(reason)))
}

fn looking_text(platform: Platform, until: Option<Timestamp>) -> String {
    let place = platform.as_place();
    match until {
        Some(until) => format!("said {place} that they are looking at it, which lasts until {until}"),
        None => format!("said {place} that they are not looking at it any more"),
    }
}

fn parked_text(problem: &str, failures: u32) -> String {
    format!("parked what is left to do, which had failed {failures} times in a row: {problem}")
}

/// For whom somebody stood in, behind what they said.
fn stands_for_text(people: &[PersonId]) -> String {
    if people.is_empty() { String::new() } else { format!(" (standing in for {})", ids(people)) }
}

fn stand_ins_text(of: &BTreeMap<PersonId, PersonId>) -> String {
    if of.is_empty() {
        return "noted that nobody stands in for anybody any more".to_owned();
    }
    let stand_ins = of.iter().map(|(absent, delegate)| format!("{delegate} stands in for {absent}"));
    format!("noted that {}", list(stand_ins))
}

fn not_sent_text(failures: &[Failure]) -> String {
    format!("could not send the request to {}", list(failures.iter().map(failure_text)))
}

fn version_text(policy_version: Option<u32>) -> String {
    policy_version.map(|number| format!(" of version {number}")).unwrap_or_default()
}

fn seats_text(seats: &[SeatsAsked]) -> String {
    let seats = list(seats.iter().map(|seats| format!("{} of {}", seats.count, seats.from.join(" or "))));
    if seats.is_empty() { seats } else { format!(" ({seats})") }
}

fn name(who: &Who) -> String {
    format!("{} ({})", who.name, who.person)
}

fn ids(people: &[PersonId]) -> String {
    list(people.iter().map(ToString::to_string))
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

fn past(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approved",
        Verdict::Reject => "rejected",
        Verdict::Return => "sent it back",
        Verdict::BreakGlass => "broke the glass, and so approved alone,",
    }
}

fn infinitive(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approve",
        Verdict::Reject => "reject",
        Verdict::Return => "send it back",
        Verdict::BreakGlass => "approve by breaking the glass",
    }
}

fn place_text(place: &Place) -> String {
    let target = place.target.as_deref().unwrap_or("nowhere");
    let message = place.message.as_ref().map(|message| format!(" {message}")).unwrap_or_default();
    match place.platform {
        Platform::Email => format!("the mail of {target}"),
        chat => format!("{} {target}{message}", chat.name()),
    }
}

fn places_text(places: &[Place]) -> String {
    list(places.iter().map(place_text))
}

fn failure_text(failure: &Failure) -> String {
    let maybe = if failure.maybe { ", may be there" } else { "" };
    let again = if failure.again { ", to be tried again" } else { "" };
    format!("{} ({}{maybe}{again})", place_text(&failure.place), failure.problem)
}

fn reason_text(reason: Reason) -> &'static str {
    match reason {
        Reason::NotAnApprover => "is not an approver",
        Reason::SomebodyElse => "somebody else had their key in the policy when it was asked",
        Reason::OwnRequest => "asked for it",
        Reason::AlreadyVoted => "had said so before",
        Reason::AlreadyDecided => "it had been decided",
        Reason::Closed => "it had ended",
        Reason::TooLate => "the deadline had passed",
        Reason::ReasonMissing => "gave no reason",
        Reason::Looking => "the others saw that already",
        Reason::NotLooking => "was not looking at it",
        Reason::NoReturns => "the policy does not let requests be sent back",
        Reason::CommentTooLong => "the comment was too long",
        Reason::Unconfirmed => "did not confirm it",
        Reason::InputsWrong => "what was asked for was missing or wrong",
        Reason::OtherContent => "they were shown something else",
        Reason::SeatsTaken => "others had filled the seats that they could fill",
        Reason::ApprovedElsewhere => "has approved in the execution under another policy",
        Reason::PlaceTaken => "somebody had approved in their place",
        Reason::MayNotBreakGlass => "may not approve alone",
        Reason::NobodyToAcknowledge => "nobody could have acknowledged it",
        Reason::GlassNotBroken => "nobody had broken the glass",
        Reason::OwnGlass => "had broken it themself",
        Reason::MayNotAcknowledge => "is not one of those who may",
        Reason::AlreadyAcknowledged => "it was acknowledged",
        Reason::OtherFirst => "another request of the execution, for other people, came first",
        Reason::Unproven => "the workflow was not proven to be one that may ask",
        Reason::NotTheRequester => "had not asked for it",
    }
}

fn callback_text(callback: Callback) -> &'static str {
    match callback {
        Callback::Approved => "the task succeeds",
        Callback::Rejected => "the task fails as ApprovalRejected",
        Callback::Returned => "the task fails as ApprovalReturned",
        Callback::Undeliverable => "the task fails as ApprovalUndeliverable",
        Callback::Cancelled => "the task fails as ApprovalCancelled",
    }
}

fn found_text(found: &Found) -> String {
    let task = match &found.task {
        Fate::Open => "the task waits".to_owned(),
        Fate::Succeeded => "the task has succeeded".to_owned(),
        Fate::Failed(error) => format!("the task has failed with {error}"),
        Fate::TimedOut => "the task has timed out".to_owned(),
        Fate::Abandoned => "the workflow has gone on without the task".to_owned(),
        Fate::NotInHistory => "the execution does not hold the task".to_owned(),
        Fate::Refused(code) => format!("the task cannot be looked up ({code})"),
    };
    match &found.execution {
        Some(status) => format!("{task}, and the execution ended as {status}"),
        None => task,
    }
}
