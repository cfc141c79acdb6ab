//! What became of a change: for people, with what comes next, and for scripts.

use jiff::Timestamp;
use serde_json::json;

use crate::ending::Ending;
use crate::output::Format;

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The value is stored.
    Stored,
    /// The value was taken out.
    Removed,
    /// A rotation has begun: the old value is valid beside the new one.
    Begun,
    /// The new key of a rotation is in use, and the old one still valid.
    InUse,
    /// A rotation has come to its end.
    Ended,
    /// There was nothing to change.
    Unchanged,
    /// The next step is not due yet.
    TooEarly,
    /// Somebody else has changed the secret meanwhile.
    TooLate,
    /// Nobody agreed.
    Declined,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Next {
    /// The command.
    pub(super) command: String,
    /// When it does something.
    pub(super) from: Timestamp,
}

/// What is said at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) name: &'static str,
    pub(super) outcome: Outcome,
    /// What was done, in words.
    pub(super) said: String,
    pub(super) next: Option<Next>,
}

impl Report {
    pub(super) fn new(name: &'static str, outcome: Outcome, said: impl Into<String>) -> Self {
        Self { name, outcome, said: said.into(), next: None }
    }

    /// Nothing was changed, because somebody else has changed it since it was read.
    pub(super) fn too_late(name: &'static str) -> Self {
        let said = "Nothing was changed: somebody else has changed the secret since it was read. Look at it with \
                    `countersign secrets status`, and call this again.";
        Self::new(name, Outcome::TooLate, said)
    }

    /// Nothing was changed, because nobody agreed.
    pub(super) fn declined(name: &'static str) -> Self {
        Self::new(name, Outcome::Declined, "Nothing was changed.")
    }

    /// With what comes next.
    pub(super) fn then(mut self, command: String, from: Timestamp) -> Self {
        self.next = Some(Next { command, from });
        self
    }

    fn is_well(&self) -> bool {
        !matches!(self.outcome, Outcome::TooEarly | Outcome::TooLate | Outcome::Declined)
    }

    /// Says it, and how well it is.
    pub(super) fn print(&self, format: Format) -> anyhow::Result<Ending> {
        let mut text = self.said.clone();
        if let Some(Next { command, from }) = &self.next {
            text.push_str(&format!("\nNext, from {from:.0} on: {command}"));
        }
        let outcome = match self.outcome {
            Outcome::Stored => "stored",
            Outcome::Removed => "removed",
            Outcome::Begun => "begun",
            Outcome::InUse => "inUse",
            Outcome::Ended => "ended",
            Outcome::Unchanged => "unchanged",
            Outcome::TooEarly => "tooEarly",
            Outcome::TooLate => "tooLate",
            Outcome::Declined => "declined",
        };
        let next = self
            .next
            .as_ref()
            .map(|Next { command, from }| json!({ "command": command, "from": format!("{from:.0}") }));
        let ok = self.is_well();
        format.print(
            text,
            &json!({ "ok": ok, "name": self.name, "outcome": outcome, "text": self.said, "next": next }),
        )?;
        Ok(Ending::well_if(ok))
    }
}
