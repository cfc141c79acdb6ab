//! What is wrong with a definition. All problems are collected, because fixing a state machine one refusal at a time
//! is slow.

use std::cell::RefCell;
use std::fmt;

/// One reason why a definition was refused, with the state and the field it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The state, or `None` for the machine itself.
    pub state: Option<String>,
    /// The field, as a path such as `Retry[0].MaxAttempts`; `None` where the whole state is meant.
    pub field: Option<String>,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.state {
            Some(state) => write!(f, "state {state}: ")?,
            None => f.write_str("machine: ")?,
        }
        if let Some(field) = &self.field {
            write!(f, "field {field} ")?;
        }
        f.write_str(&self.message)
    }
}

/// Where the readers of a definition leave what they find wrong.
#[derive(Default)]
pub(crate) struct Report {
    problems: RefCell<Vec<Problem>>,
}

impl Report {
    /// Notes a problem; `field` may be empty when the whole state (or machine) is meant.
    pub(crate) fn add(&self, state: Option<&str>, field: &str, message: impl Into<String>) {
        self.problems.borrow_mut().push(Problem {
            state: state.map(str::to_owned),
            field: (!field.is_empty()).then(|| field.to_owned()),
            message: message.into(),
        });
    }

    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }
}
