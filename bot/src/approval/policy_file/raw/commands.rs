//! What the file says may be started, as written: keys and types are right, names are not looked up yet.

use toml_span::de_helpers::{TableHelper, expected};
use toml_span::value::{Value, ValueInner};
use toml_span::{DeserError, Deserialize, Error, Span, Spanned};

use super::super::problem;
use super::{Name, Read, read};
use crate::approval::entry;

pub(in super::super) struct RawCommand {
    /// Neither this nor the next is there where that is on the list already, with what else is wrong.
    pub(in super::super) state_machine: Option<String>,
    pub(in super::super) policy: Option<Name>,
    pub(in super::super) title: Option<Name>,
    pub(in super::super) allowed: Option<Spanned<Vec<Name>>>,
    pub(in super::super) is_default: bool,
    pub(in super::super) fields: Vec<RawField>,
}

pub(in super::super) struct RawField {
    pub(in super::super) name: Name,
    pub(in super::super) kind: Name,
    pub(in super::super) label: Option<Name>,
    pub(in super::super) required: bool,
    pub(in super::super) default: Option<Spanned<Plain>>,
    pub(in super::super) pattern: Option<Name>,
    pub(in super::super) min: Option<Spanned<Plain>>,
    pub(in super::super) max: Option<Spanned<Plain>>,
    pub(in super::super) options: Option<Spanned<Vec<Name>>>,
    pub(in super::super) span: Span,
}

/// A text, a number or a boolean, as one would type it.
pub(in super::super) struct Plain {
    pub(in super::super) typed: String,
    /// Whether it stands in quotation marks.
    pub(in super::super) is_text: bool,
}

impl Read for RawCommand {
    fn read(table: &mut TableHelper<'_>) -> Option<Self> {
        let state_machine = table.required("state_machine");
        let policy = table.required("policy");
        let title = table.optional("title");
        let allowed = table.optional_s("allowed");
        let is_default = table.optional("default").unwrap_or(false);
        let fields = table.take("fields").map(|(_, mut value)| read_fields(&mut value, &mut table.errors));
        Some(Self {
            state_machine: state_machine.ok(),
            policy: policy.ok(),
            title,
            allowed,
            is_default,
            fields: fields.unwrap_or_default(),
        })
    }
}

/// Reads every field that can be read.
fn read_fields(value: &mut Value<'_>, errors: &mut Vec<Error>) -> Vec<RawField> {
    let ValueInner::Array(items) = value.take() else {
        errors.push(problem("fields is a list of tables: write [[commands.NAME.fields]] over each field", value.span));
        return Vec::new();
    };
    let read_one = |mut item: Value<'_>| {
        let span = item.span;
        let field: Option<RawField> = read(&mut item, errors);
        field.map(|field| RawField { span, ..field })
    };
    items.into_iter().filter_map(read_one).collect()
}

impl Read for RawField {
    fn read(table: &mut TableHelper<'_>) -> Option<Self> {
        let name = table.required("name");
        let kind = table.required("type");
        let label = table.optional("label");
        let required = table.optional("required").unwrap_or(true);
        let default = table.optional_s("default");
        let pattern = table.optional("pattern");
        let (min, max) = (table.optional_s("min"), table.optional_s("max"));
        let options = table.optional_s("options");
        let span = Span::default();
        Some(Self { name: name.ok()?, kind: kind.ok()?, label, required, default, pattern, min, max, options, span })
    }
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let found = value.take();
        let is_text = matches!(found, ValueInner::String(_));
        let typed = match found {
            ValueInner::String(text) => text.into_owned(),
            ValueInner::Integer(number) => number.to_string(),
            ValueInner::Float(number) => number.to_string(),
            ValueInner::Boolean(answer) => entry::typed(&answer.into()),
            other => return Err(expected("a text, a number, true or false", other, value.span).into()),
        };
        Ok(Self { typed, is_text })
    }
}
