//! Reads the fields of one object of a definition. A field that nobody asked for is a problem, so nothing that is
//! written in a definition can be ignored in silence.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::exit::Output;
use crate::jsonata::{Offers, Query, between_delimiters};
use crate::mocks::MockedResponse;
use crate::paths::{Filter, Path, ResultPath};
use crate::problem::Report;
use crate::template::Template;
use crate::variables::refusal_of_name;

/// `QueryLanguage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    JsonPath,
    Jsonata,
}

/// Fields that only the other language has, which is told when one is used.
const OF_JSON_PATH: &[&str] = &[
    "CausePath",
    "ErrorPath",
    "InputPath",
    "ItemsPath",
    "OutputPath",
    "Parameters",
    "Result",
    "ResultPath",
    "ResultSelector",
    "SecondsPath",
    "TimeoutSecondsPath",
    "TimestampPath",
    "Variable",
];
const OF_JSONATA: &[&str] = &["Arguments", "Condition", "Items", "Output"];

/// The largest number of seconds that AWS accepts anywhere.
pub(crate) const MAX_SECONDS: u32 = 99_999_999;

/// The fields of an object, and where it is in the definition.
pub(crate) struct Fields<'a> {
    report: &'a Report,
    state: Option<&'a str>,
    /// What stands before the name of a field, such as `Retry[0].`.
    prefix: String,
    object: &'a Map<String, Value>,
    language: Language,
    asked: RefCell<HashSet<&'a str>>,
}

impl<'a> Fields<'a> {
    /// The fields of the machine (`None`) or of a state; for an inner object use [`Fields::inner`].
    pub(crate) fn new(
        report: &'a Report,
        state: Option<&'a str>,
        prefix: String,
        value: &'a Value,
    ) -> Option<Fields<'a>> {
        let Some(object) = value.as_object() else {
            report.add(state, prefix.trim_end_matches('.'), "must be an object");
            return None;
        };
        // A comment may stand in every object.
        let asked = RefCell::new(HashSet::from(["Comment"]));
        Some(Fields { report, state, prefix, object, language: Language::JsonPath, asked })
    }

    /// Reads `QueryLanguage`, in which the rest is read: a machine of JSONPath may have states of JSONata, and no
    /// machine of JSONata has one of JSONPath.
    pub(crate) fn with_language(mut self, around: Language) -> Fields<'a> {
        let language = self.read("QueryLanguage", |value| match (value.as_str(), around) {
            (Some("JSONata"), _) => Ok(Language::Jsonata),
            (Some("JSONPath"), Language::JsonPath) => Ok(Language::JsonPath),
            (Some("JSONPath"), Language::Jsonata) => Err("cannot be JSONPath in a machine of JSONata".to_owned()),
            _ => Err(format!("must be JSONPath or JSONata, not {value}")),
        });
        self.language = language.unwrap_or(around);
        self
    }

    pub(crate) fn language(&self) -> Language {
        self.language
    }

    /// The fields of an object inside this one; `place` is its field, such as `Retry[0]`.
    pub(crate) fn inner(&self, place: &str, value: &'a Value) -> Option<Fields<'a>> {
        let inner = Fields::new(self.report, self.state, format!("{}{place}.", self.prefix), value)?;
        Some(Fields { language: self.language, ..inner })
    }

    /// The mock of the state that this is a field of.
    pub(crate) fn mock(&self) -> Option<Arc<MockedResponse>> {
        self.report.mock(self.state?)
    }

    /// The state lacks a mock.
    pub(crate) fn unmocked(&self, field: &str, why: &str, result: Value) {
        self.report.add_unmocked(self.state.unwrap_or_default(), field, why, result);
    }

    pub(crate) fn report(&self) -> &'a Report {
        self.report
    }

    pub(crate) fn problem(&self, field: &str, message: impl Into<String>) {
        self.report.add(self.state, &format!("{}{field}", self.prefix), message);
    }

    /// The object itself is wrong.
    pub(crate) fn problem_here(&self, message: impl Into<String>) {
        self.report.add(self.state, self.prefix.trim_end_matches('.'), message);
    }

    pub(crate) fn get(&self, field: &'a str) -> Option<&'a Value> {
        self.asked.borrow_mut().insert(field);
        self.object.get(field)
    }

    pub(crate) fn has(&self, field: &str) -> bool {
        self.object.contains_key(field)
    }

    /// The names of all fields, asked for or not.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.object.keys().map(String::as_str)
    }

    /// Reads a field with `read`, noting what it refuses.
    pub(crate) fn read<T>(&self, field: &'a str, read: impl FnOnce(&'a Value) -> Result<T, String>) -> Option<T> {
        match read(self.get(field)?) {
            Ok(value) => Some(value),
            Err(message) => {
                self.problem(field, message);
                None
            }
        }
    }

    pub(crate) fn string(&self, field: &'a str) -> Option<&'a str> {
        self.read(field, text)
    }

    pub(crate) fn required_string(&self, field: &'a str) -> Option<&'a str> {
        if !self.has(field) {
            self.problem(field, "is missing");
        }
        self.string(field)
    }

    pub(crate) fn boolean(&self, field: &'a str) -> Option<bool> {
        self.read(field, |value| value.as_bool().ok_or_else(|| "must be true or false".to_owned()))
    }

    /// A whole number of at least `least`.
    pub(crate) fn whole(&self, field: &'a str, least: u32) -> Option<u32> {
        self.read(field, |value| {
            value
                .as_u64()
                .and_then(|number| u32::try_from(number).ok())
                .filter(|number| (least..=MAX_SECONDS).contains(number))
                .ok_or_else(|| format!("must be a whole number from {least} to {MAX_SECONDS}"))
        })
    }

    /// A path that can only match one value.
    pub(crate) fn reference(&self, field: &'a str) -> Option<Path> {
        self.read(field, |value| text(value).and_then(Path::parse_reference))
    }

    /// `InputPath` or `OutputPath`.
    pub(crate) fn filter(&self, field: &'a str) -> Filter {
        let filter = self.read(field, |value| match value {
            Value::Null => Ok(Filter::Nothing),
            Value::String(path) if path == "$" => Ok(Filter::Everything),
            _ => text(value).and_then(Path::parse).map(Filter::Path),
        });
        filter.unwrap_or(Filter::Everything)
    }

    pub(crate) fn result_path(&self) -> ResultPath {
        let path = self.read("ResultPath", |value| match value {
            Value::Null => Ok(ResultPath::Discard),
            _ => text(value).and_then(ResultPath::parse),
        });
        path.unwrap_or(ResultPath::Replace)
    }

    /// A payload template. In JSONPath it must be an object, in JSONata anything can be computed.
    pub(crate) fn template(&self, field: &'a str, offers: Offers) -> Option<Template> {
        let value = self.get(field)?;
        if self.language == Language::JsonPath && !value.is_object() {
            self.problem(field, "must be an object");
            return None;
        }
        let template = match self.language {
            Language::JsonPath => Template::parse(value),
            Language::Jsonata => Template::parse_queries(value, &self.place(field), offers),
        };
        match template {
            Ok(template) => Some(template),
            Err(refused) => {
                for (place, message) in refused {
                    self.problem(&format!("{field}{place}"), message);
                }
                None
            }
        }
    }

    /// The objects of a list, which must not be empty.
    pub(crate) fn list(&self, field: &'a str) -> Vec<Fields<'a>> {
        let Some(value) = self.get(field) else {
            return Vec::new();
        };
        match value.as_array() {
            Some(items) if !items.is_empty() => items
                .iter()
                .enumerate()
                .filter_map(|(index, item)| self.inner(&format!("{field}[{index}]"), item))
                .collect(),
            _ => {
                self.problem(field, "must be a list with at least one entry");
                Vec::new()
            }
        }
    }

    /// `Assign`: an object whose keys are names of variables.
    pub(crate) fn assign(&self, offers: Offers) -> Option<Template> {
        if self.get("Assign").is_some_and(|value| !value.is_object()) {
            self.problem("Assign", "must be an object");
            return None;
        }
        let template = self.template("Assign", offers)?;
        for name in template.keys().unwrap_or_default() {
            if let Some(refusal) = refusal_of_name(name) {
                self.problem(&format!("Assign.{name}"), refusal);
            }
        }
        Some(template)
    }

    /// `Output` of JSONata.
    pub(crate) fn output(&self, offers: Offers) -> Output {
        Output::Query { template: self.template("Output", offers), offers }
    }

    /// A field whose value is an expression of JSONata; `None` if it is none, or one that is refused.
    pub(crate) fn query(&self, field: &'a str) -> Option<Query> {
        let text = self.get(field)?.as_str()?;
        let query = between_delimiters(text)
            .and_then(|text| text.map(|text| Query::parse(text, &self.place(field), Offers::Nothing)).transpose());
        query.unwrap_or_else(|message| {
            self.problem(field, message);
            None
        })
    }

    /// Whether the value is meant as an expression of JSONata, well-formed or not.
    pub(crate) fn is_query(&self, field: &str) -> bool {
        let text = self.object.get(field).and_then(Value::as_str);
        self.language == Language::Jsonata && text.is_some_and(|text| between_delimiters(text) != Ok(None))
    }

    /// A field as the causes of failures name it, such as `Choices[1]/Condition`.
    fn place(&self, field: &str) -> String {
        format!("{}{field}", self.prefix.replace('.', "/"))
    }

    /// Everything that was not asked for is refused by name.
    pub(crate) fn finish(self) {
        let asked = self.asked.borrow();
        for field in self.names().filter(|field| !asked.contains(field)) {
            let elsewhere = match self.language {
                Language::JsonPath if OF_JSONATA.contains(&field) => Some("JSONata"),
                Language::Jsonata if OF_JSON_PATH.contains(&field) => Some("JSONPath"),
                _ => None,
            };
            match elsewhere {
                Some("JSONata") => self.problem(
                    field,
                    "is there only where the state or the machine says `\"QueryLanguage\": \"JSONata\"`",
                ),
                Some(language) => self.problem(field, format!("is there only where the QueryLanguage is {language}")),
                None => self.problem(field, "is not supported"),
            }
        }
    }
}

/// The value as a text.
pub(crate) fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| "must be a string".to_owned())
}
