//! What the events on the bus, and the answers to the task, say of an approval.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::claim::{Claiming, Look};
use crate::approval::audit::Hash;
use crate::approval::event::{DetailType, Event, SCHEMA_VERSION};
use crate::approval::ids::{ApprovalId, ExecutionArn, PersonId};
use crate::approval::place::Platform;
use crate::approval::policy::Person;
use crate::approval::record::{Approval, CallKind, Vote};
use crate::approval::request::Risk;
use crate::approval::state::{Outcome, State, Status, Verdict};

/// What one person said, as events and task output carry it: no address, no platform id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    person: PersonId,
    name: String,
    /// In whose place it counts, where that is not their own.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    counts_for: Option<InPlaceOf>,
    platform: Platform,
    at: Timestamp,
    comment: Option<String>,
    /// Left out where nothing was asked.
    #[serde(skip_serializing_if = "Map::is_empty")]
    inputs: Map<String, Value>,
}

/// An approver who is away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct InPlaceOf {
    person: PersonId,
    name: String,
}

/// The same of somebody who made the decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Decider {
    #[serde(flatten)]
    said: Said,
    /// Whose seat they fill, by the keys of groups and people.
    #[serde(skip_serializing_if = "Option::is_none")]
    seat: Option<Vec<String>>,
}

impl Said {
    fn of(approval: &Approval, vote: &Vote) -> Self {
        let in_place_of = |absent: &Person| InPlaceOf { person: absent.id.clone(), name: absent.name.clone() };
        Self {
            person: vote.person.clone(),
            name: vote.name.clone(),
            counts_for: approval.counts_for(vote).map(in_place_of),
            platform: vote.platform,
            at: vote.at,
            comment: vote.comment.clone(),
            inputs: vote.inputs.clone(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Detail<'a, T> {
    schema_version: &'a str,
    event_id: &'a str,
    occurred_at: Timestamp,
    approval_id: &'a ApprovalId,
    execution_arn: &'a ExecutionArn,
    policy: &'a str,
    policy_version: Option<u32>,
    content_hash: Hash,
    #[serde(flatten)]
    own: T,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Requested<'a> {
    title: &'a str,
    requested_by: Option<&'a str>,
    risk: Option<Risk>,
    deadline: Timestamp,
    required: usize,
    approvers: Vec<&'a PersonId>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Voted {
    vote: Said,
    verdict: Verdict,
    approvals: usize,
    required: usize,
}

/// Who has approved alone in an emergency, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct BrokenBy {
    person: PersonId,
    name: String,
    reason: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GlassBroken<'a> {
    vote: Said,
    approvals: usize,
    required: usize,
    acknowledgers: Vec<&'a PersonId>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Acknowledged<'a> {
    acknowledged_by: &'a PersonId,
    name: &'a str,
    platform: Platform,
    broken_by: &'a PersonId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Claimed<'a> {
    action: &'static str,
    claimed_by: &'a PersonId,
    name: &'a str,
    platform: Platform,
    until: Option<Timestamp>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reminded<'a> {
    silent: Vec<&'a PersonId>,
    approvals: usize,
    required: usize,
    deadline: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Escalated<'a> {
    to: Vec<&'a PersonId>,
    approvers: Vec<&'a PersonId>,
    approvals: usize,
    required: usize,
    deadline: Timestamp,
}

#[derive(Serialize)]
struct Parked<'a> {
    status: Status,
    problem: &'a str,
    failures: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Resolved<'a> {
    status: Status,
    decided_by: Vec<Said>,
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    break_glass: Option<BrokenBy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    superseded_by: Option<&'a ApprovalId>,
}

/// What the task's output, or the cause of its failure, says about a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DecisionOutput {
    approval_id: ApprovalId,
    status: Status,
    content_hash: Hash,
    policy_version: Option<u32>,
    decided_by: Vec<Decider>,
    decided_at: Timestamp,
    /// Left out where nobody has approved alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    break_glass: Option<BrokenBy>,
}

impl BrokenBy {
    fn of(approval: &Approval) -> Option<Self> {
        let vote = approval.glass_breaker()?;
        Some(Self { person: vote.person.clone(), name: vote.name.clone(), reason: vote.comment.clone() })
    }
}

impl DecisionOutput {
    /// The output for an approval whose decision was recorded at this time.
    pub fn new(approval: &Approval, status: Status, decided_at: Timestamp) -> Self {
        let decider = |vote: &Vote| {
            let seat = approval.seats_of(&vote.person).map(|seats| seats.from.clone());
            Decider { said: Said::of(approval, vote), seat }
        };
        let decided_by = approval.deciding_votes().into_iter().map(decider).collect();
        let (content_hash, policy_version) = (approval.content_hash(), approval.policy_version);
        let (approval_id, break_glass) = (approval.id.clone(), BrokenBy::of(approval));
        Self { approval_id, status, content_hash, policy_version, decided_by, decided_at, break_glass }
    }
}

/// What the cause of the task's failure says when the request was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CancellationOutput {
    approval_id: ApprovalId,
    status: Status,
    content_hash: Hash,
    policy_version: Option<u32>,
    cancelled_by: CancelledBy,
    cancelled_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct CancelledBy {
    person: PersonId,
    name: String,
}

impl CancellationOutput {
    /// The output for an approval that this person has taken back at this time.
    pub fn new(approval: &Approval, person: &PersonId, name: &str, cancelled_at: Timestamp) -> Self {
        let cancelled_by = CancelledBy { person: person.clone(), name: name.to_owned() };
        Self {
            approval_id: approval.id.clone(),
            status: Status::Cancelled,
            content_hash: approval.content_hash(),
            policy_version: approval.policy_version,
            cancelled_by,
            cancelled_at,
        }
    }
}

impl Event {
    /// A workflow has asked.
    pub fn requested(approval: &Approval) -> Self {
        let own = Requested {
            title: &approval.request.title,
            requested_by: approval.request.requested_by.as_deref(),
            risk: approval.request.risk,
            deadline: approval.request.deadline,
            required: approval.rules.required,
            approvers: approval.rules.approvers.iter().map(|person| &person.id).collect(),
        };
        Self::new(approval, DetailType::Requested, "requested", approval.request.raised_at, own)
    }

    /// An approver has acknowledged that the glass was broken; nothing if nobody has.
    pub fn acknowledged(approval: &Approval, at: Timestamp) -> Option<Self> {
        let acknowledged = approval.broken_glass.as_ref()?.acknowledged.as_ref()?;
        let own = Acknowledged {
            acknowledged_by: &acknowledged.person,
            name: &acknowledged.name,
            platform: acknowledged.platform,
            broken_by: &approval.glass_breaker()?.person,
        };
        Some(Self::new(approval, DetailType::Acknowledged, "acknowledged", at, own))
    }

    /// Somebody is looking at it, or no longer is.
    pub fn claimed(approval: &Approval, by: &Claiming, at: Timestamp) -> Self {
        let own = Claimed {
            action: match by.look {
                Look::Begins => "claimed",
                Look::Ends => "let_go",
            },
            claimed_by: &by.person.id,
            name: &by.person.name,
            platform: by.platform,
            until: approval.claim.as_ref().map(|claim| claim.until),
        };
        Self::new(approval, DetailType::Claimed, &format!("claimed.{}", approval.version), at, own)
    }

    /// A person has approved alone in an emergency.
    fn glass_broken(approval: &Approval, vote: &Vote) -> Self {
        let own = GlassBroken {
            vote: Said::of(approval, vote),
            approvals: approval.approvals(),
            required: approval.rules.required,
            acknowledgers: approval.acknowledgers(&vote.person).map(|person| &person.id).collect(),
        };
        Self::new(approval, DetailType::GlassBroken, "glass_broken", vote.at, own)
    }

    /// A person has said something.
    pub fn voted(approval: &Approval, vote: &Vote) -> Self {
        let own = Voted {
            vote: Said::of(approval, vote),
            verdict: vote.verdict,
            approvals: approval.approvals(),
            required: approval.rules.required,
        };
        let verdict = match vote.verdict {
            Verdict::Approve => "approve",
            Verdict::Reject => "reject",
            Verdict::Return => "return",
            Verdict::BreakGlass => return Self::glass_broken(approval, vote),
        };
        Self::new(approval, DetailType::Voted, &format!("voted.{}.{verdict}", vote.person), vote.at, own)
    }

    /// Those who have said nothing were reminded; the reminder is on record.
    pub fn reminded(approval: &Approval, at: Timestamp) -> Self {
        let own = Reminded {
            silent: approval.silent().map(|person| &person.id).collect(),
            approvals: approval.approvals(),
            required: approval.rules.required,
            deadline: approval.request.deadline,
        };
        let number = approval.calls.iter().filter(|call| call.kind == CallKind::Reminder).count();
        Self::new(approval, DetailType::Reminded, &format!("reminded.{number}"), at, own)
    }

    /// More people may decide, as the record has it already.
    pub fn escalated(approval: &Approval, to: &[Person], at: Timestamp) -> Self {
        let own = Escalated {
            to: to.iter().map(|person| &person.id).collect(),
            approvers: approval.rules.approvers.iter().map(|person| &person.id).collect(),
            approvals: approval.approvals(),
            required: approval.rules.required,
            deadline: approval.request.deadline,
        };
        Self::new(approval, DetailType::Escalated, "escalated", at, own)
    }

    /// What is left to do has failed so often in a row that it is tried seldom from now on. It may be parked again after
    /// a change gave it a new start.
    pub fn parked(approval: &Approval, problem: &str, failures: u32, at: Timestamp) -> Self {
        let own = Parked { status: approval.status(), problem, failures };
        Self::new(approval, DetailType::Parked, &format!("parked.{}", approval.version), at, own)
    }

    /// The approval has ended; nothing if it has not.
    pub fn resolved(approval: &Approval) -> Option<Self> {
        let State::Resolved(resolution) = &approval.state else {
            return None;
        };
        let votes = if resolution.outcome.is_decided() { approval.deciding_votes() } else { Vec::new() };
        let own = Resolved {
            status: resolution.outcome.status(),
            decided_by: votes.into_iter().map(|vote| Said::of(approval, vote)).collect(),
            reason: match &resolution.outcome {
                Outcome::Cancelled { reason } | Outcome::Undeliverable { reason } => Some(reason),
                Outcome::Approved | Outcome::Rejected | Outcome::Returned | Outcome::Expired | Outcome::Superseded => {
                    None
                }
            },
            break_glass: BrokenBy::of(approval),
            superseded_by: approval.successor.as_ref().map(|successor| &successor.id),
        };
        Some(Self::new(approval, DetailType::Resolved, "resolved", resolution.at, own))
    }

    fn new(approval: &Approval, detail_type: DetailType, step: &str, at: Timestamp, own: impl Serialize) -> Self {
        let id = format!("{}.{step}", approval.id);
        let detail = Detail {
            schema_version: SCHEMA_VERSION,
            event_id: &id,
            occurred_at: at,
            approval_id: &approval.id,
            execution_arn: &approval.request.execution,
            policy: &approval.rules.name,
            policy_version: approval.policy_version,
            content_hash: approval.content_hash(),
            own,
        };
        // Every field is a string, a number, a list or a map with string keys, so there is always a value.
        let detail = serde_json::to_value(detail).unwrap_or_default();
        Self { id, detail_type, detail }
    }
}
