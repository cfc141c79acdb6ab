//! JSON to the values of the library and back. Its numbers are floats, and Step Functions carries whole numbers of 64
//! bits unharmed: one that a float cannot hold travels as an object that only this module knows. Nothing can be
//! computed with it, and where it becomes text its digits do.

use jsonata_core::value::JValue;
use serde_json::{Map, Number, Value};

/// The key of the object that stands for a whole number. It is no character, so no text has it for a reason.
const MARK: &str = "\u{10ffff}";

/// What a text has in the place of the mark, should somebody write one.
const REPLACEMENT: &str = "\u{fffd}";

/// Deeper values could not be read again once they are JSON.
const MAX_LEVELS: usize = 120;

pub(super) fn to_jsonata(value: &Value) -> JValue {
    match value {
        Value::Null => JValue::Null,
        Value::Bool(value) => JValue::Bool(*value),
        Value::Number(number) => number_to_jsonata(number),
        Value::String(text) => JValue::string(text.replace(MARK, REPLACEMENT)),
        Value::Array(items) => JValue::array(items.iter().map(to_jsonata).collect()),
        Value::Object(object) => {
            let entry = |(key, value): (&String, &Value)| (key.replace(MARK, REPLACEMENT), to_jsonata(value));
            JValue::object(object.iter().map(entry).collect())
        }
    }
}

fn number_to_jsonata(number: &Number) -> JValue {
    let float = number.as_f64().unwrap_or(f64::NAN);
    match number.as_i128() {
        Some(whole) if float as i128 != whole => {
            let digits = JValue::string(number.to_string());
            JValue::object(std::iter::once((MARK.to_owned(), digits)).collect())
        }
        _ => JValue::Number(float),
    }
}

pub(super) fn from_jsonata(value: &JValue) -> Result<Value, String> {
    convert(value, MAX_LEVELS)
}

fn convert(value: &JValue, levels: usize) -> Result<Value, String> {
    let deeper = || levels.checked_sub(1).ok_or_else(|| format!("The value has more than {MAX_LEVELS} levels"));
    Ok(match value {
        // Where a value is nothing, `JSON.stringify` has null.
        JValue::Null | JValue::Undefined => Value::Null,
        JValue::Bool(value) => Value::Bool(*value),
        JValue::Number(number) => number_from_jsonata(*number),
        JValue::String(text) => Value::String(plain(text)),
        JValue::Array(items) => {
            let levels = deeper()?;
            Value::Array(items.iter().map(|item| convert(item, levels)).collect::<Result<_, _>>()?)
        }
        JValue::Object(object) => {
            let levels = deeper()?;
            if let Some(number) = object.get(MARK).and_then(|digits| digits.as_str()?.parse().ok()) {
                return Ok(Value::Number(number));
            }
            let mut converted = Map::new();
            for (key, value) in object.iter().filter(|(_, value)| !matches!(value, JValue::Undefined)) {
                converted.insert(plain(key), convert(value, levels)?);
            }
            Value::Object(converted)
        }
        JValue::Lambda(_) | JValue::Builtin { .. } | JValue::Regex { .. } => {
            return Err("The value is, or has in it, a function or a pattern, which is not JSON".to_owned());
        }
    })
}

/// A whole number has no point in JSON. What is not a number there is the text that AWS makes of it.
fn number_from_jsonata(number: f64) -> Value {
    let whole = number as i128;
    if number.fract() == 0.0
        && let Some(whole) = Number::from_i128(whole)
    {
        return Value::Number(whole);
    }
    Number::from_f64(number).map_or_else(|| Value::from(not_finite(number)), Value::Number)
}

fn not_finite(number: f64) -> &'static str {
    if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// The text with the digits of a number in the place of the object that stands for it.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(MARK) {
        match (before.trim_end_matches('"').trim_end().strip_suffix('{'), digits(after)) {
            (Some(before), Some((digits, after))) => {
                plain.extend([before, digits]);
                rest = after;
            }
            _ => {
                plain.push_str(before);
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// The digits that follow the mark in JSON, and what comes after the object.
fn digits(after_mark: &str) -> Option<(&str, &str)> {
    let value = after_mark.strip_prefix('"')?.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let (digits, after) = value.split_once('"')?;
    Some((digits, after.trim_start().strip_prefix('}')?))
}
