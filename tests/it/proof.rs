//! What is said about a task is proven by the history of its execution, and by nothing that others can write.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign_bot::approval::ids::{ExecutionArn, Origin, TaskToken};
use countersign_bot::approval::look_up::LookUp;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::flow::app::Ports;
use countersign_bot::flow::notify;
use countersign_bot::net::deadline::Unavailable;
use countersign_bot::ports::{CallbackError, TaskCallbacks};
use countersign_playground::engine::{ExecutionStatus, ORIGIN};
use serde_json::{Value, json};

use crate::support::{Harness, RULES_WITH_TEAMS, has_buttons, is_out, shown};

/// A state that asks, for so many seconds.
fn asking(seconds: u64) -> Value {
    json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "TimeoutSeconds": seconds,
        "Parameters": { "FunctionName": "notifier", "Payload": {
            "taskToken.$": "$$.Task.Token", "executionArn.$": "$$.Execution.Id",
            "stateEnteredAt.$": "$$.State.EnteredTime", "timeoutSeconds": seconds,
            "approval": { "policy": "calculation", "title": "Ship it", "requestedBy": "ada" }
        } },
        "Catch": [{ "ErrorEquals": ["States.ALL"] }]
    })
}

/// The same, naming another execution than its own.
fn asking_for(execution: &str) -> Value {
    let mut state = asking(600);
    let payload = state["Parameters"]["Payload"].as_object_mut().unwrap();
    payload.remove("executionArn.$");
    payload.insert("executionArn".to_owned(), json!(execution));
    state
}

/// A machine, or a branch, of one state with this name.
fn machine(name: &str, mut state: Value) -> Value {
    let after = format!("After{name}");
    (state["Next"], state["Catch"][0]["Next"]) = (json!(after), json!(after));
    json!({ "StartAt": name, "States": { name: state, after: { "Type": "Pass", "End": true } } })
}

fn start(harness: &Harness, name: &str, machine: &Value, input: Value) -> String {
    let arn = harness.world.engine.load(name, &machine.to_string(), &BTreeMap::new()).unwrap();
    harness.world.engine.start_execution(&arn, "run", input).unwrap().execution_arn
}

async fn asked(harness: &Harness, count: usize) -> Vec<Approval> {
    harness
        .until("the requests are out", |world| {
            let all: Vec<Approval> = world.store.all().into_iter().filter(is_out).collect();
            (all.len() == count).then_some(all)
        })
        .await
}

async fn run_to_its_end(harness: &Harness, execution: &str) {
    harness
        .until("the execution has ended", |world| {
            let execution = world.engine.describe_execution(execution)?;
            (execution.status != ExecutionStatus::Running).then_some(())
        })
        .await;
}

/// The tokens of the tasks of a neighbour in the same execution, which does as it likes.
fn neighbour(harness: &Harness) -> Arc<Mutex<Vec<String>>> {
    let tokens = Arc::new(Mutex::new(Vec::new()));
    let seen = tokens.clone();
    harness.world.engine.register(
        "neighbour",
        Arc::new(move |input| {
            seen.lock().unwrap().push(input["token"].as_str().unwrap().to_owned());
            Box::pin(async { Ok(Value::Null) })
        }),
    );
    tokens
}

fn beside_a_neighbour() -> Value {
    let neighbour = json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": { "FunctionName": "neighbour", "Payload": { "token.$": "$$.Task.Token" } },
        "Catch": [{ "ErrorEquals": ["States.ALL"] }]
    });
    let branches = json!([machine("Ask", asking(600)), machine("Beside", neighbour)]);
    json!({ "StartAt": "Both", "States": { "Both": { "Type": "Parallel", "Branches": branches, "End": true } } })
}

#[tokio::test]
async fn a_neighbour_that_ends_with_the_id_of_an_approval_decides_nothing() {
    for error in [None, Some("ApprovalRejected"), Some("ApprovalCancelled")] {
        let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
        let tokens = neighbour(&harness);
        start(&harness, "beside", &beside_a_neighbour(), json!({}));
        let approval = asked(&harness, 1).await.remove(0);
        let token = harness.until("the neighbour waits", |_| tokens.lock().unwrap().first().cloned()).await;
        let said =
            json!({ "approvalId": approval.id, "status": "approved", "cancelledBy": { "name": "Ada Lovelace" } });
        match error {
            None => harness.world.engine.send_task_success(&token, said).unwrap(),
            Some(error) => harness.world.engine.send_task_failure(&token, error, &said.to_string()).unwrap(),
        }
        harness.pass_time(20);
        harness.reconcile().await;
        harness.settled(&approval, Status::Pending).await;
        assert!(has_buttons(&harness.card(&approval)) && harness.events("Approval Resolved").is_empty());
        harness.press("grace", &approval, "approve", None).await;
        harness.settled(&approval, Status::Approved).await;
    }
}

/// Whoever else has the token of a task can complete it, but not in the name of people.
#[tokio::test]
async fn a_task_that_somebody_else_completes_is_no_decision_of_people() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let other = harness.ask().await;
    let forged = json!({ "approvalId": other.id, "status": "approved", "decidedBy": [] });
    harness.world.engine.send_task_success(other.token.expose(), forged).unwrap();
    harness.pass_time(700);
    harness.reconcile().await;
    let other = harness.settled(&other, Status::Cancelled).await;
    assert!(shown(&harness.card(&other)).contains("completed by somebody else"), "{}", shown(&harness.card(&other)));
}

#[tokio::test]
async fn nothing_is_shown_of_an_execution_that_a_request_only_names() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let secrets = json!({ "StartAt": "Done", "States": { "Done": { "Type": "Pass", "End": true } } });
    let victim = start(&harness, "payroll", &secrets, json!({ "status": "ok", "dbPassword": "hunter2" }));
    run_to_its_end(&harness, &victim).await;
    let own = start(&harness, "attacker", &machine("Ask", asking_for(&victim)), json!({}));
    let approval = asked(&harness, 1).await.remove(0);
    assert!(!shown(&harness.card(&approval)).contains(&victim), "a card leads to no execution that is not proven");
    let in_teams = harness.teams_card(&approval).card.unwrap().to_string();
    assert!(!in_teams.contains("Open the execution") && !harness.mails("grace")[0].text.contains(&victim));
    harness.press("grace", &approval, "approve", None).await;
    run_to_its_end(&harness, &own).await;
    for _ in 0..3 {
        harness.pass_time(20);
        harness.reconcile().await;
    }
    let record = harness.settled(&approval, Status::Approved).await;
    assert!(record.execution_end.is_none() && record.attempt.is_none());
    let told = [harness.thread(&approval), harness.teams_thread(&approval)].concat().join("\n");
    assert!(!told.contains("hunter2") && !told.contains("dbPassword"), "{told}");
}

#[tokio::test]
async fn a_request_whose_execution_holds_its_task_leads_to_it() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = harness.ask().await;
    let execution = approval.request.execution.as_str();
    assert!(shown(&harness.card(&approval)).contains(execution));
    assert!(harness.teams_card(&approval).card.unwrap().to_string().contains("Open the execution"));
    assert!(harness.mails("grace")[0].text.contains(execution));
}

/// A policy that names its callers believes no request that only names an execution of theirs.
#[tokio::test]
async fn who_may_ask_is_proven_before_anybody_is_asked() {
    let callers = format!("callers = [\"{ORIGIN}:stateMachine:release\"]");
    let harness = Harness::with_rules(&format!("{RULES_WITH_TEAMS}\n{callers}")).await;
    let idle = json!({ "StartAt": "Done", "States": { "Done": { "Type": "Pass", "End": true } } });
    let release = start(&harness, "release", &idle, json!({}));
    let pretends = start(&harness, "pretends", &machine("Ask", asking_for(&release)), json!({}));
    run_to_its_end(&harness, &pretends).await;
    let approval = harness.world.store.all().remove(0);
    harness.settled(&approval, Status::Undeliverable).await;
    assert!(harness.world.slack.messages("C0FINANCE").is_empty() && harness.world.mailbox.mails().is_empty());
    assert_eq!(harness.events("Approval Resolved").len(), 1);
    assert_eq!(harness.events("Approval Requested").len(), 0, "nobody was asked");
    harness.world.engine.load("release", &machine("Ask", asking(600)).to_string(), &BTreeMap::new()).unwrap();
    harness.pass_time(1);
    let arn = format!("{ORIGIN}:stateMachine:release");
    harness.world.engine.start_execution(&arn, "again", json!({})).unwrap();
    let approval = asked(&harness, 1).await.remove(0);
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
    assert_eq!(harness.events("Approval Requested").len(), 1);
}

#[tokio::test]
async fn executions_of_other_accounts_regions_and_partitions_may_not_ask() {
    let harness = Harness::start().await;
    let elsewhere = [
        "arn:aws:states:local:999999999999:execution:calculation:run",
        "arn:aws:states:eu-west-1:000000000000:execution:calculation:run",
        "arn:aws-cn:states:local:000000000000:execution:calculation:run",
        "arn:aws:states:evil.example#:000000000000:execution:calculation:run",
        "arn:aws:states:local.evil.example:000000000000:execution:calculation:run",
        "arn:aws:states:local:000000000000:execution:calculation:run:more",
        "arn:aws:states:local:000000000000:execution:calculation:run?x#y",
        "arn:aws:states:local:000000000000:execution:a/b/c:run",
        "arn:aws:states:local:000000000000:express:calculation:run:1",
        "arn:aws:states:local:0000000000001:execution:calculation:run",
        "arn:aws:states:local:00000000000٠:execution:calculation:run",
    ];
    for execution in elsewhere {
        let input = json!({
            "taskToken": "token", "executionArn": execution, "stateEnteredAt": harness.now(), "timeoutSeconds": 600,
            "approval": { "policy": "calculation", "title": "Ship it", "requestedBy": "ada" }
        });
        let error = notify::notify(&harness.world.bot().app, input).await.unwrap_err();
        assert_eq!(error.name(), "InvalidApprovalRequest", "{execution}");
        assert!(error.to_string().starts_with("executionArn: "), "{execution}: {error}");
    }
    assert!(harness.world.store.all().is_empty());
}

#[tokio::test]
async fn what_cannot_be_looked_up_is_reminded_and_expires_in_time() {
    let rules = format!("{RULES_WITH_TEAMS}\nremind_after = [\"5m\"]");
    let harness = Harness::with_rules(&rules).await;
    let gone = format!("{ORIGIN}:execution:gone:run");
    start(&harness, "asks", &machine("Ask", asking_for(&gone)), json!({}));
    let approval = asked(&harness, 1).await.remove(0);
    harness.pass_time(300);
    assert_eq!(harness.reconcile().await.put_off, 0);
    let reminded = |notes: Vec<String>| notes.iter().any(|note| note.contains("still waits for a decision"));
    assert!(reminded(harness.thread(&approval)));
    harness.pass_time(300);
    assert_eq!(harness.reconcile().await.put_off, 0);
    harness.settled(&approval, Status::Expired).await;
}

/// Two branches that ask the same are two requests, and the end of one says nothing of the other.
#[tokio::test]
async fn a_branch_that_times_out_beside_one_that_asks_alike_has_expired() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let branches = json!([machine("Here", asking(300)), machine("There", asking(600))]);
    let both =
        json!({ "StartAt": "Both", "States": { "Both": { "Type": "Parallel", "Branches": branches, "End": true } } });
    start(&harness, "both", &both, json!({}));
    let mut approvals = asked(&harness, 2).await;
    approvals.sort_by_key(|approval| approval.request.deadline);
    let [short, long] = &approvals[..] else { panic!("two ask") };
    harness.pass_time(300);
    harness.reconcile().await;
    let short = harness.settled(short, Status::Expired).await;
    assert!(short.successor.is_none());
    harness.press("grace", long, "approve", None).await;
    harness.settled(long, Status::Approved).await;
}

/// Step Functions that refuses every output for good.
struct Refusing(Arc<dyn TaskCallbacks>);

#[async_trait]
impl TaskCallbacks for Refusing {
    async fn send_task_success(&self, _: &Origin, _: &TaskToken, _: &Value) -> Result<(), CallbackError> {
        Err(CallbackError::Refused("InvalidOutput".to_owned()))
    }

    async fn send_task_failure(
        &self,
        at: &Origin,
        token: &TaskToken,
        error: &str,
        cause: &str,
    ) -> Result<(), CallbackError> {
        self.0.send_task_failure(at, token, error, cause).await
    }

    async fn look_up(&self, execution: &ExecutionArn, token: &TaskToken) -> Result<LookUp, Unavailable> {
        self.0.look_up(execution, token).await
    }
}

#[tokio::test]
async fn a_decision_that_step_functions_refuses_for_good_ends_and_says_why() {
    let refusing = |ports: Ports| Ports { callbacks: Arc::new(Refusing(ports.callbacks)), ..ports };
    let harness = Harness::with(RULES_WITH_TEAMS, refusing).await;
    let approval = harness.ask().await;
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Cancelled).await;
    let card = shown(&harness.card(&approval));
    assert!(card.contains("Step Functions refused the decision with InvalidOutput"), "{card}");
    assert_ne!(harness.ended().await.status, ExecutionStatus::Running, "the workflow goes on");
}
