//! The whole system in one process: what AWS, Slack, Teams and the mail system are elsewhere is here a part of
//! `World`, and the bot between them is the one that runs on Lambda. How it is put together is in `start`.

pub(crate) mod background;
pub(crate) mod functions;
pub(crate) mod people;
pub(crate) mod secrets;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use countersign_bot::startup::Bot;
use countersign_engine::Engine;
use countersign_engine::clock::Clock;

use crate::changes::Changes;
use crate::deliveries::MemoryDeliveries;
use crate::fakes::teams::FakeTeams;
use crate::fakes::{FakeSlack, Mailbox};
use crate::memory::{MemoryBus, MemoryStore};

pub use self::background::Running;
pub use self::people::Actor;

/// The policy that is used when none is named.
const DEFAULT_POLICY: &str = include_str!("../../policy.toml");
/// The state machine that is used when none is named: the one that is deployed.
const DEFAULT_STATE_MACHINE: &str = include_str!("../../../infra/state-machines/calculation.asl.json");

/// What a world is made with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port to listen on; 0 for any that is free.
    pub port: u16,
    /// How long an approval waits.
    pub timeout_seconds: i64,
    /// The policy file.
    pub policy: Source,
    /// The state machine.
    pub state_machine: Source,
    /// Who makes deliveries and hears of executions.
    pub messengers: Messengers,
    /// What the bot is configured with instead of what is in the world, by the names of the variables.
    pub environment: BTreeMap<&'static str, String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            timeout_seconds: 600,
            policy: Source::new("the policy that comes along", DEFAULT_POLICY),
            state_machine: Source::new("the state machine that comes along", DEFAULT_STATE_MACHINE),
            messengers: Messengers::Paced,
            environment: BTreeMap::new(),
        }
    }
}

/// Who makes deliveries, and hears when an execution has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Messengers {
    /// As on AWS: a place rests after each message, as its platform wants it.
    Paced,
    /// The same without a rest, where the clock stands still.
    Restless,
    /// Nobody does: everything lies in the queue and on the bus for whoever takes it from there.
    Absent,
}

/// A text, and what to call it in a message about it.
#[derive(Debug, Clone)]
pub struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Source {
    /// A text with a name.
    pub fn new(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), text: text.to_owned() }
    }

    /// The text of a file.
    pub fn file(path: &Path) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).with_context(|| format!("{name} cannot be read"))?;
        Ok(Self { name, text })
    }
}

/// The whole system.
pub struct World {
    /// The time, which can be moved forward.
    pub clock: Clock,
    /// Wakes whoever watches.
    pub changes: Changes,
    /// Step Functions.
    pub engine: Engine,
    /// Slack.
    pub slack: FakeSlack,
    /// Teams.
    pub teams: FakeTeams,
    /// The mail system.
    pub mailbox: Mailbox,
    /// EventBridge.
    pub bus: MemoryBus,
    /// SQS.
    pub deliveries: MemoryDeliveries,
    /// DynamoDB.
    pub store: Arc<MemoryStore>,
    /// The bot.
    pub bot: Bot,
    /// Everybody who can be acted as: the people of the policy who use Slack, and an outsider.
    pub people: Vec<Actor>,
    /// The Slack channel of the calculation's approvals.
    pub channel: String,
    /// The Teams conversation of the calculation's approvals.
    pub teams_conversation: String,
    /// The calculation.
    pub state_machine_arn: String,
    /// How long an approval waits.
    pub timeout_seconds: i64,
    /// Where everything is served.
    pub url: String,
}

impl World {
    /// Somebody who can be acted as, by key.
    pub fn actor(&self, key: &str) -> Option<&Actor> {
        self.people.iter().find(|actor| actor.key == key)
    }
}
