//! Raising an approval: who is reached, what happens when nobody is, and what a repetition does.

use countersign_bot::approval::place::{Destination, Platform};
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::flow::notify;
use countersign_playground::engine::ExecutionStatus;
use countersign_playground::fakes::Fault;
use serde_json::{Value, json};

use crate::support::{Harness, RULES, unsent};

/// The input that the workflow's state passes, for another token of the same execution.
fn input(execution: &str, token: &str) -> Value {
    json!({
        "taskToken": token, "executionArn": execution, "stateEnteredAt": crate::support::START, "timeoutSeconds": 600,
        "approval": {"policy": "calculation", "title": "By hand", "summary": "", "facts": [], "requestedBy": null}
    })
}

#[tokio::test]
async fn a_repeated_invocation_raises_and_sends_nothing_twice() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    let mut again = input(approval.request.execution.as_str(), approval.token.expose());
    let request = &approval.request;
    again["approval"] = json!({
        "policy": approval.rules.name, "title": request.title, "summary": request.summary, "facts": request.facts,
        "requestedBy": request.requested_by,
    });
    let answer = notify::notify(&harness.world.bot().app, again).await.unwrap();
    assert_eq!(answer, json!({ "approvalId": approval.id }));
    assert_eq!(harness.world.store.all().len(), 1);
    assert_eq!(harness.world.slack.messages("C0FINANCE").len(), 1);
    assert_eq!(harness.mails("grace").len(), 1);
    assert_eq!(harness.events("Approval Requested").len(), 1);
}

#[tokio::test]
async fn when_every_place_refuses_for_good_the_task_fails_at_once() {
    let harness = Harness::start().await;
    harness.world.slack.fail_always("chat.postMessage", Some(Fault::NotOk("msg_too_long".to_owned())));
    harness.world.mailbox.fail_always(Some("InvalidParameterValue"));
    let url = format!("{}/calculations", harness.world.url);
    harness.browser.post_json(&url, &json!({"x": 125, "y": 122})).await.unwrap();
    let ended = harness.given_up().await;
    assert_eq!(ended.stop_date, Some(harness.now()), "the timeout is not waited for");
    assert_eq!((ended.status, ended.error.as_deref()), (ExecutionStatus::Failed, Some("ApprovalUndeliverable")));
    let cause = ended.cause.unwrap();
    assert!(cause.contains("msg_too_long") && cause.contains("InvalidParameterValue"), "{cause}");
    assert!(!cause.contains("@example.com"), "no address leaves the backend: {cause}");
    harness.until("it is broadcast", |_| harness.events("Approval Resolved").pop()).await;
    let approval = harness.world.store.all().remove(0);
    assert_eq!(approval.status(), Status::Undeliverable);
    assert_eq!(harness.events("Approval Resolved")[0]["status"], "undeliverable");
}

#[tokio::test]
async fn a_quorum_that_nobody_could_fill_without_whoever_asks_is_refused_by_its_field() {
    let harness = Harness::with_rules("approvers = [\"ada\", \"grace\"]\nrequired = 2\nslack_channel = \"C1\"").await;
    let execution = "arn:aws:states:local:000000000000:execution:calculation:run-x";
    let mut request = input(execution, "token");
    request["approval"]["requestedBy"] = json!("ada");
    let error = notify::notify(&harness.world.bot().app, request).await.unwrap_err();
    let expected = "approval.requestedBy: policy `calculation` needs 2 approvals, and only 1 of those who may decide if \
                    `ada` asks could give one";
    assert_eq!((error.name(), error.to_string().as_str()), ("InvalidApprovalRequest", expected));
    assert!(harness.world.store.all().is_empty() && harness.world.slack.messages("C1").is_empty());
}

#[tokio::test]
async fn one_platform_is_enough() {
    let harness = Harness::start().await;
    harness.world.slack.fail_always("chat.postMessage", Some(Fault::Status(500)));
    let approval = harness.ask().await;
    assert_eq!(approval.copies.len(), 1);
    let page = harness.post(&harness.link("grace"), "approve", "").await;
    assert_eq!(page.status, 200);
    assert_eq!(harness.ended().await.output.unwrap()["status"], "approved");
}

/// Whatever refused the request at first gets it later, once.
#[tokio::test]
async fn what_could_not_be_sent_is_sent_when_the_platform_is_back() {
    let harness = Harness::start().await;
    harness.world.slack.fail_always("chat.postMessage", Some(Fault::Status(503)));
    let approval = harness.ask().await;
    assert_eq!(unsent(&approval), [Destination::Chat(Platform::Slack)]);
    harness.world.slack.recover();
    sent_after_all(&harness, &approval).await;
    let cards = harness.world.slack.messages("C0FINANCE").into_iter().filter(crate::support::has_buttons);
    assert_eq!(cards.count(), 1);
    assert_eq!(harness.press("grace", &approval, "approve", None).await, 200);
    harness.settled(&approval, Status::Approved).await;

    harness.world.mailbox.fail_always(Some("Throttling"));
    let approval = harness.ask_again("1 2").await;
    harness.world.mailbox.recover();
    sent_after_all(&harness, &approval).await;
    let mails = harness.mails("grace").into_iter().filter(|mail| mail.subject.contains("1 + 2"));
    assert_eq!(mails.count(), 1);
}

/// The queue hands out again what was put off.
async fn sent_after_all(harness: &Harness, approval: &Approval) {
    harness.pass_time(20);
    harness.deliver().await;
    harness.reconcile().await;
    assert_eq!(unsent(&harness.record(&approval.id)), []);
}

/// Slack took the card and the answer was lost: the card is out, and nobody knows its timestamp.
#[tokio::test]
async fn a_card_that_is_out_without_being_on_record_is_closed_after_the_first_click() {
    let harness = Harness::start().await;
    harness.world.slack.fail_next("chat.postMessage", Fault::Drop);
    let approval = harness.ask().await;
    assert!(approval.copies.iter().all(|copy| format!("{:?}", copy.message).contains("Email")));
    let message = harness.world.slack.messages("C0FINANCE").remove(0);
    let grace = harness.user("grace");
    harness.world.slack.press(&grace, "C0FINANCE", &message.ts, "approve", None).await.unwrap();
    harness.settled(&approval, Status::Approved).await;
    assert!(!crate::support::has_buttons(&harness.card(&approval)));
}

/// The same card, and nobody's click on it counts: it is found by the click that comes too late.
#[tokio::test]
async fn a_card_that_is_out_without_being_on_record_is_closed_after_a_late_click() {
    let harness = Harness::start().await;
    harness.world.slack.fail_next("chat.postMessage", Fault::Drop);
    let approval = harness.ask().await;
    harness.post(&harness.link("grace"), "approve", "").await;
    harness.settled(&approval, Status::Approved).await;
    let message = harness.world.slack.messages("C0FINANCE").remove(0);
    let grace = harness.user("grace");
    harness.world.slack.press(&grace, "C0FINANCE", &message.ts, "reject", Some("no")).await.unwrap();
    harness.pass_time(20);
    harness.reconcile().await;
    harness.settled(&approval, Status::Approved).await;
    assert!(!crate::support::has_buttons(&harness.card(&approval)));
}

#[tokio::test]
async fn a_platform_that_hangs_takes_no_time_from_the_record() {
    let harness = Harness::start().await;
    harness.world.mailbox.hang();
    let approval = harness.ask().await;
    assert_eq!(approval.copies.len(), 1, "the card is on record");
}

#[tokio::test]
async fn an_input_that_is_wrong_fails_the_state_and_names_the_field() {
    let harness = Harness::with_rules(RULES).await;
    let execution = "arn:aws:states:local:000000000000:execution:calculation:run-x";
    let mut unknown = input(execution, "token");
    unknown["approval"]["policy"] = json!("nope");
    let error = notify::notify(&harness.world.bot().app, unknown).await.unwrap_err();
    assert_eq!(error.name(), "InvalidApprovalRequest");
    assert_eq!(error.to_string(), "approval.policy: the policy file has no policy `nope`");
    assert!(harness.world.store.all().is_empty());
}
