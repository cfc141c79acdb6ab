//! What is wrong with a definition. All problems are collected, because fixing a state machine one refusal at a time
//! is slow.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::mocks::MockedResponse;
use crate::setup::Setup;

/// One reason why a definition was refused, with the state and the field it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The state, or `None` for the machine itself.
    pub state: Option<String>,
    /// The field, as a path such as `Retry[0].MaxAttempts`; `None` where the whole state is meant.
    pub field: Option<String>,
    /// What is wrong with it.
    pub message: String,
    /// What the state could return, if all that is wrong with it is that it lacks a mock.
    pub unmocked: Option<Value>,
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

/// Where the readers of a definition leave what they find wrong, and what they are told beside the definition.
pub(crate) struct Report {
    pub(crate) setup: Setup,
    problems: RefCell<Vec<Problem>>,
    /// Placeholders that stand for nothing, which a mock does away with.
    placeholders: RefCell<Vec<Problem>>,
}

impl Report {
    pub(crate) fn new(setup: Setup) -> Report {
        Report { setup, problems: RefCell::default(), placeholders: RefCell::default() }
    }

    /// The mock of a state.
    pub(crate) fn mock(&self, state: &str) -> Option<Arc<MockedResponse>> {
        self.setup.mocks.of(state)
    }

    /// Notes that a state needs a mock, with the entry to add; `result` is what it could return.
    pub(crate) fn add_unmocked(&self, state: &str, field: &str, why: &str, result: Value) {
        let entry = json!({ state: { "0": { "Return": result } } }).to_string();
        let entry = entry.trim_start_matches('{').strip_suffix('}').unwrap_or_default().to_owned();
        let message = format!(
            "{why}, so the state needs a mock: {} in the test case and {entry} in MockedResponses",
            json!({ state: state }).to_string().trim_matches(['{', '}'])
        );
        self.problems.borrow_mut().push(Problem {
            state: Some(state.to_owned()),
            field: Some(field.to_owned()),
            message,
            unmocked: Some(result),
        });
    }

    /// Notes a problem; `field` may be empty when the whole state (or machine) is meant.
    pub(crate) fn add(&self, state: Option<&str>, field: &str, message: impl Into<String>) {
        self.problems.borrow_mut().push(Problem {
            state: state.map(str::to_owned),
            field: (!field.is_empty()).then(|| field.to_owned()),
            message: message.into(),
            unmocked: None,
        });
    }

    /// Notes that a placeholder stands for nothing.
    pub(crate) fn add_placeholder(&self, state: Option<&str>, field: &str, name: &str) {
        let message = format!("has the placeholder ${{{name}}} and no substitution for it");
        self.placeholders.borrow_mut().push(Problem {
            state: state.map(str::to_owned),
            field: (!field.is_empty()).then(|| field.to_owned()),
            message,
            unmocked: None,
        });
    }

    /// All problems; of a state that lacks a mock no placeholder is among them.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        let others = self.problems.into_inner();
        let lacks_mock =
            |problem: &Problem| others.iter().any(|other| other.unmocked.is_some() && other.state == problem.state);
        let mut problems = self.placeholders.into_inner();
        problems.retain(|problem| !lacks_mock(problem));
        problems.extend(others);
        problems
    }
}
