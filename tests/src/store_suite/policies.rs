//! The versions of the policy. Each case has a store of its own, since a store has one policy.

use std::sync::Arc;

use countersign_bot::approval::policy_version::{PolicyVersion, TEXT_MAX};
use countersign_bot::ports::Policies;
use futures::future::{BoxFuture, join_all};

use super::after;

/// One case: its name and what it does with a store in which no policy is.
pub type PolicyCase = (&'static str, fn(Arc<dyn Policies>) -> BoxFuture<'static, ()>);

/// All cases.
pub const POLICY_CASES: [PolicyCase; 5] = [
    ("a_version_that_is_pushed_is_in_force_and_read_as_it_was", |store| Box::pin(pushed(store))),
    ("of_two_pushes_on_one_version_the_second_changes_nothing", |store| Box::pin(second(store))),
    ("of_many_pushes_at_one_instant_one_wins", |store| Box::pin(many(store))),
    ("what_was_taken_up_last_stays_noted", |store| Box::pin(taken_up(store))),
    ("the_longest_policy_fits", |store| Box::pin(longest(store))),
];

fn version(number: u32, text: &str) -> PolicyVersion {
    let pushed_by = "arn:aws:sts::123456789012:assumed-role/policy/ada".to_owned();
    PolicyVersion::after(number - 1, text.to_owned(), pushed_by, after(i64::from(number)))
}

async fn pushed(store: Arc<dyn Policies>) {
    assert_eq!(store.current().await.unwrap(), None);
    assert_eq!(store.version(1).await.unwrap(), None);
    assert_eq!(store.versions(10).await.unwrap(), []);
    let versions: Vec<PolicyVersion> = (1..=12).map(|number| version(number, &format!("# {number} ünï\n"))).collect();
    for version in &versions {
        assert!(store.push(version).await.unwrap());
        assert_eq!(store.current().await.unwrap(), Some(version.number));
    }
    for version in &versions {
        assert_eq!(store.version(version.number).await.unwrap().as_ref(), Some(version));
    }
    let newest: Vec<PolicyVersion> = versions.iter().rev().take(3).cloned().collect();
    assert_eq!(store.versions(3).await.unwrap(), newest);
    assert_eq!(store.versions(100).await.unwrap().len(), 12);
}

async fn second(store: Arc<dyn Policies>) {
    let (first, other) = (version(1, "# one\n"), version(1, "# another\n"));
    assert!(store.push(&first).await.unwrap());
    assert!(!store.push(&other).await.unwrap());
    assert!(!store.push(&version(3, "# too far\n")).await.unwrap());
    assert_eq!(store.versions(10).await.unwrap(), [first]);
    assert_eq!(store.current().await.unwrap(), Some(1));
}

async fn taken_up(store: Arc<dyn Policies>) {
    assert_eq!(store.last_taken_up().await.unwrap(), None);
    for (number, last) in [(1, 1), (3, 3), (2, 3), (3, 3)] {
        store.take_up(number).await.unwrap();
        assert_eq!(store.last_taken_up().await.unwrap(), Some(last));
    }
    assert_eq!(
        (store.current().await.unwrap(), store.versions(10).await.unwrap().len()),
        (None, 0),
        "nothing is pushed"
    );
}

async fn many(store: Arc<dyn Policies>) {
    assert!(store.push(&version(1, "# one\n")).await.unwrap());
    let pushes: Vec<PolicyVersion> = (0..8).map(|writer| version(2, &format!("# {writer}\n"))).collect();
    // One that meets another in the middle of its transaction may not say which of them was first.
    let told = join_all(pushes.iter().map(|version| store.push(version))).await;
    let winners: Vec<_> = pushes.iter().zip(told).filter(|(_, told)| matches!(told, Ok(true))).collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(store.version(2).await.unwrap().as_ref(), Some(winners[0].0));
    assert_eq!(store.current().await.unwrap(), Some(2));
}

async fn longest(store: Arc<dyn Policies>) {
    let longest = version(1, &"é".repeat(TEXT_MAX / 2));
    assert!(store.push(&longest).await.unwrap());
    assert_eq!(store.version(1).await.unwrap(), Some(longest));
}
