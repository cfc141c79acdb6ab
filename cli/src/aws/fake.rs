//! A small AWS over HTTP, for the real clients. It knows the few operations that this program asks for, and refuses what
//! AWS refuses: calls that are not signed for the service and its region, parameters that are not there, and names that
//! it does not know.

pub(crate) mod cloud;
mod executions;
mod secrets;
mod tables;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde_json::{Value, json};

use self::cloud::Cloud;
pub(crate) use self::executions::Executions;
pub(crate) use self::secrets::Secrets;
pub(crate) use self::tables::Tables;
use super::Aws;

const REGION: &str = "eu-west-1";
/// Who calls.
pub(crate) const CALLER: &str = "arn:aws:iam::123456789012:user/ada";

/// What is in the account.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Status and outputs of the stacks.
    pub(crate) stacks: BTreeMap<String, (String, Vec<(String, String)>)>,
    /// What Lambda says of the functions.
    pub(crate) functions: BTreeMap<String, Value>,
    /// What a function answers to whoever invokes it, and whether it fails.
    pub(crate) invocations: BTreeMap<String, (Value, bool)>,
    /// The secrets, which are JSON.
    pub(crate) secrets: Arc<Mutex<Secrets>>,
    /// When the functions were last changed that were changed at all.
    pub(crate) restarts: Arc<Mutex<BTreeMap<String, Timestamp>>>,
    /// The items of the tables, by their partition keys.
    pub(crate) tables: Mutex<Tables>,
    /// So many of the next calls to tables are refused, because others have the table busy.
    pub(crate) throttled: AtomicU32,
    /// What Step Functions runs.
    pub(crate) executions: Mutex<Executions>,
    /// What a deployment finds and changes.
    pub(crate) cloud: Mutex<Cloud>,
    /// What SES says of the account.
    pub(crate) mail: Value,
    /// The identities that SES has verified.
    pub(crate) verified: Vec<String>,
}

impl Account {
    fn is_busy(&self) -> bool {
        let fewer = |left: u32| left.checked_sub(1);
        self.throttled.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer).is_ok()
    }
}

type Shared = Arc<Account>;

/// Clients of an account.
pub(crate) async fn serve(account: Account) -> Aws {
    serve_shared(account).await.0
}

/// The same, and the account, to look at what was done to it.
pub(crate) async fn serve_shared(account: Account) -> (Aws, Arc<Account>) {
    let account = Arc::new(account);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/", post(operation))
        .route("/2015-03-31/functions/{name}/configuration", get(function).put(restart))
        .route("/2015-03-31/functions/{name}/invocations", post(invoke))
        .route("/v2/email/account", get(mail_account))
        .route("/v2/email/identities/{identity}", get(identity))
        .fallback(s3)
        .with_state(Arc::clone(&account));
    tokio::spawn(async { axum::serve(listener, router).await });
    (at(&url), account)
}

/// Clients of whatever is at this address.
pub(crate) fn at(url: &str) -> Aws {
    let credentials = Credentials::new("AKIDEXAMPLE", "hidden", None, None, "tests");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(url)
        .http_client(countersign_bot::aws::http_client())
        .timeout_config(super::timeouts())
        .build();
    Aws { config }
}

/// Why a call is refused: status, code and message, and what else the answer has.
pub(crate) struct Refusal(StatusCode, &'static str, String, Value);

impl Refusal {
    fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, code, message.into(), json!({}))
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        self.3[name] = value;
        self
    }
}

/// In JSON, as every service but CloudFormation answers.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, code, message, mut answer) = self;
        (answer["__type"], answer["message"]) = (json!(code), json!(message));
        (status, [("x-amzn-errortype", code)], Json(answer)).into_response()
    }
}

/// AWS looks at what a signature is for before it looks at anything else.
fn check_signed(headers: &HeaderMap, service: &str) -> Result<(), Refusal> {
    let scope = format!("/{REGION}/{service}/aws4_request");
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") || !authorization.contains(&scope) {
        let message = "The security token included in the request is invalid.";
        return Err(Refusal(StatusCode::FORBIDDEN, "UnrecognizedClientException", message.to_owned(), json!({})));
    }
    Ok(())
}

/// The services whose operations have no addresses of their own.
async fn operation(State(account): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(target) = headers.get("x-amz-target").and_then(|target| target.to_str().ok()) else {
        return operation_of_form(&account, &headers, &body);
    };
    if target.starts_with("DynamoDB_") && account.is_busy() {
        let message = "The level of configured provisioned throughput for the table was exceeded.";
        return Refusal::bad("ProvisionedThroughputExceededException", message).into_response();
    }
    let answer = match target {
        "DynamoDB_20120810.Scan" => table(&headers, &body, |call| tables::scan(&account.tables.lock().unwrap(), call)),
        "DynamoDB_20120810.Query" => {
            table(&headers, &body, |call| tables::query(&account.tables.lock().unwrap(), call))
        }
        "DynamoDB_20120810.GetItem" => {
            table(&headers, &body, |call| tables::get_item(&account.tables.lock().unwrap(), call))
        }
        "DynamoDB_20120810.TransactWriteItems" => {
            table(&headers, &body, |call| tables::transact_write_items(&mut account.tables.lock().unwrap(), call))
        }
        "secretsmanager.GetSecretValue" => secret(&headers, &body, |call| account.secrets.lock().unwrap().get(call)),
        "secretsmanager.PutSecretValue" => secret(&headers, &body, |call| account.secrets.lock().unwrap().put(call)),
        "secretsmanager.UpdateSecretVersionStage" => {
            secret(&headers, &body, |call| account.secrets.lock().unwrap().label(call))
        }
        _ if target.starts_with("AWSStepFunctions.") => check_signed(&headers, "states")
            .and_then(|()| account.executions.lock().unwrap().answer(target, &serde_json::from_slice(&body).unwrap())),
        other => panic!("this program has no business with {other}"),
    };
    answer.map(Json).into_response()
}

/// An operation of DynamoDB, if it is signed for that.
fn table(
    headers: &HeaderMap,
    body: &[u8],
    answer: impl FnOnce(&Value) -> Result<Value, Refusal>,
) -> Result<Value, Refusal> {
    check_signed(headers, "dynamodb")?;
    answer(&serde_json::from_slice(body).unwrap())
}

/// The services that take a form and answer in XML.
fn operation_of_form(account: &Account, headers: &HeaderMap, body: &[u8]) -> Response {
    let form: BTreeMap<String, String> = serde_urlencoded::from_bytes(body).unwrap();
    if let Some(answer) = account.cloud.lock().unwrap().answer(&form) {
        let action = &form["Action"];
        return match check_signed(headers, "cloudformation").and(answer) {
            Ok(result) => {
                let result = format!("<{action}Result>{result}</{action}Result>");
                xml(StatusCode::OK, &format!("<{action}Response>{result}</{action}Response>"))
            }
            Err(refusal) => refused(refusal),
        };
    }
    match (form["Action"].as_str(), form["Version"].as_str()) {
        ("DescribeStacks", "2010-05-15") => describe_stacks(account, headers, &form),
        ("DescribeStackResource", "2010-05-15") => describe_stack_resource(account, headers, &form),
        ("GetCallerIdentity", "2011-06-15") => {
            let result = format!("<Arn>{CALLER}</Arn><UserId>AIDA1</UserId><Account>123456789012</Account>");
            let result = format!("<GetCallerIdentityResult>{result}</GetCallerIdentityResult>");
            match check_signed(headers, "sts") {
                Ok(()) => {
                    xml(StatusCode::OK, &format!("<GetCallerIdentityResponse>{result}</GetCallerIdentityResponse>"))
                }
                Err(refusal) => refusal.into_response(),
            }
        }
        other => panic!("this program has no business with {other:?}"),
    }
}

fn describe_stacks(account: &Account, headers: &HeaderMap, form: &BTreeMap<String, String>) -> Response {
    if let Err(refusal) = check_signed(headers, "cloudformation") {
        return refused(refusal);
    }
    let name = &form["StackName"];
    let Some((status, outputs)) = account.stacks.get(name) else {
        return refused(Refusal::bad("ValidationError", format!("Stack with id {name} does not exist")));
    };
    let member = |(key, value): &(String, String)| {
        format!("<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>")
    };
    let outputs: String = outputs.iter().map(member).collect();
    let stack = format!(
        "<member><StackName>{name}</StackName><CreationTime>2026-11-23T10:00:00Z</CreationTime>\
         <StackStatus>{status}</StackStatus><Outputs>{outputs}</Outputs></member>"
    );
    let result = format!("<DescribeStacksResult><Stacks>{stack}</Stacks></DescribeStacksResult>");
    xml(StatusCode::OK, &format!("<DescribeStacksResponse>{result}</DescribeStacksResponse>"))
}

/// Each resource is called after its stack and what the template calls it.
fn describe_stack_resource(account: &Account, headers: &HeaderMap, form: &BTreeMap<String, String>) -> Response {
    if let Err(refusal) = check_signed(headers, "cloudformation") {
        return refused(refusal);
    }
    let (stack, resource) = (&form["StackName"], &form["LogicalResourceId"]);
    let id = format!("{stack}-{resource}");
    if !account.functions.contains_key(&id) {
        let message = format!("Resource {resource} does not exist for stack {stack}");
        return refused(Refusal::bad("ValidationError", message));
    }
    let detail = format!(
        "<StackResourceDetail><LogicalResourceId>{resource}</LogicalResourceId><PhysicalResourceId>{id}\
         </PhysicalResourceId><ResourceType>AWS::Lambda::Function</ResourceType>\
         <LastUpdatedTimestamp>2026-11-23T10:00:00Z</LastUpdatedTimestamp>\
         <ResourceStatus>CREATE_COMPLETE</ResourceStatus></StackResourceDetail>"
    );
    let result = format!("<DescribeStackResourceResult>{detail}</DescribeStackResourceResult>");
    xml(StatusCode::OK, &format!("<DescribeStackResourceResponse>{result}</DescribeStackResourceResponse>"))
}

/// An error of a service that answers in XML.
fn refused(Refusal(status, code, message, _): Refusal) -> Response {
    let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
    xml(status, &format!("<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>"))
}

/// Whatever has a path of its own is in a bucket.
async fn s3(State(account): State<Shared>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    account.cloud.lock().unwrap().s3(&method, &uri, &headers, &body)
}

fn xml(status: StatusCode, content: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/xml")], content.to_owned()).into_response()
}

/// An operation of Secrets Manager, if it is signed for that.
fn secret(
    headers: &HeaderMap,
    body: &[u8],
    answer: impl FnOnce(&Value) -> Result<Value, Refusal>,
) -> Result<Value, Refusal> {
    check_signed(headers, "secretsmanager")?;
    answer(&serde_json::from_slice(body).unwrap())
}

async fn function(State(account): State<Shared>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    check_signed(&headers, "lambda").and_then(|()| configuration(&account, &name)).map(Json).into_response()
}

/// What Lambda says of a function.
fn configuration(account: &Account, name: &str) -> Result<Value, Refusal> {
    let mut function = account.functions.get(name).cloned().ok_or_else(|| no_function(name))?;
    if let Some(at) = account.restarts.lock().unwrap().get(name) {
        function["LastModified"] = json!(at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string());
        function["LastUpdateStatus"] = json!("Successful");
    }
    Ok(function)
}

/// Whatever is changed of a function makes it begin anew.
async fn restart(State(account): State<Shared>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let change = || {
        check_signed(&headers, "lambda")?;
        let function = configuration(&account, &name)?;
        let now = account.secrets.lock().unwrap().now;
        account.restarts.lock().unwrap().insert(name.clone(), now);
        Ok::<_, Refusal>(Json(function))
    };
    change().into_response()
}

fn no_function(name: &str) -> Refusal {
    let message = format!("Function not found: arn:aws:lambda:{REGION}:123456789012:function:{name}");
    Refusal(StatusCode::NOT_FOUND, "ResourceNotFoundException", message, json!({}))
}

async fn invoke(State(account): State<Shared>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    if let Err(refusal) = check_signed(&headers, "lambda") {
        return refusal.into_response();
    }
    match account.invocations.get(&name) {
        Some((answer, false)) => Json(answer.clone()).into_response(),
        Some((answer, true)) => ([("x-amz-function-error", "Unhandled")], Json(answer.clone())).into_response(),
        None => no_function(&name).into_response(),
    }
}

async fn mail_account(State(account): State<Shared>, headers: HeaderMap) -> Response {
    check_signed(&headers, "ses").map(|()| Json(account.mail.clone())).into_response()
}

async fn identity(State(account): State<Shared>, Path(identity): Path<String>, headers: HeaderMap) -> Response {
    let find = || {
        check_signed(&headers, "ses")?;
        if !account.verified.contains(&identity) {
            let message = format!("Email identity {identity} does not exist.");
            return Err(Refusal(StatusCode::NOT_FOUND, "NotFoundException", message, json!({})));
        }
        Ok(Json(json!({ "VerifiedForSendingStatus": true })))
    };
    find().into_response()
}
