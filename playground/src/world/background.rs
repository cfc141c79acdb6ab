//! What runs beside the server: the messengers, the engine's status changes, and the reconciler.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use countersign_bot::flow::app::App;
use countersign_bot::flow::deliver::{Delivered, deliver};
use countersign_bot::flow::{hear, reconcile};
use countersign_bot::lambda::notifier;
use countersign_bot::ports::Deliveries;
use countersign_engine::clock::Clock;
use countersign_engine::{EngineEvent, ExecutionDescription};
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use super::{LiveBot, Messengers, World, policy};
use crate::changes::Changes;
use crate::deliveries::{HandedOut, MemoryDeliveries};
use crate::memory::MemoryBus;
use crate::requests::{self, MemoryRequests};

/// How many messengers run at once; on AWS it is the function's concurrency.
const AT_ONCE: usize = 32;
/// The source of the events of Step Functions.
const STEP_FUNCTIONS: &str = "aws.states";
/// How often the reconciler passes; on AWS it is each minute.
const RECONCILE_EVERY: Duration = Duration::from_secs(1);

/// A world with its server, its background work and its functions, which end when this is dropped.
pub struct Running {
    /// The system.
    pub world: Arc<World>,
    tasks: JoinSet<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // They hold the bot, which holds the engine that holds them.
        self.world.engine.forget_functions();
    }
}

impl Running {
    /// Passes once a second from now on, in the place of the schedule that invokes the reconciler.
    pub fn keep_reconciling(&mut self) {
        self.tasks.spawn(reconcile_always(self.world.bot().app.clone()));
    }

    /// Puts the policy of this file in force whenever it changes, in the place of whoever pushes one.
    pub fn follow_policy(&mut self, file: PathBuf) {
        self.tasks.spawn(policy::follow(self.world.clone(), file));
    }
}

/// Starts the server, the messengers, and the engine's status changes onto the bus.
pub(crate) fn start(world: Arc<World>, listener: TcpListener, router: Router, messengers: Messengers) -> Running {
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the server has stopped");
        }
    });
    // All listen from before the first request on.
    if messengers != Messengers::Absent {
        tasks.spawn(hear_all(world.bot().app.clone(), world.bus.subscribe()));
        let queue = world.deliveries.clone();
        tasks.spawn(deliver_all(world.live.clone(), queue, world.clock.clone(), messengers == Messengers::Paced));
    }
    tasks.spawn(take_all(world.live.clone(), world.requests.clone()));
    tasks.spawn(relay_statuses(world.bus.clone(), world.engine.statuses()));
    tasks.spawn(note_progress(world.changes.clone(), world.engine.subscribe()));
    Running { world, tasks }
}

/// In the place of the EventBridge rule that wakes the reconciler when an execution ends.
async fn hear_all(app: App, events: UnboundedReceiver<Value>) {
    let events = stream::unfold(events, async |mut events| {
        let event = events.recv().await?;
        Some((event, events))
    });
    // Its own events are for others.
    let of_step_functions = events.filter(|event| std::future::ready(event["source"] == STEP_FUNCTIONS));
    let hear = async |event| {
        if let Err(error) = hear::wake(&app, event).await {
            tracing::warn!(%error, "left to the next pass");
        }
    };
    of_step_functions.for_each_concurrent(AT_ONCE, hear).await;
}

/// In the place of the messengers that SQS invokes.
async fn deliver_all(live: LiveBot, queue: MemoryDeliveries, clock: Clock, is_paced: bool) {
    let handed_out = stream::unfold((), async |()| Some((queue.next().await, ())));
    let deliver = async |handed_out: HandedOut| match deliver(&live.now().app, &handed_out.received).await {
        Delivered::Yes { rest } => {
            if is_paced {
                clock.sleep_until(clock.now() + rest).await;
            }
            queue.delete(&handed_out.receipt);
        }
        Delivered::NotYet { pause } => drop(queue.put_off(&handed_out.receipt, pause).await),
    };
    handed_out.for_each_concurrent(AT_ONCE, deliver).await;
}

/// In the place of the mapping by which SQS invokes the notifier.
async fn take_all(live: LiveBot, queue: MemoryRequests) {
    let handed_out = stream::unfold((), async |()| Some((queue.next().await, ())));
    let take = async |message: requests::HandedOut| {
        let bot = live.now();
        // An invocation that fails leaves its message in the queue.
        let taken = notifier::handle(&bot.app, &queue, message.event).await.unwrap_or_default();
        if taken["batchItemFailures"].as_array().is_some_and(Vec::is_empty) {
            queue.delete(&message.receipt);
        }
    };
    handed_out.for_each_concurrent(AT_ONCE, take).await;
}

/// In the place of Step Functions' own events on the default bus.
async fn relay_statuses(bus: MemoryBus, mut statuses: UnboundedReceiver<ExecutionDescription>) {
    while let Some(execution) = statuses.recv().await {
        let detail = json!({
            "executionArn": execution.execution_arn, "stateMachineArn": execution.machine_arn,
            "name": execution.name, "status": execution.status.to_string(),
            "startDate": execution.start_date.as_millisecond(),
            "stopDate": execution.stop_date.map(|at| at.as_millisecond()),
            "input": execution.input.to_string(),
            "output": execution.output.map(|output| output.to_string()),
        });
        let id = format!("{}.{}", execution.name, execution.status);
        bus.carry(&id, STEP_FUNCTIONS, "Step Functions Execution Status Change", &detail);
    }
}

/// Wakes whoever watches when a workflow gets on.
async fn note_progress(changes: Changes, mut events: Receiver<EngineEvent>) {
    while !matches!(events.recv().await, Err(RecvError::Closed)) {
        changes.note();
    }
}

/// In the place of the schedule that invokes the reconciler.
async fn reconcile_always(app: App) {
    let mut ticks = tokio::time::interval(RECONCILE_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = reconcile::pass(&app).await {
            tracing::warn!(%error, "the pass could not be made");
        }
    }
}
