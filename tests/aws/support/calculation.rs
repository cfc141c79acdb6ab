//! One run of the reference workflow on the deployed system, as the people see it who have to do with it.

use anyhow::Context;
use countersign_bot::approval::audit::Entry;
use countersign_bot::approval::ids::{ApprovalId, ExecutionArn};
use countersign_bot::approval::record::{Approval, Retry};
use countersign_bot::approval::state::Status;
use countersign_bot::aws::dynamodb::DynamoDbStore;
use countersign_bot::net::deadline::Unavailable;
use countersign_bot::ports::{Clock, Store, SystemClock};
use countersign_playground::fakes::SlackMessage;
use countersign_playground::fakes::teams::TeamsMessage;

use countersign_tests::patience::until;
use serde_json::json;

use super::chats::{CHANNEL, CONVERSATION, Chats};
use super::stack::Stack;
use super::step_functions::{self, Ended, ended};

/// A calculation with its card in the channel.
pub(crate) struct Calculation<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) execution: String,
    pub(crate) card: SlackMessage,
    pub(crate) title: String,
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

    /// Starts an execution of this machine on behalf of Ada. On a busy machine a command may be answered too late.
    pub(crate) async fn run(stack: &'a Stack, machine: &str, x: i64, y: i64) -> anyhow::Result<Self> {
        let input = json!({ "x": x, "y": y, "requestedBy": "ada" });
        let execution = step_functions::start(&stack.step_functions(), machine, &input).await?;
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

    /// Presses until the bot has answered in time, as a person does to whom Slack shows that it has not; a word counts
    /// once, and the card of one that counted has no buttons any more.
    pub(crate) async fn decide(&self, who: &str, action: &str, comment: Option<&str>) -> anyhow::Result<()> {
        until("the press is answered", async || {
            let pressed = self.press(who, action, comment).await;
            Ok((matches!(pressed, Ok(200)) || !self.has_buttons()).then_some(()))
        })
        .await
    }

    /// Waits until the card is posted in Teams, and returns the id of its message.
    pub(crate) async fn teams_card(&self) -> anyhow::Result<String> {
        until("the card is posted in Teams", async || Ok(self.teams_message().map(|message| message.id))).await
    }

    /// Waits until the card in Teams shows the end, and returns it.
    pub(crate) async fn closed_teams_card(&self) -> anyhow::Result<String> {
        until("the card in Teams is closed", async || {
            let card = self.teams_card_now();
            Ok((!card.is_empty() && !card.contains("Action.Execute") && shows_end(&card)).then_some(card))
        })
        .await
    }

    /// What the card in Teams shows; nothing before it is posted.
    pub(crate) fn teams_card_now(&self) -> String {
        self.teams_message().and_then(|message| message.card).map(|card| card.to_string()).unwrap_or_default()
    }

    fn teams_message(&self) -> Option<TeamsMessage> {
        let mut messages = self.stack.teams.messages(CONVERSATION).into_iter();
        let is_ours = |card: &serde_json::Value| card.to_string().contains(&self.title);
        messages.find(|message| message.card.as_ref().is_some_and(is_ours))
    }

    pub(crate) async fn ended(&self) -> anyhow::Result<Ended> {
        ended(&self.stack.step_functions(), &self.execution).await
    }

    /// Waits until the card shows the end, and returns it.
    pub(crate) async fn closed_card(&self) -> anyhow::Result<SlackMessage> {
        until("the card is closed", async || {
            let is_closed = |blocks: &str| !blocks.contains("\"button\"") && shows_end(blocks);
            Ok(self.slack_message().filter(|card| is_closed(&card.blocks.to_string())))
        })
        .await
    }

    /// What the card shows.
    pub(crate) fn card_now(&self) -> String {
        self.slack_message().map(|card| card.blocks.to_string()).unwrap_or_default()
    }

    /// Whether the card can still be pressed.
    pub(crate) fn has_buttons(&self) -> bool {
        self.card_now().contains("\"button\"")
    }

    fn slack_message(&self) -> Option<SlackMessage> {
        let mut messages = self.stack.slack.messages(CHANNEL).into_iter();
        messages.find(|message| message.ts == self.card.ts)
    }

    /// What is said in the thread of the card.
    pub(crate) fn thread(&self) -> Vec<String> {
        let messages = self.stack.slack.messages(CHANNEL).into_iter();
        messages.filter(|it| it.thread_ts.as_ref() == Some(&self.card.ts)).map(|it| it.text).collect()
    }

    /// Grace approves in Slack, and it is on record.
    pub(crate) async fn approved_in_slack(&self) -> anyhow::Result<()> {
        self.recorded(async || self.press("grace", "approve", None).await).await
    }

    /// Grace approves in Teams, and it is on record.
    pub(crate) async fn approved_in_teams(&self) -> anyhow::Result<()> {
        let (card, grace) = (self.teams_card().await?, Chats::teams_user("grace"));
        self.recorded(async || Ok(self.stack.teams.press(&grace, &card, "approve", &[]).await?.status)).await
    }

    /// Presses until the decision is on record. On a busy machine the chat may give up before the bot has answered, or the
    /// bot may ask to press again.
    async fn recorded(&self, press: impl AsyncFn() -> anyhow::Result<u16>) -> anyhow::Result<()> {
        until("the decision is on record", async || {
            let status = press().await;
            assert!(matches!(status, Ok(200) | Err(_)), "{status:?}");
            Ok(self.record().await?.filter(|record| record.status() != Status::Pending).map(|_| ()))
        })
        .await
    }

    /// The approval as it is recorded; none before it is.
    pub(crate) async fn record(&self) -> anyhow::Result<Option<Approval>> {
        let execution = ExecutionArn::parse(&self.execution)?;
        self.ask_store(async |store| {
            let proven = store.of_execution(&execution).await?;
            let unproven = store.unproven_of(&execution, 1).await?;
            match proven.first().or(unproven.first()) {
                Some(id) => store.load(id).await,
                None => Ok(None),
            }
        })
        .await
    }

    /// The audit trail of an approval.
    pub(crate) async fn history(&self, id: &ApprovalId) -> anyhow::Result<Vec<Entry>> {
        self.ask_store(async |store| store.history(id).await).await
    }

    /// Asks the store until it answers: its client gives up sooner than an emulator answers on a busy machine.
    async fn ask_store<T>(&self, ask: impl AsyncFn(&DynamoDbStore) -> Result<T, Unavailable>) -> anyhow::Result<T> {
        let store = self.stack.store();
        until("the store answers", async || Ok(ask(&store).await.ok())).await
    }

    /// Waits until the notifier has nothing left to do: the state waits, and the bus has taken the request.
    pub(crate) async fn announced(&self) -> anyhow::Result<()> {
        until("the request is on record and on the bus", async || {
            let record = self.record().await?;
            Ok(record.is_some_and(|it| it.outbox.is_empty() && !it.copies.is_empty()).then_some(()))
        })
        .await
    }

    /// Waits until Grace has been asked in both chats and by mail, and returns the record.
    pub(crate) async fn asked_everywhere(&self) -> anyhow::Result<Approval> {
        until("the request is out everywhere", async || {
            self.stack.tick().await?;
            Ok(self.record().await?.filter(|it| it.outbox.is_empty() && it.missing.is_empty() && it.copies.len() == 3))
        })
        .await
    }

    /// Lets what is left to do fall due now, so that a case need not wait for a pause to pass.
    pub(crate) async fn fall_due(&self) -> anyhow::Result<()> {
        let Some(mut record) = self.record().await? else { return Ok(()) };
        let now = SystemClock.now();
        let is_left = record.is_unfinished() || record.resolution().is_some();
        if is_left && record.due_at().is_some_and(|at| at > now) {
            let failures = record.retry.map_or(0, |retry| retry.failures);
            record.retry = Some(Retry { failures, at: now });
            // Where the bot was first, it has set another time, which whoever calls this again brings forward.
            self.ask_store(async |store| store.save(record.clone()).await).await?;
        }
        Ok(())
    }

    /// Ticks until nothing is left to do about the approval, which has ended in this way, and returns the record.
    pub(crate) async fn finished(&self, status: Status) -> anyhow::Result<Approval> {
        until("nothing is left to do about the approval", async || {
            self.fall_due().await?;
            self.stack.tick().await?;
            let ended = self.record().await?.filter(|record| record.resolution().is_some());
            if let Some(record) = &ended {
                assert_eq!(record.status(), status, "the record: {record:?}");
            }
            Ok(ended.filter(|record| record.due_at().is_none()))
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
