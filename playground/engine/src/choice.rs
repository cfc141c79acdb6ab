//! The rules of a `Choice` state: what they compare and whether they hold.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::Value;

use crate::context::Scope;
use crate::errors::Failure;
use crate::paths::Path;

/// A rule without its `Next`.
pub(crate) enum Rule {
    And(Vec<Rule>),
    Or(Vec<Rule>),
    Not(Box<Rule>),
    Test { variable: Path, test: Test },
}

/// What is asked of a variable.
pub(crate) enum Test {
    IsPresent(bool),
    Is(Kind, bool),
    Compare { kind: Comparable, operator: Operator, operand: Operand },
    StringMatches(String),
}

/// The kinds that `IsNull`, `IsString` and the like ask for.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Boolean,
    Null,
    Numeric,
    String,
    Timestamp,
}

/// The kinds that can be compared. A comparison of a value of another kind does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparable {
    Boolean,
    Numeric,
    String,
    Timestamp,
}

/// How two values are compared.
#[derive(Clone, Copy)]
pub(crate) enum Operator {
    Equals,
    GreaterThan,
    GreaterThanEquals,
    LessThan,
    LessThanEquals,
}

/// What a variable is compared with.
pub(crate) enum Operand {
    Literal(Value),
    Path(Path),
}

impl Comparable {
    const PREFIXES: [(&'static str, Comparable); 4] = [
        ("Boolean", Comparable::Boolean),
        ("Numeric", Comparable::Numeric),
        ("String", Comparable::String),
        ("Timestamp", Comparable::Timestamp),
    ];

    /// Whether a literal can stand in such a comparison.
    pub(crate) fn admits(self, literal: &Value) -> bool {
        match self {
            Comparable::Boolean => literal.is_boolean(),
            Comparable::Numeric => literal.is_number(),
            Comparable::String => literal.is_string(),
            Comparable::Timestamp => timestamp(literal).is_some(),
        }
    }
}

/// Splits `NumericLessThanPath` into its kind, its operator and whether it takes a path.
pub(crate) fn comparison_named(name: &str) -> Option<(Comparable, Operator, bool)> {
    let (kind, rest) =
        Comparable::PREFIXES.iter().find_map(|(prefix, kind)| Some((*kind, name.strip_prefix(prefix)?)))?;
    let (operator, takes_path) = match rest.strip_suffix("Path") {
        Some(operator) => (operator, true),
        None => (rest, false),
    };
    let operator = match operator {
        "Equals" => Operator::Equals,
        "GreaterThan" => Operator::GreaterThan,
        "GreaterThanEquals" => Operator::GreaterThanEquals,
        "LessThan" => Operator::LessThan,
        "LessThanEquals" => Operator::LessThanEquals,
        _ => return None,
    };
    let exists = kind != Comparable::Boolean || matches!(operator, Operator::Equals);
    exists.then_some((kind, operator, takes_path))
}

impl Rule {
    /// Whether the rule holds. A path that finds nothing ends the execution, except in `IsPresent`.
    pub(crate) fn holds(&self, scope: &Scope<'_>) -> Result<bool, Failure> {
        match self {
            Rule::And(rules) => {
                for rule in rules {
                    if !rule.holds(scope)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Rule::Or(rules) => {
                for rule in rules {
                    if rule.holds(scope)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Rule::Not(rule) => rule.holds(scope).map(|holds| !holds),
            Rule::Test { variable, test } => test.holds(variable, scope),
        }
    }
}

impl Test {
    fn holds(&self, variable: &Path, scope: &Scope<'_>) -> Result<bool, Failure> {
        let found = variable.find(scope);
        if let Test::IsPresent(expected) = self {
            return Ok(found.is_some() == *expected);
        }
        let missing = |path: &Path| {
            Failure::runtime(format!(
                "Invalid path '{path}': The choice state's condition path references an invalid value."
            ))
        };
        let value = found.ok_or_else(|| missing(variable))?;
        Ok(match self {
            Test::IsPresent(expected) => *expected,
            Test::Is(kind, expected) => is_of_kind(&value, *kind) == *expected,
            Test::StringMatches(pattern) => value.as_str().is_some_and(|text| matches_pattern(text, pattern)),
            Test::Compare { kind, operator, operand } => {
                let ordering = match operand {
                    Operand::Literal(literal) => compare(*kind, &value, literal),
                    Operand::Path(path) => compare(*kind, &value, &*path.find(scope).ok_or_else(|| missing(path))?),
                };
                ordering.is_some_and(|ordering| operator.accepts(ordering))
            }
        })
    }
}

impl Operator {
    fn accepts(self, ordering: Ordering) -> bool {
        match self {
            Operator::Equals => ordering.is_eq(),
            Operator::GreaterThan => ordering.is_gt(),
            Operator::GreaterThanEquals => ordering.is_ge(),
            Operator::LessThan => ordering.is_lt(),
            Operator::LessThanEquals => ordering.is_le(),
        }
    }
}

fn is_of_kind(value: &Value, kind: Kind) -> bool {
    match kind {
        Kind::Boolean => value.is_boolean(),
        Kind::Null => value.is_null(),
        Kind::Numeric => value.is_number(),
        Kind::String => value.is_string(),
        Kind::Timestamp => timestamp(value).is_some(),
    }
}

/// `None` when one of the two is not of the kind.
fn compare(kind: Comparable, left: &Value, right: &Value) -> Option<Ordering> {
    match kind {
        Comparable::Boolean => Some(left.as_bool()?.cmp(&right.as_bool()?)),
        // AWS compares as Java's `compareTo` does, which orders by UTF-16 units and not by characters.
        Comparable::String => Some(left.as_str()?.encode_utf16().cmp(right.as_str()?.encode_utf16())),
        Comparable::Timestamp => Some(timestamp(left)?.cmp(&timestamp(right)?)),
        // Two whole numbers are compared exactly: a float cannot hold every 64-bit number.
        Comparable::Numeric => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
        },
    }
}

/// A timestamp as RFC 3339 writes it (<https://www.rfc-editor.org/rfc/rfc3339>), with an upper-case `T`.
pub(crate) fn timestamp(value: &Value) -> Option<Timestamp> {
    let text = value.as_str()?;
    let rfc3339 = text.as_bytes().get(10) == Some(&b'T') && !text.contains('[');
    rfc3339.then(|| text.parse().ok()).flatten()
}

/// `*` stands for any characters, `\*` and `\\` for themselves.
fn matches_pattern(text: &str, pattern: &str) -> bool {
    let mut pieces = vec![String::new()];
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '*' => pieces.push(String::new()),
            _ => {
                let literal = if character == '\\' { characters.next().unwrap_or('\\') } else { character };
                pieces.last_mut().map(|piece| piece.push(literal)).unwrap_or_default();
            }
        }
    }
    let Some((last, [first, middle @ ..])) = pieces.split_last() else {
        return text == pieces.concat();
    };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else {
        return false;
    };
    for piece in middle {
        match rest.find(piece.as_str()) {
            Some(place) => rest = &rest[place + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}
