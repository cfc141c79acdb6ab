//! What a request asks of whoever approves: fields of the same kinds as those of a command, written in JSON.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::object::{Object, at};
use crate::approval::drafts::{Draft, Part};
use crate::approval::entry::{self, Mistake};
use crate::approval::fields::{
    FIELD_NAME_MAX, Field, Kind, LABEL_MAX, LONG_TEXT_MAX, OPTION_MAX, OPTIONS_MAX, PATTERN_MAX, Range, TEXT_MAX,
    form_cost,
};
use crate::approval::limits::{ANSWERERS_MAX, ANSWERS_MAX_BYTES, Check, INPUTS_FORM_MAX, INPUTS_MAX, grouped};
use crate::encoding::decimal;

/// The types of inputs.
const KINDS: [&str; 7] = ["text", "long_text", "integer", "number", "choice", "date", "boolean"];
const KNOWN: [&str; 9] = ["name", "label", "type", "required", "default", "pattern", "min", "max", "options"];
const LIST: &str = "approval.inputs";
/// The largest integer up to which every program reads each one as itself (RFC 8259, section 6).
const INTEGER_MAX: i64 = 9_007_199_254_740_991;

/// One value that whoever approves is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>", into = "Map<String, Value>")]
pub struct Input {
    asked: Map<String, Value>,
    field: Field,
}

impl Input {
    /// What there is to fill in.
    pub fn field(&self) -> &Field {
        &self.field
    }

    /// Reads the inputs of a request; what is wrong goes on the list.
    pub(super) fn read_all(approval: &mut Object, check: &mut Check) -> Vec<Self> {
        let items = approval.optional::<Vec<Value>>("inputs", check).unwrap_or_default();
        check.at_most(LIST, items.len(), INPUTS_MAX, "inputs");
        let mut inputs: Vec<Self> = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let path = at(LIST, index);
            let Some(input) = Self::read(&path, item, check) else { continue };
            // What a card and its form say of it.
            check.beside(&input.field.label);
            if inputs.iter().any(|other| other.field.name.eq_ignore_ascii_case(&input.field.name)) {
                check.note(format!("{path}.name"), "is that of another input");
            }
            inputs.push(input);
        }
        let of = "characters of a card with the longest answers";
        check.at_most(LIST, Self::form_cost(&inputs), INPUTS_FORM_MAX, of);
        inputs
    }

    /// What inputs take of a card with the longest answers.
    pub(super) fn form_cost(inputs: &[Self]) -> usize {
        let fields = inputs.iter().map(|input| input.field.clone()).collect::<Vec<_>>();
        form_cost(&fields, 0)
    }

    /// Notes if the answers of all whose approval is needed could be more than their workflow may be told.
    pub(super) fn check_answers(inputs: &[Self], required: usize, check: &mut Check) {
        if required > ANSWERERS_MAX && !inputs.is_empty() {
            check.note(
                LIST,
                format!("are asked of {ANSWERERS_MAX} people at most, and the policy requires {required} approvals"),
            );
        }
        let longest = inputs.iter().map(|input| answer_bytes(&input.field)).sum::<usize>().saturating_mul(required);
        check.at_most(LIST, longest, ANSWERS_MAX_BYTES, &format!("bytes in the longest answers of {required}"));
    }

    fn read(path: &str, value: Value, check: &mut Check) -> Option<Self> {
        let before = check.problems.len();
        let mut object = Object::read(path, value.clone(), &KNOWN, check)?;
        let name = object.required::<String>("name", check);
        let kind = object.required::<String>("type", check);
        let label = object.optional::<String>("label", check);
        let required = object.optional::<bool>("required", check).unwrap_or(true);
        let pattern = object.optional::<String>("pattern", check);
        let options = read_options(&mut object, check);
        let [default, min, max] = ["default", "min", "max"].map(|key| read_typed(&mut object, key, check));
        let draft = Draft { name: name?, kind: kind?, label, required, pattern, min, max, options };
        let mut note = |part: Part, wrong: String| {
            let field = match part {
                Part::Option(index) => at(&object.at("options"), index),
                part => object.at(part.key()),
            };
            check.note(field, wrong);
        };
        let mut field = draft.read(&KINDS, &mut note)?;
        if let Kind::Integer(range) = &mut field.kind
            && !range.is_empty()
        {
            *range = exact(range);
            if range.is_empty() {
                check.note(
                    path,
                    format!("takes no integer from -{INTEGER_MAX} to {INTEGER_MAX}, and others are not exact"),
                );
            }
        }
        if let Some(default) = default {
            match entry::read(&field, &default, |_| Err(Mistake::Missing)) {
                Ok(value) => field.default = Some(value),
                Err(mistake) => check.note(object.at("default"), mistake.unquoted()),
            }
        }
        let Value::Object(mut asked) = value else { return None };
        asked.retain(|_, value| !value.is_null());
        (check.problems.len() == before).then_some(Self { asked, field })
    }
}

impl TryFrom<Map<String, Value>> for Input {
    type Error = String;

    fn try_from(asked: Map<String, Value>) -> Result<Self, Self::Error> {
        let mut check = Check::default();
        let input = Self::read("input", Value::Object(asked), &mut check);
        input.ok_or_else(|| check.problems.first().map(ToString::to_string).unwrap_or_default())
    }
}

impl From<Input> for Map<String, Value> {
    fn from(input: Input) -> Self {
        input.asked
    }
}

fn read_options(object: &mut Object, check: &mut Check) -> Option<Vec<String>> {
    let field = object.at("options");
    let options = object.optional::<Vec<Value>>("options", check)?;
    let text = |(index, option)| match option {
        Value::String(text) => Some(text),
        _ => {
            check.note(at(&field, index), "must be text");
            None
        }
    };
    options.into_iter().enumerate().map(text).collect()
}

/// A text, a number or a boolean, as one would type it.
fn read_typed(object: &mut Object, key: &str, check: &mut Check) -> Option<String> {
    match object.optional::<Value>(key, check)? {
        Value::Number(number) => Some(decimal(&number)),
        value @ (Value::String(_) | Value::Bool(_)) => Some(entry::typed(&value)),
        _ => {
            check.note(object.at(key), "must be text, a number or a boolean");
            None
        }
    }
}

/// Larger integers would reach the next state as others.
fn exact(range: &Range<i64>) -> Range<i64> {
    let min = range.min.map_or(-INTEGER_MAX, |min| min.max(-INTEGER_MAX));
    let max = range.max.map_or(INTEGER_MAX, |max| max.min(INTEGER_MAX));
    Range { min: Some(min), max: Some(max) }
}

/// How many bytes of JSON an answer has at the most, with its name.
fn answer_bytes(field: &Field) -> usize {
    let value = match &field.kind {
        // A unit of UTF-16 has three bytes at the most, also as the escape of a quotation mark or a line break.
        Kind::Text(_) | Kind::LongText(_) => 3 * field.kind.length_max(),
        Kind::Choice(options) => options.iter().map(|option| json_bytes(option)).max().unwrap_or_default(),
        Kind::Integer(_) | Kind::Number(_) | Kind::Date(_) | Kind::Boolean | Kind::Person => 32,
    };
    json_bytes(&field.name) + ":,\"\"".len() + value
}

fn json_bytes(text: &str) -> usize {
    Value::from(text).to_string().len()
}

/// The fields of an input with their limits, as the documentation has them.
pub fn documented() -> Vec<(&'static str, String)> {
    let each = |field, limit: String| (field, limit);
    vec![
        each(
            LIST,
            format!(
                "{INPUTS_MAX} inputs, where the policy requires at most {ANSWERERS_MAX} approvals; with the longest answers {} characters of a card, and {} bytes of JSON from all whom \
                 the policy requires",
                grouped(INPUTS_FORM_MAX),
                grouped(ANSWERS_MAX_BYTES)
            ),
        ),
        each(
            "approval.inputs[].name",
            format!("a letter, then letters, digits, `-` and `_`, {FIELD_NAME_MAX} characters"),
        ),
        each(
            "approval.inputs[].type",
            format!(
                "`text` ({TEXT_MAX} characters), `long_text` ({} characters and line breaks), `integer`, `number` (15 \
                 digits), `choice`, `date` (`2026-11-23`), `boolean` (yes or no)",
                grouped(LONG_TEXT_MAX)
            ),
        ),
        each("approval.inputs[].label", format!("1 to {LABEL_MAX} characters, not blank, none hidden")),
        each("approval.inputs[].required", "`true` or `false`".to_owned()),
        each("approval.inputs[].default", "a value that the input takes".to_owned()),
        each("approval.inputs[].pattern", format!("a regular expression of {PATTERN_MAX} characters, for a text")),
        each("approval.inputs[].min", "for an integer, a number or a date".to_owned()),
        each("approval.inputs[].max", "the same, and not below `min`".to_owned()),
        each(
            "approval.inputs[].options",
            format!("for a choice: 1 to {OPTIONS_MAX} texts of {OPTION_MAX} characters, each another, none hidden"),
        ),
    ]
}
