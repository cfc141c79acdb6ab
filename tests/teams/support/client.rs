//! Microsoft's local client of Teams (Microsoft 365 Agents Playground): people, conversations and a connector of its
//! own, in a process that is spoken to over HTTP.
//!
//! One of its people is its user, who writes and is in front of its page; the others press buttons.

use std::path::Path;

use anyhow::Context;
use countersign_tests::http::Http;
use countersign_tests::process::Process;
use countersign_tests::server;
use serde_json::{Value, json};

use super::proxy::Proxy;
use super::tools::Tools;

/// The bot, as the client calls it.
pub(crate) const BOT: &str = "28:c0117e45-1671-4000-8000-0000000000b0";
/// The tenant that everybody is in.
pub(crate) const TENANT: &str = "c0117e45-1671-4000-8000-0000000000a0";
/// The channel of a team.
pub(crate) const CHANNEL: &str = "19:finance@thread.tacv2";
/// A chat of several people.
pub(crate) const GROUP: &str = "19:board@thread.v2";
/// The chat of the user with the bot.
pub(crate) const PERSONAL: &str = "a:personal";

/// Everybody in the client: it takes six people, no fewer.
pub(crate) const PEOPLE: [&str; 6] = ["ada", "grace", "linus", "mallory", "trent", "victor"];

/// The Entra object id of a person.
pub(crate) fn object_id(person: &str) -> String {
    let number = PEOPLE.iter().position(|name| *name == person).unwrap() + 1;
    format!("c0117e45-1671-4000-8000-{number:012}")
}

/// A running client, which ends when it is dropped.
pub(crate) struct Client {
    url: String,
    user: &'static str,
    http: Http,
    _process: Process,
}

/// A message with a card, as the connector has named it.
#[derive(Debug, Clone)]
pub(crate) struct Card {
    /// The conversation, in a channel with the thread.
    pub(crate) conversation: String,
    pub(crate) activity: String,
    pub(crate) content: Value,
}

impl Client {
    /// Starts a client with this user, whose bot and whose connector are behind the proxy.
    pub(crate) async fn start(tools: &Tools, home: &Path, user: &'static str, proxy: &Proxy) -> anyhow::Result<Self> {
        let file = home.join("client.yml");
        // JSON is YAML.
        std::fs::write(&file, configuration(user).to_string())?;
        let script = tools.node_modules().join("@microsoft").join("m365agentsplayground").join("cli.js");
        let loopback = Path::new(env!("CARGO_MANIFEST_DIR")).join("teams").join("loopback.cjs");
        let start = server::start(Path::new("node"), home, "/_internal/v1/config", |command, port| {
            command.arg("--require").arg(&loopback).arg(&script);
            command.args(["--channel-id", "msteams", "--app-endpoint", &proxy.bot_url(), "--port", port]);
            command.args(["--service-url", &proxy.service_url(), "--disable-telemetry"]);
            command.env("TEAMSAPPTESTER_BROWSER", "none").env("M365_AGENTS_PLAYGROUND_CONFIG_PATH", &file);
        });
        let (url, process) = start.await?;
        Ok(Self { url, user, http: Http::new(), _process: process })
    }

    /// Where it is, and where its page is served.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The user writes to the bot, and mentions it where others are.
    pub(crate) async fn say(&self, conversation: &str, text: &str) -> anyhow::Result<()> {
        let mention = "<at>Countersign</at>";
        let message = if conversation == PERSONAL {
            json!({"from": {"id": id(self.user)}, "text": text, "textFormat": "plain"})
        } else {
            json!({
                "from": {"id": id(self.user)}, "text": format!("{mention} {text}"), "textFormat": "plain",
                "mentions": [{"mentioned": {"id": BOT, "name": "Countersign"}, "text": mention}],
            })
        };
        self.post(&format!("/_conversation/v1/conversations/{conversation}/messages"), &message).await?;
        Ok(())
    }

    /// Somebody presses a button of a card: what the bot's answer makes of the card, as the client says it.
    pub(crate) async fn press(&self, person: &str, card: &Card, verb: &str, inputs: Value) -> anyhow::Result<Value> {
        let data = with_inputs(data(&card.content, verb)?, inputs);
        let action = json!({"type": "Action.Execute", "verb": verb, "data": data});
        let value = json!({"action": action, "trigger": "manual"});
        let invoke = json!({
            "name": "adaptiveCard/action", "conversation": {"id": card.conversation}, "from": {"id": id(person)},
            "replyToId": card.activity, "value": value,
        });
        self.post("/_conversation/v1/invoke", &invoke).await
    }

    /// Somebody presses a button in a client that is too old for `Action.Execute`.
    pub(crate) async fn submit(&self, person: &str, card: &Card, verb: &str, inputs: Value) -> anyhow::Result<()> {
        let submit = json!({
            "conversation": {"id": card.conversation}, "from": {"id": id(person)}, "replyToId": card.activity,
            "value": with_inputs(data(&card.content, verb)?, inputs),
        });
        self.post("/_conversation/v1/submit", &submit).await?;
        Ok(())
    }

    /// Somebody adds the bot to a conversation.
    pub(crate) async fn add_bot(&self, conversation: &str, proxy: &Proxy) -> anyhow::Result<()> {
        let activity = json!({
            "type": "conversationUpdate", "id": "added", "channelId": "msteams", "serviceUrl": proxy.service_url(),
            "from": {"id": id(self.user), "aadObjectId": object_id(self.user)}, "recipient": {"id": BOT, "name": "Countersign"},
            "conversation": {"id": conversation, "conversationType": "channel", "isGroup": true, "tenantId": TENANT},
            "channelData": {"tenant": {"id": TENANT}}, "membersAdded": [{"id": BOT}],
        });
        self.post("/_internal/v1/customActivities", &activity).await?;
        Ok(())
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = self.http.post_json(&format!("{}{path}", self.url), body).await?;
        Ok(serde_json::from_slice(&answer).unwrap_or_default())
    }
}

/// What the button of this verb sends, wherever in the card it is.
fn data(card: &Value, verb: &str) -> anyhow::Result<Value> {
    fn find<'c>(value: &'c Value, verb: &str) -> Option<&'c Value> {
        if value["type"] == "Action.Execute" && value["verb"] == verb {
            return Some(&value["data"]);
        }
        match value {
            Value::Object(object) => object.values().find_map(|value| find(value, verb)),
            Value::Array(items) => items.iter().find_map(|value| find(value, verb)),
            _ => None,
        }
    }
    find(card, verb).cloned().with_context(|| format!("the card has no button {verb}"))
}

fn with_inputs(mut data: Value, inputs: Value) -> Value {
    if let (Value::Object(data), Value::Object(inputs)) = (&mut data, inputs) {
        data.extend(inputs);
    }
    data
}

/// The id that the client knows a person by.
fn id(person: &str) -> String {
    format!("29:{person}")
}

fn configuration(user: &str) -> Value {
    let person = |person: &str| {
        json!({
            "id": id(person), "name": person, "userPrincipleName": format!("{person}@example.com"),
            "aadObjectId": object_id(person), "givenName": person, "surname": person,
            "email": format!("{person}@example.com"),
        })
    };
    let others: Vec<Value> = PEOPLE.into_iter().filter(|other| *other != user).map(person).collect();
    json!({
        "version": "0.1.1", "tenantId": TENANT, "bot": {"id": BOT, "name": "Countersign"}, "currentUser": person(user),
        "users": others, "personalChat": {"id": PERSONAL}, "groupChat": {"id": GROUP, "name": "Board"},
        "team": {
            "id": "19:general@thread.tacv2", "name": "Company", "aadGroupId": "c0117e45-1671-4000-8000-0000000000c0",
            "channels": [{"id": CHANNEL, "name": "Finance"}],
        },
    })
}
