//! `IsInputValid`: whether the input of an execution is a calculation, and if not, everything that is wrong with it.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

/// The fields of an input; a field that is not among them is refused, because it is most likely a misspelt one.
const FIELDS: [&str; 4] = ["x", "y", "requestedBy", "correlation"];
/// No more unknown fields than this are named, and no more of each name, so that the answer stays small.
const UNKNOWN_MAX: usize = 5;
const NAME_MAX: usize = 40;

/// The answer of `IsInputValid`, in JSON with `valid` as the field that the workflow chooses by.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// A calculation.
    Valid(Calculation),
    /// No calculation.
    Invalid {
        /// All problems, each with the name of its field.
        reason: String,
    },
}

/// What an execution is to calculate, and for whom.
#[derive(Debug, Clone, PartialEq)]
pub struct Calculation {
    /// The first number.
    pub x: i64,
    /// The second number.
    pub y: i64,
    /// Who asked, when that is known.
    pub requested_by: Option<String>,
    /// The caller's own ids; empty when there are none.
    pub correlation: Map<String, Value>,
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = match self {
            Self::Valid(Calculation { x, y, requested_by, correlation }) => {
                json!({"valid": true, "x": x, "y": y, "requestedBy": requested_by, "correlation": correlation})
            }
            Self::Invalid { reason } => json!({"valid": false, "reason": reason}),
        };
        value.serialize(serializer)
    }
}

/// Checks the input of an execution.
pub fn check(input: &Value) -> Check {
    let Some(fields) = input.as_object() else {
        return Check::Invalid { reason: format!("the input is {}, not an object", kind(input)) };
    };
    let mut problems = Vec::new();
    let x = noted(integer(fields, "x"), &mut problems);
    let y = noted(integer(fields, "y"), &mut problems);
    let requested_by = noted(requested_by(fields), &mut problems);
    let correlation = noted(correlation(fields), &mut problems);
    problems.extend(unknown_fields(fields));
    match (x, y, requested_by, correlation) {
        (Some(x), Some(y), Some(requested_by), Some(correlation)) if problems.is_empty() => {
            Check::Valid(Calculation { x, y, requested_by, correlation })
        }
        _ => Check::Invalid { reason: problems.join("; ") },
    }
}

fn noted<T>(field: Result<T, String>, problems: &mut Vec<String>) -> Option<T> {
    field.map_err(|problem| problems.push(problem)).ok()
}

fn integer(fields: &Map<String, Value>, name: &str) -> Result<i64, String> {
    /// From here on a number is out of range, whether or not it has a fraction: 2 to the power of 63.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    let Some(value) = fields.get(name) else {
        return Err(format!("{name} is missing"));
    };
    let Value::Number(number) = value else {
        return Err(format!("{name} is {}, not an integer", kind(value)));
    };
    match (number.as_i64(), number.as_f64()) {
        (Some(integer), _) => Ok(integer),
        // An integer with more digits than 64 bits hold is read as a float, so its value would be shown wrong.
        (None, Some(float)) if float.abs() >= BEYOND => Err(format!("{name} is outside the range of a 64-bit integer")),
        _ => Err(format!("{name} is {number}, which is not an integer")),
    }
}

fn requested_by(fields: &Map<String, Value>) -> Result<Option<String>, String> {
    match fields.get("requestedBy") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(person)) => Ok(Some(person.clone())),
        Some(other) => Err(format!("requestedBy is {}, not a string", kind(other))),
    }
}

fn correlation(fields: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    match fields.get("correlation") {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(ids)) => Ok(ids.clone()),
        Some(other) => Err(format!("correlation is {}, not an object", kind(other))),
    }
}

fn unknown_fields(fields: &Map<String, Value>) -> Vec<String> {
    let unknown: Vec<&String> = fields.keys().filter(|name| !FIELDS.contains(&name.as_str())).collect();
    let named = unknown.iter().take(UNKNOWN_MAX).map(|name| format!("{} is not a known field", shortened(name)));
    let more = unknown.len().saturating_sub(UNKNOWN_MAX);
    named.chain((more > 0).then(|| format!("and {more} more unknown fields"))).collect()
}

fn shortened(name: &str) -> String {
    match name.char_indices().nth(NAME_MAX) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None if name.trim().is_empty() => "a field without a name".to_owned(),
        None => name.to_owned(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(input: &str) -> Value {
        serde_json::to_value(check(&serde_json::from_str(input).unwrap())).unwrap()
    }

    #[test]
    fn two_integers_are_a_calculation() {
        let cases = [
            (r#"{"x": 125, "y": 122}"#, json!({"x": 125, "y": 122, "requestedBy": null, "correlation": {}})),
            (
                r#"{"x": -9223372036854775808, "y": 9223372036854775807, "requestedBy": null, "correlation": null}"#,
                json!({"x": i64::MIN, "y": i64::MAX, "requestedBy": null, "correlation": {}}),
            ),
            (
                r#"{"x": 0, "y": 1, "requestedBy": "ada", "correlation": {"order": 7}}"#,
                json!({"x": 0, "y": 1, "requestedBy": "ada", "correlation": {"order": 7}}),
            ),
        ];
        for (input, mut expected) in cases {
            expected["valid"] = json!(true);
            assert_eq!(checked(input), expected, "{input}");
        }
    }

    #[test]
    fn everything_else_is_refused_with_a_reason_that_names_the_field() {
        let cases = [
            (r#"{"x": 1}"#, "y is missing"),
            ("{}", "x is missing; y is missing"),
            (r#"{"x": null, "y": 1}"#, "x is null, not an integer"),
            (r#"{"x": "125", "y": 1}"#, "x is a string, not an integer"),
            (r#"{"x": 1, "y": true}"#, "y is a boolean, not an integer"),
            (r#"{"x": [1], "y": {}}"#, "x is a list, not an integer; y is an object, not an integer"),
            (r#"{"x": 1.5, "y": 1}"#, "x is 1.5, which is not an integer"),
            (r#"{"x": 2.0, "y": 1}"#, "x is 2.0, which is not an integer"),
            (r#"{"x": 9223372036854775808, "y": 1}"#, "x is outside the range of a 64-bit integer"),
            (r#"{"x": 1, "y": -9223372036854775809}"#, "y is outside the range of a 64-bit integer"),
            (r#"{"x": 1, "y": 2, "requestedBy": 7}"#, "requestedBy is a number, not a string"),
            (r#"{"x": 1, "y": 2, "correlation": "a"}"#, "correlation is a string, not an object"),
            (r#"{"x": 1, "Y": 2, "z": 3}"#, "y is missing; Y is not a known field; z is not a known field"),
            (r#"{"x": 1, "y": 2, " ": 3}"#, "a field without a name is not a known field"),
            ("[1, 2]", "the input is a list, not an object"),
            ("null", "the input is null, not an object"),
        ];
        for (input, reason) in cases {
            assert_eq!(checked(input), json!({"valid": false, "reason": reason}), "{input}");
        }
    }

    #[test]
    fn a_reason_stays_short_whatever_comes_in() {
        let fields = (0..100).map(|index| (format!("{index:03}{}", "ä".repeat(500)), Value::Null)).collect();
        let Check::Invalid { reason } = check(&Value::Object(fields)) else { panic!("that is no calculation") };
        assert!(reason.ends_with("ä… is not a known field; and 95 more unknown fields"), "{reason}");
        assert!(reason.chars().count() < 500, "{reason}");
    }
}
