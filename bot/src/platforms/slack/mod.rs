//! Slack: what comes in is verified, and what goes out carries the token of the app's bot.

mod access;
pub mod approving;
mod buttons;
pub mod card;
pub mod client;
pub mod commands;
pub mod config;
pub mod details;
mod elements;
pub mod error;
mod events;
mod form;
mod home;
mod interaction;
mod interactions;
mod more;
mod pressing;
mod rejecting;
mod returning;
mod rich_text;
mod taking_back;
pub mod usergroups;
mod verified;

use std::io;
use std::time::Duration;

use async_trait::async_trait;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use jiff::SignedDuration;
use serde_json::json;

use self::client::Client;
use self::config::SlackConfig;
use crate::approval::delivery::Unsent;
use crate::approval::home::Page;
use crate::approval::notes::Note;
use crate::approval::place::{Destination, MessageRef, Platform};
use crate::approval::record::Approval;
use crate::approval::run::{Run, RunEnd, Starter};
use crate::flow::app::App;
use crate::links::Links;
use crate::messages::dialect::SLACK;
use crate::messages::runs;
use crate::net::deadline::Deadline;
use crate::net::signature::Verifier;
use crate::ports::{Homes, Messenger};

/// `chat.postMessage` takes about one message a second in a channel. Slack lets a short burst pass and does not say how
/// short, so none is counted on: <https://docs.slack.dev/apis/web-api/rate-limits>.
const SPACING: SignedDuration = SignedDuration::from_secs(1);

/// `views.publish` is taken a hundred times a minute in a workspace: <https://docs.slack.dev/reference/methods/views.publish>.
const HOME_SPACING: SignedDuration = SignedDuration::from_millis(600);

/// Whoever started something is taken to be still there for so long. Slack shows what one person alone is told in a
/// channel only to somebody who is active: <https://docs.slack.dev/reference/methods/chat.postEphemeral>.
const PRESENT: SignedDuration = SignedDuration::from_mins(10);

/// Slack gives an app three seconds to acknowledge; half a second is left for the way there and back
/// <https://docs.slack.dev/interactivity/handling-user-interaction>.
pub const PATIENCE: Duration = Duration::from_millis(2_500);

/// The two halves of Slack.
#[derive(Clone)]
pub struct Slack {
    /// Checks that a request is from Slack.
    pub verifier: Verifier,
    /// Calls the Web API.
    pub client: Client,
}

impl Slack {
    /// Both halves as they are configured.
    pub fn new(config: &SlackConfig) -> io::Result<Self> {
        Ok(Self { verifier: config.verifier(), client: config.client()? })
    }
}

/// What the handlers need.
#[derive(Clone)]
struct SlackState {
    app: App,
    slack: Option<Slack>,
}

/// The routes of Slack; where it is off they answer 404.
pub fn router(app: App, slack: Option<Slack>) -> Router {
    Router::new()
        .route("/slack/commands", post(commands::receive))
        .route("/slack/interactions", post(interactions::receive))
        .route("/slack/events", post(events::receive))
        .with_state(SlackState { app, slack })
}

/// An answer that only the person who sent the command sees.
fn ephemeral(words: &str) -> Response {
    let client::Message { text, blocks } = client::Message::saying(words);
    Json(json!({ "response_type": "ephemeral", "text": text, "blocks": blocks })).into_response()
}

/// Shows approvals in the channels of the policy.
pub struct SlackMessenger {
    client: Client,
    links: Links,
}

impl SlackMessenger {
    /// A messenger that calls Slack with this client.
    pub fn new(client: Client, links: Links) -> Self {
        Self { client, links }
    }
}

#[async_trait]
impl Messenger for SlackMessenger {
    fn platform(&self) -> Platform {
        Platform::Slack
    }

    fn spacing(&self) -> Option<SignedDuration> {
        Some(SPACING)
    }

    async fn send(
        &self,
        approval: &Approval,
        destination: &Destination,
        deadline: Deadline,
    ) -> Result<MessageRef, Unsent> {
        let platform = Platform::Slack;
        if let Destination::Direct(_, person) = destination {
            let user = approval.rules.person(person).and_then(|person| person.on(platform));
            let user = user.ok_or_else(Unsent::nowhere)?;
            let chat = self.client.open_chat(&user.id, deadline).await?;
            let posted = self.client.post(&chat, card::own(approval, &self.links), None, deadline).await?;
            let (person, conversation, message) = (person.clone(), posted.channel, posted.ts);
            return Ok(MessageRef::Direct { platform, person, conversation, message });
        }
        let channel = approval.rules.conversation(platform).ok_or_else(Unsent::nowhere)?;
        let posted = self.client.post(channel, card::card(approval, &self.links), None, deadline).await?;
        Ok(MessageRef::Card { platform, conversation: posted.channel, message: posted.ts })
    }

    async fn update(&self, approval: &Approval, message: &MessageRef, deadline: Deadline) -> Result<(), Unsent> {
        let (channel, ts) = message.on(Platform::Slack).ok_or_else(Unsent::nowhere)?;
        let card = if message.is_shared() { card::card } else { card::own };
        Ok(self.client.update(channel, ts, card(approval, &self.links), deadline).await?)
    }

    async fn tell(
        &self,
        approval: &Approval,
        message: &MessageRef,
        note: &Note,
        deadline: Deadline,
    ) -> Result<(), Unsent> {
        let (channel, ts) = message.on(Platform::Slack).ok_or_else(Unsent::nowhere)?;
        self.client.post(channel, card::note(approval, message, note), Some(ts), deadline).await?;
        Ok(())
    }

    async fn tell_starter(&self, run: &Run, end: &RunEnd, deadline: Deadline) -> Result<(), Unsent> {
        let text = runs::ended(run, end, &self.links, SLACK);
        let Starter { conversation, user, .. } = &run.starter;
        let is_there = end.at.is_some_and(|at| at.duration_since(run.started_at) < PRESENT);
        if is_there {
            Ok(self.client.tell(conversation, user, &text, deadline).await?)
        } else {
            Ok(self.client.direct(user, &text, deadline).await?)
        }
    }

    fn homes(&self) -> Option<&dyn Homes> {
        Some(self)
    }
}

#[async_trait]
impl Homes for SlackMessenger {
    fn spacing(&self) -> SignedDuration {
        HOME_SPACING
    }

    async fn show(
        &self,
        user: &str,
        page: &Page,
        over: Option<&str>,
        deadline: Deadline,
    ) -> Result<Option<String>, Unsent> {
        Ok(self.client.publish(user, home::view(page, &self.links), over, deadline).await?)
    }
}
