//! The file as written: keys and types are right, names are not looked up yet.
//!
//! Reading goes on past a problem, so that one message can list them all.

pub(super) mod accounts;
pub(super) mod commands;
pub(super) mod quorum;
mod times;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use toml_span::de_helpers::{TableHelper, expected};
use toml_span::value::{Key, Value, ValueInner};
use toml_span::{DeserError, Deserialize, Error, Span, Spanned};

use self::accounts::RawAccount;
use self::commands::RawCommand;
use self::quorum::RawQuorum;
use super::problem;
use crate::approval::callers::StateMachinePattern;
use crate::approval::identities::{CHATS, Chat, IdKind};
use crate::approval::place::Platform;
use crate::approval::policy::{EmailUse, RequesterUse};

/// The six top-level tables.
pub(super) struct File {
    pub(super) access: Access,
    pub(super) people: Vec<Named<RawPerson>>,
    pub(super) groups: Vec<Named<RawGroup>>,
    pub(super) policies: Vec<Named<RawRules>>,
    pub(super) commands: Vec<Named<RawCommand>>,
    pub(super) accounts: Vec<Named<RawAccount>>,
}

/// Whom each chat lets in.
#[derive(Default)]
pub(super) struct Access(pub(super) BTreeMap<Platform, Vec<Name>>);

/// An entry under a name of the user's choice; no value means that its problems are on the list already.
pub(super) struct Named<T> {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) value: Option<T>,
}

pub(super) struct RawPerson {
    pub(super) name: Name,
    pub(super) chats: BTreeMap<Platform, Name>,
    pub(super) email: Option<Name>,
}

/// Who is in a group.
pub(super) enum RawGroup {
    /// These people.
    Of(Vec<Name>),
    /// Whoever a user group of a chat has.
    Live(RawLiveGroup),
}

pub(super) struct RawLiveGroup {
    pub(super) usergroup: Name,
    pub(super) fallback: Option<Name>,
}

pub(super) struct RawRules {
    pub(super) quorum: RawQuorum,
    pub(super) distinct_from: Vec<Name>,
    pub(super) self_approval: bool,
    pub(super) requester: Option<RequesterUse>,
    pub(super) callers: Vec<StateMachinePattern>,
    pub(super) reason_on_reject: bool,
    pub(super) returns: bool,
    pub(super) remind_after: Vec<Duration>,
    pub(super) remind_after_span: Span,
    pub(super) quiet_hours: Option<RawQuietHours>,
    pub(super) escalate_after: Option<Duration>,
    pub(super) escalate_to: Option<Spanned<Vec<Name>>>,
    pub(super) conversations: BTreeMap<Platform, Name>,
    pub(super) email: EmailUse,
    pub(super) calling: RawCalling,
    pub(super) give_up_after: Option<Duration>,
    pub(super) show_result: Vec<String>,
    pub(super) delegates: Option<Spanned<Vec<Name>>>,
    pub(super) break_glass: Option<RawBreakGlass>,
}

/// Who is called.
pub(super) struct RawCalling {
    pub(super) notify: Option<Spanned<Vec<Name>>>,
    pub(super) silent: Option<Spanned<Vec<Name>>>,
    pub(super) direct: Option<Spanned<bool>>,
}

/// Who may approve alone in an emergency.
pub(super) struct RawBreakGlass {
    pub(super) who: Spanned<Vec<Name>>,
}

pub(super) struct RawQuietHours {
    pub(super) from: Time,
    pub(super) to: Time,
    pub(super) time_zone: TimeZone,
    pub(super) span: Span,
}

/// Text with its place, so that what is wrong with it can be pointed at.
pub(super) struct Name {
    pub(super) text: String,
    pub(super) span: Span,
}

pub(super) struct Duration(pub(super) SignedDuration);

struct NotEmpty<T>(Vec<T>);

struct TimeOfDay(Time);

struct Zone(TimeZone);

/// A table that is read as far as it goes.
trait Read: Sized {
    fn read(table: &mut TableHelper<'_>) -> Option<Self>;
}

/// Reads a value as a table of this kind; what is wrong with it goes on the list.
fn read<T: Read>(value: &mut Value<'_>, errors: &mut Vec<Error>) -> Option<T> {
    let mut table = match TableHelper::new(value) {
        Ok(table) => table,
        Err(mut error) => {
            errors.append(&mut error.errors);
            return None;
        }
    };
    let found = T::read(&mut table);
    if let Err(mut error) = table.finalize(None) {
        errors.append(&mut error.errors);
    }
    found
}

impl File {
    /// Reads the document as far as it goes; what is wrong with it goes on the list.
    pub(super) fn read(document: &mut Value<'_>, errors: &mut Vec<Error>) -> Option<Self> {
        read(document, errors)
    }
}

impl Read for File {
    fn read(table: &mut TableHelper<'_>) -> Option<Self> {
        let access = match table.take("access") {
            Some((_, mut value)) => read(&mut value, &mut table.errors).unwrap_or_default(),
            None => Access::default(),
        };
        Some(Self {
            access,
            people: named(table, "people", read),
            groups: named(table, "groups", read_group),
            policies: named(table, "policies", read),
            commands: named(table, "commands", read),
            accounts: named(table, "accounts", read),
        })
    }
}

type Reader<T> = fn(&mut Value<'_>, &mut Vec<Error>) -> Option<T>;

/// Reads a table whose keys are names of the user's choice, in the order of the file.
fn named<T>(outer: &mut TableHelper<'_>, key: &'static str, read: Reader<T>) -> Vec<Named<T>> {
    let Some((_, mut value)) = outer.take(key) else {
        return Vec::new();
    };
    let table = match value.take() {
        ValueInner::Table(table) => table,
        other => {
            outer.errors.push(expected("a table", other, value.span));
            return Vec::new();
        }
    };
    let mut entries: Vec<(Key<'_>, Value<'_>)> = table.into_iter().collect();
    entries.sort_by_key(|(key, _)| key.span.start);
    entries
        .into_iter()
        .map(|(key, mut value)| Named {
            name: key.name.into_owned(),
            span: key.span,
            value: read(&mut value, &mut outer.errors),
        })
        .collect()
}

fn read_group(value: &mut Value<'_>, errors: &mut Vec<Error>) -> Option<RawGroup> {
    match value.as_table() {
        Some(_) => read(value, errors).map(RawGroup::Live),
        None => read_list(value, errors).map(RawGroup::Of),
    }
}

fn read_list(value: &mut Value<'_>, errors: &mut Vec<Error>) -> Option<Vec<Name>> {
    match Vec::<Name>::deserialize(value) {
        Ok(names) => Some(names),
        Err(mut error) => {
            errors.append(&mut error.errors);
            None
        }
    }
}

/// Reads the key that each chat has for a kind of id.
fn by_chat<'de, T: Deserialize<'de>>(
    table: &mut TableHelper<'de>,
    kind: fn(&Chat) -> &IdKind,
) -> BTreeMap<Platform, T> {
    CHATS.iter().filter_map(|chat| Some((chat.platform, table.optional(kind(chat).key)?))).collect()
}

impl Read for Access {
    fn read(table: &mut TableHelper<'_>) -> Option<Self> {
        Some(Self(by_chat(table, |chat| &chat.place)))
    }
}

impl Read for RawPerson {
    fn read(table: &mut TableHelper<'_>) -> Option<Self> {
        let name = table.required("name");
        let chats = by_chat(table, |chat| &chat.user);
        let email = table.optional("email");
        Some(Self { name: name.ok()?, chats, email })
    }
}

impl Read for RawRules {
    fn read(table: &mut TableHelper<'_>) -> Option<Self> {
        let quorum = RawQuorum::read(table);
        let distinct_from = table.optional("distinct_from").map(|NotEmpty(names)| names).unwrap_or_default();
        let self_approval = table.optional("self_approval").unwrap_or(false);
        let requester = table.optional("requester");
        let callers = table.optional("callers").map(|NotEmpty(patterns)| patterns).unwrap_or_default();
        let reason_on_reject = table.optional("reason_on_reject").unwrap_or(false);
        let returns = table.optional("returns").unwrap_or(false);
        let remind_after = table.optional_s::<Vec<Duration>>("remind_after");
        let quiet_hours = table.take("quiet_hours").and_then(|(_, mut value)| {
            let span = value.span;
            let read: Option<RawQuietHours> = read(&mut value, &mut table.errors);
            read.map(|hours| RawQuietHours { span, ..hours })
        });
        let escalate_after = table.optional("escalate_after");
        let escalate_to = table.optional_s("escalate_to");
        let conversations = by_chat(table, |chat| &chat.conversation);
        let email = table.optional("email").unwrap_or(EmailUse::Always);
        let calling = RawCalling {
            notify: table.optional_s("notify"),
            silent: table.optional_s("silent"),
            direct: table.optional_s("direct"),
        };
        let give_up_after = table.optional("give_up_after");
        let show_result = table.optional("show_result").unwrap_or_default();
        let delegates = table.optional_s("delegates");
        let break_glass =
            table.take("break_glass").and_then(|(_, mut value)| read::<RawBreakGlass>(&mut value, &mut table.errors));
        let quorum = quorum?;
        let (remind_after, remind_after_span) =
            remind_after.map_or((Vec::new(), quorum.span()), |found| (found.value, found.span));
        Some(Self {
            quorum,
            distinct_from,
            self_approval,
            requester,
            callers,
            reason_on_reject,
            returns,
            remind_after,
            remind_after_span,
            quiet_hours,
            escalate_after,
            escalate_to,
            conversations,
            email,
            calling,
            give_up_after,
            show_result,
            delegates,
            break_glass,
        })
    }
}

impl Read for RawLiveGroup {
    fn read(table: &mut TableHelper<'_>) -> Option<Self> {
        let usergroup = table.required("slack_usergroup");
        let fallback = table.optional("fallback");
        Some(Self { usergroup: usergroup.ok()?, fallback })
    }
}

impl Read for RawBreakGlass {
    fn read(table: &mut TableHelper<'_>) -> Option<Self> {
        Some(Self { who: table.required_s("who").ok()? })
    }
}

impl Read for RawQuietHours {
    fn read(table: &mut TableHelper<'_>) -> Option<Self> {
        let from = table.required::<TimeOfDay>("from");
        let to = table.required::<TimeOfDay>("to");
        let time_zone = table.required::<Zone>("time_zone");
        Some(Self { from: from.ok()?.0, to: to.ok()?.0, time_zone: time_zone.ok()?.0, span: Span::default() })
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let span = value.span;
        Ok(Self { text: value.take_string(Some("a string"))?.into_owned(), span })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for NotEmpty<T> {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let span = value.span;
        match Vec::deserialize(value)? {
            empty if empty.is_empty() => Err(problem("an empty list lets nobody in: leave the key out", span).into()),
            items => Ok(Self(items)),
        }
    }
}

impl<'de> Deserialize<'de> for StateMachinePattern {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let span = value.span;
        let text = value.take_string(Some("a pattern such as \"arn:aws:states:*:*:stateMachine:release-*\""))?;
        Self::parse(&text).map_err(|error| problem(format!("callers: `{text}`: {error}"), span).into())
    }
}

impl<'de> Deserialize<'de> for RequesterUse {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let span = value.span;
        match value.take_string(Some("\"known\" or \"optional\""))?.as_ref() {
            "known" => Ok(Self::Known),
            "optional" => Ok(Self::Optional),
            other => Err(problem(format!("requester = \"{other}\" is not \"known\" or \"optional\""), span).into()),
        }
    }
}

impl<'de> Deserialize<'de> for EmailUse {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let span = value.span;
        match value.take_string(Some("\"always\", \"fallback\" or \"never\""))?.as_ref() {
            "always" => Ok(Self::Always),
            "fallback" => Ok(Self::Fallback),
            "never" => Ok(Self::Never),
            other => {
                let message = format!("email = \"{other}\" is not \"always\", \"fallback\" or \"never\"");
                Err(problem(message, span).into())
            }
        }
    }
}
