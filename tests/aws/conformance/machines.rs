//! How the rows write their machines.

use serde_json::{Value, json};

/// A machine of one state, which ends it unless it says otherwise.
pub(super) fn only(mut state: Value) -> Value {
    let ends = !["Succeed", "Fail", "Choice"].contains(&state["Type"].as_str().unwrap());
    if ends && state.get("Next").is_none() {
        state["End"] = json!(true);
    }
    json!({ "StartAt": "Only", "States": { "Only": state } })
}

/// A `Pass` with these fields.
pub(super) fn pass(fields: Value) -> Value {
    with(json!({ "Type": "Pass" }), fields)
}

/// A `Pass` that computes `a` by this expression and puts nothing else out.
pub(super) fn computing(expression: &str) -> Value {
    only(pass(json!({ "Parameters": { "a.$": expression } })))
}

/// A `Task` that calls a function by its ARN.
pub(super) fn calling(function: &str) -> Value {
    json!({ "Type": "Task", "Resource": format!("arn:aws:lambda:eu-west-1:000000000000:function:{function}") })
}

/// A `Task` that invokes a function through the integration with Lambda and puts out what it returns.
pub(super) fn invoking(function: &str, payload: Value) -> Value {
    json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": { "FunctionName": function, "Payload": payload },
        "OutputPath": "$.Payload",
    })
}

/// A `Task` whose function gets the token and then does these steps with it.
pub(super) fn asking(steps: Value) -> Value {
    asking_with(json!({ "steps": steps }))
}

/// A `Task` that waits for its token, with more in the payload than the token.
pub(super) fn asking_with(payload: Value) -> Value {
    json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": { "FunctionName": "ask", "Payload": with(payload, json!({ "token.$": "$$.Task.Token" })) },
    })
}

/// A `Task` that fails with each of these errors in turn, and then returns how often it was called.
pub(super) fn flaky(errors: Value) -> Value {
    let parameters = json!({ "execution.$": "$$.Execution.Id", "errors": errors });
    with(calling("flaky"), json!({ "Parameters": parameters }))
}

/// A machine of one state whose catchers lead to states that say which it was: each catcher is the errors it names.
/// When nothing was caught, the machine puts out what the state puts out.
pub(super) fn caught_by(state: Value, catchers: &[Value]) -> Value {
    let mut states = json!({});
    let mut catch = Vec::new();
    for (number, errors) in catchers.iter().enumerate() {
        let name = format!("Caught{number}");
        catch.push(json!({ "ErrorEquals": errors, "ResultPath": "$.error", "Next": name }));
        let parameters = json!({ "by": number, "error.$": "$.error.Error" });
        states[name] = pass(json!({ "Parameters": parameters, "End": true }));
    }
    states["Only"] = with(state, json!({ "Catch": catch, "End": true }));
    json!({ "StartAt": "Only", "States": states })
}

/// What such a machine puts out when this catcher caught this error.
pub(super) fn caught(by: usize, error: &str) -> Value {
    json!({ "by": by, "error": error })
}

/// A machine that puts out whether the rule holds.
pub(super) fn choosing(rule: Value) -> Value {
    json!({ "StartAt": "Choose", "States": {
        "Choose": { "Type": "Choice", "Choices": [with(rule, json!({ "Next": "Yes" }))], "Default": "No" },
        "Yes": { "Type": "Pass", "Result": true, "End": true },
        "No": { "Type": "Pass", "Result": false, "End": true },
    } })
}

/// The state with some more fields.
pub(super) fn with(mut state: Value, fields: Value) -> Value {
    let fields = fields.as_object().unwrap().clone();
    state.as_object_mut().unwrap().extend(fields);
    state
}
