//! The examples of `docs/your-workflow.md` as their files are: each is started from Slack and from Teams with the fields of
//! its command, is approved, and comes to each of its other ends.

mod agent;
mod expense;
mod files;
mod release;

use std::path::{Path, PathBuf};

use countersign_bot::approval::fields::Kind;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::platforms::slack::card::RETURN_IN_FORM;
use countersign_playground::engine::{ExecutionDescription, ExecutionStatus, HistoryEvent, HistoryKind};
use countersign_playground::fakes::teams::Operation;
use countersign_playground::fakes::{Fault, teams};
use countersign_playground::world::{Options, Source, StateMachine};
use serde_json::{Value, json};

use crate::support::{Harness, is_out, options};

/// Every example, by the name of its folder.
const EXAMPLES: [&str; 3] = ["release", "expense", "agent"];

/// Where somebody types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chat {
    Slack,
    Teams,
}

const CHATS: [Chat; 2] = [Chat::Slack, Chat::Teams];

/// How an approval can end without a yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Rejected,
    Returned,
    Expired,
    Cancelled,
}

fn folder(example: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/examples").join(example)
}

fn text(example: &str, name: &str) -> String {
    std::fs::read_to_string(folder(example).join(name)).unwrap()
}

fn file(example: &str, name: &str) -> Source {
    Source::new(name, &text(example, name))
}

/// An example in a world of its own, with the mocks that come with it.
async fn world(example: &str) -> Harness {
    world_with(example, file(example, &format!("{example}.mocks.json"))).await
}

async fn world_with(example: &str, mocks: Source) -> Harness {
    let machine = StateMachine::file(None, &folder(example).join(format!("{example}.asl.json"))).unwrap();
    let policy = Some(file(example, "policy.toml"));
    let options = Options { policy, state_machines: vec![machine], mocks: Some(mocks), ..options() };
    Harness::in_world(options).await
}

/// Linus types this after `start`, and it starts.
async fn start(harness: &Harness, chat: Chat, typed: &str) {
    let world = &harness.world;
    match chat {
        Chat::Slack => {
            let answer = world.slack.command(&harness.user("linus"), &world.channel, "/start", typed).await;
            assert!(answer.text.as_ref().is_some_and(|text| text.starts_with("Started: ")), "{typed}: {answer:?}");
        }
        Chat::Teams => {
            let (linus, typed) = (harness.teams_user("linus"), format!("start {typed}"));
            assert_eq!(world.teams.say(&linus, &world.teams_conversation, &typed).await, Ok(200));
        }
    }
    harness.until("it has started", |world| world.engine.executions().pop()).await;
}

/// The approval of this title, once everybody who is asked has been asked.
async fn asked(harness: &Harness, title: &str) -> Approval {
    let is_it = |approval: &Approval| approval.request.title == title && is_out(approval);
    harness.until(title, move |world| world.store.all().into_iter().find(is_it)).await
}

/// Approves with what the request asks for: a confirmation, and the first that there is to choose.
async fn approve(harness: &Harness, chat: Chat, who: &str, approval: &Approval) {
    let inputs: Vec<(String, String)> =
        approval.request.fields().map(|field| (field.name.clone(), first(&field.kind))).collect();
    let answers = |before: &str, confirmed: &str| {
        let inputs = inputs.iter().map(|(name, value)| (format!("{before}{name}"), value.clone()));
        let confirmed = approval.request.needs_confirmation().then(|| ("confirmed".to_owned(), confirmed.to_owned()));
        inputs.chain(confirmed).collect::<Vec<_>>()
    };
    match chat {
        Chat::Slack if approval.request.asks_approver() => {
            assert_eq!(harness.press(who, approval, "approve_in_form", None).await, 200);
            let (user, answers) = (harness.user(who), answers("input.", "confirmed"));
            let values: Vec<(&str, &str)> = answers.iter().map(|(id, value)| (id.as_str(), value.as_str())).collect();
            // Whoever may not approve has no form in front of them.
            drop(harness.world.slack.submit(&user, &values).await);
        }
        Chat::Slack => assert_eq!(harness.press(who, approval, "approve", None).await, 200),
        Chat::Teams => {
            let answers = answers("field.", "true");
            let values: Vec<(&str, &str)> = answers.iter().map(|(id, value)| (id.as_str(), value.as_str())).collect();
            drop(harness.press_in_teams(who, approval, "approve", &values).await);
        }
    }
}

fn first(kind: &Kind) -> String {
    match kind {
        Kind::Choice(options) => options[0].clone(),
        other => panic!("no example asks for {other:?}"),
    }
}

/// Brings a request to this end: `who` may decide on it.
async fn end(harness: &Harness, approval: &Approval, end: End, who: &str) {
    let status = match end {
        End::Rejected => {
            harness.press(who, approval, "reject", Some("Not now.")).await;
            Status::Rejected
        }
        End::Returned => {
            harness.press(who, approval, RETURN_IN_FORM, Some("Not now.")).await;
            let taken = harness.world.slack.submit(&harness.user(who), &[]).await.unwrap();
            assert!(taken.errors.is_empty(), "{taken:?}");
            Status::Returned
        }
        End::Expired => {
            let left = approval.request.deadline.duration_since(harness.now());
            harness.pass_time(left.as_secs());
            let timed_out = |events: Vec<HistoryEvent>| events.iter().any(|it| it.kind == HistoryKind::TaskTimedOut);
            harness
                .until("the state has timed out", |world| {
                    let execution = world.engine.executions().pop()?;
                    timed_out(world.engine.history(&execution.execution_arn)).then_some(())
                })
                .await;
            harness.reconcile().await;
            Status::Expired
        }
        End::Cancelled => {
            let (linus, cancel) = (harness.user("linus"), format!("cancel {}", approval.id));
            harness.world.slack.command(&linus, &harness.world.channel, "/approvals", &cancel).await;
            Status::Cancelled
        }
    };
    let id = &approval.id;
    harness
        .until(&format!("it has ended: {end:?}"), |world| {
            world.store.all().into_iter().find(|it| it.id == *id && it.status() == status)
        })
        .await;
}

/// From now on every place refuses for good.
fn refuse_everywhere(harness: &Harness) {
    let world = &harness.world;
    world.slack.fail_always("chat.postMessage", Some(Fault::NotOk("msg_too_long".to_owned())));
    let too_big = teams::Fault::Refused { status: 413, code: "MessageSizeTooBig".to_owned() };
    world.teams.fail_always(Operation::Create, Some(too_big));
    world.mailbox.fail_always(Some("InvalidParameterValue"));
}

/// The output of the only execution, which has succeeded.
async fn output(harness: &Harness) -> Value {
    let ended = harness.ended().await;
    assert_eq!(ended.status, ExecutionStatus::Succeeded, "{ended:?}");
    ended.output.unwrap()
}

/// With what the tasks of this state were called, in their order.
fn called(harness: &Harness, ended: &ExecutionDescription, state: &str) -> Vec<Value> {
    let history = harness.world.engine.history(&ended.execution_arn).into_iter();
    let scheduled =
        history.filter(|event| event.state.as_deref() == Some(state) && event.kind == HistoryKind::TaskScheduled);
    scheduled.map(|event| event.details["parameters"].clone()).collect()
}

/// The input of the only execution, which Linus has started in this chat, without what the chat adds.
async fn fields(harness: &Harness, chat: Chat) -> Value {
    let mut input = harness.until("it has started", |world| world.engine.executions().pop()).await.input;
    let added = input.as_object_mut().unwrap();
    assert_eq!(added.remove("requestedBy"), Some(json!("linus")));
    let source = match chat {
        Chat::Slack => "slack",
        Chat::Teams => "teams",
    };
    assert_eq!(added.remove("correlation").unwrap()["source"], source);
    input
}

/// The file with an input that stands beside each machine starts it, as far as the first card.
#[tokio::test]
async fn the_input_of_each_starts_it() {
    for (example, title) in [
        ("release", "Release 1.4.2 to production"),
        ("expense", "Expense: 249.50 EUR"),
        ("agent", "The agent wants to use refund"),
    ] {
        let harness = world(example).await;
        let machine = harness.world.machine(example).unwrap();
        let input = serde_json::from_str(&text(example, "input.json")).unwrap();
        harness.world.start_execution(machine, input).unwrap();
        asked(&harness, title).await;
    }
}
