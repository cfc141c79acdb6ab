//! One approval as it is recorded: what was asked, what people said, what Step Functions made of it, and
//! which copies of the card are out.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::audit::{Entry, Hash, Head, What};
use super::break_glass::BrokenGlass;
use super::claim::Claim;
use super::delegation::StandIn;
use super::delivery::Missing;
use super::event::Event;
use super::ids::{ApprovalId, PersonId, TaskToken};
use super::look_up::{Attempt, ExecutionEnd};
use super::place::{MessageRef, Platform};
use super::policy::Rules;
use super::request::Request;
use super::since::Since;
use super::state::{Outcome, Resolution, State, Status, Verdict};

/// The record of one approval.
///
/// Every change is one conditional write on `version`, so of two writers one wins and the other is shown
/// the winner's record.
#[derive(Debug, Clone)]
pub struct Approval {
    /// The public name.
    pub id: ApprovalId,
    /// The capability to complete the task.
    pub token: TaskToken,
    /// What was asked.
    pub request: Request,
    /// The rules it was asked under, as they were at that time.
    pub rules: Rules,
    /// Of which version of the policy, if that had versions then.
    pub policy_version: Option<u32>,
    /// Who does not count, since they have approved in the same execution under this policy, which the rules are kept apart
    /// from.
    pub apart: BTreeMap<PersonId, String>,
    /// What it says otherwise than an earlier request that it follows.
    pub since: Option<Since>,
    /// Where the decision stands.
    pub state: State,
    /// One vote a person, in the order they came.
    pub votes: Vec<Vote>,
    /// Who stands in for approvers who are away, as it was when somebody last looked.
    pub stand_ins: Vec<StandIn>,
    /// How often that has changed.
    pub stand_ins_changed: u32,
    /// Who is looking at it, if somebody has said so.
    pub claim: Option<Claim>,
    /// What has followed since somebody approved alone in an emergency, if somebody did.
    pub broken_glass: Option<BrokenGlass>,
    /// The reminders and the escalation that were made, the oldest first.
    pub calls: Vec<Call>,
    /// How many of the rules' reminders are done; several that were missed became one call.
    pub reminded: usize,
    /// No reminder before this time, because it fell due in quiet hours.
    pub quiet_until: Option<Timestamp>,
    /// The messages that are out.
    pub copies: Vec<SentMessage>,
    /// Where the request has to go and is not known to be.
    pub missing: Vec<Missing>,
    /// Events that are recorded and not yet accepted by the bus.
    pub outbox: Vec<Event>,
    /// Which attempt of its state waits, once the history of the execution was seen to hold the task. Until then nothing
    /// of the execution is believed or shown.
    pub attempt: Option<Attempt>,
    /// Whether nothing is shown of it before that, whatever the policy says: it came by a way on which others than the
    /// execution's own account could have named the execution.
    pub proven_first: bool,
    /// How the execution ended, once that is known.
    pub execution_end: Option<ExecutionEnd>,
    /// The request that asks for the same again.
    pub successor: Option<Successor>,
    /// Grows with every change that a reader of the card can see.
    pub revision: u32,
    /// When the reconciler looks at what is unfinished.
    pub retry: Option<Retry>,
    /// The end of the audit trail, with what is in `journal`.
    pub audit: Head,
    /// Entries of the audit trail that are not written yet; the store writes them with the record.
    pub journal: Vec<Entry>,
    /// How many attempts did not count.
    pub refused: u32,
    /// Grows with every write.
    pub version: u64,
}

/// What one person said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vote {
    /// Who.
    pub person: PersonId,
    /// The name that messages show.
    pub name: String,
    /// For whom they stood in, in whose place the vote may count.
    #[serde(default, rename = "for", skip_serializing_if = "Vec::is_empty")]
    pub stands_for: Vec<PersonId>,
    /// Where.
    pub platform: Platform,
    /// What.
    pub verdict: Verdict,
    /// In their own words.
    pub comment: Option<String>,
    /// What they answered to what an approval is asked for, by the name of the input.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub inputs: Map<String, Value>,
    /// When.
    pub at: Timestamp,
    /// The hash of what they were asked.
    pub content: Hash,
}

/// One message that shows the approval, and what it shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SentMessage {
    /// What is needed to change or answer the message.
    pub message: MessageRef,
    /// The revision it shows; a mail goes on showing the one that it was sent with.
    pub shows: u32,
    /// How many of the approval's notes have been told beside it, or need not be.
    pub heard: usize,
    /// The platform said for good that the message cannot be changed, so nobody tries again.
    pub lost: bool,
}

/// When to do what is left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Retry {
    /// How often it has failed in a row.
    pub failures: u32,
    /// Not before this time.
    pub at: Timestamp,
}

/// One time that people were called again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// When.
    pub at: Timestamp,
    /// How.
    pub kind: CallKind,
}

/// How people are called again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CallKind {
    /// Those who have said nothing yet are reminded.
    Reminder,
    /// More people may decide from now on.
    Escalation,
}

/// The request that has taken the place of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Successor {
    /// Which it is.
    pub id: ApprovalId,
    /// Its cards, to point to.
    pub cards: Vec<MessageRef>,
}

impl Approval {
    /// The word for where this approval stands.
    pub fn status(&self) -> Status {
        match &self.state {
            State::Pending => Status::Pending,
            State::Resolving(_) => Status::Resolving,
            State::Resolved(resolution) => resolution.outcome.status(),
        }
    }

    /// The hash of what is asked: of the request and of the policy that it is asked under.
    pub fn content_hash(&self) -> Hash {
        self.request.content_hash(&self.rules.name)
    }

    /// The end, once Step Functions has confirmed it.
    pub fn resolution(&self) -> Option<&Resolution> {
        match &self.state {
            State::Resolved(resolution) => Some(resolution),
            State::Pending | State::Resolving(_) => None,
        }
    }

    /// Whether it has to be known which execution asks, and that was not seen to hold the task.
    pub fn lacks_proof(&self) -> bool {
        self.state == State::Pending && self.attempt.is_none() && (self.proven_first || self.rules.need_proof())
    }

    /// Whether nothing of it is shown to anybody, since nobody knows whether the execution that it names asks for it.
    pub fn is_withheld(&self) -> bool {
        self.proven_first && self.attempt.is_none()
    }

    /// How many distinct people have approved.
    pub fn approvals(&self) -> usize {
        self.approvers().count()
    }

    /// The votes of those who have approved.
    pub fn approvers(&self) -> impl Iterator<Item = &Vote> {
        self.votes.iter().filter(|vote| vote.verdict == Verdict::Approve)
    }

    /// Whether the change that is not written yet ends it. An end is told in the trail once, whoever tries to write it.
    pub fn has_just_ended(&self) -> bool {
        self.journal.iter().any(|entry| matches!(entry.what, What::Resolved { .. }))
    }

    /// When the decision was made, or the wait ended; what is recorded later only confirms it.
    pub fn ended_at(&self) -> Option<Timestamp> {
        let resolution = self.resolution()?;
        match resolution.outcome {
            Outcome::Approved | Outcome::Rejected | Outcome::Returned => {
                self.deciding_votes().iter().map(|vote| vote.at).max()
            }
            Outcome::Expired => Some(self.request.deadline.min(resolution.at)),
            Outcome::Cancelled { .. } | Outcome::Undeliverable { .. } | Outcome::Superseded => Some(resolution.at),
        }
    }

    /// The votes that made the decision: the rejection, the return, that of whoever has broken the glass, or the approvals.
    pub fn deciding_votes(&self) -> Vec<&Vote> {
        if let Some(vote) = self.glass_breaker() {
            return vec![vote];
        }
        let is_refusal = |vote: &&Vote| matches!(vote.verdict, Verdict::Reject | Verdict::Return);
        let refusals: Vec<&Vote> = self.votes.iter().filter(is_refusal).collect();
        if refusals.is_empty() { self.votes.iter().collect() } else { refusals }
    }
}

impl SentMessage {
    /// A message that has just gone out, showing this revision, for which the calls that were made before are no news.
    pub fn new(message: MessageRef, shows: u32, calls: usize) -> Self {
        Self { message, shows, heard: calls, lost: false }
    }
}

impl From<&Approval> for Successor {
    fn from(approval: &Approval) -> Self {
        let cards = approval.copies.iter().filter(|copy| copy.message.is_shared()).map(|copy| copy.message.clone());
        Self { id: approval.id.clone(), cards: cards.collect() }
    }
}
