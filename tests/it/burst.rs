//! A burst of requests to one channel: the cards go out one after the other, as fast as the platform takes them, and
//! nobody but the channel waits.

use countersign_bot::approval::ids::{ApprovalId, ExecutionArn};
use countersign_bot::approval::place::{Destination, Platform};
use countersign_bot::approval::record::{Approval, SentMessage};
use countersign_bot::approval::state::Status;
use countersign_bot::flow::app::Ports;
use countersign_bot::flow::{notify, reconcile};
use countersign_bot::ports::Store;
use countersign_playground::fakes::{Fault as SlackFault, SlackMessage};
use countersign_playground::world::{Messengers, Options};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::faults::{Call, Fault, Faults};
use crate::support::{Harness, RULES, RULES_WITH_TEAMS, card_of, shown, unsent};

const CHANNEL: &str = "C0FINANCE";
const CONVERSATION: &str = "19:finance@thread.tacv2";
const CHAT_ONLY: &str = "approvers = [\"finance\"]\nslack_channel = \"C0FINANCE\"\nemail = \"never\"";
const FALLBACK: &str = "approvers = [\"finance\"]\nslack_channel = \"C0FINANCE\"\nemail = \"fallback\"";
const BURST: usize = 500;

/// A world in which a place rests after each message, on a clock that the test moves.
struct Burst {
    harness: Harness,
}

impl Burst {
    async fn with_rules(rules: &str) -> Self {
        Self::with(rules, |ports| ports).await
    }

    async fn with(rules: &str, between: impl FnOnce(Ports) -> Ports) -> Self {
        let options = Options { messengers: Messengers::Paced, ..Options::default() };
        Self { harness: Harness::with_options(rules, options, between).await }
    }

    /// Starts a calculation and returns its approval once the notifier has done its part; its card may have to wait.
    async fn raise(&self, number: usize) -> ApprovalId {
        let (name, input) = (format!("burst-{number}"), json!({ "x": number, "y": 0 }));
        self.start(&self.harness.world.machines[0].arn, &name, input).await
    }

    async fn start(&self, machine: &str, name: &str, input: Value) -> ApprovalId {
        let world = &self.harness.world;
        let before = world.store.count();
        let arn = world.engine.start_execution(machine, name, input).unwrap().execution_arn;
        self.harness
            .until("the request is announced", |world| {
                let is_announced = world.store.count_where(|approval| approval.outbox.is_empty()) > before;
                is_announced.then_some(())
            })
            .await;
        let arn = ExecutionArn::parse(&arn).unwrap();
        world.store.of_execution(&arn).await.unwrap().remove(0)
    }

    /// Waits until so many messages are in the channel, and makes sure that no more are.
    async fn posted(&self, count: usize) {
        let posted = |slack: &countersign_playground::fakes::FakeSlack| slack.message_count(CHANNEL);
        self.harness.until("the card is out", |world| (posted(&world.slack) >= count).then_some(())).await;
        let is_in_slack = |copy: &SentMessage| copy.message.platform() == Platform::Slack;
        let recorded = |approval: &Approval| approval.copies.iter().any(is_in_slack);
        let is_recorded = || self.harness.world.store.count_where(recorded) >= count;
        self.harness.until("the card is on record", |_| is_recorded().then_some(())).await;
        assert_eq!(posted(&self.harness.world.slack), count);
    }

    async fn status(&self, id: &ApprovalId, status: Status) -> Approval {
        let look = || Some(self.harness.record(id)).filter(|record| record.status() == status);
        self.harness.until("the approval has this status", |_| look()).await
    }

    fn cards(&self) -> Vec<SlackMessage> {
        self.harness.world.slack.messages(CHANNEL)
    }
}

/// The time in a timestamp of Slack, in microseconds.
fn microseconds(ts: &str) -> i64 {
    ts.replace('.', "").parse().unwrap()
}

/// The schedule invokes the reconciler meanwhile, and longer than a request that reaches nobody is tried.
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
        if out % 60 == 0 {
            reconcile::pass(&burst.harness.world.bot().app).await.unwrap();
        }
    }

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
    let waiting = burst.raise(1).await;
    let mail = burst.harness.until("the mails do not wait", |_| burst.harness.mails("grace").into_iter().nth(1)).await;
    burst.harness.post(&mail.link().unwrap(), "approve", "").await;
    burst.status(&waiting, Status::Approved).await;
    for _ in 0..3 {
        burst.harness.pass_time(1);
        burst.posted(1).await;
    }
    let record = burst.status(&waiting, Status::Approved).await;
    assert!(record.copies.iter().all(|copy| !copy.message.is_card()) && unsent(&record).is_empty());
}

#[tokio::test]
async fn a_request_that_is_aborted_while_its_card_waits_gets_none_and_is_not_given_up() {
    for rules in [CHAT_ONLY, FALLBACK] {
        let burst = Burst::with_rules(rules).await;
        burst.raise(0).await;
        let waiting = burst.raise(1).await;
        let record = burst.status(&waiting, Status::Pending).await;
        assert!(record.copies.is_empty(), "it waits, and is not given up for having reached nobody yet");
        burst.harness.world.engine.stop_execution(record.request.execution.as_str(), "Stopped", "by hand").unwrap();
        burst.status(&waiting, Status::Cancelled).await;
        for _ in 0..3 {
            burst.harness.pass_time(1);
            burst.posted(1).await;
        }
        let record = burst.status(&waiting, Status::Cancelled).await;
        assert!(record.copies.is_empty() && unsent(&record).is_empty());
        assert!(burst.harness.mails("grace").is_empty(), "there is nothing to fall back for");
    }
}

#[tokio::test]
async fn a_request_that_reaches_nobody_in_its_turn_is_given_up_and_says_why() {
    let burst = Burst::with_rules(RULES).await;
    burst.raise(0).await;
    burst.posted(1).await;
    burst.harness.until("the mail is out", |_| burst.harness.mails("grace").pop()).await;
    burst.harness.world.mailbox.fail_always(Some("InvalidParameterValue"));
    let waiting = burst.raise(1).await;
    assert_eq!(burst.harness.record(&waiting).status(), Status::Pending);
    let refused = SlackFault::NotOk("msg_too_long".to_owned());
    burst.harness.world.slack.fail_always("chat.postMessage", Some(refused));
    burst.harness.pass_time(1);
    let cause = burst.harness.given_up().await.cause.unwrap();
    assert!(cause.contains("msg_too_long") && cause.contains("InvalidParameterValue"), "{cause}");
    burst.status(&waiting, Status::Undeliverable).await;
}

/// What could not be put into the queue is put there by the reconciler.
#[tokio::test]
async fn without_a_queue_the_requests_are_on_record_and_go_out_when_it_is_back() {
    let faults = Faults::default();
    let burst = Burst::with(CHAT_ONLY, |ports| faults.in_front_of(ports)).await;
    faults.always(Call::Enqueue, Some(Fault::Refused));
    for number in 0..3 {
        burst.raise(number).await;
    }
    burst.posted(0).await;
    faults.recover();
    burst.harness.pass_time(60);
    reconcile::pass(&burst.harness.world.bot().app).await.unwrap();
    for out in 1..=3 {
        burst.posted(out).await;
        burst.harness.pass_time(1);
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_read_makes_its_place_wait_for_a_moment() {
    let faults = Faults::default();
    let burst = Burst::with(CHAT_ONLY, |ports| faults.in_front_of(ports)).await;
    burst.raise(0).await;
    burst.posted(1).await;
    burst.raise(1).await;
    burst.raise(2).await;
    faults.next(Call::Load, Fault::Refused);
    burst.harness.pass_time(1);
    burst
        .harness
        .until("it is put off", |world| (!faults.are_left() && world.deliveries.is_idle()).then_some(()))
        .await;
    for out in 2..=3 {
        burst.harness.pass_time(1);
        burst.posted(out).await;
    }
    let order = burst.cards().iter().map(|card| shown(card).contains("Calculation 1 + 0")).collect::<Vec<_>>();
    assert_eq!(order, [false, true, false], "in order all the same");
}

/// Nobody has refused a request that waits in the queue, so it is not given up; but a mail may stand in for its card.
#[tokio::test]
async fn mail_takes_the_place_of_a_card_that_waits_for_long_and_without_mail_it_goes_on_waiting() {
    for (rules, mails) in [(CHAT_ONLY, 0), (FALLBACK, 1)] {
        let burst = Burst::with_rules(rules).await;
        let before = 330;
        for number in 0..before {
            burst.raise(number).await;
        }
        let last = burst.raise(before).await;
        for out in 1..=before {
            burst.posted(out).await;
            burst.harness.pass_time(1);
            if out % 60 == 0 {
                reconcile::pass(&burst.harness.world.bot().app).await.unwrap();
            }
        }
        burst.posted(before + 1).await;
        assert_eq!(burst.harness.record(&last).status(), Status::Pending);
        let title = format!("Calculation {before} + 0");
        let ours = burst.harness.mails("grace").into_iter().filter(|mail| mail.subject.contains(&title));
        assert_eq!(ours.count(), mails);
    }
}

#[tokio::test]
async fn each_chat_has_its_own_pace() {
    let burst = Burst::with_rules(RULES_WITH_TEAMS).await;
    let (slack, teams) = (&burst.harness.world.slack, &burst.harness.world.teams);
    slack.enforce_rate_limit(true);
    teams.enforce_rate_limits(true);
    let in_teams = || teams.messages(CONVERSATION).len();
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
    let is_everywhere = |approval: &Approval| approval.copies.len() == 4;
    assert_eq!(burst.harness.world.store.count_where(is_everywhere), 3, "two cards and two mails each");
}

/// What Slack does not take holds up Slack's channel, and nothing else.
#[tokio::test]
async fn a_place_that_is_down_holds_up_itself_alone() {
    let burst = Burst::with_rules(RULES_WITH_TEAMS).await;
    let slack = &burst.harness.world.slack;
    slack.fail_always("chat.postMessage", Some(SlackFault::Status(503)));
    for number in 0..3 {
        burst.raise(number).await;
    }
    let in_teams = |approval: &Approval| approval.copies.iter().any(|copy| copy.message.platform() == Platform::Teams);
    for out in 1..=3 {
        let is_out = || burst.harness.world.store.count_where(in_teams) >= out;
        burst.harness.until("the card is in Teams", |_| is_out().then_some(())).await;
        burst.harness.pass_time(1);
    }
    burst.harness.until("the mails are out", |_| (burst.harness.mails("grace").len() == 3).then_some(())).await;
    burst.posted(0).await;
    burst.harness.until("the channel waits", |world| world.deliveries.is_idle().then_some(())).await;
    slack.recover();
    // The channel waits no longer than for the last pause of what was tried in it.
    burst.harness.pass_time(30);
    for out in 1..=3 {
        burst.posted(out).await;
        burst.harness.pass_time(1);
    }
    let order: Vec<bool> =
        burst.cards().iter().enumerate().map(|(n, card)| shown(card).contains(&format!("{n} + 0"))).collect();
    assert_eq!(order, [true; 3], "in order");
}

#[tokio::test]
async fn a_repeated_invocation_finds_the_card_that_waits() {
    let burst = Burst::with_rules(CHAT_ONLY).await;
    burst.raise(0).await;
    let waiting = burst.raise(1).await;
    let record = burst.harness.record(&waiting);
    let again = json!({
        "taskToken": record.token.expose(), "executionArn": record.request.execution,
        "stateEnteredAt": record.request.raised_at, "timeoutSeconds": 600,
        "approval": {
            "policy": "calculation", "title": record.request.title, "requestedBy": record.request.requested_by,
            "summary": record.request.summary, "facts": record.request.facts
        }
    });
    let repeated = notify::notify(&burst.harness.world.bot().app, again).await.unwrap();
    assert_eq!(repeated, json!({ "approvalId": waiting }));
    assert_eq!(unsent(&burst.harness.record(&waiting)), [Destination::Chat(Platform::Slack)]);
    for out in [2, 2] {
        burst.harness.pass_time(1);
        burst.posted(out).await;
    }
    assert_eq!(burst.harness.record(&waiting).copies.len(), 1);
}
