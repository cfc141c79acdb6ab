//! Starts a calculation, from wherever it was asked for.

use data_encoding::HEXLOWER;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::approval::ids::{ExecutionArn, PersonId};
use crate::deadline::Deadline;
use crate::ports::StartError;

/// The two numbers of a calculation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Numbers {
    /// The first.
    pub x: i64,
    /// The second.
    pub y: i64,
}

/// Why text is not two integers; the message names which.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// Another number of words than two.
    #[error("two integers are needed, x and y, and there {}", counted(*.0))]
    Count(usize),
    /// A field of the form is empty.
    #[error("{name} is missing")]
    Missing {
        /// `x` or `y`.
        name: &'static str,
    },
    /// A word is no integer.
    #[error("{name} must be an integer, and `{text}` is not one")]
    NotAnInteger {
        /// `x` or `y`.
        name: &'static str,
        /// What was typed.
        text: String,
    },
    /// A word is an integer that does not fit.
    #[error("{name} must be between -9223372036854775808 and 9223372036854775807")]
    OutOfRange {
        /// `x` or `y`.
        name: &'static str,
    },
}

fn counted(count: usize) -> String {
    match count {
        0 => "is none".to_owned(),
        1 => "is one".to_owned(),
        count => format!("are {count}"),
    }
}

impl Numbers {
    /// Reads `125 122`, also with a comma between.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c == ',').filter(|w| !w.is_empty()).collect();
        match words.as_slice() {
            [x, y] => Ok(Self { x: integer("x", x)?, y: integer("y", y)? }),
            words => Err(Mistake::Count(words.len())),
        }
    }
}

/// Reads one integer, naming it in the mistake.
pub fn integer(name: &'static str, text: &str) -> Result<i64, Mistake> {
    use std::num::IntErrorKind::{Empty, NegOverflow, PosOverflow};
    text.parse::<i64>().map_err(|error| match error.kind() {
        Empty => Mistake::Missing { name },
        PosOverflow | NegOverflow => Mistake::OutOfRange { name },
        _ => Mistake::NotAnInteger { name, text: text.chars().take(40).collect() },
    })
}

/// What to start, and for whom.
#[derive(Debug, Clone)]
pub struct Launch<'a> {
    /// The name of the state machine in the configuration.
    pub state_machine: &'a str,
    /// The input: the numbers for a command, anything for the API, since the workflow checks it.
    pub input: Map<String, Value>,
    /// Who asked, when that is a person of the policy.
    pub requested_by: Option<&'a PersonId>,
    /// Where it came from; the events of its approval carry it.
    pub correlation: Value,
    /// The id of the command itself. The same id starts one execution, however often it is delivered.
    pub command_id: &'a str,
}

/// Starts the execution, or finds the one that an earlier delivery of the same command started.
pub async fn launch(app: &App, launch: Launch<'_>, deadline: Deadline) -> Result<ExecutionArn, StartError> {
    let arn = app
        .state_machines
        .get(launch.state_machine)
        .ok_or_else(|| StartError::Refused(format!("COUNTERSIGN_STATE_MACHINES has no `{}`", launch.state_machine)))?;
    let mut input = launch.input;
    if let Some(person) = launch.requested_by {
        input.insert("requestedBy".to_owned(), json!(person));
    }
    input.entry("correlation").or_insert(launch.correlation);
    let input = Value::Object(input);
    let name = execution_name(launch.command_id);
    let call = app.ports.step_functions.start_execution(arn, &name, &input);
    deadline.run("Step Functions", call).await
}

/// A name of the allowed characters and length, the same for the same command.
fn execution_name(command_id: &str) -> String {
    let hash = Sha256::digest(command_id.as_bytes());
    format!("run-{}", HEXLOWER.encode(&hash[..16]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_integers_are_read_and_each_mistake_names_its_number() {
        let cases = [
            ("125 122", Ok((125, 122))),
            ("  -1,\t2 ", Ok((-1, 2))),
            ("9223372036854775807 1", Ok((i64::MAX, 1))),
            ("", Err("two integers are needed, x and y, and there is none")),
            ("125", Err("two integers are needed, x and y, and there is one")),
            ("1 2 3", Err("two integers are needed, x and y, and there are 3")),
            ("1.5 2", Err("x must be an integer, and `1.5` is not one")),
            ("1 two", Err("y must be an integer, and `two` is not one")),
            ("1 9223372036854775808", Err("y must be between -9223372036854775808 and 9223372036854775807")),
        ];
        for (text, expected) in cases {
            let read = Numbers::parse(text).map(|numbers| (numbers.x, numbers.y)).map_err(|error| error.to_string());
            assert_eq!(read, expected.map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn a_name_is_the_same_for_the_same_command() {
        assert_eq!(execution_name("a"), execution_name("a"));
        assert_ne!(execution_name("a"), execution_name("b"));
        assert_eq!(execution_name("a").len(), 36);
    }
}
