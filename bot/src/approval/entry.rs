//! What somebody has written into a field, read as the value that it stands for, or with what is wrong about it.

use jiff::civil::Date;
use serde_json::{Number, Value, json};

use super::fields::{Field, Kind, Pattern, Range};
use super::ids::PersonId;
use super::limits;
use super::names::comparable;
use crate::visible;

/// So many digits of a decimal number are kept exactly:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>, whose numbers are doubles.
const DIGITS_MAX: usize = 15;
/// What somebody has typed is not shown longer than this in a mistake.
const TYPED_MAX: usize = 40;
/// More options than these are counted, not named.
const NAMED_MAX: usize = 5;

/// Why what was written is no value of a field; the text follows the field's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// Nothing is there, and something must be.
    #[error("is missing")]
    Missing,
    /// It is there more than once.
    #[error("is given more than once")]
    Twice,
    /// It is no whole number.
    #[error("must be an integer, and “{0}” is not one")]
    NotAnInteger(String),
    /// It is no decimal number.
    #[error("must be a number such as 12 or -1.5, and “{0}” is not one")]
    NotANumber(String),
    /// It is a number that would not be kept as it was typed.
    #[error("has more than {DIGITS_MAX} digits")]
    TooManyDigits,
    /// It is no day.
    #[error("must be a date such as 2026-11-23, and “{0}” is not one")]
    NotADate(String),
    /// It is neither yes nor no.
    #[error("must be yes or no, and “{0}” is neither")]
    NotYesOrNo(String),
    /// It is none of the options.
    #[error("must be one of {options}, and “{typed}” is not")]
    NotAnOption {
        /// Those that there are.
        options: String,
        /// What was typed.
        typed: String,
    },
    /// It is outside of the range, which is named.
    #[error("must be {0}")]
    OutOfRange(String),
    /// It is too long.
    #[error("has {length} characters, at most {max}")]
    TooLong {
        /// How long it is.
        length: usize,
        /// How long it may be.
        max: usize,
    },
    /// It does not look as it should.
    #[error("must look like {pattern}, and “{typed}” does not")]
    OtherForm {
        /// The regular expression.
        pattern: String,
        /// What was typed.
        typed: String,
    },
    /// It means nobody of the policy.
    #[error("must be somebody of the policy, and “{0}” is not")]
    Nobody(String),
    /// It means more than one person of the policy.
    #[error("must be one person of the policy, and “{0}” may be several")]
    Several(String),
    /// Nothing of this name is asked for.
    #[error("is not asked for")]
    Unknown,
}

impl Mistake {
    /// The same without what was written, which a text may not quote.
    pub fn unquoted(&self) -> String {
        match self {
            Self::NotAnInteger(_) => "must be an integer".to_owned(),
            Self::NotANumber(_) => "must be a number such as 12 or -1.5".to_owned(),
            Self::NotADate(_) => "must be a date such as 2026-11-23".to_owned(),
            Self::NotYesOrNo(_) => "must be yes or no".to_owned(),
            Self::NotAnOption { .. } => "must be one of the options".to_owned(),
            Self::OtherForm { .. } => "must look like the pattern".to_owned(),
            Self::Nobody(_) | Self::Several(_) => "must be one person of the policy".to_owned(),
            Self::Missing
            | Self::Twice
            | Self::TooManyDigits
            | Self::OutOfRange(_)
            | Self::TooLong { .. }
            | Self::Unknown => self.to_string(),
        }
    }

    /// The same mistake is made by another text; this is its beginning.
    pub fn quoted(typed: &str) -> String {
        limits::excerpt(typed, TYPED_MAX)
    }
}

/// Reads what was written into a field. Nothing is null where the field may be empty.
pub fn read(field: &Field, written: &str, whom: impl Fn(&str) -> Result<PersonId, Mistake>) -> Result<Value, Mistake> {
    let text = match &field.kind {
        Kind::LongText(_) => seen_lines(written),
        _ => seen(written),
    };
    if text.is_empty() {
        return if field.required { Err(Mistake::Missing) } else { Ok(Value::Null) };
    }
    let (length, max) = (limits::length(&text), field.kind.length_max());
    if length > max {
        return Err(Mistake::TooLong { length, max });
    }
    // Words are copied with what stands around them; only in a text it may belong to them.
    let bare = text.trim_matches(|c| is_quote(c) || matches!(c, '`' | ',' | ';'));
    match &field.kind {
        Kind::Text(pattern) | Kind::LongText(pattern) => looks_like(pattern.as_ref(), text),
        Kind::Integer(range) => integer(bare, range),
        Kind::Number(range) => number(bare, range),
        Kind::Date(range) => date(bare, range),
        Kind::Boolean => yes_or_no(bare),
        Kind::Choice(options) => choice(options, &text, bare),
        Kind::Person => whom(&text).or_else(|mistake| whom(bare).map_err(|_| mistake)).map(|person| json!(person)),
    }
}

/// A value as one would type it. The name of a person is not known here, so that is their key.
pub fn typed(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => decimal(number),
        other => other.to_string(),
    }
}

/// A number without an exponent, which a small one has in JSON and which nobody may type.
fn decimal(number: &Number) -> String {
    match number.as_f64() {
        Some(small) if 0.0 < small.abs() && small.abs() < 1.0 => small.to_string(),
        _ => number.to_string(),
    }
}

/// Text on one line as whoever typed it sees it: without what is invisible, and with a space for white space of every kind.
pub fn seen(typed: &str) -> String {
    let spaced: String = typed.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    visible::without_hidden(&spaced).trim().to_owned()
}

/// The same with its line breaks.
pub fn seen_lines(typed: &str) -> String {
    let is_break = |c| matches!(c, '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let lines = typed.replace("\r\n", "\n").replace(is_break, "\n");
    let spaced: String = lines.chars().map(|c| if c.is_whitespace() && c != '\n' { ' ' } else { c }).collect();
    visible::without_hidden(&spaced).trim().to_owned()
}

/// Quotation marks, which words that are copied bring along.
pub fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '“' | '”' | '„' | '‘' | '’' | '‚' | '«' | '»' | '‹' | '›')
}

fn looks_like(pattern: Option<&Pattern>, text: String) -> Result<Value, Mistake> {
    match pattern.filter(|pattern| !pattern.fits(&text)) {
        Some(pattern) => {
            Err(Mistake::OtherForm { pattern: pattern.as_str().to_owned(), typed: Mistake::quoted(&text) })
        }
        None => Ok(Value::String(text)),
    }
}

/// Its digits are those of ASCII: others are easily taken for each other.
fn integer(text: &str, range: &Range<i64>) -> Result<Value, Mistake> {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    match with_hyphen(text).parse::<i64>() {
        Ok(number) if range.has(&number) => Ok(json!(number)),
        Ok(_) => Err(outside(range)),
        Err(error) if matches!(error.kind(), PosOverflow | NegOverflow) => {
            Err(outside(&Range { min: range.min.or(Some(i64::MIN)), max: range.max.or(Some(i64::MAX)) }))
        }
        Err(_) => Err(Mistake::NotAnInteger(Mistake::quoted(text))),
    }
}

/// A number that would be rounded is refused, so that what is shown is what was typed.
fn number(text: &str, range: &Range<f64>) -> Result<Value, Mistake> {
    let typed = with_hyphen(text);
    let digits = typed.strip_prefix(['-', '+']).unwrap_or(&typed);
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit());
    let is_number = match digits.split_once('.') {
        Some((whole, decimals)) => are_digits(whole) && are_digits(decimals),
        None => are_digits(digits),
    };
    let number = typed.parse::<f64>().ok().filter(|_| is_number);
    let number = number.ok_or_else(|| Mistake::NotANumber(Mistake::quoted(text)))?;
    if digits.trim_start_matches(['0', '.']).bytes().filter(u8::is_ascii_digit).count() > DIGITS_MAX {
        return Err(Mistake::TooManyDigits);
    }
    if !range.has(&number) {
        return Err(outside(range));
    }
    let whole = typed.parse::<i64>().ok().map(Number::from);
    let number = whole.or_else(|| Number::from_f64(number));
    number.map(Value::Number).ok_or(Mistake::TooManyDigits)
}

fn date(text: &str, range: &Range<Date>) -> Result<Value, Mistake> {
    let date = day(text).ok_or_else(|| Mistake::NotADate(Mistake::quoted(text)))?;
    if range.has(&date) { Ok(json!(date.to_string())) } else { Err(outside(range)) }
}

/// A day, as it is written in a policy and in chats. What would be shown otherwise than it was written is none, such as a
/// year before the first.
pub fn day(text: &str) -> Option<Date> {
    Date::strptime("%Y-%m-%d", text).ok().filter(|date| date.to_string() == text)
}

fn yes_or_no(text: &str) -> Result<Value, Mistake> {
    match text.to_lowercase().as_str() {
        "yes" | "true" => Ok(json!(true)),
        "no" | "false" => Ok(json!(false)),
        _ => Err(Mistake::NotYesOrNo(Mistake::quoted(text))),
    }
}

/// An option is found by how it looks, and is what the policy says it is.
fn choice(options: &[String], text: &str, bare: &str) -> Result<Value, Mistake> {
    let named = |text: &str| options.iter().find(|option| comparable(option) == comparable(text));
    let exact = options.iter().find(|option| *option == text);
    match exact.or_else(|| named(text)).or_else(|| named(bare)) {
        Some(option) => Ok(json!(option)),
        None => Err(Mistake::NotAnOption { options: listed(options), typed: Mistake::quoted(text) }),
    }
}

/// The first options, and how many more there are.
pub fn listed(options: &[String]) -> String {
    let more = options.len().saturating_sub(NAMED_MAX);
    let named = options.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
    if more == 0 { named } else { format!("{named} and {more} more") }
}

fn outside<T: ToString>(range: &Range<T>) -> Mistake {
    Mistake::OutOfRange(match (&range.min, &range.max) {
        (Some(min), Some(max)) => format!("from {} to {}", min.to_string(), max.to_string()),
        (Some(min), None) => format!("{} or more", min.to_string()),
        (None, Some(max)) => format!("{} or less", max.to_string()),
        (None, None) => "another".to_owned(),
    })
}

/// Phones and word processors write a minus sign that is no hyphen.
fn with_hyphen(text: &str) -> String {
    text.replace('\u{2212}', "-")
}

#[cfg(test)]
mod tests;
