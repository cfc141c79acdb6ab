//! JSON to the values of the library and back. Its numbers are floats, and Step Functions carries whole numbers of 64
//! bits unharmed: those that a float cannot hold travel as a marked text, with which nothing can be computed.

use jsonata_core::value::JValue;
use serde_json::{Map, Number, Value};

/// Begins a text that stands for a whole number. It is no character, so no text has it for a reason.
const MARK: char = '\u{10ffff}';

/// Deeper values could not be read again once they are JSON.
const MAX_LEVELS: usize = 120;

pub(super) fn to_jsonata(value: &Value) -> JValue {
    match value {
        Value::Null => JValue::Null,
        Value::Bool(value) => JValue::Bool(*value),
        Value::Number(number) => number_to_jsonata(number),
        Value::String(text) if text.contains(MARK) => JValue::string(text.replace(MARK, "\u{fffd}")),
        Value::String(text) => JValue::string(text.as_str()),
        Value::Array(items) => JValue::array(items.iter().map(to_jsonata).collect()),
        Value::Object(object) => JValue::object(
            object.iter().map(|(key, value)| (key.replace(MARK, "\u{fffd}"), to_jsonata(value))).collect(),
        ),
    }
}

fn number_to_jsonata(number: &Number) -> JValue {
    let float = number.as_f64().unwrap_or(f64::NAN);
    match number.as_i128() {
        Some(whole) if float as i128 != whole => JValue::string(format!("{MARK}{number}")),
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
        JValue::String(text) => text_from_jsonata(text),
        JValue::Array(items) => {
            let levels = deeper()?;
            Value::Array(items.iter().map(|item| convert(item, levels)).collect::<Result<_, _>>()?)
        }
        JValue::Object(object) => {
            let levels = deeper()?;
            let mut converted = Map::new();
            for (key, value) in object.iter().filter(|(_, value)| !matches!(value, JValue::Undefined)) {
                converted.insert(key.replace(MARK, ""), convert(value, levels)?);
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

/// A marked text alone is the number again; in the middle of others its digits are text.
fn text_from_jsonata(text: &str) -> Value {
    if !text.contains(MARK) {
        return Value::from(text);
    }
    let number = text.strip_prefix(MARK).and_then(|digits| digits.parse::<Number>().ok());
    number.map_or_else(|| Value::from(text.replace(MARK, "")), Value::Number)
}
