//! Ports that fail on demand, in front of ones that work.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign_bot::approval::audit::Entry;
use countersign_bot::approval::delegation::Delegation;
use countersign_bot::approval::delivery::Delivery;
use countersign_bot::approval::event::Event;
use countersign_bot::approval::home::Home;
use countersign_bot::approval::ids::{ApprovalId, ExecutionArn, Origin, PersonId, TaskToken};
use countersign_bot::approval::look_up::LookUp;
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::run::{Run, RunEnd};
use countersign_bot::flow::app::Ports;
use countersign_bot::net::deadline::Unavailable;
use countersign_bot::ports::{
    CallbackError, Deliveries, EventBus, Executions, Raised, Saved, StartError, Store, TaskCallbacks, Waiting,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// A call to a port, by what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Raise,
    Load,
    Save,
    Enqueue,
    RecordRun,
    SaveRun,
    Delegations,
    Homes,
    SaveHome,
    Waiting,
    RaisedBy,
    Callback,
    LookUp,
    Start,
    Put,
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails and has no effect.
    Refused,
    /// It has its effect, and the answer is lost.
    AnswerLost,
    /// It never returns and has no effect.
    Hangs,
    /// It works on a list that has not heard of anything yet.
    Lags,
}

/// The faults to come; clones share them.
#[derive(Clone, Default)]
pub(crate) struct Faults {
    queue: Arc<Mutex<VecDeque<(Call, Fault)>>>,
    lasting: Arc<Mutex<Vec<(Call, Fault)>>>,
    made: Arc<Mutex<Vec<Call>>>,
}

impl Faults {
    /// The next call of this kind fails in this way.
    pub(crate) fn next(&self, call: Call, fault: Fault) {
        self.queue.lock().unwrap().push_back((call, fault));
    }

    /// From now on every call of this kind fails in this way, or none does.
    pub(crate) fn always(&self, call: Call, fault: Option<Fault>) {
        let mut lasting = self.lasting.lock().unwrap();
        lasting.retain(|(planned, _)| *planned != call);
        lasting.extend(fault.map(|fault| (call, fault)));
    }

    /// How many calls of this kind were made.
    pub(crate) fn count(&self, call: Call) -> usize {
        self.made.lock().unwrap().iter().filter(|made| **made == call).count()
    }

    /// Whether a call that was to fail has not been made yet.
    pub(crate) fn are_left(&self) -> bool {
        !self.queue.lock().unwrap().is_empty()
    }

    /// No call fails any more.
    pub(crate) fn recover(&self) {
        self.queue.lock().unwrap().clear();
        self.lasting.lock().unwrap().clear();
    }

    /// Puts the faults in front of working ports.
    pub(crate) fn in_front_of(&self, ports: Ports) -> Ports {
        let faults = self.clone();
        Ports {
            store: Arc::new(Faulty { faults: faults.clone(), inner: ports.store }),
            callbacks: Arc::new(Faulty { faults: faults.clone(), inner: ports.callbacks }),
            executions: Arc::new(Faulty { faults: faults.clone(), inner: ports.executions }),
            bus: Arc::new(Faulty { faults: faults.clone(), inner: ports.bus }),
            deliveries: Arc::new(Faulty { faults, inner: ports.deliveries }),
            clock: ports.clock,
        }
    }

    fn take(&self, call: Call) -> Option<Fault> {
        self.made.lock().unwrap().push(call);
        let mut queue = self.queue.lock().unwrap();
        if let Some(found) = queue.iter().position(|(planned, _)| *planned == call) {
            return queue.remove(found).map(|(_, fault)| fault);
        }
        let lasting = self.lasting.lock().unwrap();
        lasting.iter().find(|(planned, _)| *planned == call).map(|(_, fault)| *fault)
    }

    /// A call of a list, which may be empty for now.
    async fn listed<T>(
        &self,
        call: Call,
        inner: impl Future<Output = Result<Vec<T>, Unavailable>> + Send,
    ) -> Result<Vec<T>, Unavailable> {
        if self.take(call) == Some(Fault::Lags) { Ok(Vec::new()) } else { inner.await }
    }

    async fn around<T, E: From<Unavailable>>(
        &self,
        call: Call,
        inner: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        match self.take(call) {
            None => inner.await,
            // Only lists lag.
            Some(Fault::Refused | Fault::Lags) => Err(Unavailable::new("test", "refused").into()),
            Some(Fault::AnswerLost) => {
                inner.await?;
                Err(Unavailable::new("test", "the answer was lost").into())
            }
            Some(Fault::Hangs) => std::future::pending().await,
        }
    }
}

struct Faulty<T: ?Sized> {
    faults: Faults,
    inner: Arc<T>,
}

#[async_trait]
impl Store for Faulty<dyn Store> {
    async fn raise(&self, approval: Approval) -> Result<Raised, Unavailable> {
        self.faults.around(Call::Raise, self.inner.raise(approval)).await
    }

    async fn load(&self, id: &ApprovalId) -> Result<Option<Approval>, Unavailable> {
        self.faults.around(Call::Load, self.inner.load(id)).await
    }

    async fn save(&self, approval: Approval) -> Result<Saved, Unavailable> {
        self.faults.around(Call::Save, self.inner.save(approval)).await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<ApprovalId>, Unavailable> {
        self.inner.due(now, limit).await
    }

    async fn of_execution(&self, execution: &ExecutionArn) -> Result<Vec<ApprovalId>, Unavailable> {
        self.inner.of_execution(execution).await
    }

    async fn unproven_of(&self, execution: &ExecutionArn, limit: usize) -> Result<Vec<ApprovalId>, Unavailable> {
        self.inner.unproven_of(execution, limit).await
    }

    async fn history(&self, id: &ApprovalId) -> Result<Vec<Entry>, Unavailable> {
        self.inner.history(id).await
    }

    async fn waiting(&self, policy: &str, now: Timestamp, limit: usize) -> Result<Vec<Waiting>, Unavailable> {
        self.faults.listed(Call::Waiting, self.inner.waiting(policy, now, limit)).await
    }

    async fn unacknowledged(&self, policy: &str, limit: usize) -> Result<Vec<ApprovalId>, Unavailable> {
        self.inner.unacknowledged(policy, limit).await
    }

    async fn raised_by(&self, person: &PersonId, limit: usize) -> Result<Vec<ApprovalId>, Unavailable> {
        self.faults.listed(Call::RaisedBy, self.inner.raised_by(person, limit)).await
    }

    async fn delegations(&self, people: &[PersonId]) -> Result<Vec<Delegation>, Unavailable> {
        self.faults.around(Call::Delegations, self.inner.delegations(people)).await
    }

    async fn delegate(&self, delegation: &Delegation) -> Result<bool, Unavailable> {
        self.inner.delegate(delegation).await
    }

    async fn homes(&self, platform: Platform, people: &[PersonId]) -> Result<Vec<Home>, Unavailable> {
        self.faults.around(Call::Homes, self.inner.homes(platform, people)).await
    }

    async fn save_home(&self, home: Home) -> Result<Option<Home>, Unavailable> {
        self.faults.around(Call::SaveHome, self.inner.save_home(home)).await
    }

    async fn record_run(&self, run: &Run) -> Result<(), Unavailable> {
        self.faults.around(Call::RecordRun, self.inner.record_run(run)).await
    }

    async fn run(&self, execution: &ExecutionArn) -> Result<Option<Run>, Unavailable> {
        self.inner.run(execution).await
    }

    async fn save_run(&self, run: Run) -> Result<Option<Run>, Unavailable> {
        self.faults.around(Call::SaveRun, self.inner.save_run(run)).await
    }
}

#[async_trait]
impl Deliveries for Faulty<dyn Deliveries> {
    async fn enqueue(&self, deliveries: &[Delivery]) -> Result<(), Unavailable> {
        self.faults.around(Call::Enqueue, self.inner.enqueue(deliveries)).await
    }

    async fn put_off(&self, receipt: &str, pause: SignedDuration) -> Result<(), Unavailable> {
        self.inner.put_off(receipt, pause).await
    }
}

#[async_trait]
impl TaskCallbacks for Faulty<dyn TaskCallbacks> {
    async fn send_task_success(&self, at: &Origin, token: &TaskToken, output: &Value) -> Result<(), CallbackError> {
        self.faults.around(Call::Callback, self.inner.send_task_success(at, token, output)).await
    }

    async fn send_task_failure(
        &self,
        at: &Origin,
        token: &TaskToken,
        error: &str,
        cause: &str,
    ) -> Result<(), CallbackError> {
        self.faults.around(Call::Callback, self.inner.send_task_failure(at, token, error, cause)).await
    }

    async fn look_up(&self, execution: &ExecutionArn, token: &TaskToken) -> Result<LookUp, Unavailable> {
        self.faults.around(Call::LookUp, self.inner.look_up(execution, token)).await
    }
}

#[async_trait]
impl Executions for Faulty<dyn Executions> {
    async fn start_execution(&self, arn: &str, name: &str, input: &Value) -> Result<ExecutionArn, StartError> {
        self.faults.around(Call::Start, self.inner.start_execution(arn, name, input)).await
    }

    async fn is_running(&self, execution: &ExecutionArn) -> Result<bool, Unavailable> {
        self.faults.around(Call::LookUp, self.inner.is_running(execution)).await
    }

    async fn end_of(&self, execution: &ExecutionArn) -> Result<Option<RunEnd>, Unavailable> {
        self.faults.around(Call::LookUp, self.inner.end_of(execution)).await
    }
}

#[async_trait]
impl EventBus for Faulty<dyn EventBus> {
    async fn put(&self, events: &[Event]) -> Result<Vec<String>, Unavailable> {
        self.faults.around(Call::Put, self.inner.put(events)).await
    }
}
