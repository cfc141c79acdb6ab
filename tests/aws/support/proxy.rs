//! Between the functions and the emulator: what a service does on a bad day, one service or action at a time.

use std::sync::{Arc, Mutex, OnceLock};

use anyhow::Context;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign_tests::http::Http;
use countersign_tests::patience::PATIENCE;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

use super::actions::Actions;
use super::history::Histories;

/// One call: the service as the scope of its signature names it, and the action, which for S3 is the method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) service: String,
    pub(crate) action: String,
}

/// What goes wrong with a call.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// The service asks for a pause, in its own words.
    Throttle,
    /// The service fails.
    Fail,
    /// The connection closes without an answer, and nothing has happened.
    Vanish,
    /// The connection closes without an answer after the call took effect.
    LoseAnswer,
    /// The call goes no further until it is let go; the first such call is announced.
    Hold(Arc<Gate>),
    /// The call takes effect, and its answer goes no further until it is let go; the first such answer is announced.
    HoldAnswer(Arc<Gate>),
    /// Step Functions says that the task of the token has been closed.
    Closed,
}

/// Where calls wait.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    arrived: Notify,
    open: watch::Sender<bool>,
}

impl Gate {
    async fn pass(&self) {
        self.arrived.notify_one();
        // The sender is `self`, so that it cannot be gone.
        self.open.subscribe().wait_for(|open| *open).await.ok();
    }
}

/// Calls of an action that are held. They are never let go unless somebody does it.
pub(crate) struct Held {
    proxy: Proxy,
    gate: Arc<Gate>,
}

impl Held {
    /// Waits until the first call is held.
    pub(crate) async fn arrived(&self) -> anyhow::Result<()> {
        let arrived = tokio::time::timeout(PATIENCE, self.gate.arrived.notified());
        arrived.await.context("waited in vain for the call that is to be held")
    }

    /// Lets everything go that was held, and holds nothing more. What was under way arrives, also where whoever sent it
    /// has given up.
    pub(crate) fn release(self) {
        let is_ours = |fault: &Fault| match fault {
            Fault::Hold(gate) | Fault::HoldAnswer(gate) => Arc::ptr_eq(gate, &self.gate),
            _ => false,
        };
        self.proxy.shared.faults.lock().unwrap().retain(|(_, fault)| !is_ours(fault));
        self.gate.open.send_replace(true);
    }
}

/// An address that stands for all of AWS.
#[derive(Clone)]
pub(crate) struct Proxy {
    url: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    emulator: OnceLock<String>,
    /// Services, and actions of services (`states:SendTaskSuccess`), with what goes wrong with them.
    faults: Mutex<Vec<(String, Fault)>>,
    calls: Mutex<Vec<Call>>,
    histories: Histories,
    actions: Actions,
}

impl Proxy {
    /// The address notes there what is called.
    pub(crate) async fn start(actions: Actions) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let proxy = Self {
            url: format!("http://{}", listener.local_addr()?),
            shared: Arc::new(Shared { actions, ..Shared::default() }),
        };
        let router = Router::new().fallback(answer).with_state((proxy.clone(), Http::new()));
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(proxy)
    }

    /// The endpoint of every service.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where calls go. Before this they fail.
    pub(crate) fn lead_to(&self, emulator: &str) {
        self.shared.emulator.set(emulator.to_owned()).expect("a proxy leads to one emulator");
    }

    /// From now on this goes wrong with every call of a service (`dynamodb`) or an action (`states:SendTaskSuccess`).
    pub(crate) fn break_down(&self, what: &str, fault: Fault) {
        self.shared.faults.lock().unwrap().push((what.to_owned(), fault));
    }

    /// Lets calls of this action arrive and go no further.
    pub(crate) fn hold(&self, action: &str) -> Held {
        self.hold_with(action, Fault::Hold)
    }

    /// Lets calls of this action take effect, and their answers go no further.
    pub(crate) fn hold_answer(&self, action: &str) -> Held {
        self.hold_with(action, Fault::HoldAnswer)
    }

    fn hold_with(&self, action: &str, fault: impl Fn(Arc<Gate>) -> Fault) -> Held {
        let gate = Arc::<Gate>::default();
        self.break_down(action, fault(gate.clone()));
        Held { proxy: self.clone(), gate }
    }

    /// Everything works again.
    pub(crate) fn recover(&self) {
        self.shared.faults.lock().unwrap().clear();
    }

    /// How often this action was called, however it went.
    pub(crate) fn count(&self, service: &str, action: &str) -> usize {
        let calls = self.shared.calls.lock().unwrap();
        calls.iter().filter(|call| call.service == service && call.action == action).count()
    }

    fn fault(&self, call: &Call) -> Option<Fault> {
        let action = format!("{}:{}", call.service, call.action);
        let faults = self.shared.faults.lock().unwrap();
        let found = faults.iter().find(|(what, _)| *what == call.service || *what == action);
        found.map(|(_, fault)| fault.clone())
    }
}

async fn answer(State((proxy, http)): State<(Proxy, Http)>, request: Request<Body>) -> Response {
    // On a task of its own a call goes on when whoever made it closes the connection.
    tokio::spawn(treat(proxy, http, request)).await.unwrap_or_else(|_| broken_off())
}

async fn treat(proxy: Proxy, http: Http, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, 16 << 20).await else { return broken_off() };
    let call = Call::of(&parts.method, &parts.headers, &body);
    proxy.shared.actions.note(credential(&parts.headers, 0), &call);
    proxy.shared.calls.lock().unwrap().push(call.clone());
    let json = serde_json::from_slice::<Value>(&body).unwrap_or_default();
    if call.service == "dynamodb" {
        proxy.shared.histories.learn(&json);
    }
    let pass_on = async {
        let emulator = proxy.shared.emulator.get()?;
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::new(body.into());
        (*request.method_mut(), *request.headers_mut()) = (parts.method.clone(), parts.headers.clone());
        *request.uri_mut() = format!("{emulator}{path}").parse().ok()?;
        http.send(request).await.ok()
    };
    let pass_on = async {
        let answer = pass_on.await.map(|answer| match call.action.as_str() {
            "GetExecutionHistory" => proxy.shared.histories.answer(&json, answer),
            "AssumeRole" => {
                proxy.shared.actions.learn_assumed(&String::from_utf8_lossy(answer.body()));
                answer
            }
            _ => answer,
        });
        answer.map_or_else(broken_off, |answer| answer.map(Body::from))
    };
    loop {
        match proxy.fault(&call) {
            None => return pass_on.await,
            Some(Fault::Throttle) => return throttled(&call.service),
            Some(Fault::Fail) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            Some(Fault::Vanish) => return broken_off(),
            Some(Fault::Closed) => return closed(),
            Some(Fault::LoseAnswer) => {
                pass_on.await;
                return broken_off();
            }
            Some(Fault::HoldAnswer(gate)) => {
                let answer = pass_on.await;
                gate.pass().await;
                return answer;
            }
            // What has become of the service meanwhile is looked at when the call is let go.
            Some(Fault::Hold(gate)) => gate.pass().await,
        }
    }
}

impl Call {
    /// The JSON protocols name the action in a header, the query protocol in the form.
    fn of(method: &Method, headers: &HeaderMap, body: &Bytes) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let service = credential(headers, 3);
        if service == "s3" {
            return Self { service: service.to_owned(), action: method.to_string() };
        }
        let target = text("x-amz-target").rsplit('.').next().unwrap_or_default();
        let form = String::from_utf8_lossy(body);
        let action = form.split('&').find_map(|field| field.strip_prefix("Action=")).unwrap_or(target);
        Self { service: service.to_owned(), action: action.to_owned() }
    }
}

/// A part of `Credential=KEY/DATE/REGION/SERVICE/aws4_request`.
fn credential(headers: &HeaderMap, part: usize) -> &str {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let credential = authorization.split_once("Credential=").map_or("", |(_, credential)| credential);
    credential.split('/').nth(part).unwrap_or_default()
}

/// A service that asks for a pause, in the protocol that it speaks.
fn throttled(service: &str) -> Response {
    let (code, content_type, body) = match service {
        "ses" => {
            let error = "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded\
                         </Message></Error></ErrorResponse>";
            (StatusCode::BAD_REQUEST, "text/xml", error)
        }
        "dynamodb" => {
            let error = r#"{"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException"}"#;
            (StatusCode::BAD_REQUEST, "application/x-amz-json-1.0", error)
        }
        _ => (StatusCode::BAD_REQUEST, "application/x-amz-json-1.0", r#"{"__type": "ThrottlingException"}"#),
    };
    (code, [(header::CONTENT_TYPE, content_type)], body).into_response()
}

/// A task that has ended, in the words of Step Functions.
fn closed() -> Response {
    let body = r#"{"__type": "TaskTimedOut", "message": "The task has been closed."}"#;
    (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], body).into_response()
}

/// A body that fails before its first byte makes the server close the connection.
fn broken_off() -> Response {
    let broken = futures::stream::once(async { Err::<Bytes, _>(std::io::Error::other("the connection is closed")) });
    Body::from_stream(broken).into_response()
}
