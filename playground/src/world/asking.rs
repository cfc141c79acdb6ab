//! The states of a machine that ask people. Wherever it is deployed the function or the queue that they ask through has an
//! ARN or an address of its own, which is nobody's here; such a state asks through the one that is here.

use std::collections::BTreeMap;

use serde_json::Value;

use super::functions;

/// How a state asks: by which call, with what, through what.
struct Way {
    call: &'static str,
    request: &'static str,
    through: &'static str,
}

const FUNCTION: Way = Way { call: ":lambda:invoke.waitForTaskToken", request: "Payload", through: "FunctionName" };
const QUEUE: Way = Way { call: ":sqs:sendMessage.waitForTaskToken", request: "MessageBody", through: "QueueUrl" };

/// A definition in which each state that asks people asks them here, whatever it calls elsewhere: such a state waits for its
/// token and passes an `approval`. One that calls something else of this world, or computes what, stays as it is.
pub(super) fn asking_here(definition: &str, substitutions: &BTreeMap<String, String>) -> String {
    let mut machine: Value = serde_json::from_str(definition).unwrap_or_default();
    if replace(&mut machine, substitutions) { machine.to_string() } else { definition.to_owned() }
}

/// Says whether anything was replaced.
fn replace(value: &mut Value, substitutions: &BTreeMap<String, String>) -> bool {
    let here = [(FUNCTION, functions::arn(functions::NOTIFIER)), (QUEUE, functions::queue_url(functions::QUEUE.1))];
    let mut is_changed = false;
    for (way, here) in here {
        if let Some(through) = asked_through(value, &way).filter(|through| is_elsewhere(through, substitutions)) {
            *through = here.into();
            is_changed = true;
        }
    }
    let inner: Vec<&mut Value> = match value {
        Value::Object(fields) => fields.values_mut().collect(),
        Value::Array(items) => items.iter_mut().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    inner.into_iter().fold(is_changed, |changed, value| replace(value, substitutions) || changed)
}

/// What a state that asks people in this way calls.
fn asked_through<'s>(state: &'s mut Value, way: &Way) -> Option<&'s mut Value> {
    state.get("Resource")?.as_str().filter(|resource| resource.ends_with(way.call))?;
    let field = if state.get("Arguments").is_some() { "Arguments" } else { "Parameters" };
    let call = state.get_mut(field)?;
    let request = call.get(way.request)?;
    request.get("approval").or_else(|| request.get("approval.$"))?;
    call.get_mut(way.through)
}

fn is_elsewhere(called: &Value, substitutions: &BTreeMap<String, String>) -> bool {
    let Some(written) = called.as_str().filter(|name| !name.starts_with("{%")) else { return false };
    let placeholder = written.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let meant = placeholder.and_then(|name| substitutions.get(name)).map_or(written, String::as_str);
    // An ARN of a function may end with a version, and the address of a queue ends with its name.
    let name = meant.rsplit_once("function:").map_or(meant, |(_, name)| name);
    let name = name.rsplit_once('/').map_or(name, |(_, name)| name);
    let name = name.split_once(':').map_or(name, |(name, _)| name);
    !functions::ALL.iter().chain([&functions::QUEUE]).any(|(_, known)| *known == name)
}
