//! What somebody does in their home, which has neither a message nor a channel.

use countersign_bot::approval::audit::What;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::{State, Status, Verdict};
use countersign_playground::engine::ExecutionStatus;
use countersign_playground::fakes::Fault as SlackFault;
use serde_json::json;

use super::{in_front, open, press, says, words};
use crate::support::{Harness, RULES, card_of, has_buttons, shown, texts};

async fn asked(rules: &str) -> (Harness, Approval) {
    let harness = Harness::with_rules(rules).await;
    let approval = harness.ask().await;
    for who in ["ada", "grace"] {
        open(&harness, who).await;
    }
    (harness, approval)
}

#[tokio::test]
async fn whoever_approves_there_has_approved_and_every_copy_says_so() {
    let (harness, approval) = asked(RULES).await;
    press(&harness, "grace", &approval, "approve").await;
    harness.settled(&approval, Status::Approved).await;
    assert_eq!(harness.ended().await.status, ExecutionStatus::Succeeded);
    let card = harness.card(&approval);
    assert!(shown(&card).contains("Approved by Grace Hopper") && !has_buttons(&card));
    says(&harness, "grace", "Nothing waits for you").await;
    says(&harness, "ada", "Approved by").await;
    assert!(!words(&harness, "ada").contains("Take back"), "{}", words(&harness, "ada"));
    assert!(in_front(&harness, "grace").is_none(), "the home itself says enough");
}

#[tokio::test]
async fn a_rejection_is_made_in_a_form_that_asks_for_the_reason() {
    let (harness, approval) = asked(RULES).await;
    let slack = &harness.world.slack;
    press(&harness, "grace", &approval, "reject_in_form").await;
    let form = in_front(&harness, "grace").expect("it asks for a reason");
    let asked = texts(&form["blocks"]).join("\n");
    assert!(asked.contains("Calculation 125 + 122") && asked.contains("This cannot be undone"), "{asked}");
    assert_eq!(harness.record(&approval.id).state, State::Pending, "the press alone does nothing");
    let empty = slack.submit(&harness.user("grace"), &[]).await.unwrap();
    assert!(empty.status == 0 && empty.errors.contains_key("comment"), "{empty:?}");
    slack.submit_unchecked(&harness.user("grace"), &[]).await.unwrap();
    let told = texts(&in_front(&harness, "grace").unwrap()["blocks"]).concat();
    assert!(told.contains("A rejection needs a reason"), "{told}");
    slack.close_view(&harness.user("grace").id);

    press(&harness, "grace", &approval, "reject_in_form").await;
    let taken = slack.submit(&harness.user("grace"), &[("comment", "Not *now*.")]).await.unwrap();
    assert!(taken.status == 200 && taken.errors.is_empty() && in_front(&harness, "grace").is_none(), "{taken:?}");
    let record = harness.settled(&approval, Status::Rejected).await;
    let vote = &record.votes[0];
    assert_eq!((vote.verdict, vote.comment.as_deref()), (Verdict::Reject, Some("Not *now*.")));
    assert_eq!(vote.content, approval.content_hash());
    says(&harness, "grace", "Nothing waits for you").await;
}

#[tokio::test]
async fn a_comment_is_optional_where_the_policy_wants_none() {
    let (harness, approval) = asked(&RULES.replace("reason_on_reject = true", "")).await;
    press(&harness, "grace", &approval, "reject_in_form").await;
    let taken = harness.world.slack.submit(&harness.user("grace"), &[]).await.unwrap();
    assert!(taken.status == 200 && taken.errors.is_empty(), "{taken:?}");
    harness.settled(&approval, Status::Rejected).await;
}

#[tokio::test]
async fn what_a_request_asks_of_whoever_approves_is_asked_there_too() {
    let harness = Harness::start().await;
    let inputs = json!([{ "name": "window", "type": "choice", "options": ["tonight", "Sunday"] }]);
    let asked = json!({
        "policy": "calculation", "title": "Deploy", "requestedBy": "ada", "inputs": inputs, "risk": "high",
        "details": [{"title": "Plan", "text": "First this, then that."}],
    });
    let approval = harness.ask_for(&asked).await;
    open(&harness, "grace").await;
    press(&harness, "grace", &approval, "details").await;
    assert!(texts(&in_front(&harness, "grace").unwrap()["blocks"]).concat().contains("First this, then that."));
    harness.world.slack.close_view(&harness.user("grace").id);
    press(&harness, "grace", &approval, "approve_in_form").await;
    let values = [("input.window", "Sunday"), ("confirmed", "confirmed"), ("comment", "")];
    let taken = harness.world.slack.submit(&harness.user("grace"), &values).await.unwrap();
    assert!(taken.status == 200 && taken.errors.is_empty(), "{taken:?}");
    let record = harness.settled(&approval, Status::Approved).await;
    assert_eq!(record.votes[0].inputs["window"], "Sunday");
}

#[tokio::test]
async fn whoever_asked_takes_it_back_there() {
    let (harness, approval) = asked(RULES).await;
    let ada = harness.user("ada");
    let slack = &harness.world.slack;
    assert_eq!(slack.choose_in_home(&ada, approval.id.as_str(), "Take back…").await.unwrap(), 200);
    slack.submit(&ada, &[]).await.unwrap();
    harness.settled(&approval, Status::Cancelled).await;
    says(&harness, "ada", "cancelled by Ada Lovelace").await;
    says(&harness, "grace", "Nothing waits for you").await;
}

#[tokio::test]
async fn a_request_is_sent_back_there_and_others_see_who_is_looking() {
    let (harness, approval) = asked(&format!("{RULES}\nreturns = true")).await;
    let (grace, slack) = (harness.user("grace"), &harness.world.slack);
    assert_eq!(slack.choose_in_home(&grace, approval.id.as_str(), "I'm looking at it").await.unwrap(), 200);
    says(&harness, "grace", "Grace Hopper is looking at it until").await;
    press(&harness, "grace", &approval, "return_in_form").await;
    let taken = slack.submit(&grace, &[("comment", "Add the number.")]).await.unwrap();
    assert!(taken.status == 200 && taken.errors.is_empty() && in_front(&harness, "grace").is_none(), "{taken:?}");
    let record = harness.settled(&approval, Status::Returned).await;
    assert_eq!(record.votes[0].comment.as_deref(), Some("Add the number."));
    says(&harness, "grace", "Nothing waits for you").await;
    says(&harness, "ada", "Sent back for changes by").await;
}

/// A home that shows something else by now.
#[tokio::test]
async fn why_a_press_has_no_effect_is_said_in_front_of_the_home() {
    let (harness, approval) =
        asked("approvers = [\"finance\"]\nslack_channel = \"C0FINANCE\"\nself_approval = true").await;
    let slack = &harness.world.slack;
    slack.fail_always("views.publish", Some(SlackFault::NotOk("view_too_large".to_owned())));
    let (channel, ts) = card_of(&harness.record(&approval.id));
    slack.press(&harness.user("ada"), &channel, &ts, "approve", None).await.unwrap();
    harness.settled(&approval, Status::Approved).await;
    for action in ["approve", "reject_in_form"] {
        press(&harness, "grace", &approval, action).await;
        let view = in_front(&harness, "grace").expect("it is said where she looks");
        let told = texts(&view["blocks"]).concat();
        assert!(told.contains("This was approved by Ada Lovelace") && view["submit"].is_null(), "{action}: {told}");
        slack.close_view(&harness.user("grace").id);
    }
    let trail = harness.world.bot().app.ports.store.history(&approval.id).await.unwrap();
    let refused = trail.iter().filter(|entry| matches!(entry.what, What::Refused { .. })).count();
    assert_eq!(refused, 2, "both attempts are on record");
    assert!(harness.whispers("grace").is_empty());

    // Where nothing can be opened it is said in their own chat with the app.
    slack.fail_next("views.open", SlackFault::NotOk("expired_trigger_id".to_owned()));
    press(&harness, "grace", &approval, "approve").await;
    let told = slack.direct_messages(&harness.user("grace").id).pop().unwrap();
    assert!(shown(&told).contains("This was approved by Ada Lovelace"), "{told:?}");
}
