//! What every flow needs, made once: ports, messengers, policy and addresses.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::approval::ids::{ExecutionArn, Origin};
use crate::approval::place::Platform;
use crate::approval::policy::Policy;
use crate::links::Links;
use crate::ports::{Clock, Deliveries, EventBus, Executions, Messenger, Store, TaskCallbacks, Usergroups};

/// The parts with an implementation on AWS and one in memory.
#[derive(Clone)]
pub struct Ports {
    /// Where approvals are recorded.
    pub store: Arc<dyn Store>,
    /// Who waits for the decisions.
    pub callbacks: Arc<dyn TaskCallbacks>,
    /// What chat commands start.
    pub executions: Arc<dyn Executions>,
    /// Where outcomes are broadcast.
    pub bus: Arc<dyn EventBus>,
    /// What tells messengers what to bring up to date.
    pub deliveries: Arc<dyn Deliveries>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// What every flow needs.
#[derive(Clone)]
pub struct App {
    /// Who may decide what.
    pub policy: Arc<Policy>,
    /// Store, Step Functions, bus and clock.
    pub ports: Ports,
    /// The platforms that messages can be sent on.
    pub messengers: BTreeMap<Platform, Arc<dyn Messenger>>,
    /// The user groups of a chat, where this function may ask for them.
    pub usergroups: Option<Arc<dyn Usergroups>>,
    /// The addresses that messages point to.
    pub links: Links,
    /// The state machines that chat commands may start, by name.
    pub state_machines: BTreeMap<String, String>,
    /// The accounts and regions whose executions may ask for approvals.
    pub origins: Vec<Origin>,
}

/// Whose an execution is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// It runs in the account and the region of this deployment.
    Here,
    /// It runs where the policy lets executions ask from.
    Elsewhere,
    /// It may not ask.
    Never,
}

impl App {
    /// Whether an execution may ask, by where it says that it runs.
    pub fn asks(&self, execution: &ExecutionArn) -> Asks {
        let at = execution.origin();
        let is_of_partition = self.origins.iter().all(|own| own.partition() == at.partition());
        if self.origins.contains(&at) {
            Asks::Here
        } else if is_of_partition && self.policy.accounts.role(&at).is_some() {
            Asks::Elsewhere
        } else {
            Asks::Never
        }
    }

    /// The present moment, to the millisecond, which is what the systems around us keep.
    pub fn now(&self) -> Timestamp {
        let now = self.ports.clock.now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}
