//! The functions that the machines call, the same for every interpreter.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign_playground::engine::{Function, FunctionError};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::interpreter::Interpreter;
use crate::support::router::function;

/// All functions, of which those that wait for a task token answer to `interpreter`.
pub(super) fn all(interpreter: &Interpreter) -> Vec<(&'static str, Function)> {
    let interpreter = interpreter.clone();
    let (asking, calls, tokens) = (interpreter.clone(), Calls::default(), Tokens::default());
    vec![
        ("echo", function(|payload| async { Ok(payload) })),
        ("fail", function(|payload| async move { Err(error_of(&payload)) })),
        ("slow", function(slow)),
        ("flaky", function(move |payload| std::future::ready(flaky(&calls, &payload)))),
        ("ask", function(move |payload| ask(interpreter.clone(), payload))),
        ("ask_twice", function(move |payload| ask_twice(asking.clone(), tokens.clone(), payload))),
    ]
}

/// How often `flaky` was called, by execution.
type Calls = Arc<Mutex<HashMap<String, usize>>>;

/// Fails with each of the `errors` in turn, and then returns how often it was called in this execution.
fn flaky(calls: &Calls, payload: &Value) -> Result<Value, FunctionError> {
    let mut calls = calls.lock().unwrap();
    let count = calls.entry(payload["execution"].to_string()).or_default();
    *count += 1;
    match payload["errors"].get(*count - 1) {
        Some(error) => Err(error_of(&json!({ "error": error }))),
        None => Ok(json!(*count)),
    }
}

async fn slow(payload: Value) -> Result<Value, FunctionError> {
    sleep(milliseconds(&payload["milliseconds"])).await;
    Ok(payload)
}

/// Gets a task token and does with it, after it has returned, what the payload says: each of the `steps` is one of
/// `{"wait": milliseconds}`, `{"succeed": output}`, `{"fail": error}` and `{"heartbeat": true}`. With an `error` it
/// fails itself.
async fn ask(interpreter: Interpreter, payload: Value) -> Result<Value, FunctionError> {
    if payload.get("error").is_some() {
        return Err(error_of(&payload));
    }
    tokio::spawn(async move {
        let token = payload["token"].as_str().unwrap_or_default();
        for step in payload["steps"].as_array().into_iter().flatten() {
            if let Some(wait) = step.get("wait") {
                sleep(milliseconds(wait)).await;
            } else if let Some(output) = step.get("succeed") {
                interpreter.succeed(token, output).await;
            } else if let Some(error) = step.get("fail").and_then(Value::as_str) {
                interpreter.fail(token, error).await;
            } else {
                interpreter.heartbeat(token).await;
            }
        }
    });
    Ok(json!("asked"))
}

/// The first token of an execution, by execution.
type Tokens = Arc<Mutex<HashMap<String, String>>>;

/// Lets the first attempt time out, and completes the second with whether its token is another.
async fn ask_twice(interpreter: Interpreter, tokens: Tokens, payload: Value) -> Result<Value, FunctionError> {
    let token = payload["token"].as_str().unwrap_or_default().to_owned();
    let first = tokens.lock().unwrap().insert(payload["execution"].to_string(), token.clone());
    if let Some(first) = first {
        interpreter.succeed(&token, &json!({ "another": first != token })).await;
    }
    Ok(json!("asked"))
}

fn error_of(payload: &Value) -> FunctionError {
    FunctionError {
        error_type: payload["error"].as_str().unwrap_or("Broken").to_owned(),
        message: "as the row has it".to_owned(),
    }
}

fn milliseconds(value: &Value) -> Duration {
    Duration::from_millis(value.as_u64().unwrap_or_default())
}
