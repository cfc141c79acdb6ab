//! The emulated table behind DynamoDB's own protocol, and many open approvals in it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use countersign_bot::approval::ids::{ApprovalId, TaskToken};
use countersign_bot::approval::record::Approval;
use countersign_bot::aws::dynamodb::DynamoDbStore;
use countersign_bot::ports::Store;
use countersign_tests::emulated_table::EmulatedTable;
use http::{HeaderMap, StatusCode, header};
use serde_json::json;
use tokio::net::TcpListener;

/// How many shards the index of what is due has.
const SHARDS: usize = 16;

/// The table; clones share it.
#[derive(Clone)]
pub(crate) struct Table {
    url: String,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    table: EmulatedTable,
    calls: Calls,
}

/// How often the table was asked for what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) queries: usize,
    /// The keys that the queries have returned.
    pub(crate) keys: usize,
    pub(crate) reads: usize,
    pub(crate) writes: usize,
}

impl Table {
    pub(crate) async fn serve() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let table = Self { url: format!("http://{}", listener.local_addr()?), shared: Arc::default() };
        let router = Router::new().fallback(receive).with_state(table.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(table)
    }

    /// The store that speaks to it.
    pub(crate) fn store(&self) -> DynamoDbStore {
        let credentials = Credentials::new("test", "test", None, None, "bench");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(&self.url)
            .http_client(countersign_bot::aws::http_client())
            .build();
        DynamoDbStore::new(&config, "approvals".to_owned())
    }

    /// Puts so many approvals beside those that are there, each like this one but for what the indexes look at.
    pub(crate) async fn fill(&self, count: usize, like: Approval) -> anyhow::Result<()> {
        if count == 0 {
            return Ok(());
        }
        let id = like.id.clone();
        self.store().raise(like).await?;
        let mut shared = self.shared();
        let like = shared.table.approval(id.as_str()).context("what was raised is in the table")?.clone();
        for number in 1..count {
            let mut item = like.clone();
            item["id"] = json!({ "S": ApprovalId::of(&TaskToken::parse(&format!("open-{number}"))?) });
            item["execution"] = json!({ "S": format!("execution-{number}") });
            item["due_shard"] = json!({ "N": (number % SHARDS).to_string() });
            shared.table.put(item);
        }
        Ok(())
    }

    /// The calls so far.
    pub(crate) fn calls(&self) -> Calls {
        let shared = self.shared();
        Calls { keys: shared.table.keys_read(), ..shared.calls }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn receive(State(table): State<Table>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = target.split_once('.').map_or(target, |(_, operation)| operation);
    let asked = serde_json::from_slice(&body).unwrap_or_default();
    let mut shared = table.shared();
    match operation {
        "Query" => shared.calls.queries += 1,
        "GetItem" | "BatchGetItem" => shared.calls.reads += 1,
        _ => shared.calls.writes += 1,
    }
    let (status, body) = match shared.table.answer(operation, &asked) {
        Ok(body) => (StatusCode::OK, body),
        Err(code) => (StatusCode::BAD_REQUEST, json!({ "__type": code })),
    };
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], body.to_string()).into_response()
}
