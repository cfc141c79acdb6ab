//! What runs beside the server: the delivery of events, the engine's status changes, and the reconciler.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use countersign_bot::flow::app::App;
use countersign_bot::flow::hear::{self, Delivery};
use countersign_bot::flow::reconcile;
use countersign_engine::{EngineEvent, ExecutionDescription};
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use super::World;
use crate::changes::Changes;
use crate::memory::MemoryBus;

/// How many announcers run at once; on AWS it is the function's concurrency.
const ANNOUNCERS: usize = 32;
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
        self.tasks.spawn(reconcile_always(self.world.bot.app.clone()));
    }
}

/// Starts the server, the delivery of events, and the engine's status changes onto the bus.
pub(crate) fn start(world: Arc<World>, listener: TcpListener, router: Router, deliver_events: bool) -> Running {
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the server has stopped");
        }
    });
    // All listen from before the first request on.
    if deliver_events {
        tasks.spawn(announce_all(world.bot.app.clone(), world.bus.subscribe()));
    }
    tasks.spawn(relay_statuses(world.bus.clone(), world.engine.statuses()));
    tasks.spawn(note_progress(world.changes.clone(), world.engine.subscribe()));
    Running { world, tasks }
}

/// In the place of the EventBridge rule that invokes the announcer.
async fn announce_all(app: App, deliveries: UnboundedReceiver<Value>) {
    let deliveries = stream::unfold(deliveries, async |mut deliveries| {
        let event = deliveries.recv().await?;
        Some((event, deliveries))
    });
    deliveries.for_each_concurrent(ANNOUNCERS, |event| announce_one(&app, event)).await;
}

async fn announce_one(app: &App, event: Value) {
    let Ok(delivery) = serde_json::from_value::<Delivery>(event) else { return };
    if let Err(error) = hear::handle(app, delivery).await {
        tracing::warn!(%error, "left to the reconciler");
    }
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
        bus.carry(&id, "aws.states", "Step Functions Execution Status Change", &detail);
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
