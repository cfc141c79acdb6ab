//! Calls Slack's Web API: post, update, ephemeral answer, open a view, publish a home. Everything keeps to a deadline.

use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use http::Uri;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use slack_morphism::api::{
    SlackApiChatPostEphemeralRequest, SlackApiChatPostMessageRequest, SlackApiChatPostMessageResponse,
    SlackApiChatUpdateRequest, SlackApiViewsOpenRequest, SlackApiViewsPublishRequest,
};
use slack_morphism::blocks::{SlackBlock, SlackView};
use slack_morphism::errors::SlackClientError;
use slack_morphism::hyper_tokio::SlackClientHyperConnector;
use slack_morphism::{
    SlackApiToken, SlackApiTokenValue, SlackClient, SlackClientSession, SlackMessageContent, SlackTriggerId,
};

use super::error::Error;
use super::rich_text;
use crate::net::deadline::Deadline;
use crate::net::http::ConnectorOnDemand;
use crate::net::retry::{Repeat, Try, retry};

/// What the app must be allowed to do in a workspace: take slash commands, post where it was invited, begin the chat with
/// somebody who gets a copy of their own, read who is in a user group and what they are called, and find the people of a
/// policy by their addresses.
pub const SCOPES: [&str; 6] =
    ["commands", "chat:write", "im:write", "usergroups:read", "users:read", "users:read.email"];

/// The pause when Slack says 429 without `Retry-After`.
const DEFAULT_RATE_PAUSE: Duration = Duration::from_secs(1);

/// A message: the text for notifications and screen readers, and the blocks that are shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// What a notification says.
    pub text: String,
    /// What is shown; if empty, the text is.
    pub blocks: Vec<SlackBlock>,
}

impl Message {
    /// A message that says these words, in rich text.
    pub(super) fn saying(words: &str) -> Self {
        Self { text: rich_text::fallback(words), blocks: vec![rich_text::block(words)] }
    }
}

/// Where a message was posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The channel's id.
    pub channel: String,
    /// The message's timestamp, which names it.
    pub ts: String,
}

/// A client of the Web API with one bot token.
#[derive(Clone)]
pub struct Client {
    client: Arc<SlackClient<SlackClientHyperConnector<ConnectorOnDemand>>>,
    token: SlackApiToken,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("slack::Client")
    }
}

/// A message whose text, which its notification says, is shown as it is:
/// <https://docs.slack.dev/reference/methods/chat.postMessage>.
#[derive(Serialize)]
struct WithoutMarkup {
    #[serde(flatten)]
    request: SlackApiChatPostMessageRequest,
    mrkdwn: bool,
}

/// Several users would be separated by commas: <https://docs.slack.dev/reference/methods/conversations.open>.
#[derive(Serialize)]
struct OpenChat<'a> {
    users: &'a str,
}

#[derive(Deserialize)]
struct OpenedChat {
    channel: Chat,
}

#[derive(Deserialize)]
struct Chat {
    id: String,
}

/// What is shown in a home, by Slack's name for it.
#[derive(Deserialize)]
struct Published {
    view: PublishedView,
}

#[derive(Deserialize)]
struct PublishedView {
    hash: String,
}

type Session<'a> = SlackClientSession<'a, SlackClientHyperConnector<ConnectorOnDemand>>;

impl Client {
    /// A client for the API at this address, which ends without a slash.
    pub fn new(api_url: &str, token: &SecretString) -> io::Result<Self> {
        // An address that is none is found now, and not with the first call.
        Uri::try_from(api_url).map_err(io::Error::other)?;
        let connector = SlackClientHyperConnector::with_connector(ConnectorOnDemand);
        Ok(Self {
            client: Arc::new(SlackClient::new(connector.with_slack_api_url(api_url))),
            token: SlackApiToken::new(SlackApiTokenValue(token.expose_secret().to_owned())),
        })
    }

    /// `chat.postMessage`, in a thread if one is named. Not repeated when no answer comes: it may have been posted.
    pub async fn post(
        &self,
        channel: &str,
        message: Message,
        thread: Option<&str>,
        deadline: Deadline,
    ) -> Result<Posted, Error> {
        let request = SlackApiChatPostMessageRequest::new(channel.into(), content(message))
            .opt_thread_ts(thread.map(Into::into))
            .with_unfurl_links(false)
            .with_unfurl_media(false);
        let request = WithoutMarkup { request, mrkdwn: false };
        let call = || async { self.session().http_session_api.http_post("chat.postMessage", &request, None).await };
        let response: SlackApiChatPostMessageResponse = run(deadline, Repeat::OnlyWhenNothingHappened, call).await?;
        Ok(Posted { channel: response.channel.0, ts: response.ts.0 })
    }

    /// `chat.update`, with text and blocks: text alone would remove the blocks.
    pub async fn update(&self, channel: &str, ts: &str, message: Message, deadline: Deadline) -> Result<(), Error> {
        let request = SlackApiChatUpdateRequest::new(channel.into(), content(message), ts.into());
        let call = || async { self.session().chat_update(&request).await };
        run(deadline, Repeat::Freely, call).await.map(|_| ())
    }

    /// `chat.postEphemeral`: only this user sees it.
    pub async fn ephemeral(&self, channel: &str, user: &str, text: &str, deadline: Deadline) -> Result<(), Error> {
        let message = Message::saying(text);
        let request = SlackApiChatPostEphemeralRequest::new(channel.into(), user.into(), content(message));
        let call = || async { self.session().chat_post_ephemeral(&request).await };
        run(deadline, Repeat::OnlyWhenNothingHappened, call).await.map(|_| ())
    }

    /// Tells one person something in a channel, or in their own chat with the app where Slack refuses that, as it does
    /// where the bot is not: <https://docs.slack.dev/reference/methods/chat.postMessage>, posting to a direct message.
    pub async fn tell(&self, channel: &str, user: &str, text: &str, deadline: Deadline) -> Result<(), Error> {
        match self.ephemeral(channel, user, text, deadline).await {
            Err(Error::Refused(code)) => {
                tracing::info!(code, "Slack shows nothing to one person there");
                self.direct(user, text, deadline).await
            }
            told => told,
        }
    }

    /// `conversations.open`: the id of one person's chat with the app. Who asks twice gets the same one twice.
    pub async fn open_chat(&self, user: &str, deadline: Deadline) -> Result<String, Error> {
        let request = OpenChat { users: user };
        let call = || async { self.session().http_session_api.http_post("conversations.open", &request, None).await };
        let opened: OpenedChat = run(deadline, Repeat::Freely, call).await?;
        Ok(opened.channel.id)
    }

    /// `chat.postMessage` into one person's chat with the app.
    pub async fn direct(&self, user: &str, text: &str, deadline: Deadline) -> Result<(), Error> {
        self.post(user, Message::saying(text), None, deadline).await.map(|_| ())
    }

    /// `views.open`, which uses up the trigger.
    pub async fn open_view(&self, trigger_id: &str, view: SlackView, deadline: Deadline) -> Result<(), Error> {
        let request = SlackApiViewsOpenRequest::new(SlackTriggerId(trigger_id.to_owned()), view);
        let call = || async { self.session().views_open(&request).await };
        run(deadline, Repeat::OnlyWhenNothingHappened, call).await.map(|_| ())
    }

    /// A method that reads, which takes its arguments in the address.
    pub(super) async fn get<T: for<'de> Deserialize<'de> + Send>(
        &self,
        method: &str,
        arguments: &[(&str, Option<&str>)],
        deadline: Deadline,
    ) -> Result<T, Error> {
        let arguments = arguments.to_vec();
        let call = || async { self.session().http_session_api.http_get(method, &arguments, None).await };
        run(deadline, Repeat::Freely, call).await
    }

    /// `views.publish`: the home of this user, over what is shown there by this name, if one is named. Returns the name of
    /// what is shown now; none if something else was shown there meanwhile.
    pub async fn publish(
        &self,
        user: &str,
        view: SlackView,
        over: Option<&str>,
        deadline: Deadline,
    ) -> Result<Option<String>, Error> {
        let request = SlackApiViewsPublishRequest::new(user.into(), view).opt_hash(over.map(str::to_owned));
        let call = || async { self.session().http_session_api.http_post("views.publish", &request, None).await };
        match run::<Published, _>(deadline, Repeat::Freely, call).await {
            Ok(published) => Ok(Some(published.view.hash)),
            Err(Error::Refused(code)) if code == "hash_conflict" => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn session(&self) -> Session<'_> {
        self.client.open_session(&self.token)
    }
}

fn content(message: Message) -> SlackMessageContent {
    let blocks = (!message.blocks.is_empty()).then_some(message.blocks);
    SlackMessageContent::new().with_text(message.text).opt_blocks(blocks)
}

async fn run<T, F: Future<Output = Result<T, SlackClientError>>>(
    deadline: Deadline,
    repeat: Repeat,
    call: impl Fn() -> F,
) -> Result<T, Error> {
    let try_once = |deadline: Deadline| {
        let call = call();
        async move {
            let error = match tokio::time::timeout(deadline.left(), call).await {
                Ok(Ok(response)) => return Try::Done(Ok(response)),
                Ok(Err(error)) => Error::from(error),
                Err(_) => Error::NoAnswer("no answer in time"),
            };
            match error {
                // Slack says that it did nothing.
                Error::RateLimited { retry_after } => Try::Again(Err(error), retry_after.or(Some(DEFAULT_RATE_PAUSE))),
                Error::NotSent(_) => Try::Again(Err(error), None),
                Error::Status(500..) | Error::NoAnswer(_) if repeat == Repeat::Freely => Try::Again(Err(error), None),
                error => Try::Done(Err(error)),
            }
        }
    };
    retry(deadline, try_once).await
}
