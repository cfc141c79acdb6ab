//! The events on the bus: what happened to an approval, for anybody who listens.
//!
//! Each has an id that is the same when it is sent again, because the bus delivers at least once.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The `source` of every event.
pub const SOURCE: &str = "countersign";
/// Grows when the shape of a detail changes in a way that a consumer must know.
pub const SCHEMA_VERSION: &str = "1";

/// One event, ready to be put on the bus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The same whenever this event is sent.
    pub id: String,
    /// The kind of event.
    pub detail_type: DetailType,
    /// The detail, valid against the schema of its kind.
    pub detail: Value,
}

/// The kinds of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DetailType {
    /// A workflow has asked.
    Requested,
    /// A person has said something, which may or may not decide.
    Voted,
    /// Those who have said nothing are reminded.
    Reminded,
    /// More people may decide.
    Escalated,
    /// What is left to do has failed too often to be tried again soon.
    Parked,
    /// Somebody is looking at it, or no longer is.
    Claimed,
    /// Somebody has approved alone in an emergency.
    GlassBroken,
    /// An approver has acknowledged that.
    Acknowledged,
    /// The approval has ended.
    Resolved,
}

impl Event {
    /// The event as it goes on the bus, with the caller's own ids, which the record has once for all events.
    pub fn with_correlation(&self, correlation: &Map<String, Value>) -> Self {
        let mut event = self.clone();
        event.detail["correlation"] = Value::Object(correlation.clone());
        event
    }

    /// Leaves out what people wrote with their votes, but for the answers in the event of the end, on which others act.
    pub fn leave_words_out(&mut self) {
        if let Some(vote) = self.detail.get_mut("vote").and_then(Value::as_object_mut) {
            vote.insert("comment".to_owned(), Value::Null);
            vote.shift_remove("inputs");
        }
        let decided_by = self.detail.get_mut("decidedBy").and_then(Value::as_array_mut);
        for said in decided_by.into_iter().flatten() {
            said["comment"] = Value::Null;
        }
        if let Some(broken) = self.detail.get_mut("breakGlass") {
            broken["reason"] = Value::Null;
        }
    }
}

impl DetailType {
    /// Every kind, for those who describe them all.
    pub const ALL: [Self; 9] = [
        Self::Requested,
        Self::Voted,
        Self::Reminded,
        Self::Escalated,
        Self::Parked,
        Self::Claimed,
        Self::GlassBroken,
        Self::Acknowledged,
        Self::Resolved,
    ];

    /// The `detail-type` on the bus.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "Approval Requested",
            Self::Voted => "Approval Voted",
            Self::Reminded => "Approval Reminded",
            Self::Escalated => "Approval Escalated",
            Self::Parked => "Approval Parked",
            Self::Claimed => "Approval Claimed",
            Self::GlassBroken => "Approval Glass Broken",
            Self::Acknowledged => "Approval Acknowledged",
            Self::Resolved => "Approval Resolved",
        }
    }
}
