//! How a state is left: what it gives to the next one, and the variables that it assigns. A rule of a `Choice` and an
//! entry of a `Catch` are left in ways of their own.

use serde_json::Value;

use crate::context::{Context, Scope};
use crate::errors::Failure;
use crate::jsonata::Offers;
use crate::paths::{Filter, ResultPath};
use crate::template::Template;
use crate::variables::{self, Variables};

/// One way out of a state.
pub(crate) struct Exit {
    pub(crate) output: Output,
    /// A template of an object, whose keys are names of variables.
    pub(crate) assign: Option<Template>,
}

/// What makes the output.
pub(crate) enum Output {
    /// `ResultSelector`, `ResultPath` and `OutputPath` of JSONPath.
    Paths { selector: Option<Template>, path: ResultPath, filter: Filter },
    /// `Output` of JSONata; without one the result is the output.
    Query { template: Option<Template>, offers: Offers },
}

/// What a state leaves behind.
pub(crate) struct Left {
    pub(crate) output: Value,
    pub(crate) assigned: Variables,
}

impl Exit {
    /// Leaves the state that had this input. The result is what its work gave, the error output, or the input as it
    /// was made of the state's fields. Output and variables are made of the same values: those on entry.
    pub(crate) fn leave(&self, input: &Value, result: Value, context: &Context) -> Result<Left, Failure> {
        match &self.output {
            Output::Paths { selector, path, filter } => {
                let result = match selector {
                    Some(selector) => selector.evaluate(&Scope::new(&result, context))?,
                    None => result,
                };
                let assigned = self.assigned(&Scope::new(&result, context), context)?;
                let output = path.apply(input, result)?;
                Ok(Left { output: filter.apply(&Scope::new(&output, context))?, assigned })
            }
            Output::Query { template, offers } => {
                let scope = Scope::offering(input, context, (*offers, &result));
                let assigned = self.assigned(&scope, context)?;
                let output = template.as_ref().map(|template| template.evaluate(&scope)).transpose()?;
                Ok(Left { output: output.unwrap_or(result), assigned })
            }
        }
    }

    fn assigned(&self, scope: &Scope<'_>, context: &Context) -> Result<Variables, Failure> {
        let Some(Value::Object(assigned)) = self.assign.as_ref().map(|assign| assign.evaluate(scope)).transpose()?
        else {
            return Ok(Variables::new());
        };
        let assigned = assigned.into_iter().collect();
        variables::within_limits(&context.variables, &assigned)?;
        Ok(assigned)
    }

    /// The names of the variables that are assigned.
    pub(crate) fn assigns(&self) -> Vec<&str> {
        self.assign.as_ref().and_then(Template::keys).unwrap_or_default()
    }
}
