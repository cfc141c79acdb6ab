//! A burst of requests to one channel of Slack and one conversation of Teams, on an account that runs ten functions at one
//! moment and refuses every other call of one. All cards arrive, once, in order and no faster than the platforms take them;
//! no task fails; and whoever presses meanwhile is answered in time.
//!
//! How many come is `COUNTERSIGN_BURST`: 500 take as many seconds, so that a run of all cases has fewer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sfn::types::ExecutionStatus;
use countersign_playground::fakes::teams::{Call, Operation};
use countersign_tests::cases;
use countersign_tests::patience::{until, within};
use futures::future::try_join_all;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::calculation::Calculation;
use crate::support::chats::{CHANNEL, CONVERSATION, Chats};
use crate::support::emulators::{Case, Emulators};
use crate::support::history::THROTTLED;
use crate::support::stack::Stack;
use crate::support::step_functions::{self, failures};

/// As many as go out in half a minute.
const REQUESTS: usize = 30;
/// How many functions the account runs at one moment. AWS says 1,000, and that new accounts have fewer:
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#compute-and-storage>.
const CONCURRENCY: u32 = 10;
/// What `WebhookReservedConcurrency` keeps of that for those who press.
const RESERVED: u32 = 2;
/// No request of the largest burst expires.
const TIMEOUT_SECONDS: u32 = 3_600;
/// Somebody presses whenever so many more cards are out.
const CARDS_PER_PRESS: usize = 10;
/// The last cards come after what the reconciler has had shown a second time meanwhile, which changes nothing there.
const CARDS_WITHIN: Duration = Duration::from_secs(300);
/// How long Slack waits for an answer: <https://docs.slack.dev/interactivity/handling-user-interaction#acknowledgment_response>.
const ANSWERED_WITHIN: Duration = Duration::from_secs(3);
/// What the titles have in them. From `Y` on all have as many digits, so that no title is the beginning of another.
const X: i64 = 91_000;
const Y: i64 = 100_000;

pub(crate) fn cases() -> Vec<Case> {
    cases![everything_arrives_once_in_order_and_presses_are_answered_meanwhile]
}

#[expect(clippy::print_stderr, reason = "it tells whoever plays a larger burst what it came to")]
async fn everything_arrives_once_in_order_and_presses_are_answered_meanwhile(
    emulators: Arc<Emulators>,
) -> anyhow::Result<()> {
    let requests = emulators.tools().burst().unwrap_or(REQUESTS);
    let stack = Stack::deploy_with_concurrency(&emulators, "burst", CONCURRENCY, RESERVED).await?;
    stack.slack.enforce_rate_limit(true);
    stack.teams.enforce_rate_limits(true);
    // A function that starts while the emulator takes the burst would wait too long for its secret.
    let before = Calculation::run(&stack, stack.output("StateMachineArn"), 1, 2).await?;
    before.asked_everywhere().await?;
    let machine = stack.machine_that_only_asks("burst", TIMEOUT_SECONDS).await?;
    let (client, start) = (stack.step_functions(), Instant::now());
    let inputs = (Y..).take(requests).map(|y| json!({ "x": X, "y": y, "requestedBy": "ada", "correlation": {} }));
    let executions =
        try_join_all(inputs.map(async |input| step_functions::start(&client, &machine, &input).await)).await?;

    let mut pressed = Vec::new();
    let mut slowest = Duration::ZERO;
    for out in (1..=requests).step_by(CARDS_PER_PRESS).chain([requests]) {
        within(CARDS_WITHIN, "the next cards are out", async || {
            Ok((in_slack(&stack).len() >= out && in_teams(&stack).len() >= out).then_some(()))
        })
        .await?;
        if pressed.len() * CARDS_PER_PRESS < out {
            let number = in_slack(&stack)[out - 1];
            let execution = executions[number].clone();
            let calculation = Calculation::of(&stack, X, Y + i64::try_from(number)?, execution).await?;
            slowest = slowest.max(approved(&calculation, pressed.len()).await?);
            pressed.push(calculation);
        }
    }
    let took = start.elapsed();

    for calculation in &pressed {
        assert_eq!(calculation.ended().await?.status, ExecutionStatus::Succeeded);
        calculation.closed_card().await?;
        calculation.closed_teams_card().await?;
        until("the thread says who decided and how it ended", async || {
            Ok((calculation.thread().len() == 2).then_some(()))
        })
        .await?;
    }
    let (slack, teams) = (in_slack(&stack), in_teams(&stack));
    assert_eq!(slack.iter().copied().collect::<BTreeSet<_>>(), (0..requests).collect(), "each has a card");
    assert_eq!((slack.len(), &slack), (requests, &teams), "once, and in the same order in both");
    // Two notes into the thread of a card that was decided may follow each other too fast; cards do not.
    let is_ours = |body: &Value| number(&body.to_string()).is_some();
    let is_card = |(method, body): &(String, Value)| method == "chat.postMessage" && body["thread_ts"].is_null();
    let posted = stack.slack.calls().into_iter().filter(|call| is_card(call) && is_ours(&call.1)).count();
    let is_card = |call: &Call| call.operation == Operation::Create;
    let sent = stack.teams.calls().into_iter().filter(|call| is_card(call) && is_ours(&call.body)).count();
    assert_eq!((posted, sent), (requests, requests), "neither has refused a card for coming too fast");

    let mut refused = 0;
    for (number, execution) in executions.iter().enumerate() {
        for error in failures(&client, execution).await? {
            assert_eq!(error, THROTTLED, "no task failed otherwise");
            refused += 1;
        }
        if pressed.iter().all(|calculation| calculation.execution != *execution) {
            let described = client.describe_execution().execution_arn(execution).send().await?;
            assert_eq!(described.status, ExecutionStatus::Running, "{number} waits for people");
        }
    }
    assert!(refused > 0, "the account was at its limit");
    eprintln!(
        "{requests} requests: the last card was out after {} s; {refused} invocations by Step Functions were refused and \
         tried again; {} presses, the slowest answered in {} ms",
        took.as_secs(),
        pressed.len(),
        slowest.as_millis()
    );
    Ok(())
}

/// Grace approves in one chat or the other, and is answered in time. How long that took.
async fn approved(calculation: &Calculation<'_>, turn: usize) -> anyhow::Result<Duration> {
    let card = calculation.teams_card().await?;
    let start = Instant::now();
    let status = if turn.is_multiple_of(2) {
        calculation.press("grace", "approve", None).await?
    } else {
        calculation.stack.teams.press(&Chats::teams_user("grace"), &card, "approve", &[]).await?.status
    };
    let took = start.elapsed();
    assert_eq!(status, 200, "{}", calculation.title);
    assert!(took < ANSWERED_WITHIN, "{} was answered after {took:?}", calculation.title);
    Ok(took)
}

/// The numbers of the cards in Slack, from 0 on, in the order in which they stand there.
fn in_slack(stack: &Stack) -> Vec<usize> {
    let messages = stack.slack.messages(CHANNEL).into_iter().filter(|message| message.thread_ts.is_none());
    messages.filter_map(|message| number(&message.blocks.to_string())).collect()
}

/// The same in Teams.
fn in_teams(stack: &Stack) -> Vec<usize> {
    let cards = stack.teams.messages(CONVERSATION).into_iter().filter_map(|message| message.card);
    cards.filter_map(|card| number(&card.to_string())).collect()
}

fn number(card: &str) -> Option<usize> {
    let (_, rest) = card.split_once(&format!("Calculation {X} + "))?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    usize::try_from(digits.parse::<i64>().ok()? - Y).ok()
}
