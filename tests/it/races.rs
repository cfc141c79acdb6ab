//! Many people at the same instant, on both platforms, in many orders.

use std::sync::Arc;

use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_playground::engine::TaskFate;
use futures::future::join_all;
use serde_json::json;

use crate::support::{Harness, has_buttons, shown};

const CROWD: &str = "approvers = [\"ada\", \"grace\", \"linus\"]\nself_approval = true\nslack_channel = \"C0FINANCE\"";

/// What Step Functions, the record, the card, the event and the requester's note say is one and the same.
async fn agree_everywhere(harness: &Harness, approval: &Approval) -> Status {
    let id = approval.id.clone();
    let record = harness.until("everything has settled", move |world| {
        let record = world.store.all().into_iter().find(|record| record.id == id)?;
        (record.resolution().is_some() && !record.is_unfinished()).then_some(record)
    });
    let record = record.await;
    let expected = match harness.world.engine.task(approval.token.expose()) {
        TaskFate::Succeeded(_) => Status::Approved,
        TaskFate::Failed { .. } => Status::Rejected,
        other => panic!("the task should have ended: {other:?}"),
    };
    assert_eq!(record.status(), expected);
    let word = if expected == Status::Approved { "Approved by" } else { "Rejected by" };
    let card = harness.card(approval);
    assert!(!has_buttons(&card) && shown(&card).contains(word), "{expected:?}: {}", shown(&card));
    let events = harness.events("Approval Resolved");
    assert!(events.iter().all(|event| event["status"] == expected.as_str()), "{events:?}");
    let told = harness.thread(approval).into_iter().filter(|text| text.contains(" by ")).collect::<Vec<_>>();
    assert!(told.len() == 1 && told[0].contains(word), "{told:?}");
    expected
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_clicks_at_the_same_instant_make_one_decision() {
    let mut outcomes = Vec::new();
    for seed in 0..12_u64 {
        let harness = Arc::new(Harness::with_rules(CROWD).await);
        let approval = harness.ask().await;
        let link = harness.link("linus");
        let clicks = (0..100_u64).map(|click| {
            let mixed = (click + 1 + seed * 100).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31);
            let (harness, link, id) = (harness.clone(), link.clone(), approval.id.clone());
            let action = if mixed & 16 == 0 { "approve" } else { "reject" };
            let user = ["U0ADA", "U0GRACE", "U0LINUS"][(mixed % 3) as usize];
            tokio::spawn(async move {
                if mixed & 8 == 0 {
                    let payload = json!({
                        "type": "block_actions", "user": {"id": user, "team_id": "T0LOCAL"},
                        "channel": {"id": "C0FINANCE"}, "actions": [{"action_id": action, "value": id}]
                    });
                    harness.world.slack.press_raw(&payload).await.unwrap().status
                } else {
                    harness.post(&link, action, "").await.status
                }
            })
        });
        let statuses: Vec<u16> = join_all(clicks).await.into_iter().map(Result::unwrap).collect();
        assert!(statuses.iter().all(|status| matches!(status, 200 | 409)), "{statuses:?}");
        assert_eq!(harness.record(&approval.id).votes.len(), 1, "one click decides, ninety-nine hear of it");
        outcomes.push(agree_everywhere(&harness, &approval).await);
    }
    let approved = outcomes.iter().filter(|outcome| **outcome == Status::Approved).count();
    assert!((1..12).contains(&approved), "both verdicts win now and then, or the test shows nothing: {outcomes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_pressing_at_once_on_two_platforms_agree_with_the_workflow() {
    for round in 0..10 {
        let harness = Harness::with_rules(CROWD).await;
        let approval = harness.ask().await;
        let link = harness.link("linus");
        let press = harness.press("grace", &approval, "approve", None);
        let post = harness.post(&link, "reject", "no");
        let (status, page) = if round % 2 == 0 {
            let (status, page) = futures::join!(press, post);
            (status, page)
        } else {
            let (page, status) = futures::join!(post, press);
            (status, page)
        };
        assert_eq!(status, 200);
        let outcome = agree_everywhere(&harness, &approval).await;
        match outcome {
            Status::Approved => assert!(page.status == 409 && page.body.contains("Grace Hopper")),
            _ => {
                assert!(page.status == 200 && page.body.contains("You have rejected this"));
                let whispers = harness.whispers("grace");
                assert!(whispers[0].contains("Linus Pauling"), "{whispers:?}");
            }
        }
    }
}

#[tokio::test]
async fn approving_in_slack_while_the_mail_is_open_leaves_a_page_that_says_so() {
    let harness = Harness::with_rules(CROWD).await;
    let approval = harness.ask().await;
    let link = harness.link("linus");
    let open = harness.browser.get(&link).await.unwrap();
    assert!(open.body.contains("<form"));
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
    let late = harness.post(&link, "reject", "too late").await;
    assert_eq!(late.status, 409);
    assert!(late.body.contains("This was approved by Grace Hopper") && !late.body.contains("<form"));
}
