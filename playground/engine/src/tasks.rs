//! Reads `Task` states, whose fields depend on each other.

use serde_json::{Value, json};

use crate::calls::invoke_result;
use crate::fields::{Fields, Language};
use crate::function::{plain_function_name, queue_name};
use crate::jsonata::Offers;
use crate::machine::{Resource, Seconds, Task};
use crate::states::parameters;
use crate::template::Template;

/// Reads the fields of a `Task` state.
pub(crate) fn parse_task(fields: &Fields<'_>) -> Option<Task> {
    let mock = fields.mock();
    let resource = fields.required_string("Resource").and_then(|resource| {
        let may_be_named_later = mock.is_some() || fields.report().setup.functions.is_some();
        let parsed = parse_resource(resource, may_be_named_later);
        if parsed.is_none() {
            fields.problem("Resource", format!("{resource} is not supported"));
        }
        parsed
    });
    let parameters = fields.template(parameters(fields), Offers::Nothing);
    let heartbeat = seconds(fields, "HeartbeatSeconds");
    let timeout = timeout(fields);
    let resource = resource?;
    match (&mock, unmocked(fields, &resource)) {
        // The role that a state takes on is of no interest where nothing is called.
        (Some(_), _) => drop(fields.get("Credentials")),
        (None, Some(Unmocked { field, why, result })) => fields.unmocked(&field, &why, result),
        (None, None) => check_what_runs_here(fields, &resource, parameters.as_ref(), &heartbeat),
    }
    if resource.waits_for_token() {
        check_token_is_passed(fields, parameters.as_ref());
    }
    if let (Seconds::Fixed(timeout), Seconds::Fixed(heartbeat)) = (&timeout, &heartbeat)
        && heartbeat >= timeout
    {
        fields.problem("HeartbeatSeconds", format!("must be less than TimeoutSeconds ({timeout}), not {heartbeat}"));
    }
    Some(Task { resource, parameters, timeout, heartbeat, mock })
}

/// A placeholder without a substitution is the ARN of something that is only there once it is deployed.
fn parse_resource(resource: &str, may_be_named_later: bool) -> Option<Resource> {
    let parts: Vec<_> = resource.split(':').collect();
    match parts[..] {
        ["arn", _, "states", "", "", "lambda", "invoke"] => Some(Resource::Invoke),
        ["arn", _, "states", "", "", "lambda", "invoke.waitForTaskToken"] => Some(Resource::InvokeAndWait),
        ["arn", _, "states", "", "", "sqs", "sendMessage.waitForTaskToken"] => Some(Resource::SendAndWait),
        ["arn", _, "lambda", _, _, "function", name, ..] if !name.is_empty() => {
            Some(Resource::Function { arn: resource.to_owned() })
        }
        ["arn", _, _, ..] => Some(Resource::Other { resource: resource.to_owned() }),
        _ if may_be_named_later && resource.starts_with("${") => {
            Some(Resource::Other { resource: resource.to_owned() })
        }
        _ => None,
    }
}

/// Why a state cannot run without a mock, and what it could return with one.
struct Unmocked {
    field: String,
    why: String,
    result: Value,
}

fn unmocked(fields: &Fields<'_>, resource: &Resource) -> Option<Unmocked> {
    let field = parameters(fields);
    // What is computed is seen when it runs.
    let written = |name: &str| fields.get(field)?.get(name)?.as_str().filter(|text| !text.starts_with("{%"));
    let (field, kind, name, result) = match resource {
        Resource::Other { resource } => {
            let why = format!("{resource} does not run here");
            return Some(Unmocked { field: "Resource".to_owned(), why, result: json!({}) });
        }
        Resource::Function { arn } => ("Resource".to_owned(), "function", plain_function_name(arn), json!({})),
        Resource::Invoke | Resource::InvokeAndWait => {
            let name = plain_function_name(written("FunctionName")?);
            let result = if resource.waits_for_token() { json!({}) } else { invoke_result(json!({})) };
            (format!("{field}.FunctionName"), "function", name, result)
        }
        Resource::SendAndWait => (format!("{field}.QueueUrl"), "queue", queue_name(written("QueueUrl")?), json!({})),
    };
    let is_known = fields.report().setup.knows_function(name);
    (!is_known).then(|| Unmocked { field, why: format!("the {kind} {name} is not here"), result })
}

fn check_what_runs_here(fields: &Fields<'_>, resource: &Resource, parameters: Option<&Template>, heartbeat: &Seconds) {
    match resource {
        Resource::Function { .. } | Resource::Other { .. } => {}
        Resource::Invoke | Resource::InvokeAndWait => {
            check_parameters(fields, parameters, &["FunctionName"], &["FunctionName", "Payload"]);
        }
        Resource::SendAndWait => {
            check_parameters(fields, parameters, &["QueueUrl", "MessageBody"], &["QueueUrl", "MessageBody"]);
        }
    }
    if !resource.waits_for_token() && !matches!(heartbeat, Seconds::Never) {
        fields.problem("HeartbeatSeconds", "has no effect without .waitForTaskToken");
    }
}

fn timeout(fields: &Fields<'_>) -> Seconds {
    let seconds = seconds(fields, "TimeoutSeconds");
    if fields.language() == Language::Jsonata || !fields.has("TimeoutSecondsPath") {
        return seconds;
    }
    let path = fields.reference("TimeoutSecondsPath");
    if fields.has("TimeoutSeconds") {
        fields.problem("TimeoutSecondsPath", "is there beside TimeoutSeconds");
    }
    path.map_or(Seconds::Never, Seconds::Path)
}

fn seconds(fields: &Fields<'_>, field: &'static str) -> Seconds {
    if fields.is_query(field) {
        return fields.query(field).map_or(Seconds::Never, Seconds::Query);
    }
    fields.whole(field, 1).map_or(Seconds::Never, Seconds::Fixed)
}

/// `lambda:invoke` must name a function, and `sqs:sendMessage` a queue and its message; of the other parameters only the
/// payload is supported.
fn check_parameters(fields: &Fields<'_>, template: Option<&Template>, required: &[&str], supported: &[&str]) {
    let field = parameters(fields);
    let Some(template) = template else {
        // With those of the other language it is the language that is wrong, which is said of them.
        if !["Arguments", "Parameters"].iter().any(|field| fields.has(field)) {
            fields.problem(field, "is missing");
        }
        return;
    };
    let names = match (template, template.keys()) {
        (_, Some(names)) => names,
        // What an expression gives is seen when it runs.
        (Template::Query(_), None) => return,
        (_, None) => return fields.problem(field, "must be an object"),
    };
    for missing in required.iter().filter(|name| !names.contains(name)) {
        fields.problem(&format!("{field}.{missing}"), "is missing");
    }
    for name in names.into_iter().filter(|name| !supported.contains(name)) {
        fields.problem(&format!("{field}.{name}"), "is not supported");
    }
}

/// A state that waits for its token and passes it to nobody would always time out. No other tool notices.
fn check_token_is_passed(fields: &Fields<'_>, template: Option<&Template>) {
    if template.is_some_and(|template| !template.passes_task_token()) {
        let token = match fields.language() {
            Language::JsonPath => "$$.Task.Token",
            Language::Jsonata => "$states.context.Task.Token",
        };
        fields.problem(parameters(fields), format!("does not pass {token}, so nobody could complete the task"));
    }
}
