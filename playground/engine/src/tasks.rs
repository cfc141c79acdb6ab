//! Reads `Task` states, whose fields depend on each other.

use crate::fields::Fields;
use crate::machine::{Resource, Task, Timeout};
use crate::template::Template;

/// Reads the fields of a `Task` state.
pub(crate) fn parse_task(fields: &Fields<'_>) -> Option<Task> {
    let resource = fields.required_string("Resource").and_then(|resource| {
        let parsed = parse_resource(resource);
        if parsed.is_none() {
            fields.problem("Resource", format!("{resource} is not supported"));
        }
        parsed
    });
    let parameters = fields.template("Parameters");
    let heartbeat_seconds = fields.whole("HeartbeatSeconds", 1);
    let timeout = timeout(fields);
    let resource = resource?;
    if !matches!(resource, Resource::Function { .. }) {
        check_invoke_parameters(fields, parameters.as_ref());
    }
    if matches!(resource, Resource::InvokeAndWait) {
        check_token_is_passed(fields, parameters.as_ref());
    } else if heartbeat_seconds.is_some() {
        fields.problem("HeartbeatSeconds", "has no effect without .waitForTaskToken");
    }
    if let (Timeout::Seconds(timeout), Some(heartbeat)) = (&timeout, heartbeat_seconds)
        && heartbeat >= *timeout
    {
        fields.problem("HeartbeatSeconds", format!("must be less than TimeoutSeconds ({timeout}), not {heartbeat}"));
    }
    Some(Task { resource, parameters, timeout, heartbeat_seconds })
}

fn parse_resource(resource: &str) -> Option<Resource> {
    let parts: Vec<_> = resource.split(':').collect();
    match parts[..] {
        ["arn", _, "states", "", "", "lambda", "invoke"] => Some(Resource::Invoke),
        ["arn", _, "states", "", "", "lambda", "invoke.waitForTaskToken"] => Some(Resource::InvokeAndWait),
        ["arn", _, "lambda", _, _, "function", name, ..] if !name.is_empty() => {
            Some(Resource::Function { arn: resource.to_owned() })
        }
        _ => None,
    }
}

fn timeout(fields: &Fields<'_>) -> Timeout {
    let seconds = fields.whole("TimeoutSeconds", 1);
    let path = fields.reference("TimeoutSecondsPath");
    if fields.has("TimeoutSeconds") && fields.has("TimeoutSecondsPath") {
        fields.problem("TimeoutSecondsPath", "is there beside TimeoutSeconds");
    }
    match (seconds, path) {
        (Some(seconds), _) => Timeout::Seconds(seconds),
        (None, Some(path)) => Timeout::Path(path),
        (None, None) => Timeout::Never,
    }
}

/// `lambda:invoke` must name a function; of its other parameters only the payload is supported.
fn check_invoke_parameters(fields: &Fields<'_>, parameters: Option<&Template>) {
    let Some(parameters) = parameters else {
        if !fields.has("Parameters") {
            fields.problem("Parameters", "is missing");
        }
        return;
    };
    let names = parameters.keys();
    if !names.contains(&"FunctionName") {
        fields.problem("Parameters.FunctionName", "is missing");
    }
    for name in names {
        if !matches!(name, "FunctionName" | "Payload") {
            fields.problem(&format!("Parameters.{name}"), "is not supported");
        }
    }
}

/// A state that waits for its token and passes it to nobody would always time out. No other tool notices.
fn check_token_is_passed(fields: &Fields<'_>, parameters: Option<&Template>) {
    if parameters.is_some_and(|parameters| !parameters.passes_task_token()) {
        fields.problem("Parameters", "does not pass $$.Task.Token, so nobody could complete the task");
    }
}
