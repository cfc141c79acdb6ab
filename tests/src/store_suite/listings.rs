//! What waits under a policy, and what a person has asked for.

use std::sync::Arc;

use countersign_bot::approval::break_glass::{Acknowledgement, BrokenGlass, Told};
use countersign_bot::approval::ids::PersonId;
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::policy::Person;
use countersign_bot::approval::policy_file;
use countersign_bot::approval::record::{Approval, Vote};
use countersign_bot::approval::request;
use countersign_bot::approval::state::{Ending, Intent, Outcome, State, Verdict};
use countersign_bot::ports::{Saved, Store, Waiting};
use jiff::Timestamp;
use serde_json::json;

use super::{after, assert_same, plain, recorded, unique, vote};

/// An approval under a policy, and for a person, that no other case knows.
fn listed(name: &str, raised_after: i64, waits_for: i64) -> Approval {
    let people = format!(
        "[people.{name}]\nname = \"Nobody else\"\n[people.boss]\nname = \"Boss\"\nemail = \"boss@example.com\"\n"
    );
    let rules = format!("[policies.{name}]\napprovers = [\"boss\"]\nslack_channel = \"C1\"\n");
    let policy = policy_file::read(&format!("{people}{rules}")).unwrap();
    let unique = unique();
    let input = json!({
        "taskToken": format!("token-{unique}"),
        "executionArn": format!("arn:aws:states:eu-west-1:123456789012:execution:suite:{unique}"),
        "stateEnteredAt": after(raised_after),
        "timeoutSeconds": waits_for,
        "approval": { "policy": name, "title": "Pay", "requestedBy": name },
    });
    Approval::raise(request::read(input, &policy, after(raised_after)).unwrap())
}

pub(super) async fn waiting(store: Arc<dyn Store>) {
    let (name, other) = (format!("p{}", unique()), format!("p{}", unique()));
    let mut expected = Vec::new();
    // The one that was raised last waits the shortest.
    for number in 0..30 {
        let approval = recorded(&store, listed(&name, number, 1_000 - 20 * number)).await;
        expected.push(Waiting { deadline: approval.request.deadline, id: approval.id });
    }
    expected.sort();
    recorded(&store, listed(&other, 0, 10)).await;
    let waiting = |now: Timestamp, limit: usize| {
        let (store, name) = (store.clone(), name.clone());
        async move { store.waiting(&name, now, limit).await.unwrap() }
    };
    assert_eq!(waiting(after(0), 100).await, expected);
    assert_eq!(waiting(after(0), 7).await, expected[..7]);
    assert_eq!(waiting(expected[3].deadline, 100).await, expected[4..], "what is over waits for nobody");

    let endings = [
        State::Resolving(Ending { intent: Intent::Approve, at: after(1) }),
        State::Resolving(Ending { intent: Intent::Reject, at: after(1) }),
    ];
    for (ending, waiting) in endings.into_iter().zip(&expected) {
        let mut decided = store.load(&waiting.id).await.unwrap().unwrap();
        decided.state = ending;
        store.save(decided).await.unwrap();
    }
    let mut voted = store.load(&expected[2].id).await.unwrap().unwrap();
    voted.votes.push(vote(&voted, 0, "yes"));
    store.save(voted).await.unwrap();
    assert_eq!(waiting(after(0), 100).await, expected[2..]);
}

pub(super) async fn unacknowledged(store: Arc<dyn Store>) {
    let (name, other) = (format!("p{}", unique()), format!("p{}", unique()));
    let broken = |name: &str, seconds: i64| {
        let mut approval = listed(name, 0, 600);
        let alone = vote(&approval, 0, "the shop is down");
        approval.votes.push(Vote { verdict: Verdict::BreakGlass, at: after(seconds), ..alone });
        approval.broken_glass = Some(BrokenGlass::default());
        approval
            .rules
            .approvers
            .push(Person { id: PersonId::parse("other").unwrap(), ..approval.rules.approvers[0].clone() });
        approval.resolve(Outcome::Approved, after(seconds));
        approval
    };
    let mut expected = Vec::new();
    for seconds in 1..20 {
        expected.push(recorded(&store, broken(&name, seconds)).await.id);
    }
    recorded(&store, broken(&other, 1)).await;
    recorded(&store, listed(&name, 0, 600)).await;
    assert_eq!(store.unacknowledged(&name, 100).await.unwrap(), expected);
    assert_eq!(store.unacknowledged(&name, 3).await.unwrap(), expected[..3]);
    assert_eq!(store.waiting(&name, after(0), 100).await.unwrap().len(), 1, "nobody is to decide on those");
    let mut acknowledged = store.load(&expected[0]).await.unwrap().unwrap();
    let told = Told { at: after(30), after_ends: 1 };
    let (person, name_of) = (PersonId::parse("other").unwrap(), "Other".to_owned());
    let by = Acknowledgement { person, name: name_of, platform: Platform::Teams, told };
    acknowledged.broken_glass = Some(BrokenGlass { reminders: vec![told], acknowledged: Some(by) });
    let Ok(Saved::Done(saved)) = store.save(acknowledged).await else { panic!("nobody else was there") };
    assert_same(&store.load(&expected[0]).await.unwrap().unwrap(), &saved);
    assert_eq!(store.unacknowledged(&name, 100).await.unwrap(), expected[1..]);
}

pub(super) async fn raised_by(store: Arc<dyn Store>) {
    let (name, other) = (format!("p{}", unique()), format!("p{}", unique()));
    let mut expected = Vec::new();
    for number in 0..30 {
        expected.insert(0, recorded(&store, listed(&name, number, 600)).await.id);
    }
    recorded(&store, listed(&other, 100, 600)).await;
    recorded(&store, plain(None)).await;
    let person = PersonId::parse(&name).unwrap();
    assert_eq!(store.raised_by(&person, 100).await.unwrap(), expected);
    let mut ended = store.load(&expected[1]).await.unwrap().unwrap();
    ended.resolve(Outcome::Approved, after(60));
    store.save(ended).await.unwrap();
    assert_eq!(store.raised_by(&person, 3).await.unwrap(), expected[..3], "whatever became of it");
}
