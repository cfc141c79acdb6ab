//! Starting something from a chat, the same in every chat: from words, or from the form that opens where they are not
//! enough.

use serde_json::Value;

use crate::approval::commands::LaunchCommand;
use crate::approval::entry::seen;
use crate::approval::fields::Field;
use crate::approval::filling::{Complete, Filling};
use crate::approval::policy::{Person, Policy};
use crate::approval::run::Starter;
use crate::approval::startable::MayNotStart;
use crate::flow::app::App;
use crate::flow::launch::{self, Launch};
use crate::messages::commands as words;
use crate::messages::dialect::Dialect;
use crate::net::deadline::Deadline;
use crate::ports::StartError;

use super::commands::bare;

/// What is to be done about what somebody has typed or submitted.
#[derive(Debug, PartialEq)]
pub(super) enum Next<'a> {
    /// To start it.
    Start(Complete<'a>),
    /// To show the form, with what was understood in it and the mistakes under their fields.
    Ask(Filling<'a>),
    /// To say something.
    Say(String),
}

/// Reads what follows `/start`: nothing, the name of a command and its values, or the values of the default.
pub(super) fn next<'a>(policy: &'a Policy, person: &Person, typed: &str, dialect: Dialect) -> Next<'a> {
    let typed = typed.trim();
    let (first, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    let name = bare(first).to_lowercase();
    if let Some(command) = policy.commands.get(&name) {
        return next_of(policy, person, command, rest, dialect);
    }
    if is_help(typed) {
        return Next::Say(format!("{}{}{}", words::help(dialect), dialect.paragraph(), list(policy, person, dialect)));
    }
    let is_allowed = |command: &&LaunchCommand| policy.may_start(command, person) != Err(MayNotStart::NotAllowed);
    let default = policy.commands.values().filter(is_allowed).find(|command| command.is_default);
    match default {
        _ if typed.is_empty() => Next::Say(list(policy, person, dialect)),
        Some(command) => next_of(policy, person, command, typed, dialect),
        None => {
            let unknown = words::unknown(first, dialect);
            Next::Say(format!("{unknown}{}{}", dialect.paragraph(), list(policy, person, dialect)))
        }
    }
}

/// Reads the values of a command. Its name alone opens its form, since nobody has seen what is in it.
pub(super) fn next_of<'a>(
    policy: &'a Policy,
    person: &Person,
    command: &'a LaunchCommand,
    typed: &str,
    dialect: Dialect,
) -> Next<'a> {
    if let Err(why) = policy.may_start(command, person) {
        return Next::Say(words::may_not_start(command, why, dialect));
    }
    if is_help(typed) {
        return Next::Say(words::usage(command, dialect));
    }
    let filling = match typed.trim() {
        "" if !command.fields.is_empty() => return Next::Ask(Filling::blank(command)),
        typed => policy.filled_in_words(command, typed),
    };
    match filling.complete() {
        Ok(complete) => Next::Start(complete),
        Err(filling) if command.fields.is_empty() => Next::Say(words::not_understood(&filling, dialect)),
        Err(filling) => Next::Ask(filling),
    }
}

/// Reads a form that was opened for this version of a command.
pub(super) fn submitted<'a>(
    policy: &'a Policy,
    person: &Person,
    (name, version): (&str, &str),
    written: impl Fn(&Field) -> Option<String>,
    dialect: Dialect,
) -> Next<'a> {
    let Some(command) = policy.commands.get(name).filter(|command| command.version() == version) else {
        return Next::Say(words::changed(dialect));
    };
    if let Err(why) = policy.may_start(command, person) {
        return Next::Say(words::may_not_start(command, why, dialect));
    }
    match policy.filled_in_form(command, written).complete() {
        Ok(complete) => Next::Start(complete),
        Err(filling) => Next::Ask(filling),
    }
}

/// Who starts what, and where they do.
pub(super) struct Start<'a> {
    /// The command with its values.
    pub(super) complete: &'a Complete<'a>,
    /// Who starts it.
    pub(super) person: &'a Person,
    /// Where they do, for the events of its approval.
    pub(super) source: Value,
    /// Where they do, to tell them how it ended.
    pub(super) starter: Starter,
    /// The id of the act itself. The same id starts one execution.
    pub(super) id: String,
}

/// What was started, and where to look for it.
pub(super) struct Started<'a> {
    /// The command with its values.
    pub(super) complete: &'a Complete<'a>,
    /// The address of the execution.
    pub(super) url: String,
    /// The conversation that gets its card, if one does.
    pub(super) conversation: Option<String>,
}

impl Started<'_> {
    /// The same in words.
    pub(super) fn words(&self, policy: &Policy, dialect: Dialect) -> String {
        words::started(self.complete, policy, &self.url, self.conversation.as_deref(), dialect)
    }
}

/// Starts a command.
pub(super) async fn start<'a>(
    app: &App,
    start: Start<'a>,
    dialect: Dialect,
    deadline: Deadline,
) -> Result<Started<'a>, StartError> {
    let Start { complete, person, source, starter, id } = start;
    let command = complete.command();
    let launch = Launch {
        state_machine: &command.state_machine,
        input: complete.values().clone(),
        requested_by: Some(&person.id),
        correlation: source,
        starter: Some(starter),
        command_id: &id,
    };
    let started = launch::launch(app, launch, deadline).await;
    let execution = started.inspect_err(|error| tracing::error!(%error, "a command could not be started"))?;
    let rules = app.policy.rules.get(&command.policy);
    let conversation = rules.and_then(|rules| rules.conversation(dialect.platform()?));
    Ok(Started { complete, url: app.links.execution(&execution), conversation: conversation.map(str::to_owned) })
}

/// What somebody may start, in words.
pub(super) fn list(policy: &Policy, person: &Person, dialect: Dialect) -> String {
    words::list(&startable(policy, person).collect::<Vec<_>>(), dialect)
}

fn startable<'a>(policy: &'a Policy, person: &'a Person) -> impl Iterator<Item = &'a LaunchCommand> {
    policy.commands.values().filter(move |command| policy.may_start(command, person).is_ok())
}

/// Whether nothing but this word was typed. In quotation marks it is a value.
fn is_help(typed: &str) -> bool {
    seen(typed).eq_ignore_ascii_case("help")
}
