//! Every way in which the callback, the record or the broadcast can fail between two steps.

use countersign_bot::approval::record::{Approval, SentMessage};
use countersign_bot::approval::state::Status;
use countersign_playground::markup::Markup;
use serde_json::json;

use crate::support::faults::{Call, Fault, Faults};
use crate::support::{Harness, RULES, has_buttons, shown};

async fn faulty() -> (Harness, Faults) {
    let faults = Faults::default();
    let in_front = faults.clone();
    let harness = Harness::with(RULES, move |ports| in_front.in_front_of(ports)).await;
    (harness, faults)
}

/// A click on a card that has no buttons any more, as from a client that has not redrawn it.
async fn late_press(harness: &Harness, approval: &Approval, user: &str, action: &str) {
    let payload = json!({
        "type": "block_actions", "user": {"id": user, "team_id": "T0LOCAL"}, "channel": {"id": "C0FINANCE"},
        "actions": [{"action_id": action, "value": approval.id}],
        "state": {"values": {"comment": {"comment": {"value": "late"}}}}
    });
    harness.world.slack.press_raw(&payload).await.unwrap();
}

#[tokio::test]
async fn a_callback_that_is_refused_for_now_is_finished_by_the_reconciler() {
    let (harness, faults) = faulty().await;
    let approval = harness.ask().await;
    faults.next(Call::Callback, Fault::Refused);
    harness.press("grace", &approval, "approve", None).await;
    assert_eq!(harness.record(&approval.id).status(), Status::Resolving);
    let whispers = harness.whispers("grace");
    assert!(whispers[0].starts_with("Your decision is recorded: approved."), "{whispers:?}");
    let id = approval.id.clone();
    harness
        .until("the card says so", |world| {
            let record = world.store.all().into_iter().find(|record| record.id == id)?;
            let is_card = |copy: &&SentMessage| copy.message.is_card();
            record.copies.iter().filter(is_card).all(|copy| copy.shows == record.revision).then_some(())
        })
        .await;
    let card = harness.card(&approval);
    assert!(!has_buttons(&card) && shown(&card).contains("waiting for Step Functions to confirm"), "{}", shown(&card));
    late_press(&harness, &approval, "U0GRACE", "reject").await;
    assert!(harness.whispers("grace")[1].starts_with("Grace Hopper chose to approve this"), "the decision stands");
    harness.pass_time(20);
    harness.reconcile().await;
    harness.settled(&approval, Status::Approved).await;
    assert_eq!(harness.ended().await.output.unwrap()["status"], "approved");
}

#[tokio::test]
async fn a_callback_whose_answer_is_lost_is_found_in_the_history() {
    let (harness, faults) = faulty().await;
    let approval = harness.ask().await;
    faults.next(Call::Callback, Fault::AnswerLost);
    harness.press("grace", &approval, "approve", None).await;
    harness.pass_time(20);
    harness.reconcile().await;
    harness.settled(&approval, Status::Approved).await;
    assert_eq!(harness.events("Approval Resolved").len(), 1);
}

#[tokio::test]
async fn a_callback_that_never_answers_is_given_up_before_slack_gives_up() {
    let (harness, faults) = faulty().await;
    let approval = harness.ask().await;
    faults.next(Call::Callback, Fault::Hangs);
    let began = tokio::time::Instant::now();
    assert_eq!(harness.press("grace", &approval, "approve", None).await, 200);
    assert!(began.elapsed().as_millis() < 3_000, "Slack waits for three seconds");
    assert_eq!(harness.record(&approval.id).status(), Status::Resolving);
    assert!(harness.whispers("grace")[0].starts_with("Your decision is recorded: approved."), "and Grace is told");
}

#[tokio::test]
async fn a_task_that_timed_out_first_shows_expired_and_not_what_was_clicked() {
    let (harness, faults) = faulty().await;
    let approval = harness.ask().await;
    harness.pass_time(599);
    faults.next(Call::Callback, Fault::Refused);
    harness.press("grace", &approval, "approve", None).await;
    harness.pass_time(20);
    harness.reconcile().await;
    let record = harness.settled(&approval, Status::Expired).await;
    assert_eq!(record.votes.len(), 1, "what was clicked stays on record");
    assert_eq!(harness.ended().await.output.unwrap()["status"], "expired");
    let card = harness.card(&approval);
    assert!(shown(&card).contains("This expired without a decision") && !has_buttons(&card), "{}", shown(&card));
    let event = &harness.events("Approval Resolved")[0];
    assert_eq!((event["status"].as_str(), event["decidedBy"].as_array().unwrap().len()), (Some("expired"), 0));
}

#[tokio::test]
async fn a_task_that_somebody_else_completed_shows_cancelled() {
    let (harness, _) = faulty().await;
    let approval = harness.ask().await;
    let token = approval.token.expose();
    harness.world.engine.send_task_failure(token, "Other", "elsewhere").unwrap();
    harness.press("grace", &approval, "approve", None).await;
    let record = harness.settled(&approval, Status::Cancelled).await;
    assert!(shown(&harness.card(&record)).contains("The task failed with Other."));
}

#[tokio::test]
async fn a_crash_after_the_record_of_the_decision_is_repaired() {
    let (harness, faults) = faulty().await;
    let approval = harness.ask().await;
    faults.next(Call::Save, Fault::AnswerLost);
    harness.press("grace", &approval, "approve", None).await;
    assert!(harness.whispers("grace")[0].contains("could not be confirmed just now"), "that is what we knew");
    assert_eq!(harness.record(&approval.id).status(), Status::Resolving);
    harness.press("grace", &approval, "approve", None).await;
    assert!(harness.whispers("grace")[1].starts_with("Grace Hopper chose to approve this"));
    harness.pass_time(20);
    harness.reconcile().await;
    harness.settled(&approval, Status::Approved).await;
}

#[tokio::test]
async fn a_decision_that_could_not_be_recorded_is_no_decision() {
    let (harness, faults) = faulty().await;
    let approval = harness.ask().await;
    faults.next(Call::Save, Fault::Refused);
    harness.press("grace", &approval, "approve", None).await;
    assert!(harness.whispers("grace")[0].starts_with("Your decision could not be confirmed just now."));
    assert_eq!(harness.record(&approval.id).status(), Status::Pending);
    let link = harness.link("grace");
    let open = harness.browser.get(&link).await.unwrap();
    let form = Markup::read(&open.body).forms[0].answered(&[("verdict", "approve")]);
    faults.next(Call::Load, Fault::Refused);
    let page = harness.browser.post_form(&link, &form).await.unwrap();
    assert_eq!(page.status, 503);
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
}

#[tokio::test]
async fn a_broadcast_that_the_bus_refuses_is_sent_again_with_the_same_id() {
    let (harness, faults) = faulty().await;
    let approval = harness.ask().await;
    faults.next(Call::Put, Fault::Refused);
    faults.next(Call::Put, Fault::AnswerLost);
    harness.press("grace", &approval, "approve", None).await;
    for _ in 0..2 {
        harness.pass_time(20);
        harness.reconcile().await;
    }
    harness.settled(&approval, Status::Approved).await;
    let resolved = harness.events("Approval Resolved");
    assert_eq!(resolved.len(), 2, "the bus delivers at least once");
    assert_eq!(resolved[0], resolved[1], "and the event is the same");
    assert_eq!(harness.thread(&approval).iter().filter(|text| text.contains("Approved by")).count(), 1);
}

#[tokio::test]
async fn a_card_that_could_not_be_closed_is_closed_later() {
    let (harness, _) = faulty().await;
    let approval = harness.ask().await;
    harness.world.slack.fail_always("chat.update", Some(countersign_playground::fakes::Fault::Status(503)));
    harness.press("grace", &approval, "approve", None).await;
    harness.deliver().await;
    assert!(has_buttons(&harness.card(&approval)));
    harness.world.slack.fail_always("chat.update", None);
    harness.pass_time(20);
    harness.reconcile().await;
    harness.settled(&approval, Status::Approved).await;
    assert!(!has_buttons(&harness.card(&approval)));
}

#[tokio::test]
async fn a_bus_that_refuses_for_ever_keeps_nothing_else_from_being_done() {
    let (harness, faults) = faulty().await;
    let approval = harness.ask().await;
    faults.always(Call::Put, Some(Fault::Refused));
    harness.pass_time(600);
    harness.reconcile().await;
    let id = approval.id.clone();
    harness
        .until("the card shows the end", |world| {
            let record = world.store.all().into_iter().find(|record| record.id == id)?;
            (record.status() == Status::Expired && record.errands().is_empty()).then_some(())
        })
        .await;
    assert!(shown(&harness.card(&approval)).contains("This expired without a decision"));
    assert!(harness.events("Approval Resolved").is_empty());
    faults.always(Call::Put, None);
    for _ in 0..10 {
        harness.pass_time(300);
        harness.reconcile().await;
    }
    harness.settled(&approval, Status::Expired).await;
    assert_eq!(harness.events("Approval Resolved").len(), 1);
}

#[tokio::test]
async fn a_store_or_a_bus_that_hangs_is_given_up_before_slack_gives_up() {
    for call in [Call::Load, Call::Save, Call::Put] {
        let (harness, faults) = faulty().await;
        let approval = harness.ask().await;
        faults.next(call, Fault::Hangs);
        let began = tokio::time::Instant::now();
        assert_eq!(harness.press("grace", &approval, "approve", None).await, 200);
        assert!(began.elapsed().as_millis() < 3_000, "{call:?}");
    }
}

#[tokio::test]
async fn an_end_that_cannot_be_looked_up_yet_is_not_guessed() {
    let (harness, faults) = faulty().await;
    let approval = harness.ask().await;
    faults.next(Call::Callback, Fault::AnswerLost);
    faults.always(Call::LookUp, Some(Fault::Refused));
    harness.press("grace", &approval, "approve", None).await;
    for _ in 0..20 {
        harness.pass_time(300);
        harness.reconcile().await;
        assert_eq!(harness.record(&approval.id).status(), Status::Resolving);
    }
    faults.always(Call::LookUp, None);
    harness.pass_time(301);
    harness.reconcile().await;
    harness.settled(&approval, Status::Approved).await;
}

#[tokio::test]
async fn a_run_that_may_not_have_started_is_not_called_started() {
    let (harness, faults) = faulty().await;
    faults.next(Call::Start, Fault::AnswerLost);
    let answer = harness.world.slack.command(&harness.user("ada"), "C0FINANCE", "/start", "1 2").await;
    assert!(answer.text.unwrap().starts_with("It is not certain that it has started."));
}
