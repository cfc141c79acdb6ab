//! How a store behaves: one suite, run against the store in memory and the one in DynamoDB alike.
//!
//! Every case makes approvals of its own, so all of them can run on one table at the same time.

mod delegations;
mod homes;
mod listings;
mod policies;
mod runs;
mod trail;

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_bot::approval::event::Event;
use countersign_bot::approval::ids::{ApprovalId, ExecutionArn};
use countersign_bot::approval::look_up::Attempt;
use countersign_bot::approval::place::{MessageRef, Platform};
use countersign_bot::approval::policy::Policy;
use countersign_bot::approval::record::{Approval, Call, CallKind, Vote};
use countersign_bot::approval::state::{Outcome, Verdict};
use countersign_bot::approval::{policy_file, request};
use countersign_bot::ports::{Raised, Saved, Store};
use futures::future::{BoxFuture, join_all};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub use self::policies::{POLICY_CASES, PolicyCase};

/// One case: its name and what it does with a store.
pub type Case = (&'static str, fn(Arc<dyn Store>) -> BoxFuture<'static, ()>);

/// All cases.
pub const CASES: [Case; 20] = [
    ("what_is_raised_is_loaded_as_it_was", |store| Box::pin(raised(store))),
    ("a_task_that_is_delivered_twice_raises_one_approval", |store| Box::pin(raised_twice(store))),
    ("of_two_writers_one_wins_and_the_other_is_shown_the_winner", |store| Box::pin(two_writers(store))),
    ("of_many_writers_at_one_instant_one_wins", |store| Box::pin(many_writers(store))),
    ("what_is_due_comes_first_things_first_and_what_is_done_not_at_all", |store| Box::pin(due(store))),
    ("an_execution_knows_its_approvals_and_no_others", |store| Box::pin(of_execution(store))),
    ("the_largest_request_and_everything_said_about_it_fits", |store| Box::pin(largest(store))),
    ("what_happened_is_written_with_the_change_or_not_at_all", |store| Box::pin(trail::audited(store))),
    ("an_entry_that_is_in_the_way_keeps_the_change_from_being_made", |store| Box::pin(trail::in_the_way(store))),
    ("a_change_with_more_entries_than_fit_is_not_made", |store| Box::pin(trail::too_many_entries(store))),
    ("many_writers_make_one_chain", |store| Box::pin(trail::one_chain(store))),
    ("a_change_whose_answer_was_lost_is_not_written_twice", |store| Box::pin(trail::answer_lost(store))),
    ("what_waits_under_a_policy_is_listed_by_deadline_until_it_is_decided", |store| Box::pin(listings::waiting(store))),
    ("what_a_person_asked_for_is_listed_the_newest_first", |store| Box::pin(listings::raised_by(store))),
    ("what_was_approved_alone_is_listed_until_it_is_acknowledged", |store| Box::pin(listings::unacknowledged(store))),
    ("who_stands_in_is_what_was_said_last", |store| Box::pin(delegations::newest(store))),
    ("of_many_things_that_one_person_says_at_one_instant_one_holds", |store| Box::pin(delegations::one_is_next(store))),
    ("a_page_is_written_by_one_and_read_as_it_was", |store| Box::pin(homes::written_by_one(store))),
    ("a_run_is_recorded_once_and_read_as_it_was", |store| Box::pin(runs::recorded_once(store))),
    ("of_many_who_change_a_run_at_one_instant_one_does", |store| Box::pin(runs::one_changes(store))),
];

const RAISED_AT: &str = "2026-11-23T10:00:00Z";

fn policy() -> Policy {
    let person =
        |number: usize| format!("[people.p{number}]\nname = \"Person {number}\"\nemail = \"p{number}@x.org\"\n");
    let people: String = (0..100).map(person).collect();
    let everybody = (0..100).map(|number| format!("\"p{number}\"")).collect::<Vec<_>>().join(", ");
    let rules = "requester = \"optional\"\nslack_channel = \"C1\"\n";
    let few = format!("[policies.few]\napprovers = [\"p0\"]\n{rules}");
    let many = format!("[policies.many]\nrequired = 100\napprovers = [{everybody}]\n{rules}");
    policy_file::read(&format!("{people}{few}{many}")).unwrap()
}

fn unique() -> String {
    format!("{:032x}", fastrand::u128(..))
}

/// An approval that nobody else has, of an execution of its own unless one is given.
fn approval(execution: Option<&ExecutionArn>, asked: Value) -> Approval {
    let unique = unique();
    let own = format!("arn:aws:states:eu-west-1:123456789012:execution:suite:{unique}");
    let input = json!({
        "taskToken": format!("token-{unique}"),
        "executionArn": execution.map_or(own, ToString::to_string),
        "stateEnteredAt": RAISED_AT,
        "timeoutSeconds": 600,
        "approval": asked,
    });
    Approval::raise(request::read(input, &policy(), after(0)).unwrap())
}

fn plain(execution: Option<&ExecutionArn>) -> Approval {
    approval(execution, json!({ "policy": "few", "title": "Pay", "correlation": { "": 1e300, "ünï": [null, true] } }))
}

fn after(seconds: i64) -> Timestamp {
    RAISED_AT.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

fn vote(approval: &Approval, index: usize, comment: &str) -> Vote {
    let person = &approval.rules.approvers[index];
    Vote {
        person: person.id.clone(),
        name: person.name.clone(),
        stands_for: Vec::new(),
        platform: Platform::Slack,
        verdict: Verdict::Approve,
        comment: Some(comment.to_owned()),
        inputs: json!({ "window": "tonight", "note": null, "replicas": 3, "share": 0.25 }).as_object().unwrap().clone(),
        at: after(index.try_into().unwrap()),
        content: approval.content_hash(),
    }
}

#[track_caller]
fn assert_same(one: &Approval, other: &Approval) {
    assert_eq!(one.token.expose(), other.token.expose());
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
}

/// Raises an approval that nobody has raised.
async fn recorded(store: &Arc<dyn Store>, approval: Approval) -> Approval {
    match store.raise(approval).await {
        Ok(Raised::New(recorded)) => *recorded,
        other => panic!("{other:?}"),
    }
}

async fn raised(store: Arc<dyn Store>) {
    let mut approval = plain(None);
    assert!(store.load(&approval.id).await.unwrap().is_none());
    approval.adopt(&MessageRef::Card {
        platform: Platform::Slack,
        conversation: "C1".to_owned(),
        message: "1.0".to_owned(),
    });
    approval.votes.push(vote(&approval, 0, "gut <so> & \"richtig\" ✓"));
    let approval = recorded(&store, approval).await;
    assert_same(&store.load(&approval.id).await.unwrap().unwrap(), &approval);
}

async fn raised_twice(store: Arc<dyn Store>) {
    let asked = plain(None);
    let approval = recorded(&store, asked.clone()).await;
    let Ok(Saved::Done(changed)) = store.save(approval.clone()).await else { panic!("nobody else was there") };
    match store.raise(asked).await {
        Ok(Raised::Existing(existing)) => assert_same(&existing, &changed),
        other => panic!("{other:?}"),
    }
    let unknown = plain(None);
    assert!(store.save(unknown).await.is_err(), "what was never raised cannot be changed");
}

async fn two_writers(store: Arc<dyn Store>) {
    let approval = recorded(&store, plain(None)).await;
    let (mut first, mut second) = (approval.clone(), approval.clone());
    first.resolve(Outcome::Approved, after(10));
    second.resolve(Outcome::Expired, after(10));
    let Ok(Saved::Done(first)) = store.save(first).await else { panic!("nobody else was there") };
    assert_eq!(first.version, approval.version + 1);
    match store.save(second).await {
        Ok(Saved::Conflict(theirs)) => assert_same(&theirs, &first),
        other => panic!("{other:?}"),
    }
    assert_same(&store.load(&approval.id).await.unwrap().unwrap(), &first);
}

async fn many_writers(store: Arc<dyn Store>) {
    let approval = recorded(&store, plain(None)).await;
    let results = join_all((0..20).map(|_| store.save(approval.clone()))).await;
    let winners = results.iter().filter(|saved| matches!(saved, Ok(Saved::Done(_)))).count();
    let losers = results.iter().filter(|saved| matches!(saved, Ok(Saved::Conflict(_)))).count();
    assert_eq!((winners, losers), (1, 19));
}

async fn due(store: Arc<dyn Store>) {
    let mut ids = Vec::new();
    // Long before what the other cases raise, and each a second later than the one before.
    for seconds in 0..40 {
        let mut approval = plain(None);
        approval.leave_to_reconciler(after(seconds - 1_000_000));
        ids.push(recorded(&store, approval).await.id);
    }
    let ours: BTreeSet<&ApprovalId> = ids.iter().collect();
    let at = |seconds: i64| after(seconds + 15 - 1_000_000);
    let due = |now: Timestamp, limit: usize| {
        let (store, ours) = (store.clone(), ours.clone());
        async move {
            let due = store.due(now, limit).await.unwrap();
            due.into_iter().filter(|id| ours.contains(id)).collect::<Vec<_>>()
        }
    };
    assert_eq!(due(at(-1), 100).await, []);
    assert_eq!(due(at(9), 100).await, ids[..10]);
    assert_eq!(due(at(100), 5).await, ids[..5]);
    let mut done = store.load(&ids[0]).await.unwrap().unwrap();
    done.resolve(Outcome::Approved, at(0));
    done.outbox.clear();
    assert_eq!(done.due_at(), None);
    store.save(done).await.unwrap();
    assert_eq!(due(at(9), 100).await, ids[1..10]);
}

async fn of_execution(store: Arc<dyn Store>) {
    let first = recorded(&store, plain(None)).await;
    recorded(&store, plain(None)).await;
    let execution = first.request.execution.clone();
    let mut unproven = BTreeSet::from([first.id.clone()]);
    for _ in 0..3 {
        unproven.insert(recorded(&store, plain(Some(&execution))).await.id);
    }
    let set = |found: Vec<ApprovalId>| found.into_iter().collect::<BTreeSet<_>>();
    assert_eq!(store.of_execution(&execution).await.unwrap(), [], "whoever names it is none of its own for that");
    assert_eq!(set(store.unproven_of(&execution, 100).await.unwrap()), unproven);
    assert_eq!(store.unproven_of(&execution, 2).await.unwrap().len(), 2);
    let mut proven = first;
    proven.attempt = Some(Attempt { entered: 2, scheduled: 3 });
    let Ok(Saved::Done(proven)) = store.save(proven).await else { panic!("nobody else writes") };
    unproven.remove(&proven.id);
    assert_eq!(store.of_execution(&execution).await.unwrap(), [proven.id]);
    assert_eq!(set(store.unproven_of(&execution, 100).await.unwrap()), unproven);
}

/// Everything that a request may hold at its limit, a hundred approvers, and a long comment from each.
async fn largest(store: Arc<dyn Store>) {
    let fact = json!({ "name": "€".repeat(100), "value": "€".repeat(90) });
    let correlation = json!({ "id": "c".repeat(8_000) });
    let largest = approval(
        None,
        json!({
            "policy": "many", "title": "€".repeat(150), "summary": "€".repeat(3_000),
            "facts": vec![fact; 20], "correlation": correlation,
        }),
    );
    let mut largest = recorded(&store, largest).await;
    for index in 0..100 {
        let vote = vote(&largest, index, &"c".repeat(1_000));
        largest.votes.push(vote);
    }
    largest.calls = vec![Call { at: largest.request.raised_at, kind: CallKind::Reminder }; 20];
    largest.reminded = 20;
    // The bus takes events within seconds, so few are waiting at any time.
    largest.outbox = largest.votes.iter().take(3).map(|vote| Event::voted(&largest, vote)).collect();
    let Ok(Saved::Done(saved)) = store.save(largest).await else { panic!("it does not fit") };
    assert_same(&store.load(&saved.id).await.unwrap().unwrap(), &saved);
}
