//! A stage on which every call to a port waits for its turn, so that a test decides who acts when, and who
//! crashes between which two steps.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
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
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

tokio::task_local! {
    static ACTOR: Actor;
}

/// Whoever plays, as their calls know them.
#[derive(Clone)]
struct Actor {
    number: usize,
    tell: mpsc::UnboundedSender<News>,
    /// Held by the one call that waits for a turn: who makes two calls at once takes their turns one after the other.
    call: Arc<tokio::sync::Mutex<()>>,
}

/// What an actor tells the director.
enum News {
    /// It waits for its turn.
    Waits(usize, oneshot::Sender<()>),
    /// It has played its part, or panicked in it.
    Done { panicked: bool },
}

/// Lets actors play, one step of one actor at a time.
pub(crate) struct Director {
    news: mpsc::UnboundedReceiver<News>,
    tell: mpsc::UnboundedSender<News>,
    waiting: BTreeMap<usize, (oneshot::Sender<()>, AbortHandle)>,
    next: usize,
}

impl Default for Director {
    fn default() -> Self {
        let (tell, news) = mpsc::unbounded_channel();
        Self { news, tell, waiting: BTreeMap::new(), next: 0 }
    }
}

impl Director {
    /// Lets an actor begin, who plays until the first call to a port, and returns their number.
    pub(crate) async fn begin(&mut self, part: impl Future<Output = ()> + Send + 'static) -> usize {
        let actor = self.next;
        self.next += 1;
        let tell = self.tell.clone();
        let playing = Actor { number: actor, tell: tell.clone(), call: Arc::default() };
        let task = tokio::spawn(ACTOR.scope(playing, async move {
            let panicked = AssertUnwindSafe(part).catch_unwind().await.is_err();
            let _ = tell.send(News::Done { panicked });
        }));
        self.hear(task.abort_handle()).await;
        actor
    }

    /// Lets one actor play to the end.
    pub(crate) async fn finish(&mut self, actor: usize) {
        while self.waiting.contains_key(&actor) {
            self.step(actor, false).await;
        }
    }

    /// The actors that wait for their turn.
    pub(crate) fn waiting(&self) -> Vec<usize> {
        self.waiting.keys().copied().collect()
    }

    /// Lets one actor take its next step, or crash instead.
    pub(crate) async fn step(&mut self, actor: usize, crash: bool) {
        let (turn, task) = self.waiting.remove(&actor).expect("the actor waits for its turn");
        if crash {
            task.abort();
            return;
        }
        turn.send(()).expect("an actor that waits is there");
        self.hear(task).await;
    }

    /// Ends everybody who is in the middle of something.
    pub(crate) fn crash_all(&mut self) {
        for (_, task) in std::mem::take(&mut self.waiting).into_values() {
            task.abort();
        }
    }

    async fn hear(&mut self, task: AbortHandle) {
        match self.news.recv().await.expect("somebody is on stage") {
            News::Waits(actor, turn) => {
                self.waiting.insert(actor, (turn, task));
            }
            News::Done { panicked } => assert!(!panicked, "an actor panicked"),
        }
    }
}

/// Waits for the turn of the actor who calls; calls from elsewhere pass.
pub(crate) async fn turn() {
    let Ok(actor) = ACTOR.try_with(Clone::clone) else {
        return;
    };
    let _alone = actor.call.lock().await;
    let (send, receive) = oneshot::channel();
    if actor.tell.send(News::Waits(actor.number, send)).is_ok() {
        let _ = receive.await;
    }
}

/// How often a callback has been accepted, by token.
#[derive(Clone, Default)]
pub(crate) struct Accepted(Arc<Mutex<BTreeMap<String, usize>>>);

impl Accepted {
    pub(crate) fn count(&self, token: &TaskToken) -> usize {
        self.0.lock().unwrap().get(token.expose()).copied().unwrap_or_default()
    }

    fn note(&self, token: &TaskToken) {
        *self.0.lock().unwrap().entry(token.expose().to_owned()).or_default() += 1;
    }
}

/// Puts turns around every call to these ports, before it and after it.
pub(crate) fn staged(ports: Ports, accepted: Accepted, refusing_bus: Arc<AtomicBool>) -> Ports {
    Ports {
        store: Arc::new(StagedStore(ports.store)),
        callbacks: Arc::new(StagedCallbacks(ports.callbacks, accepted)),
        executions: Arc::new(StagedExecutions(ports.executions)),
        bus: Arc::new(StagedBus(ports.bus, refusing_bus)),
        deliveries: Arc::new(StagedDeliveries(ports.deliveries)),
        clock: ports.clock,
    }
}

async fn in_turn<T>(call: impl Future<Output = T>) -> T {
    turn().await;
    let result = call.await;
    turn().await;
    result
}

struct StagedStore(Arc<dyn Store>);

#[async_trait]
impl Store for StagedStore {
    async fn raise(&self, approval: Approval) -> Result<Raised, Unavailable> {
        in_turn(self.0.raise(approval)).await
    }

    async fn load(&self, id: &ApprovalId) -> Result<Option<Approval>, Unavailable> {
        in_turn(self.0.load(id)).await
    }

    async fn save(&self, approval: Approval) -> Result<Saved, Unavailable> {
        in_turn(self.0.save(approval)).await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<ApprovalId>, Unavailable> {
        in_turn(self.0.due(now, limit)).await
    }

    async fn of_execution(&self, execution: &ExecutionArn) -> Result<Vec<ApprovalId>, Unavailable> {
        in_turn(self.0.of_execution(execution)).await
    }

    async fn unproven_of(&self, execution: &ExecutionArn, limit: usize) -> Result<Vec<ApprovalId>, Unavailable> {
        in_turn(self.0.unproven_of(execution, limit)).await
    }

    async fn history(&self, id: &ApprovalId) -> Result<Vec<Entry>, Unavailable> {
        in_turn(self.0.history(id)).await
    }

    async fn waiting(&self, policy: &str, now: Timestamp, limit: usize) -> Result<Vec<Waiting>, Unavailable> {
        in_turn(self.0.waiting(policy, now, limit)).await
    }

    async fn unacknowledged(&self, policy: &str, limit: usize) -> Result<Vec<ApprovalId>, Unavailable> {
        in_turn(self.0.unacknowledged(policy, limit)).await
    }

    async fn raised_by(&self, person: &PersonId, limit: usize) -> Result<Vec<ApprovalId>, Unavailable> {
        in_turn(self.0.raised_by(person, limit)).await
    }

    async fn delegations(&self, people: &[PersonId]) -> Result<Vec<Delegation>, Unavailable> {
        in_turn(self.0.delegations(people)).await
    }

    async fn delegate(&self, delegation: &Delegation) -> Result<bool, Unavailable> {
        in_turn(self.0.delegate(delegation)).await
    }

    async fn homes(&self, platform: Platform, people: &[PersonId]) -> Result<Vec<Home>, Unavailable> {
        in_turn(self.0.homes(platform, people)).await
    }

    async fn save_home(&self, home: Home) -> Result<Option<Home>, Unavailable> {
        in_turn(self.0.save_home(home)).await
    }

    async fn record_run(&self, run: &Run) -> Result<(), Unavailable> {
        in_turn(self.0.record_run(run)).await
    }

    async fn run(&self, execution: &ExecutionArn) -> Result<Option<Run>, Unavailable> {
        in_turn(self.0.run(execution)).await
    }

    async fn save_run(&self, run: Run) -> Result<Option<Run>, Unavailable> {
        in_turn(self.0.save_run(run)).await
    }
}

struct StagedDeliveries(Arc<dyn Deliveries>);

#[async_trait]
impl Deliveries for StagedDeliveries {
    async fn enqueue(&self, deliveries: &[Delivery]) -> Result<(), Unavailable> {
        in_turn(self.0.enqueue(deliveries)).await
    }

    async fn put_off(&self, receipt: &str, pause: SignedDuration) -> Result<(), Unavailable> {
        in_turn(self.0.put_off(receipt, pause)).await
    }
}

struct StagedCallbacks(Arc<dyn TaskCallbacks>, Accepted);

struct StagedExecutions(Arc<dyn Executions>);

#[async_trait]
impl TaskCallbacks for StagedCallbacks {
    async fn send_task_success(&self, at: &Origin, token: &TaskToken, output: &Value) -> Result<(), CallbackError> {
        turn().await;
        let result = self.0.send_task_success(at, token, output).await;
        result.is_ok().then(|| self.1.note(token));
        turn().await;
        result
    }

    async fn send_task_failure(
        &self,
        at: &Origin,
        token: &TaskToken,
        error: &str,
        cause: &str,
    ) -> Result<(), CallbackError> {
        turn().await;
        let result = self.0.send_task_failure(at, token, error, cause).await;
        result.is_ok().then(|| self.1.note(token));
        turn().await;
        result
    }

    async fn look_up(&self, execution: &ExecutionArn, token: &TaskToken) -> Result<LookUp, Unavailable> {
        in_turn(self.0.look_up(execution, token)).await
    }
}

#[async_trait]
impl Executions for StagedExecutions {
    async fn start_execution(&self, arn: &str, name: &str, input: &Value) -> Result<ExecutionArn, StartError> {
        in_turn(self.0.start_execution(arn, name, input)).await
    }

    async fn is_running(&self, execution: &ExecutionArn) -> Result<bool, Unavailable> {
        in_turn(self.0.is_running(execution)).await
    }

    async fn end_of(&self, execution: &ExecutionArn) -> Result<Option<RunEnd>, Unavailable> {
        in_turn(self.0.end_of(execution)).await
    }
}

struct StagedBus(Arc<dyn EventBus>, Arc<AtomicBool>);

#[async_trait]
impl EventBus for StagedBus {
    /// When told to, takes the first entry and refuses the others, as EventBridge may.
    async fn put(&self, events: &[Event]) -> Result<Vec<String>, Unavailable> {
        turn().await;
        let taken = if self.1.swap(false, Ordering::Relaxed) { &events[..1] } else { events };
        let result = self.0.put(taken).await;
        turn().await;
        result
    }
}
