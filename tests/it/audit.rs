//! The audit trail: what happened to an approval, in the order in which it happened, and nothing that it must not hold.

use std::collections::BTreeSet;

use countersign_bot::approval::audit::{Callback, Entry, Fate, Found, Reason, What, verify};
use countersign_bot::approval::delegation::SAID_MAX;
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::{Status, Verdict};
use countersign_bot::approval::transitions::journal::ATTEMPTS_KEPT;
use countersign_playground::fakes::Fault as SlackFault;

use crate::support::faults::{Call, Fault, Faults};
use crate::support::said::in_slack;
use crate::support::{Harness, RULES};

/// The whole trail, which fits the record.
async fn trail(harness: &Harness, approval: &Approval) -> Vec<Entry> {
    let entries = harness.world.bot().app.ports.store.history(&approval.id).await.unwrap();
    assert_eq!(verify(&approval.id, &entries, &harness.record(&approval.id).audit), Ok(()));
    entries
}

/// The kinds of all entries, in order.
async fn kinds(harness: &Harness, approval: &Approval) -> Vec<String> {
    let kind = |entry: Entry| serde_json::to_value(entry.what).unwrap()["kind"].as_str().unwrap().to_owned();
    trail(harness, approval).await.into_iter().map(kind).collect()
}

/// Who was refused, and why.
async fn refusals(harness: &Harness, approval: &Approval) -> Vec<(String, Reason)> {
    let refused = |entry: Entry| match entry.what {
        What::Refused { who, reason, .. } => Some((who.name, reason)),
        _ => None,
    };
    trail(harness, approval).await.into_iter().filter_map(refused).collect()
}

async fn faulty() -> (Harness, Faults) {
    let faults = Faults::default();
    let in_front = faults.clone();
    let harness = Harness::with(RULES, move |ports| in_front.in_front_of(ports)).await;
    (harness, faults)
}

#[tokio::test]
async fn a_run_can_be_read_from_its_beginning_to_its_end() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    harness.press("linus", &approval, "approve", None).await;
    harness.press("grace", &approval, "approve", Some("as agreed")).await;
    harness.settled(&approval, Status::Approved).await;
    // The card has no buttons any more, and the link in the mail is still there.
    harness.post(&harness.link("grace"), "reject", "too late").await;

    let kinds = kinds(&harness, &approval).await;
    assert_eq!(kinds[0], "raised");
    // The bus and the places are told side by side.
    let mut told = kinds[1..4].to_vec();
    told.sort();
    assert_eq!(told, ["broadcast", "delivered", "delivered"]);
    assert_eq!(kinds[4..9], ["refused", "voted", "decided", "callbackAccepted", "resolved"]);
    for kind in ["broadcast", "updated", "refused"] {
        assert!(kinds[9..].iter().any(|told| told == kind), "{kind} in {kinds:?}");
    }

    let entries = trail(&harness, &approval).await;
    let What::Raised { policy, requester, approvers, .. } = &entries[0].what else { panic!("{:?}", entries[0]) };
    assert_eq!((policy.as_str(), requester.as_ref().unwrap().name.as_str()), ("calculation", "Ada Lovelace"));
    assert_eq!(
        approvers.iter().map(|person| person.as_str()).collect::<Vec<_>>(),
        ["grace"],
        "Ada asks, so she may not"
    );
    let delivered = entries.iter().filter_map(|entry| match &entry.what {
        What::Delivered { places } => Some(places.clone()),
        _ => None,
    });
    let places: BTreeSet<_> =
        delivered.flatten().map(|place| (place.platform, place.target.unwrap_or_default())).collect();
    assert_eq!(places, [(Platform::Slack, "C0FINANCE".to_owned()), (Platform::Email, "grace".to_owned())].into());
    let What::Voted { who, platform, verdict, comment, .. } = &entries[5].what else { panic!("{:?}", entries[5]) };
    assert_eq!((who.name.as_str(), comment.as_deref()), ("Grace Hopper", Some("as agreed")));
    assert_eq!((*platform, *verdict, entries[5].at), (Platform::Slack, Verdict::Approve, harness.now()));
    assert_eq!(
        refusals(&harness, &approval).await,
        [("Linus Pauling".to_owned(), Reason::NotAnApprover), ("Grace Hopper".to_owned(), Reason::AlreadyDecided)]
    );
}

#[tokio::test]
async fn a_request_that_did_not_get_everywhere_says_where_and_why() {
    let harness = Harness::start().await;
    harness.world.slack.fail_next("chat.postMessage", SlackFault::NotOk("invalid_blocks".to_owned()));
    let approval = harness.ask().await;
    let entries = trail(&harness, &approval).await;
    let failures = entries.iter().find_map(|entry| match &entry.what {
        What::Undelivered { failures } => Some(failures.clone()),
        _ => None,
    });
    let failures = failures.expect("it is told");
    let [failure] = failures.as_slice() else { panic!("{failures:?}") };
    assert_eq!((failure.place.platform, failure.place.target.as_deref()), (Platform::Slack, Some("C0FINANCE")));
    assert!(failure.problem.contains("invalid_blocks") && !failure.again, "{failure:?}");
}

#[tokio::test]
async fn what_went_out_is_told_once_though_the_answer_of_the_store_was_lost() {
    let (harness, faults) = faulty().await;
    faults.next(Call::Save, Fault::AnswerLost);
    harness.world.slack.fail_next("chat.postMessage", SlackFault::NotOk("invalid_blocks".to_owned()));
    let approval = harness.ask().await;
    let kinds = kinds(&harness, &approval).await;
    for kind in ["delivered", "undelivered"] {
        assert_eq!(kinds.iter().filter(|told| *told == kind).count(), 1, "{kinds:?}");
    }
    assert_eq!(kinds.iter().filter(|kind| kind.ends_with("delivered")).count(), 2, "{kinds:?}");
}

#[tokio::test]
async fn a_callback_that_came_too_late_tells_what_step_functions_said() {
    let (harness, faults) = faulty().await;
    let approval = harness.ask().await;
    harness.pass_time(599);
    faults.next(Call::Callback, Fault::Refused);
    harness.press("grace", &approval, "approve", None).await;
    harness.pass_time(20);
    harness.reconcile().await;
    harness.settled(&approval, Status::Expired).await;
    let entries = trail(&harness, &approval).await;
    let closed = entries.iter().position(|entry| matches!(entry.what, What::CallbackClosed { .. })).unwrap();
    let What::CallbackClosed { callback, found: Found { task, .. } } = &entries[closed].what else { unreachable!() };
    assert_eq!((*callback, task), (Callback::Approved, &Fate::TimedOut));
    assert!(matches!(entries[closed + 1].what, What::Resolved { status: Status::Expired, .. }));
    assert!(!entries.iter().any(|entry| matches!(entry.what, What::CallbackAccepted { .. })));
}

#[tokio::test]
async fn a_wait_that_ran_out_tells_that_it_was_looked_up() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    harness.pass_time(600);
    harness.reconcile().await;
    harness.settled(&approval, Status::Expired).await;
    harness.post(&harness.link("grace"), "approve", "").await;
    let kinds = kinds(&harness, &approval).await;
    let looked_up = kinds.iter().position(|kind| kind == "lookedUp").unwrap();
    assert_eq!(kinds[looked_up + 1], "resolved");
    assert_eq!(refusals(&harness, &approval).await, [("Grace Hopper".to_owned(), Reason::Closed)]);
}

#[tokio::test]
async fn an_attempt_that_cannot_be_noted_is_answered_all_the_same() {
    for fault in [Fault::Refused, Fault::AnswerLost, Fault::Hangs] {
        let (harness, faults) = faulty().await;
        let approval = harness.ask().await;
        faults.always(Call::Save, Some(fault));
        let began = tokio::time::Instant::now();
        harness.press("linus", &approval, "approve", None).await;
        assert!(began.elapsed().as_millis() < 3_000, "Slack waits for three seconds");
        let whispers = harness.whispers("linus");
        assert!(whispers[0].contains("Grace Hopper"), "Linus hears who may decide: {whispers:?}");
        faults.always(Call::Save, None);
        let noted = refusals(&harness, &approval).await.len();
        assert_eq!(noted, usize::from(fault == Fault::AnswerLost));
        harness.press("grace", &approval, "approve", None).await;
        harness.settled(&approval, Status::Approved).await;
    }
}

#[tokio::test]
async fn whoever_presses_for_ever_does_not_fill_the_trail() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    for _ in 0..ATTEMPTS_KEPT + 5 {
        harness.press("linus", &approval, "approve", None).await;
    }
    assert_eq!(refusals(&harness, &approval).await.len(), ATTEMPTS_KEPT as usize);
    assert_eq!(harness.record(&approval.id).refused, ATTEMPTS_KEPT + 5, "all are counted");
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
    assert!(kinds(&harness, &approval).await.contains(&"resolved".to_owned()));
}

#[tokio::test]
async fn so_many_changes_of_who_stands_in_are_in_the_trail_and_no_more() {
    let harness = Harness::with_timeout(&format!("{RULES}\ndelegates = [\"linus\"]"), 86_400).await;
    let approval = harness.ask().await;
    let hours = ATTEMPTS_KEPT.div_ceil(2 * SAID_MAX) + 1;
    for _ in 0..hours {
        for _ in 0..SAID_MAX {
            in_slack(&harness, "grace", "away until friday for linus").await;
            in_slack(&harness, "grace", "back").await;
        }
        harness.pass_time(3_600);
    }
    in_slack(&harness, "grace", "away until friday for linus").await;
    let changes = kinds(&harness, &approval).await.into_iter().filter(|kind| kind == "standIns").count();
    assert_eq!(changes, ATTEMPTS_KEPT as usize);
    assert_eq!(harness.record(&approval.id).stand_ins_changed, hours * 2 * SAID_MAX + 1, "all are counted");
    harness.press("linus", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
    let is_for_grace = |entry: &Entry| matches!(&entry.what, What::Voted { stands_for, .. } if stands_for.len() == 1);
    assert!(trail(&harness, &approval).await.iter().any(is_for_grace), "the vote says for whom it is");
}

#[tokio::test]
async fn nothing_in_a_trail_is_a_secret_or_an_address() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    let link = harness.link("grace");
    harness.post(&link, "approve", "fine").await;
    harness.settled(&approval, Status::Approved).await;
    let text = serde_json::to_string(&trail(&harness, &approval).await).unwrap();
    assert!(text.contains("Grace Hopper") && text.contains("fine"));
    let key = link.split("?k=").nth(1).unwrap();
    for secret in [approval.token.expose(), key, "@example.com", "xoxb-", "U0GRACE"] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}
