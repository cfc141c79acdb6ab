//! How one asks about approvals in a chat: a line for each thing that one can say.

use super::away;
use super::dialect::Dialect;

/// What follows the command, and what it does. Being away has words of its own.
const USES: [(&str, &str, &str); 5] = [
    ("", "", "lists what waits for you and what you asked for"),
    ("show", "ID", "says how one approval stands and what you may do about it"),
    ("cancel", "ID", "takes back what you asked for"),
    ("break-glass", "ID REASON", "approves alone in an emergency, for whom the policy lets"),
    ("acknowledge", "ID", "says that an approver knows of that"),
];
/// A word that somebody has typed.
const WORD_MAX: usize = 80;

/// All that one can say about approvals.
pub fn approvals(dialect: Dialect) -> String {
    let lines = USES.iter().map(|known| line(known, dialect)).chain([away::usage(dialect)]);
    lines.map(|line| format!("{}{}{line}", dialect.paragraph(), dialect.bullet())).collect()
}

/// The same under a line of its own.
pub fn help(dialect: Dialect) -> String {
    format!("What one can say about approvals:{}", approvals(dialect))
}

/// What is missing or wrong behind the word that was typed, or that there is no such word with those there are.
pub fn of(word: &str, dialect: Dialect) -> String {
    let known = USES.iter().find(|(known, ..)| *known == word && !word.is_empty());
    match known {
        Some(known) => format!("Nothing was done: say which approval. {}", line(known, dialect)),
        None if word == "back" => format!("Nothing was done. {}", away::usage(dialect)),
        None => {
            let (command, typed) = (dialect.code(dialect.approvals_command()), dialect.excerpt(word, WORD_MAX));
            format!("{command} knows no “{typed}”. {}", help(dialect))
        }
    }
}

fn line(&(word, rest, what): &(&str, &str, &str), dialect: Dialect) -> String {
    let typed: Vec<&str> =
        [dialect.approvals_command(), word, rest].into_iter().filter(|part| !part.is_empty()).collect();
    format!("{} {what}.", dialect.code(&typed.join(" ")))
}
