//! What is said to somebody who starts something in a chat.

use super::answers::TYPED_MAX;
use super::dialect::Dialect;
use super::usage;
use crate::approval::commands::LaunchCommand;
use crate::approval::entry::listed;
use crate::approval::fields::{Field, Kind};
use crate::approval::filling::{Complete, Filling};
use crate::approval::limits;
use crate::approval::policy::Policy;
use crate::approval::startable::MayNotStart;

/// A list takes no more than this: a message of Slack, with room for what is around it.
const LIST_MAX: usize = limits::slack::MESSAGE_MAX - 3_000;
/// What an entry takes beside its words, for their style.
const ENTRY_COST: usize = 150;
/// A name that somebody has typed.
const NAME_MAX: usize = 80;

/// What somebody may start, each with how it is typed.
pub fn list(commands: &[&LaunchCommand], dialect: Dialect) -> String {
    if commands.is_empty() {
        return "There is nothing that you may start.".to_owned();
    }
    let (mut list, mut taken) = ("You may start:".to_owned(), 0);
    for (listed, command) in commands.iter().enumerate() {
        let short = if command.is_default { format!(", or {}", form(None, command, dialect)) } else { String::new() };
        let title = dialect.text(&command.title);
        let entry = format!("{}{short}: {title}", form(Some(&command.name), command, dialect));
        let start = dialect.paragraph().to_owned() + dialect.bullet();
        taken += ENTRY_COST + limits::cost(&entry);
        if taken > LIST_MAX {
            return list + &format!("{start}and {} more", commands.len() - listed);
        }
        list += &(start + &entry);
    }
    list
}

/// How values are typed, and what else one can say.
pub fn help(dialect: Dialect) -> String {
    let (start, bullet) = (dialect.start_command(), dialect.bullet());
    let (next, approvals) = (dialect.paragraph().to_owned() + bullet, usage::approvals(dialect));
    format!(
        "{bullet}`{start}` lists what you may start.{next}`{start} NAME` opens its form. Values may follow the name: in their \
         order, as `name=value`, or in quotation marks where they hold spaces.{approvals}"
    )
}

/// How one command is used.
pub fn usage(command: &LaunchCommand, dialect: Dialect) -> String {
    let title = dialect.text(&command.title);
    let mut usage = format!("{} starts {title}.", form(Some(&command.name), command, dialect));
    for field in &command.fields {
        let optional = if field.required { "" } else { ", may be left out" };
        let takes = dialect.text(&takes(field));
        usage +=
            &format!("{}{}{}: {takes}{optional}", dialect.paragraph(), dialect.bullet(), dialect.code(&field.name));
    }
    usage
}

/// How a command is typed; what may be left out stands in brackets.
fn form(name: Option<&str>, command: &LaunchCommand, dialect: Dialect) -> String {
    let field = |field: &Field| match (field.required, &field.default) {
        (true, None) => field.name.to_uppercase(),
        _ => format!("[{}]", field.name.to_uppercase()),
    };
    let words = name.map(str::to_owned).into_iter().chain(command.fields.iter().map(field));
    let typed: Vec<String> = [dialect.start_command().to_owned()].into_iter().chain(words).collect();
    dialect.code(&typed.join(" "))
}

/// What a field takes, in a few words.
pub fn takes(field: &Field) -> String {
    match &field.kind {
        Kind::Text(None) => "text".to_owned(),
        Kind::LongText(None) => "text of several lines".to_owned(),
        Kind::Text(Some(pattern)) | Kind::LongText(Some(pattern)) => format!("text like {}", pattern.as_str()),
        Kind::Integer(_) => "an integer".to_owned(),
        Kind::Number(_) => "a number".to_owned(),
        Kind::Choice(options) => format!("one of {}", listed(options)),
        Kind::Date(_) => "a date such as 2026-11-23".to_owned(),
        Kind::Boolean => "yes or no".to_owned(),
        Kind::Person => "somebody of the policy".to_owned(),
    }
}

/// What is wrong with words as a whole, in a sentence of plain text.
pub fn problem(filling: &Filling<'_>) -> Option<String> {
    let problem = filling.problem.as_ref()?;
    Some(format!("{} is not started yet: {problem}.", filling.command.title))
}

/// Everything that is wrong with what was typed, and how the command is typed, where no form can say so.
pub fn not_understood(filling: &Filling<'_>, dialect: Dialect) -> String {
    let mistakes = filling.mistakes().map(|(field, mistake)| format!("{} {mistake}.", field.name));
    let begin = "Not started.".to_owned();
    let wrong: Vec<String> = [begin].into_iter().chain(problem(filling)).chain(mistakes).collect();
    let wrong = wrong.iter().map(|wrong| dialect.excerpt(wrong, TYPED_MAX) + dialect.paragraph());
    let form = form(Some(&filling.command.name), filling.command, dialect);
    format!("{}It is typed as {form}.", wrong.collect::<String>())
}

/// That a run has started with these values, and where to look: at the execution, and in the conversation that gets its
/// card.
pub fn started(
    complete: &Complete<'_>,
    policy: &Policy,
    execution_url: &str,
    conversation: Option<&str>,
    dialect: Dialect,
) -> String {
    let link = dialect.link(execution_url, "the execution");
    let card = conversation.map(|id| format!(" The approval card will appear {}.", dialect.conversation(id)));
    let mut started = format!("Started: {link}.{}", card.unwrap_or_default());
    for field in &complete.command().fields {
        let value = complete.values().get(&field.name).filter(|value| !value.is_null());
        let Some(value) = value.map(|value| policy.shown(field, value)) else { continue };
        let (label, value) = (dialect.text(&field.label), dialect.excerpt(&value, TYPED_MAX));
        started += &format!("{}{}{label}: {value}", dialect.paragraph(), dialect.bullet());
    }
    started
}

/// That a run could not be started.
pub fn not_started() -> String {
    "It is not certain that it has started. Please look for its card before you try again.".to_owned()
}

/// Why somebody may not start this.
pub fn may_not_start(command: &LaunchCommand, why: MayNotStart<'_>, dialect: Dialect) -> String {
    let name = dialect.code(&command.name);
    match why {
        MayNotStart::NotAllowed => format!("You may not start {name}: the policy says who may."),
        MayNotStart::Unfilled { rules, could } => {
            let (policy, needs) = (dialect.code(&rules.name), dialect.text(&rules.needs()));
            let could = if could == 0 { "none".to_owned() } else { format!("only {could}") };
            format!(
                "You cannot start {name}: whoever asks does not decide. Its policy {policy} needs {needs}, of which {could} \
                 could be given if you ask. Somebody else has to start it."
            )
        }
    }
}

/// That nothing has this name.
pub fn unknown(typed: &str, dialect: Dialect) -> String {
    format!("“{}” is nothing that you could start.", dialect.excerpt(typed, NAME_MAX))
}

/// That a form is not what the command asks for any more.
pub fn changed(dialect: Dialect) -> String {
    let start = dialect.code(dialect.start_command());
    format!("Not started: what it asks for has changed since this form was opened. Please open it again with {start}.")
}

/// That a form was opened by somebody else.
pub fn not_their_form(dialect: Dialect) -> String {
    let start = dialect.code(dialect.start_command());
    format!("This form was opened by somebody else. You get one of your own with {start}.")
}
