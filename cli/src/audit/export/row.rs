//! One approval as an auditor reads it: everything on one line, told by its trail alone.

use countersign_bot::approval::audit::{Entry, Hash, SeatsAsked, What};
use countersign_bot::approval::ids::{ApprovalId, ExecutionArn, PersonId};
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::state::{Status, Verdict};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};

/// The names of the fields of a row, in their order.
pub(super) const FIELDS: [&str; 29] = [
    "approval",
    "policy",
    "policyVersion",
    "title",
    "contentHash",
    "execution",
    "requestedBy",
    "requester",
    "approvers",
    "required",
    "seats",
    "askedAt",
    "deadline",
    "outcome",
    "reason",
    "endedAt",
    "seconds",
    "decisions",
    "takenBackBy",
    "supersededBy",
    "glassBrokenBy",
    "glassAcknowledgedBy",
    "glassAcknowledgedAt",
    "attemptsNotCounted",
    "record",
    "entries",
    "lastHash",
    "chain",
    "problem",
];

/// What depends on when the table is read, and not on the entries.
pub(super) const OF_THE_MOMENT: [&str; 4] = ["attemptsNotCounted", "record", "chain", "problem"];

/// A line of an export.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    approval: ApprovalId,
    policy: Option<String>,
    policy_version: Option<u32>,
    title: Option<String>,
    content_hash: Option<Hash>,
    execution: Option<ExecutionArn>,
    requested_by: Option<PersonId>,
    requester: Option<String>,
    approvers: Vec<PersonId>,
    required: Option<usize>,
    seats: Vec<SeatsAsked>,
    asked_at: Option<Timestamp>,
    deadline: Option<Timestamp>,
    outcome: Status,
    reason: Option<String>,
    ended_at: Option<Timestamp>,
    /// How long it took from the one to the other.
    seconds: Option<i64>,
    decisions: Vec<Decision>,
    taken_back_by: Option<PersonId>,
    superseded_by: Option<ApprovalId>,
    glass_broken_by: Option<PersonId>,
    glass_acknowledged_by: Option<PersonId>,
    glass_acknowledged_at: Option<Timestamp>,
    attempts_not_counted: u32,
    record: Record,
    /// How many entries this is told by.
    entries: u32,
    /// The hash of the last of them, which stands for all.
    last_hash: Option<Hash>,
    chain: Chain,
    problem: Option<String>,
    #[serde(skip)]
    decided_at: Option<Timestamp>,
}

/// A word that counted.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Decision {
    person: PersonId,
    name: String,
    verdict: Verdict,
    at: Timestamp,
    platform: Platform,
    #[serde(rename = "for")]
    stands_for: Vec<PersonId>,
    comment: Option<String>,
    inputs: Map<String, Value>,
    content_hash: Option<Hash>,
}

/// Whether the record is there, which counts the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Record {
    /// It is.
    Kept,
    /// Its time is over, and what is left is the trail.
    Expired,
}

/// Whether the entries are those that were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Chain {
    Whole,
    Broken,
}

impl Row {
    /// What these entries tell of an approval.
    pub(super) fn told_by(approval: &ApprovalId, entries: &[Entry]) -> Self {
        let mut row = Self::untold(approval.clone());
        for entry in entries {
            row.take(entry);
            (row.entries, row.last_hash) = (entry.sequence, Some(entry.hash));
        }
        row
    }

    /// The same, with what was found out about the trail.
    pub(super) fn judged(self, record: Record, problem: Option<String>) -> Self {
        let chain = if problem.is_some() { Chain::Broken } else { Chain::Whole };
        Self { record, chain, problem, ..self }
    }

    /// The same, where the record has counted more attempts than the trail keeps.
    pub(super) fn counting(self, attempts: u32) -> Self {
        Self { attempts_not_counted: self.attempts_not_counted.max(attempts), ..self }
    }

    /// The approval that it is of.
    pub(super) fn approval(&self) -> &ApprovalId {
        &self.approval
    }

    /// Whether there is an entry that says what was asked.
    pub(super) fn says_what_was_asked(&self) -> bool {
        self.asked_at.is_some()
    }

    /// When it was asked.
    pub(super) fn asked_at(&self) -> Option<Timestamp> {
        self.asked_at
    }

    /// Whether it has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.ended_at.is_some()
    }

    /// Whether there is no record any more that counts its entries.
    pub(super) fn is_uncounted(&self) -> bool {
        self.record == Record::Expired
    }

    /// The end or the deadline, whichever is later: so long its record is kept at the least.
    pub(super) fn last_moment(&self) -> Option<Timestamp> {
        self.ended_at.max(self.deadline)
    }

    /// What is wrong with its trail.
    pub(super) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    fn untold(approval: ApprovalId) -> Self {
        Self {
            approval,
            policy: None,
            policy_version: None,
            title: None,
            content_hash: None,
            execution: None,
            requested_by: None,
            requester: None,
            approvers: Vec::new(),
            required: None,
            seats: Vec::new(),
            asked_at: None,
            deadline: None,
            outcome: Status::Pending,
            reason: None,
            ended_at: None,
            seconds: None,
            decisions: Vec::new(),
            taken_back_by: None,
            superseded_by: None,
            glass_broken_by: None,
            glass_acknowledged_by: None,
            glass_acknowledged_at: None,
            attempts_not_counted: 0,
            record: Record::Kept,
            entries: 0,
            last_hash: None,
            chain: Chain::Whole,
            problem: None,
            decided_at: None,
        }
    }

    /// Takes in what an entry tells. Where requests went and what was shown is not of the decision.
    fn take(&mut self, entry: &Entry) {
        match &entry.what {
            What::Raised { .. } => self.ask(entry),
            What::Voted { .. } => self.count(entry),
            What::Decided { .. } => {
                self.decided_at = Some(entry.at);
                self.outcome = Status::Resolving;
            }
            What::Cancelled { who, .. } => {
                self.taken_back_by = Some(who.person.clone());
                self.outcome = Status::Resolving;
            }
            What::GivenUp { .. } => self.outcome = Status::Resolving,
            What::Succeeded { by } => self.superseded_by = Some(by.clone()),
            What::Acknowledged { who, .. } => {
                self.glass_acknowledged_by = Some(who.person.clone());
                self.glass_acknowledged_at = Some(entry.at);
            }
            What::Refused { .. }
            | What::CancelRefused { .. }
            | What::ClaimRefused { .. }
            | What::AcknowledgeRefused { .. } => self.attempts_not_counted += 1,
            What::Resolved { status, reason } => self.end(*status, reason.as_deref(), entry.at),
            _ => {}
        }
    }

    fn ask(&mut self, entry: &Entry) {
        let What::Raised {
            policy,
            policy_version,
            title,
            requester,
            execution,
            deadline,
            required,
            seats,
            approvers,
            content,
        } = &entry.what
        else {
            return;
        };
        self.policy = Some(policy.clone());
        self.policy_version = *policy_version;
        self.title = Some(title.clone());
        self.content_hash = *content;
        self.execution = Some(execution.clone());
        self.requested_by = requester.as_ref().map(|who| who.person.clone());
        self.requester = requester.as_ref().map(|who| who.name.clone());
        self.approvers.clone_from(approvers);
        self.required = Some(*required);
        self.seats.clone_from(seats);
        (self.asked_at, self.deadline) = (Some(entry.at), Some(*deadline));
    }

    fn count(&mut self, entry: &Entry) {
        let What::Voted { who, stands_for, platform, verdict, comment, inputs, content } = &entry.what else { return };
        if *verdict == Verdict::BreakGlass {
            self.glass_broken_by = Some(who.person.clone());
        }
        self.decisions.push(Decision {
            person: who.person.clone(),
            name: who.name.clone(),
            verdict: *verdict,
            at: entry.at,
            platform: *platform,
            stands_for: stands_for.clone(),
            comment: comment.clone(),
            inputs: inputs.clone(),
            content_hash: *content,
        });
    }

    /// What was decided ended with the decision, and what ran out with its time; it is recorded a moment later.
    fn end(&mut self, status: Status, reason: Option<&str>, at: Timestamp) {
        let ended_at = match status {
            Status::Approved | Status::Rejected | Status::Returned => self.decided_at.unwrap_or(at),
            Status::Expired => self.deadline.map_or(at, |deadline| deadline.min(at)),
            _ => at,
        };
        let took = self.asked_at.map(|asked_at| ended_at.duration_since(asked_at).max(SignedDuration::ZERO));
        self.outcome = status;
        self.reason = reason.map(str::to_owned);
        self.ended_at = Some(ended_at);
        self.seconds = took.map(|took| took.as_secs());
    }
}
