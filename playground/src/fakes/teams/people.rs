//! What people do in Teams. Each act is a signed activity to the bot's public route, and what Teams makes of the
//! answer is what Teams makes of it.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, header};
use http_body_util::Full;
use serde_json::Value;

use super::activity::Content;
use super::address::{Address, Kind};
use super::buttons::{self, Button};
use super::error::Error;
use super::payloads::{self, Act};
use super::{Author, FakeTeams, Notice, TeamsMessage, TeamsUser, cards};
use crate::lock;

/// Teams waits this long for the answer to an activity.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the presser reads when there was no answer in time.
const UNREACHABLE: &str = "Unable to reach app. Please try again.";
/// What the presser reads when there was an answer that Teams can do nothing with.
const WENT_WRONG: &str = "Something went wrong. Please try again.";

/// The bot's answer as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body as text.
    pub body: String,
}

/// What became of a press.
#[derive(Debug, Clone, PartialEq)]
pub struct Pressed {
    /// The HTTP status of the bot's answer.
    pub status: u16,
    /// What the presser was shown.
    pub shown: Shown,
}

/// What Teams makes of the answer to a press.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// The presser sees this card in the place of the message's own, until the message is next changed.
    Card(Value),
    /// The presser reads this text.
    Message(String),
    /// The presser reads that it did not work.
    Failure(String),
}

impl FakeTeams {
    /// Types a message, which in a channel begins a thread, or goes into the one that is named (`…;messageid=…`).
    /// Returns the status of the bot's answer.
    pub async fn say(&self, user: &TeamsUser, conversation: &str, text: &str) -> Result<u16, Error> {
        let to = Address::parse(conversation);
        let content = Content {
            text: text.to_owned(),
            text_format: "plain".to_owned(),
            summary: None,
            card: None,
            reply_to: None,
            mentions: Vec::new(),
        };
        let id = {
            let now = self.now();
            let mut tenant = self.tenant();
            tenant.check_address(&to).map_err(|_| Error::NoConversation)?;
            tenant.post(&to, Author::Person(user.object_id.clone()), content, now)
        };
        self.shared.changes.note();
        let payload = self.as_act(user, &thread_of(to, &id), &id, |act| payloads::message(act, text));
        Ok(self.post(&payload).await?.status)
    }

    /// A typed message that is not in the conversation yet, for a test that changes something in it.
    pub fn message_payload(&self, user: &TeamsUser, conversation: &str, text: &str) -> Value {
        let id = self.tenant().next_id(self.shared.clock.now());
        let at = thread_of(Address::parse(conversation), &id);
        self.as_act(user, &at, &id, |act| payloads::message(act, text))
    }

    /// Presses the Action.Execute of this verb in the card that this person sees, with these values in its inputs.
    pub async fn press(
        &self,
        user: &TeamsUser,
        message: &str,
        verb: &str,
        inputs: &[(&str, &str)],
    ) -> Result<Pressed, Error> {
        let payload = self.invoke_payload(user, message, verb, inputs)?;
        let reply = self.post(&payload).await;
        let shown = reply.as_ref().map_or_else(|_| Shown::Failure(UNREACHABLE.to_owned()), understood);
        self.show(user, message, &shown);
        Ok(Pressed { status: reply?.status, shown })
    }

    /// The activity of a press, for a test that changes something in it.
    pub fn invoke_payload(
        &self,
        user: &TeamsUser,
        message: &str,
        verb: &str,
        inputs: &[(&str, &str)],
    ) -> Result<Value, Error> {
        self.with_button(user, message, verb, |at, id, button| {
            let data = button.data(&button.action["data"], inputs)?;
            Ok(self.as_act(user, at, id, |act| payloads::invoke(act, message, button.action, &data)))
        })
    }

    /// Presses the same button in an older client, which knows only the Action.Submit that it falls back to.
    pub async fn submit(
        &self,
        user: &TeamsUser,
        message: &str,
        verb: &str,
        inputs: &[(&str, &str)],
    ) -> Result<u16, Error> {
        let payload = self.submit_payload(user, message, verb, inputs)?;
        Ok(self.post(&payload).await?.status)
    }

    /// The activity of a press in an older client.
    pub fn submit_payload(
        &self,
        user: &TeamsUser,
        message: &str,
        verb: &str,
        inputs: &[(&str, &str)],
    ) -> Result<Value, Error> {
        self.with_button(user, message, verb, |at, id, button| {
            let fallback = &button.action["fallback"];
            if fallback["type"] != "Action.Submit" {
                return Err(Error::NoFallback(verb.to_owned()));
            }
            let data = button.data(&fallback["data"], inputs)?;
            Ok(self.as_act(user, at, id, |act| payloads::submit(act, message, &data)))
        })
    }

    /// Adds the bot to a conversation. Returns the status of its answer.
    pub async fn install(&self, user: &TeamsUser, conversation: &str) -> Result<u16, Error> {
        let payload = self.as_act(user, &Address::parse(conversation), &event_id(), payloads::installation);
        Ok(self.post(&payload).await?.status)
    }

    /// Activities that are none of the bot's business: somebody types, likes a message, comes, or takes the bot away.
    pub fn unrelated_payloads(&self, user: &TeamsUser, conversation: &str) -> Vec<Value> {
        self.as_act(user, &Address::parse(conversation), &event_id(), payloads::unrelated)
    }

    /// Signs and sends any activity.
    pub async fn post(&self, activity: &Value) -> Result<Reply, Error> {
        let token = format!("Bearer {}", self.token().mint());
        self.send(Some(&token), activity.to_string().into_bytes()).await
    }

    /// Sends a body to the bot's route with this `Authorization`, and waits as long as Teams would.
    pub async fn send(&self, authorization: Option<&str>, body: Vec<u8>) -> Result<Reply, Error> {
        let url = format!("{}/teams/messages", lock(&self.shared.bot_url));
        let mut request = Request::post(url).header(header::CONTENT_TYPE, "application/json; charset=utf-8");
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(|_| Error::NoAnswer)?;
        match tokio::time::timeout(PATIENCE, self.shared.browser.send(request)).await {
            Ok(Ok(answer)) => Ok(Reply { status: answer.status, body: answer.body }),
            Ok(Err(_)) | Err(_) => Err(Error::NoAnswer),
        }
    }

    /// Finds a button of the card that this person sees, for an activity with an id of its own.
    fn with_button(
        &self,
        user: &TeamsUser,
        message: &str,
        verb: &str,
        make: impl FnOnce(&Address, &str, &Button<'_>) -> Result<Value, Error>,
    ) -> Result<Value, Error> {
        let found = self.message(message).ok_or(Error::NoMessage)?;
        let card = self.card(user, message).unwrap_or_default();
        let button = buttons::find(&card, verb).ok_or_else(|| Error::NoButton(verb.to_owned()))?;
        make(&address_of(&found), &event_id(), &button)
    }

    fn as_act<T>(&self, user: &TeamsUser, at: &Address, id: &str, make: impl FnOnce(&Act<'_>) -> T) -> T {
        let (bot_id, service_url) = (self.bot_id(), self.service_url());
        make(&Act { user, at, bot_id: &bot_id, service_url: &service_url, id, now: self.now() })
    }

    fn show(&self, user: &TeamsUser, message: &str, shown: &Shown) {
        let now = self.now();
        let mut tenant = self.tenant();
        match shown {
            Shown::Card(card) => {
                tenant.views.insert((user.object_id.clone(), message.to_owned()), card.clone());
            }
            Shown::Message(text) | Shown::Failure(text) => {
                let id = tenant.next_id(now);
                let (person, reply_to) = (user.object_id.clone(), message.to_owned());
                tenant.notices.push(Notice { person, text: text.clone(), reply_to, id, at: now });
            }
        }
        drop(tenant);
        self.shared.changes.note();
    }
}

/// What Teams makes of an answer: the status of the invoke is in the body.
/// <https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/universal-actions-for-adaptive-cards/work-with-universal-actions-for-adaptive-cards>
fn understood(reply: &Reply) -> Shown {
    let answer: Value = serde_json::from_str(&reply.body).unwrap_or_default();
    let value = &answer["value"];
    let is_good = reply.status == 200 && answer["statusCode"] == 200;
    match (answer["type"].as_str(), value.as_str()) {
        (Some("application/vnd.microsoft.card.adaptive"), _) if is_good && cards::problems(value).is_empty() => {
            Shown::Card(value.clone())
        }
        (Some("application/vnd.microsoft.activity.message"), Some(text)) if is_good => Shown::Message(text.to_owned()),
        _ => Shown::Failure(WENT_WRONG.to_owned()),
    }
}

/// Where a press on a message comes from: in a channel the thread of the message.
fn address_of(message: &TeamsMessage) -> Address {
    let root = message.reply_to.as_deref().unwrap_or(&message.id);
    thread_of(Address { conversation: message.conversation.clone(), root: None }, root)
}

/// A message that begins a thread is in the thread that it begins.
fn thread_of(to: Address, root: &str) -> Address {
    match (Kind::of(&to.conversation), &to.root) {
        (Some(Kind::Channel), None) => Address::thread(&to.conversation, root),
        _ => to,
    }
}

/// The id of an activity that is no message.
fn event_id() -> String {
    let id = fastrand::u128(..);
    format!(
        "f:{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        id >> 96,
        id >> 80 & 0xffff,
        id >> 64 & 0xffff,
        id >> 48 & 0xffff,
        id & 0xffff_ffff_ffff
    )
}
