//! Who may reach the bot, who is who on each platform, and who may decide what.
//!
//! The file is read by `policy_file`; a request keeps the `Rules` it was raised under.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::accounts::Accounts;
use super::callers::StateMachinePattern;
use super::calling::Calling;
use super::commands::LaunchCommand;
use super::fingerprint::Fingerprint;
use super::identities::ChatIdentity;
use super::ids::{ExecutionArn, PersonId};
use super::live_groups::{AskedGroup, LiveGroups};
use super::place::{Destination, Platform};
use super::seats::{self, Seats};

/// The whole policy file, read and found right.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Where it is from.
    pub source: PolicySource,
    /// Whose members may reach the bot: the workspaces, organisations and tenants of each chat.
    pub let_in: LetIn,
    /// Everybody the bot knows, by key.
    pub people: BTreeMap<PersonId, Person>,
    /// The rules a workflow names in its request.
    pub rules: BTreeMap<String, Rules>,
    /// The people behind each group.
    pub groups: BTreeMap<String, Vec<PersonId>>,
    /// The groups whose members a chat says, which the others then have nobody of.
    pub live: LiveGroups,
    /// What may be started from a chat, by name.
    pub commands: BTreeMap<String, LaunchCommand>,
    /// The accounts beside the deployment's own whose executions may ask.
    pub accounts: Accounts,
}

/// Where a policy is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicySource {
    /// A file.
    File,
    /// The version of this number.
    Version(u32),
    /// There is none: it knows nobody and has no rules.
    Nowhere(NoPolicy),
}

/// Why no policy is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoPolicy {
    /// Nobody has pushed any.
    #[error("nobody has pushed one yet")]
    NotPushed,
    /// It could not be read.
    #[error("it could not be read")]
    NotRead,
    /// No version that there is can be used.
    #[error("no version of it can be used")]
    NotUsable,
}

/// The workspaces, organisations and tenants of each chat whose members may reach the bot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LetIn(pub BTreeMap<Platform, BTreeSet<String>>);

/// One person with every identity that counts as that person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// The key in the policy file.
    pub id: PersonId,
    /// The name that messages show.
    pub name: String,
    /// Who this is in each chat. One without a place means a single person all the same: either nobody is let in
    /// there, or the chat gives no id twice.
    pub chats: BTreeMap<Platform, ChatIdentity>,
    /// The address that approval mail goes to.
    pub email: Option<String>,
}

/// One `[policies.NAME]`, with its groups resolved to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rules {
    /// The name a request uses.
    pub name: String,
    /// Everybody who may decide, each once; never empty but for members of live groups. A request may have narrowed them.
    pub approvers: Vec<Person>,
    /// Who was in the live groups among them when the request was raised.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<AskedGroup>,
    /// How many distinct people must approve; with seats, how many of these there are.
    pub required: usize,
    /// How many of whom must approve; none where it does not matter who.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seats: Vec<Seats>,
    /// The policies that this one is kept apart from: who has approved under one does not count under the other.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub distinct_from: BTreeSet<String>,
    /// Whether the requester counts.
    pub self_approval: bool,
    /// Whether somebody of the policy must have asked.
    pub requester: RequesterUse,
    /// Which state machines may ask; any if there is no pattern.
    pub callers: Vec<StateMachinePattern>,
    /// Whether a rejection needs a comment.
    pub reason_on_reject: bool,
    /// Whether a request can be sent back for changes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub returns: bool,
    /// When to remind, counted from the request.
    pub remind_after: Vec<SignedDuration>,
    /// When not to remind.
    pub quiet_hours: Option<QuietHours>,
    /// When to call in more people, and whom.
    pub escalation: Option<Escalation>,
    /// The conversation that gets the card, for each chat that gets one.
    pub conversations: BTreeMap<Platform, String>,
    /// When approval mail is sent.
    pub email: EmailUse,
    /// Who is called.
    #[serde(default, skip_serializing_if = "Calling::is_default")]
    pub calling: Calling,
    /// How long a request that has reached nobody is tried, counted from the request.
    #[serde(default)]
    pub give_up_after: Option<SignedDuration>,
    /// The fields of the execution's output that may be shown.
    pub show_result: Vec<String>,
    /// Who may stand in for an approver who is away; nobody where the policy does not say so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delegates: Vec<Person>,
    /// Who may approve alone in an emergency; nobody where the policy does not say so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub break_glass: Vec<PersonId>,
    /// By what those of them are known who neither decide nor stand in; nobody in records from before this was kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub glass_breakers: BTreeMap<PersonId, Fingerprint>,
}

/// Whether a request must say who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RequesterUse {
    /// It must name a person of the policy.
    Known,
    /// It need not; the card then says that nobody of the policy has asked.
    Optional,
}

/// The hours of the day in which nobody is reminded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuietHours {
    /// When they begin, in the time zone.
    pub from: Time,
    /// When they end; an earlier time than `from` is one of the next day.
    pub to: Time,
    /// Where.
    #[serde(with = "jiff::fmt::serde::tz::required")]
    pub time_zone: TimeZone,
}

/// `escalate_after` and `escalate_to`, which only make sense together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Escalation {
    /// Counted from the request.
    pub after: SignedDuration,
    /// Who is added to the approvers.
    pub to: Vec<Person>,
}

/// When approval mail is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EmailUse {
    /// Beside the chat card.
    Always,
    /// Only when no chat took the card.
    Fallback,
    /// Not at all.
    Never,
}

impl EmailUse {
    /// Whether people may count on a mail. One that only replaces a card reaches nobody as long as the card goes out.
    pub fn is_sure(self, has_cards: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Fallback => !has_cards,
            Self::Never => false,
        }
    }
}

/// Why a chat user is nobody to the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stranger {
    /// There is no policy.
    #[error("no policy is in force: {0}")]
    NoPolicy(NoPolicy),
    /// The workspace or tenant is not on the access list.
    #[error("this workspace is not on the access list of the policy")]
    ForeignTeam,
    /// The workspace is right and the user has no entry.
    #[error("the policy has no person with this identity")]
    Unlisted,
}

impl Policy {
    /// What stands in the place of a policy while there is none.
    pub fn none(why: NoPolicy) -> Self {
        Self {
            source: PolicySource::Nowhere(why),
            let_in: LetIn::default(),
            people: BTreeMap::new(),
            rules: BTreeMap::new(),
            groups: BTreeMap::new(),
            live: LiveGroups::default(),
            commands: BTreeMap::new(),
            accounts: Accounts::default(),
        }
    }

    /// The number of its version, if it is one.
    pub fn version(&self) -> Option<u32> {
        match self.source {
            PolicySource::Version(number) => Some(number),
            PolicySource::File | PolicySource::Nowhere(_) => None,
        }
    }

    /// Says why there is no policy, if there is none.
    pub fn in_force(&self) -> Result<(), NoPolicy> {
        match self.source {
            PolicySource::Nowhere(why) => Err(why),
            PolicySource::File | PolicySource::Version(_) => Ok(()),
        }
    }

    /// The person behind a user of a chat, who is from these workspaces, organisations or tenants, all in the form of
    /// `Chat::normal`. An id counts only in the place that it is bound to: in another it is somebody else's.
    pub fn person(&self, chat: Platform, places: &[&str], user: &str) -> Result<&Person, Stranger> {
        self.in_force().map_err(Stranger::NoPolicy)?;
        let let_in: Vec<&str> = self.let_in.on(chat).filter(|place| places.contains(place)).collect();
        if let_in.is_empty() {
            return Err(Stranger::ForeignTeam);
        }
        let is_theirs = |person: &&Person| person.on(chat).is_some_and(|identity| identity.is(&let_in, user));
        self.people.values().find(is_theirs).ok_or(Stranger::Unlisted)
    }
}

impl LetIn {
    /// Those of a chat.
    pub fn on(&self, chat: Platform) -> impl Iterator<Item = &str> {
        self.0.get(&chat).into_iter().flatten().map(String::as_str)
    }

    /// Whether the members of this one may reach the bot.
    pub fn has(&self, chat: Platform, place: &str) -> bool {
        self.0.get(&chat).is_some_and(|places| places.contains(place))
    }
}

impl Person {
    /// Who this is in a chat.
    pub fn on(&self, chat: Platform) -> Option<&ChatIdentity> {
        self.chats.get(&chat)
    }

    /// Whether this person could ever decide: in a chat of which somebody is let in, or with the mail that they get.
    pub fn could_decide(&self, let_in: &LetIn, by_mail: bool) -> bool {
        let by_chat = self.chats.keys().any(|chat| let_in.on(*chat).next().is_some());
        by_chat || by_mail && self.email.is_some()
    }
}

impl Rules {
    /// The chats that get a card.
    pub fn chats(&self) -> impl Iterator<Item = Destination> {
        self.conversations.keys().copied().map(Destination::Chat)
    }

    /// The conversation that gets the card in this chat, if one does.
    pub fn conversation(&self, chat: Platform) -> Option<&str> {
        self.conversations.get(&chat).map(String::as_str)
    }

    /// Whether the state machine of this execution may ask.
    pub fn allow_caller(&self, execution: &ExecutionArn) -> bool {
        self.callers.is_empty() || self.callers.iter().any(|pattern| pattern.allows(execution))
    }

    /// Whether nobody decides before the history of the execution was seen to hold the task: who asks, and in which
    /// execution, then says who may decide.
    pub fn need_proof(&self) -> bool {
        !self.callers.is_empty() || !self.distinct_from.is_empty()
    }

    /// How many of the approvals that are needed these people could give together, each one.
    pub fn fillable<'a>(&self, people: impl IntoIterator<Item = &'a Person>) -> usize {
        seats::fillable(&self.quorum(), people.into_iter().map(|person| &person.id))
    }

    /// The seats; where it does not matter who approves, as many for everybody.
    pub fn quorum(&self) -> Cow<'_, [Seats]> {
        if !self.seats.is_empty() {
            return Cow::Borrowed(&self.seats);
        }
        let people = self.approvers.iter().map(|person| person.id.clone()).collect();
        Cow::Owned(vec![Seats { from: Vec::new(), people, count: self.required }])
    }

    /// Whose seats these are, by the keys of groups and the names of people.
    pub fn names_of(&self, seats: &Seats) -> Vec<String> {
        let name = |key: &String| {
            let person = self.approvers.iter().find(|person| person.id.as_str() == key);
            person.map_or_else(|| key.clone(), |person| person.name.clone())
        };
        seats.from.iter().map(name).collect()
    }

    /// What the policy needs, as in ``2 approvals`` or ``1 approval of `security` and 2 of `sre` ``.
    pub fn needs(&self) -> String {
        let approvals = |count: usize| format!("{count} {}", if count == 1 { "approval" } else { "approvals" });
        let of = |seats: &Seats| {
            let from: Vec<String> = seats.from.iter().map(|key| format!("`{key}`")).collect();
            format!("of {}", from.join(" or "))
        };
        let Some((first, others)) = self.seats.split_first() else { return approvals(self.required) };
        let others = others.iter().map(|seats| format!("{} {}", seats.count, of(seats)));
        let all: Vec<String> =
            [format!("{} {}", approvals(first.count), of(first))].into_iter().chain(others).collect();
        all.join(" and ")
    }

    /// The approver, or whoever may stand in for one, with this key.
    pub fn person(&self, id: &PersonId) -> Option<&Person> {
        self.approver(id).or_else(|| self.delegates.iter().find(|person| person.id == *id))
    }

    /// The approver with this key.
    pub fn approver(&self, id: &PersonId) -> Option<&Person> {
        self.approvers.iter().find(|person| person.id == *id)
    }

    /// Whether this person decides, at once or after an escalation.
    pub fn ever_ask(&self, id: &PersonId) -> bool {
        let escalated_to = self.escalation.iter().flat_map(|escalation| &escalation.to);
        self.approvers.iter().chain(escalated_to).any(|person| person.id == *id)
    }

    /// Whether this person could ever have a part in a decision: in their own right, for somebody who is away, or alone in an
    /// emergency.
    pub fn may_act(&self, id: &PersonId) -> bool {
        self.ever_ask(id) || self.break_glass.contains(id) || self.delegates.iter().any(|person| person.id == *id)
    }

    /// The rules for a request that lets these people alone decide, at once and after an escalation.
    pub fn narrowed_to(&self, people: &BTreeSet<PersonId>) -> Self {
        let is_named = |person: &Person| people.contains(&person.id);
        let mut narrowed = self.clone();
        narrowed.approvers.retain(is_named);
        narrowed.break_glass.retain(|person| people.contains(person));
        narrowed.calling.narrow(people);
        narrowed.groups.iter_mut().for_each(|group| group.people.retain(|person| people.contains(person)));
        narrowed.seats.iter_mut().for_each(|seats| seats.people.retain(|person| people.contains(person)));
        if let Some(escalation) = &mut narrowed.escalation {
            escalation.to.retain(is_named);
        }
        narrowed.escalation = narrowed.escalation.filter(|escalation| !escalation.to.is_empty());
        narrowed
    }

    /// The approvers whose decision counts on a request of this requester.
    pub fn eligible(&self, requester: Option<&PersonId>) -> impl Iterator<Item = &Person> {
        let excluded = requester.filter(|_| !self.self_approval).cloned();
        self.approvers.iter().filter(move |person| Some(&person.id) != excluded.as_ref())
    }
}
