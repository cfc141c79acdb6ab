//! Policies that are kept apart: whoever has approved under one does not count under the other in the same execution, on
//! every platform alike.

use std::collections::BTreeMap;

use countersign_bot::approval::record::{Approval, Vote};
use countersign_bot::approval::request;
use countersign_bot::approval::state::{Outcome, Resolution, State, Status};
use countersign_bot::flow::reconcile;
use countersign_bot::ports::{Raised, Saved, Store};
use countersign_playground::engine::ExecutionStatus;
use serde_json::{Value, json};

use crate::support::faults::{Call, Faults};
use crate::support::said::{assert_may_not_decide, in_slack};
use crate::support::{Harness, RULES_WITH_TEAMS, is_out, policy, texts};

/// The manager's approval goes before, by whoever else is of finance.
fn rules(approvers: &str) -> String {
    let here = RULES_WITH_TEAMS.replace("[\"finance\"]", approvers);
    let chats = RULES_WITH_TEAMS.replace("reason_on_reject = true", "");
    policy(&format!("{here}\ndistinct_from = [\"manager\"]")) + &format!("[policies.manager]\n{chats}\n")
}

fn asking(policy: &str) -> Value {
    json!({
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "TimeoutSeconds": 600,
        "Parameters": { "FunctionName": "notifier", "Payload": {
            "taskToken.$": "$$.Task.Token", "executionArn.$": "$$.Execution.Id",
            "stateEnteredAt.$": "$$.State.EnteredTime", "timeoutSeconds": 600,
            "approval": { "policy": policy, "title": format!("Ask under {policy}"), "requestedBy": "linus" }
        } },
        "ResultPath": null
    })
}

fn with(mut state: Value, key: &str, value: Value) -> Value {
    state[key] = value;
    state
}

/// Asks the manager, and then the others.
fn one_after_the_other() -> Value {
    let manager = with(asking("manager"), "Next", json!("Others"));
    let others = with(asking("calculation"), "End", json!(true));
    json!({ "StartAt": "Manager", "States": { "Manager": manager, "Others": others } })
}

fn start(harness: &Harness, machine: &Value) -> String {
    let arn = harness.world.engine.load("two", &machine.to_string(), &BTreeMap::new()).unwrap();
    harness.world.engine.start_execution(&arn, "run", json!({})).unwrap().execution_arn
}

/// The request under this policy, once it is out.
async fn asked(harness: &Harness, policy: &str) -> Approval {
    let is_it = |approval: &Approval| approval.rules.name == policy && is_out(approval);
    harness.until("the request is out", move |world| world.store.all().into_iter().find(is_it)).await
}

async fn cause_of_failure(harness: &Harness, execution: &str) -> String {
    harness
        .until("the execution has failed", |world| {
            let execution = world.engine.describe_execution(execution)?;
            (execution.status == ExecutionStatus::Failed).then_some(execution.cause?)
        })
        .await
}

/// Grace approves as the manager, and the others are asked.
async fn after_the_manager(harness: &Harness) -> Approval {
    start(harness, &one_after_the_other());
    let manager = asked(harness, "manager").await;
    harness.pass_time(5);
    harness.press("grace", &manager, "approve", None).await;
    harness.settled(&manager, Status::Approved).await;
    harness.pass_time(5);
    asked(harness, "calculation").await
}

#[tokio::test]
async fn who_has_approved_before_decides_on_no_platform_and_is_not_asked() {
    let harness = Harness::with_policy(&rules("[\"finance\"]"), |ports| ports).await;
    let approval = after_the_manager(&harness).await;
    let elsewhere = "You have approved under the policy “manager” in this execution";
    assert_may_not_decide(&harness, "grace", &approval, elsewhere).await;
    assert!(harness.mails("grace").iter().all(|mail| !mail.text.contains("Ask under calculation")));
    let say = |text: String| {
        let (harness, grace) = (&harness, harness.user("grace"));
        async move {
            let answer = harness.world.slack.command(&grace, &harness.world.channel, "/approvals", &text).await;
            texts(&answer.blocks).concat()
        }
    };
    let list = say(String::new()).await;
    assert!(!list.contains("Ask under calculation"), "{list}");
    let shown = say(format!("show {}", approval.id)).await;
    assert!(shown.contains(elsewhere) && shown.contains("Could still decide: Ada Lovelace"), "{shown}");
    harness.press("ada", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
}

/// Who stands in for somebody, or may break the glass, need not be among those who decide.
#[tokio::test]
async fn who_has_approved_before_neither_stands_in_nor_breaks_the_glass() {
    let here = RULES_WITH_TEAMS.replace("[\"finance\"]", "[\"ada\", \"linus\"]");
    let more = "distinct_from = [\"manager\"]\ndelegates = [\"grace\"]\nbreak_glass = { who = [\"grace\"] }";
    let manager = RULES_WITH_TEAMS.replace("[\"finance\"]", "[\"grace\"]");
    let rules = policy(&format!("{here}\n{more}")) + &format!("[policies.manager]\n{manager}\n");
    let rules = rules.replace("requester = \"optional\"", "requester = \"known\"");
    let harness = Harness::with_policy(&rules, |ports| ports).await;
    let away = in_slack(&harness, "ada", "away until 2026-12-24 for Grace Hopper").await;
    assert!(away.contains("Grace Hopper stands in for you"), "{away}");
    let approval = after_the_manager(&harness).await;
    assert_may_not_decide(&harness, "grace", &approval, "You have approved under the policy “manager”").await;
    let told = in_slack(&harness, "grace", &format!("break-glass {} prod is down", approval.id)).await;
    assert!(told.contains("You have approved under the policy “manager”"), "{told}");
    assert_eq!(harness.record(&approval.id).status(), Status::Pending);
}

/// Each could otherwise have the other give their approval in the second stage.
#[tokio::test]
async fn who_stood_in_and_whom_they_stood_in_for_both_decide_nothing_after() {
    let here = RULES_WITH_TEAMS.replace("[\"finance\"]", "[\"finance\", \"linus\"]");
    let manager = RULES_WITH_TEAMS.replace("[\"finance\"]", "[\"grace\"]");
    let rules = policy(&format!("{here}\ndistinct_from = [\"manager\"]\nself_approval = true"))
        + &format!("[policies.manager]\n{manager}\ndelegates = [\"ada\"]\n");
    let harness = Harness::with_policy(&rules, |ports| ports).await;
    in_slack(&harness, "grace", "away until friday for ada").await;
    start(&harness, &one_after_the_other());
    let manager = asked(&harness, "manager").await;
    harness.press("ada", &manager, "approve", None).await;
    harness.settled(&manager, Status::Approved).await;
    let approval = asked(&harness, "calculation").await;
    for who in ["ada", "grace"] {
        assert_may_not_decide(&harness, who, &approval, "You have approved under the policy “manager”").await;
    }
    harness.press("linus", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
}

#[tokio::test]
async fn where_too_few_are_left_the_request_is_refused_by_its_field() {
    let harness = Harness::with_policy(&rules("[\"board\"]"), |ports| ports).await;
    let execution = start(&harness, &one_after_the_other());
    let manager = asked(&harness, "manager").await;
    harness.press("grace", &manager, "approve", None).await;
    let cause = cause_of_failure(&harness, &execution).await;
    let expected = "approval.policy: policy `calculation` needs 1 approval, and none of those who have not approved this \
                    execution under `manager` could give one";
    assert!(cause.contains(expected), "{cause}");
    assert_eq!(harness.world.store.all().len(), 1, "nobody is asked");
}

/// Whoever approved under the second while the first is open could approve under the first as well.
#[tokio::test]
async fn nobody_is_asked_while_the_other_request_is_open() {
    let harness = Harness::with_policy(&rules("[\"finance\"]"), |ports| ports).await;
    let branch = |name: &str, states: Value| json!({ "StartAt": name, "States": states });
    let wait = json!({ "Type": "Wait", "Seconds": 30, "Next": "Others" });
    let others = with(asking("calculation"), "End", json!(true));
    let branches = json!([
        branch("Manager", json!({ "Manager": with(asking("manager"), "End", json!(true)) })),
        branch("Wait", json!({ "Wait": wait, "Others": others })),
    ]);
    let both =
        json!({ "StartAt": "Both", "States": { "Both": { "Type": "Parallel", "Branches": branches, "End": true } } });
    let execution = start(&harness, &both);
    let manager = asked(&harness, "manager").await;
    harness.pass_time(31);
    let cause = cause_of_failure(&harness, &execution).await;
    let expected =
        format!("approval.policy: policy `calculation` is for other people than `manager`, under which {}", manager.id);
    assert!(cause.contains(&expected), "{cause}");
}

/// Two that were raised at the same moment do not see each other then.
#[tokio::test]
async fn of_two_that_are_open_at_once_the_first_is_decided_first_and_its_people_do_not_count_after() {
    let harness = Harness::with_policy(&rules("[\"finance\"]"), |ports| ports).await;
    let approval = after_the_manager(&harness).await;
    let save = |change: fn(&mut Approval)| {
        let harness = &harness;
        async move {
            let manager = harness.world.store.all().into_iter().find(|record| record.rules.name == "manager");
            let mut manager = manager.unwrap();
            change(&mut manager);
            assert!(matches!(harness.world.store.save(manager).await, Ok(Saved::Done(_))));
        }
    };
    save(|manager| {
        manager.state = State::Pending;
        manager.votes.clear();
    })
    .await;
    let first = "This execution also waits for a decision under the policy “manager”, which came first.";
    assert_may_not_decide(&harness, "ada", &approval, first).await;
    save(|manager| {
        let ada = manager.rules.approvers.iter().find(|person| person.id.as_str() == "ada").unwrap();
        let at = manager.request.raised_at;
        let vote = Vote {
            person: ada.id.clone(),
            name: ada.name.clone(),
            stands_for: Vec::new(),
            platform: countersign_bot::approval::place::Platform::Slack,
            verdict: countersign_bot::approval::state::Verdict::Approve,
            comment: None,
            inputs: Default::default(),
            at,
            content: manager.content_hash(),
        };
        manager.votes = vec![vote];
        manager.state = State::Resolved(Resolution { outcome: Outcome::Approved, at });
    })
    .await;
    assert_may_not_decide(&harness, "ada", &approval, "You have approved under the policy “manager”").await;
}

/// Another machine may ask under the manager's policy as well, and name any execution.
#[tokio::test]
async fn a_neighbour_who_names_the_execution_again_and_again_holds_nobody_up() {
    const NAMED: usize = 500;
    let faults = Faults::default();
    let in_front = faults.clone();
    let harness = Harness::with_policy(&rules("[\"finance\"]"), move |ports| in_front.in_front_of(ports)).await;
    let approval = after_the_manager(&harness).await;
    let bot = harness.world.bot();
    for number in 0..NAMED {
        let input = json!({
            "taskToken": format!("of a neighbour, {number}"), "executionArn": approval.request.execution,
            "stateEnteredAt": harness.now(), "timeoutSeconds": 600,
            "approval": { "policy": "manager", "title": "Mine", "requestedBy": "linus" }
        });
        let asked = Approval::raise(request::read(input, &bot.app.policy, harness.now()).unwrap());
        assert!(matches!(harness.world.store.raise(asked).await, Ok(Raised::New(_))));
    }
    let before = faults.count(Call::Load);
    assert_may_not_decide(&harness, "grace", &approval, "You have approved under the policy “manager”").await;
    harness.press("ada", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
    let execution = &approval.request.execution;
    reconcile::execution_ended(&bot.app, execution).await.unwrap();
    let read = faults.count(Call::Load) - before;
    assert!(read < NAMED, "{read} records were read");
}
