//! One run of the reference workflow on the deployed system, as the people see it who have to do with it.

use anyhow::Context;
use countersign_bot::approval::ids::ExecutionArn;
use countersign_bot::ports::Store;
use countersign_playground::fakes::SlackMessage;

use countersign_tests::patience::until;

use super::chats::{CHANNEL, CONVERSATION, Chats};
use super::stack::Stack;
use super::step_functions::{Ended, ended};

/// A calculation with its card in the channel.
pub(crate) struct Calculation<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) execution: String,
    pub(crate) card: SlackMessage,
    title: String,
}

impl<'a> Calculation<'a> {
    /// Ada types `/start X Y`. No other case on this stack may use the same numbers: they tell the cards apart.
    pub(crate) async fn start(stack: &'a Stack, x: i64, y: i64) -> anyhow::Result<Self> {
        let answer = stack.slack.command(&Chats::slack_user("ada"), CHANNEL, "/start", &format!("{x} {y}")).await;
        anyhow::ensure!(answer.status == 200, "{answer:?}");
        let text = answer.text.unwrap_or_default();
        let execution = arn_in(&text).with_context(|| format!("the answer names no execution: {text}"))?;
        Self::of(stack, x, y, execution).await
    }

    /// The calculation of an execution that was started otherwise.
    pub(crate) async fn of(stack: &'a Stack, x: i64, y: i64, execution: String) -> anyhow::Result<Self> {
        let title = format!("Calculation {x} + {y}");
        let card = until("the card is posted", async || {
            let mut messages = stack.slack.messages(CHANNEL).into_iter();
            Ok(messages.find(|message| message.blocks.to_string().contains(&title)))
        })
        .await?;
        Ok(Self { stack, execution, card, title })
    }

    pub(crate) async fn press(&self, who: &str, action: &str, comment: Option<&str>) -> anyhow::Result<u16> {
        Ok(self.stack.slack.press(&Chats::slack_user(who), CHANNEL, &self.card.ts, action, comment).await?)
    }

    /// Waits until the card is posted in Teams, and returns the id of its message.
    pub(crate) async fn teams_card(&self) -> anyhow::Result<String> {
        until("the card is posted in Teams", async || {
            let mut messages = self.stack.teams.messages(CONVERSATION).into_iter();
            let is_ours = |card: &serde_json::Value| card.to_string().contains(&self.title);
            Ok(messages.find(|message| message.card.as_ref().is_some_and(is_ours)).map(|message| message.id))
        })
        .await
    }

    /// Waits until the card in Teams shows the end, and returns it.
    pub(crate) async fn closed_teams_card(&self) -> anyhow::Result<String> {
        let id = self.teams_card().await?;
        until("the card in Teams is closed", async || {
            let card = self.stack.teams.message(&id).and_then(|message| message.card).unwrap_or_default().to_string();
            Ok((!card.contains("Action.Execute") && shows_end(&card)).then_some(card))
        })
        .await
    }

    pub(crate) async fn ended(&self) -> anyhow::Result<Ended> {
        ended(&self.stack.step_functions(), &self.execution).await
    }

    /// Waits until the card shows the end, and returns it.
    pub(crate) async fn closed_card(&self) -> anyhow::Result<SlackMessage> {
        until("the card is closed", async || {
            let mut messages = self.stack.slack.messages(CHANNEL).into_iter();
            let card = messages.find(|message| message.ts == self.card.ts);
            let is_closed = |blocks: &str| !blocks.contains("\"button\"") && shows_end(blocks);
            Ok(card.filter(|card| is_closed(&card.blocks.to_string())))
        })
        .await
    }

    /// Whether the card can still be pressed.
    pub(crate) fn has_buttons(&self) -> bool {
        let messages = self.stack.slack.messages(CHANNEL);
        let card = messages.iter().find(|message| message.ts == self.card.ts);
        card.is_some_and(|card| card.blocks.to_string().contains("\"button\""))
    }

    /// What is said in the thread of the card.
    pub(crate) fn thread(&self) -> Vec<String> {
        let messages = self.stack.slack.messages(CHANNEL).into_iter();
        messages.filter(|it| it.thread_ts.as_ref() == Some(&self.card.ts)).map(|it| it.text).collect()
    }

    /// Waits until the notifier has nothing left to do: the state waits, and the bus has taken the request.
    pub(crate) async fn announced(&self) -> anyhow::Result<()> {
        let store = self.stack.store();
        let execution = ExecutionArn::parse(&self.execution)?;
        until("the request is on record and on the bus", async || {
            let Some(id) = store.of_execution(&execution).await?.into_iter().next() else { return Ok(None) };
            let approval = store.load(&id).await?;
            Ok(approval.is_some_and(|it| it.outbox.is_empty() && !it.copies.is_empty()).then_some(()))
        })
        .await
    }

    /// Waits until the thread of the card says this.
    pub(crate) async fn told(&self, what: &str) -> anyhow::Result<()> {
        until(&format!("the thread says {what}"), async || {
            Ok(self.thread().iter().any(|text| text.contains(what)).then_some(()))
        })
        .await
    }
}

/// A card that was pressed loses its buttons, and may first say that the workflow has yet to confirm.
fn shows_end(card: &str) -> bool {
    !card.contains("waiting for Step Functions to confirm")
}

/// The ARN of an execution that a text links to.
pub(crate) fn arn_in(text: &str) -> Option<String> {
    let rest = &text[text.find("arn:aws:states")?..];
    rest.split(['|', '>', '"', ')']).next().map(str::to_owned)
}
