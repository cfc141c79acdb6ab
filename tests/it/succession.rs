//! A state that is retried has a new task and asks again: the earlier card closes and points to the new one.

use std::collections::BTreeMap;

use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_playground::engine::TaskFate;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{Harness, RULES_WITH_TEAMS, has_buttons, is_out, shown};

/// A state that asks, for ten minutes each time.
fn asking() -> Value {
    json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "TimeoutSeconds": 600, "End": true,
        "Parameters": { "FunctionName": "notifier", "Payload": {
            "taskToken.$": "$$.Task.Token", "executionArn.$": "$$.Execution.Id",
            "stateEnteredAt.$": "$$.State.EnteredTime", "timeoutSeconds": 600,
            "approval": { "policy": "calculation", "title": "Ship it", "requestedBy": "ada" }
        } }
    })
}

/// Starts a machine with this state alone, and returns its approvals once they are out.
async fn start(harness: &Harness, state: Value, approvals: usize) -> Vec<Approval> {
    let machine = json!({ "StartAt": "Ask", "States": { "Ask": state } }).to_string();
    let arn = harness.world.engine.load("asks-again", &machine, &BTreeMap::new()).unwrap();
    harness.world.engine.start_execution(&arn, "run", json!({})).unwrap();
    harness
        .until("the requests are out", |world| {
            let all: Vec<Approval> = world.store.all().into_iter().filter(is_out).collect();
            (all.len() == approvals).then_some(all)
        })
        .await
}

/// A state that is tried once more when nobody has answered.
async fn start_retried(harness: &Harness) -> Approval {
    let mut state = asking();
    state["Retry"] = json!([{ "ErrorEquals": ["States.Timeout", "Lost"], "IntervalSeconds": 1, "MaxAttempts": 1 }]);
    start(harness, state, 1).await.remove(0)
}

/// Time goes on until the state has asked again.
async fn asked_again(harness: &Harness, earlier: &Approval) -> Approval {
    harness
        .until("the state asks again", |world| {
            world.clock.advance(SignedDuration::from_secs(1));
            world.store.all().into_iter().find(|approval| approval.id != earlier.id && is_out(approval))
        })
        .await
}

#[tokio::test]
async fn the_card_of_a_failed_try_closes_and_points_to_the_next() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let first = start_retried(&harness).await;
    harness.world.engine.send_task_failure(first.token.expose(), "Lost", "the worker was lost").unwrap();
    let second = asked_again(&harness, &first).await;
    harness.settled(&first, Status::Superseded).await;

    let card = harness.card(&first);
    let (_, ts) = crate::support::card_of(&second);
    assert!(!has_buttons(&card) && shown(&card).contains(&ts.replace('.', "")), "{}", shown(&card));
    let in_teams = harness.teams_card(&first).card.unwrap().to_string();
    assert!(!in_teams.contains("Action.Execute") && in_teams.contains(&harness.teams_card(&second).id), "{in_teams}");
    assert!(harness.thread(&first)[0].contains("A later request has taken the place of this one"));
    let events = harness.events("Approval Resolved");
    assert_eq!((&events[0]["status"], &events[0]["supersededBy"]), (&json!("superseded"), &json!(second.id)));

    let page = harness.post(&harness.link("grace"), "approve", "").await;
    assert!(page.body.contains("A later request has taken the place of this one"), "{}", page.body);
    harness.press("grace", &second, "approve", None).await;
    harness.settled(&second, Status::Approved).await;
}

/// Each try has the whole time, so the second is not late before it is asked.
#[tokio::test]
async fn a_try_after_the_deadline_can_be_decided() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let first = start_retried(&harness).await;
    harness.pass_time(600);
    let second = asked_again(&harness, &first).await;
    harness.settled(&first, Status::Superseded).await;
    assert!(second.request.deadline > harness.now() + SignedDuration::from_mins(5));
    harness.press("grace", &second, "approve", None).await;
    harness.settled(&second, Status::Approved).await;
}

/// Whoever looks first records the expiry, and that stays so; the card points to the later request all the same.
#[tokio::test]
async fn a_card_that_has_expired_already_points_to_the_next() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let first = start_retried(&harness).await;
    harness.pass_time(600);
    harness
        .until("the first try has timed out", |world| {
            (world.engine.task(first.token.expose()) == TaskFate::TimedOut).then_some(())
        })
        .await;
    harness.reconcile().await;
    harness.settled(&first, Status::Expired).await;
    let second = asked_again(&harness, &first).await;
    harness.until("it points to the second", |_| harness.record(&first.id).successor).await;
    harness.settled(&first, Status::Expired).await;
    let (_, ts) = crate::support::card_of(&second);
    assert!(shown(&harness.card(&first)).contains(&ts.replace('.', "")));
    assert_eq!(harness.events("Approval Resolved").len(), 1, "it ended once");
}

/// Two branches may ask the same at the same time, and neither takes the place of the other.
#[tokio::test]
async fn requests_that_wait_side_by_side_stay_open() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let branch = |name: &str| json!({ "StartAt": name, "States": { name: asking() } });
    let branches = [branch("Here"), branch("There")];
    let both = start(&harness, json!({ "Type": "Parallel", "End": true, "Branches": branches }), 2).await;
    harness.pass_time(30);
    harness.reconcile().await;
    for approval in &both {
        let cards = || harness.record(&approval.id).copies.into_iter().filter(|copy| copy.message.is_card()).count();
        harness.until("its cards have had their turns", |_| (cards() == 2).then_some(())).await;
        assert!(harness.record(&approval.id).successor.is_none());
        harness.press("grace", approval, "approve", None).await;
        harness.settled(approval, Status::Approved).await;
    }
}
