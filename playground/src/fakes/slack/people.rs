//! What people do in Slack. Each act is a signed request to the bot's public routes, and what Slack makes of the
//! answer is what Slack makes of it.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, Request};
use http_body_util::Full;
use serde_json::{Value, json};

use super::payloads::{self, Act};
use super::{FakeSlack, SlackUser, inputs};
use crate::lock;

/// Slack waits this long for the answer to a command or an interaction:
/// <https://docs.slack.dev/interactivity/handling-user-interaction>.
const PATIENCE: Duration = Duration::from_secs(3);

/// What became of a command.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandAnswer {
    /// The status of the bot's answer; 0 if none came in time.
    pub status: u16,
    /// The text of what the person was shown.
    pub text: Option<String>,
    /// The blocks of what the person was shown; an empty array if there were none.
    pub blocks: Value,
}

/// What became of a submitted form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmitAnswer {
    /// The status of the bot's answer; 0 if Slack's client did not send the form.
    pub status: u16,
    /// What is wrong with the inputs, by block id; empty if the form was taken and closed.
    pub errors: BTreeMap<String, String>,
}

/// The bot's answer as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body as text.
    pub body: String,
}

/// Why somebody could not do what they wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The message is not in the channel.
    #[error("the message is not there any more")]
    NoMessage,
    /// The message has no such button.
    #[error("the message has no button `{0}` any more")]
    NoButton(String),
    /// No form is open in front of this person.
    #[error("no form is open")]
    NoView,
    /// The bot did not answer within Slack's three seconds.
    #[error("the bot did not answer within three seconds")]
    NoAnswer,
}

impl FakeSlack {
    /// Types a slash command in a channel.
    pub async fn command(&self, user: &SlackUser, channel: &str, command: &str, text: &str) -> CommandAnswer {
        let form = self.as_act(user, channel, |act| payloads::command(act, command, text));
        let body = serde_urlencoded::to_string(form).unwrap_or_default();
        let reply = self.send("/slack/commands", body.into_bytes()).await;
        let said = |text: String| json!({ "text": text });
        let (status, answer) = match reply {
            Ok(reply) if reply.status == 200 => (reply.status, answer(&reply.body)),
            Ok(reply) => (reply.status, Some(said(failed(command, "dispatch_failed")))),
            Err(_) => (0, Some(said(failed(command, "operation_timeout")))),
        };
        let shown = answer.map(|answer| {
            let now = self.now();
            let mut workspace = self.workspace();
            // What Slack does not take, nobody sees.
            let refused = |code| (failed(command, code), json!([]));
            let content = workspace.content(&answer).unwrap_or_else(|refusal| refused(refusal.code));
            if answer["response_type"] == "in_channel" {
                let (text, blocks) = &content;
                // The bot's own words in a channel that the person is in; if they are refused, nobody sees them.
                let _ = workspace.post(&json!({ "channel": channel, "text": text, "blocks": blocks }), now);
            } else {
                workspace.show(channel, &user.id, content.clone(), now);
            }
            content
        });
        self.shared.changes.note();
        let (text, blocks) = shown.map_or((None, json!([])), |(text, blocks)| (Some(text), blocks));
        CommandAnswer { status, text, blocks }
    }

    /// Presses a button of a message, with this text in the message's input. Returns the status of the bot's answer.
    pub async fn press(
        &self,
        user: &SlackUser,
        channel: &str,
        ts: &str,
        action_id: &str,
        comment: Option<&str>,
    ) -> Result<u16, Error> {
        let payload = self.press_payload(user, channel, ts, action_id, comment)?;
        Ok(self.press_raw(&payload).await?.status)
    }

    /// The payload of a press, for a test that changes something in it.
    pub fn press_payload(
        &self,
        user: &SlackUser,
        channel: &str,
        ts: &str,
        action_id: &str,
        comment: Option<&str>,
    ) -> Result<Value, Error> {
        let message = self.workspace().message(channel, ts).cloned().ok_or(Error::NoMessage)?;
        let found = button(&message.blocks, action_id).ok_or_else(|| Error::NoButton(action_id.to_owned()))?;
        Ok(self.as_act(user, channel, |act| payloads::press(act, &message, found, comment)))
    }

    /// Chooses an option of the menu of a message, by what it says. Returns the status of the bot's answer.
    pub async fn choose(&self, user: &SlackUser, channel: &str, ts: &str, option: &str) -> Result<u16, Error> {
        let message = self.workspace().message(channel, ts).cloned().ok_or(Error::NoMessage)?;
        let (block, menu) = chosen(&message.blocks, option).ok_or_else(|| Error::NoButton(option.to_owned()))?;
        let payload = self.as_act(user, channel, |act| payloads::press(act, &message, (block, &menu), None));
        Ok(self.press_raw(&payload).await?.status)
    }

    /// Signs and sends any payload as an interaction.
    pub async fn press_raw(&self, payload: &Value) -> Result<Reply, Error> {
        let body = serde_urlencoded::to_string([("payload", payload.to_string())]).unwrap_or_default();
        self.send("/slack/interactions", body.into_bytes()).await
    }

    /// Submits the form in front of this person, with these values by block id; in other inputs stands what they were
    /// opened with. What Slack's client does not take does not reach the bot. The form closes unless the bot objects or
    /// puts another view in its place.
    pub async fn submit(&self, user: &SlackUser, values: &[(&str, &str)]) -> Result<SubmitAnswer, Error> {
        let open = self.open_view(&user.id).ok_or(Error::NoView)?;
        let refused = inputs::refused(&open.view, &inputs::written(&open.view, values));
        if !refused.is_empty() {
            return Ok(SubmitAnswer { status: 0, errors: refused });
        }
        self.submit_unchecked(user, values).await
    }

    /// The same for somebody who gets round the checks of Slack's client.
    pub async fn submit_unchecked(&self, user: &SlackUser, values: &[(&str, &str)]) -> Result<SubmitAnswer, Error> {
        let open = self.open_view(&user.id).ok_or(Error::NoView)?;
        let payload = self.submission_payload(user, values)?;
        let reply = self.press_raw(&payload).await?;
        let answer: Value = serde_json::from_str(&reply.body).unwrap_or_default();
        let errors = match answer["response_action"].as_str() {
            Some("errors") => inputs::errors(&open.view, &answer),
            Some("update") => {
                let replaced = self.workspace().replace_view(&user.id, &answer["view"]);
                self.shared.changes.note();
                replaced.err().map(|refusal| ("view".to_owned(), refusal.messages.join("; "))).into_iter().collect()
            }
            None if reply.status == 200 && reply.body.is_empty() => {
                self.close_view(&user.id);
                BTreeMap::new()
            }
            _ => inputs::trouble(),
        };
        Ok(SubmitAnswer { status: reply.status, errors })
    }

    /// The payload of a submission, for a test that changes something in it.
    pub fn submission_payload(&self, user: &SlackUser, values: &[(&str, &str)]) -> Result<Value, Error> {
        let open = self.open_view(&user.id).ok_or(Error::NoView)?;
        let written = inputs::written(&open.view, values);
        Ok(self.as_act(user, "", |act| payloads::submission(act, &open, &written)))
    }

    /// Closes the form in front of a person (by user id). The bot is told only when it asked to be, which it does not.
    pub fn close_view(&self, user: &str) {
        self.workspace().views.remove(user);
        self.shared.changes.note();
    }

    /// The headers that prove a body to be Slack's: the time and the signature over the raw bytes.
    pub fn signed_headers(&self, body: &[u8]) -> HeaderMap {
        let now = self.now().as_second();
        let mut headers = HeaderMap::new();
        headers.insert("x-slack-request-timestamp", now.into());
        let signature = self.shared.signing_key.as_ref().map(|key| key.sign(now, body));
        if let Some(signature) = signature.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert("x-slack-signature", signature);
        }
        headers
    }

    /// Sends a signed form to a route of the bot, and waits as long as Slack would.
    pub async fn send(&self, path: &str, body: Vec<u8>) -> Result<Reply, Error> {
        self.send_as(path, "application/x-www-form-urlencoded", body).await
    }

    /// The same with a body of any type.
    pub(super) async fn send_as(&self, path: &str, content_type: &str, body: Vec<u8>) -> Result<Reply, Error> {
        let url = format!("{}{path}", lock(&self.shared.bot_url));
        let mut request = Request::post(url).header("content-type", content_type);
        if let Some(headers) = request.headers_mut() {
            headers.extend(self.signed_headers(&body));
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(|_| Error::NoAnswer)?;
        let answer = tokio::time::timeout(PATIENCE, self.shared.browser.send(request)).await;
        match answer {
            Ok(Ok(answer)) => Ok(Reply { status: answer.status, body: answer.body }),
            Ok(Err(_)) | Err(_) => Err(Error::NoAnswer),
        }
    }

    pub(super) fn as_act<T>(&self, user: &SlackUser, channel: &str, make: impl FnOnce(&Act<'_>) -> T) -> T {
        let now = self.now();
        let mut workspace = self.workspace();
        let act = Act {
            user,
            team_id: &self.shared.team_id,
            channel,
            channel_name: &workspace.channel_name(channel),
            trigger_id: &workspace.new_trigger(&user.id, now),
            ts: &workspace.next_ts(now),
        };
        make(&act)
    }
}

/// The answer to a command: a message, or its text alone. An empty body says nothing.
fn answer(body: &str) -> Option<Value> {
    match serde_json::from_str::<Value>(body) {
        Ok(answer) if answer.is_object() => {
            (answer["text"].is_string() || answer["blocks"].is_array()).then_some(answer)
        }
        _ => (!body.is_empty()).then(|| json!({ "text": body })),
    }
}

/// What Slack shows when a command fails.
fn failed(command: &str, code: &str) -> String {
    format!("{command} failed with the error \"{code}\"")
}

/// The block id and the element of a button.
pub(super) fn button<'b>(blocks: &'b Value, action_id: &str) -> Option<(&'b str, &'b Value)> {
    elements(blocks).find(|(_, element)| element["type"] == "button" && element["action_id"] == action_id)
}

/// The block id and a menu, with the option that says this as the chosen one.
pub(super) fn chosen<'b>(blocks: &'b Value, option: &str) -> Option<(&'b str, Value)> {
    let mut menus = elements(blocks).filter(|(_, element)| element["type"] == "overflow");
    menus.find_map(|(block, menu)| {
        let chosen = menu["options"].as_array()?.iter().find(|one| one["text"]["text"] == option)?;
        let mut menu = menu.clone();
        menu["selected_option"] = chosen.clone();
        Some((block, menu))
    })
}

/// What can be pressed in these blocks, each with the id of its block.
fn elements(blocks: &Value) -> impl Iterator<Item = (&str, &Value)> {
    blocks.as_array().into_iter().flatten().flat_map(|block| {
        let elements = block["elements"].as_array().map(Vec::as_slice).unwrap_or_default();
        let id = block["block_id"].as_str().unwrap_or_default();
        elements.iter().chain(block.get("accessory")).map(move |element| (id, element))
    })
}
