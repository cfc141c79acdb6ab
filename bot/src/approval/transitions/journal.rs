//! Writing into the audit trail: what the transitions of the record note, for the store to write with them.

use jiff::Timestamp;

use super::break_glass::Acknowledging;
use super::cancel::Cancellation;
use super::claim::Claiming;
use super::decide::{Command, Refusal};
use crate::approval::audit::{Entry, Place, Reason, SeatsAsked, What, Who};
use crate::approval::break_glass::GlassRefusal;
use crate::approval::place::Destination;
use crate::approval::record::{Approval, Vote};

/// So many attempts that did not count are in the trail of an approval, and so many changes of who stands in; those after
/// them are only counted, because whoever presses a button again and again must not fill the table.
pub const ATTEMPTS_KEPT: u32 = 100;

impl Approval {
    /// Notes something that happened, to be written with the change that it tells of.
    pub fn log(&mut self, what: What, at: Timestamp) {
        let entry = Entry::after(&self.id, &self.audit, what, at);
        self.audit = entry.head();
        self.journal.push(entry);
    }

    /// Notes that a command did not count.
    pub fn log_refusal(&mut self, command: &Command, refusal: &Refusal, at: Timestamp) {
        let who = Who::from(&command.person);
        let (platform, verdict) = (command.platform, command.verdict);
        self.log_attempt(What::Refused { who, platform, verdict, reason: Reason::from(refusal) }, at);
    }

    /// Notes that a cancellation had no effect.
    pub fn log_refused_cancellation(&mut self, cancellation: &Cancellation, refusal: &Refusal, at: Timestamp) {
        let (who, platform) = (Who::from(&cancellation.person), cancellation.platform);
        self.log_attempt(What::CancelRefused { who, platform, reason: Reason::from(refusal) }, at);
    }

    /// Notes that an acknowledgement had no effect.
    pub fn log_refused_acknowledgement(&mut self, by: &Acknowledging, refusal: &Refusal, at: Timestamp) {
        let (who, platform) = (Who::from(&by.person), by.platform);
        self.log_attempt(What::AcknowledgeRefused { who, platform, reason: Reason::from(refusal) }, at);
    }

    /// Notes who stands in, as often as attempts are noted: whoever goes and comes back must not fill the table either. A
    /// vote says in any case for whom it was given.
    pub fn log_stand_ins(&mut self, what: What, at: Timestamp) {
        self.stand_ins_changed = self.stand_ins_changed.saturating_add(1);
        if self.stand_ins_changed <= ATTEMPTS_KEPT {
            self.log(what, at);
        }
    }

    /// Notes that somebody could not say that they are looking at it, or that they no longer are.
    pub fn log_refused_claim(&mut self, by: &Claiming, refusal: &Refusal, at: Timestamp) {
        let (who, platform) = (Who::from(&by.person), by.platform);
        self.log_attempt(What::ClaimRefused { who, platform, reason: Reason::from(refusal) }, at);
    }

    fn log_attempt(&mut self, what: What, at: Timestamp) {
        self.refused = self.refused.saturating_add(1);
        if self.refused <= ATTEMPTS_KEPT {
            self.log(what, at);
        }
    }
}

impl What {
    /// What there is to tell of a new approval.
    pub fn raised(approval: &Approval) -> Self {
        let (request, rules) = (&approval.request, &approval.rules);
        let requester = request.requester.as_ref();
        Self::Raised {
            policy: rules.name.clone(),
            policy_version: approval.policy_version,
            title: request.title.clone(),
            requester: requester.map(Who::from),
            execution: request.execution.clone(),
            deadline: request.deadline,
            required: rules.required,
            seats: rules.seats.iter().map(SeatsAsked::from).collect(),
            approvers: approval.eligible().map(|person| person.id.clone()).collect(),
            content: Some(approval.content_hash()),
        }
    }
}

impl From<&Vote> for What {
    fn from(vote: &Vote) -> Self {
        Self::Voted {
            who: Who { person: vote.person.clone(), name: vote.name.clone() },
            stands_for: vote.stands_for.clone(),
            platform: vote.platform,
            verdict: vote.verdict,
            comment: vote.comment.clone(),
            inputs: vote.inputs.clone(),
            content: Some(vote.content),
        }
    }
}

impl Place {
    /// Where this destination of an approval is.
    pub fn of(approval: &Approval, destination: &Destination) -> Self {
        match destination {
            Destination::Chat(platform) => {
                let target = approval.rules.conversation(*platform).map(str::to_owned);
                Self { platform: *platform, target, message: None }
            }
            Destination::Direct(platform, person) => Self::direct(*platform, person),
            Destination::Email(person) => Self::mail(person),
        }
    }
}

impl From<&Refusal> for Reason {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::NotAnApprover { .. } => Self::NotAnApprover,
            Refusal::SomebodyElse => Self::SomebodyElse,
            Refusal::OwnRequest => Self::OwnRequest,
            Refusal::AlreadyVoted { .. } => Self::AlreadyVoted,
            Refusal::AlreadyDecided { .. } => Self::AlreadyDecided,
            Refusal::Closed { .. } => Self::Closed,
            Refusal::TooLate { .. } => Self::TooLate,
            Refusal::ReasonRequired | Refusal::Glass(GlassRefusal::NeedsReason) | Refusal::ReturnNeedsReason => {
                Self::ReasonMissing
            }
            Refusal::NoReturns => Self::NoReturns,
            Refusal::Looking { .. } => Self::Looking,
            Refusal::NotLooking => Self::NotLooking,
            Refusal::PlaceTaken => Self::PlaceTaken,
            Refusal::Glass(GlassRefusal::MayNotBreak) => Self::MayNotBreakGlass,
            Refusal::Glass(GlassRefusal::NobodyToAcknowledge) => Self::NobodyToAcknowledge,
            Refusal::Glass(GlassRefusal::NotBroken) => Self::GlassNotBroken,
            Refusal::Glass(GlassRefusal::Own) => Self::OwnGlass,
            Refusal::Glass(GlassRefusal::MayNotAcknowledge { .. }) => Self::MayNotAcknowledge,
            Refusal::Glass(GlassRefusal::AlreadyAcknowledged { .. }) => Self::AlreadyAcknowledged,
            Refusal::CommentTooLong => Self::CommentTooLong,
            Refusal::Lacking(lacking) if lacking.inputs.is_empty() => Self::Unconfirmed,
            Refusal::Lacking(_) | Refusal::Glass(GlassRefusal::CannotAnswer(_)) => Self::InputsWrong,
            Refusal::OtherContent => Self::OtherContent,
            Refusal::Unproven => Self::Unproven,
            Refusal::NotTheRequester { .. } => Self::NotTheRequester,
            Refusal::SeatsTaken { .. } => Self::SeatsTaken,
            Refusal::ApprovedElsewhere { .. } => Self::ApprovedElsewhere,
            Refusal::OtherFirst { .. } => Self::OtherFirst,
        }
    }
}
