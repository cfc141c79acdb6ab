//! The inputs of a form: what stands in them, what Slack's client does not let through, and what it makes of the answer.
//!
//! <https://docs.slack.dev/reference/block-kit/block-elements> and
//! <https://docs.slack.dev/surfaces/modals#displaying_errors>

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::{Value, json};

/// What Slack's client says under an empty input that must not be empty.
const REQUIRED: &str = "Please complete this required field.";
/// What it says in a form when the answer to its submission is none.
const TROUBLE: &str = "We had some trouble connecting. Try again?";

/// The input blocks of a view.
fn inputs(view: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let blocks = view["blocks"].as_array().into_iter().flatten();
    let inputs = blocks.filter(|block| block["type"] == "input");
    inputs.map(|block| (block["block_id"].as_str().unwrap_or_default(), block))
}

/// What stands in every input of a view: what was written there, or what the view was opened with.
pub(super) fn written(view: &Value, typed: &[(&str, &str)]) -> BTreeMap<String, String> {
    let written = |(id, block): (&str, &Value)| {
        let typed = typed.iter().find(|(name, _)| *name == id).map(|(_, text)| (*text).to_owned());
        let text = typed.or_else(|| initial(&block["element"]).map(str::to_owned));
        (id.to_owned(), text.unwrap_or_default())
    };
    inputs(view).map(written).collect()
}

/// What an input was opened with.
fn initial(element: &Value) -> Option<&str> {
    let value = match element["type"].as_str()? {
        "static_select" => &element["initial_option"]["value"],
        "checkboxes" => &element["initial_options"][0]["value"],
        "datepicker" => &element["initial_date"],
        _ => &element["initial_value"],
    };
    value.as_str()
}

/// An input as payloads show it.
pub(super) fn state(element: &Value, text: Option<&str>) -> Value {
    let text = text.filter(|text| !text.is_empty());
    let kind = &element["type"];
    match kind.as_str() {
        Some("static_select") => {
            json!({ "type": kind, "selected_option": text.and_then(|text| option(element, text)) })
        }
        // One of them can be ticked here, which is what a form of one box needs.
        Some("checkboxes") => {
            let ticked: Vec<&Value> = text.and_then(|text| option(element, text)).into_iter().collect();
            json!({ "type": kind, "selected_options": ticked })
        }
        Some("datepicker") => json!({ "type": kind, "selected_date": text }),
        _ => json!({ "type": kind, "value": text }),
    }
}

fn option<'e>(element: &'e Value, value: &str) -> Option<&'e Value> {
    element["options"].as_array()?.iter().find(|option| option["value"] == value)
}

/// What the client says under the inputs of a view, which it does not send like that.
pub(super) fn refused(view: &Value, written: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let refused = inputs(view).filter_map(|(id, block)| {
        let text = written.get(id).map(String::as_str).unwrap_or_default();
        Some((id.to_owned(), refusal(block, text)?.to_owned()))
    });
    refused.collect()
}

fn refusal(block: &Value, text: &str) -> Option<&'static str> {
    let element = &block["element"];
    if text.is_empty() {
        return (block["optional"] != true).then_some(REQUIRED);
    }
    match element["type"].as_str() {
        Some("number_input") => is_no_number(element, text),
        Some("static_select" | "checkboxes") => {
            option(element, text).is_none().then_some("There is no such option to choose.")
        }
        Some("datepicker") => text.parse::<Date>().is_err().then_some("There is no such day to choose."),
        _ => {
            let max = element["max_length"].as_u64().unwrap_or(3_000);
            let is_long = u64::try_from(text.encode_utf16().count()).is_ok_and(|length| length > max);
            is_long.then_some("This entry is too long.")
        }
    }
}

fn is_no_number(element: &Value, text: &str) -> Option<&'static str> {
    let Ok(number) = text.parse::<f64>() else { return Some("Please enter a number.") };
    if element["is_decimal_allowed"] != true && text.contains(['.', ',', 'e', 'E']) {
        return Some("Please enter a whole number.");
    }
    let end = |name: &str| element[name].as_str().and_then(|end| end.parse::<f64>().ok());
    let is_outside =
        end("min_value").is_some_and(|min| number < min) || end("max_value").is_some_and(|max| number > max);
    is_outside.then_some("This number is too small or too large.")
}

/// The errors of an answer, each under an input of the view. What is under no input there is an answer that Slack does not
/// understand.
pub(super) fn errors(view: &Value, answer: &Value) -> BTreeMap<String, String> {
    let errors: BTreeMap<String, String> = serde_json::from_value(answer["errors"].clone()).unwrap_or_default();
    let are_known = errors.keys().all(|id| inputs(view).any(|(known, _)| known == id));
    let are_said = errors.values().all(|text| !text.is_empty());
    if errors.is_empty() || !are_known || !are_said { trouble() } else { errors }
}

/// What is shown in a form whose submission was not answered in a form that Slack knows.
pub(super) fn trouble() -> BTreeMap<String, String> {
    [("view".to_owned(), TROUBLE.to_owned())].into()
}
