//! Every way in which the callback, the record or the broadcast can fail between two steps.

use countersign_bot::approval::record::Status;

use crate::support::faults::{Call, Fault, Faults};
use crate::support::{Harness, RULES, has_buttons, shown};

async fn faulty() -> (Harness, Faults) {
    let faults = Faults::default();
    let in_front = faults.clone();
    let harness = Harness::with(RULES, move |ports| in_front.in_front_of(ports)).await;
    (harness, faults)
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
    harness.press("grace", &approval, "reject", Some("changed my mind")).await;
    assert!(harness.whispers("grace")[1].starts_with("This was approved by Grace Hopper"), "the decision stands");
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
    assert!(harness.whispers("grace")[0].contains("could not be recorded just now"), "that is what we knew");
    assert_eq!(harness.record(&approval.id).status(), Status::Resolving);
    harness.press("grace", &approval, "approve", None).await;
    assert!(harness.whispers("grace")[1].starts_with("This was approved by Grace Hopper"));
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
    assert!(harness.whispers("grace")[0].starts_with("Your decision could not be recorded just now."));
    assert_eq!(harness.record(&approval.id).status(), Status::Pending);
    faults.next(Call::Load, Fault::Refused);
    let page = harness.post(&harness.link("grace"), "approve", "").await;
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
    harness
        .until("the announcer has given up", |world| {
            world.store.all().into_iter().find(|record| record.retry.is_some_and(|retry| retry.failures > 0))
        })
        .await;
    assert!(has_buttons(&harness.card(&approval)));
    harness.world.slack.fail_always("chat.update", None);
    harness.pass_time(20);
    harness.reconcile().await;
    harness.settled(&approval, Status::Approved).await;
    assert!(!has_buttons(&harness.card(&approval)));
}
