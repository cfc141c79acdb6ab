//! What a command asks for: fields with names, kinds and limits, the same in every chat.
//!
//! A form of fields has to fit the smallest platform whatever is written into it, so their sizes are counted when the
//! policy is read.

use jiff::civil::Date;
use regex_lite::{Regex, RegexBuilder};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::limits;

/// How many fields a command has.
pub const FIELDS_MAX: usize = 15;
/// The name of a field, which is a key of the execution's input.
pub const FIELD_NAME_MAX: usize = 40;
/// What a form calls a field.
pub const LABEL_MAX: usize = 80;
/// A text on one line.
pub const TEXT_MAX: usize = 200;
/// A text of several lines.
pub const LONG_TEXT_MAX: usize = 2_000;
/// How many options a menu has: <https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element>.
pub const OPTIONS_MAX: usize = 100;
/// An option: <https://docs.slack.dev/reference/block-kit/composition-objects/option-object>.
pub const OPTION_MAX: usize = 75;
/// A pattern.
pub const PATTERN_MAX: usize = 200;
/// A form, by `form_cost`: what a card of Teams holds, less what stands around the fields.
pub const FORM_MAX: usize = limits::teams::CARD_MAX - 4_000;

/// What a field takes of a card beside what is written into it: its label, and what is wrong with it.
const FIELD_COST: usize = 900;
/// What an option takes of a card beside its text.
const OPTION_COST: usize = 40;
/// What a pattern may grow to in memory.
const PATTERN_BYTES: usize = 64 * 1024;

/// One value that a command asks for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Field {
    /// Its key in the execution's input, and its name where it is typed.
    pub name: String,
    /// What a form calls it.
    pub label: String,
    /// What it takes.
    pub kind: Kind,
    /// Whether it must be there.
    pub required: bool,
    /// What it is where nothing is typed.
    pub default: Option<Value>,
}

/// What a field takes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A text on one line.
    Text(Option<Pattern>),
    /// A text of several lines.
    LongText(Option<Pattern>),
    /// A whole number.
    Integer(Range<i64>),
    /// A decimal number.
    Number(Range<f64>),
    /// One of these options.
    Choice(Vec<String>),
    /// A day.
    Date(Range<Date>),
    /// Yes or no.
    Boolean,
    /// Somebody of the policy.
    Person,
}

/// How small and how large a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Range<T> {
    /// The smallest.
    pub min: Option<T>,
    /// The largest.
    pub max: Option<T>,
}

/// What a whole text has to look like.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    whole: Regex,
}

impl Kind {
    /// What one chooses from, each with the text that stands for it: none where one writes, and none of people, whom the
    /// policy knows.
    pub fn menu(&self) -> Option<Vec<(String, String)>> {
        match self {
            Self::Choice(options) => Some(options.iter().map(|option| (option.clone(), option.clone())).collect()),
            Self::Boolean => Some(vec![("Yes".to_owned(), "yes".to_owned()), ("No".to_owned(), "no".to_owned())]),
            Self::Text(_) | Self::LongText(_) | Self::Integer(_) | Self::Number(_) | Self::Date(_) | Self::Person => {
                None
            }
        }
    }

    /// How long what is written into a field may be.
    pub fn length_max(&self) -> usize {
        match self {
            Self::LongText(_) => LONG_TEXT_MAX,
            _ => TEXT_MAX,
        }
    }
}

impl<T: PartialOrd> Range<T> {
    /// Whether a value is in it.
    pub fn has(&self, value: &T) -> bool {
        self.min.as_ref().is_none_or(|min| min <= value) && self.max.as_ref().is_none_or(|max| value <= max)
    }

    /// Whether no value is.
    pub fn is_empty(&self) -> bool {
        matches!((&self.min, &self.max), (Some(min), Some(max)) if min > max)
    }
}

impl Pattern {
    /// Reads a regular expression, which stands for the whole of a text.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.chars().count() > PATTERN_MAX {
            return Err(format!("has more than {PATTERN_MAX} characters"));
        }
        // By itself first: an expression could close the group that is put around it.
        let compile = |text: &str| RegexBuilder::new(text).size_limit(PATTERN_BYTES).build();
        let whole = compile(text).and_then(|_| compile(&format!("^(?:{text})$")));
        Ok(Self { text: text.to_owned(), whole: whole.map_err(|error| error.to_string())? })
    }

    /// Whether the whole text looks like it.
    pub fn fits(&self, text: &str) -> bool {
        self.whole.is_match(text)
    }

    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// What a form of these fields takes of a card at the most. `people` is what a menu of the people takes.
pub fn form_cost(fields: &[Field], people: usize) -> usize {
    let written = |field: &Field| match &field.kind {
        Kind::Choice(options) => menu_cost(options.iter().map(|option| (option.as_str(), option.as_str()))),
        Kind::Person => people,
        // JSON escapes quotation marks and line breaks.
        kind => 2 * kind.length_max(),
    };
    fields.iter().map(|field| FIELD_COST + written(field)).sum()
}

/// What a menu takes of a card: a title and a value for each option.
pub fn menu_cost<'a>(options: impl Iterator<Item = (&'a str, &'a str)>) -> usize {
    options.map(|(title, value)| OPTION_COST + limits::cost(title) + limits::cost(value)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_stands_for_the_whole_text() {
        let version = Pattern::parse(r"\d+\.\d+\.\d+").unwrap();
        assert!(version.fits("1.4.2") && !version.fits("v1.4.2") && !version.fits("1.4.2-rc1") && !version.fits(""));
        let either = Pattern::parse("a|b").unwrap();
        assert!(either.fits("a") && either.fits("b") && !either.fits("ab") && !either.fits("a\n"));
        for wrong in ["(", ")|(", "[", "a{999999}", &"a".repeat(PATTERN_MAX + 1)] {
            assert!(Pattern::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_range_has_its_ends() {
        let range = Range { min: Some(1), max: Some(3) };
        assert!(!range.has(&0) && range.has(&1) && range.has(&3) && !range.has(&4) && !range.is_empty());
        assert!(Range { min: Some(2), max: Some(1) }.is_empty());
        assert!(Range { min: None, max: None }.has(&i64::MIN));
    }
}
