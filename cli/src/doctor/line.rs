//! What the doctor says: one line a check.

use std::fmt;

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

impl Line {
    /// A line of the report.
    pub(crate) fn new(name: impl Into<String>, verdict: Verdict) -> Self {
        Self { name: name.into(), verdict }
    }

    /// Whether something would fail.
    pub(crate) fn is_failure(&self) -> bool {
        matches!(self.verdict, Verdict::Fail(_))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, text) = match &self.verdict {
            Verdict::Ok(text) => ("ok", text),
            Verdict::Warn(text) => ("warn", text),
            Verdict::Fail(text) => ("FAIL", text),
            Verdict::Skipped(text) => ("skipped", text),
        };
        // What others say may have line breaks, and a check has one line.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        write!(f, "{word:<8} {:<24} {text}", self.name)
    }
}
