//! A service that answers over HTTP what a test has written down, and keeps what it was asked.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Method, Response, StatusCode, Uri, header};
use axum::response::IntoResponse;
use http::HeaderMap;
use serde_json::Value;

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// A status with a JSON body.
    Json(u16, Value),
    /// A status with seconds to wait.
    RetryAfter(u16, &'static str),
    /// The request is taken, and the connection breaks.
    Lost,
    /// The request is taken, and nothing comes back.
    Silence,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<Answer>>,
    asked: Mutex<Vec<Asked>>,
}

/// A service with a script.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) url: String,
    state: Arc<Script>,
}

impl Service {
    /// A service that gives these answers, one a call, and after the last 501 to everything.
    pub(crate) async fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        let state = Arc::new(Script::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(state.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let service = Self { url, state };
        service.then(answers);
        service
    }

    /// Adds answers to those that are left.
    pub(crate) fn then(&self, answers: impl IntoIterator<Item = Answer>) {
        self.state.answers.lock().unwrap().extend(answers);
    }

    /// The host and port that it listens at.
    pub(crate) fn host(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    /// The calls so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.asked.lock().unwrap().clone()
    }

    /// The calls so far, by method and path.
    pub(crate) fn log(&self) -> Vec<String> {
        self.asked().iter().map(|asked| format!("{} {}", asked.method, asked.uri)).collect()
    }
}

impl Asked {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

async fn answer(
    State(script): State<Arc<Script>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    script.asked.lock().unwrap().push(Asked { method, uri, headers, body });
    let next = script.answers.lock().unwrap().pop_front();
    let status = |status| StatusCode::from_u16(status).unwrap();
    match next {
        Some(Answer::Json(code, body)) => (status(code), axum::Json(body)).into_response(),
        Some(Answer::RetryAfter(code, seconds)) => (status(code), [(header::RETRY_AFTER, seconds)]).into_response(),
        Some(Answer::Lost) => {
            let broken = futures::stream::iter([Err::<Bytes, _>(io::Error::other("the connection breaks"))]);
            Body::from_stream(broken).into_response()
        }
        Some(Answer::Silence) => futures::future::pending().await,
        None => StatusCode::NOT_IMPLEMENTED.into_response(),
    }
}
