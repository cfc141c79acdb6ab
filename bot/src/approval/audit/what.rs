//! What an entry of the audit trail can tell: in words of its own, because the text of an old entry must never change.
//!
//! A field that comes later is optional and left out where it is empty; a kind that comes later is one more variant.
//! Nothing in here is a token, an address or a user id of a platform: people go by their key in the policy and their
//! name.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Hash;
use super::found::{Callback, Found};
use super::reason::Reason;
use crate::approval::ids::{ApprovalId, ExecutionArn, PersonId};
use crate::approval::place::{MessageRef, Platform};
use crate::approval::policy::Person;
use crate::approval::seats::Seats;
use crate::approval::state::{Outcome, Status, Verdict};

/// Something that happened to an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum What {
    /// A workflow asked.
    Raised {
        /// The policy it asked under.
        policy: String,
        /// Of which version of the policy file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        policy_version: Option<u32>,
        /// What for.
        title: String,
        /// On whose behalf, where that is a person of the policy.
        requester: Option<Who>,
        /// The execution that waits.
        execution: ExecutionArn,
        /// How long.
        deadline: Timestamp,
        /// How many people must approve.
        required: usize,
        /// How many of whom, where that is not all the same.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        seats: Vec<SeatsAsked>,
        /// Who may decide.
        approvers: Vec<PersonId>,
        /// The hash of what was asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<Hash>,
    },
    /// The request went out.
    Delivered {
        /// Where to.
        places: Vec<Place>,
    },
    /// The request could not be sent.
    Undelivered {
        /// Where to, and why.
        failures: Vec<Failure>,
    },
    /// A card turned out to be out whose delivery was not known of.
    Discovered {
        /// Where.
        place: Place,
    },
    /// A person's word counted.
    Voted {
        /// Who.
        who: Who,
        /// For whom they stood in.
        #[serde(default, rename = "for", skip_serializing_if = "Vec::is_empty")]
        stands_for: Vec<PersonId>,
        /// Where they said it.
        platform: Platform,
        /// What they said.
        verdict: Verdict,
        /// In their own words.
        comment: Option<String>,
        /// What they answered to what an approval is asked for.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        inputs: Map<String, Value>,
        /// The hash of what they were asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<Hash>,
    },
    /// A person's word did not count.
    Refused {
        /// Who.
        who: Who,
        /// Where they said it.
        platform: Platform,
        /// What they said.
        verdict: Verdict,
        /// Why it did not count.
        reason: Reason,
    },
    /// Whoever asked took the request back.
    Cancelled {
        /// Who.
        who: Who,
        /// Where they said it.
        platform: Platform,
    },
    /// A person could not take the request back.
    CancelRefused {
        /// Who.
        who: Who,
        /// Where they said it.
        platform: Platform,
        /// Why it had no effect.
        reason: Reason,
    },
    /// The decision was made.
    Decided {
        /// Which way.
        verdict: Verdict,
    },
    /// Nobody could be asked, so the task is to be failed.
    GivenUp {
        /// What kept the request from everybody.
        reason: String,
    },
    /// Step Functions took the callback.
    CallbackAccepted {
        /// What it was told.
        callback: Callback,
    },
    /// Step Functions refused the callback, because the token is closed, and was asked how the task ended.
    CallbackClosed {
        /// What it was told.
        callback: Callback,
        /// What it said.
        found: Found,
    },
    /// Step Functions refused the callback for good, so that the decision has no effect.
    CallbackRefused {
        /// What it was told.
        callback: Callback,
        /// The code of the refusal.
        code: String,
    },
    /// Step Functions was asked how the task ended, without a decision to tell it.
    LookedUp {
        /// What it said.
        found: Found,
    },
    /// The approval ended.
    Resolved {
        /// How.
        status: Status,
        /// Why, where the status does not say it.
        reason: Option<String>,
    },
    /// The bus accepted events.
    Broadcast {
        /// Their ids.
        events: Vec<String>,
    },
    /// Copies were brought up to date, or answered.
    Updated {
        /// The status that they show.
        status: Status,
        /// Which copies.
        places: Vec<Place>,
    },
    /// Copies can no longer be brought up to date.
    Lost {
        /// Which copies.
        places: Vec<Place>,
    },
    /// What is left to do has failed so often that it is tried seldom from now on.
    Parked {
        /// What kept it from being done the last time.
        problem: String,
        /// How often it had failed in a row.
        failures: u32,
    },
    /// The execution ended.
    ExecutionEnded {
        /// Its status.
        status: String,
    },
    /// A later request of the same state took its place.
    Succeeded {
        /// Which.
        by: ApprovalId,
    },
    /// It follows an earlier request, beside which it is told.
    Follows {
        /// Which.
        earlier: ApprovalId,
    },
    /// Those who had said nothing were reminded.
    Reminded {
        /// Who they were.
        people: Vec<PersonId>,
    },
    /// Who stands in for whom is another from now on.
    StandIns {
        /// Each approver who is away, and who stands in for them.
        of: BTreeMap<PersonId, PersonId>,
    },
    /// Somebody said that they are looking at it.
    Claimed {
        /// Who.
        who: Who,
        /// Where they said it.
        platform: Platform,
        /// When that ends by itself.
        until: Timestamp,
    },
    /// They said that they no longer are.
    LetGo {
        /// Who.
        who: Who,
        /// Where they said it.
        platform: Platform,
    },
    /// It had lasted for its time.
    ClaimEnded {
        /// Who had said it.
        who: Who,
    },
    /// What somebody said of looking at it had no effect.
    ClaimRefused {
        /// Who.
        who: Who,
        /// Where they said it.
        platform: Platform,
        /// Why it had no effect.
        reason: Reason,
    },
    /// An approver acknowledged that somebody had approved alone.
    Acknowledged {
        /// Who.
        who: Who,
        /// Where they said it.
        platform: Platform,
    },
    /// A person could not acknowledge it.
    AcknowledgeRefused {
        /// Who.
        who: Who,
        /// Where they said it.
        platform: Platform,
        /// Why it had no effect.
        reason: Reason,
    },
    /// Those who may acknowledge it were reminded.
    RemindedOfGlass {
        /// Who they were.
        people: Vec<PersonId>,
    },
    /// More people were called in.
    Escalated {
        /// Whom the rules name for it.
        to: Vec<Who>,
    },
}

/// A person of the policy, as they were called at that time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Who {
    /// The key in the policy file.
    pub person: PersonId,
    /// The name.
    pub name: String,
}

/// So many approvals of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeatsAsked {
    /// The groups and people, by their keys in the policy.
    pub from: Vec<String>,
    /// How many of them must approve.
    pub count: usize,
}

/// A place that a request is sent to, or the message that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Place {
    /// The platform.
    pub platform: Platform,
    /// The channel or conversation, or the key of the person that the mail or the copy in their own chat is for.
    pub target: Option<String>,
    /// The platform's id of the message in it.
    pub message: Option<String>,
}

/// Why a request did not get to a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Failure {
    /// The place.
    pub place: Place,
    /// What kept the request from it.
    pub problem: String,
    /// Whether it is tried again.
    pub again: bool,
    /// Whether it may have got there all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub maybe: bool,
}

impl What {
    /// What there is to tell of an end.
    pub fn resolved(outcome: &Outcome) -> Self {
        let reason = match outcome {
            Outcome::Cancelled { reason } | Outcome::Undeliverable { reason } => Some(reason.clone()),
            Outcome::Approved | Outcome::Rejected | Outcome::Returned | Outcome::Expired | Outcome::Superseded => None,
        };
        Self::Resolved { status: outcome.status(), reason }
    }
}

impl Place {
    /// The own chat of this person with the bot.
    pub fn direct(platform: Platform, person: &PersonId) -> Self {
        Self { platform, target: Some(person.to_string()), message: None }
    }

    /// The mail to this person.
    pub fn mail(person: &PersonId) -> Self {
        Self { platform: Platform::Email, target: Some(person.to_string()), message: None }
    }
}

impl From<&Person> for Who {
    fn from(person: &Person) -> Self {
        Self { person: person.id.clone(), name: person.name.clone() }
    }
}

impl From<&Seats> for SeatsAsked {
    fn from(seats: &Seats) -> Self {
        Self { from: seats.from.clone(), count: seats.count }
    }
}

impl From<&MessageRef> for Place {
    fn from(message: &MessageRef) -> Self {
        match message {
            MessageRef::Card { platform, conversation, message } => {
                Self { platform: *platform, target: Some(conversation.clone()), message: Some(message.clone()) }
            }
            // Of a chat with one person the trail has whose it is, as of a mail.
            MessageRef::Direct { platform, person, message, .. } => {
                Self { message: Some(message.clone()), ..Self::direct(*platform, person) }
            }
            MessageRef::Email { person } => Self::mail(person),
        }
    }
}
