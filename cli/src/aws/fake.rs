//! A small AWS over HTTP, for the real clients. It knows the few operations that this program asks for, and refuses what
//! AWS refuses: calls that are not signed for the service and its region, parameters that are not there, and names that
//! it does not know.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::Aws;

const REGION: &str = "eu-west-1";
/// A page of a query has no more items than this, so that a trail takes several.
const PAGE: usize = 3;

/// What is in the account.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Status and outputs of the stacks.
    pub(crate) stacks: BTreeMap<String, (String, Vec<(String, String)>)>,
    /// What Lambda says of the functions.
    pub(crate) functions: BTreeMap<String, Value>,
    /// The secrets, which are JSON.
    pub(crate) secrets: BTreeMap<String, Value>,
    /// The items of the tables, by their partition keys.
    pub(crate) tables: BTreeMap<String, BTreeMap<String, Vec<Value>>>,
    /// What SES says of the account.
    pub(crate) mail: Value,
    /// The identities that SES has verified.
    pub(crate) verified: Vec<String>,
}

type Shared = Arc<Account>;

/// Clients of an account.
pub(crate) async fn serve(account: Account) -> Aws {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/", post(operation))
        .route("/2015-03-31/functions/{name}", get(function))
        .route("/v2/email/account", get(mail_account))
        .route("/v2/email/identities/{identity}", get(identity))
        .with_state(Arc::new(account));
    tokio::spawn(async { axum::serve(listener, router).await });
    at(&url)
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

/// Why a call is refused: status, code and message.
struct Refusal(StatusCode, &'static str, String);

impl Refusal {
    fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, code, message.into())
    }
}

/// In JSON, as every service but CloudFormation answers.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, code, message) = self;
        (status, [("x-amzn-errortype", code)], Json(json!({ "__type": code, "message": message }))).into_response()
    }
}

/// AWS looks at what a signature is for before it looks at anything else.
fn check_signed(headers: &HeaderMap, service: &str) -> Result<(), Refusal> {
    let scope = format!("/{REGION}/{service}/aws4_request");
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") || !authorization.contains(&scope) {
        let message = "The security token included in the request is invalid.";
        return Err(Refusal(StatusCode::FORBIDDEN, "UnrecognizedClientException", message.to_owned()));
    }
    Ok(())
}

/// The services whose operations have no addresses of their own.
async fn operation(State(account): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(target) = headers.get("x-amz-target").and_then(|target| target.to_str().ok()) else {
        return describe_stacks(&account, &headers, &body);
    };
    let answer = match target {
        "DynamoDB_20120810.Query" => query(&account, &headers, &body),
        "secretsmanager.GetSecretValue" => secret(&account, &headers, &body),
        other => panic!("this program has no business with {other}"),
    };
    answer.map(Json).into_response()
}

fn describe_stacks(account: &Account, headers: &HeaderMap, body: &[u8]) -> Response {
    let form: BTreeMap<String, String> = serde_urlencoded::from_bytes(body).unwrap();
    assert_eq!((form["Action"].as_str(), form["Version"].as_str()), ("DescribeStacks", "2010-05-15"));
    let refuse = |Refusal(status, code, message): Refusal| {
        let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
        xml(status, &format!("<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>"))
    };
    if let Err(refusal) = check_signed(headers, "cloudformation") {
        return refuse(refusal);
    }
    let name = &form["StackName"];
    let Some((status, outputs)) = account.stacks.get(name) else {
        return refuse(Refusal::bad("ValidationError", format!("Stack with id {name} does not exist")));
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

fn xml(status: StatusCode, content: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/xml")], content.to_owned()).into_response()
}

/// One page of a query by the partition key, in the order of the range key.
fn query(account: &Account, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    check_signed(headers, "dynamodb")?;
    let call: Value = serde_json::from_slice(body).unwrap();
    let text = |pointer: &str| call.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let Some(table) = account.tables.get(text("/TableName")) else {
        return Err(Refusal::bad("ResourceNotFoundException", "Requested resource not found"));
    };
    let fields: Vec<&str> = text("/ProjectionExpression").split(',').map(str::trim).collect();
    if fields.contains(&"item") || (fields.contains(&"#item") && text("/ExpressionAttributeNames/#item").is_empty()) {
        return Err(Refusal::bad("ValidationException", "Invalid ProjectionExpression: item"));
    }
    if text("/KeyConditionExpression") != "id = :id" {
        return Err(Refusal::bad("ValidationException", "Query condition missed key schema element: id"));
    }
    let id = text("/ExpressionAttributeValues/:id/S");
    let mut items = table.get(id).cloned().unwrap_or_default();
    let key = |item: &Value| item["item"]["S"].as_str().unwrap_or_default().to_owned();
    items.sort_by_key(key);
    let after = text("/ExclusiveStartKey/item/S");
    let mut rest = items.into_iter().filter(|item| after.is_empty() || key(item).as_str() > after);
    let page: Vec<Value> = rest.by_ref().take(PAGE).collect();
    let last =
        page.last().filter(|_| rest.next().is_some()).map(|last| json!({ "id": { "S": id }, "item": last["item"] }));
    let mut answer = json!({ "Count": page.len(), "Items": page });
    if let Some(last) = last {
        answer["LastEvaluatedKey"] = last;
    }
    Ok(answer)
}

fn secret(account: &Account, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    check_signed(headers, "secretsmanager")?;
    let call: Value = serde_json::from_slice(body).unwrap();
    let id = call["SecretId"].as_str().unwrap_or_default();
    let value = account
        .secrets
        .get(id)
        .ok_or_else(|| Refusal::bad("ResourceNotFoundException", "Secrets Manager can't find the specified secret."))?;
    Ok(json!({ "Name": id, "SecretString": value.to_string() }))
}

async fn function(State(account): State<Shared>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let find = || {
        check_signed(&headers, "lambda")?;
        let unknown = || {
            let message = format!("Function not found: arn:aws:lambda:{REGION}:123456789012:function:{name}");
            Refusal(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
        };
        account.functions.get(&name).cloned().ok_or_else(unknown)
    };
    find().map(Json).into_response()
}

async fn mail_account(State(account): State<Shared>, headers: HeaderMap) -> Response {
    check_signed(&headers, "ses").map(|()| Json(account.mail.clone())).into_response()
}

async fn identity(State(account): State<Shared>, Path(identity): Path<String>, headers: HeaderMap) -> Response {
    let find = || {
        check_signed(&headers, "ses")?;
        if !account.verified.contains(&identity) {
            let message = format!("Email identity {identity} does not exist.");
            return Err(Refusal(StatusCode::NOT_FOUND, "NotFoundException", message));
        }
        Ok(Json(json!({ "VerifiedForSendingStatus": true })))
    };
    find().into_response()
}
