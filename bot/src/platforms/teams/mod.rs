//! Microsoft Teams: what comes in carries a token of the Bot Framework, and what goes out one of the bot.

mod activities;
mod activity;
mod approving;
mod calling;
pub mod card;
pub mod client;
pub mod commands;
pub mod config;
mod details;
mod elements;
pub mod form;
mod keys;
mod more;
#[cfg(test)]
mod tests;
pub mod token;
mod verified;
pub mod words;

use std::io;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::routing::post;
use jiff::SignedDuration;

use self::client::Client;
use self::client::service_url::AllowedHosts;
use self::config::TeamsConfig;
use self::token::TokenVerifier;
use crate::approval::delivery::Unsent;
use crate::approval::ids::PersonId;
use crate::approval::notes::Note;
use crate::approval::place::{Destination, MessageRef, Platform};
use crate::approval::record::Approval;
use crate::approval::run::{Run, RunEnd};
use crate::flow::app::App;
use crate::links::Links;
use crate::messages::dialect::TEAMS;
use crate::messages::{notes, runs};
use crate::net::deadline::Deadline;
use crate::net::http::HttpClient;
use crate::ports::Messenger;

/// In one conversation Teams takes 7 messages of a bot in a second, 8 in two, 60 in thirty and 1,800 in an hour:
/// <https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit>.
/// Of one burst at most 1,200 have a turn that is waited for, which is below the last.
const SPACING: SignedDuration = SignedDuration::from_millis(500);

/// Teams gives an outgoing webhook five seconds to answer and names no figure for a bot's invoke, so that is taken
/// for both; one second is left for the way there and back.
pub const PATIENCE: Duration = Duration::from_secs(4);

/// The two halves of Teams.
#[derive(Clone)]
pub struct Teams {
    /// Checks that a request is from the Bot Framework and for this bot.
    pub verifier: TokenVerifier,
    /// The hosts that an activity may name as its address.
    pub hosts: AllowedHosts,
    /// Calls the Connector.
    pub client: Client,
}

impl Teams {
    /// Both halves as they are configured, with one HTTP client for both, so that connections are kept.
    pub fn new(config: &TeamsConfig) -> io::Result<Self> {
        let http = HttpClient::default();
        let (verifier, client) = (config.verifier(http.clone()), config.client(http)?);
        Ok(Self { verifier, hosts: config.hosts.clone(), client })
    }
}

/// What the handlers need.
#[derive(Clone)]
struct TeamsState {
    app: App,
    teams: Option<Teams>,
}

/// The route of Teams; where it is off it answers 404.
pub fn router(app: App, teams: Option<Teams>) -> Router {
    Router::new().route("/teams/messages", post(activities::receive)).with_state(TeamsState { app, teams })
}

/// Shows approvals in the conversations of the policy.
pub struct TeamsMessenger {
    client: Client,
    links: Links,
}

impl TeamsMessenger {
    /// A messenger that calls the Connector with this client.
    pub fn new(client: Client, links: Links) -> Self {
        Self { client, links }
    }

    /// Sends the request into somebody's own chat. Whoever has not installed the app gets no copy, which is known for good
    /// when the chat is not begun: <https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/send-proactive-messages>.
    async fn send_to(&self, approval: &Approval, person: &PersonId, deadline: Deadline) -> Result<MessageRef, Unsent> {
        let platform = Platform::Teams;
        let user = approval.rules.person(person).and_then(|person| person.on(platform)).ok_or_else(Unsent::nowhere)?;
        let chat = self.client.personal_chat(&user.id, deadline).await.map_err(|error| match error {
            client::Error::Refused { status: 403 | 404, .. } => Unsent::refused(error),
            error => error.into(),
        })?;
        let (card, summary) = (card::card(approval, &self.links), words::summary(approval));
        let posted = self.client.post_card(&chat, card, &summary, deadline).await?;
        let (person, conversation, message) = (person.clone(), posted.conversation, posted.activity);
        Ok(MessageRef::Direct { platform, person, conversation, message })
    }
}

#[async_trait]
impl Messenger for TeamsMessenger {
    fn platform(&self) -> Platform {
        Platform::Teams
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
        if let Destination::Direct(_, person) = destination {
            return self.send_to(approval, person, deadline).await;
        }
        let conversation = approval.rules.conversation(Platform::Teams).ok_or_else(Unsent::nowhere)?;
        let (card, summary) = (card::first(approval, &self.links), words::summary(approval));
        let posted = self.client.post_card(conversation, card, &summary, deadline).await?;
        let client::Posted { conversation, activity } = posted;
        Ok(MessageRef::Card { platform: Platform::Teams, conversation, message: activity })
    }

    async fn update(&self, approval: &Approval, message: &MessageRef, deadline: Deadline) -> Result<(), Unsent> {
        let (conversation, activity) = message.on(Platform::Teams).ok_or_else(Unsent::nowhere)?;
        let (card, summary) = (card::card(approval, &self.links), words::summary(approval));
        Ok(self.client.update_card(conversation, activity, card, &summary, deadline).await?)
    }

    async fn tell(
        &self,
        approval: &Approval,
        message: &MessageRef,
        note: &Note,
        deadline: Deadline,
    ) -> Result<(), Unsent> {
        let (conversation, activity) = message.on(Platform::Teams).ok_or_else(Unsent::nowhere)?;
        let words = match note {
            Note::Reminder { .. } if !message.is_shared() => notes::own_reminder(approval, TEAMS),
            note => words::note(approval, note),
        };
        Ok(self.client.note(conversation, activity, &words, deadline).await?)
    }

    async fn tell_starter(&self, run: &Run, end: &RunEnd, deadline: Deadline) -> Result<(), Unsent> {
        let text = runs::ended(run, end, &self.links, TEAMS);
        Ok(self.client.say(&run.starter.conversation, &text, deadline).await?)
    }
}
