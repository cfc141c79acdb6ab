//! The whole system in one process: what AWS, Slack, Teams and the mail system are elsewhere is here a part of
//! `World`, and the bot between them is the one that runs on Lambda. How it is put together is in `start`.

mod asking;
pub(crate) mod background;
pub(crate) mod functions;
pub mod machines;
pub(crate) mod people;
pub(crate) mod policy;
pub(crate) mod secrets;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use countersign_bot::startup::Bot;
use countersign_engine::clock::Clock;
use countersign_engine::{Engine, StartError};
use serde_json::Value;

use crate::changes::Changes;
use crate::deliveries::MemoryDeliveries;
use crate::fakes::teams::FakeTeams;
use crate::fakes::{FakeSlack, Mailbox};
use crate::memory::{MemoryBus, MemoryStore};
use crate::requests::MemoryRequests;

pub use self::background::Running;
pub use self::machines::{Loaded, StateMachine};
pub use self::people::Actor;
pub use self::policy::LiveBot;

/// What a world is made with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port to listen on; 0 for any that is free.
    pub port: u16,
    /// How long an approval waits.
    pub timeout_seconds: i64,
    /// The policy file, or else the one that comes along, made to fit the state machines.
    pub policy: Option<Source>,
    /// The state machines; the reference workflow if there are none.
    pub state_machines: Vec<StateMachine>,
    /// A file with what stands in for what does not run here.
    pub mocks: Option<Source>,
    /// Which of its test cases, where it has several.
    pub test_case: Option<String>,
    /// What other placeholders of the definitions stand for.
    pub substitutions: BTreeMap<String, String>,
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
            policy: None,
            state_machines: Vec::new(),
            mocks: None,
            test_case: None,
            substitutions: BTreeMap::new(),
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
    /// The queue of SQS that messengers take from.
    pub deliveries: MemoryDeliveries,
    /// The queue of SQS that workflows ask through.
    pub requests: MemoryRequests,
    /// DynamoDB.
    pub store: Arc<MemoryStore>,
    /// The bot, with the policy that is in force.
    pub live: LiveBot,
    /// The Slack channel of the approvals.
    pub channel: String,
    /// The Teams conversation of the approvals.
    pub teams_conversation: String,
    /// The state machines; never empty.
    pub machines: Vec<Loaded>,
    /// What of the policy and of the mocks is of no use here, each with what would change that: commands whose state machines
    /// are not there, chats that nobody is let in from, and mocks with nothing in them.
    pub left_out: Vec<String>,
    /// How long an approval waits.
    pub timeout_seconds: i64,
    /// Where everything is served.
    pub url: String,
}

impl World {
    /// A state machine by its name.
    pub fn machine(&self, name: &str) -> Option<&Loaded> {
        self.machines.iter().find(|machine| machine.name == name)
    }

    /// Starts an execution of a state machine of this name.
    pub fn start_execution(&self, machine: &Loaded, input: Value) -> Result<String, StartError> {
        let name = format!("run-{:016x}", fastrand::u64(..));
        Ok(self.engine.start_execution(&machine.arn, &name, input)?.execution_arn)
    }

    /// The bot as it is now.
    pub fn bot(&self) -> Arc<Bot> {
        self.live.now()
    }

    /// Everybody who can be acted as: the people of the policy who use Slack, and an outsider.
    pub fn people(&self) -> Arc<Vec<Actor>> {
        self.live.people()
    }

    /// Somebody who can be acted as, by key.
    pub fn actor(&self, key: &str) -> Option<Actor> {
        self.people().iter().find(|actor| actor.key == key).cloned()
    }
}
