//! What Step Functions is asked: the end of an execution comes from its event, and asking for it is the repair.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign_bot::approval::ids::{ExecutionArn, Origin, TaskToken};
use countersign_bot::approval::look_up::LookUp;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::run::RunEnd;
use countersign_bot::approval::state::Status;
use countersign_bot::flow::app::Ports;
use countersign_bot::net::deadline::Unavailable;
use countersign_bot::ports::{CallbackError, Executions, StartError, TaskCallbacks};
use countersign_playground::world::{Messengers, Options};
use serde_json::{Value, json};

use crate::support::{Harness, RULES};

/// What Step Functions was asked of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    /// The task, with the history and the data.
    LookUp(String),
    /// Only whether it runs.
    IsRunning(String),
}

/// Step Functions, which notes what it is asked; clones share the notes.
#[derive(Clone)]
struct Noting {
    callbacks: Arc<dyn TaskCallbacks>,
    executions: Arc<dyn Executions>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

#[async_trait]
impl TaskCallbacks for Noting {
    async fn send_task_success(&self, at: &Origin, token: &TaskToken, output: &Value) -> Result<(), CallbackError> {
        self.callbacks.send_task_success(at, token, output).await
    }

    async fn send_task_failure(
        &self,
        at: &Origin,
        token: &TaskToken,
        error: &str,
        cause: &str,
    ) -> Result<(), CallbackError> {
        self.callbacks.send_task_failure(at, token, error, cause).await
    }

    async fn look_up(&self, execution: &ExecutionArn, token: &TaskToken) -> Result<LookUp, Unavailable> {
        self.asked.lock().unwrap().push(Asked::LookUp(execution.to_string()));
        self.callbacks.look_up(execution, token).await
    }
}

#[async_trait]
impl Executions for Noting {
    async fn start_execution(&self, arn: &str, name: &str, input: &Value) -> Result<ExecutionArn, StartError> {
        self.executions.start_execution(arn, name, input).await
    }

    async fn is_running(&self, execution: &ExecutionArn) -> Result<bool, Unavailable> {
        self.asked.lock().unwrap().push(Asked::IsRunning(execution.to_string()));
        self.executions.is_running(execution).await
    }

    async fn end_of(&self, execution: &ExecutionArn) -> Result<Option<RunEnd>, Unavailable> {
        self.executions.end_of(execution).await
    }
}

/// A world whose Step Functions notes what it is asked, in which nobody hears of the end of an execution.
async fn noting() -> (Harness, Arc<Mutex<Vec<Asked>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let notes = asked.clone();
    let between = move |ports: Ports| {
        let noting = Noting { callbacks: ports.callbacks, executions: ports.executions, asked: notes };
        Ports { callbacks: Arc::new(noting.clone()), executions: Arc::new(noting), ..ports }
    };
    let options = Options { messengers: Messengers::Absent, ..Options::default() };
    (Harness::with_options(RULES, options, between).await, asked)
}

/// A workflow asks for ten minutes and then, if it is approved, works for so long.
async fn asked_by(harness: &Harness, name: &str, seconds: i64) -> Approval {
    let ask = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "TimeoutSeconds": 600,
        "Next": "Work", "Parameters": { "FunctionName": "notifier", "Payload": {
            "taskToken.$": "$$.Task.Token", "executionArn.$": "$$.Execution.Id",
            "stateEnteredAt.$": "$$.State.EnteredTime", "timeoutSeconds": 600,
            "approval": { "policy": "calculation", "title": name }
        } }
    });
    let work = json!({ "Type": "Wait", "Seconds": seconds, "End": true });
    let machine = json!({ "StartAt": "Ask", "States": { "Ask": ask, "Work": work } }).to_string();
    let engine = &harness.world.engine;
    let arn = engine.load(name, &machine, &BTreeMap::new()).unwrap();
    engine.start_execution(&arn, "run", json!({})).unwrap();
    let approval = harness
        .until("it is announced", |world| {
            let mut all = world.store.all().into_iter();
            all.find(|approval| approval.request.title == name && approval.outbox.is_empty())
        })
        .await;
    harness.deliver().await;
    harness.record(&approval.id)
}

async fn approved(harness: &Harness, approval: &Approval) {
    harness.press("grace", approval, "approve", None).await;
    harness.deliver().await;
    harness.settled(approval, Status::Approved).await;
}

#[tokio::test]
async fn an_execution_that_works_for_a_day_is_asked_about_seldom_and_without_its_data() {
    let (harness, asked) = noting().await;
    let approval = asked_by(&harness, "long", 80_000).await;
    approved(&harness, &approval).await;
    asked.lock().unwrap().clear();
    for _ in 0..1_300 {
        harness.pass_time(60);
        harness.reconcile().await;
    }
    let notes = asked.lock().unwrap().clone();
    assert!(notes.iter().all(|asked| matches!(asked, Asked::IsRunning(_))), "{notes:?}");
    assert!(notes.len() <= 32, "{} times", notes.len());
    // Without its event the end is found all the same.
    harness.pass_time(3_600);
    harness.ended().await;
    harness.reconcile().await;
    assert!(harness.thread(&approval).iter().any(|note| note.contains("The workflow has ended")));
}

#[tokio::test]
async fn whoever_waits_for_an_end_holds_up_no_expiry() {
    let (harness, asked) = noting().await;
    for number in 0..9 {
        let approval = asked_by(&harness, &format!("works-{number}"), 86_000).await;
        approved(&harness, &approval).await;
    }
    harness.pass_time(60);
    let expiring = asked_by(&harness, "expires", 86_000).await;
    harness.pass_time(600);
    asked.lock().unwrap().clear();
    harness.reconcile().await;
    assert_eq!(harness.record(&expiring.id).status(), Status::Expired);
    let notes = asked.lock().unwrap().clone();
    let execution = expiring.request.execution.to_string();
    assert_eq!(notes.first(), Some(&Asked::LookUp(execution)), "the others were due before it: {notes:?}");
    assert_eq!(notes.iter().filter(|asked| matches!(asked, Asked::IsRunning(_))).count(), 9);
}
