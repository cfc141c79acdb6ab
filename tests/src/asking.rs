//! The smallest workflow that asks, and the command that starts the reference workflow.

use serde_json::{Value, json};

/// What a policy needs so that `/start 125 122` starts the reference workflow; it goes at the end.
pub const CALCULATION: &str = r#"
[commands.calculation]
title = "Calculation"
state_machine = "calculation"
policy = "calculation"
default = true
[[commands.calculation.fields]]
name = "x"
type = "integer"
[[commands.calculation.fields]]
name = "y"
type = "integer"
"#;

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
