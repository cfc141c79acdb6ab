//! The item of one approval. Conditions, indexes and people who look at the table need a few attributes of their
//! own; the rest of the record is one JSON text, which any value fits into.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::SERVICE;
use crate::approval::audit::{Entry, Hash, Head};
use crate::approval::break_glass::BrokenGlass;
use crate::approval::claim::Claim;
use crate::approval::delegation::StandIn;
use crate::approval::delivery::Missing;
use crate::approval::event::Event;
use crate::approval::ids::{ApprovalId, ExecutionArn, PersonId, TaskToken};
use crate::approval::look_up::{Attempt, ExecutionEnd};
use crate::approval::policy::Rules;
use crate::approval::record::{Approval, Call, Retry, SentMessage, Successor, Vote};
use crate::approval::request::Request;
use crate::approval::since::Since;
use crate::approval::state::State;
use crate::net::deadline::Unavailable;
use crate::ports::Kept;

/// A partition of an index takes 1,000 writes a second. A million approvals raised in ten minutes are 1,700 a second
/// with about three changes of the index each, so sixteen partitions leave room for threefold.
pub(super) const DUE_SHARDS: u8 = 16;
/// All of them may be raised under one policy and for one person. Each comes into the index of what waits and leaves it
/// again, so eight partitions leave room for twofold, and a listing asks eight.
pub(super) const LIST_SHARDS: u8 = 8;

/// Grows when the shape of `record` changes in a way that older code cannot read.
const FORMAT: u32 = 1;
/// The range key of the approval itself.
const APPROVAL: &str = "approval";
/// What the range keys of the audit trail begin with, before the number of the entry.
pub(super) const AUDIT: &str = "audit#";

/// The range key of the entry of an audit trail with this number.
pub fn key_of_entry(number: u32) -> String {
    format!("{AUDIT}{number:06}")
}

pub(super) type Attributes = HashMap<String, AttributeValue>;

/// What is in the table for one approval.
pub(super) struct Item {
    attributes: Attributes,
    /// Tells a write apart from all others, also from one with the same content.
    pub(super) write_id: String,
}

/// What an index says about an approval.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) id: ApprovalId,
    /// The range key of the index: a time in milliseconds.
    pub(super) at: i64,
}

/// The part of the record that only this code reads.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    request: Request,
    rules: Rules,
    #[serde(default)]
    policy_version: Option<u32>,
    #[serde(default)]
    apart: BTreeMap<PersonId, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<Since>,
    state: State,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    stand_ins: Vec<StandIn>,
    #[serde(default)]
    stand_ins_changed: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claim: Option<Claim>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    broken_glass: Option<BrokenGlass>,
    #[serde(default)]
    calls: Vec<Call>,
    #[serde(default)]
    reminded: usize,
    quiet_until: Option<Timestamp>,
    copies: Vec<SentMessage>,
    #[serde(default)]
    missing: Vec<Missing>,
    outbox: Vec<Event>,
    execution_end: Option<ExecutionEnd>,
    attempt: Option<Attempt>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    proven_first: bool,
    successor: Option<Successor>,
    revision: u32,
    retry: Option<Retry>,
}

impl Item {
    /// The item that records an approval.
    pub(super) fn new(approval: &Approval, kept: Kept) -> Result<Self, Unavailable> {
        let write_id = format!("{:032x}", fastrand::u128(..));
        let record = Record {
            request: approval.request.clone(),
            rules: approval.rules.clone(),
            policy_version: approval.policy_version,
            apart: approval.apart.clone(),
            since: approval.since.clone(),
            state: approval.state.clone(),
            stand_ins: approval.stand_ins.clone(),
            stand_ins_changed: approval.stand_ins_changed,
            claim: approval.claim.clone(),
            broken_glass: approval.broken_glass.clone(),
            calls: approval.calls.clone(),
            reminded: approval.reminded,
            quiet_until: approval.quiet_until,
            copies: approval.copies.clone(),
            missing: approval.missing.clone(),
            outbox: approval.outbox.clone(),
            execution_end: approval.execution_end.clone(),
            attempt: approval.attempt,
            proven_first: approval.proven_first,
            successor: approval.successor.clone(),
            revision: approval.revision,
            retry: approval.retry,
        };
        let mut attributes = Self::key(&approval.id);
        let mut set = |name: &str, value| attributes.insert(name.to_owned(), value);
        set("format", number(FORMAT));
        set("version", number(approval.version));
        set("write_id", text(&write_id));
        // A token that nobody needs any more is not kept. What stands in its place is known to nobody and opens nothing.
        set("token", text(if approval.needs_token() { approval.token.expose() } else { &write_id }));
        set("status", text(approval.status().as_str()));
        set("title", text(&approval.request.title));
        set("execution", text(&list_of_execution(&approval.request.execution, approval.attempt.is_some())));
        set("raised_at", number(approval.request.raised_at.as_millisecond()));
        set("expires", number(expires(approval, kept).as_second()));
        set("votes", AttributeValue::M(votes(&approval.votes)?));
        set("record", text(&to_json(&record)?));
        set("audit_count", number(approval.audit.count));
        set("audit_hash", text(&approval.audit.hash.to_string()));
        set("refused", number(approval.refused));
        if let Some(due_at) = approval.due_at() {
            set("due_shard", number(shard(&approval.id, DUE_SHARDS)));
            set("due_at", number(due_at.as_millisecond()));
        }
        let list_shard = shard(&approval.id, LIST_SHARDS);
        if approval.state == State::Pending {
            set("waiting", text(&list(&approval.rules.name, list_shard)));
            set("deadline", number(approval.request.deadline.as_millisecond()));
        } else if let Some(vote) = approval.glass_breaker().filter(|_| approval.awaits_acknowledgement()) {
            set("waiting", text(&unacknowledged(&approval.rules.name)));
            set("deadline", number(vote.at.as_millisecond()));
        }
        if let Some(requester) = &approval.request.requester {
            set("requester", text(&list(requester.id.as_str(), list_shard)));
        }
        Ok(Self { attributes, write_id })
    }

    /// The items of the entries that are to be written with an approval.
    pub(super) fn journal(approval: &Approval, kept: Kept) -> Result<Vec<Attributes>, Unavailable> {
        let expires = expires(approval, kept).saturating_add(kept.trails).unwrap_or(Timestamp::MAX);
        let item = |entry: &Entry| {
            Ok(HashMap::from([
                ("id".to_owned(), text(approval.id.as_str())),
                ("item".to_owned(), text(&key_of_entry(entry.sequence))),
                ("entry".to_owned(), text(&to_json(entry)?)),
                ("expires".to_owned(), number(expires.as_second())),
            ]))
        };
        approval.journal.iter().map(item).collect()
    }

    /// The primary key of an approval.
    pub(super) fn key(id: &ApprovalId) -> Attributes {
        HashMap::from([("id".to_owned(), text(id.as_str())), ("item".to_owned(), text(APPROVAL))])
    }

    /// An item as DynamoDB returned it.
    pub(super) fn read(attributes: Attributes) -> Result<Self, Unavailable> {
        let write_id = string(&attributes, "write_id")?.to_owned();
        Ok(Self { attributes, write_id })
    }

    /// The attributes to write.
    pub(super) fn into_attributes(self) -> Attributes {
        self.attributes
    }

    /// The approval that is recorded here.
    pub(super) fn approval(&self) -> Result<Approval, Unavailable> {
        let attributes = &self.attributes;
        if integer::<u32>(attributes, "format")? != FORMAT {
            return Err(broken("format"));
        }
        let record: Record = from_json(attributes, "record")?;
        let id = ApprovalId::parse(string(attributes, "id")?).map_err(|_| broken("id"))?;
        let (audit, refused) = read_trail(attributes, &id)?;
        Ok(Approval {
            audit,
            refused,
            journal: Vec::new(),
            id,
            token: TaskToken::parse(string(attributes, "token")?).map_err(|_| broken("token"))?,
            version: integer(attributes, "version")?,
            votes: read_votes(attributes)?,
            request: record.request,
            rules: record.rules,
            policy_version: record.policy_version,
            apart: record.apart,
            since: record.since,
            state: record.state,
            stand_ins: record.stand_ins,
            stand_ins_changed: record.stand_ins_changed,
            claim: record.claim,
            broken_glass: record.broken_glass,
            calls: record.calls,
            reminded: record.reminded,
            quiet_until: record.quiet_until,
            copies: record.copies,
            missing: record.missing,
            outbox: record.outbox,
            execution_end: record.execution_end,
            attempt: record.attempt,
            proven_first: record.proven_first,
            successor: record.successor,
            revision: record.revision,
            retry: record.retry,
        })
    }
}

impl Key {
    /// The keys that an index returned, with this range key.
    pub(super) fn read(attributes: &Attributes, range: &'static str) -> Result<Self, Unavailable> {
        let id = ApprovalId::parse(string(attributes, "id")?).map_err(|_| broken("id"))?;
        Ok(Self { id, at: integer(attributes, range)? })
    }

    /// The range key as a time.
    pub(super) fn time(&self) -> Result<Timestamp, Unavailable> {
        Timestamp::from_millisecond(self.at).map_err(|error| Unavailable::new(SERVICE, error))
    }
}

/// The partition of a listing: what it lists by, and a shard of it.
pub(super) fn list(of: &str, shard: u8) -> String {
    format!("{of}#{shard}")
}

/// The partition of what an execution has asked, as its history shows, or of what only says so: whoever looks for the one
/// does not go through the other, which anybody may fill. No ARN begins like it.
pub(super) fn list_of_execution(execution: &ExecutionArn, is_proven: bool) -> String {
    if is_proven { execution.to_string() } else { format!("unproven#{execution}") }
}

/// The partition of what waits for an acknowledgement, which is seldom enough for one. No other ends like it.
pub(super) fn unacknowledged(policy: &str) -> String {
    format!("{policy}#unacknowledged")
}

/// An entry of the audit trail.
pub(super) fn read_entry(attributes: &Attributes) -> Result<Entry, Unavailable> {
    from_json(attributes, "entry")
}

/// The head of the audit trail and the number of attempts that did not count. The trail of a record that was written
/// before there were any begins with its next change.
fn read_trail(attributes: &Attributes, id: &ApprovalId) -> Result<(Head, u32), Unavailable> {
    if !attributes.contains_key("audit_hash") {
        return Ok((Head::genesis(id), 0));
    }
    let hash = Hash::parse(string(attributes, "audit_hash")?).ok_or_else(|| broken("audit_hash"))?;
    Ok((Head { count: integer(attributes, "audit_count")?, hash }, integer(attributes, "refused")?))
}

/// Votes by person, so that the table itself holds at most one of each.
fn votes(votes: &[Vote]) -> Result<Attributes, Unavailable> {
    votes.iter().map(|vote| Ok((vote.person.to_string(), text(&to_json(vote)?)))).collect()
}

/// The votes in the order they came.
fn read_votes(attributes: &Attributes) -> Result<Vec<Vote>, Unavailable> {
    let votes = attributes.get("votes").and_then(|value| value.as_m().ok()).ok_or_else(|| broken("votes"))?;
    let mut votes: Vec<Vote> =
        votes.keys().map(|person| from_json(votes, person).map_err(|_| broken("votes"))).collect::<Result<_, _>>()?;
    votes.sort_by(|a, b| (a.at, &a.person).cmp(&(b.at, &b.person)));
    Ok(votes)
}

/// Approval ids are hashes, so any part of one spreads evenly.
fn shard(id: &ApprovalId, shards: u8) -> u8 {
    id.as_str().bytes().fold(0, |sum: u8, byte| sum.wrapping_mul(31).wrapping_add(byte)) % shards
}

fn expires(approval: &Approval, kept: Kept) -> Timestamp {
    let ended_at = approval.resolution().map_or(approval.request.deadline, |resolution| resolution.at);
    let last = ended_at.max(approval.request.deadline);
    last.saturating_add(kept.records).unwrap_or(Timestamp::MAX)
}

pub(super) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

pub(super) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) fn string<'a>(attributes: &'a Attributes, name: &'static str) -> Result<&'a str, Unavailable> {
    let value = attributes.get(name).and_then(|value| value.as_s().ok());
    value.map(String::as_str).ok_or_else(|| broken(name))
}

pub(super) fn integer<T: std::str::FromStr>(attributes: &Attributes, name: &'static str) -> Result<T, Unavailable> {
    let value = attributes.get(name).and_then(|value| value.as_n().ok());
    value.and_then(|value| value.parse().ok()).ok_or_else(|| broken(name))
}

pub(super) fn to_json(value: &impl Serialize) -> Result<String, Unavailable> {
    serde_json::to_string(value).map_err(|error| Unavailable::new(SERVICE, error))
}

pub(super) fn from_json<T: for<'de> Deserialize<'de>>(attributes: &Attributes, name: &str) -> Result<T, Unavailable> {
    let value = attributes.get(name).and_then(|value| value.as_s().ok());
    let value = value.and_then(|value| serde_json::from_str(value).ok());
    value.ok_or_else(|| Unavailable::new(SERVICE, format!("the item's {name} is not what this version writes")))
}

/// The text names the attribute and quotes nothing of it.
pub(super) fn broken(attribute: &'static str) -> Unavailable {
    Unavailable::new(SERVICE, format!("the item's {attribute} is not what this version writes"))
}

#[cfg(test)]
mod largest;
#[cfg(test)]
mod tests;
