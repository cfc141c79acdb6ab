//! Machines and states in JSONata.

mod data;
mod expressions;
mod failures;
mod functions;
mod languages;
mod reference;
mod refused;
mod scoping;
mod variables;

use super::*;

/// A machine of JSONata with one state, which ends it unless it says otherwise.
fn in_jsonata(state: Value) -> Value {
    with(only(state), json!({ "QueryLanguage": "JSONata" }))
}

/// A `Pass` state that gives what the expression gives.
fn giving(expression: &str) -> Value {
    in_jsonata(json!({ "Type": "Pass", "Output": format!("{{% {expression} %}}") }))
}

/// What the expression gives, or the error and cause that it fails with.
async fn evaluate(expression: &str, input: Value) -> Result<Value, String> {
    let execution = run(giving(expression), input).await;
    execution.output.ok_or_else(|| format!("{}: {}", execution.error.unwrap(), execution.cause.unwrap()))
}

/// A task that calls a function with these arguments.
fn invoking(function: &str, payload: Value) -> Value {
    json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": { "FunctionName": function, "Payload": payload }
    })
}

/// A task that waits for the token it gave to the function `ask`.
fn asking_in_jsonata() -> Value {
    json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Arguments": { "FunctionName": "ask", "Payload": { "token": "{% $states.context.Task.Token %}" } }
    })
}

/// Everything that is wrong with a machine of JSONata with one state called `S`, one problem a line.
fn problems_of(state: Value) -> Vec<String> {
    problems(json!({ "QueryLanguage": "JSONata", "StartAt": "S", "States": { "S": state } }))
}

fn problems(machine: Value) -> Vec<String> {
    let engine = Engine::new(Clock::manual(Timestamp::UNIX_EPOCH));
    match engine.load("m", &machine.to_string(), &BTreeMap::new()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}
