//! One evaluation: names bound, limits set, the value converted back.

use std::sync::Arc;

use jiff::Timestamp;
use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorOptions};
use jsonata_core::value::JValue;
use serde_json::Value;

use super::{functions, values};

/// How long an expression may take.
pub(super) const MAX_MILLISECONDS: u64 = 1_000;

/// How deep the parts of an expression, and with them its calls, may be nested.
const MAX_DEPTH: usize = 100;

/// What AWS's limit of memory leaves for a list: `[1..873782]` is taken there and `[1..873783]` is not.
pub(super) const MAX_ITEMS: usize = 873_782;

/// What an expression can name.
pub(super) struct Bindings {
    pub(super) states: Arc<Value>,
    pub(super) variables: Vec<(String, Value)>,
    /// The one moment that `$now` and `$millis` tell throughout.
    pub(super) now: Timestamp,
}

/// The value of the expression, or `None` when it is undefined.
pub(super) fn evaluate(tree: &AstNode, bindings: &Bindings) -> Result<Option<Value>, String> {
    let mut context = Context::new();
    context.bind("states".to_owned(), values::to_jsonata(&bindings.states));
    for (name, value) in &bindings.variables {
        context.bind(name.clone(), values::to_jsonata(value));
    }
    let options = EvaluatorOptions {
        timeout_ms: Some(MAX_MILLISECONDS),
        max_stack_depth: Some(MAX_DEPTH),
        max_sequence_length: Some(MAX_ITEMS),
        ..EvaluatorOptions::default()
    };
    let mut evaluator = Evaluator::with_options(context, options);
    functions::register(&mut evaluator, bindings.now).map_err(|error| error.to_string())?;
    // An expression of Step Functions has no input of its own.
    match evaluator.evaluate(tree, &JValue::Undefined) {
        Ok(JValue::Undefined) => Ok(None),
        Ok(value) => values::from_jsonata(&value).map(Some),
        Err(error) => Err(error.message().to_owned()),
    }
}
