//! The decision: one pure function that every platform goes through.
//!
//! No I/O and no clock, so that every rule about who may decide what, and when, can be read and tested here.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::truth;
use crate::approval::audit::{Hash, What};
use crate::approval::break_glass::{BrokenGlass, GlassRefusal};
use crate::approval::event::Event;
use crate::approval::ids::PersonId;
use crate::approval::limits::COMMENT_MAX;
use crate::approval::place::{MessageRef, Platform};
use crate::approval::policy::{Person, Rules};
use crate::approval::record::{Approval, Vote};
use crate::approval::request::{Answers, Lacking};
use crate::approval::sizes;
use crate::approval::state::{Ending, Intent, Outcome, State, Verdict};
use crate::visible;

/// What a verified person wants.
#[derive(Debug, Clone)]
pub struct Command {
    /// The person of the policy behind the request.
    pub person: Person,
    /// Where the request came from.
    pub platform: Platform,
    /// Approve, reject or send back, or approve alone in an emergency.
    pub verdict: Verdict,
    /// Their own words, trimmed. Words in which there is nothing to see are none.
    pub comment: Option<String>,
    /// What they answer to what the request asks of whoever approves.
    pub answers: Answers,
    /// The message that they pressed the button on, where the platform says so.
    pub message: Option<MessageRef>,
    /// The hash of what they were shown, where what they pressed carries it.
    pub shown: Option<Hash>,
}

impl Command {
    /// The same by the person as the rules know them.
    pub fn known_to(&self, rules: &Rules) -> Self {
        Self { person: rules.known(&self.person), ..self.clone() }
    }
}

impl Command {
    /// The comment, if there is something to see in it.
    fn said(&self) -> Option<&str> {
        self.comment.as_deref().filter(|comment| !visible::is_blank(comment))
    }
}

/// The record after a vote that counted.
#[derive(Debug, Clone)]
pub enum Counted {
    /// More people are needed.
    Open(Approval),
    /// This vote completed the decision, which Step Functions must now hear.
    Decided(Approval),
}

/// Why a vote or a cancellation has no effect. The person who wanted it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The person is not among the approvers of this request.
    NotAnApprover {
        /// The names of those who are.
        approvers: Vec<String>,
    },
    /// Somebody else was meant by their key in the policy when it was asked.
    SomebodyElse,
    /// The person asked for it, and the policy wants somebody else.
    OwnRequest,
    /// The person has said the same before.
    AlreadyVoted {
        /// What they said.
        verdict: Verdict,
        /// When.
        at: Timestamp,
    },
    /// The decision has been made.
    AlreadyDecided {
        /// Which way.
        verdict: Verdict,
        /// Whether Step Functions has confirmed it.
        confirmed: bool,
        /// By whom.
        by: Vec<String>,
        /// When the last of them said so.
        at: Timestamp,
    },
    /// The approval has ended without a decision.
    Closed {
        /// How.
        outcome: Outcome,
        /// When.
        at: Timestamp,
    },
    /// The deadline has passed.
    TooLate {
        /// When it was.
        deadline: Timestamp,
    },
    /// The policy wants a reason with a rejection.
    ReasonRequired,
    /// The policy does not let people send a request back.
    NoReturns,
    /// Whoever sends a request back says what is to be changed.
    ReturnNeedsReason,
    /// The person has said already that they are looking at it.
    Looking {
        /// Until when the others see that.
        until: Timestamp,
    },
    /// The person is not looking at it, as far as the others see.
    NotLooking,
    /// The person cannot approve alone, or not acknowledge that somebody has.
    Glass(GlassRefusal),
    /// The person wants to take back what somebody else, or nobody of the policy, has asked for.
    NotTheRequester {
        /// The name of whoever asked.
        requester: Option<String>,
    },
    /// The comment is longer than `COMMENT_MAX` characters.
    CommentTooLong,
    /// What the request asks of whoever approves is missing or wrong.
    Lacking(Lacking),
    /// The person was shown something else than what is asked.
    OtherContent,
    /// The policy needs to know which execution asks, and that is not proven.
    Unproven,
    /// Somebody has approved already in each place that the person could approve in: one who stood in for them, or whom they
    /// stand in for.
    PlaceTaken,
    /// Others have filled all the seats that the person could fill, so that an approval would change nothing.
    SeatsTaken {
        /// Whose seats are open.
        open: Vec<String>,
    },
    /// The person has approved in the same execution, and does not count twice.
    ApprovedElsewhere {
        /// Under which policy.
        policy: String,
    },
    /// Another request of the same execution, which other people must decide, came first and is open.
    OtherFirst {
        /// Under which policy.
        policy: String,
    },
}

impl From<GlassRefusal> for Refusal {
    fn from(refusal: GlassRefusal) -> Self {
        Self::Glass(refusal)
    }
}

/// Applies a command to an approval: the new record, or why it does not count.
pub fn decide(approval: &Approval, command: &Command, now: Timestamp) -> Result<Counted, Refusal> {
    admit(approval, command, now)?;
    // The last of the rules, so that whoever lacks nothing but this may be asked for it.
    let answers = answers(approval, command)?;
    Ok(count(approval, command, answers, now))
}

/// Whether a command counts once it comes with what the request asks of whoever approves.
pub fn admit(approval: &Approval, command: &Command, now: Timestamp) -> Result<(), Refusal> {
    match command.verdict {
        Verdict::Approve | Verdict::Reject | Verdict::Return => authorise(approval, &command.person, now)?,
        Verdict::BreakGlass => may_break_glass(approval, &command.person)?,
    }
    check_open(approval, now)?;
    if command.verdict == Verdict::Return && !approval.rules.returns {
        return Err(Refusal::NoReturns);
    }
    if approval.lacks_proof() {
        return Err(Refusal::Unproven);
    }
    if command.shown.is_some_and(|shown| shown != approval.content_hash()) {
        return Err(Refusal::OtherContent);
    }
    if let Some(vote) = approval.votes.iter().find(|vote| vote.person == command.person.id)
        && vote.verdict == command.verdict
    {
        return Err(Refusal::AlreadyVoted { verdict: vote.verdict, at: vote.at });
    }
    if command.verdict == Verdict::Approve {
        check_would_count(approval, &command.person.id, now)?;
    }
    if command.verdict == Verdict::Reject && approval.rules.reason_on_reject && command.said().is_none() {
        return Err(Refusal::ReasonRequired);
    }
    match command.verdict {
        Verdict::Return if command.said().is_none() => return Err(Refusal::ReturnNeedsReason),
        Verdict::BreakGlass if command.said().is_none() => return Err(GlassRefusal::NeedsReason.into()),
        _ => {}
    }
    if command.said().is_some_and(|comment| comment.chars().count() > COMMENT_MAX) {
        return Err(Refusal::CommentTooLong);
    }
    Ok(())
}

/// Whether the person has answered what the request asks of whoever approves. Whoever rejects or sends back is asked for
/// nothing.
fn answers(approval: &Approval, command: &Command) -> Result<Map<String, Value>, Refusal> {
    match command.verdict {
        Verdict::Approve | Verdict::BreakGlass => approval.request.answers(&command.answers).map_err(Refusal::Lacking),
        Verdict::Reject | Verdict::Return => Ok(Map::new()),
    }
}

/// Whether an approval of this person would change anything.
pub fn check_would_count(approval: &Approval, person: &PersonId, now: Timestamp) -> Result<(), Refusal> {
    let stands_for: Vec<&PersonId> = approval.stands_for(person, now).into_iter().map(|absent| &absent.id).collect();
    match (approval.would_count(person, &stands_for), approval.rules.seats.is_empty()) {
        (true, _) => Ok(()),
        (false, false) => Err(Refusal::SeatsTaken { open: approval.open_seats() }),
        (false, true) => Err(Refusal::PlaceTaken),
    }
}

/// Whether this person's decision counts on this request, in their own right or for an approver who is away; approving,
/// rejecting and sending back are authorised alike.
pub fn authorise(approval: &Approval, person: &Person, now: Timestamp) -> Result<(), Refusal> {
    check_meant(approval, person)?;
    let person = &person.id;
    let is_eligible = approval.eligible().any(|approver| approver.id == *person);
    if is_eligible || !approval.stands_for(person, now).is_empty() {
        return Ok(());
    }
    match (approval.rules.approver(person), approval.apart.get(person)) {
        (_, Some(policy)) => Err(Refusal::ApprovedElsewhere { policy: policy.clone() }),
        (Some(_), None) => Err(Refusal::OwnRequest),
        (None, None) => {
            let approvers = approval.eligible().map(|approver| approver.name.clone()).collect();
            Err(Refusal::NotAnApprover { approvers })
        }
    }
}

/// Whether nobody else was meant by this person's key when it was asked.
pub fn check_meant(approval: &Approval, person: &Person) -> Result<(), Refusal> {
    if approval.rules.mean(person) { Ok(()) } else { Err(Refusal::SomebodyElse) }
}

/// Whether this person may approve alone. Whoever asked never does, whatever else the policy lets them do; nor does whoever
/// has approved in the same execution under a policy that this one is kept apart from.
pub fn may_break_glass(approval: &Approval, person: &Person) -> Result<(), Refusal> {
    check_meant(approval, person)?;
    let person = &person.id;
    if !approval.rules.break_glass.contains(person) {
        return Err(GlassRefusal::MayNotBreak.into());
    }
    if approval.request.requester.as_ref().is_none_or(|requester| requester.id == *person) {
        return Err(Refusal::OwnRequest);
    }
    if let Some(policy) = approval.apart.get(person) {
        return Err(Refusal::ApprovedElsewhere { policy: policy.clone() });
    }
    if approval.acknowledgers(person).next().is_none() {
        return Err(GlassRefusal::NobodyToAcknowledge.into());
    }
    // What is typed has no place for answers, so that each input is answered as it stands.
    let as_it_stands = Answers { inputs: approval.request.preset(), confirmed: true };
    approval.request.answers(&as_it_stands).map(|_| ()).map_err(|lacking| GlassRefusal::CannotAnswer(lacking).into())
}

/// Whether this approval still waits for people.
pub fn check_open(approval: &Approval, now: Timestamp) -> Result<(), Refusal> {
    let verdict = match &approval.state {
        State::Pending if now >= approval.request.deadline => {
            return Err(Refusal::TooLate { deadline: approval.request.deadline });
        }
        State::Pending => return Ok(()),
        State::Resolving(Ending { intent: Intent::Approve, .. }) => Verdict::Approve,
        State::Resolving(Ending { intent: Intent::Reject, .. }) => Verdict::Reject,
        State::Resolving(Ending { intent: Intent::Return, .. }) => Verdict::Return,
        State::Resolving(Ending { intent: Intent::GiveUp { reason }, at }) => {
            return Err(Refusal::Closed { outcome: Outcome::Undeliverable { reason: reason.clone() }, at: *at });
        }
        State::Resolving(Ending { intent: Intent::Cancel { name, .. }, at }) => {
            return Err(Refusal::Closed { outcome: truth::cancelled_by(name), at: *at });
        }
        State::Resolved(resolution) => match &resolution.outcome {
            Outcome::Approved => Verdict::Approve,
            Outcome::Rejected => Verdict::Reject,
            Outcome::Returned => Verdict::Return,
            other => {
                let at = approval.ended_at().unwrap_or(resolution.at);
                return Err(Refusal::Closed { outcome: other.clone(), at });
            }
        },
    };
    let votes = approval.deciding_votes();
    let at = votes.iter().map(|vote| vote.at).max().unwrap_or(approval.request.raised_at);
    let confirmed = approval.resolution().is_some();
    Err(Refusal::AlreadyDecided {
        verdict,
        confirmed,
        by: votes.into_iter().map(|vote| vote.name.clone()).collect(),
        at,
    })
}

fn count(approval: &Approval, command: &Command, inputs: Map<String, Value>, now: Timestamp) -> Counted {
    let mut next = approval.clone();
    let mut vote = Vote {
        person: command.person.id.clone(),
        name: command.person.name.clone(),
        stands_for: approval.stands_for(&command.person.id, now).into_iter().map(|absent| absent.id.clone()).collect(),
        platform: command.platform,
        verdict: command.verdict,
        comment: command.said().map(str::to_owned),
        inputs,
        at: now,
        content: approval.content_hash(),
    };
    if vote.verdict == Verdict::BreakGlass {
        vote.stands_for.clear();
    }
    // A person has one vote; who approved and then rejects has changed their mind.
    next.votes.retain(|earlier| earlier.person != vote.person);
    // Whoever has said something has looked.
    next.claim = next.claim.filter(|claim| claim.person != vote.person);
    next.log(What::from(&vote), now);
    vote.comment = vote.comment.map(|comment| sizes::kept(comment, &next.votes));
    next.votes.push(vote.clone());
    next.discover(command.message.as_ref(), &command.person.id, now);
    next.revision += 1;
    next.leave_to_reconciler(now);
    let voted = Event::voted(&next, &vote);
    sizes::queue(&mut next.outbox, voted);
    let intent = match command.verdict {
        Verdict::Reject => Intent::Reject,
        Verdict::Return => Intent::Return,
        Verdict::BreakGlass => {
            next.broken_glass = Some(BrokenGlass::default());
            Intent::Approve
        }
        Verdict::Approve if next.is_filled() => Intent::Approve,
        Verdict::Approve => return Counted::Open(next),
    };
    next.state = State::Resolving(Ending { intent, at: now });
    next.log(What::Decided { verdict: command.verdict }, now);
    Counted::Decided(next)
}

#[cfg(test)]
mod tests;
