//! Calls the Bot Connector of Teams: post and update cards, answer people. Everything keeps to a deadline.
//!
//! The Connector is described in
//! <https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference>, and what Teams
//! makes of it in <https://learn.microsoft.com/microsoftteams/platform/bots/build-conversational-capability>.

mod call;
mod error;
mod login;
pub mod service_url;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod wire;

use std::sync::Arc;
use std::{fmt, io};

use axum::body::Bytes;
use http::{Method, Request, StatusCode, Uri, header};
use serde::Deserialize;
use serde_json::{Value, json};

use self::call::call;
use crate::net::deadline::Deadline;
use crate::net::http::HttpClient;
use crate::net::retry::Repeat;

use login::{Login, Token};
use service_url::{Address, ServiceUrl};

pub use error::Error;
pub use login::Credentials;

/// The content type of an Adaptive Card.
const CARD: &str = "application/vnd.microsoft.card.adaptive";
/// The ends of the ids of channels. Group chats and personal chats have no threads.
const CHANNELS: [&str; 2] = ["@thread.tacv2", "@thread.skype"];
/// Between the id of a channel and the message that a thread in it starts with.
const THREAD: &str = ";messageid=";
/// The call was taken, and what it made has no name.
const NOT_DOCUMENTED: Error = Error::NoAnswer("the answer is not what is documented");

/// What the client needs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who the bot is.
    pub credentials: Credentials,
    /// Where it gets its token, without a slash at the end.
    pub login_url: String,
    /// Where it posts on its own account.
    pub service_url: ServiceUrl,
    /// What it calls with.
    pub http: HttpClient,
}

/// Where a card was posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The conversation's id, without a thread in it.
    pub conversation: String,
    /// The id of the card's activity, which names it.
    pub activity: String,
}

/// Where an activity came from, and so where its answer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyTo {
    /// The activity's own address of the Connector.
    pub service_url: ServiceUrl,
    /// Its conversation, with the thread in it if there is one.
    pub conversation: String,
    /// The message that is answered; none where there was no message, as when the bot has been added.
    pub message: Option<String>,
}

/// A client of the Connector, as one bot. Clones share the token.
#[derive(Clone)]
pub struct Client {
    http: HttpClient,
    login: Arc<Login>,
    /// The bot among the members of a conversation.
    bot: String,
    tenant: String,
    service_url: ServiceUrl,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("teams::Client")
    }
}

/// What a new conversation answers; its activity has an id of its own only where it was made with one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewConversation {
    id: String,
    activity_id: Option<String>,
}

/// What a new activity answers.
#[derive(Deserialize)]
struct NewActivity {
    id: String,
}

impl Client {
    /// A client with these settings. Nobody is called yet.
    pub fn new(settings: Settings) -> io::Result<Self> {
        // An address that is none is found now, and not with the first call.
        Uri::try_from(&settings.login_url).map_err(io::Error::other)?;
        Ok(Self {
            bot: format!("28:{}", settings.credentials.app_id),
            tenant: settings.credentials.tenant.clone(),
            login: Arc::new(Login::new(settings.http.clone(), &settings.login_url, settings.credentials)),
            service_url: settings.service_url,
            http: settings.http,
        })
    }

    /// Posts a card, given as the content of an Adaptive Card, and the text of its notification. In a channel it
    /// starts a thread. Not repeated when no answer comes: it may have been posted.
    pub async fn post_card(
        &self,
        conversation: &str,
        card: Value,
        summary: &str,
        deadline: Deadline,
    ) -> Result<Posted, Error> {
        let activity = card_activity(card, summary);
        let activity = if is_channel(conversation) {
            let body = json!({
                "isGroup": true,
                "channelData": { "channel": { "id": conversation } },
                "tenantId": self.tenant,
                "bot": { "id": self.bot },
                "activity": activity,
            });
            let new: NewConversation =
                self.create(&self.service_url, body, Repeat::OnlyWhenNothingHappened, deadline).await?;
            let thread = new.id.split_once(THREAD).map(|(_, message)| message.to_owned());
            new.activity_id.or(thread).ok_or(NOT_DOCUMENTED)?
        } else {
            self.post(&self.service_url, conversation, activity, deadline).await?
        };
        Ok(Posted { conversation: conversation.to_owned(), activity })
    }

    /// Replaces a card for everybody who sees it.
    pub async fn update_card(
        &self,
        conversation: &str,
        activity: &str,
        card: Value,
        summary: &str,
        deadline: Deadline,
    ) -> Result<(), Error> {
        let address =
            self.service_url.join(&["conversations", &thread(conversation, activity), "activities", activity]);
        let mut body = card_activity(card, summary);
        body["id"] = json!(activity);
        self.run(Method::PUT, address, body, Repeat::Freely, deadline).await.map(|_| ())
    }

    /// Posts text under a card, or after it where there are no threads.
    pub async fn note(
        &self,
        conversation: &str,
        activity: &str,
        markdown: &str,
        deadline: Deadline,
    ) -> Result<(), Error> {
        self.say(&thread(conversation, activity), markdown, deadline).await
    }

    /// Posts text into a conversation, or into the thread that its id names.
    pub async fn say(&self, conversation: &str, markdown: &str, deadline: Deadline) -> Result<(), Error> {
        self.post(&self.service_url, conversation, text_activity(markdown), deadline).await.map(|_| ())
    }

    /// Answers an activity where it was said.
    pub async fn reply(&self, to: &ReplyTo, markdown: &str, deadline: Deadline) -> Result<(), Error> {
        let mut activity = text_activity(markdown);
        if let Some(message) = &to.message {
            activity["replyToId"] = json!(message);
        }
        self.post(&to.service_url, &to.conversation, activity, deadline).await.map(|_| ())
    }

    /// Answers an activity with a card, where it was said.
    pub async fn reply_card(&self, to: &ReplyTo, card: Value, summary: &str, deadline: Deadline) -> Result<(), Error> {
        let mut activity = card_activity(card, summary);
        if let Some(message) = &to.message {
            activity["replyToId"] = json!(message);
        }
        self.post(&to.service_url, &to.conversation, activity, deadline).await.map(|_| ())
    }

    /// Answers an activity to one member of its conversation alone, in the personal chat with the bot. `member` is
    /// the id that Teams gives a person toward this bot (`29:…`).
    pub async fn tell(&self, to: &ReplyTo, member: &str, markdown: &str, deadline: Deadline) -> Result<(), Error> {
        let chat = self.chat_with(&to.service_url, member, deadline).await?;
        self.post(&to.service_url, &chat, text_activity(markdown), deadline).await.map(|_| ())
    }

    /// The personal chat of a person, by their Entra object id, with the bot.
    pub async fn personal_chat(&self, person: &str, deadline: Deadline) -> Result<String, Error> {
        self.chat_with(&self.service_url, person, deadline).await
    }

    /// Who asks twice for the chat with a person gets the same chat twice.
    async fn chat_with(&self, at: &ServiceUrl, member: &str, deadline: Deadline) -> Result<String, Error> {
        let body = json!({
            "isGroup": false,
            "members": [{ "id": member }],
            "tenantId": self.tenant,
            "bot": { "id": self.bot },
        });
        Ok(self.create(at, body, Repeat::Freely, deadline).await?.id)
    }

    async fn create(
        &self,
        at: &ServiceUrl,
        conversation: Value,
        repeat: Repeat,
        deadline: Deadline,
    ) -> Result<NewConversation, Error> {
        let address = at.join(&["conversations"]);
        let answer = self.run(Method::POST, address, conversation, repeat, deadline).await?;
        serde_json::from_slice(&answer).map_err(|_| NOT_DOCUMENTED)
    }

    /// Posts an activity and returns its id.
    async fn post(
        &self,
        at: &ServiceUrl,
        conversation: &str,
        activity: Value,
        deadline: Deadline,
    ) -> Result<String, Error> {
        let address = at.join(&["conversations", conversation, "activities"]);
        let answer = self.run(Method::POST, address, activity, Repeat::OnlyWhenNothingHappened, deadline).await?;
        let new: NewActivity = serde_json::from_slice(&answer).map_err(|_| NOT_DOCUMENTED)?;
        Ok(new.id)
    }

    /// Makes a call with the bot's token, and with another one if Teams refuses the first. An `Address` is always one
    /// of a host on the allow-list.
    async fn run(
        &self,
        method: Method,
        address: Address,
        body: Value,
        repeat: Repeat,
        deadline: Deadline,
    ) -> Result<Bytes, Error> {
        let request = |token: &Token| {
            Request::builder()
                .method(&method)
                .uri(address.as_str())
                .header(header::AUTHORIZATION, token.header())
                .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
                .body(body.to_string().into_bytes())
                .map_err(|_| Error::NotSent("the address is none"))
        };
        let token = self.login.token(deadline).await?;
        let mut answer = call(&self.http, &request(&token)?, repeat, deadline).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            let token = self.login.other_than(&token, deadline).await?;
            answer = call(&self.http, &request(&token)?, repeat, deadline).await?;
        }
        if answer.status().is_success() { Ok(answer.into_body()) } else { Err(Error::of(&answer)) }
    }
}

fn card_activity(card: Value, summary: &str) -> Value {
    json!({
        "type": "message",
        "summary": summary,
        "attachments": [{ "contentType": CARD, "content": card }],
    })
}

fn text_activity(markdown: &str) -> Value {
    json!({ "type": "message", "textFormat": "markdown", "text": markdown })
}

fn is_channel(conversation: &str) -> bool {
    CHANNELS.iter().any(|end| conversation.ends_with(end))
}

/// The conversation in which an activity of a channel is updated and answered: its thread.
fn thread(conversation: &str, activity: &str) -> String {
    if is_channel(conversation) { format!("{conversation}{THREAD}{activity}") } else { conversation.to_owned() }
}
