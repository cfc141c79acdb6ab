//! The extractor on a route, with the configuration, the policy and the clock that an app has.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http_body_util::BodyExt;
use serde::Deserialize;
use tower::ServiceExt;

use super::*;
use crate::approval::policy_file;
use crate::aws::dynamodb::DynamoDbStore;
use crate::aws::eventbridge::EventBridgeBus;
use crate::aws::sqs::SqsDeliveries;
use crate::aws::step_functions::AwsStepFunctions;
use crate::aws::wire::config_for;
use crate::flow::app::Ports;
use crate::platforms::malformed::Malformed;
use crate::platforms::teams::TeamsState;
use crate::platforms::teams::verified::Verified;
use crate::ports::Clock;
use crate::startup::Bot;
use crate::startup::config::Config;

/// The tenant of the policy, as it is written there in another case.
const TENANT: &str = "5e0a1c52-0f5e-4d67-9a34-0d9f8e1c2b3a";
const POLICY: &str = "[access]\nteams_tenants = [\"5E0A1C52-0f5e-4d67-9a34-0d9f8e1c2b3a\"]\n\
                      [people.ada]\nname = \"Ada\"\nemail = \"ada@example.com\"\n[policies.p]\napprovers = [\"ada\"]\n";

struct StandingStill;

impl Clock for StandingStill {
    fn now(&self) -> Timestamp {
        at(0)
    }
}

#[derive(Deserialize)]
struct Said {
    text: String,
}

async fn show(activity: Verified) -> Result<String, Malformed> {
    let said: Said = activity.activity()?;
    assert!(activity.deadline().left() <= crate::platforms::teams::PATIENCE);
    Ok(format!("{} in {} at {}", said.text, activity.tenant(), activity.service_url()))
}

/// A router with one route, of an app whose keys are at this service.
fn router(service: &Service, app_id: Option<&str>) -> Router {
    let variables = [
        ("COUNTERSIGN_PUBLIC_URL", Some("https://bot.example.com".to_owned())),
        ("COUNTERSIGN_TEAMS_APP_ID", app_id.map(str::to_owned)),
        ("COUNTERSIGN_TEAMS_APP_PASSWORD", app_id.map(|_| "hidden".to_owned())),
        ("COUNTERSIGN_TEAMS_TENANT", app_id.map(|_| TENANT.to_owned())),
        ("COUNTERSIGN_TEAMS_OPENID_URL", Some(metadata_url(service))),
    ];
    let config = Config::from_lookup(|name| variables.iter().find(|(key, _)| *key == name)?.1.clone()).unwrap();
    // Nothing listens there: what is verified here reads nothing but the policy.
    let nowhere = config_for("http://127.0.0.1:9");
    let step_functions = Arc::new(AwsStepFunctions::new(&nowhere));
    let ports = Ports {
        store: Arc::new(DynamoDbStore::new(&nowhere, "table".to_owned())),
        callbacks: step_functions.clone(),
        executions: step_functions,
        bus: Arc::new(EventBridgeBus::new(&nowhere, "bus".to_owned())),
        deliveries: Arc::new(SqsDeliveries::new(&nowhere, "http://127.0.0.1:9/queue".to_owned())),
        clock: Arc::new(StandingStill),
    };
    let bot = Bot::new(&config, policy_file::read(POLICY).unwrap(), ports, None).unwrap();
    let show = |activity: Verified| async { show(activity).await.into_response() };
    Router::new().route("/", post(show)).with_state(TeamsState { app: bot.app, teams: bot.teams })
}

fn activity() -> Value {
    json!({
        "type": "message", "text": "start", "channelId": "msteams",
        "serviceUrl": "https://smba.trafficmanager.net/teams/",
        "channelData": { "tenant": { "id": TENANT } },
        "conversation": { "id": "a:1", "tenantId": TENANT },
    })
}

fn activity_but(name: &str, value: Value) -> Value {
    let mut activity = activity();
    match value {
        Value::Null => drop(activity.as_object_mut().unwrap().remove(name)),
        value => activity[name] = value,
    }
    activity
}

async fn send(router: Router, authorization: Option<&str>, body: impl ToString) -> Response {
    let mut request = Request::post("/");
    if let Some(authorization) = authorization {
        request = request.header("Authorization", authorization);
    }
    router.oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap()
}

/// The status and the text.
async fn read(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// Sends an activity with this token to an app that knows the key.
async fn sent(authorization: Option<&str>, body: impl ToString) -> (u16, String) {
    let service = publishing(&[published("k0", pair(0))]).await;
    read(send(router(&service, Some(APP_ID)), authorization, body).await).await
}

fn unauthorized() -> (u16, String) {
    (401, String::new())
}

#[tokio::test]
async fn a_handler_gets_what_is_checked() {
    let expected = (200, format!("start in {TENANT} at https://smba.trafficmanager.net/teams"));
    let shouted = activity_but("channelData", json!({ "tenant": { "id": TENANT.to_uppercase() } }));
    let without = activity_but("channelData", Value::Null);
    let with_other_data = activity_but("channelData", json!({ "eventType": "x" }));
    for activity in [activity(), shouted, without, with_other_data] {
        assert_eq!(sent(Some(&token()), &activity).await, expected, "{activity}");
    }
}

#[tokio::test]
async fn what_is_not_verified_is_told_nothing() {
    let evil = "https://evil.example/teams";
    let for_evil = signed(pair(0), &header("k0"), &claims_but("serviceurl", json!(evil)));
    let unverified = [
        sent(None, activity()).await,
        sent(Some("Bearer x"), activity()).await,
        sent(Some(&signed(pair(1), &header("k0"), &claims())), activity()).await,
        sent(Some(&token()), activity_but("serviceUrl", json!(evil))).await,
        sent(Some(&for_evil), activity_but("serviceUrl", json!(evil))).await,
        sent(Some(&token()), activity_but("channelId", json!("webchat"))).await,
        sent(Some(&token()), activity_but("channelData", json!({ "tenant": { "id": "tenant-2" } }))).await,
        sent(None, "no JSON").await,
    ];
    for (case, response) in unverified.into_iter().enumerate() {
        assert_eq!(response, unauthorized(), "case {case}");
    }
}

#[tokio::test]
async fn where_the_app_is_another_or_none_nothing_is_let_in() {
    let for_another = signed(pair(0), &header("k0"), &claims_but("aud", json!("another")));
    assert_eq!(sent(Some(&for_another), activity()).await, (401, String::new()));
    let service = publishing(&[]).await;
    let response = send(router(&service, None), Some(&token()), activity()).await;
    assert_eq!(read(response).await, (404, String::new()));
}

#[tokio::test]
async fn what_is_verified_and_malformed_is_named() {
    let mut without_tenant = activity_but("conversation", json!({ "id": "a:1" }));
    without_tenant["channelData"] = json!({ "tenant": null });
    for (body, problem) in [
        ("no JSON".to_owned(), "expected ident at line 1 column 2"),
        (format!("{} x", activity()), "trailing characters"),
        (activity_but("serviceUrl", Value::Null).to_string(), "missing field `serviceUrl`"),
        (activity_but("channelId", json!(5)).to_string(), "channelId: invalid type"),
        (activity_but("channelData", json!({ "tenant": { "id": 5 } })).to_string(), "channelData.tenant.id: invalid"),
        (without_tenant.to_string(), "channelData.tenant.id: missing, and so is conversation.tenantId"),
        (activity_but("text", json!(5)).to_string(), "text: invalid type: integer `5`, expected a string"),
    ] {
        let (status, text) = sent(Some(&token()), &body).await;
        assert_eq!(status, 400, "{body}");
        assert!(text.contains(problem), "{body}: {text}");
    }
}

#[tokio::test]
async fn without_keys_the_service_is_unavailable() {
    let service = Service::answering([Answer::Json(500, json!({}))]).await;
    let response = send(router(&service, Some(APP_ID)), Some(&token()), activity()).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}
