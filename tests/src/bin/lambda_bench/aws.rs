//! Just enough of AWS to raise and decide approvals: a secret, a table, callbacks, a bus and mail, as one HTTP server.
//!
//! What it does not know it answers with 400, which fails the benchmark.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use countersign_tests::emulated_table::EmulatedTable;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The account as far as it is looked at; clones share it.
#[derive(Clone)]
pub(crate) struct Aws {
    pub(crate) url: String,
    account: Arc<Mutex<Account>>,
}

#[derive(Default)]
struct Account {
    secret: String,
    table: EmulatedTable,
    /// The output of each task that was completed, by its token.
    completed: HashMap<String, String>,
    /// Detail type and detail of each event on the bus.
    events: Vec<(String, String)>,
    mails: usize,
}

/// What the services say of one approval.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    /// The status on record.
    pub(crate) status: Option<String>,
    /// The status in the output of the task.
    pub(crate) output: Option<String>,
    /// How often the bus was told that it is resolved.
    pub(crate) broadcasts: usize,
}

type Answer = Result<Value, &'static str>;

impl Aws {
    /// Serves an account whose one secret is this.
    pub(crate) async fn serve(secret: &Value) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let account = Account { secret: secret.to_string(), ..Account::default() };
        let aws = Self { url, account: Arc::new(Mutex::new(account)) };
        let router = Router::new().fallback(receive).with_state(aws.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(aws)
    }

    /// What became of an approval that was asked for with this token.
    pub(crate) fn outcome(&self, approval: &str, token: &str) -> Outcome {
        let account = self.account();
        let output = account.completed.get(token).and_then(|output| serde_json::from_str::<Value>(output).ok());
        let is_resolution =
            |(kind, detail): &&(String, String)| kind == "Approval Resolved" && detail.contains(approval);
        Outcome {
            status: account.table.approval(approval).and_then(|item| item["status"]["S"].as_str()).map(str::to_owned),
            output: output.and_then(|output| output["status"].as_str().map(str::to_owned)),
            broadcasts: account.events.iter().filter(is_resolution).count(),
        }
    }

    /// How many mails were sent.
    pub(crate) fn mails(&self) -> usize {
        self.account().mails
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn receive(State(aws): State<Aws>, headers: HeaderMap, body: Bytes) -> Response {
    let mut account = aws.account();
    let Some(target) = headers.get("x-amz-target").and_then(|target| target.to_str().ok()) else {
        return mail(&mut account, &body);
    };
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let answer = match target {
        "secretsmanager.GetSecretValue" => Ok(json!({ "Name": "countersign", "SecretString": account.secret })),
        "AWSStepFunctions.SendTaskSuccess" => account.complete(&asked),
        "AWSEvents.PutEvents" => account.put_events(&asked),
        other => match other.strip_prefix("DynamoDB_20120810.") {
            Some(operation) => account.table.answer(operation, &asked),
            None => Err("UnknownOperationException"),
        },
    };
    let (status, body) = match answer {
        Ok(body) => (StatusCode::OK, body),
        Err(code) => (StatusCode::BAD_REQUEST, json!({ "__type": code })),
    };
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], body.to_string()).into_response()
}

/// SES speaks another protocol than the rest.
fn mail(account: &mut Account, body: &[u8]) -> Response {
    if !body.starts_with(b"Action=SendRawEmail&") {
        return StatusCode::BAD_REQUEST.into_response();
    }
    account.mails += 1;
    let sent = "<SendRawEmailResponse><SendRawEmailResult><MessageId>1</MessageId></SendRawEmailResult>\
                </SendRawEmailResponse>";
    ([(header::CONTENT_TYPE, "text/xml")], sent).into_response()
}

impl Account {
    fn complete(&mut self, asked: &Value) -> Answer {
        let (token, output) = (asked["taskToken"].as_str(), asked["output"].as_str());
        let (token, output) = token.zip(output).ok_or("InvalidToken")?;
        match self.completed.insert(token.to_owned(), output.to_owned()) {
            None => Ok(json!({})),
            Some(_) => Err("TaskTimedOut"),
        }
    }

    fn put_events(&mut self, asked: &Value) -> Answer {
        let entries = asked["Entries"].as_array().ok_or("ValidationException")?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.events.extend(entries.iter().map(|entry| (text(&entry["DetailType"]), text(&entry["Detail"]))));
        let accepted: Vec<Value> = entries.iter().map(|_| json!({ "EventId": "1" })).collect();
        Ok(json!({ "FailedEntryCount": 0, "Entries": accepted }))
    }
}
