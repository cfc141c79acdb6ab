//! Finds the button of a verb in a card, with the inputs whose values go along when it is pressed.

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::error::Error;

/// An Action.Execute as it stands in a card.
pub(super) struct Button<'c> {
    pub(super) action: &'c Value,
    inputs: Vec<&'c Value>,
}

/// The button of this verb, also inside of what a button of the card opens.
pub(super) fn find<'c>(card: &'c Value, verb: &str) -> Option<Button<'c>> {
    within(card, &[], verb)
}

/// The inputs of a card that another opens go along with those of the card around it.
fn within<'c>(card: &'c Value, around: &[&'c Value], verb: &str) -> Option<Button<'c>> {
    let (mut inputs, mut actions) = (around.to_vec(), items(&card["actions"]).iter().collect());
    collect(&card["body"], &mut inputs, &mut actions);
    actions.into_iter().find_map(|action| match action["type"].as_str() {
        Some("Action.Execute") if action["verb"] == verb && action["isEnabled"] != false => {
            let takes_inputs = !action["associatedInputs"].as_str().unwrap_or("auto").eq_ignore_ascii_case("none");
            Some(Button { action, inputs: if takes_inputs { inputs.clone() } else { Vec::new() } })
        }
        Some("Action.ShowCard") => within(&action["card"], &inputs, verb),
        _ => None,
    })
}

fn collect<'c>(elements: &'c Value, inputs: &mut Vec<&'c Value>, actions: &mut Vec<&'c Value>) {
    for element in items(elements) {
        match element["type"].as_str() {
            Some("Input.Text" | "Input.Number" | "Input.Date" | "Input.ChoiceSet" | "Input.Toggle") => {
                inputs.push(element)
            }
            Some("ActionSet") => actions.extend(items(&element["actions"])),
            Some("Container") => collect(&element["items"], inputs, actions),
            Some("ColumnSet") => {
                for column in items(&element["columns"]) {
                    collect(&column["items"], inputs, actions);
                }
            }
            _ => {}
        }
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

impl Button<'_> {
    /// What is sent: the action's own data, and over it every input by its id. Every value is text, also a number; an
    /// input that nothing was typed into sends its default, and one for text without a default an empty text.
    pub(super) fn data(&self, data: &Value, typed: &[(&str, &str)]) -> Result<Value, Error> {
        let known = |id: &str| self.inputs.iter().any(|input| input["id"] == id);
        if let Some((id, _)) = typed.iter().find(|(id, value)| !known(id) && !value.is_empty()) {
            return Err(Error::NoInput((*id).to_owned()));
        }
        let mut sent = data.as_object().cloned().unwrap_or_else(Map::new);
        for input in &self.inputs {
            let id = input["id"].as_str().unwrap_or_default();
            let value = value(input, typed.iter().find(|(name, _)| *name == id).map(|(_, value)| *value));
            let length = value.as_deref().unwrap_or_default().encode_utf16().count();
            // A toggle that is required has to be on.
            let is_off = input["type"] == "Input.Toggle" && value.as_deref() != Some(on(input));
            if (length == 0 || is_off) && input["isRequired"] == true {
                return Err(Error::InputNeeded(id.to_owned()));
            }
            if input["maxLength"].as_u64().is_some_and(|max| u64::try_from(length).is_ok_and(|length| length > max)) {
                return Err(Error::InputTooLong(id.to_owned()));
            }
            if value.as_deref().is_some_and(|value| !value.is_empty() && !takes(input, value)) {
                return Err(Error::InputRefused(id.to_owned()));
            }
            if let Some(value) = value {
                sent.insert(id.to_owned(), json!(value));
            }
        }
        Ok(Value::Object(sent))
    }
}

/// Whether the client lets somebody leave this in an input: a line of the menu, a day, a number.
fn takes(input: &Value, value: &str) -> bool {
    match input["type"].as_str() {
        Some("Input.ChoiceSet") => items(&input["choices"]).iter().any(|choice| choice["value"] == value),
        Some("Input.Toggle") => value == on(input) || value == off(input),
        Some("Input.Date") => value.len() == 10 && value.parse::<Date>().is_ok(),
        Some("Input.Number") => value.parse::<f64>().is_ok(),
        _ => true,
    }
}

/// What a toggle sends when it is on.
fn on(toggle: &Value) -> &str {
    toggle["valueOn"].as_str().unwrap_or("true")
}

/// What it sends otherwise.
fn off(toggle: &Value) -> &str {
    toggle["valueOff"].as_str().unwrap_or("false")
}

/// What stands in an input.
fn value(input: &Value, typed: Option<&str>) -> Option<String> {
    let is_text = input["type"] == "Input.Text";
    match (typed, &input["value"]) {
        (Some(typed), _) => Some(typed.to_owned()).filter(|text| is_text || !text.is_empty()),
        (None, Value::String(text)) => Some(text.clone()),
        (None, Value::Number(number)) => Some(number.to_string()),
        (None, _) if input["type"] == "Input.Toggle" => Some(off(input).to_owned()),
        (None, _) => is_text.then(String::new),
    }
}
