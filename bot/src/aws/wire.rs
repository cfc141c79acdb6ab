//! A service of AWS that answers what a test has written down, over HTTP, and keeps what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_sfn::config::{Credentials, Region, SharedCredentialsProvider};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::http_client;

/// One answer: status and body, which is JSON, or XML if it is a text. An error carries its code in `__type`, as the JSON
/// protocols of AWS do.
pub(crate) type Answer = (u16, Value);

/// The answer of a service that refuses a call with this code.
pub(crate) fn refusal(status: u16, code: &str) -> Answer {
    (status, json!({ "__type": format!("com.amazonaws.service#{code}"), "message": "AQCEAAAAKgAAAAMAAA is secret" }))
}

/// A service on this machine.
pub(crate) struct Service {
    endpoint: String,
    state: Arc<Script>,
}

#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<Answer>>,
    asked: Mutex<Vec<Asked>>,
}

/// A call: with what it was signed, and what it held.
struct Asked {
    authorization: String,
    body: Bytes,
}

impl Service {
    /// A service that gives these answers, one a call, and after the last 500 to everything.
    pub(crate) async fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        let state = Arc::new(Script { answers: Mutex::new(answers.into_iter().collect()), ..Script::default() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(state.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { endpoint, state }
    }

    /// A configuration with which every client calls this service.
    pub(crate) fn config(&self) -> SdkConfig {
        config_for(&self.endpoint)
    }

    /// The bodies of the calls so far, as JSON.
    pub(crate) fn asked(&self) -> Vec<Value> {
        let asked = self.state.asked.lock().unwrap();
        asked.iter().map(|call| serde_json::from_slice(&call.body).unwrap_or_default()).collect()
    }

    /// The calls so far: the access key, the region and the service that each was signed for, and its body as text.
    pub(crate) fn signed(&self) -> Vec<(String, String)> {
        let asked = self.state.asked.lock().unwrap();
        let scope = |call: &Asked| {
            let (_, credential) = call.authorization.split_once("Credential=").unwrap_or_default();
            let parts: Vec<&str> = credential.split('/').collect();
            let [key, _, region, service, ..] = parts[..] else { return String::new() };
            format!("{key} {region} {service}")
        };
        asked.iter().map(|call| (scope(call), String::from_utf8_lossy(&call.body).into_owned())).collect()
    }
}

/// A configuration for a service at this address.
pub(crate) fn config_for(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("id", "secret", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .http_client(http_client())
        .build()
}

async fn answer(State(script): State<Arc<Script>>, headers: HeaderMap, body: Bytes) -> Response {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    script.asked.lock().unwrap().push(Asked { authorization: authorization.to_owned(), body });
    let (status, body) = script.answers.lock().unwrap().pop_front().unwrap_or((500, json!({})));
    let status = StatusCode::from_u16(status).unwrap();
    match body {
        Value::String(xml) => (status, [(header::CONTENT_TYPE, "text/xml")], xml).into_response(),
        json => (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], json.to_string()).into_response(),
    }
}
