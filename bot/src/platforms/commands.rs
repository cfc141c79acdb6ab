//! The words of every chat, in one grammar: to start something, to ask about approvals, and to take one back.

use crate::approval::entry::is_quote;

/// A word without what stands around it where it was copied from: quotation marks, code ticks, brackets, a full stop.
pub(super) fn bare(word: &str) -> &str {
    word.trim_matches(|c| is_quote(c) || matches!(c, '`' | '(' | ')' | '[' | ']' | '.' | ',' | ';' | ':'))
}

/// Words without the ticks around all of them, which they have in documents.
pub(super) fn without_ticks(words: &str) -> &str {
    let words = words.trim();
    let inside = words.strip_prefix('`').and_then(|words| words.strip_suffix('`'));
    inside.filter(|inside| !inside.contains('`')).unwrap_or(words).trim()
}

/// What somebody wants of the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChatCommand<'a> {
    /// What waits for them, and what they have asked for.
    List,
    /// How one approval stands.
    Show {
        /// Its id, as it was typed.
        id: &'a str,
    },
    /// To take one approval back.
    Cancel {
        /// Its id, as it was typed.
        id: &'a str,
    },
    /// To start something, or to hear what can be started.
    Start {
        /// What follows the word, trimmed.
        typed: &'a str,
    },
    /// To start the command of this name.
    Named {
        /// The name, without a slash.
        name: &'a str,
        /// What follows it, trimmed.
        typed: &'a str,
    },
    /// What one can say.
    Help,
}

impl<'a> ChatCommand<'a> {
    /// Reads words that were said to the bot, as they are seen: `start 125 122`, `pending`, `show ID`, `cancel ID`,
    /// `help`, with or without a slash. The case of the first one does not matter.
    pub(super) fn said(words: &'a str) -> Self {
        let words = without_ticks(words);
        let (name, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
        let (name, rest) = (bare(name).trim_start_matches('/'), rest.trim());
        match name.to_lowercase().as_str() {
            "" | "help" => Self::Help,
            "pending" => Self::List,
            "show" => Self::Show { id: bare(rest) },
            "cancel" => Self::Cancel { id: bare(rest) },
            "start" => Self::Start { typed: rest },
            _ => Self::Named { name, typed: rest },
        }
    }

    /// Reads what follows the command that asks about approvals, as it is `seen`: nothing, `show ID` or `cancel ID`.
    pub(super) fn about_approvals(text: &'a str) -> Self {
        match text.split_whitespace().map(bare).collect::<Vec<_>>()[..] {
            [] => Self::List,
            [word, id] if word.eq_ignore_ascii_case("show") => Self::Show { id },
            [word, id] if word.eq_ignore_ascii_case("cancel") => Self::Cancel { id },
            _ => Self::Help,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_understood_with_and_without_a_slash() {
        let cases = [
            ("", ChatCommand::Help),
            (" /HELP ", ChatCommand::Help),
            ("pending", ChatCommand::List),
            ("/pending", ChatCommand::List),
            ("Show  apr_1 ", ChatCommand::Show { id: "apr_1" }),
            ("cancel", ChatCommand::Cancel { id: "" }),
            ("show a b", ChatCommand::Show { id: "a b" }),
            ("start 125  122", ChatCommand::Start { typed: "125  122" }),
            ("START", ChatCommand::Start { typed: "" }),
            ("/Start help", ChatCommand::Start { typed: "help" }),
            ("start\ndeploy\n1", ChatCommand::Start { typed: "deploy\n1" }),
            ("Deploy 1.4.2", ChatCommand::Named { name: "Deploy", typed: "1.4.2" }),
            ("`pending`", ChatCommand::List),
            ("`/pending`", ChatCommand::List),
            ("show “apr_1”.", ChatCommand::Show { id: "apr_1" }),
            ("cancel `apr_1`", ChatCommand::Cancel { id: "apr_1" }),
            ("`start 125 122`", ChatCommand::Start { typed: "125 122" }),
            ("`start` `125`", ChatCommand::Start { typed: "`125`" }),
            ("good morning", ChatCommand::Named { name: "good", typed: "morning" }),
        ];
        for (words, expected) in cases {
            assert_eq!(ChatCommand::said(words), expected, "{words:?}");
        }
    }

    #[test]
    fn the_command_about_approvals_takes_nothing_or_one_id() {
        let cases = [
            ("", ChatCommand::List),
            ("  ", ChatCommand::List),
            ("show apr_1", ChatCommand::Show { id: "apr_1" }),
            ("cancel  apr_1 ", ChatCommand::Cancel { id: "apr_1" }),
            ("Show `apr_1`", ChatCommand::Show { id: "apr_1" }),
            ("cancel (apr_1),", ChatCommand::Cancel { id: "apr_1" }),
            ("show <!channel>", ChatCommand::Show { id: "<!channel>" }),
            ("show", ChatCommand::Help),
            ("show a b", ChatCommand::Help),
            ("anything", ChatCommand::Help),
        ];
        for (text, expected) in cases {
            assert_eq!(ChatCommand::about_approvals(text), expected, "{text:?}");
        }
    }
}
