//! One approval as it is recorded: what was asked, what people said, what Step Functions made of it, and
//! which copies of the card are out.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::audit::{Entry, Head, What};
use super::event::Event;
use super::ids::{ApprovalId, PersonId, TaskToken};
use super::policy::Rules;
use super::request::{Asked, Request};
use super::schedule::Call;
use super::state::{Outcome, Resolution, State, Status, Verdict};
use super::succession::Successor;

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
    /// Where the decision stands.
    pub state: State,
    /// One vote a person, in the order they came.
    pub votes: Vec<Vote>,
    /// The reminders and the escalation that were made, the oldest first.
    pub calls: Vec<Call>,
    /// How many of the rules' reminders are done; several that were missed became one call.
    pub reminded: usize,
    /// No reminder before this time, because it fell due in quiet hours.
    pub quiet_until: Option<Timestamp>,
    /// The messages that are out.
    pub copies: Vec<Copy>,
    /// Where the request should have gone and could not be sent yet.
    pub unsent: Vec<Destination>,
    /// Events that are recorded and not yet accepted by the bus.
    pub outbox: Vec<Event>,
    /// How the execution ended, once that is known.
    pub execution_end: Option<ExecutionEnd>,
    /// The request that asks for the same again.
    pub successor: Option<Successor>,
    /// Grows with every change that a reader of the card can see.
    pub revision: u32,
    /// Whoever refreshes the copies holds this until the time given, so that no older card follows a newer one.
    pub lease_until: Option<Timestamp>,
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

/// Where a person pressed the button.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// A Slack message.
    Slack,
    /// A card in Microsoft Teams.
    Teams,
    /// The page behind a mail's link.
    Email,
}

/// What one person said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vote {
    /// Who.
    pub person: PersonId,
    /// The name that messages show.
    pub name: String,
    /// Where.
    pub platform: Platform,
    /// What.
    pub verdict: Verdict,
    /// In their own words.
    pub comment: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// One message that shows the approval, and what it shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Copy {
    /// What is needed to change or answer the message.
    pub message: MessageRef,
    /// The revision it shows; a mail goes on showing the one that it was sent with.
    pub shows: u32,
    /// How many of the approval's notes have been told beside it, or need not be.
    pub heard: usize,
    /// The platform said for good that the message cannot be changed, so nobody tries again.
    pub lost: bool,
}

/// Where a request is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Destination {
    /// The Slack channel of the rules.
    Slack,
    /// The Teams conversation of the rules.
    Teams,
    /// The mail of one approver.
    Email(PersonId),
}

/// What is needed to change or answer a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MessageRef {
    /// A Slack message: channel id and timestamp.
    Slack {
        /// The channel id.
        channel: String,
        /// The message's `ts`.
        ts: String,
    },
    /// A card in Teams: conversation id and activity id.
    Teams {
        /// The conversation as the rules name it, without the thread.
        conversation: String,
        /// The activity that carries the card.
        activity: String,
    },
    /// A mail to one person.
    Email {
        /// Whom the link in it belongs to.
        person: PersonId,
    },
}

/// How an execution ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionEnd {
    /// `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: String,
    /// The output, as JSON text, when there is one.
    pub output: Option<String>,
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

impl Approval {
    /// A new record for what a workflow asks, pending, with nothing sent yet.
    pub fn raise(asked: Asked) -> Self {
        let Asked { token, request, rules } = asked;
        let id = ApprovalId::of(&token);
        let mut approval = Self {
            audit: Head::genesis(&id),
            id,
            token,
            request,
            rules,
            state: State::Pending,
            votes: Vec::new(),
            calls: Vec::new(),
            reminded: 0,
            quiet_until: None,
            copies: Vec::new(),
            unsent: Vec::new(),
            outbox: Vec::new(),
            execution_end: None,
            successor: None,
            revision: 0,
            lease_until: None,
            retry: None,
            journal: Vec::new(),
            refused: 0,
            version: 0,
        };
        approval.log(What::raised(&approval), approval.request.raised_at);
        approval.outbox.push(Event::requested(&approval));
        approval.leave_to_reconciler(approval.request.raised_at);
        approval
    }

    /// The word for where this approval stands.
    pub fn status(&self) -> Status {
        match &self.state {
            State::Pending => Status::Pending,
            State::Resolving(_) => Status::Resolving,
            State::Resolved(resolution) => resolution.outcome.status(),
        }
    }

    /// The end, once Step Functions has confirmed it.
    pub fn resolution(&self) -> Option<&Resolution> {
        match &self.state {
            State::Resolved(resolution) => Some(resolution),
            State::Pending | State::Resolving(_) => None,
        }
    }

    /// How many distinct people have approved.
    pub fn approvals(&self) -> usize {
        self.approvers().count()
    }

    /// The votes of those who have approved.
    pub fn approvers(&self) -> impl Iterator<Item = &Vote> {
        self.votes.iter().filter(|vote| vote.verdict == Verdict::Approve)
    }

    /// When the decision was made, or the wait ended; what is recorded later only confirms it.
    pub fn ended_at(&self) -> Option<Timestamp> {
        let resolution = self.resolution()?;
        match resolution.outcome {
            Outcome::Approved | Outcome::Rejected => self.deciding_votes().iter().map(|vote| vote.at).max(),
            Outcome::Expired => Some(self.request.deadline.min(resolution.at)),
            Outcome::Cancelled { .. } | Outcome::Undeliverable { .. } | Outcome::Superseded => Some(resolution.at),
        }
    }

    /// The votes that made the decision: the rejection, or the approvals.
    pub fn deciding_votes(&self) -> Vec<&Vote> {
        let rejections: Vec<&Vote> = self.votes.iter().filter(|vote| vote.verdict == Verdict::Reject).collect();
        if rejections.is_empty() { self.votes.iter().collect() } else { rejections }
    }
}

impl Copy {
    /// A message that has just gone out, showing this revision, for which the calls that were made before are no news.
    pub fn new(message: MessageRef, shows: u32, calls: usize) -> Self {
        Self { message, shows, heard: calls, lost: false }
    }
}

impl MessageRef {
    /// Whether this is a card in a chat, which can be changed and has a thread.
    pub fn is_card(&self) -> bool {
        match self {
            Self::Slack { .. } | Self::Teams { .. } => true,
            Self::Email { .. } => false,
        }
    }

    /// Whether this is the message that was sent there.
    pub fn is_at(&self, destination: &Destination) -> bool {
        match (self, destination) {
            (Self::Slack { .. }, Destination::Slack) | (Self::Teams { .. }, Destination::Teams) => true,
            (Self::Email { person }, Destination::Email(recipient)) => person == recipient,
            _ => false,
        }
    }
}

impl Destination {
    /// The platform's name, for people.
    pub fn platform(&self) -> &'static str {
        match self {
            Self::Slack => "Slack",
            Self::Teams => "Teams",
            Self::Email(_) => "e-mail",
        }
    }
}

impl Platform {
    /// Where somebody did something, as part of a sentence.
    pub fn as_place(self) -> &'static str {
        match self {
            Self::Slack => "in Slack",
            Self::Teams => "in Teams",
            Self::Email => "by e-mail",
        }
    }
}
