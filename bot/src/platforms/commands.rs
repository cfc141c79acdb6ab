//! The words of every chat, in one grammar: to start something, to ask about approvals, and to take one back.

use crate::approval::commands::OWN_WORDS;
use crate::approval::entry::is_quote;
use crate::approval::ids::ApprovalId;

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
    /// To approve one alone in an emergency.
    BreakGlass {
        /// Its id, as it was typed.
        id: &'a str,
        /// Why, trimmed.
        reason: &'a str,
    },
    /// To say that one knows of an approval that was made alone.
    Acknowledge {
        /// Its id, as it was typed.
        id: &'a str,
    },
    /// To be away, or to hear who stands in.
    Away {
        /// Until when and for whom, as it was typed: `until DATE for NAME`.
        typed: &'a str,
    },
    /// To be back.
    Back,
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
    /// To ask something about approvals that is not known, or without saying of which.
    Unclear {
        /// What follows the command, in lower case where it is a word that is known.
        word: &'a str,
    },
}

impl<'a> ChatCommand<'a> {
    /// The id of the one approval that it is about, as it was typed.
    pub(super) fn approval(&self) -> Option<&'a str> {
        match self {
            Self::Show { id } | Self::Cancel { id } | Self::BreakGlass { id, .. } | Self::Acknowledge { id } => {
                Some(id)
            }
            _ => None,
        }
    }

    /// Reads words that were said to the bot, as they are seen: `start 125 122`, `approvals`, `approvals show ID`,
    /// `approvals cancel ID`, `approvals acknowledge ID`, `approvals break-glass ID REASON`, `approvals away until DATE for NAME`,
    /// `approvals back`, `help`, with or without a slash; the word `approvals` may be left out before another, and
    /// `pending` says the same. The case of the words does not matter.
    pub(super) fn said(words: &'a str) -> Self {
        let words = without_ticks(words);
        let (name, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
        let (name, rest) = (bare(name).trim_start_matches('/'), rest.trim());
        match name.to_lowercase().as_str() {
            "" | "help" => Self::Help,
            "approvals" => Self::about_approvals(rest),
            "start" => Self::Start { typed: rest },
            word if OWN_WORDS.contains(&word) => Self::about(word, rest, words),
            _ => Self::Named { name, typed: rest },
        }
    }

    /// Reads what follows the command that asks about approvals, as it is `seen`: nothing or `pending`, `show ID` or
    /// `cancel ID`.
    pub(super) fn about_approvals(words: &'a str) -> Self {
        let words = without_ticks(words);
        let (word, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
        Self::about(&bare(word).to_lowercase(), rest, words)
    }

    /// `typed` is the word with what follows it.
    fn about(word: &str, rest: &'a str, typed: &'a str) -> Self {
        if word == "break-glass" {
            // What follows the id are words of whoever types, in which there may be other ids.
            let (id, reason) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
            return match id {
                "" => Self::Unclear { word: "break-glass" },
                id => Self::BreakGlass { id: bare(id), reason: reason.trim() },
            };
        }
        match (word, id(rest)) {
            ("" | "pending", _) => Self::List,
            ("show", id) if !id.is_empty() => Self::Show { id },
            ("cancel", id) if !id.is_empty() => Self::Cancel { id },
            ("away", _) => Self::Away { typed: rest.trim() },
            ("back", _) if rest.trim().is_empty() => Self::Back,
            ("acknowledge", id) if !id.is_empty() => Self::Acknowledge { id },
            ("help", _) => Self::Help,
            ("show", _) => Self::Unclear { word: "show" },
            ("cancel", _) => Self::Unclear { word: "cancel" },
            ("acknowledge", _) => Self::Unclear { word: "acknowledge" },
            ("back", _) => Self::Unclear { word: "back" },
            _ => Self::Unclear { word: typed },
        }
    }
}

/// The id in words that may be a whole line of a card, which holds more than the id; all of them if there is none, or more
/// than one.
fn id(words: &str) -> &str {
    let mut ids = words.split_whitespace().map(bare).filter(|word| ApprovalId::parse(word).is_ok());
    match (ids.next(), ids.next()) {
        (Some(id), None) => id,
        _ => bare(words.trim()),
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
            ("Approvals", ChatCommand::List),
            ("/approvals pending", ChatCommand::List),
            ("approvals  show apr_1", ChatCommand::Show { id: "apr_1" }),
            ("approvals cancel apr_1", ChatCommand::Cancel { id: "apr_1" }),
            ("approvals acknowledge `apr_1`.", ChatCommand::Acknowledge { id: "apr_1" }),
            (
                "/approvals break-glass apr_1  prod is down, see apr_2 ",
                ChatCommand::BreakGlass { id: "apr_1", reason: "prod is down, see apr_2" },
            ),
            ("Break-Glass `apr_1`", ChatCommand::BreakGlass { id: "apr_1", reason: "" }),
            ("break-glass", ChatCommand::Unclear { word: "break-glass" }),
            ("/approvals away until friday for Grace", ChatCommand::Away { typed: "until friday for Grace" }),
            ("AWAY", ChatCommand::Away { typed: "" }),
            ("approvals back", ChatCommand::Back),
            ("back to work", ChatCommand::Unclear { word: "back" }),
            ("approvals help", ChatCommand::Help),
            ("Show  apr_1 ", ChatCommand::Show { id: "apr_1" }),
            ("Cancel", ChatCommand::Unclear { word: "cancel" }),
            ("approvals acknowledge", ChatCommand::Unclear { word: "acknowledge" }),
            ("approvals shwo apr_1", ChatCommand::Unclear { word: "shwo apr_1" }),
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
    fn no_command_is_called_what_the_bot_takes_itself() {
        for word in OWN_WORDS {
            for words in [word.to_owned(), format!("{word} apr_1"), format!("/{word} until tomorrow")] {
                assert!(!matches!(ChatCommand::said(&words), ChatCommand::Named { .. }), "{words}");
            }
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
            ("pending", ChatCommand::List),
            ("show", ChatCommand::Unclear { word: "show" }),
            ("show a b", ChatCommand::Show { id: "a b" }),
            ("Anything else", ChatCommand::Unclear { word: "Anything else" }),
            (" HELP ", ChatCommand::Help),
        ];
        for (text, expected) in cases {
            assert_eq!(ChatCommand::about_approvals(text), expected, "{text:?}");
        }
    }

    #[test]
    fn an_id_may_be_pasted_as_a_card_shows_it() {
        let id = "apr_71271k57xs092n9b69gygv732r";
        for pasted in [id.to_owned(), format!("`{id}`"), format!("{id} · content a71b4c052b24 · Open the execution")]
        {
            assert_eq!(ChatCommand::said(&format!("show {pasted}")), ChatCommand::Show { id }, "{pasted}");
            assert_eq!(
                ChatCommand::about_approvals(&format!("cancel {pasted}")),
                ChatCommand::Cancel { id },
                "{pasted}"
            );
        }
        let two = format!("{id} {}", id.replace('7', "8"));
        assert_eq!(
            ChatCommand::said(&format!("cancel {two}")),
            ChatCommand::Cancel { id: &two },
            "which one is not guessed"
        );
    }
}
