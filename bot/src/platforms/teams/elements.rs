//! The elements of Adaptive Cards that the card is made of.
//!
//! There are two kinds of text. A `TextBlock` reads Markdown and the time functions, and is for words of ours. A
//! `TextRun` shows text as it is, and is for what people typed: Markdown cannot be escaped there, because the renderers
//! of the phones do not take a backslash for it, and a time cannot be shown there, because Teams does not read the
//! functions in runs on the desktop.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::approval::record::Approval;
use crate::messages::escape;

/// How a text stands out from its surroundings.
#[derive(Clone, Copy)]
pub(super) enum Look {
    Title,
    Strong,
    Normal,
    Quiet,
    Wrong,
    Code,
}

impl Look {
    fn dress(self, mut text: Value) -> Value {
        let looks: &[(&str, Value)] = match self {
            Self::Title => &[("size", json!("Large")), ("weight", json!("Bolder"))],
            Self::Strong => &[("weight", json!("Bolder"))],
            Self::Normal => &[],
            Self::Quiet => &[("size", json!("Small")), ("isSubtle", json!(true))],
            Self::Wrong => &[("size", json!("Small")), ("color", json!("Attention"))],
            Self::Code => &[("size", json!("Small")), ("isSubtle", json!(true)), ("fontType", json!("Monospace"))],
        };
        for (name, value) in looks {
            text[name] = value.clone();
        }
        text
    }
}

/// Words of ours, in Markdown, with times.
pub(super) fn ours(text: &str, look: Look) -> Value {
    look.dress(json!({ "type": "TextBlock", "text": text, "wrap": true }))
}

/// What people typed, and what of ours belongs to the same line.
pub(super) fn runs(runs: impl IntoIterator<Item = Value>) -> Value {
    json!({ "type": "RichTextBlock", "inlines": runs.into_iter().collect::<Vec<_>>() })
}

/// One piece of a line.
pub(super) fn run(text: &str, look: Look) -> Value {
    look.dress(json!({ "type": "TextRun", "text": escape::text_run(text) }))
}

/// A name beside its value. A `FactSet` looks the same and reads Markdown.
pub(super) fn row(name: Value, value: Value) -> Value {
    json!({ "type": "ColumnSet", "spacing": "Small", "columns": [
        { "type": "Column", "width": 1, "items": [runs([name])] },
        { "type": "Column", "width": 2, "items": [runs([value])] },
    ]})
}

/// Elements that belong together.
pub(super) fn container(items: Vec<Value>) -> Value {
    json!({ "type": "Container", "items": items })
}

/// A field for text of several lines.
pub(super) fn input(id: &str, label: &str, max: usize) -> Value {
    json!({ "type": "Input.Text", "id": id, "label": label, "isMultiline": true, "maxLength": max })
}

/// An action on an approval. The verb is in the data too, because older clients send `Action.Submit` instead, which has
/// none.
pub(super) fn execute(approval: &Approval, verb: &str, title: &str, style: &str) -> Value {
    let data = json!({ "approval": approval.id, "content": approval.content_hash(), "verb": verb });
    let submit = json!({ "type": "Action.Submit", "title": title, "style": style, "data": data });
    json!({
        "type": "Action.Execute", "verb": verb, "title": title, "style": style, "data": data, "fallback": submit,
    })
}

/// The element with one more property.
pub(super) fn with(mut element: Value, property: &str, value: impl Into<Value>) -> Value {
    element[property] = value.into();
    element
}

/// A time in the reader's zone and language. The functions take no fraction of a second:
/// <https://learn.microsoft.com/adaptive-cards/authoring-cards/text-features>.
pub(super) fn time(at: Timestamp) -> String {
    let at = at.strftime("%Y-%m-%dT%H:%M:%SZ");
    format!("{{{{DATE({at},SHORT)}}}} {{{{TIME({at})}}}}")
}
