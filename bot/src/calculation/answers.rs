//! What is said to somebody who starts a calculation in a chat.

use super::numbers::Mistake;
use crate::messages::answers::{TYPED_MAX, approvals_usage};
use crate::messages::dialect::Dialect;

/// How to use a command.
pub fn usage(command: &str, dialect: Dialect) -> String {
    let more = if dialect.has_forms() {
        format!("`{command}` alone asks for them in a form, `{command} help` says this.")
    } else {
        format!("{} `help` says this.", approvals_usage(dialect))
    };
    format!("Usage: `{command} X Y` starts a calculation with two integers, for example `{command} 125 122`. {more}")
}

/// What is wrong with the arguments of a command, and how to use it.
pub fn mistake(command: &str, mistake: &Mistake, dialect: Dialect) -> String {
    let wrong = dialect.excerpt(&mistake.to_string(), TYPED_MAX);
    format!("Not started: {wrong}.{}{}", dialect.paragraph(), usage(command, dialect))
}

/// That a run has started, and where to look: at the execution, and in the conversation that gets its card.
pub fn started(execution_url: &str, conversation: Option<&str>, dialect: Dialect) -> String {
    let link = dialect.link(execution_url, "the execution");
    match conversation {
        None => format!("Started: {link}."),
        Some(id) => format!("Started: {link}. The approval card will appear {}.", dialect.conversation(id)),
    }
}

/// That a run could not be started.
pub fn not_started() -> String {
    "It is not certain that the calculation has started. Please look for its card before you try again.".to_owned()
}
