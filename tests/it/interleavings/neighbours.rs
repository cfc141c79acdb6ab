//! Those who mean ill: another task in the same execution, a request that names an execution which is not its own, and an
//! execution that can no longer be looked up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign_bot::approval::ids::{ExecutionArn, Origin, TaskToken};
use countersign_bot::approval::look_up::LookUp;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Verdict;
use countersign_bot::flow::app::Ports;
use countersign_bot::net::deadline::Unavailable;
use countersign_bot::ports::{CallbackError, TaskCallbacks};
use countersign_playground::engine::Engine;
use jiff::Timestamp;
use serde_json::{Value, json};

/// One state that asks for ten minutes, and once more when its task is lost, beside a neighbour: it waits, and begins anew
/// when its task has ended, until it is told to stop.
pub(super) fn machine() -> String {
    let asking = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": true, "TimeoutSeconds": 600,
        "Retry": [{ "ErrorEquals": ["Lost"], "IntervalSeconds": 1, "MaxAttempts": 1 }],
        "Parameters": { "FunctionName": "ask", "Payload": {
            "taskToken.$": "$$.Task.Token", "executionArn.$": "$$.Execution.Id",
            "stateEnteredAt.$": "$$.State.EnteredTime", "timeoutSeconds": 600,
            "approval": { "policy": "calculation", "title": "Any order", "requestedBy": "linus" }
        } }
    });
    let waiting = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "Next": "GoesOn",
        "Parameters": { "FunctionName": "neighbour", "Payload": {
            "token.$": "$$.Task.Token", "executionArn.$": "$$.Execution.Id"
        } },
        "Catch": [{ "ErrorEquals": ["ApprovalRejected", "ApprovalReturned"], "Next": "Waiting" }]
    });
    let goes_on = json!({
        "Type": "Choice", "Choices": [{ "Variable": "$.approvalId", "IsPresent": true, "Next": "Waiting" }],
        "Default": "Stopped"
    });
    let neighbour = json!({ "Waiting": waiting, "GoesOn": goes_on, "Stopped": { "Type": "Pass", "End": true } });
    let branches = json!([
        { "StartAt": "Approval", "States": { "Approval": asking } }, { "StartAt": "Waiting", "States": neighbour },
    ]);
    json!({ "StartAt": "Both", "States": { "Both": { "Type": "Parallel", "Branches": branches, "End": true } } })
        .to_string()
}

/// The tasks beside the approvals: the newest token of each, by the execution.
#[derive(Clone, Default)]
pub(super) struct Neighbours(Arc<Mutex<BTreeMap<String, String>>>);

impl Neighbours {
    /// Those of all executions that this engine starts.
    pub(super) fn in_the_executions_of(engine: &Engine) -> Self {
        let neighbours = Self::default();
        let tokens = neighbours.0.clone();
        engine.register(
            "neighbour",
            Arc::new(move |input| {
                let text = |name: &str| input[name].as_str().unwrap().to_owned();
                tokens.lock().unwrap().insert(text("executionArn"), text("token"));
                Box::pin(async { Ok(Value::Null) })
            }),
        );
        neighbours
    }

    /// The token of the one in this execution.
    pub(super) fn token(&self, execution: &ExecutionArn) -> Option<String> {
        self.0.lock().unwrap().get(execution.as_str()).cloned()
    }

    /// It ends as if it were the approval, and begins anew.
    pub(super) fn pretend(&self, engine: &Engine, approval: &Approval, verdict: Verdict) {
        let said = json!({ "approvalId": approval.id, "status": "approved", "decidedBy": [] });
        let token = self.token(&approval.request.execution).unwrap();
        // It fails when the execution has ended.
        let _ = match verdict {
            Verdict::Approve => engine.send_task_success(&token, said),
            Verdict::Return => engine.send_task_failure(&token, "ApprovalReturned", &said.to_string()),
            Verdict::Reject | Verdict::BreakGlass => {
                engine.send_task_failure(&token, "ApprovalRejected", &said.to_string())
            }
        };
    }

    /// It fails, and its execution with it.
    pub(super) fn fail(&self, engine: &Engine, execution: &ExecutionArn) {
        let _ = engine.send_task_failure(&self.token(execution).unwrap(), "Broken", "the other branch failed");
    }

    /// It ends and does not begin anew.
    pub(super) fn stop(&self, engine: &Engine, execution: &ExecutionArn) {
        let _ = engine.send_task_success(&self.token(execution).unwrap(), json!({}));
    }
}

/// The input of a task that waits nowhere, and names this execution.
pub(super) fn impostor(execution: &ExecutionArn, now: Timestamp) -> Value {
    json!({
        "taskToken": format!("of another execution than {execution}"), "executionArn": execution,
        "stateEnteredAt": now, "timeoutSeconds": 300,
        "approval": { "policy": "elsewhere", "title": "Any order", "requestedBy": "linus" }
    })
}

/// Step Functions, in which some executions are gone or may not be read.
#[derive(Clone, Default)]
pub(super) struct Forgotten(Arc<Mutex<BTreeSet<ExecutionArn>>>);

struct Forgetting(Forgotten, Arc<dyn TaskCallbacks>);

impl Forgotten {
    pub(super) fn add(&self, execution: &ExecutionArn) {
        self.0.lock().unwrap().insert(execution.clone());
    }

    pub(super) fn contains(&self, execution: &ExecutionArn) -> bool {
        self.0.lock().unwrap().contains(execution)
    }

    pub(super) fn in_front_of(&self, ports: Ports) -> Ports {
        Ports { callbacks: Arc::new(Forgetting(self.clone(), ports.callbacks)), ..ports }
    }
}

#[async_trait]
impl TaskCallbacks for Forgetting {
    async fn send_task_success(&self, at: &Origin, token: &TaskToken, output: &Value) -> Result<(), CallbackError> {
        self.1.send_task_success(at, token, output).await
    }

    async fn send_task_failure(
        &self,
        at: &Origin,
        token: &TaskToken,
        error: &str,
        cause: &str,
    ) -> Result<(), CallbackError> {
        self.1.send_task_failure(at, token, error, cause).await
    }

    async fn look_up(&self, execution: &ExecutionArn, token: &TaskToken) -> Result<LookUp, Unavailable> {
        if self.0.contains(execution) {
            return Ok(LookUp::Refused { code: "ExecutionDoesNotExist".to_owned() });
        }
        self.1.look_up(execution, token).await
    }
}
