//! An expense that the manager in the input approves first, and then finance.

use countersign_bot::approval::state::Status;
use countersign_playground::engine::ExecutionStatus;
use serde_json::{Value, json};

use super::{CHATS, Chat, End, approve, asked, called, end, fields, output, refuse_everywhere, start, world};
use crate::support::{Harness, shown};

const TYPED: &str = "expense 249.5 \"Train to the customer\" 2026-11-23 \"Grace Hopper\"";
const FIRST: &str = "Expense: 249.50 EUR";
const SECOND: &str = "Payment of 249.50 EUR";

#[tokio::test]
async fn it_is_paid_when_the_manager_and_finance_have_approved() {
    for (chat, other) in CHATS.into_iter().zip([Chat::Teams, Chat::Slack]) {
        let harness = world("expense").await;
        start(&harness, chat, &format!("{TYPED} https://receipts.example.com/17")).await;
        let typed = json!({
            "amount": 249.5, "purpose": "Train to the customer", "day": "2026-11-23", "manager": "grace",
            "receipt": "https://receipts.example.com/17",
        });
        assert_eq!(fields(&harness, chat).await, typed);
        let first = asked(&harness, FIRST).await;
        let card = shown(&harness.card(&first));
        assert!(card.contains("Train to the customer") && card.contains("2026-11-23"), "{card}");
        assert!(harness.card(&first).blocks.to_string().contains("https://receipts.example.com/17"));
        approve(&harness, chat, "grace", &first).await;
        let second = asked(&harness, SECOND).await;
        let card = shown(&harness.card(&second));
        assert!(card.contains("Grace Hopper"), "finance sees who has approved: {card}");
        approve(&harness, other, "katherine", &second).await;
        let ended = harness.ended().await;
        let paid = &called(&harness, &ended, "Pay")[0]["MessageBody"];
        let order = json!({
            "payment": ended.name, "to": "linus", "amount": "249.50", "currency": "EUR", "account": "Travel",
        });
        assert_eq!(paid, &order, "what is paid is what was shown");
        let output = ended.output.unwrap();
        assert_eq!((&output["status"], &output["amount"]), (&json!("paid"), &json!("249.50")));
        let people = output["approvedBy"].as_array().unwrap().iter().map(|said| said["person"].clone());
        assert_eq!(people.collect::<Vec<_>>(), ["grace", "katherine"]);
        harness.settled(&first, Status::Approved).await;
        harness.settled(&second, Status::Approved).await;
    }
}

/// Ada is a manager too, and Katherine is of finance: neither is the manager in the input.
#[tokio::test]
async fn nobody_but_the_manager_in_the_input_decides_in_the_first_stage() {
    let harness = world("expense").await;
    start(&harness, Chat::Teams, TYPED).await;
    let first = asked(&harness, FIRST).await;
    for who in ["ada", "katherine", "linus"] {
        approve(&harness, Chat::Slack, who, &first).await;
        approve(&harness, Chat::Teams, who, &first).await;
        assert_eq!(harness.record(&first.id).status(), Status::Pending, "{who}");
    }
    approve(&harness, Chat::Teams, "grace", &first).await;
    let second = asked(&harness, SECOND).await;
    approve(&harness, Chat::Slack, "grace", &second).await;
    assert_eq!(harness.record(&second.id).status(), Status::Pending, "a manager is nobody in the second stage");
}

/// Starts an expense that its manager approves already, unless it is to end in the first stage.
async fn at_stage(stage: usize) -> (Harness, countersign_bot::approval::record::Approval, &'static str) {
    let harness = world("expense").await;
    start(&harness, Chat::Slack, TYPED).await;
    let first = asked(&harness, FIRST).await;
    if stage == 1 {
        return (harness, first, "grace");
    }
    approve(&harness, Chat::Slack, "grace", &first).await;
    let second = asked(&harness, SECOND).await;
    (harness, second, "katherine")
}

#[tokio::test]
async fn it_is_not_paid_without_both() {
    for stage in [1, 2] {
        for (how, status) in [(End::Rejected, "rejected"), (End::Expired, "expired"), (End::Cancelled, "cancelled")] {
            let (harness, approval, who) = at_stage(stage).await;
            end(&harness, &approval, how, who).await;
            let output = output(&harness).await;
            assert_eq!(output["status"], status, "stage {stage}");
            if how == End::Rejected {
                assert_eq!(output["decision"]["decidedBy"][0]["person"], who);
            }
            assert!(called(&harness, &harness.ended().await, "Pay").is_empty(), "stage {stage}, {how:?}");
        }
    }
}

/// The execution fails with every field that is wrong, before anybody is asked.
#[tokio::test]
async fn a_manager_whom_the_policy_does_not_allow_is_refused() {
    for (manager, problem) in [("katherine", "approval.approvers"), ("linus", "approval.approvers")] {
        let harness = world("expense").await;
        start(&harness, Chat::Slack, &TYPED.replace("\"Grace Hopper\"", manager)).await;
        let ended = harness.ended().await;
        assert_eq!((ended.status, ended.error.as_deref()), (ExecutionStatus::Failed, Some("InvalidApprovalRequest")));
        assert!(ended.cause.as_ref().is_some_and(|cause| cause.contains(problem)), "{manager}: {ended:?}");
        assert_eq!(harness.world.store.count(), 0);
    }
}

#[tokio::test]
async fn it_fails_when_nobody_can_be_asked() {
    let harness = world("expense").await;
    refuse_everywhere(&harness);
    start(&harness, Chat::Teams, TYPED).await;
    let ended = harness.given_up().await;
    assert_eq!((ended.status, ended.error.as_deref()), (ExecutionStatus::Failed, Some("ApprovalUndeliverable")));
    assert_eq!(ended.output, None::<Value>);
}
