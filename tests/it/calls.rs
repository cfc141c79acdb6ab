//! How many calls an approval makes in Slack, in Teams and of AWS: their rate limits are what bounds the whole.

use std::collections::BTreeMap;

use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::flow::hear;
use countersign_playground::fakes::teams::{self, Operation};
use countersign_playground::world::{Messengers, Options};
use serde_json::json;

use crate::support::faults::{Call, Faults};
use crate::support::{Harness, RULES_WITH_TEAMS, card_of};

const DOCUMENT: &str = include_str!("../../docs/operate.md");
const CALLS: &str = "remind_after = [\"1m\"]\nescalate_after = \"2m\"\nescalate_to = [\"linus\"]";

/// Calls so far: posted and changed in Slack, sent and changed in Teams.
fn calls(harness: &Harness) -> [usize; 4] {
    let slack = harness.world.slack.calls();
    let teams = harness.world.teams.calls();
    let in_slack = |name: &str| slack.iter().filter(|(method, _)| method == name).count();
    let in_teams = |operations: &[Operation]| teams.iter().filter(|call| operations.contains(&call.operation)).count();
    let sent = in_teams(&[Operation::Create, Operation::Send]);
    [in_slack("chat.postMessage"), in_slack("chat.update"), sent, in_teams(&[Operation::Update])]
}

/// What has been called since, after everything that follows from it is done.
async fn since(harness: &Harness, approval: &Approval, status: Status, before: &mut [usize; 4]) -> [usize; 4] {
    harness.settled(approval, status).await;
    let now = calls(harness);
    let made = std::array::from_fn(|index| now[index] - before[index]);
    *before = now;
    made
}

/// The rows of the table in the document: the step, and the calls in the order of `calls`.
fn documented() -> BTreeMap<&'static str, [usize; 4]> {
    let (_, table) = DOCUMENT.split_once("| step | `chat.postMessage` |").expect("the document has the table");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        let step = cells.next().expect("a row begins with the step");
        (step, std::array::from_fn(|_| cells.next().expect("four numbers").parse().expect("a number")))
    })
    .collect()
}

#[tokio::test]
async fn the_calls_of_an_approval_are_those_of_the_document() {
    let rules = format!("{RULES_WITH_TEAMS}\nrequired = 2\nself_approval = true\n{CALLS}");
    let harness = Harness::with_rules(&rules).await;
    let mut before = calls(&harness);
    let approval = harness.ask().await;
    let mut made = BTreeMap::from([("raise", since(&harness, &approval, Status::Pending, &mut before).await)]);
    let (channel, ts) = card_of(&approval);
    for (option, step) in [("I'm looking at it", "claim"), ("Not any more", "let go")] {
        harness.world.slack.choose(&harness.user("grace"), &channel, &ts, option).await.unwrap();
        made.insert(step, since(&harness, &approval, Status::Pending, &mut before).await);
    }
    harness.press("grace", &approval, "approve", None).await;
    made.insert("vote", since(&harness, &approval, Status::Pending, &mut before).await);
    harness.pass_time(60);
    harness.reconcile().await;
    made.insert("remind", since(&harness, &approval, Status::Pending, &mut before).await);
    harness.pass_time(60);
    harness.reconcile().await;
    made.insert("escalate", since(&harness, &approval, Status::Pending, &mut before).await);
    harness.press("ada", &approval, "approve", None).await;
    harness.ended().await;
    harness.until("the result is told", |_| harness.record(&approval.id).execution_end).await;
    made.insert("close", since(&harness, &approval, Status::Approved, &mut before).await);
    assert_eq!(made, documented());
}

/// The numbers after the first cell of the row that begins like this.
fn documented_row(beginning: &str) -> Vec<usize> {
    let row = DOCUMENT.lines().find(|line| line.starts_with(&format!("| {beginning} |"))).expect("the row is there");
    row.trim_matches('|').split('|').skip(1).map(|cell| cell.trim().parse().expect("a number")).collect()
}

/// Linus, whose decision is not needed in the end, gets a copy in each of his chats with the bot.
#[tokio::test]
async fn a_copy_in_somebodys_own_chat_adds_the_calls_of_the_document() {
    let rules = RULES_WITH_TEAMS.replace("[\"finance\"]", "[\"finance\", \"linus\"]");
    let rules = format!("{rules}\nrequired = 2\nself_approval = true\nnotify = [\"linus\"]\ndirect = true\n{CALLS}");
    let harness = Harness::with_rules(&rules).await;
    let approval = harness.ask().await;
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Pending).await;
    for _ in ["remind", "escalate"] {
        harness.pass_time(60);
        harness.reconcile().await;
        harness.settled(&approval, Status::Pending).await;
    }
    harness.press("ada", &approval, "approve", None).await;
    harness.ended().await;
    harness.until("the result is told", |_| harness.record(&approval.id).execution_end).await;
    harness.settled(&approval, Status::Approved).await;
    let slack = harness.world.slack.calls();
    let in_slack = |name: &str, own: &str| {
        let is_own = |body: &serde_json::Value| own.is_empty() || body["channel"] == own;
        slack.iter().filter(|(method, body)| method == name && is_own(body)).count()
    };
    let in_teams = harness.world.teams.calls();
    let begun = |call: &&teams::Call| call.operation == Operation::Create && call.body["channelData"].is_null();
    let in_chat = |operation: Operation| {
        in_teams.iter().filter(|call| call.operation == operation && call.path.contains("/a:")).count()
    };
    let made = vec![
        in_slack("conversations.open", ""),
        in_slack("chat.postMessage", "DU0LINUS"),
        in_slack("chat.update", "DU0LINUS"),
        in_teams.iter().filter(begun).count(),
        in_chat(Operation::Send),
        in_chat(Operation::Update),
    ];
    assert_eq!(made, documented_row("`direct`, for each copy"));
}

/// The number in the second cell of the row of this call.
fn documented_of_aws(call: &str) -> usize {
    let row =
        DOCUMENT.lines().find(|line| line.starts_with(&format!("| `{call}` |"))).expect("the document has the row");
    let cell = row.split('|').nth(2).expect("a row has cells").trim();
    cell.split(|letter: char| !letter.is_ascii_digit()).next().and_then(|number| number.parse().ok()).expect("a number")
}

#[tokio::test]
async fn the_calls_of_aws_are_those_of_the_document() {
    let faults = Faults::default();
    let options = Options { messengers: Messengers::Absent, ..Options::default() };
    let harness = Harness::with_options(RULES_WITH_TEAMS, options, |ports| faults.in_front_of(ports)).await;
    harness.world.slack.command(&harness.user("ada"), "C0FINANCE", "/start", "125 122").await;
    let approval = harness
        .until("it is announced", |world| world.store.all().into_iter().find(|record| record.outbox.is_empty()))
        .await;
    harness.deliver().await;
    harness.press("grace", &approval, "approve", None).await;
    harness.deliver().await;
    let ended = harness.ended().await;
    let detail = json!({ "executionArn": ended.execution_arn, "status": "SUCCEEDED" });
    hear::wake(&harness.world.bot().app, json!({ "source": "aws.states", "detail": detail })).await.unwrap();
    harness.deliver().await;
    let record = harness.settled(&approval, Status::Approved).await;
    assert_eq!(record.due_at(), None, "nothing is left to do");
    for (name, call) in [
        ("GetExecutionHistory", Call::LookUp),
        ("DescribeExecution", Call::LookUp),
        ("SendTaskSuccess", Call::Callback),
        ("PutEvents", Call::Put),
        ("SendMessageBatch", Call::Enqueue),
    ] {
        assert_eq!(faults.count(call), documented_of_aws(name), "{name}");
    }
    let batches = faults.count(Call::Delegations) + faults.count(Call::Homes);
    assert_eq!(batches, documented_of_aws("BatchGetItem"));
}

/// Who stands in is looked up when it is asked and when somebody decides.
#[tokio::test]
async fn who_stands_in_is_looked_up_as_often_as_the_document_says() {
    let faults = Faults::default();
    let rules = format!("{RULES_WITH_TEAMS}\ndelegates = [\"linus\"]");
    let harness = Harness::with(&rules, |ports| faults.in_front_of(ports)).await;
    let approval = harness.ask().await;
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
    assert!(DOCUMENT.contains("| `BatchGetItem` | 4, and 6 under a policy with `delegates`: "));
    assert_eq!(faults.count(Call::Delegations), 2);
}
