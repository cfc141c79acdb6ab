//! Many requests at one moment, to one channel of Slack and one conversation of Teams: all arrive, in order and no faster
//! than the platforms take them, and whoever presses meanwhile is answered in time.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_tests::cases;
use countersign_tests::patience::until;
use futures::future::try_join_all;
use serde_json::json;

use crate::support::calculation::Calculation;
use crate::support::chats::{CHANNEL, CONVERSATION};
use crate::support::emulators::{Case, Emulators};
use crate::support::step_functions;

/// Five messengers are at work at one moment, as the template has it.
const REQUESTS: i64 = 24;
/// What the titles of this case have in them and no others.
const X: i64 = 91_000;

pub(crate) fn cases() -> Vec<Case> {
    cases![everything_arrives_in_order_and_presses_are_answered_meanwhile]
}

/// The numbers of our cards in the order in which they stand there.
fn numbers(cards: impl IntoIterator<Item = String>) -> Vec<i64> {
    let number = |card: String| {
        let (_, rest) = card.split_once(&format!("Calculation {X} + "))?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    cards.into_iter().filter_map(number).collect()
}

async fn everything_arrives_in_order_and_presses_are_answered_meanwhile(
    emulators: Arc<Emulators>,
) -> anyhow::Result<()> {
    let stack = emulators.turns.take(&emulators).await?;
    stack.slack.enforce_rate_limit(true);
    stack.teams.enforce_rate_limits(true);
    let (client, machine) = (stack.step_functions(), stack.output("StateMachineArn"));
    let start =
        async |y: i64| step_functions::start(&client, machine, &json!({ "x": X, "y": y, "requestedBy": "ada" })).await;
    let executions = try_join_all((0..REQUESTS).map(start)).await?;
    let in_slack = || {
        let messages = stack.slack.messages(CHANNEL).into_iter().filter(|message| message.thread_ts.is_none());
        numbers(messages.map(|message| message.blocks.to_string()))
    };
    let in_teams = || {
        let cards = stack.teams.messages(CONVERSATION).into_iter().filter_map(|message| message.card);
        numbers(cards.map(|card| card.to_string()))
    };
    let first = until("the first card is there", async || Ok(in_slack().first().copied())).await?;
    let execution = executions[usize::try_from(first)?].clone();
    let calculation = Calculation::of(&stack, X, first, execution).await?;
    assert_eq!(calculation.press("grace", "approve", None).await?, 200, "the others still go out");
    assert!(in_slack().len() < usize::try_from(REQUESTS)?, "they still go out");
    assert_eq!(calculation.ended().await?.status.as_str(), "SUCCEEDED");
    let all: BTreeSet<i64> = (0..REQUESTS).collect();
    until("every card is out in both chats", async || {
        let are_out = |numbers: Vec<i64>| numbers.into_iter().collect::<BTreeSet<_>>() == all;
        Ok((are_out(in_slack()) && are_out(in_teams())).then_some(()))
    })
    .await?;
    assert_eq!(in_slack().len(), all.len(), "each once");
    assert_eq!(in_slack(), in_teams(), "in the order in which they were asked");
    for execution in executions.iter().filter(|execution| **execution != calculation.execution) {
        let described = client.describe_execution().execution_arn(execution).send().await?;
        assert_eq!(described.status().as_str(), "RUNNING", "nothing failed for want of a turn");
        client.stop_execution().execution_arn(execution).send().await?;
    }
    stack.slack.enforce_rate_limit(false);
    stack.teams.enforce_rate_limits(false);
    Ok(())
}
