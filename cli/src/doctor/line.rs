//! What the doctor says: one line a check.

use std::fmt;

use anstyle::{AnsiColor, Style};
use countersign_bot::messages::escape::one_line;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// The outcome of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It works; the text says what was seen.
    Ok(String),
    /// It works, and not for everybody: who is left out.
    Warn(String),
    /// It would fail: what is wrong and what to do about it.
    Fail(String),
    /// It was not looked at, and why.
    Skipped(String),
}

/// A check by its name, with its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// What was looked at.
    pub(crate) name: String,
    /// What was found.
    pub(crate) verdict: Verdict,
}

impl Verdict {
    /// The first word of the line, and how it is shown.
    fn word(&self) -> (&'static str, Style) {
        match self {
            Self::Ok(_) => ("ok", AnsiColor::Green.on_default()),
            Self::Warn(_) => ("warn", AnsiColor::Yellow.on_default()),
            Self::Fail(_) => ("FAIL", AnsiColor::Red.on_default().bold()),
            Self::Skipped(_) => ("skipped", Style::new().dimmed()),
        }
    }

    /// What others say may have line breaks, and codes that a terminal obeys. A check has one line, and shows them.
    fn text(&self) -> String {
        let (Self::Ok(text) | Self::Warn(text) | Self::Fail(text) | Self::Skipped(text)) = self;
        one_line(text)
    }
}

impl Line {
    /// A line of the report.
    pub(crate) fn new(name: impl Into<String>, verdict: Verdict) -> Self {
        Self { name: one_line(&name.into()), verdict }
    }

    /// Whether something would fail.
    pub(crate) fn is_failure(&self) -> bool {
        matches!(self.verdict, Verdict::Fail(_))
    }

    /// The line with its first word in the colour of the verdict.
    pub(crate) fn coloured(&self) -> String {
        let (_, style) = self.verdict.word();
        self.with_first_word_in(style)
    }

    fn with_first_word_in(&self, style: Style) -> String {
        let (word, _) = self.verdict.word();
        format!("{style}{word:<8}{style:#} {:<24} {}", self.name, self.verdict.text())
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with_first_word_in(Style::new()))
    }
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (word, _) = self.verdict.word();
        let mut line = serializer.serialize_struct("Line", 3)?;
        line.serialize_field("name", &self.name)?;
        line.serialize_field("verdict", &word.to_lowercase())?;
        line.serialize_field("text", &self.verdict.text())?;
        line.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_terminal_obeys_what_others_say() {
        let line = Line::new("role \u{1b}[2J", Verdict::Fail("no\u{9b}1m\r\nsuch role".to_owned()));
        assert_eq!(line.to_string(), format!("{:<8} {:<24} no[U+009B]1m such role", "FAIL", "role [U+001B][2J"));
    }
}
