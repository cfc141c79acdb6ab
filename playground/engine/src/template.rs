//! Payload templates: literal JSON in which something is computed. In JSONPath (`Parameters`, `ResultSelector`,
//! `ItemSelector`, `Assign`) it is every key that ends in `.$`, in JSONata (`Arguments`, `Output`, `Items`,
//! `ItemSelector`, `Assign`) every text between `{%` and `%}`.

use serde_json::{Map, Value};

use crate::context::Scope;
use crate::errors::{Failure, PARAMETER_PATH_FAILURE};
use crate::expression::Expression;
use crate::jsonata::{Offers, Query, between_delimiters};

/// A parsed template. Subtrees without anything to compute are kept as they were written.
pub(crate) enum Template {
    Literal(Value),
    Object(Vec<(String, Template)>),
    Array(Vec<Template>),
    Computed { field: String, expression: Expression },
    Query(Query),
}

impl Template {
    /// Parses the template; each refusal is the path of the field in the template and what is wrong there.
    pub(crate) fn parse(template: &Value) -> Result<Template, Vec<(String, String)>> {
        let mut refused = Vec::new();
        let parsed = parse(template, "", &mut refused);
        if refused.is_empty() { Ok(parsed) } else { Err(refused) }
    }

    /// Parses a template of JSONata; `field` is how the cause of a failure names it.
    pub(crate) fn parse_queries(
        template: &Value,
        field: &str,
        offers: Offers,
    ) -> Result<Template, Vec<(String, String)>> {
        let mut refused = Vec::new();
        let parsed = parse_queries(template, "", &Place { field: field.to_owned(), offers }, &mut refused);
        if refused.is_empty() { Ok(parsed) } else { Err(refused) }
    }

    pub(crate) fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, Failure> {
        match self {
            Template::Literal(value) => Ok(value.clone()),
            Template::Object(entries) => entries
                .iter()
                .map(|(key, value)| Ok((key.clone(), value.evaluate(scope)?)))
                .collect::<Result<Map<_, _>, _>>()
                .map(Value::Object),
            Template::Array(items) => items.iter().map(|item| item.evaluate(scope)).collect(),
            Template::Computed { field, expression } => expression.evaluate(scope, &|path| {
                let cause =
                    format!("The JSONPath '{path}' specified for the field '{field}' could not be found in the input");
                Failure::new(PARAMETER_PATH_FAILURE, cause)
            }),
            Template::Query(query) => query.evaluate(scope),
        }
    }

    /// Whether the task token is handed out anywhere in this template.
    pub(crate) fn passes_task_token(&self) -> bool {
        match self {
            Template::Literal(_) => false,
            Template::Object(entries) => entries.iter().any(|(_, value)| value.passes_task_token()),
            Template::Array(items) => items.iter().any(Template::passes_task_token),
            Template::Computed { expression, .. } => expression.reads_task_token(),
            Template::Query(query) => query.reads_task_token(),
        }
    }

    /// The names at the top of the template, as they will be in the result; `None` where that is not an object, or
    /// not known.
    pub(crate) fn keys(&self) -> Option<Vec<&str>> {
        match self {
            Template::Literal(Value::Object(object)) => Some(object.keys().map(String::as_str).collect()),
            Template::Object(entries) => Some(entries.iter().map(|(key, _)| key.as_str()).collect()),
            _ => None,
        }
    }
}

fn parse(template: &Value, place: &str, refused: &mut Vec<(String, String)>) -> Template {
    match template {
        Value::Object(object) => parse_object(object, place, refused),
        Value::Array(items) => {
            let items: Vec<_> = items
                .iter()
                .enumerate()
                .map(|(index, item)| parse(item, &format!("{place}[{index}]"), refused))
                .collect();
            if items.iter().all(|item| matches!(item, Template::Literal(_))) {
                return Template::Literal(template.clone());
            }
            Template::Array(items)
        }
        _ => Template::Literal(template.clone()),
    }
}

fn parse_object(object: &Map<String, Value>, place: &str, refused: &mut Vec<(String, String)>) -> Template {
    let mut entries = Vec::with_capacity(object.len());
    for (key, value) in object {
        let inner = format!("{place}.{key}");
        let Some(name) = key.strip_suffix(".$") else {
            entries.push((key.clone(), parse(value, &inner, refused)));
            continue;
        };
        if object.contains_key(name) {
            refused.push((inner.clone(), format!("is there twice, as {name} and as {key}")));
        }
        let text = value.as_str().ok_or_else(|| "must be a string with a path or an intrinsic".to_owned());
        match text.and_then(Expression::parse) {
            Ok(expression) => entries.push((name.to_owned(), Template::Computed { field: key.clone(), expression })),
            Err(message) => refused.push((inner, message)),
        }
    }
    if refused.is_empty() && entries.iter().all(|(_, entry)| matches!(entry, Template::Literal(_))) {
        return Template::Literal(Value::Object(object.clone()));
    }
    Template::Object(entries)
}

/// Where a part of a template of JSONata stands.
struct Place {
    field: String,
    offers: Offers,
}

impl Place {
    fn inner(&self, step: &str) -> Place {
        Place { field: format!("{}{step}", self.field), offers: self.offers }
    }
}

fn parse_queries(template: &Value, place: &str, at: &Place, refused: &mut Vec<(String, String)>) -> Template {
    let parsed = match template {
        Value::String(text) => {
            let query = between_delimiters(text)
                .and_then(|text| text.map(|text| Query::parse(text, &at.field, at.offers)).transpose());
            match query {
                Ok(Some(query)) => return Template::Query(query),
                Ok(None) => {}
                Err(message) => refused.push((place.to_owned(), message)),
            }
            None
        }
        Value::Object(object) => {
            let entry = |(key, value): (&String, &Value)| {
                let value = parse_queries(value, &format!("{place}.{key}"), &at.inner(&format!("/{key}")), refused);
                (key.clone(), value)
            };
            let entries: Vec<_> = object.iter().map(entry).collect();
            let is_literal = entries.iter().all(|(_, entry)| matches!(entry, Template::Literal(_)));
            (!is_literal).then_some(Template::Object(entries))
        }
        Value::Array(items) => {
            let item = |(index, item)| {
                let step = format!("[{index}]");
                parse_queries(item, &format!("{place}{step}"), &at.inner(&step), refused)
            };
            let items: Vec<_> = items.iter().enumerate().map(item).collect();
            let is_literal = items.iter().all(|item| matches!(item, Template::Literal(_)));
            (!is_literal).then_some(Template::Array(items))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    };
    parsed.unwrap_or_else(|| Template::Literal(template.clone()))
}
