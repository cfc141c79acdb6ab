//! The workflow's functions, given to the engine as Lambda gives them to Step Functions.

use std::sync::Arc;

use countersign_bot::flow::notify;
use countersign_bot::net::http::HttpClient;
use countersign_engine::{Engine, FunctionError};
use countersign_workflow_lambdas::calculate::Calculate;
use countersign_workflow_lambdas::{finalize, is_input_valid};
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::LiveBot;
use super::secrets::{Secrets, key};
use crate::requests::MemoryRequests;

/// The function that asks people.
pub(super) const NOTIFIER: &str = "notifier";
/// The functions, by the placeholders that stand for them in a definition.
pub(crate) const ALL: [(&str, &str); 4] = [
    ("IsInputValidArn", "is-input-valid"),
    ("CalculateArn", "calculate"),
    ("NotifierArn", NOTIFIER),
    ("FinalizeArn", "finalize"),
];

/// The queue of requests, by the placeholder that stands for its address.
pub(crate) const QUEUE: (&str, &str) = ("RequestsUrl", "requests");

/// The address of a queue.
pub(crate) fn queue_url(name: &str) -> String {
    format!("https://sqs.local.amazonaws.com/000000000000/{name}")
}

/// The ARN of a function.
pub(crate) fn arn(name: &str) -> String {
    format!("arn:aws:lambda:local:000000000000:function:{name}")
}

/// Gives the engine the workflow's functions, as Lambda has them.
pub(crate) fn register_all(engine: &Engine, live: &LiveBot, url: &str, secrets: &Secrets) -> anyhow::Result<()> {
    let calculate = Arc::new(Calculate {
        http: HttpClient::default(),
        double_url: format!("{url}/double").parse()?,
        key: key(&secrets.double)?,
    });
    let named = |name: &str, message: &dyn std::fmt::Display| FunctionError {
        error_type: name.to_owned(),
        message: message.to_string(),
    };
    let clock = live.now().app.ports.clock.clone();
    register(engine, "is-input-valid", move |input| async move { Ok(json!(is_input_valid::check(&input))) });
    register(engine, "calculate", move |input| {
        let (calculate, now) = (calculate.clone(), clock.now());
        async move { calculate.run(input, now).await.map_err(|error| named(error.as_str(), &error)) }
    });
    let notifier = live.clone();
    register(engine, NOTIFIER, move |input| {
        let bot = notifier.now();
        async move { notify::notify(&bot.app, input).await.map_err(|error| named(error.name(), &error)) }
    });
    register(engine, "finalize", move |input| async move {
        finalize::run(input).map_err(|error| named(error.as_str(), &error))
    });
    Ok(())
}

/// Gives the engine the queue of requests, as SQS has it.
pub(crate) fn register_queue(engine: &Engine, requests: &MemoryRequests) {
    let requests = requests.clone();
    register(engine, QUEUE.1, move |body| {
        let sent = body.as_str().map(|body| requests.send(body)).unwrap_or_default();
        async move { Ok(json!({ "MessageId": sent })) }
    });
}

fn register<F>(engine: &Engine, name: &str, function: impl Fn(Value) -> F + Send + Sync + 'static)
where
    F: Future<Output = Result<Value, FunctionError>> + Send + 'static,
{
    engine.register(
        name,
        Arc::new(move |input| -> BoxFuture<'static, Result<Value, FunctionError>> { Box::pin(function(input)) }),
    );
}
