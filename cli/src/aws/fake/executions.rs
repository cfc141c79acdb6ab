//! Step Functions, as far as this program asks it: executions that wait until they are stopped, or fail at once.

use serde_json::{Value, json};

use super::Refusal;

/// What it runs.
#[derive(Debug, Default)]
pub(crate) struct Executions {
    /// The error and the cause of every one that is started, if they fail.
    pub(crate) fails: Option<(String, String)>,
    /// Whether whoever calls may start none.
    pub(crate) may_not_start: bool,
    /// The inputs of those that were started.
    pub(crate) started: Vec<Value>,
    /// The ARNs of those that were stopped.
    pub(crate) stopped: Vec<String>,
}

const STARTED: f64 = 1_764_000_000.0;

impl Executions {
    /// Answers an operation.
    pub(super) fn answer(&mut self, target: &str, call: &Value) -> Result<Value, Refusal> {
        let text = |key: &str| call[key].as_str().unwrap_or_default().to_owned();
        match target {
            "AWSStepFunctions.StartExecution" if self.may_not_start => {
                Err(Refusal::bad("AccessDeniedException", "User is not authorized to perform: states:StartExecution"))
            }
            "AWSStepFunctions.StartExecution" => {
                self.started.push(serde_json::from_str(&text("input")).unwrap());
                let machine = text("stateMachineArn").replace(":stateMachine:", ":execution:");
                Ok(json!({ "executionArn": format!("{machine}:{}", text("name")), "startDate": STARTED }))
            }
            "AWSStepFunctions.DescribeExecution" => {
                let status = if self.fails.is_some() { "FAILED" } else { "RUNNING" };
                let mut answer = json!({
                    "executionArn": text("executionArn"), "stateMachineArn": "arn", "startDate": STARTED, "status": status,
                });
                if let Some((error, cause)) = &self.fails {
                    (answer["error"], answer["cause"]) = (json!(error), json!(cause));
                }
                Ok(answer)
            }
            "AWSStepFunctions.StopExecution" => {
                self.stopped.push(text("executionArn"));
                Ok(json!({ "stopDate": STARTED }))
            }
            other => panic!("this program has no business with {other}"),
        }
    }
}
