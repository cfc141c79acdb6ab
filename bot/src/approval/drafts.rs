//! A field as a policy or a request has it, and what has to hold of it. Whoever reads one knows where each part stands,
//! and says so with what is wrong.

use std::collections::BTreeSet;
use std::str::FromStr;

use super::entry;
use super::fields::{FIELD_NAME_MAX, Field, Kind, LABEL_MAX, OPTION_MAX, OPTIONS_MAX, Pattern, Range};
use super::limits::length;
use super::names::comparable;
use crate::visible;

/// A field as it is written. Its default is read once the field is, with `entry::read`.
#[derive(Debug)]
pub struct Draft {
    /// Its key in what comes of it.
    pub name: String,
    /// What it takes.
    pub kind: String,
    /// What a form calls it.
    pub label: Option<String>,
    /// Whether it must be there.
    pub required: bool,
    /// What the whole of a text looks like.
    pub pattern: Option<String>,
    /// The smallest value, as one would type it.
    pub min: Option<String>,
    /// The largest value, as one would type it.
    pub max: Option<String>,
    /// What a choice is one of.
    pub options: Option<Vec<String>>,
}

/// A part of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Its name.
    Name,
    /// Its type.
    Type,
    /// Its label.
    Label,
    /// Its pattern.
    Pattern,
    /// The smallest value.
    Min,
    /// The largest value.
    Max,
    /// Its options.
    Options,
    /// One of them, from 0.
    Option(usize),
}

impl Part {
    /// The key of it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Type => "type",
            Self::Label => "label",
            Self::Pattern => "pattern",
            Self::Min => "min",
            Self::Max => "max",
            Self::Options => "options",
            Self::Option(_) => "option",
        }
    }
}

impl Draft {
    /// The field, if it is known what it takes. What is wrong is noted by its part, in words that follow the part's key
    /// and quote nothing. `kinds` are the types that there are here.
    pub fn read(self, kinds: &[&str], note: &mut impl FnMut(Part, String)) -> Option<Field> {
        let Self { name, kind, label, required, pattern, min, max, options } = self;
        let is_in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
        if !begins || name.len() > FIELD_NAME_MAX || !name.chars().all(is_in_name) {
            let most = FIELD_NAME_MAX - 1;
            note(Part::Name, format!("has a letter and then up to {most} of a-z, A-Z, 0-9, '-' and '_'"));
        }
        if let Some(label) = &label {
            check_line(label, LABEL_MAX, |problem| note(Part::Label, problem));
        }
        let takes = |kinds: &[&str]| kinds.contains(&kind.as_str());
        for (part, is_there, is_of_use) in [
            (Part::Pattern, pattern.is_some(), takes(&["text", "long_text"])),
            (Part::Min, min.is_some(), takes(&["integer", "number", "date"])),
            (Part::Max, max.is_some(), takes(&["integer", "number", "date"])),
            (Part::Options, options.is_some(), takes(&["choice"])),
        ] {
            // It would be believed to hold.
            if is_there && !is_of_use && kinds.contains(&kind.as_str()) {
                note(part, format!("has no meaning for the type {kind}"));
            }
        }
        let kind = match kind.as_str() {
            kind if !kinds.contains(&kind) => {
                note(Part::Type, format!("must be {}", listed(kinds)));
                return None;
            }
            "text" => Kind::Text(read_pattern(pattern, note)),
            "long_text" => Kind::LongText(read_pattern(pattern, note)),
            "integer" => Kind::Integer(range("an integer", (min, max), |text| i64::from_str(text).ok(), note)),
            "number" => Kind::Number(range("a number", (min, max), number, note)),
            "date" => Kind::Date(range("a date such as 2026-11-23", (min, max), entry::day, note)),
            "boolean" => Kind::Boolean,
            "person" => Kind::Person,
            _ => Kind::Choice(read_options(options, note)?),
        };
        Some(Field { label: label.unwrap_or_else(|| name.clone()), name, kind, required, default: None })
    }
}

/// The types in a sentence.
fn listed(kinds: &[&str]) -> String {
    match kinds {
        [most @ .., last] if !most.is_empty() => format!("{} or {last}", most.join(", ")),
        some => some.concat(),
    }
}

/// A line that is shown as it is.
pub fn check_line(text: &str, max: usize, note: impl FnOnce(String)) {
    let length = length(text);
    let wrong = [
        (visible::is_blank(text), "has nothing to see in it".to_owned()),
        (visible::first_hidden(text).is_some(), "has a character that nobody sees".to_owned()),
        (
            text.chars().any(char::is_control) || text.trim() != text,
            "has white space where none can be seen".to_owned(),
        ),
        (length > max, format!("has {length} characters, at most {max}")),
    ];
    if let Some((_, wrong)) = wrong.into_iter().find(|(is_wrong, _)| *is_wrong) {
        note(wrong);
    }
}

fn read_pattern(pattern: Option<String>, note: &mut impl FnMut(Part, String)) -> Option<Pattern> {
    Pattern::parse(&pattern?).map_err(|error| note(Part::Pattern, format!("cannot be used: {error}"))).ok()
}

fn number(text: &str) -> Option<f64> {
    f64::from_str(text).ok().filter(|number| number.is_finite())
}

fn range<T: PartialOrd>(
    what: &str,
    (min, max): (Option<String>, Option<String>),
    read: impl Fn(&str) -> Option<T>,
    note: &mut impl FnMut(Part, String),
) -> Range<T> {
    let mut end = |part: Part, end: Option<String>| {
        let read = read(&end?);
        if read.is_none() {
            note(part, format!("is not {what}"));
        }
        read
    };
    let range = Range { min: end(Part::Min, min), max: end(Part::Max, max) };
    if range.is_empty() {
        note(Part::Max, "is below min, so nothing could be written".to_owned());
        // What else is wrong is told as well, and not that nothing lies between the two.
        return Range { min: None, max: None };
    }
    range
}

fn read_options(options: Option<Vec<String>>, note: &mut impl FnMut(Part, String)) -> Option<Vec<String>> {
    let Some(options) = options else {
        note(Part::Options, "are missing, and a choice needs them, such as [\"yes\", \"no\"]".to_owned());
        return None;
    };
    if options.is_empty() || options.len() > OPTIONS_MAX {
        note(Part::Options, format!("has {} of them, from 1 to {OPTIONS_MAX}", options.len()));
    }
    let mut seen = BTreeSet::new();
    for (index, option) in options.iter().enumerate() {
        if !seen.insert(comparable(option)) {
            note(Part::Option(index), "is there already".to_owned());
        }
        check_line(option, OPTION_MAX, |problem| note(Part::Option(index), problem));
    }
    Some(options)
}
