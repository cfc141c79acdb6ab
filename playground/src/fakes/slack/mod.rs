//! A Slack workspace: the Web API that the bot's client calls, what people see in it, and what they do there.
//!
//! People act through the bot's public routes with signed requests, so nothing in the bot knows that this Slack
//! is not the real one.

mod api;
mod block_kit;
mod chats;
mod directory;
mod elements;
mod homes;
mod inputs;
mod mentions;
mod payloads;
mod people;
mod rate_limit;
mod rich_text;
mod scheduled;
#[cfg(test)]
mod tests;
mod usergroups;
mod workspace;

use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use countersign_bot::net::signature::SigningKey;
use countersign_engine::clock::Clock;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use self::workspace::Workspace;
use crate::browser::Browser;
use crate::changes::Changes;
use crate::lock;

pub use self::people::{CommandAnswer, Error, Reply, SubmitAnswer};
pub use self::usergroups::Profile;

/// The bot's own user, who writes its messages.
const BOT_USER: &str = "U0COUNTERSIGN";
const BOT_ID: &str = "B0COUNTERSIGN";
const APP_ID: &str = "A0COUNTERSIGN";
const TEAM_DOMAIN: &str = "playground";
/// What the app's manifest asks for, as Slack names it with every answer.
const SCOPES: &str = "commands,chat:write,im:write,usergroups:read,users:read,users:read.email";

/// What a workspace is made with.
#[derive(Clone)]
pub struct FakeSlackConfig {
    /// The token that calls must carry.
    pub bot_token: String,
    /// The secret that requests to the bot are signed with. With an empty one they go out unsigned.
    pub signing_secret: String,
    /// The workspace's id.
    pub team_id: String,
    /// Where the bot's router listens, without a slash at the end; `set_bot_url` gives it later.
    pub bot_url: String,
    /// What time it is.
    pub clock: Clock,
    /// Wakes whoever watches.
    pub changes: Changes,
}

/// The workspace. Clones share everything.
#[derive(Clone)]
pub struct FakeSlack {
    shared: Arc<Shared>,
}

struct Shared {
    bot_token: String,
    signing_key: Option<SigningKey>,
    team_id: String,
    bot_url: Mutex<String>,
    clock: Clock,
    changes: Changes,
    browser: Browser,
    workspace: Mutex<Workspace>,
}

/// A member of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SlackUser {
    /// The user id (`U…`).
    pub id: String,
    /// The name that others see.
    pub name: String,
    /// The user's own workspace, which in a shared channel is not the channel's.
    pub team_id: String,
}

/// A message in a channel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SlackMessage {
    /// The channel's id.
    pub channel: String,
    /// The timestamp that names the message.
    pub ts: String,
    /// The message that this one answers.
    pub thread_ts: Option<String>,
    /// What a notification says, and what is shown when there are no blocks.
    pub text: String,
    /// What is shown: an array, empty if the message has only text.
    pub blocks: Value,
    /// How often the message was changed.
    pub edits: u32,
}

/// A message that one person sees.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ephemeral {
    /// The channel's id.
    pub channel: String,
    /// The person's user id.
    pub user: String,
    /// What is shown when there are no blocks, as mrkdwn.
    pub text: String,
    /// What is shown: an array, empty if the message has only text.
    pub blocks: Value,
    /// When it appeared, among the other messages.
    pub ts: String,
}

/// A form that is open in front of a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OpenView {
    /// The view's id.
    pub id: String,
    /// The view as the bot sent it, with ids for blocks and inputs that had none.
    pub view: Value,
}

/// What goes wrong with a call of the Web API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Slack answers `ok: false` with this code.
    NotOk(String),
    /// Slack answers 429.
    RateLimited {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// Slack answers with this HTTP status.
    Status(u16),
    /// Slack never answers.
    Hang,
    /// The connection closes without an answer, after the call took effect.
    Drop,
}

impl FakeSlack {
    /// An empty workspace.
    pub fn new(config: FakeSlackConfig) -> Self {
        let shared = Shared {
            bot_token: config.bot_token,
            signing_key: SigningKey::new(config.signing_secret.into()),
            team_id: config.team_id,
            bot_url: Mutex::new(config.bot_url),
            clock: config.clock,
            changes: config.changes,
            browser: Browser::new(),
            workspace: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The Web API: `POST /chat.postMessage` and the other methods that the bot calls.
    pub fn router(&self) -> Router {
        api::router(self.clone())
    }

    /// Says where the bot's router listens, without a slash at the end.
    pub fn set_bot_url(&self, url: &str) {
        *lock(&self.shared.bot_url) = url.to_owned();
    }

    /// Whether a message that follows another too soon is refused with 429, which it is not until this is called.
    pub fn enforce_rate_limit(&self, enforced: bool) {
        self.workspace().limit.enforced = enforced;
    }

    /// Adds a channel. Until the first is added, every id of a channel's form is one that exists.
    pub fn add_channel(&self, id: &str, name: &str) {
        self.workspace().channels.insert(id.to_owned(), name.to_owned());
    }

    /// Somebody takes the bot out of a channel, which it can write nothing into then.
    pub fn remove_bot(&self, channel: &str) {
        self.workspace().without_bot.insert(channel.to_owned());
    }

    /// Somebody (by user id) leaves the workspace, and can be written to no more.
    pub fn deactivate(&self, user: &str) {
        self.workspace().deactivated.insert(user.to_owned());
    }

    /// What the bot has written to this person (by user id) alone, in their chat with it.
    pub fn direct_messages(&self, user: &str) -> Vec<SlackMessage> {
        self.messages(&workspace::direct(user))
    }

    /// The messages (by timestamp) whose posting has notified this person (by user id), the oldest first. A message that
    /// is changed notifies nobody.
    pub fn notified(&self, user: &str) -> Vec<String> {
        let workspace = self.workspace();
        let of_user = workspace.notified.iter().filter(|(notified, _)| notified == user);
        of_user.map(|(_, ts)| ts.clone()).collect()
    }

    /// The name of a channel; of one that was not added, its id.
    pub fn channel_name(&self, id: &str) -> String {
        self.workspace().channel_name(id)
    }

    /// The next call of this method goes wrong. Several faults of one method come one after the other.
    pub fn fail_next(&self, method: &str, fault: Fault) {
        self.workspace().faults.entry(method.to_owned()).or_default().push_back(fault);
    }

    /// Every call of this method goes wrong from now on, or with `None` no longer does.
    pub fn fail_always(&self, method: &str, fault: Option<Fault>) {
        let mut workspace = self.workspace();
        match fault {
            Some(fault) => workspace.lasting_faults.insert(method.to_owned(), fault),
            None => workspace.lasting_faults.remove(method),
        };
    }

    /// Everything works again.
    pub fn recover(&self) {
        let mut workspace = self.workspace();
        workspace.faults.clear();
        workspace.lasting_faults.clear();
    }

    /// The messages of a channel with all replies, the oldest first.
    pub fn messages(&self, channel: &str) -> Vec<SlackMessage> {
        self.workspace().messages_of(channel).cloned().collect()
    }

    /// The latest message of a channel, which may be a reply; the others are not copied for it.
    pub fn latest_message(&self, channel: &str) -> Option<SlackMessage> {
        self.workspace().messages_of(channel).next_back().cloned()
    }

    /// How many messages are in a channel, with all replies.
    pub fn message_count(&self, channel: &str) -> usize {
        self.workspace().messages_of(channel).count()
    }

    /// What was shown to single people, the oldest first.
    pub fn ephemerals(&self) -> Vec<Ephemeral> {
        self.workspace().ephemerals.clone()
    }

    /// The form in front of this person (by user id).
    pub fn open_view(&self, user: &str) -> Option<OpenView> {
        self.workspace().views.get(user).cloned()
    }

    /// The latest calls of the Web API (up to 10,000) with their bodies, the oldest first, refused ones too.
    pub fn calls(&self) -> Vec<(String, Value)> {
        self.workspace().calls.iter().cloned().collect()
    }

    /// Somebody deletes a message, as any administrator of a workspace can.
    pub fn delete_message(&self, channel: &str, ts: &str) {
        self.workspace().messages.remove(&(channel.to_owned(), ts.to_owned()));
        self.shared.changes.note();
    }

    fn workspace(&self) -> MutexGuard<'_, Workspace> {
        lock(&self.shared.workspace)
    }

    fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }
}

impl std::fmt::Debug for FakeSlack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FakeSlack")
    }
}
