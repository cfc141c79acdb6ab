//! The two numbers of a calculation, as people type them.

use serde::Serialize;

use crate::messages::typed::is_quote;

/// Their names, in the input of the workflow and in a form.
pub const NAMES: [&str; 2] = ["x", "y"];

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

/// Reads one integer, naming it in the mistake. Its digits are those of ASCII: others are easily taken for each other.
pub fn integer(name: &'static str, text: &str) -> Result<i64, Mistake> {
    use std::num::IntErrorKind::{Empty, NegOverflow, PosOverflow};
    // Phones and word processors write a minus sign that is no hyphen.
    let word = text.trim().trim_matches(is_quote).replace('\u{2212}', "-");
    word.parse::<i64>().map_err(|error| match error.kind() {
        Empty => Mistake::Missing { name },
        PosOverflow | NegOverflow => Mistake::OutOfRange { name },
        _ => Mistake::NotAnInteger { name, text: text.chars().take(40).collect() },
    })
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
            ("`125` “122”", Ok((125, 122))),
            ("‘1, \u{2212}2’", Ok((1, -2))),
            ("１２５ 2", Err("x must be an integer, and `１２５` is not one")),
            ("1 ٢", Err("y must be an integer, and `٢` is not one")),
            ("1 –2", Err("y must be an integer, and `–2` is not one")),
            ("1 two", Err("y must be an integer, and `two` is not one")),
            ("1 9223372036854775808", Err("y must be between -9223372036854775808 and 9223372036854775807")),
        ];
        for (text, expected) in cases {
            let read = Numbers::parse(text).map(|numbers| (numbers.x, numbers.y)).map_err(|error| error.to_string());
            assert_eq!(read, expected.map_err(str::to_owned), "{text}");
        }
    }
}
