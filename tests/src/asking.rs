//! The smallest workflow that asks.

use serde_json::{Value, json};

/// A machine of one state, which asks for this and waits for ten minutes.
pub fn machine(approval: &Value) -> String {
    let payload = json!({
        "taskToken.$": "$$.Task.Token", "executionArn.$": "$$.Execution.Id",
        "stateEnteredAt.$": "$$.State.EnteredTime", "timeoutSeconds": 600, "approval": approval,
    });
    let state = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "TimeoutSeconds": 600,
        "End": true, "Parameters": { "FunctionName": "notifier", "Payload": payload },
    });
    json!({ "StartAt": "Ask", "States": { "Ask": state } }).to_string()
}
