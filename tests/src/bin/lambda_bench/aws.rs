//! Just enough of AWS to raise and decide approvals: a secret, a table, callbacks, a bus, a queue and mail, as one HTTP server.
//!
//! What it does not know it answers with 400, which fails the benchmark.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use countersign_bot::aws::http_client;
use countersign_tests::emulated_table::EmulatedTable;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The account as far as it is looked at; clones share it.
#[derive(Clone)]
pub(crate) struct Aws {
    pub(crate) url: String,
    delay: Duration,
    account: Arc<Mutex<Account>>,
}

#[derive(Default)]
struct Account {
    secret: String,
    table: EmulatedTable,
    /// The output of each task that was completed, by its token.
    completed: HashMap<String, String>,
    /// How often the bus was told that an approval is resolved, by its id.
    resolutions: HashMap<String, usize>,
    mails: usize,
    /// How often anything was asked.
    calls: usize,
    /// What was put into the queue of deliveries and not taken.
    deliveries: Vec<String>,
}

/// What the services say of one approval.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    /// The status on record.
    pub(crate) status: Option<String>,
    /// The status in the output of the task.
    pub(crate) output: Option<String>,
    /// How often the bus was told that it is resolved.
    pub(crate) broadcasts: usize,
}

impl Outcome {
    /// Record, task and bus agree that it was approved.
    pub(crate) fn approved() -> Self {
        let approved = Some("approved".to_owned());
        Self { status: approved.clone(), output: approved, broadcasts: 1 }
    }
}

type Answer = Result<Value, &'static str>;

impl Aws {
    /// Serves an account whose one secret is this, and waits so long before each answer.
    pub(crate) async fn serve(secret: &Value, delay: Duration) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let account = Account { secret: secret.to_string(), ..Account::default() };
        let aws = Self { url, delay, account: Arc::new(Mutex::new(account)) };
        let router = Router::new().fallback(receive).with_state(aws.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(aws)
    }

    /// What clients of the account are made of.
    pub(crate) fn config(&self) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("id", "key", None, None, "bench")))
            .endpoint_url(&self.url)
            .http_client(http_client())
            .build()
    }

    /// What became of an approval that was asked for with this token.
    pub(crate) fn outcome(&self, approval: &str, token: &str) -> Outcome {
        let account = self.account();
        let output = account.completed.get(token).and_then(|output| serde_json::from_str::<Value>(output).ok());
        Outcome {
            status: account.table.approval(approval).and_then(|item| item["status"]["S"].as_str()).map(str::to_owned),
            output: output.and_then(|output| output["status"].as_str().map(str::to_owned)),
            broadcasts: account.resolutions.get(approval).copied().unwrap_or_default(),
        }
    }

    /// Takes the messages out of the queue of deliveries.
    pub(crate) fn take_deliveries(&self) -> Vec<String> {
        std::mem::take(&mut self.account().deliveries)
    }

    /// How many calls were made.
    pub(crate) fn calls(&self) -> usize {
        self.account().calls
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
    // A sleep of no time would still last until the next millisecond.
    if !aws.delay.is_zero() {
        tokio::time::sleep(aws.delay).await;
    }
    let mut account = aws.account();
    account.calls += 1;
    let Some(target) = headers.get("x-amz-target").and_then(|target| target.to_str().ok()) else {
        return mail(&mut account, &body);
    };
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let answer = match target {
        "secretsmanager.GetSecretValue" => Ok(json!({ "Name": "countersign", "SecretString": account.secret })),
        "AWSStepFunctions.SendTaskSuccess" => account.complete(&asked),
        "AWSEvents.PutEvents" => account.put_events(&asked),
        "AmazonSQS.SendMessageBatch" => account.send_messages(&asked),
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

    fn send_messages(&mut self, asked: &Value) -> Answer {
        let entries = asked["Entries"].as_array().ok_or("ValidationException")?;
        let bodies = entries.iter().filter_map(|entry| entry["MessageBody"].as_str());
        self.deliveries.extend(bodies.map(str::to_owned));
        Ok(json!({}))
    }

    fn put_events(&mut self, asked: &Value) -> Answer {
        let entries = asked["Entries"].as_array().ok_or("ValidationException")?;
        for entry in entries.iter().filter(|entry| entry["DetailType"] == "Approval Resolved") {
            let detail = entry["Detail"].as_str().and_then(|detail| serde_json::from_str::<Value>(detail).ok());
            let detail = detail.ok_or("MalformedDetail")?;
            let approval = detail["approvalId"].as_str().ok_or("ValidationException")?;
            *self.resolutions.entry(approval.to_owned()).or_default() += 1;
        }
        let accepted: Vec<Value> = entries.iter().map(|_| json!({ "EventId": "1" })).collect();
        Ok(json!({ "FailedEntryCount": 0, "Entries": accepted }))
    }
}
