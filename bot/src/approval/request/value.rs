//! The values of facts: text, numbers, booleans, and lists of these. What is shown of one is the same text everywhere.

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::object::at;
use crate::approval::limits::Check;
use crate::encoding::decimal;
use crate::visible;

/// The largest integer up to which every program reads each one as itself (RFC 8259, section 6).
const NUMBER_MAX: f64 = 9_007_199_254_740_991.0;
/// Smaller numbers are written with exponents, which people misread.
const NUMBER_MIN: f64 = 0.000_001;

/// The value of a fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FactValue {
    /// One value.
    One(Scalar),
    /// A list, which may be empty.
    List(Vec<Scalar>),
}

/// A value that has no parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// Yes or no.
    Boolean(bool),
    /// A number that is shown as it is.
    Number(Number),
    /// Text.
    Text(String),
}

impl From<&str> for FactValue {
    fn from(text: &str) -> Self {
        Self::One(Scalar::Text(text.to_owned()))
    }
}

impl FactValue {
    /// What is shown of it: one line, or a line for each item of a list. `line` makes text safe for its place, and leaves
    /// no line break in it.
    pub fn shown(&self, line: impl Fn(&str) -> String) -> String {
        match self {
            Self::One(value) => line(&value.text()),
            Self::List(_) => {
                let items: Vec<String> = self.items().map(|item| format!("• {}", line(&item))).collect();
                if items.is_empty() { "(empty list)".to_owned() } else { items.join("\n") }
            }
        }
    }

    /// The items of a list, each with something to see; none of another value.
    pub fn items(&self) -> impl Iterator<Item = String> {
        let items = match self {
            Self::One(_) => &[],
            Self::List(items) => items.as_slice(),
        };
        items.iter().map(Scalar::text).map(|text| if visible::is_blank(&text) { "(no text)".to_owned() } else { text })
    }

    /// Reads one; what is wrong goes on the list.
    pub(super) fn read(field: &str, value: Value, check: &mut Check) -> Option<Self> {
        let Value::Array(items) = value else {
            return Scalar::read(field, value, "text, a number, a boolean or a list of these", check).map(Self::One);
        };
        let of_list = "text, a number or a boolean";
        let items: Vec<_> = items
            .into_iter()
            .enumerate()
            .map(|(index, item)| Scalar::read(&at(field, index), item, of_list, check))
            .collect();
        items.into_iter().collect::<Option<Vec<_>>>().map(Self::List)
    }
}

impl Scalar {
    fn text(&self) -> String {
        match self {
            Self::Boolean(true) => "yes".to_owned(),
            Self::Boolean(false) => "no".to_owned(),
            Self::Number(number) => decimal(number),
            Self::Text(text) => text.clone(),
        }
    }

    fn read(field: &str, value: Value, kinds: &str, check: &mut Check) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(Self::Boolean(value)),
            Value::String(text) => Some(Self::Text(text)),
            Value::Number(number) if is_plain(&number) => Some(Self::Number(number)),
            Value::Number(_) => {
                check.note(
                    field,
                    "is a number that not every program reads and shows alike: write it as text, unless it is 0 or of a \
                     size from 0.000001 to 9,007,199,254,740,991",
                );
                None
            }
            Value::Null | Value::Array(_) | Value::Object(_) => {
                check.note(field, format!("must be {kinds}"));
                None
            }
        }
    }
}

fn is_plain(number: &Number) -> bool {
    number.as_f64().is_some_and(|number| number == 0.0 || (NUMBER_MIN..=NUMBER_MAX).contains(&number.abs()))
}
