//! The Lambda Runtime API (AWS Lambda developer guide, "Using the Lambda runtime API"), for one process of a function.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use countersign_playground::clock::Clock;
use http::StatusCode;
use jiff::SignedDuration;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

/// What the function does, as it comes to know here.
#[derive(Debug)]
pub(crate) enum Report {
    /// It asks for an event, so it is done with everything before.
    Polled(Instant),
    /// It has answered an event.
    Answered(Instant, Bytes),
    /// It has failed, while it started or with an event.
    Failed(String),
}

/// The API of one process; it is served until this is dropped.
pub(crate) struct RuntimeApi {
    /// Host and port, as `AWS_LAMBDA_RUNTIME_API` names them.
    pub(crate) address: String,
    events: mpsc::UnboundedSender<Bytes>,
    reports: mpsc::UnboundedReceiver<Report>,
    _server: JoinSet<()>,
}

struct Served {
    events: Mutex<mpsc::UnboundedReceiver<Bytes>>,
    reports: mpsc::UnboundedSender<Report>,
    clock: Clock,
}

impl RuntimeApi {
    pub(crate) async fn serve() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let (events, to_come) = mpsc::unbounded_channel();
        let (to_report, reports) = mpsc::unbounded_channel();
        let served = Served { events: Mutex::new(to_come), reports: to_report, clock: Clock::system() };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(error))
            .with_state(Arc::new(served));
        let mut server = JoinSet::new();
        server.spawn(async move {
            // It serves until it is aborted; if it ended before, the wait for the next report would say so.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, events, reports, _server: server })
    }

    /// Hands an event to the function, now or when it asks for one.
    pub(crate) fn send(&self, event: Bytes) -> anyhow::Result<()> {
        self.events.send(event).context("the Runtime API is not served any more")
    }

    /// What the function does next.
    pub(crate) async fn report(&mut self) -> anyhow::Result<Report> {
        self.reports.recv().await.context("the Runtime API is not served any more")
    }
}

async fn next(State(served): State<Arc<Served>>) -> Response {
    // Nobody listens once the process is stopped.
    let _ = served.reports.send(Report::Polled(Instant::now()));
    let Some(event) = served.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let deadline = served.clock.now().saturating_add(SignedDuration::from_secs(10)).unwrap_or_default();
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("lambda-runtime-deadline-ms", deadline.as_millisecond().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:123456789012:function:bench".to_owned()),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, event).into_response()
}

async fn response(State(served): State<Arc<Served>>, body: Bytes) -> StatusCode {
    let _ = served.reports.send(Report::Answered(Instant::now(), body));
    StatusCode::ACCEPTED
}

async fn error(State(served): State<Arc<Served>>, body: Bytes) -> StatusCode {
    let _ = served.reports.send(Report::Failed(String::from_utf8_lossy(&body).into_owned()));
    StatusCode::ACCEPTED
}
