//! STS and Step Functions of another account, over HTTP: the engine stands behind it, and credentials are checked as AWS
//! does. What is not signed with credentials of the account's role is told that its tasks do not exist.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sfn::config::{Credentials, SharedCredentialsProvider};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign_playground::engine::{ExecutionStatus, TaskFate, TokenError};
use countersign_playground::world::World;
use jiff::SignedDuration;
use serde_json::{Value, json};

/// The key of the deployment's own functions.
const OWN_KEY: &str = "HUB";

/// The account; clones share it.
#[derive(Clone)]
pub(crate) struct FakeAws {
    url: String,
    state: Arc<Account>,
}

#[derive(Default)]
struct Account {
    world: OnceLock<Arc<World>>,
    role: Mutex<Option<Role>>,
    /// Keys that were given, and whether they are still good.
    keys: Mutex<BTreeMap<String, bool>>,
    calls: Mutex<Vec<String>>,
}

/// The role that is there, and what it wants to be told.
struct Role {
    arn: String,
    external_id: String,
}

impl FakeAws {
    /// An account without a role.
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Account>::default();
        let router = Router::new().fallback(answer).with_state(state.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    /// The executions are those of this world.
    pub(crate) fn runs(&self, world: &Arc<World>) {
        self.state.world.set(world.clone()).map_err(|_| "it runs one world").unwrap();
    }

    /// Somebody deploys the role, or takes it away.
    pub(crate) fn set_role(&self, role: Option<(&str, &str)>) {
        let role = role.map(|(arn, external_id)| Role { arn: arn.to_owned(), external_id: external_id.to_owned() });
        *self.state.role.lock().unwrap() = role;
    }

    /// From now on nothing that was given is good any more.
    pub(crate) fn expire_keys(&self) {
        self.state.keys.lock().unwrap().values_mut().for_each(|is_good| *is_good = false);
    }

    /// What was called so far, each with the key that it was signed with, and forgets it.
    pub(crate) fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.state.calls.lock().unwrap())
    }

    /// The configuration of the deployment's functions.
    pub(crate) fn config(&self) -> SdkConfig {
        let credentials = Credentials::new(OWN_KEY, "secret", None, None, "tests");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(&self.url)
            .http_client(countersign_bot::aws::http_client())
            .build()
    }
}

async fn answer(State(account): State<Arc<Account>>, headers: HeaderMap, body: String) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (_, credential) = text(header::AUTHORIZATION.as_str()).split_once("Credential=").unwrap_or_default();
    let key = credential.split('/').next().unwrap_or_default();
    match text("x-amz-target").rsplit_once('.') {
        None => account.assume_role(key, &body),
        Some((_, action)) => {
            account.calls.lock().unwrap().push(format!("{key} {action}"));
            let asked: Value = serde_json::from_str(&body).unwrap();
            match account.call(key, action, &asked) {
                Ok(answer) => json_answer(StatusCode::OK, &answer),
                Err(code) => json_answer(StatusCode::BAD_REQUEST, &json!({ "__type": code })),
            }
        }
    }
}

fn json_answer(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], body.to_string()).into_response()
}

impl Account {
    fn assume_role(&self, key: &str, body: &str) -> Response {
        let form: BTreeMap<String, String> = serde_urlencoded::from_str(body).unwrap();
        assert_eq!(form["Action"], "AssumeRole");
        self.calls.lock().unwrap().push(format!("{key} AssumeRole"));
        let told = form.get("ExternalId").map(String::as_str);
        let role = self.role.lock().unwrap();
        let trusts = |role: &&Role| role.arn == form["RoleArn"] && told == Some(&role.external_id);
        if key != OWN_KEY || role.as_ref().filter(trusts).is_none() {
            let xml = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code></Error></ErrorResponse>";
            return (StatusCode::FORBIDDEN, [(header::CONTENT_TYPE, "text/xml")], xml).into_response();
        }
        let mut keys = self.keys.lock().unwrap();
        let key = format!("SPOKE{}", keys.len() + 1);
        keys.insert(key.clone(), true);
        // Each expires at another time, as on AWS.
        let lives = SignedDuration::from_mins(60 + i64::try_from(keys.len()).unwrap());
        let until = self.world.get().unwrap().clock.now() + lives;
        let xml = format!(
            "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
             <AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
             <Expiration>{until}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
        );
        ([(header::CONTENT_TYPE, "text/xml")], xml).into_response()
    }

    /// A call of Step Functions: the answer, or the code of the refusal.
    fn call(&self, key: &str, action: &str, asked: &Value) -> Result<Value, &'static str> {
        let is_good = self.keys.lock().unwrap().get(key).copied();
        let text = |name: &str| asked[name].as_str().unwrap_or_default();
        match (is_good, action) {
            (Some(false), _) => return Err("ExpiredTokenException"),
            // Whoever is not of the account has no task and no execution there.
            (None, "SendTaskSuccess" | "SendTaskFailure") => return Err("TaskDoesNotExist"),
            (None, _) => return Err("AccessDeniedException"),
            (Some(true), _) => {}
        }
        let engine = &self.world.get().unwrap().engine;
        match action {
            "SendTaskSuccess" => {
                let output = serde_json::from_str(text("output")).unwrap();
                engine.send_task_success(text("taskToken"), output).map_err(code)?;
                Ok(json!({}))
            }
            "SendTaskFailure" => {
                engine.send_task_failure(text("taskToken"), text("error"), text("cause")).map_err(code)?;
                Ok(json!({}))
            }
            "DescribeExecution" => {
                let described = engine.describe_execution(text("executionArn")).ok_or("ExecutionDoesNotExist")?;
                Ok(json!({
                    "executionArn": described.execution_arn, "stateMachineArn": described.machine_arn,
                    "status": described.status.to_string(), "startDate": described.start_date.as_second(),
                    "output": described.output.map(|output| output.to_string()),
                }))
            }
            "GetExecutionHistory" => Ok(json!({ "events": self.history(text("executionArn")) })),
            other => panic!("{other} is not here"),
        }
    }

    /// The task of the execution as its history tells it. The engine hides tokens, and the bot knows them.
    fn history(&self, execution: &str) -> Vec<Value> {
        let world = self.world.get().unwrap();
        let asked = world.store.all().into_iter();
        let asked = asked.filter(|approval| approval.request.execution.as_str() == execution);
        let task = |token: &str| world.engine.task_of(execution, token).map(|task| (token.to_owned(), task));
        let found = asked.filter_map(|approval| task(approval.token.expose())).next();
        let event = |id: u64, previous: u64, kind: &str| json!({ "id": id, "previousEventId": previous, "type": kind, "timestamp": 1 });
        let mut events = vec![event(1, 0, "ExecutionStarted")];
        let Some((token, task)) = found else { return events };
        events.push(event(task.entered, 1, "TaskStateEntered"));
        let mut scheduled = event(task.scheduled, task.entered, "TaskScheduled");
        let parameters = json!({ "QueueUrl": "requests", "MessageBody": { "taskToken": token } });
        scheduled["taskScheduledEventDetails"] = json!({
            "resourceType": "sqs", "resource": "sendMessage.waitForTaskToken", "region": "eu-west-1",
            "parameters": parameters.to_string(),
        });
        events.push(scheduled);
        let (end, next) = (task.scheduled + 1, task.scheduled + 2);
        let mut ended = event(end, task.scheduled, "TaskStarted");
        match task.fate {
            TaskFate::Succeeded(output) => {
                ended["type"] = json!("TaskSucceeded");
                ended["taskSucceededEventDetails"] =
                    json!({ "resourceType": "sqs", "resource": "sendMessage", "output": output.to_string() });
            }
            TaskFate::Failed { error, cause } => {
                ended["type"] = json!("TaskFailed");
                ended["taskFailedEventDetails"] =
                    json!({ "resourceType": "sqs", "resource": "sendMessage", "error": error, "cause": cause });
            }
            TaskFate::TimedOut => ended["type"] = json!("TaskTimedOut"),
            TaskFate::Open | TaskFate::Aborted | TaskFate::Unknown => {}
        }
        events.push(ended);
        let status = world.engine.describe_execution(execution).map(|execution| execution.status);
        match status {
            Some(ExecutionStatus::Succeeded) => events.push(event(next, end, "ExecutionSucceeded")),
            Some(ExecutionStatus::Failed) => events.push(event(next, end, "ExecutionFailed")),
            Some(ExecutionStatus::Aborted) => events.push(event(next, task.scheduled, "ExecutionAborted")),
            _ => {}
        }
        events
    }
}

fn code(error: TokenError) -> &'static str {
    match error {
        TokenError::TaskTimedOut => "TaskTimedOut",
        TokenError::TaskDoesNotExist => "TaskDoesNotExist",
        TokenError::InvalidToken => "InvalidToken",
    }
}
