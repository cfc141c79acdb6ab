//! The variables of a workflow, which `Assign` gives values.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html>

use std::collections::BTreeMap;

use serde_json::Value;

use crate::errors::Failure;
use crate::limits::{within_data_limit, within_variables_limit};

/// The variables of an execution, a branch or an iteration, with those around it.
pub(crate) type Variables = BTreeMap<String, Value>;

/// What is wrong with the name of a variable, if anything is.
pub(crate) fn refusal_of_name(name: &str) -> Option<&'static str> {
    let mut characters = name.chars();
    let begins_well = characters.next().is_some_and(|first| first.is_alphabetic() || first == '_');
    if !begins_well || !characters.all(|c| c.is_alphanumeric() || c == '_') {
        return Some("is no name of a variable: letters, digits and underscores are, with no digit in front");
    }
    if name.chars().count() > 80 {
        return Some("is a name of more than 80 characters");
    }
    (name == "states").then_some("is a name that Step Functions keeps for itself")
}

/// Checks what a state assigns, beside the variables that there are.
pub(crate) fn within_limits(known: &Variables, assigned: &Variables) -> Result<(), Failure> {
    for (name, value) in assigned {
        within_data_limit(value, &format!("variable '{name}'"))?;
    }
    let kept = known.iter().filter(|(name, _)| !assigned.contains_key(*name));
    within_variables_limit(kept.chain(assigned))
}
