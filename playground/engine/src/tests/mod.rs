//! The engine is tested as its users see it: machines in, outputs and histories out, on a clock that stands still.

mod callbacks;
mod choices;
mod data;
mod fan_out;
mod histories;
mod jsonata;
mod machines;
mod many;
mod mocks;
mod refused;
mod retries;
mod starts;
mod timeouts;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::clock::Clock;

use crate::{Engine, EngineEvent, ExecutionDescription, ExecutionStatus, Function, FunctionError, HistoryKind};

/// An engine with a manual clock and a few functions.
struct Bench {
    clock: Clock,
    engine: Engine,
    /// What the function `ask` was called with, in order.
    asked: Arc<Mutex<Vec<Value>>>,
}

/// 2030-01-01T00:00:00Z.
const START: i64 = 1_893_456_000;

impl Bench {
    fn new() -> Bench {
        let clock = Clock::manual(Timestamp::from_second(START).unwrap());
        let engine = Engine::new(clock.clone());
        let asked = Arc::new(Mutex::new(Vec::new()));
        engine.register("echo", function(Ok));
        engine.register("fail", function(|payload| Err(error_of(&payload))));
        engine.register("panic", function(|_| panic!("a function that panics")));
        engine.register(
            "ask",
            function({
                let asked = Arc::clone(&asked);
                move |payload| {
                    asked.lock().unwrap().push(payload);
                    Ok(json!("asked"))
                }
            }),
        );
        // Fails as often as its payload says and then returns how often it was called.
        engine.register(
            "flaky",
            function({
                let calls = AtomicU32::new(0);
                move |payload| {
                    let call = calls.fetch_add(1, Ordering::Relaxed) + 1;
                    if u64::from(call) <= payload["failures"].as_u64().unwrap() {
                        return Err(error_of(&payload));
                    }
                    Ok(json!(call))
                }
            }),
        );
        Bench { clock, engine, asked }
    }

    /// Loads the machine under the name `m` and starts it as the execution `e`.
    #[track_caller]
    fn start(&self, definition: &Value, input: Value) -> String {
        let arn = match self.engine.load("m", &definition.to_string(), &BTreeMap::new()) {
            Ok(arn) => arn,
            Err(problems) => panic!("refused: {problems:#?}"),
        };
        self.engine.start_execution(&arn, "e", input).unwrap().execution_arn
    }

    /// Waits until `look` finds something. It looks again after each event of the engine.
    async fn until<T>(&self, look: impl Fn(&Engine) -> Option<T>) -> T {
        let mut events = self.engine.subscribe();
        let wait = async {
            loop {
                if let Some(found) = look(&self.engine) {
                    return found;
                }
                // Events that were missed are no reason to look less often.
                drop(events.recv().await);
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait).await.expect("it should have happened by now")
    }

    async fn ended(&self, arn: &str) -> ExecutionDescription {
        self.until(|engine| {
            engine.describe_execution(arn).filter(|execution| execution.status != ExecutionStatus::Running)
        })
        .await
    }

    /// Waits until an execution has `count` events of a kind.
    async fn events(&self, arn: &str, kind: HistoryKind, count: usize) {
        self.until(|engine| (count_of(engine, arn, kind) >= count).then_some(())).await;
    }

    /// The token of the `number`th call of `ask`, counted from 0, once its function has returned.
    async fn token(&self, arn: &str, number: usize) -> String {
        self.events(arn, HistoryKind::TaskSubmitted, number + 1).await;
        let asked = self.asked.lock().unwrap();
        asked[number]["token"].as_str().unwrap().to_owned()
    }

    fn advance(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// Seconds since the start of the test.
    fn seconds(&self) -> i64 {
        self.clock.now().as_second() - START
    }

    /// Lets everything run that can run, to show that something does not happen.
    async fn settle(&self) {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }
}

fn function(body: impl Fn(Value) -> Result<Value, FunctionError> + Send + Sync + 'static) -> Function {
    let body = Arc::new(body);
    Arc::new(move |payload| {
        let body = Arc::clone(&body);
        Box::pin(async move { body(payload) })
    })
}

fn error_of(payload: &Value) -> FunctionError {
    FunctionError {
        error_type: payload["error"].as_str().unwrap_or("Broken").to_owned(),
        message: "it broke".to_owned(),
    }
}

fn count_of(engine: &Engine, arn: &str, kind: HistoryKind) -> usize {
    engine.history(arn).iter().filter(|event| event.kind == kind).count()
}

/// Runs a machine to its end, on a clock that stands still.
async fn run(definition: Value, input: Value) -> ExecutionDescription {
    let bench = Bench::new();
    let arn = bench.start(&definition, input);
    bench.ended(&arn).await
}

/// A machine of one state, which ends it unless it says otherwise.
fn only(mut state: Value) -> Value {
    let ends = ["Next", "End", "Choices"].iter().all(|field| state.get(field).is_none());
    if ends && !matches!(state["Type"].as_str(), Some("Succeed" | "Fail")) {
        state["End"] = json!(true);
    }
    json!({ "StartAt": "Only", "States": { "Only": state } })
}

/// A task that waits for the token it gave to the function `ask`.
fn asking() -> Value {
    json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": { "FunctionName": "ask", "Payload": { "token.$": "$$.Task.Token", "input.$": "$" } }
    })
}

/// A task that calls a function by its ARN.
fn calling(function: &str) -> Value {
    json!({ "Type": "Task", "Resource": format!("arn:aws:lambda:eu-west-1:123456789012:function:{function}") })
}

/// The state with some more fields.
fn with(mut state: Value, fields: Value) -> Value {
    let fields = fields.as_object().unwrap().clone();
    state.as_object_mut().unwrap().extend(fields);
    state
}
