//! The words of every chat, in one grammar: to start something, to ask about approvals, and to take one back.

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;

/// What somebody typed as they see it: nothing that is invisible, and a space for white space of every kind. Text that
/// is pasted brings both along, and so do the editors of the chats.
pub(super) fn seen(typed: &str) -> String {
    let invisible = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let seen = typed.chars().filter(|c| c.is_whitespace() || !(c.is_control() || invisible.contains(*c)));
    let spaced: String = seen.map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    spaced.trim().to_owned()
}

/// A word without what stands around it where it was copied from: quotation marks, code ticks, brackets, a full stop.
pub(super) fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
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
    /// To start what a command of the policy launches.
    Start {
        /// The command's name, without a slash.
        name: &'a str,
        /// What follows it, trimmed.
        arguments: &'a str,
    },
    /// What one can say.
    Help,
}

impl<'a> ChatCommand<'a> {
    /// Reads words that were said to the bot, as they are `seen`: `start 125 122`, `pending`, `show ID`, `cancel ID`,
    /// `help`, with or without a slash. The case of the first one does not matter.
    pub(super) fn said(words: &'a str) -> Self {
        let words = words.trim();
        let (name, rest) = words.split_once(' ').unwrap_or((words, ""));
        let (name, rest) = (bare(name), rest.trim());
        match name.to_lowercase().as_str() {
            "" | "help" => Self::Help,
            "pending" => Self::List,
            "show" => Self::Show { id: rest },
            "cancel" => Self::Cancel { id: rest },
            _ => Self::Start { name, arguments: rest },
        }
    }

    /// Reads what follows the command that asks about approvals, as it is `seen`: nothing, `show ID` or `cancel ID`.
    pub(super) fn about_approvals(text: &'a str) -> Self {
        match text.split_whitespace().collect::<Vec<_>>()[..] {
            [] => Self::List,
            [word, id] if bare(word).eq_ignore_ascii_case("show") => Self::Show { id },
            [word, id] if bare(word).eq_ignore_ascii_case("cancel") => Self::Cancel { id },
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
            ("start 125  122", ChatCommand::Start { name: "start", arguments: "125  122" }),
            ("/Start help", ChatCommand::Start { name: "Start", arguments: "help" }),
            ("`pending`", ChatCommand::List),
            ("show “apr_1”.", ChatCommand::Show { id: "“apr_1”." }),
            ("cancel `apr_1`", ChatCommand::Cancel { id: "`apr_1`" }),
            ("`start 125 122`", ChatCommand::Start { name: "start", arguments: "125 122`" }),
            ("good morning", ChatCommand::Start { name: "good", arguments: "morning" }),
        ];
        for (words, expected) in cases {
            assert_eq!(ChatCommand::said(words), expected, "{words:?}");
        }
    }

    #[test]
    fn what_nobody_sees_is_not_there_and_every_white_space_is_a_space() {
        let cases = [
            ("125\u{200b} 122", "125 122"),
            ("\u{feff}pending\u{200b}\u{2060}", "pending"),
            ("\u{202a}show\u{a0}apr_1\u{202c}", "show apr_1"),
            ("\u{2068}1\u{2069}\u{202f}\u{2007}2", "1  2"),
            ("a\tb\r\nc\u{2028}d\u{3000}e", "a b  c d e"),
            ("1\u{ad}2\u{34f}3\u{fe0f}4\u{e0041}5\u{3164}6", "123456"),
            ("start \u{7}1", "start 1"),
            ("é ñ 中 ١٢", "é ñ 中 ١٢"),
            (" \u{200b} ", ""),
        ];
        for (typed, expected) in cases {
            assert_eq!(seen(typed), expected, "{typed:?}");
        }
    }

    #[test]
    fn the_command_about_approvals_takes_nothing_or_one_id() {
        let cases = [
            ("", ChatCommand::List),
            ("  ", ChatCommand::List),
            ("show apr_1", ChatCommand::Show { id: "apr_1" }),
            ("cancel  apr_1 ", ChatCommand::Cancel { id: "apr_1" }),
            ("Show `apr_1`", ChatCommand::Show { id: "`apr_1`" }),
            ("cancel (apr_1),", ChatCommand::Cancel { id: "(apr_1)," }),
            ("show", ChatCommand::Help),
            ("show a b", ChatCommand::Help),
            ("anything", ChatCommand::Help),
        ];
        for (text, expected) in cases {
            assert_eq!(ChatCommand::about_approvals(text), expected, "{text:?}");
        }
    }
}
