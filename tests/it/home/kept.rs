//! Whose homes are kept up to date, by what, and how often.

use std::collections::BTreeMap;

use countersign_bot::approval::state::Status;
use countersign_bot::flow::deliver::{Delivered, deliver};
use countersign_playground::world::{Messengers, Options};
use countersign_tests::asking;
use jiff::SignedDuration;
use serde_json::json;

use super::{open, press, published, request, says, words};
use crate::support::said::in_slack;
use crate::support::{Harness, RULES, RULES_WITH_TEAMS};

const DAY: i64 = 24 * 3_600;

#[tokio::test]
async fn nobodys_home_is_made_before_they_have_opened_it() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
    harness.deliver().await;
    assert_eq!(published(&harness), 0);
}

#[tokio::test]
async fn it_changes_with_each_thing_that_happens_to_what_is_on_it() {
    let harness = Harness::with_rules(&format!("{RULES_WITH_TEAMS}\nrequired = 2\nself_approval = true")).await;
    for who in ["ada", "grace"] {
        assert!(open(&harness, who).await.contains("Nothing waits for you"));
    }
    let approval = harness.ask().await;
    says(&harness, "grace", approval.id.as_str()).await;
    says(&harness, "ada", "0 of 2 approvals").await;
    harness.press_in_teams("ada", &approval, "approve", &[]).await;
    says(&harness, "grace", "1 of 2 approvals").await;
    press(&harness, "grace", &approval, "approve").await;
    harness.settled(&approval, Status::Approved).await;
    says(&harness, "grace", "Nothing waits for you").await;
    let to_ada = says(&harness, "ada", "Approved by").await;
    assert!(to_ada.contains("Ada Lovelace and Grace Hopper"), "{to_ada}");
}

#[tokio::test]
async fn whoever_stands_in_has_it_on_their_home_until_the_other_is_back() {
    let harness = Harness::with_rules(&format!("{RULES_WITH_TEAMS}\ndelegates = [\"linus\"]")).await;
    open(&harness, "linus").await;
    let approval = harness.ask_for(&request("Deploy")).await;
    harness.deliver().await;
    assert!(!words(&harness, "linus").contains("Deploy"));
    in_slack(&harness, "grace", "away until friday for linus").await;
    says(&harness, "linus", approval.id.as_str()).await;
    in_slack(&harness, "grace", "back").await;
    says(&harness, "linus", "Nothing waits for you").await;
}

#[tokio::test]
async fn whoever_stands_in_sees_there_what_is_asked_and_decided_meanwhile() {
    let harness = Harness::with_rules(&format!("{RULES_WITH_TEAMS}\ndelegates = [\"linus\"]")).await;
    in_slack(&harness, "grace", "away until friday for linus").await;
    open(&harness, "linus").await;
    let approval = harness.ask_for(&request("Deploy")).await;
    says(&harness, "linus", approval.id.as_str()).await;
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
    says(&harness, "linus", "Nothing waits for you").await;
}

#[tokio::test]
async fn a_week_after_it_was_last_opened_nobody_is_looking_any_more() {
    let harness = Harness::start().await;
    open(&harness, "grace").await;
    harness.pass_time(6 * DAY);
    open(&harness, "grace").await;
    let before = published(&harness);
    harness.pass_time(6 * DAY);
    harness.ask().await;
    says(&harness, "grace", "1 request waits for you").await;
    assert!(published(&harness) > before);
    harness.deliver().await;
    let before = published(&harness);
    harness.pass_time(DAY);
    harness.ask_again("1 1").await;
    harness.deliver().await;
    assert_eq!(published(&harness), before);
    assert!(open(&harness, "grace").await.contains("Calculation 1 + 1"), "whoever opens it has it made anew");
}

#[tokio::test]
async fn many_changes_at_once_are_shown_at_once() {
    let options = Options { messengers: Messengers::Absent, ..Options::default() };
    let harness = Harness::with_options(RULES, options, |ports| ports).await;
    open(&harness, "grace").await;
    let before = published(&harness);
    let world = &harness.world;
    let machine = asking::machine(&request("Deploy"));
    let arn = world.engine.load("asks", &machine, &BTreeMap::new()).unwrap();
    for number in 1..=8 {
        world.engine.start_execution(&arn, &format!("run-{number}"), json!({})).unwrap();
        let are_announced = || world.store.count_where(|approval| approval.outbox.is_empty()) == number;
        harness.until("it is announced", |_| are_announced().then_some(())).await;
    }
    harness.deliver().await;
    assert_eq!(published(&harness), before + 1);
    assert!(words(&harness, "grace").contains("8 requests wait for you"), "{}", words(&harness, "grace"));
}

/// Slack takes a hundred a minute in a workspace, whosever they are.
#[tokio::test]
async fn homes_are_shown_no_faster_than_slack_takes_them() {
    let options = Options { messengers: Messengers::Absent, ..Options::default() };
    let harness = Harness::with_options(RULES, options, |ports| ports).await;
    let (slack, queue) = (&harness.world.slack, &harness.world.deliveries);
    for who in ["ada", "grace", "linus"] {
        assert_eq!(slack.open_home(&harness.user(who)).await.unwrap().status, 200);
    }
    for shown in 1..=3 {
        let handed_out = queue.try_next().expect("a home is to be made");
        let made = deliver(&harness.world.bot().app, &handed_out.received).await;
        assert_eq!(made, Delivered::Yes { rest: SignedDuration::from_secs(60) / 100 });
        assert!(published(&harness) == shown && queue.try_next().is_none(), "the next waits as long as that rests");
        queue.delete(&handed_out.receipt);
    }
    assert!(queue.try_next().is_none());
}
