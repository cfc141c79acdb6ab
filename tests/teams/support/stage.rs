//! The bot on one side, Microsoft's client on the other, and the proxy between them.

use std::sync::Arc;

use anyhow::{Context, ensure};
use countersign_playground::clock::Clock;
use countersign_playground::engine::{ExecutionDescription, ExecutionStatus};
use countersign_playground::world::{Options, Running, Source, World};
use countersign_tests::asking;
use countersign_tests::patience::until;
use http::{Method, StatusCode};
use serde_json::Value;

use super::client::{Card, Client, TENANT, object_id};
use super::proxy::{Call, Ends, Proxy};
use super::tools::Tools;

/// A world whose bot talks to the client.
pub(crate) struct Stage {
    pub(crate) world: Arc<World>,
    pub(crate) client: Client,
    pub(crate) proxy: Proxy,
    _running: Running,
}

impl Stage {
    /// Everything, with Ada in the client and the cards going to this conversation.
    pub(crate) async fn set(tools: &Tools, name: &str, conversation: &str) -> anyhow::Result<Self> {
        Self::set_for("ada", tools, name, conversation).await
    }

    /// Everything, with this user in the client.
    pub(crate) async fn set_for(
        user: &'static str,
        tools: &Tools,
        name: &str,
        conversation: &str,
    ) -> anyhow::Result<Self> {
        let proxy = Proxy::start().await?;
        let client = Client::start(tools, &tools.home(name)?, user, &proxy).await?;
        let options = Options {
            policy: Some(Source::new("the policy of the case", &policy(conversation))),
            environment: [
                ("COUNTERSIGN_TEAMS_SERVICE_URL", proxy.service_url()),
                ("COUNTERSIGN_ALLOWED_HOSTS", proxy.host().to_owned()),
            ]
            .into(),
            ..Options::default()
        };
        let running = World::start(options, Clock::system()).await?;
        let world = running.world.clone();
        let teams = world.teams.clone();
        proxy.connect(Ends {
            client: client.url().to_owned(),
            bot: format!("{}/teams/messages", world.url),
            sign: Arc::new(move |service_url| teams.token().claim("serviceurl", service_url).mint()),
        });
        Ok(Self { world, client, proxy, _running: running })
    }

    /// Waits until the bot has made such a call, which the client has taken.
    pub(crate) async fn call(&self, what: &str, is_it: impl Fn(&Call) -> bool) -> anyhow::Result<Call> {
        let found = async || Ok(self.proxy.calls().into_iter().find(|call| call.status.is_success() && is_it(call)));
        until(what, found).await.with_context(|| format!("the bot's calls are {:#?}", self.proxy.calls()))
    }

    /// Waits until the bot has posted a card.
    pub(crate) async fn card(&self) -> anyhow::Result<Card> {
        let call = self.call("there is a card", |call| call.method == Method::POST && card_in(call).is_some()).await?;
        let text = |name: &str| call.answer[name].as_str().map(str::to_owned);
        let content = card_in(&call).context("it has a card")?;
        // A post into a channel is answered with the thread and the message; one into a chat with the message.
        let in_chat = || call.path.split('/').nth(2).map(str::to_owned);
        let (conversation, activity) = match text("activityId") {
            Some(activity) => (text("id"), Some(activity)),
            None => (in_chat(), text("id")),
        };
        Ok(Card { conversation: conversation.context("id")?, activity: activity.context("id")?, content })
    }

    /// Waits until the bot has put another card in the place of this one.
    pub(crate) async fn update(&self, card: &Card, is_it: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let path = format!("v3/conversations/{}/activities/{}", card.conversation, card.activity);
        let is_update = |call: &Call| call.method == Method::PUT && call.path == path;
        let is_it = |call: &Call| is_update(call) && card_in(call).is_some_and(|card| is_it(&card));
        card_in(&self.call("the card is updated", is_it).await?).context("it has a card")
    }

    /// Waits until the bot has written this into a conversation.
    pub(crate) async fn text(&self, conversation: &str, part: &str) -> anyhow::Result<Call> {
        let path = format!("v3/conversations/{conversation}/activities");
        let says = |call: &Call| call.body["text"].as_str().is_some_and(|text| text.contains(part));
        self.call(&format!("{conversation} says {part}"), |call| call.path == path && says(call)).await
    }

    /// Waits until the only execution has ended.
    pub(crate) async fn ended(&self) -> anyhow::Result<ExecutionDescription> {
        let ended = async || {
            let mut all = self.world.engine.executions().into_iter();
            Ok(all.find(|execution| execution.status != ExecutionStatus::Running))
        };
        until("the execution has ended", ended).await
    }

    /// The client has taken every call, and each carried the token that the login gives out.
    pub(crate) fn check_calls(&self) -> anyhow::Result<()> {
        for call in self.proxy.calls() {
            let has_token = call.authorization.as_ref().is_some_and(|value| value.starts_with("Bearer "));
            ensure!(has_token, "{} {} carries no token", call.method, call.path);
            let is_taken = [StatusCode::OK, StatusCode::CREATED].contains(&call.status);
            ensure!(is_taken, "{} {} was answered with {}: {}", call.method, call.path, call.status, call.answer);
        }
        Ok(())
    }
}

fn card_in(call: &Call) -> Option<Value> {
    let activity = if call.path == "v3/conversations" { &call.body["activity"] } else { &call.body };
    activity["attachments"].get(0).map(|attachment| attachment["content"].clone())
}

/// Ada asks, Grace and Linus approve, Trent stands in for them, and Grace may approve alone; Mallory is in Teams and not in
/// the policy.
fn policy(conversation: &str) -> String {
    let person = |key: &str, name: &str| format!("[people.{key}]\nname = \"{name}\"\nteams = \"{}\"\n", object_id(key));
    let people = [
        person("ada", "Ada Lovelace"),
        person("grace", "Grace Hopper"),
        person("linus", "Linus Pauling"),
        person("trent", "Trent Reznik"),
    ];
    format!(
        r#"
        [access]
        teams_tenants = ["{TENANT}"]
        {}
        [policies.calculation]
        approvers = ["grace", "linus"]
        requester = "known"
        delegates = ["trent"]
        break_glass = {{ who = ["grace", "ada"] }}
        reason_on_reject = true
        show_result = ["result"]
        email = "never"
        teams_conversation = "{conversation}"
        "#,
        people.concat()
    ) + asking::CALCULATION
}
