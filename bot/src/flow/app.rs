//! What every flow needs, made once: ports, messengers, policy and addresses.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::approval::ids::Origin;
use crate::approval::place::Platform;
use crate::approval::policy::Policy;
use crate::links::Links;
use crate::ports::{Clock, Deliveries, EventBus, Executions, Messenger, Store, TaskCallbacks};

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
    /// The addresses that messages point to.
    pub links: Links,
    /// The state machines that chat commands may start, by name.
    pub state_machines: BTreeMap<String, String>,
    /// The accounts and regions whose executions may ask for approvals.
    pub origins: Vec<Origin>,
}

impl App {
    /// The present moment, to the millisecond, which is what the systems around us keep.
    pub fn now(&self) -> Timestamp {
        let now = self.ports.clock.now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}
