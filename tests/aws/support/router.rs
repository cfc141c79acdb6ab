//! Lambda's invoke API in front of Rust closures. What is no invocation goes on to the emulator behind it, so an
//! emulator that calls Lambda at its own address finds these functions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use countersign_playground::engine::{Function, FunctionError};
use countersign_tests::http::Http;
use http::{HeaderName, StatusCode, header};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Functions by name; clones share them.
#[derive(Clone, Default)]
pub(crate) struct Functions(Arc<Mutex<HashMap<String, Function>>>);

impl Functions {
    /// Makes a function known, in the place of one that has the same name.
    pub(crate) fn register(&self, name: &str, function: Function) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), function);
    }

    fn named(&self, name: &str) -> Option<Function> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

/// A closure as a function.
pub(crate) fn function<F>(body: impl Fn(Value) -> F + Send + Sync + 'static) -> Function
where
    F: Future<Output = Result<Value, FunctionError>> + Send + 'static,
{
    Arc::new(move |payload| Box::pin(body(payload)))
}

/// Serves the functions until the runtime ends. With `behind`, every other request goes to that address.
pub(crate) fn serve(listener: TcpListener, functions: Functions, behind: Option<String>) {
    let router = Router::new().route("/2015-03-31/functions/{name}/invocations", post(invoke)).with_state(functions);
    let router = match behind {
        Some(behind) => router.fallback_service(any(forward).with_state((Http::new(), behind))),
        None => router,
    };
    tokio::spawn(async move { axum::serve(listener, router).await });
}

/// `Invoke`: a function that fails is an answer too, which a header tells from a result.
async fn invoke(State(functions): State<Functions>, Path(name): Path<String>, body: Bytes) -> Response {
    let name = plain_name(&name);
    let request_id = [("x-amzn-requestid", "00000000-0000-0000-0000-000000000000")];
    let Some(function) = functions.named(name) else {
        let error = [("x-amzn-errortype", "ResourceNotFoundException")];
        let body = json!({ "Type": "User", "Message": format!("Function not found: {name}") }).to_string();
        return (StatusCode::NOT_FOUND, request_id, error, body).into_response();
    };
    let payload = if body.is_empty() { Ok(json!({})) } else { serde_json::from_slice(&body) };
    let Ok(payload) = payload else {
        return (StatusCode::BAD_REQUEST, request_id, "the payload is not JSON").into_response();
    };
    let version = [("x-amz-executed-version", "$LATEST")];
    match function(payload).await {
        Ok(result) => (request_id, version, result.to_string()).into_response(),
        Err(error) => {
            let failed = [("x-amz-function-error", "Unhandled")];
            let body = json!({ "errorMessage": error.message, "errorType": error.error_type }).to_string();
            (request_id, version, failed, body).into_response()
        }
    }
}

/// The name in a function's ARN, without version or alias.
fn plain_name(function: &str) -> &str {
    let name = function.rsplit_once("function:").map_or(function, |(_, name)| name);
    name.split_once(':').map_or(name, |(name, _)| name)
}

async fn forward(State((http, behind)): State<(Http, String)>, request: Request) -> Response {
    match pass_on(&http, &behind, request).await {
        Ok(answer) => answer,
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
    }
}

/// Sends a request on to another address and gives back the answer.
pub(crate) async fn pass_on(http: &Http, behind: &str, request: Request) -> anyhow::Result<Response> {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().context("a request has a path")?;
    let mut onward = http::Request::builder().method(head.method).uri(format!("{behind}{path}"));
    for (name, value) in head.headers.iter().filter(|(name, _)| !is_of_the_connection(name)) {
        onward = onward.header(name, value);
    }
    let body = body.collect().await?.to_bytes();
    let (mut head, body) = http.send(onward.body(Full::from(body))?).await?.into_parts();
    for name in [header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH] {
        head.headers.remove(name);
    }
    Ok(Response::from_parts(head, Body::from(body)))
}

/// Headers that belong to one connection; the client of the next one sets its own.
fn is_of_the_connection(name: &HeaderName) -> bool {
    [header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH, header::EXPECT].contains(name)
}
