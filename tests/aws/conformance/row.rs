//! A row of the table: a machine, its input, what AWS documents about it, and which emulator does something else.

use std::ops::Range;
use std::time::Duration;

use serde_json::Value;

/// An interpreter that AWS did not write either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Moto,
    Ministack,
}

/// What became of an execution. The cause of a failure is left out: it is a text for people.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    Succeeded(Value),
    /// It succeeded with an output that is not JSON.
    SucceededWithText(String),
    /// With the name of the error, which a `Fail` state may leave out.
    Failed(Option<String>),
    /// The same for the time of the whole execution.
    TimedOut(Option<String>),
    /// It still ran when everybody else had ended long ago.
    StillRunning,
    /// It ended sooner than the row allows.
    TooSoon,
    /// It ended later than the row allows.
    TooLate,
    /// The machine could not be created.
    Refused,
}

/// What AWS documents, and on which page of the Step Functions developer guide.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Documented {
    pub(crate) page: &'static str,
    pub(crate) says: &'static str,
}

/// What one emulator does instead of what AWS documents.
struct Difference {
    peer: Peer,
    does: Outcome,
    documented: Documented,
}

/// One machine with one input.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) machine: Value,
    pub(crate) input: Value,
    pub(crate) documented: Outcome,
    /// How long the execution may take, where that shows something.
    pub(crate) takes: Option<Range<Duration>>,
    differences: Vec<Difference>,
}

/// Reads a row from left to right: `row("name", machine, input).succeeds(output)`.
pub(crate) fn row(name: &'static str, machine: Value, input: Value) -> Row {
    let documented = Outcome::StillRunning;
    Row { name, machine, input, documented, takes: None, differences: Vec::new() }
}

/// A success with this output.
pub(crate) fn gives(output: Value) -> Outcome {
    Outcome::Succeeded(output)
}

/// A failure by this name.
pub(crate) fn failed(error: &str) -> Outcome {
    Outcome::Failed(Some(error.to_owned()))
}

impl Row {
    pub(crate) fn succeeds(self, output: Value) -> Self {
        Self { documented: Outcome::Succeeded(output), ..self }
    }

    pub(crate) fn fails(self, error: &str) -> Self {
        Self { documented: failed(error), ..self }
    }

    pub(crate) fn fails_without_a_name(self) -> Self {
        Self { documented: Outcome::Failed(None), ..self }
    }

    pub(crate) fn times_out(self) -> Self {
        Self { documented: Outcome::TimedOut(Some("States.Timeout".to_owned())), ..self }
    }

    /// The execution takes at least and less than so many seconds.
    pub(crate) fn takes(self, seconds: Range<u64>) -> Self {
        let takes = Duration::from_secs(seconds.start)..Duration::from_secs(seconds.end);
        Self { takes: Some(takes), ..self }
    }

    /// moto does something else.
    pub(crate) fn moto(self, does: Outcome, documented: Documented) -> Self {
        self.but(Peer::Moto, does, documented)
    }

    /// ministack does something else.
    pub(crate) fn ministack(self, does: Outcome, documented: Documented) -> Self {
        self.but(Peer::Ministack, does, documented)
    }

    fn but(mut self, peer: Peer, does: Outcome, documented: Documented) -> Self {
        self.differences.push(Difference { peer, does, documented });
        self
    }

    /// What this peer is expected to do.
    pub(crate) fn expected_of(&self, peer: Peer) -> &Outcome {
        self.difference(peer).map_or(&self.documented, |difference| &difference.does)
    }

    /// What is wrong with what a peer did, if something is.
    pub(crate) fn problem_with(&self, peer: Peer, observed: &Outcome) -> Option<String> {
        let documented = &self.documented;
        match self.difference(peer) {
            None if observed == documented => None,
            None => Some(format!("{peer:?} does {observed:?}, which is not listed; AWS documents {documented:?}")),
            Some(difference) if *observed == difference.does => None,
            Some(_) if observed == documented => {
                Some(format!("{peer:?} does what AWS documents by now: its difference is to be taken off the list"))
            }
            Some(Difference { does, documented: Documented { page, says }, .. }) => Some(format!(
                "{peer:?} does {observed:?}; listed is {does:?}; AWS documents {documented:?}, since {says} ({page})"
            )),
        }
    }

    fn difference(&self, peer: Peer) -> Option<&Difference> {
        self.differences.iter().find(|difference| difference.peer == peer)
    }
}
