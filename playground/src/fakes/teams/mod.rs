//! The Microsoft Teams of an organisation: the login, the keys and the connector that the bot's client talks to, what
//! people see, and what they do there.
//!
//! People act through the bot's public route with activities that are signed, so nothing in the bot knows that this
//! Teams is not the real one.

mod activity;
mod address;
mod api;
mod buttons;
mod cards;
mod create;
mod error;
mod keys;
mod login;
mod look;
mod mentions;
mod payloads;
mod people;
mod rate_limits;
mod refusal;
mod roster;
mod shapes;
mod tenant;
#[cfg(test)]
mod tests;
mod token;

use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use countersign_engine::clock::Clock;
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde_json::Value;

use self::tenant::Tenant;
use crate::browser::Browser;
use crate::changes::Changes;
use crate::lock;

pub use self::error::Error;
pub use self::people::{Pressed, Reply, Shown};
pub use self::token::{Signer, Token};

/// The name that people mention the bot by.
const BOT_NAME: &str = "Countersign";

/// What a Teams is made with.
#[derive(Clone)]
pub struct FakeTeamsConfig {
    /// The bot's app id, which is its client id as well.
    pub app_id: String,
    /// The client secret that a login must carry. With an empty one no login succeeds.
    pub app_password: String,
    /// The Entra tenant.
    pub tenant_id: String,
    /// Where `router` is served, without a slash at the end; `set_url` gives it later.
    pub url: String,
    /// Where the bot's router listens, without a slash at the end; `set_bot_url` gives it later.
    pub bot_url: String,
    /// What time it is.
    pub clock: Clock,
    /// Wakes whoever watches.
    pub changes: Changes,
}

/// Teams. Clones share everything.
#[derive(Clone)]
pub struct FakeTeams {
    shared: Arc<Shared>,
}

struct Shared {
    app_id: String,
    app_password: String,
    tenant_id: String,
    url: Mutex<String>,
    bot_url: Mutex<String>,
    clock: Clock,
    changes: Changes,
    browser: Browser,
    tenant: Mutex<Tenant>,
}

/// Somebody who uses Teams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamsUser {
    /// The Entra object id, which is the same for every app.
    pub object_id: String,
    /// The id that this bot knows the user by (`29:…`).
    pub mri: String,
    /// The name that others see.
    pub name: String,
    /// The Entra tenant that the user's requests come from.
    pub tenant: String,
}

impl TeamsUser {
    /// A user with the id that this bot knows it by.
    pub fn new(object_id: &str, name: &str, tenant: &str) -> Self {
        Self {
            object_id: object_id.to_owned(),
            mri: format!("29:1{}", BASE64URL_NOPAD.encode(object_id.as_bytes())),
            name: name.to_owned(),
            tenant: tenant.to_owned(),
        }
    }
}

/// Who wrote a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// The bot.
    Bot,
    /// A person, by object id.
    Person(String),
}

/// A message in a channel or in a chat.
#[derive(Debug, Clone, PartialEq)]
pub struct TeamsMessage {
    /// The id of the activity, which no other message here has.
    pub id: String,
    /// The conversation's id, without the thread.
    pub conversation: String,
    /// The message that begins the thread, if it is not this one.
    pub reply_to: Option<String>,
    /// Who wrote it.
    pub from: Author,
    /// The text, without the mention of the bot.
    pub text: String,
    /// How the text is to be read: `markdown`, `plain` or `xml`.
    pub text_format: String,
    /// What a notification says of a card.
    pub summary: Option<String>,
    /// The Adaptive Card that everybody sees.
    pub card: Option<Value>,
    /// How often the message was changed.
    pub edits: u32,
    /// When it was written.
    pub at: Timestamp,
}

/// What one person is told about a press, beside the card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The person's object id.
    pub person: String,
    /// What it says.
    pub text: String,
    /// The message whose button was pressed.
    pub reply_to: String,
    /// An id among those of the messages.
    pub id: String,
    /// When it appeared.
    pub at: Timestamp,
}

/// What the bot asks Microsoft for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A token for the connector.
    Login,
    /// The OpenID metadata or the keys.
    Keys,
    /// A new thread or chat.
    Create,
    /// A message into a conversation.
    Send,
    /// Another message in the place of one.
    Update,
    /// One message less.
    Delete,
    /// Who is in a conversation.
    Member,
}

/// A call as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// What was asked for.
    pub operation: Operation,
    /// The path, decoded.
    pub path: String,
    /// The body, of a login without the secret.
    pub body: Value,
}

/// What goes wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Microsoft answers with this status and this code in the body.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The code, such as `MessageWritesBlocked`.
        code: String,
    },
    /// Microsoft answers 429.
    RateLimited {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// Microsoft answers with this HTTP status and no body.
    Status(u16),
    /// Microsoft never answers.
    Hang,
    /// The connection closes without an answer, after the call took effect.
    Drop,
}

impl FakeTeams {
    /// A Teams without messages.
    pub fn new(config: FakeTeamsConfig) -> Self {
        let shared = Shared {
            app_id: config.app_id,
            app_password: config.app_password,
            tenant_id: config.tenant_id,
            url: Mutex::new(config.url),
            bot_url: Mutex::new(config.bot_url),
            clock: config.clock,
            changes: config.changes,
            browser: Browser::new(),
            tenant: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// All that Microsoft serves for a bot: `/{tenant}/oauth2/v2.0/token`, `/v1/.well-known/openidconfiguration` with
    /// the keys that it leads to, and the connector under `/v3`.
    pub fn router(&self) -> Router {
        api::router(self.clone())
    }

    /// Says where `router` is served, without a slash at the end.
    pub fn set_url(&self, url: &str) {
        *lock(&self.shared.url) = url.to_owned();
    }

    /// Says where the bot's router listens, without a slash at the end.
    pub fn set_bot_url(&self, url: &str) {
        *lock(&self.shared.bot_url) = url.to_owned();
    }

    /// The `serviceUrl` of activities, which ends in a slash as in Teams.
    pub fn service_url(&self) -> String {
        format!("{}/", self.url())
    }

    /// Whether too many messages in too short a time are refused, which they are not until this is called.
    pub fn enforce_rate_limits(&self, enforced: bool) {
        self.tenant().limits.enforced = enforced;
    }

    /// From now on activities are signed with another key, and the one before is no longer published.
    pub fn rotate_key(&self) {
        self.tenant().keys.rotate();
    }

    /// Somebody takes the app away, so that the bot can begin no chat with them.
    pub fn uninstall(&self, person: &TeamsUser) {
        self.tenant().without_app.insert(person.mri.clone());
    }

    /// The messages (by id) that have notified this person, the oldest first: those that mention them. Whether one that is
    /// changed notifies them once more is not documented, so here it does.
    pub fn notified(&self, person: &TeamsUser) -> Vec<String> {
        let tenant = self.tenant();
        let of_person = tenant.notified.iter().filter(|(id, _)| [&person.object_id, &person.mri].contains(&id));
        of_person.map(|(_, message)| message.clone()).collect()
    }

    /// How often the keys were asked for.
    pub fn key_fetches(&self) -> usize {
        self.tenant().key_fetches
    }

    fn url(&self) -> String {
        lock(&self.shared.url).clone()
    }

    fn bot_id(&self) -> String {
        format!("28:{}", self.shared.app_id)
    }

    fn tenant(&self) -> MutexGuard<'_, Tenant> {
        lock(&self.shared.tenant)
    }

    fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }
}

impl std::fmt::Debug for FakeTeams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FakeTeams")
    }
}
