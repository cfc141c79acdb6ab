//! A burst of requests to one channel: the cards go out one after the other, as fast as the platform takes them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign_bot::approval::ids::{ApprovalId, ExecutionArn};
use countersign_bot::approval::place::{Destination, Platform};
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::flow::notify;
use countersign_bot::ports::Store;
use countersign_playground::engine::FunctionError;
use countersign_playground::fakes::{Fault as SlackFault, SlackMessage};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::faults::{Call, Fault, Faults};
use crate::support::{Harness, RULES, RULES_WITH_TEAMS, card_of, shown, unsent};

const CHANNEL: &str = "C0FINANCE";
const CHAT_ONLY: &str = "approvers = [\"finance\"]\nslack_channel = \"C0FINANCE\"\nemail = \"never\"";
const FALLBACK: &str = "approvers = [\"finance\"]\nslack_channel = \"C0FINANCE\"\nemail = \"fallback\"";
const BURST: usize = 500;

/// A world whose notifier is counted when it returns, so that a test knows when nothing more is to come.
struct Burst {
    harness: Harness,
    returned: Arc<AtomicUsize>,
}

impl Burst {
    async fn with_rules(rules: &str) -> Self {
        Self::of(Harness::with_rules(rules).await)
    }

    fn of(harness: Harness) -> Self {
        let (app, returned) = (harness.world.bot.app.clone(), Arc::new(AtomicUsize::new(0)));
        let (changes, count) = (harness.world.changes.clone(), returned.clone());
        harness.world.engine.register(
            "notifier",
            Arc::new(move |input| {
                let (app, changes, count) = (app.clone(), changes.clone(), count.clone());
                Box::pin(async move {
                    let result = notify::notify(&app, input).await;
                    count.fetch_add(1, Ordering::Relaxed);
                    changes.note();
                    result.map_err(|error| FunctionError {
                        error_type: error.name().to_owned(),
                        message: error.to_string(),
                    })
                })
            }),
        );
        Self { harness, returned }
    }

    /// Starts a calculation and returns its approval once it is on record; its card may have to wait.
    async fn raise(&self, number: usize) -> ApprovalId {
        let (name, input) = (format!("burst-{number}"), json!({ "x": number, "y": 0 }));
        self.start(&self.harness.world.state_machine_arn, &name, input).await
    }

    async fn start(&self, machine: &str, name: &str, input: Value) -> ApprovalId {
        let world = &self.harness.world;
        let before = world.store.count();
        let arn = world.engine.start_execution(machine, name, input).unwrap().execution_arn;
        self.harness.until("the request is on record", |world| (world.store.count() > before).then_some(())).await;
        let arn = ExecutionArn::parse(&arn).unwrap();
        world.store.of_execution(&arn).await.unwrap().remove(0)
    }

    /// Waits until so many invocations of the notifier have returned, and makes sure that no more have.
    async fn returned(&self, count: usize) {
        let returned = || self.returned.load(Ordering::Relaxed);
        self.harness.until("the notifier has returned", |_| (returned() >= count).then_some(())).await;
        assert_eq!(returned(), count);
    }

    /// Waits until so many messages are in the channel, and makes sure that no more are.
    async fn posted(&self, count: usize) {
        let posted = |slack: &countersign_playground::fakes::FakeSlack| slack.message_count(CHANNEL);
        self.harness.until("the card is out", |world| (posted(&world.slack) >= count).then_some(())).await;
        assert_eq!(posted(&self.harness.world.slack), count);
    }

    /// Waits until so many requests are on the bus.
    async fn requested(&self, count: usize) {
        let requested = || self.harness.events("Approval Requested").len() == count;
        self.harness.until("the request is broadcast", |_| requested().then_some(())).await;
    }

    async fn status(&self, id: &ApprovalId, status: Status) -> Approval {
        let look = || Some(self.harness.record(id)).filter(|record| record.status() == status);
        self.harness.until("the approval has this status", |_| look()).await
    }

    fn cards(&self) -> Vec<SlackMessage> {
        self.harness.world.slack.messages(CHANNEL)
    }

    /// Raises an approval that waits for so many seconds.
    async fn raise_for(&self, seconds: i64) -> ApprovalId {
        let world = &self.harness.world;
        let state = json!({
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": true,
            "Parameters": { "FunctionName": "notifier", "Payload": {
                "taskToken.$": "$$.Task.Token", "executionArn.$": "$$.Execution.Id",
                "stateEnteredAt.$": "$$.State.EnteredTime", "timeoutSeconds": seconds,
                "approval": { "policy": "calculation", "title": "Ship it" }
            } }
        });
        let machine = json!({ "StartAt": "Ask", "States": { "Ask": state } }).to_string();
        let arn = world.engine.load("asks", &machine, &BTreeMap::new()).unwrap();
        self.start(&arn, "run", json!({})).await
    }

    /// Others take turns until one would come later than this many seconds from now.
    async fn fill_lane(&self, seconds: i64) {
        let now = self.harness.now();
        let last = now + SignedDuration::from_secs(seconds);
        let spacing = SignedDuration::from_secs(1);
        while self.harness.world.store.take_turn("slack:C0FINANCE", now, spacing, last).await.unwrap().is_some() {}
    }
}

/// The time in a timestamp of Slack, in microseconds.
fn microseconds(ts: &str) -> i64 {
    ts.replace('.', "").parse().unwrap()
}

#[tokio::test]
async fn five_hundred_requests_go_out_in_order_one_a_second_and_none_is_lost() {
    let burst = Burst::with_rules(CHAT_ONLY).await;
    let slack = &burst.harness.world.slack;
    slack.enforce_rate_limit(true);
    let mut raised = Vec::new();
    for number in 0..BURST {
        raised.push(burst.raise(number).await);
    }
    for out in 1..=BURST {
        burst.posted(out).await;
        burst.harness.pass_time(1);
    }
    burst.returned(BURST).await;

    let cards = burst.cards();
    for (number, card) in cards.iter().enumerate() {
        assert!(shown(card).contains(&format!("Calculation {number} + 0")), "{number}: {}", shown(card));
    }
    let apart = cards.windows(2).map(|pair| microseconds(&pair[1].ts) - microseconds(&pair[0].ts));
    assert!(apart.into_iter().all(|apart| apart >= 1_000_000), "no two within a second");
    let calls = slack.calls().into_iter().filter(|(method, _)| method == "chat.postMessage");
    assert_eq!(calls.count(), BURST, "none was refused and posted again");
    let records = burst.harness.world.store.all();
    let by_id = |id: &ApprovalId| records.iter().find(|record| record.id == *id).unwrap();
    for (id, card) in raised.iter().zip(&cards) {
        let record = by_id(id);
        assert_eq!((record.status(), record.copies.len(), record.missing.len()), (Status::Pending, 1, 0));
        assert_eq!(card_of(record).1, card.ts);
        assert!(!record.is_unfinished());
    }
}

#[tokio::test]
async fn a_request_can_be_decided_by_mail_while_its_card_waits_and_then_none_goes_out() {
    let burst = Burst::with_rules(RULES).await;
    burst.raise(0).await;
    burst.returned(1).await;
    let waiting = burst.raise(1).await;
    burst.requested(2).await;
    assert_eq!(burst.harness.record(&waiting).copies.len(), 2, "the mails do not wait");
    let link = burst.harness.mails("grace")[1].link().unwrap();
    burst.harness.post(&link, "approve", "").await;
    burst.status(&waiting, Status::Approved).await;
    burst.returned(1).await;
    burst.harness.pass_time(1);
    burst.returned(2).await;
    burst.posted(1).await;
    let record = burst.status(&waiting, Status::Approved).await;
    assert!(record.copies.iter().all(|copy| !copy.message.is_card()) && unsent(&record).is_empty());
}

#[tokio::test]
async fn a_request_that_is_aborted_while_its_card_waits_gets_none_and_is_not_given_up() {
    for rules in [CHAT_ONLY, FALLBACK] {
        let burst = Burst::with_rules(rules).await;
        burst.raise(0).await;
        burst.returned(1).await;
        let waiting = burst.raise(1).await;
        burst.requested(2).await;
        let record = burst.status(&waiting, Status::Pending).await;
        assert!(record.copies.is_empty(), "it waits, and is not given up for having reached nobody yet");
        burst.harness.world.engine.stop_execution(record.request.execution.as_str(), "Stopped", "by hand").unwrap();
        burst.status(&waiting, Status::Cancelled).await;
        burst.harness.pass_time(1);
        burst.returned(2).await;
        burst.posted(1).await;
        let record = burst.status(&waiting, Status::Cancelled).await;
        assert!(record.copies.is_empty() && unsent(&record).is_empty());
        assert!(burst.harness.mails("grace").is_empty(), "there is nothing to fall back for");
    }
}

#[tokio::test]
async fn a_request_that_reaches_nobody_in_its_turn_is_given_up_and_says_why() {
    let burst = Burst::with_rules(RULES).await;
    burst.raise(0).await;
    burst.returned(1).await;
    burst.harness.world.mailbox.fail_always(Some("MessageRejected"));
    let waiting = burst.raise(1).await;
    burst.requested(2).await;
    assert_eq!(burst.harness.record(&waiting).status(), Status::Pending);
    let refused = SlackFault::NotOk("msg_too_long".to_owned());
    burst.harness.world.slack.fail_always("chat.postMessage", Some(refused));
    burst.harness.pass_time(1);
    burst.returned(2).await;
    let record = burst.status(&waiting, Status::Undeliverable).await;
    let arn = record.request.execution.as_str();
    let ended = || burst.harness.world.engine.describe_execution(arn)?.cause;
    let cause = burst.harness.until("the execution has failed", |_| ended()).await;
    assert!(cause.contains("msg_too_long") && cause.contains("MessageRejected"), "{cause}");
}

#[tokio::test]
async fn without_a_lane_the_cards_go_out_at_once() {
    let faults = Faults::default();
    let burst = Burst::of(Harness::with(CHAT_ONLY, |ports| faults.in_front_of(ports)).await);
    faults.always(Call::TakeTurn, Some(Fault::Refused));
    for number in 0..3 {
        burst.raise(number).await;
    }
    burst.returned(3).await;
    burst.posted(3).await;
}

#[tokio::test]
async fn a_card_goes_out_although_the_record_cannot_be_read_again() {
    let faults = Faults::default();
    let burst = Burst::of(Harness::with(CHAT_ONLY, |ports| faults.in_front_of(ports)).await);
    burst.raise(0).await;
    burst.returned(1).await;
    let waiting = burst.raise(1).await;
    burst.requested(2).await;
    faults.next(Call::Load, Fault::Refused);
    burst.harness.pass_time(1);
    burst.returned(2).await;
    burst.posted(2).await;
    assert_eq!(burst.harness.record(&waiting).copies.len(), 1);
}

#[tokio::test]
async fn a_card_whose_turn_comes_too_late_is_left_to_the_reconciler() {
    let burst = Burst::with_rules(CHAT_ONLY).await;
    burst.harness.world.slack.enforce_rate_limit(true);
    burst.fill_lane(600).await;
    let id = burst.raise_for(3_600).await;
    burst.returned(1).await;
    let record = burst.status(&id, Status::Pending).await;
    assert_eq!((record.copies.len(), unsent(&record)), (0, vec![Destination::Chat(Platform::Slack)]));
    burst.harness.pass_time(300);
    burst.harness.reconcile().await;
    burst.posted(0).await;
    burst.harness.pass_time(301);
    burst.harness.reconcile().await;
    burst.posted(1).await;
    assert!(!burst.harness.record(&id).is_unfinished());
}

/// At the deadline nobody can decide any more, so a card that would come after it is not waited for.
#[tokio::test]
async fn a_card_whose_turn_comes_after_the_deadline_does_not_wait() {
    let burst = Burst::with_rules(CHAT_ONLY).await;
    burst.fill_lane(60).await;
    let id = burst.raise_for(60).await;
    burst.returned(1).await;
    assert_eq!(unsent(&burst.harness.record(&id)), [Destination::Chat(Platform::Slack)]);
}

#[tokio::test]
async fn mail_takes_the_place_of_a_card_whose_turn_comes_too_late() {
    let burst = Burst::with_rules(FALLBACK).await;
    burst.fill_lane(600).await;
    let id = burst.raise(0).await;
    burst.returned(1).await;
    assert_eq!(burst.harness.mails("grace").len(), 1);
    let record = burst.harness.record(&id);
    assert_eq!((record.status(), unsent(&record)), (Status::Pending, vec![Destination::Chat(Platform::Slack)]));
}

#[tokio::test]
async fn each_chat_has_its_own_pace() {
    let burst = Burst::with_rules(RULES_WITH_TEAMS).await;
    let (slack, teams) = (&burst.harness.world.slack, &burst.harness.world.teams);
    slack.enforce_rate_limit(true);
    teams.enforce_rate_limits(true);
    let in_teams = || teams.messages("19:finance@thread.tacv2").len();
    for number in 0..3 {
        burst.raise(number).await;
    }
    for (in_slack, expected_in_teams) in [(1, 1), (1, 2), (2, 3), (2, 3), (3, 3)] {
        burst.posted(in_slack).await;
        burst.harness.until("the card is in Teams", |_| (in_teams() >= expected_in_teams).then_some(())).await;
        assert_eq!(in_teams(), expected_in_teams);
        let recorded = || burst.harness.world.store.all().iter().map(|record| record.copies.len()).sum::<usize>();
        let expected = in_slack + expected_in_teams + 6;
        burst.harness.until("what is out is on record", |_| (recorded() == expected).then_some(())).await;
        burst.harness.world.clock.advance(SignedDuration::from_millis(500));
    }
    burst.returned(3).await;
    let counts: BTreeSet<_> = burst.harness.world.store.all().iter().map(|record| record.copies.len()).collect();
    assert_eq!(counts, BTreeSet::from([4]), "two cards and two mails each");
}

#[tokio::test]
async fn a_repeated_invocation_finds_the_card_that_has_waited() {
    let burst = Burst::with_rules(CHAT_ONLY).await;
    burst.raise(0).await;
    burst.returned(1).await;
    let waiting = burst.raise(1).await;
    burst.requested(2).await;
    let record = burst.harness.record(&waiting);
    let again = json!({
        "taskToken": record.token.expose(), "executionArn": record.request.execution,
        "stateEnteredAt": record.request.raised_at, "timeoutSeconds": 600,
        "approval": {
            "policy": "calculation", "title": record.request.title, "requestedBy": record.request.requested_by,
            "summary": record.request.summary, "facts": record.request.facts
        }
    });
    let app = burst.harness.world.bot.app.clone();
    let repeated = tokio::spawn(async move { notify::notify(&app, again).await });
    let next: Timestamp = burst.harness.now() + SignedDuration::from_secs(3);
    tokio::task::yield_now().await;
    burst.harness.pass_time(1);
    burst.returned(2).await;
    while burst.harness.now() < next {
        burst.harness.pass_time(1);
    }
    assert_eq!(repeated.await.unwrap().unwrap(), json!({ "approvalId": waiting }));
    burst.posted(2).await;
    assert_eq!(burst.harness.record(&waiting).copies.len(), 1);
}
