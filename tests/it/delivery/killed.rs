//! A notifier or a messenger that is killed in the middle of it loses nothing.

use std::sync::{Arc, Mutex};

use countersign_bot::approval::place::Platform;
use countersign_bot::approval::state::Status;
use countersign_bot::flow::deliver::deliver;
use countersign_bot::flow::notify;
use countersign_playground::world::{Messengers, Options};
use serde_json::{Value, json};

use super::{CHANNEL, CONVERSATION, SLACK_ALONE, SLACK_AND_MAIL};
use crate::support::Harness;
use crate::support::faults::{Call, Fault, Faults};

/// A world in which nobody delivers by themselves.
async fn undelivered(rules: &str, faults: &Faults) -> Harness {
    let options = Options { messengers: Messengers::Absent, ..Options::default() };
    Harness::with_options(rules, options, |ports| faults.in_front_of(ports)).await
}

/// A world whose notifier is only invoked by the test, and the input of the task that asks.
async fn asked_by_hand(rules: &str, faults: &Faults) -> (Harness, Value) {
    let harness = undelivered(rules, faults).await;
    let asked = Arc::new(Mutex::new(None));
    let input = asked.clone();
    harness.world.engine.register(
        "notifier",
        Arc::new(move |given| {
            *input.lock().unwrap() = Some(given);
            Box::pin(async { Ok(Value::Null) })
        }),
    );
    harness.world.slack.command(&harness.user("ada"), CHANNEL, "/start", "125 122").await;
    let input = harness.until("the state has asked", |_| asked.lock().unwrap().clone()).await;
    (harness, input)
}

/// The card that nobody has on record is found when somebody presses on it; without that, the place has another one.
#[tokio::test]
async fn a_messenger_that_is_killed_between_post_and_record_leaves_no_place_without_the_record() {
    let rules = format!("{SLACK_AND_MAIL}\nteams_conversation = \"{CONVERSATION}\"");
    for is_pressed in [true, false] {
        let faults = Faults::default();
        let harness = undelivered(&rules, &faults).await;
        harness.world.slack.command(&harness.user("ada"), CHANNEL, "/start", "125 122").await;
        let approval = harness
            .until("it is announced", |world| world.store.all().into_iter().find(|record| record.outbox.is_empty()))
            .await;
        faults.always(Call::Save, Some(Fault::Hangs));
        let begin = |handed_out: countersign_playground::deliveries::HandedOut| {
            let app = harness.world.bot().app.clone();
            tokio::spawn(async move { deliver(&app, &handed_out.received).await })
        };
        let messengers: Vec<_> = std::iter::from_fn(|| harness.world.deliveries.try_next()).map(begin).collect();
        let is_out = |harness: &Harness| {
            let is_out = harness.slack_cards().len() + harness.teams_cards().len() == 2;
            (is_out && harness.mails("grace").len() == 1).then_some(())
        };
        harness.until("everything is out", |_| is_out(&harness)).await;
        for messenger in messengers {
            messenger.abort();
            assert!(messenger.await.unwrap_err().is_cancelled(), "it was killed");
        }
        assert!(harness.record(&approval.id).copies.is_empty(), "nothing is on record");
        faults.recover();
        let (in_slack, in_teams) = (harness.slack_cards().remove(0), harness.teams_cards().remove(0));
        harness.reconcile_for(250).await;
        let record = harness.record(&approval.id);
        assert_eq!(record.copies.len(), 3, "every place has the request: {record:?}");
        if is_pressed {
            harness.world.slack.press(&harness.user("linus"), CHANNEL, &in_slack, "approve", None).await.unwrap();
            harness.world.teams.press(&harness.teams_user("linus"), &in_teams, "approve", &[]).await.unwrap();
        }
        harness.pass_time(600);
        harness.reconcile_for(60).await;
        let record = harness.settled(&approval, Status::Expired).await;
        for copy in record.copies.iter().filter(|copy| copy.message.is_card()) {
            match (copy.message.on(Platform::Slack), copy.message.on(Platform::Teams)) {
                (Some((_, ts)), _) => assert!(!harness.is_open_in_slack(ts)),
                (_, Some((_, id))) => assert!(!harness.is_open_in_teams(id)),
                _ => {}
            }
        }
        let are_closed = !harness.is_open_in_slack(&in_slack) && !harness.is_open_in_teams(&in_teams);
        assert_eq!(are_closed, is_pressed, "a card that nobody has on record is found with a press");
    }
}

#[tokio::test]
async fn a_notifier_that_is_killed_before_anybody_was_told_loses_nothing() {
    let faults = Faults::default();
    let (harness, input) = asked_by_hand(SLACK_AND_MAIL, &faults).await;
    faults.always(Call::Enqueue, Some(Fault::Hangs));
    faults.always(Call::Put, Some(Fault::Hangs));
    let app = harness.world.bot().app.clone();
    let notifier = tokio::spawn(async move { notify::notify(&app, input).await });
    let approval = harness.until("it is on record", |world| world.store.all().pop()).await;
    notifier.abort();
    assert!(notifier.await.unwrap_err().is_cancelled(), "it was killed");
    faults.recover();
    harness.deliver().await;
    assert!(harness.slack_cards().is_empty(), "nobody was told");
    harness.reconcile_for(60).await;
    let record = harness.record(&approval.id);
    assert_eq!((record.copies.len(), record.status()), (2, Status::Pending));
    harness.press("grace", &approval, "approve", None).await;
    harness.deliver().await;
    harness.settled(&approval, Status::Approved).await;
    assert_eq!(harness.events("Approval Requested").len(), 1);
}

/// The input is that of the state; nothing is asked twice.
#[tokio::test]
async fn a_repeated_invocation_tells_whoever_the_first_could_not_tell() {
    let faults = Faults::default();
    let (harness, input) = asked_by_hand(SLACK_ALONE, &faults).await;
    faults.next(Call::Enqueue, Fault::Refused);
    for count in [0, 1, 1] {
        let answer = notify::notify(&harness.world.bot().app, input.clone()).await.unwrap();
        assert_eq!(answer, json!({ "approvalId": harness.world.store.all()[0].id }));
        harness.deliver().await;
        assert_eq!(harness.slack_cards().len(), count);
    }
}
