//! The ports in memory: a store with conditional writes, a bus that keeps what it carried, the engine as Step
//! Functions, and its clock.

mod policies;
mod step_functions;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign_bot::approval::audit::{Entry, JOURNAL_MAX};
use countersign_bot::approval::delegation::Delegation;
use countersign_bot::approval::event::{Event, SOURCE};
use countersign_bot::approval::home::Home;
use countersign_bot::approval::ids::{ApprovalId, ExecutionArn, PersonId};
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::policy_version::PolicyVersion;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::run::Run;
use countersign_bot::approval::state::State;
use countersign_bot::net::deadline::Unavailable;
use countersign_bot::ports::{self, DELEGATIONS_READ_MAX, EventBus, HOMES_READ_MAX, Raised, Saved, Store, Waiting};
use countersign_engine::clock::Clock;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

pub use self::step_functions::LocalStepFunctions;
use crate::changes::Changes;
use crate::lock;

/// Approvals by id with their audit trails and the indexes that DynamoDB has.
#[derive(Default)]
pub struct MemoryStore {
    records: Mutex<Records>,
    runs: Mutex<HashMap<ExecutionArn, Run>>,
    delegations: Mutex<HashMap<PersonId, Vec<Delegation>>>,
    homes: Mutex<HashMap<(Platform, PersonId), Home>>,
    policies: Mutex<Vec<PolicyVersion>>,
    taken_up: AtomicU32,
    changes: Changes,
}

impl MemoryStore {
    /// An empty store that notes each change.
    pub fn new(changes: Changes) -> Self {
        Self { changes, ..Self::default() }
    }

    /// How many approvals are in each status.
    pub fn count_by_status(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for approval in lock(&self.records).by_id.values() {
            *counts.entry(approval.status().as_str()).or_default() += 1;
        }
        counts
    }

    /// How many approvals have been raised.
    pub fn count(&self) -> usize {
        lock(&self.records).by_id.len()
    }

    /// How many approvals are like this; none is copied for it.
    pub fn count_where(&self, is_like_this: impl Fn(&Approval) -> bool) -> usize {
        lock(&self.records).by_id.values().filter(|approval| is_like_this(approval)).count()
    }

    /// How many approvals something is still to be done about, now or later.
    pub fn unfinished(&self) -> usize {
        lock(&self.records).due.len()
    }

    /// Every approval, the newest first.
    pub fn all(&self) -> Vec<Approval> {
        let mut all: Vec<Approval> = lock(&self.records).by_id.values().cloned().collect();
        all.sort_by(|a, b| b.request.raised_at.cmp(&a.request.raised_at).then_with(|| a.id.cmp(&b.id)));
        all
    }
}

#[derive(Default)]
struct Records {
    by_id: HashMap<ApprovalId, Approval>,
    due: BTreeSet<(Timestamp, ApprovalId)>,
    by_execution: HashMap<ExecutionArn, Vec<ApprovalId>>,
    trails: HashMap<ApprovalId, Vec<Entry>>,
    waiting: HashMap<String, BTreeSet<Waiting>>,
    unacknowledged: HashMap<String, BTreeSet<(Timestamp, ApprovalId)>>,
    by_requester: HashMap<PersonId, BTreeSet<(Timestamp, ApprovalId)>>,
}

impl Records {
    /// Those that name this execution, in the order in which they came: which its history was seen to hold, or which not.
    fn naming(&self, execution: &ExecutionArn, is_proven: bool) -> impl DoubleEndedIterator<Item = &ApprovalId> {
        let ids = self.by_execution.get(execution).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter(move |id| self.by_id.get(*id).is_some_and(|its| its.attempt.is_some() == is_proven))
    }

    /// Puts the record and what is in its journal, or nothing; returns the record as it is now.
    fn put(&mut self, mut approval: Approval) -> Result<Approval, Unavailable> {
        if approval.journal.len() > JOURNAL_MAX {
            let problem = "there are too many entries of the audit trail in one change";
            return Err(Unavailable::new("store", problem));
        }
        let trail = self.trails.entry(approval.id.clone()).or_default();
        if approval.journal.iter().any(|entry| trail.iter().any(|known| known.sequence == entry.sequence)) {
            let problem = "the audit trail has entries that the record does not know of";
            return Err(Unavailable::new("store", problem));
        }
        trail.append(&mut approval.journal);
        if let Some(at) = self.by_id.get(&approval.id).and_then(Approval::due_at) {
            self.due.remove(&(at, approval.id.clone()));
        }
        if let Some(at) = approval.due_at() {
            self.due.insert((at, approval.id.clone()));
        }
        let waiting = self.waiting.entry(approval.rules.name.clone()).or_default();
        let key = Waiting { deadline: approval.request.deadline, id: approval.id.clone() };
        if approval.state == State::Pending {
            waiting.insert(key)
        } else {
            waiting.remove(&key)
        };
        if let Some(vote) = approval.glass_breaker() {
            let unacknowledged = self.unacknowledged.entry(approval.rules.name.clone()).or_default();
            let key = (vote.at, approval.id.clone());
            if approval.awaits_acknowledgement() {
                unacknowledged.insert(key)
            } else {
                unacknowledged.remove(&key)
            };
        }
        self.by_id.insert(approval.id.clone(), approval.clone());
        Ok(approval)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn raise(&self, approval: Approval) -> Result<Raised, Unavailable> {
        let mut records = lock(&self.records);
        if let Some(existing) = records.by_id.get(&approval.id) {
            return Ok(Raised::Existing(Box::new(existing.clone())));
        }
        let approval = records.put(approval)?;
        let (id, request) = (&approval.id, &approval.request);
        records.by_execution.entry(request.execution.clone()).or_default().push(id.clone());
        if let Some(requester) = &request.requester {
            records.by_requester.entry(requester.id.clone()).or_default().insert((request.raised_at, id.clone()));
        }
        self.changes.note();
        Ok(Raised::New(Box::new(approval)))
    }

    async fn load(&self, id: &ApprovalId) -> Result<Option<Approval>, Unavailable> {
        Ok(lock(&self.records).by_id.get(id).cloned())
    }

    async fn save(&self, mut approval: Approval) -> Result<Saved, Unavailable> {
        let mut records = lock(&self.records);
        match records.by_id.get(&approval.id) {
            Some(current) if current.version != approval.version => Ok(Saved::Conflict(Box::new(current.clone()))),
            Some(_) => {
                approval.version += 1;
                let approval = records.put(approval)?;
                self.changes.note();
                Ok(Saved::Done(Box::new(approval)))
            }
            None => Err(Unavailable::new("store", "the approval is not on record")),
        }
    }

    async fn history(&self, id: &ApprovalId) -> Result<Vec<Entry>, Unavailable> {
        Ok(lock(&self.records).trails.get(id).cloned().unwrap_or_default())
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<ApprovalId>, Unavailable> {
        let records = lock(&self.records);
        let due = records.due.iter().take_while(|(at, _)| *at <= now);
        Ok(due.take(limit).map(|(_, id)| id.clone()).collect())
    }

    async fn of_execution(&self, execution: &ExecutionArn) -> Result<Vec<ApprovalId>, Unavailable> {
        Ok(lock(&self.records).naming(execution, true).cloned().collect())
    }

    async fn unproven_of(&self, execution: &ExecutionArn, limit: usize) -> Result<Vec<ApprovalId>, Unavailable> {
        Ok(lock(&self.records).naming(execution, false).rev().take(limit).cloned().collect())
    }

    async fn waiting(&self, policy: &str, now: Timestamp, limit: usize) -> Result<Vec<Waiting>, Unavailable> {
        let records = lock(&self.records);
        let waiting = records.waiting.get(policy).into_iter().flatten();
        Ok(waiting.filter(|waiting| waiting.deadline > now).take(limit).cloned().collect())
    }

    async fn unacknowledged(&self, policy: &str, limit: usize) -> Result<Vec<ApprovalId>, Unavailable> {
        let records = lock(&self.records);
        let unacknowledged = records.unacknowledged.get(policy).into_iter().flatten();
        Ok(unacknowledged.take(limit).map(|(_, id)| id.clone()).collect())
    }

    async fn raised_by(&self, person: &PersonId, limit: usize) -> Result<Vec<ApprovalId>, Unavailable> {
        let records = lock(&self.records);
        let raised = records.by_requester.get(person).into_iter().flatten().rev();
        Ok(raised.take(limit).map(|(_, id)| id.clone()).collect())
    }

    async fn delegations(&self, people: &[PersonId]) -> Result<Vec<Delegation>, Unavailable> {
        if people.len() > DELEGATIONS_READ_MAX {
            return Err(Unavailable::new("store", "there are too many people in one question"));
        }
        let delegations = lock(&self.delegations);
        Ok(people.iter().filter_map(|person| delegations.get(person)?.last().cloned()).collect())
    }

    async fn delegate(&self, delegation: &Delegation) -> Result<bool, Unavailable> {
        let mut delegations = lock(&self.delegations);
        let theirs = delegations.entry(delegation.absent.clone()).or_default();
        let is_next = theirs.last().map_or(0, |last| last.number) + 1 == delegation.number;
        if is_next {
            theirs.push(delegation.clone());
            self.changes.note();
        }
        Ok(is_next)
    }

    async fn homes(&self, platform: Platform, people: &[PersonId]) -> Result<Vec<Home>, Unavailable> {
        if people.len() > HOMES_READ_MAX {
            return Err(Unavailable::new("store", "there are too many people in one question"));
        }
        let homes = lock(&self.homes);
        Ok(people.iter().filter_map(|person| homes.get(&(platform, person.clone())).cloned()).collect())
    }

    async fn save_home(&self, mut home: Home) -> Result<Option<Home>, Unavailable> {
        let mut homes = lock(&self.homes);
        let key = (home.platform, home.person.clone());
        if homes.get(&key).map_or(0, |recorded| recorded.version) != home.version {
            return Ok(None);
        }
        home.version += 1;
        homes.insert(key, home.clone());
        Ok(Some(home))
    }

    async fn record_run(&self, run: &Run) -> Result<(), Unavailable> {
        lock(&self.runs).entry(run.execution.clone()).or_insert_with(|| run.clone());
        Ok(())
    }

    async fn run(&self, execution: &ExecutionArn) -> Result<Option<Run>, Unavailable> {
        Ok(lock(&self.runs).get(execution).cloned())
    }

    async fn save_run(&self, mut run: Run) -> Result<Option<Run>, Unavailable> {
        let mut runs = lock(&self.runs);
        let recorded = runs.get_mut(&run.execution).filter(|recorded| recorded.version == run.version);
        let Some(recorded) = recorded else { return Ok(None) };
        run.version += 1;
        *recorded = run.clone();
        self.changes.note();
        Ok(Some(run))
    }
}

/// A bus that keeps every event it has carried, in the shape in which EventBridge delivers it.
#[derive(Clone)]
pub struct MemoryBus {
    carried: Arc<Mutex<Vec<Value>>>,
    listeners: Arc<Mutex<Vec<UnboundedSender<Value>>>>,
    clock: Clock,
    changes: Changes,
}

impl MemoryBus {
    /// An empty bus.
    pub fn new(clock: Clock, changes: Changes) -> Self {
        Self { carried: Arc::default(), listeners: Arc::default(), clock, changes }
    }

    /// Everything carried so far, the oldest first.
    pub fn carried(&self) -> Vec<Value> {
        lock(&self.carried).clone()
    }

    /// Everything that is carried from now on; however far behind the receiver falls, it misses nothing.
    pub fn subscribe(&self) -> UnboundedReceiver<Value> {
        let (listener, deliveries) = mpsc::unbounded_channel();
        lock(&self.listeners).push(listener);
        deliveries
    }

    /// Carries an event of any source.
    pub fn carry(&self, id: &str, source: &str, detail_type: &str, detail: &Value) {
        let event = json!({
            "version": "0", "id": id, "source": source, "detail-type": detail_type, "account": "000000000000",
            "region": "local", "time": self.clock.now(), "resources": [], "detail": detail,
        });
        lock(&self.carried).push(event.clone());
        lock(&self.listeners).retain(|listener| listener.send(event.clone()).is_ok());
        self.changes.note();
    }
}

#[async_trait]
impl EventBus for MemoryBus {
    async fn put(&self, events: &[Event]) -> Result<Vec<String>, Unavailable> {
        for event in events {
            self.carry(&event.id, SOURCE, event.detail_type.as_str(), &event.detail);
        }
        Ok(events.iter().map(|event| event.id.clone()).collect())
    }
}

/// The engine's clock in the place of the real one.
#[derive(Clone)]
pub struct LocalClock(pub Clock);

impl ports::Clock for LocalClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}
