//! What the file says may be started, as written: keys and types are right, names are not looked up yet.

use toml_span::de_helpers::{TableHelper, expected};
use toml_span::value::{Value, ValueInner};
use toml_span::{DeserError, Deserialize, Error, Span, Spanned};

use super::super::problem;
use super::{Name, Read, read};
use crate::approval::entry;

pub(in super::super) struct RawCommand {
    pub(in super::super) state_machine: String,
    pub(in super::super) policy: Name,
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
pub(in super::super) struct Plain(pub(in super::super) String);

impl Read for RawCommand {
    fn read(table: &mut TableHelper<'_>) -> Option<Self> {
        let state_machine = table.required("state_machine");
        let policy = table.required("policy");
        let title = table.optional("title");
        let allowed = table.optional_s("allowed");
        let is_default = table.optional("default").unwrap_or(false);
        let fields = table.take("fields").map(|(_, mut value)| read_fields(&mut value, &mut table.errors));
        let fields = fields.unwrap_or_else(|| Some(Vec::new()));
        Some(Self {
            state_machine: state_machine.ok()?,
            policy: policy.ok()?,
            title,
            allowed,
            is_default,
            fields: fields?,
        })
    }
}

/// Reads every field; none if one of them could not be read.
fn read_fields(value: &mut Value<'_>, errors: &mut Vec<Error>) -> Option<Vec<RawField>> {
    let ValueInner::Array(items) = value.take() else {
        errors.push(problem("fields is a list of tables: write [[commands.NAME.fields]] over each field", value.span));
        return None;
    };
    let read_one = |mut item: Value<'_>| {
        let span = item.span;
        let field: Option<RawField> = read(&mut item, errors);
        field.map(|field| RawField { span, ..field })
    };
    let fields: Vec<Option<RawField>> = items.into_iter().map(read_one).collect();
    fields.into_iter().collect()
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
        match value.take() {
            ValueInner::String(text) => Ok(Self(text.into_owned())),
            ValueInner::Integer(number) => Ok(Self(number.to_string())),
            ValueInner::Float(number) => Ok(Self(number.to_string())),
            ValueInner::Boolean(answer) => Ok(Self(entry::typed(&answer.into()))),
            other => Err(expected("a string, a number or a boolean", other, value.span).into()),
        }
    }
}
