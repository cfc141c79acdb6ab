//! What the intrinsic functions compute.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html>

use data_encoding::BASE64;
use serde_json::{Map, Value};

use crate::errors::{Failure, INTRINSIC_FAILURE};
use crate::random;

/// The longest string that the Base64 intrinsics take.
const MAX_BASE64_CHARACTERS: usize = 10_000;

/// The supported intrinsic functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intrinsic {
    Array,
    ArrayGetItem,
    ArrayLength,
    Base64Decode,
    Base64Encode,
    Format,
    JsonMerge,
    JsonToString,
    MathAdd,
    StringToJson,
    Uuid,
}

impl Intrinsic {
    pub(crate) fn named(name: &str) -> Option<Intrinsic> {
        Some(match name {
            "States.Array" => Intrinsic::Array,
            "States.ArrayGetItem" => Intrinsic::ArrayGetItem,
            "States.ArrayLength" => Intrinsic::ArrayLength,
            "States.Base64Decode" => Intrinsic::Base64Decode,
            "States.Base64Encode" => Intrinsic::Base64Encode,
            "States.Format" => Intrinsic::Format,
            "States.JsonMerge" => Intrinsic::JsonMerge,
            "States.JsonToString" => Intrinsic::JsonToString,
            "States.MathAdd" => Intrinsic::MathAdd,
            "States.StringToJson" => Intrinsic::StringToJson,
            "States.UUID" => Intrinsic::Uuid,
            _ => return None,
        })
    }

    /// How many arguments it takes; `None` where that is not fixed.
    fn arity(self) -> Option<usize> {
        match self {
            Intrinsic::Array | Intrinsic::Format => None,
            Intrinsic::Uuid => Some(0),
            Intrinsic::ArrayLength
            | Intrinsic::Base64Decode
            | Intrinsic::Base64Encode
            | Intrinsic::JsonToString
            | Intrinsic::StringToJson => Some(1),
            Intrinsic::ArrayGetItem | Intrinsic::MathAdd => Some(2),
            Intrinsic::JsonMerge => Some(3),
        }
    }
}

/// Checks what is known when the machine is loaded: `None` stands for an argument that is computed later.
pub(crate) fn check_arguments(function: Intrinsic, arguments: &[Option<&Value>]) -> Result<(), String> {
    if let Some(arity) = function.arity()
        && arguments.len() != arity
    {
        return Err(format!("calls {function:?} with {} arguments, it takes {arity}", arguments.len()));
    }
    match (function, arguments) {
        (Intrinsic::Format, []) => Err("calls Format without a template".to_owned()),
        (Intrinsic::Format, [Some(template), values @ ..]) => {
            let template =
                template.as_str().ok_or_else(|| "calls Format with a template that is no string".to_owned())?;
            let expected = placeholders(template);
            if expected == values.len() {
                return Ok(());
            }
            Err(format!("calls Format with {} values for {expected} placeholders", values.len()))
        }
        (Intrinsic::JsonMerge, [_, _, Some(deep)]) if *deep != &Value::Bool(false) => {
            Err("calls JsonMerge with a third argument that is not false: only shallow merging exists".to_owned())
        }
        _ => Ok(()),
    }
}

/// Computes the function, or fails with `States.IntrinsicFailure`.
pub(crate) fn compute(function: Intrinsic, arguments: &[Value]) -> Result<Value, Failure> {
    let refused = |message: &str| Failure::new(INTRINSIC_FAILURE, format!("States.{function:?}: {message}"));
    let result = match (function, arguments) {
        (Intrinsic::Array, items) => Ok(Value::Array(items.to_vec())),
        (Intrinsic::ArrayGetItem, [Value::Array(items), index]) => whole_number(index)
            .and_then(|index| items.get(usize::try_from(index).ok()?))
            .cloned()
            .ok_or("the index is outside of the array"),
        (Intrinsic::ArrayLength, [Value::Array(items)]) => Ok(Value::from(items.len())),
        (Intrinsic::Base64Decode, [Value::String(text)]) => base64_decode(text),
        (Intrinsic::Base64Encode, [Value::String(text)]) if text.chars().count() <= MAX_BASE64_CHARACTERS => {
            Ok(Value::String(BASE64.encode(text.as_bytes())))
        }
        (Intrinsic::Format, [Value::String(template), values @ ..]) => format(template, values),
        (Intrinsic::JsonMerge, [Value::Object(left), Value::Object(right), Value::Bool(false)]) => {
            Ok(Value::Object(merge(left, right)))
        }
        (Intrinsic::JsonToString, [value]) => Ok(Value::String(value.to_string())),
        (Intrinsic::MathAdd, [left, right]) => rounded(left)
            .zip(rounded(right))
            .and_then(|(left, right)| left.checked_add(right))
            .map(Value::from)
            .ok_or("takes two numbers whose sum fits 64 bits"),
        (Intrinsic::StringToJson, [Value::String(text)]) => {
            serde_json::from_str(text).map_err(|_| "the string is not JSON")
        }
        (Intrinsic::Uuid, _) => Ok(Value::String(random::uuid())),
        _ => Err("the arguments are of the wrong kind"),
    };
    result.map_err(refused)
}

fn base64_decode(text: &str) -> Result<Value, &'static str> {
    if text.len() > MAX_BASE64_CHARACTERS {
        return Err("the string is too long");
    }
    // The scheme is that of MIME, in which other characters are skipped.
    let is_of_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let encoded: Vec<u8> = text.bytes().filter(is_of_base64).collect();
    let bytes = BASE64.decode(&encoded).map_err(|_| "the string is not Base64")?;
    String::from_utf8(bytes).map(Value::String).map_err(|_| "the decoded bytes are not UTF-8")
}

fn merge(left: &Map<String, Value>, right: &Map<String, Value>) -> Map<String, Value> {
    let mut merged = left.clone();
    merged.extend(right.iter().map(|(key, value)| (key.clone(), value.clone())));
    merged
}

fn whole_number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().filter(|float| float.fract() == 0.0).map(|float| float as i64))
}

/// `MathAdd` rounds its arguments to whole numbers.
fn rounded(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let float = value.as_f64()?.round();
        (float.abs() < i64::MAX as f64).then_some(float as i64)
    })
}

/// One piece of a template of `States.Format`.
enum Piece {
    Character(char),
    Placeholder,
}

/// Reads the next piece: `{}` is a placeholder, a backslash takes the meaning from `'`, `{`, `}` and `\`.
fn next_piece(rest: &mut &str) -> Option<Piece> {
    if let Some(after) = rest.strip_prefix("{}") {
        *rest = after;
        return Some(Piece::Placeholder);
    }
    let mut characters = rest.chars();
    let mut character = characters.next()?;
    if character == '\\' && matches!(characters.clone().next(), Some('\'' | '{' | '}' | '\\')) {
        character = characters.next()?;
    }
    *rest = characters.as_str();
    Some(Piece::Character(character))
}

fn placeholders(template: &str) -> usize {
    let mut rest = template;
    std::iter::from_fn(|| next_piece(&mut rest)).filter(|piece| matches!(piece, Piece::Placeholder)).count()
}

/// Takes the escapes out of a string literal that is not a template.
pub(crate) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.extend(characters.next()),
            _ => plain.push(character),
        }
    }
    plain
}

fn format(template: &str, values: &[Value]) -> Result<Value, &'static str> {
    if placeholders(template) != values.len() {
        return Err("there must be one value for each placeholder");
    }
    let mut text = String::with_capacity(template.len());
    let mut values = values.iter();
    let mut rest = template;
    while let Some(piece) = next_piece(&mut rest) {
        match piece {
            Piece::Character(character) => text.push(character),
            Piece::Placeholder => match values.next() {
                Some(Value::String(value)) => text.push_str(value),
                Some(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => text.push_str(&value.to_string()),
                _ => return Err("only strings, numbers, booleans and null can be formatted; use States.JsonToString"),
            },
        }
    }
    Ok(Value::String(text))
}
