//! What fails for hours is parked: it is told, tried seldom, and keeps nothing else from being done.

use countersign_bot::approval::follow_up::PARKED_AFTER;
use countersign_bot::approval::state::Status;
use countersign_bot::flow::reconcile::Pass;
use countersign_playground::fakes::Fault;

use crate::support::faults::{Call, Fault as PortFault, Faults};
use crate::support::{Harness, RULES};

/// A pass each five minutes, until what fails has failed this often in a row.
async fn fail(harness: &Harness, times: u32) -> Vec<Pass> {
    let mut passes = Vec::new();
    for _ in 0..times {
        harness.pass_time(301);
        passes.push(harness.reconcile().await);
    }
    passes
}

#[tokio::test]
async fn a_callback_that_fails_for_hours_is_parked_told_once_and_tried_each_hour() {
    let faults = Faults::default();
    let harness = Harness::with(RULES, |ports| faults.in_front_of(ports)).await;
    let approval = harness.ask().await;
    faults.always(Call::Callback, Some(PortFault::Refused));
    harness.press("grace", &approval, "approve", None).await;
    let passes = fail(&harness, PARKED_AFTER).await;
    let parked: Vec<usize> = passes.iter().map(|pass| pass.parked).collect();
    assert_eq!((parked.iter().sum::<usize>(), parked.last()), (1, Some(&1)), "{parked:?}");
    assert!(passes.iter().all(|pass| pass.oldest_callback.is_some()));

    let soon = fail(&harness, 11).await;
    assert!(soon.iter().all(|pass| pass.due == 0), "for an hour nobody looks: {soon:?}");
    let again = fail(&harness, 1).await;
    assert_eq!((again[0].put_off, again[0].parked), (1, 1));
    let events = harness.events("Approval Parked");
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!((&events[0]["status"], &events[0]["failures"]), (&"resolving".into(), &PARKED_AFTER.into()));

    // The wait has ended meanwhile, which Step Functions says now that it is asked.
    faults.always(Call::Callback, None);
    harness.pass_time(3_600);
    harness.reconcile().await;
    harness.settled(&approval, Status::Expired).await;
}

#[tokio::test]
async fn what_is_parked_keeps_nobody_else_waiting() {
    let harness = Harness::start().await;
    let broken = harness.ask().await;
    harness.world.slack.fail_always("chat.update", Some(Fault::NotOk("internal_error".to_owned())));
    harness.press("grace", &broken, "approve", None).await;
    fail(&harness, PARKED_AFTER + 1).await;
    assert!(harness.record(&broken.id).is_parked());
    harness.world.slack.recover();
    // The channel waits no longer than for the last pause of what was tried in it.
    harness.pass_time(30);
    let other = harness.ask_again("1 2").await;
    harness.press("grace", &other, "approve", None).await;
    harness.settled(&other, Status::Approved).await;
    harness.pass_time(3_600);
    harness.reconcile().await;
    let repaired = harness.settled(&broken, Status::Approved).await;
    assert!(!repaired.is_parked());
}
