//! What waits for a person, and what they have asked for.

use countersign_bot::approval::ids::PersonId;
use countersign_bot::approval::policy::Person;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::flow::listing::{self, LISTED_MAX};
use countersign_bot::net::deadline::Deadline;
use std::time::Duration;

use crate::support::Harness;

const RULES: &str = "approvers = [\"finance\"]\nrequired = 2\nself_approval = true\nslack_channel = \"C0FINANCE\"";

fn person(harness: &Harness, key: &str) -> Person {
    harness.world.bot().app.policy.people[&PersonId::parse(key).unwrap()].clone()
}

fn titles(approvals: Vec<Approval>) -> Vec<String> {
    approvals.into_iter().map(|approval| approval.request.title.replace("Calculation ", "")).collect()
}

async fn waiting_for(harness: &Harness, who: &str) -> Vec<String> {
    let deadline = Deadline::after(Duration::from_secs(10));
    titles(listing::waiting_for(&harness.world.bot().app, &person(harness, who), deadline).await.unwrap())
}

async fn raised_by(harness: &Harness, who: &str) -> Vec<String> {
    let deadline = Deadline::after(Duration::from_secs(10));
    titles(listing::raised_by(&harness.world.bot().app, &person(harness, who), deadline).await.unwrap())
}

#[tokio::test]
async fn what_waits_for_a_person_is_what_they_may_decide_and_have_not() {
    let harness = Harness::with_rules(RULES).await;
    let first = harness.ask_again("1 1").await;
    harness.pass_time(1);
    let second = harness.ask_again("2 2").await;
    for who in ["ada", "grace"] {
        assert_eq!(waiting_for(&harness, who).await, ["1 + 1", "2 + 2"], "the soonest deadline first");
    }
    assert!(waiting_for(&harness, "linus").await.is_empty(), "Linus approves nothing");

    harness.press("grace", &first, "approve", None).await;
    assert_eq!(waiting_for(&harness, "grace").await, ["2 + 2"]);
    assert_eq!(waiting_for(&harness, "ada").await, ["1 + 1", "2 + 2"], "it still waits for a second one");
    harness.press("ada", &first, "reject", None).await;
    harness.settled(&first, Status::Rejected).await;
    assert_eq!(waiting_for(&harness, "ada").await, ["2 + 2"]);

    assert_eq!(second.status(), Status::Pending);
    harness.pass_time(600);
    assert!(waiting_for(&harness, "ada").await.is_empty(), "what is too late to decide waits for nobody");
}

#[tokio::test]
async fn ones_own_request_waits_for_others() {
    let harness = Harness::start().await;
    harness.ask().await;
    assert!(waiting_for(&harness, "ada").await.is_empty());
    assert_eq!(waiting_for(&harness, "grace").await, ["125 + 122"]);
}

#[tokio::test]
async fn what_a_person_asked_for_stays_on_the_list_whatever_became_of_it() {
    let harness = Harness::start().await;
    for number in 0..=LISTED_MAX {
        harness.pass_time(1);
        harness.ask_again(&format!("{number} 0")).await;
    }
    let approval = harness.world.store.all().into_iter().next().unwrap();
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
    let listed = raised_by(&harness, "ada").await;
    assert_eq!(listed.len(), LISTED_MAX);
    assert_eq!(listed[..2], ["20 + 0", "19 + 0"], "the newest first");
    assert!(raised_by(&harness, "grace").await.is_empty());
    assert_eq!(waiting_for(&harness, "grace").await.len(), LISTED_MAX, "and twenty still wait for Grace");
}
