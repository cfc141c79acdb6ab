//! JSONata, as Step Functions has it. This is the one place that knows the library behind it: a [`Query`] is read and
//! checked when the machine is loaded, and gives a JSON value or a failure of the state afterwards.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>

mod check;
mod evaluate;
mod functions;
mod guard;
mod parse;
mod values;

use std::sync::Arc;

use jsonata_core::ast::AstNode;
use jsonata_core::parser;
use serde_json::Value;

use self::evaluate::Bindings;
use crate::context::Scope;
use crate::errors::{Failure, QUERY_EVALUATION_ERROR};

/// What `$states` has beside `input` and `context`, which depends on the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offers {
    Nothing,
    /// `$states.result`, in `Assign` and `Output` of `Task`, `Map` and `Parallel`.
    Result,
    /// `$states.errorOutput`, in `Assign` and `Output` of a `Catch`.
    ErrorOutput,
}

/// An expression that stood between `{%` and `%}`.
pub(crate) struct Query {
    /// The expression without its delimiters, as causes quote it.
    text: String,
    /// Where it stands in its state, as causes name it: `Output/facts[0]/value`.
    field: String,
    tree: Arc<AstNode>,
    /// The variables of the workflow that it may read.
    variables: Vec<String>,
    /// The functions that it calls, which a variable of the same name hides.
    calls: Vec<String>,
    reads_task_token: bool,
}

/// The text between `{%` and `%}`, or `None` for a text that is no expression.
///
/// A text with only one of the two is a mistake that AWS refuses too, and so is anything outside of them.
pub(crate) fn between_delimiters(text: &str) -> Result<Option<&str>, String> {
    match (text.strip_prefix("{%"), text.strip_suffix("%}")) {
        (None, None) => Ok(None),
        (Some(rest), Some(_)) if rest.len() >= 2 => Ok(Some(rest[..rest.len() - 2].trim())),
        _ => Err("must begin with {% and end with %}, with nothing outside".to_owned()),
    }
}

impl Query {
    pub(crate) fn parse(text: &str, field: &str, offers: Offers) -> Result<Query, String> {
        let expression = text.to_owned();
        let tree = guard::run(move || parser::parse(&expression).map_err(|error| error.to_string()))
            .map_err(str::to_owned)
            .flatten()
            .map_err(|error| format!("is not a JSONata expression: {error}"))?;
        let found = check::check(&tree, offers)?;
        Ok(Query {
            text: text.to_owned(),
            field: field.to_owned(),
            tree: Arc::new(tree),
            variables: found.variables.into_iter().collect(),
            calls: found.calls.into_iter().collect(),
            reads_task_token: found.reads_task_token,
        })
    }

    /// Whether evaluating it can hand out `$states.context.Task.Token`.
    pub(crate) fn reads_task_token(&self) -> bool {
        self.reads_task_token
    }

    /// Computes the value. Nothing, which JSONata calls undefined, is a failure; `null` is a value.
    pub(crate) fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, Failure> {
        if let Some(name) = self.calls.iter().find(|name| scope.variable(name).is_some()) {
            let message = format!("threw an error during evaluation. T1006: ${name} is a variable and no function");
            return Err(self.failed(&message));
        }
        let bindings =
            Bindings { states: scope.states(), variables: scope.variables_named(&self.variables), now: scope.now() };
        let tree = Arc::clone(&self.tree);
        match guard::run(move || evaluate::evaluate(&tree, &bindings)) {
            Ok(Ok(Some(value))) => Ok(value),
            Ok(Ok(None)) => Err(self.failed("returned nothing (undefined).")),
            Ok(Err(message)) => Err(self.failed(&format!("threw an error during evaluation. {message}"))),
            Err(message) => Err(self.failed(&format!("threw an error during evaluation: {message}"))),
        }
    }

    /// A value that `read` takes; `expected` says in the cause of the failure what that is.
    pub(crate) fn evaluate_to<T>(
        &self,
        scope: &Scope<'_>,
        expected: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<T, Failure> {
        let value = self.evaluate(scope)?;
        read(&value).ok_or_else(|| self.failed(&format!("must give {expected}.")))
    }

    /// A whole number between these two.
    pub(crate) fn whole(&self, scope: &Scope<'_>, least: u32, most: u32) -> Result<u32, Failure> {
        self.evaluate_to(scope, &format!("a whole number from {least} to {most}"), |value| {
            let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
            number.filter(|number| (least..=most).contains(number))
        })
    }

    fn failed(&self, how: &str) -> Failure {
        let Query { text, field, .. } = self;
        let cause = format!("The JSONata expression '{text}' specified for the field '{field}' {how}");
        Failure::new(QUERY_EVALUATION_ERROR, cause)
    }
}
