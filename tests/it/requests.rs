//! Asking through the queue: the same request, by a state that sends a message instead of invoking the notifier.

use std::collections::BTreeMap;

use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_playground::engine::{ExecutionStatus, ORIGIN};
use serde_json::{Value, json};

use crate::support::faults::{Call, Fault, Faults};
use crate::support::logs::Logs;
use crate::support::{Harness, RULES, RULES_WITH_TEAMS, has_buttons, is_out, shown};

/// A machine of one state that asks for this through the queue.
pub(crate) fn machine(approval: &Value) -> Value {
    json!({ "StartAt": "Ask", "States": { "Ask": {
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "TimeoutSeconds": 600,
        "Parameters": {
            "QueueUrl": "https://sqs.local.amazonaws.com/000000000000/requests",
            "MessageBody": {
                "taskToken.$": "$$.Task.Token", "executionArn.$": "$$.Execution.Id",
                "stateEnteredAt.$": "$$.State.EnteredTime", "timeoutSeconds": 600, "approval": approval
            }
        },
        "End": true
    } } })
}

pub(crate) fn approval() -> Value {
    json!({ "policy": "calculation", "title": "Ship it", "requestedBy": "ada" })
}

pub(crate) fn start(harness: &Harness, machine: &Value) -> String {
    let arn = harness.world.engine.load("asks", &machine.to_string(), &BTreeMap::new()).unwrap();
    harness.world.engine.start_execution(&arn, "run", json!({})).unwrap().execution_arn
}

async fn ask(harness: &Harness) -> Approval {
    start(harness, &machine(&approval()));
    harness.until("the request is out", |world| world.store.all().into_iter().find(is_out)).await
}

/// The message that the notifier would be given again.
fn message(approval: &Approval) -> Value {
    let request = &approval.request;
    json!({
        "taskToken": approval.token.expose(), "executionArn": request.execution, "stateEnteredAt": request.raised_at,
        "timeoutSeconds": 600, "approval": self::approval()
    })
}

/// Sends a message, and waits until nothing more is to be done about it.
async fn send(harness: &Harness, message: &str) {
    harness.world.requests.send(message);
    taken(harness).await;
}

pub(crate) async fn taken(harness: &Harness) {
    harness.until("the queue is empty", |world| (world.requests.count() == 0).then_some(())).await;
}

#[tokio::test]
async fn what_is_asked_through_the_queue_is_decided_like_everything_else() {
    for (verdict, status) in [("approve", Status::Approved), ("reject", Status::Rejected)] {
        let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
        let approval = ask(&harness).await;
        let card = shown(&harness.card(&approval));
        assert!(card.contains("Ship it") && card.contains(approval.request.execution.as_str()), "{card}");
        harness.press("grace", &approval, verdict, Some("Because.")).await;
        harness.settled(&approval, status).await;
        let ended = harness.ended().await;
        match status {
            Status::Approved => assert_eq!(ended.output.unwrap()["approvalId"], json!(approval.id)),
            _ => assert_eq!(ended.error.as_deref(), Some("ApprovalRejected")),
        }
        taken(&harness).await;
    }
}

/// What would be an error of the invocation fails the task, by the same name and with the same cause.
#[tokio::test]
async fn what_is_wrong_with_a_request_fails_its_task_as_an_invocation_does() {
    let wrong = json!({ "policy": "calculation", "title": "", "requestedBy": "ada", "surprise": 1 });
    let mut ends = Vec::new();
    for invokes in [false, true] {
        let harness = Harness::with_rules(RULES).await;
        let mut machine = machine(&wrong);
        let state = &mut machine["States"]["Ask"];
        if invokes {
            state["Resource"] = json!("arn:aws:states:::lambda:invoke.waitForTaskToken");
            let payload = state["Parameters"]["MessageBody"].take();
            state["Parameters"] = json!({ "FunctionName": "notifier", "Payload": payload });
        }
        start(&harness, &machine);
        let ended = harness.ended().await;
        assert!(harness.world.store.all().is_empty());
        taken(&harness).await;
        ends.push((ended.status, ended.error, ended.cause));
    }
    assert_eq!(ends[0], ends[1]);
    let (status, error, cause) = ends.pop().unwrap();
    assert_eq!((status, error.as_deref()), (ExecutionStatus::Failed, Some("InvalidApprovalRequest")));
    let cause: Value = serde_json::from_str(&cause.unwrap()).unwrap();
    let message = cause["errorMessage"].as_str().unwrap();
    assert!(message.contains("approval.title") && message.contains("approval.surprise"), "{message}");
}

#[tokio::test]
async fn a_message_that_is_no_request_is_refused_for_good_and_not_logged() {
    let (logs, _guard) = Logs::catch();
    let harness = Harness::with_rules(RULES).await;
    let others = [
        "",
        "hunter2",
        "\"hunter2\"",
        "[\"hunter2\"]",
        r#"{"taskToken": 2, "password": "hunter2"}"#,
        r#"{"taskToken": "", "password": "hunter2"}"#,
        r#"{"Records": [{"body": "hunter2"}]}"#,
    ];
    for message in others {
        send(&harness, message).await;
    }
    assert!(harness.world.store.all().is_empty() && harness.world.requests.set_aside().is_empty());
    let text = logs.text();
    assert_eq!(text.matches("a message is refused for good").count(), others.len());
    assert!(!text.contains("hunter2"));
}

#[tokio::test]
async fn a_message_that_comes_again_changes_nothing() {
    let harness = Harness::with_rules(RULES).await;
    let approval = ask(&harness).await;
    let again = message(&approval);
    send(&harness, &again.to_string()).await;
    // Even if it would be refused by now: people may be deciding on it.
    let mut wrong = again.clone();
    wrong["approval"]["policy"] = json!("gone");
    send(&harness, &wrong.to_string()).await;
    let mut other = again.clone();
    other["approval"]["title"] = json!("Delete everything");
    send(&harness, &other.to_string()).await;
    assert_eq!(harness.world.store.all().len(), 1);
    assert_eq!(harness.world.slack.messages("C0FINANCE").len(), 1);
    assert!(has_buttons(&harness.card(&approval)));
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
    assert_eq!(harness.ended().await.status, ExecutionStatus::Succeeded);
    send(&harness, &again.to_string()).await;
    harness.settled(&approval, Status::Approved).await;
    assert_eq!(harness.events("Approval Requested").len(), 1);
}

#[tokio::test]
async fn what_cannot_be_recorded_comes_again_and_fails_its_task_in_the_end() {
    let faults = Faults::default();
    let harness = Harness::with(RULES, |ports| faults.in_front_of(ports)).await;
    faults.always(Call::Raise, Some(Fault::Refused));
    start(&harness, &machine(&approval()));
    for (tries, pause) in [(1, 5), (2, 10), (3, 20), (4, 40)] {
        harness.until("it was tried", |_| (faults.count(Call::Raise) >= tries).then_some(())).await;
        assert_eq!(faults.count(Call::Raise), tries, "nobody hurries");
        assert_eq!(harness.world.requests.count(), 1);
        harness.until("it rests", |world| world.requests.rests().then_some(())).await;
        harness.pass_time(pause);
    }
    let ended = harness.ended().await;
    assert_eq!(ended.error.as_deref(), Some("ApprovalStoreUnavailable"), "its state may ask again");
    taken(&harness).await;
}

#[tokio::test]
async fn a_pause_of_the_store_only_delays_a_request() {
    let faults = Faults::default();
    let harness = Harness::with(RULES, |ports| faults.in_front_of(ports)).await;
    faults.next(Call::Raise, Fault::Refused);
    start(&harness, &machine(&approval()));
    harness.until("it rests", |world| world.requests.rests().then_some(())).await;
    harness.pass_time(5);
    let approval = harness.until("the request is out", |world| world.store.all().into_iter().find(is_out)).await;
    assert!(has_buttons(&harness.card(&approval)));
}

/// A task that can be failed at no try is left to an operator, and the alarm on the queue of such messages.
#[tokio::test]
async fn what_can_neither_be_taken_nor_refused_is_set_aside() {
    let faults = Faults::default();
    let harness = Harness::with(RULES, |ports| faults.in_front_of(ports)).await;
    faults.always(Call::Callback, Some(Fault::Refused));
    start(&harness, &machine(&json!({ "policy": "gone", "title": "Ship it" })));
    for pause in [5, 10, 20, 40, 80] {
        harness.until("it rests", |world| world.requests.rests().then_some(())).await;
        harness.pass_time(pause);
    }
    harness.until("it is set aside", |world| (world.requests.set_aside().len() == 1).then_some(())).await;
}

/// Whoever may send to the queue could name any execution. Nothing is shown of such a request, to anybody.
#[tokio::test]
async fn a_message_that_only_names_an_execution_is_shown_to_nobody() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let victim = ask(&harness).await;
    let said = harness.world.slack.messages("C0FINANCE").len();
    let mut forged = message(&victim);
    forged["taskToken"] = json!("a token of somebody else");
    forged["approval"]["title"] = json!("Looks like yours");
    send(&harness, &forged.to_string()).await;
    let find = || harness.world.store.all().into_iter().find(|approval| approval.request.title == "Looks like yours");
    let forged = find().unwrap();
    assert!(forged.is_withheld() && forged.status() == Status::Pending);
    let seen = |harness: &Harness| {
        let in_teams = harness.world.teams.messages("19:finance@thread.tacv2").into_iter();
        let cards = in_teams.filter(|message| format!("{message:?}").contains("Looks like yours")).count();
        harness.world.slack.messages("C0FINANCE").len() - said + cards
    };
    let asked = || harness.events("Approval Requested").len();
    for who in ["ada", "grace"] {
        let listed = harness.world.slack.command(&harness.user(who), "C0FINANCE", "/approvals", "").await;
        assert!(!format!("{listed:?}").contains("Looks like yours"), "{listed:?}");
        let show = format!("show {}", forged.id);
        let told = harness.world.slack.command(&harness.user(who), "C0FINANCE", "/approvals", &show).await;
        assert!(!format!("{told:?}").contains("Looks like yours"), "{told:?}");
    }
    for seconds in [60, 60, 60, 119] {
        harness.pass_time(seconds);
        harness.reconcile().await;
        assert_eq!((find().unwrap().status(), seen(&harness), asked()), (Status::Pending, 0, 1));
    }
    // It can be proven for as long as a request that reaches nobody is tried.
    harness.pass_time(1);
    harness.reconcile().await;
    let forged = find().unwrap();
    assert_ne!(forged.status(), Status::Pending);
    assert_eq!(seen(&harness), 0);
    assert!(has_buttons(&harness.card(&victim)), "the execution that was named has lost nothing");
}

#[tokio::test]
async fn an_execution_that_may_not_ask_may_not_ask_through_the_queue_either() {
    let harness = Harness::with_rules(RULES).await;
    let mut machine = machine(&approval());
    let body = machine["States"]["Ask"]["Parameters"]["MessageBody"].as_object_mut().unwrap();
    body.remove("executionArn.$");
    let foreign = format!("{}:execution:asks:run", ORIGIN.replace("000000000000", "999999999999"));
    body.insert("executionArn".to_owned(), json!(foreign));
    start(&harness, &machine);
    let ended = harness.ended().await;
    assert_eq!(ended.error.as_deref(), Some("InvalidApprovalRequest"));
    assert!(ended.cause.unwrap().contains("executionArn: is of an account or a region that may not ask here"));
    assert!(harness.world.store.all().is_empty());
}
