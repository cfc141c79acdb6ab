//! Reads an object of JSON field by field, so that everything that is wrong with it is told, and not what comes first.
//!
//! A string is never quoted: when fields are mixed up, it may be the task token.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::approval::limits::Check;
use crate::input;

/// An object, with its place in the input.
pub(super) struct Object {
    path: String,
    fields: Map<String, Value>,
}

impl Object {
    /// The object at a place; fields that are not among the known ones go on the list.
    pub(super) fn read(path: &str, value: Value, known: &[&str], check: &mut Check) -> Option<Self> {
        let Value::Object(fields) = value else {
            check.note(if path.is_empty() { "input" } else { path }, "must be an object");
            return None;
        };
        let object = Self { path: path.to_owned(), fields };
        for unknown in object.fields.keys().filter(|name| !known.contains(&name.as_str())) {
            let problem = format!("unknown field; known here: {}", known.join(", "));
            match name(unknown) {
                Some(name) => check.note(object.at(name), problem),
                None => check.note(if path.is_empty() { "input" } else { path }, format!("has an {problem}")),
            }
        }
        Some(object)
    }

    /// The path of a field.
    pub(super) fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// A field that must be there.
    pub(super) fn required<T: DeserializeOwned>(&mut self, name: &str, check: &mut Check) -> Option<T> {
        if self.fields.get(name).is_none_or(Value::is_null) {
            check.note(self.at(name), "is missing");
            return None;
        }
        self.optional(name, check)
    }

    /// A field that may be left out or null.
    pub(super) fn optional<T: DeserializeOwned>(&mut self, name: &str, check: &mut Check) -> Option<T> {
        let value = self.fields.remove(name).filter(|value| !value.is_null())?;
        input::read(value).map_err(|problem| check.note(self.at(name), in_words(&problem))).ok()
    }
}

/// That a value is of another type, in the words of JSON.
fn in_words(problem: &str) -> String {
    let types = problem.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected "));
    let Some((found, expected)) = types else { return problem.to_owned() };
    let expected = match expected {
        "a string" => "text",
        "a sequence" => "a list",
        "a map" => "an object",
        "a boolean" => "true or false",
        "i64" => "a whole number",
        other => other,
    };
    let found = match found.split(' ').next().unwrap_or_default() {
        "map" => "an object",
        "sequence" => "a list",
        "boolean" => "true or false",
        "integer" | "floating" => "a number",
        _ => "text",
    };
    format!("must be {expected}, not {found}")
}

/// The path of an item.
pub(super) fn at(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}

/// A text that is like a name, and no more than that.
pub(super) fn name(text: &str) -> Option<&str> {
    let is_name = text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    (is_name && !text.is_empty()).then_some(text)
}

/// A name as it was given, unless it is no name.
pub(super) fn quoted(text: &str) -> String {
    name(text).map_or_else(|| "of this name".to_owned(), |name| format!("`{name}`"))
}
