//! What is served: the login, the keys, and the connector (Bot Connector API, version 3).

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::address::Address;
use super::create::Creator;
use super::login::Form;
use super::refusal::Refusal;
use super::{Call, FakeTeams, Fault, Operation, activity, keys};
use crate::fakes::broken_off;

const METADATA: &str = "/v1/.well-known/openidconfiguration";
const KEYS: &str = "/v1/.well-known/keys";

pub(super) fn router(teams: FakeTeams) -> Router {
    Router::new()
        .route("/{tenant}/oauth2/v2.0/token", post(login))
        .route(METADATA, get(metadata))
        .route(KEYS, get(published_keys))
        .route("/v3/conversations", post(create))
        .route("/v3/conversations/{conversation}/activities", post(send))
        .route("/v3/conversations/{conversation}/activities/{activity}", put(update).post(reply).delete(remove))
        .route("/v3/conversations/{conversation}/members/{member}", get(member))
        .route("/v3/conversations/{conversation}/pagedmembers", get(roster))
        .with_state(teams)
}

/// What is done, with the status that says so.
type Done = Result<(StatusCode, Value), Refusal>;

async fn login(State(teams): State<FakeTeams>, Path(tenant): Path<String>, body: Bytes) -> Response {
    let form = Form::read(&body);
    let call =
        Call { operation: Operation::Login, path: format!("/{tenant}/oauth2/v2.0/token"), body: form.without_secret() };
    serve(&teams, call, || Ok((StatusCode::OK, teams.log_in(&tenant, &form)?))).await
}

async fn metadata(State(teams): State<FakeTeams>) -> Response {
    let call = Call { operation: Operation::Keys, path: METADATA.to_owned(), body: Value::Null };
    serve(&teams, call, || Ok((StatusCode::OK, keys::metadata(&format!("{}{KEYS}", teams.url()))))).await
}

async fn published_keys(State(teams): State<FakeTeams>) -> Response {
    teams.tenant().key_fetches += 1;
    let call = Call { operation: Operation::Keys, path: KEYS.to_owned(), body: Value::Null };
    serve(&teams, call, || Ok((StatusCode::OK, teams.tenant().keys.published()))).await
}

async fn create(State(teams): State<FakeTeams>, headers: HeaderMap, body: Bytes) -> Response {
    let body = read(&body);
    let call = Call { operation: Operation::Create, path: "/v3/conversations".to_owned(), body: shown(&body) };
    let effect = || {
        teams.check_login(&headers)?;
        let creator = Creator { app_id: &teams.shared.app_id, tenant_id: &teams.shared.tenant_id };
        let now = teams.now();
        Ok((StatusCode::CREATED, creator.create(&mut teams.tenant(), &body?, now)?))
    };
    serve(&teams, call, effect).await
}

async fn send(
    State(teams): State<FakeTeams>,
    Path(conversation): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body = read(&body);
    let path = format!("/v3/conversations/{conversation}/activities");
    let call = Call { operation: Operation::Send, path, body: shown(&body) };
    serve(&teams, call, || teams.carry_out_send(&headers, &conversation, &body?)).await
}

/// The older form of a reply, which names what it answers in the address.
async fn reply(
    State(teams): State<FakeTeams>,
    Path((conversation, activity)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut body = read(&body);
    if let Ok(Value::Object(fields)) = &mut body {
        fields.insert("replyToId".to_owned(), json!(activity));
    }
    let path = format!("/v3/conversations/{conversation}/activities/{activity}");
    let call = Call { operation: Operation::Send, path, body: shown(&body) };
    serve(&teams, call, || teams.carry_out_send(&headers, &conversation, &body?)).await
}

async fn update(
    State(teams): State<FakeTeams>,
    Path((conversation, activity)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body = read(&body);
    let path = format!("/v3/conversations/{conversation}/activities/{activity}");
    let call = Call { operation: Operation::Update, path, body: shown(&body) };
    let effect = || {
        teams.check_login(&headers)?;
        let content = activity::content(&body?, &teams.bot_id())?;
        let (to, now) = (Address::parse(&conversation), teams.now());
        let mut tenant = teams.tenant();
        tenant.limits.admit(&to.conversation, now).map_err(Refusal::throttled)?;
        tenant.update(&to, &activity, content)?;
        Ok((StatusCode::OK, json!({ "id": activity })))
    };
    serve(&teams, call, effect).await
}

async fn remove(
    State(teams): State<FakeTeams>,
    Path((conversation, activity)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let path = format!("/v3/conversations/{conversation}/activities/{activity}");
    let call = Call { operation: Operation::Delete, path, body: Value::Null };
    let effect = || {
        teams.check_login(&headers)?;
        teams.tenant().delete(&Address::parse(&conversation), &activity)?;
        Ok((StatusCode::OK, Value::Null))
    };
    serve(&teams, call, effect).await
}

/// Who somebody is, as a conversation knows them:
/// <https://learn.microsoft.com/microsoftteams/platform/bots/how-to/get-teams-context>.
async fn member(
    State(teams): State<FakeTeams>,
    Path((conversation, member)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let path = format!("/v3/conversations/{conversation}/members/{member}");
    let call = Call { operation: Operation::Member, path, body: Value::Null };
    let effect = || {
        teams.check_login(&headers)?;
        let tenant = teams.tenant();
        Ok((StatusCode::OK, tenant.account(tenant.member(&conversation, &member)?)))
    };
    serve(&teams, call, effect).await
}

/// Everybody in a conversation.
async fn roster(
    State(teams): State<FakeTeams>,
    Path(conversation): Path<String>,
    Query(page): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let path = format!("/v3/conversations/{conversation}/pagedmembers");
    let call = Call { operation: Operation::Member, path, body: json!(page) };
    let effect = || {
        teams.check_login(&headers)?;
        let part = |key: &str| page.get(key).map(String::as_str);
        Ok((StatusCode::OK, teams.tenant().roster(&conversation, part("pageSize"), part("continuationToken"))?))
    };
    serve(&teams, call, effect).await
}

impl FakeTeams {
    fn carry_out_send(&self, headers: &HeaderMap, conversation: &str, activity: &Value) -> Done {
        self.check_login(headers)?;
        let content = activity::content(activity, &self.bot_id())?;
        let (to, now) = (Address::parse(conversation), self.now());
        let mut tenant = self.tenant();
        tenant.limits.admit(&to.conversation, now).map_err(Refusal::throttled)?;
        let id = tenant.send(&to, content, now)?;
        Ok((StatusCode::CREATED, json!({ "id": id })))
    }
}

/// Notes the call, and answers with what it does or with what is to go wrong.
async fn serve(teams: &FakeTeams, call: Call, effect: impl FnOnce() -> Done) -> Response {
    let (fault, operation) = {
        let mut tenant = teams.tenant();
        let operation = call.operation;
        tenant.note_call(call);
        (tenant.take_fault(operation), operation)
    };
    match fault {
        None => answer(teams, effect()),
        Some(Fault::Refused { status, code }) if operation == Operation::Login => {
            Refusal::login(status, &code, 0, "The login fails.").into_response()
        }
        Some(Fault::Refused { status, code }) => Refusal::new(status, &code, "The call fails.").into_response(),
        Some(Fault::RateLimited { retry_after }) => Refusal::throttled(retry_after).into_response(),
        Some(Fault::Status(status)) => {
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response()
        }
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Drop) => {
            // The call takes effect; that its answer is lost is the point.
            let _ = answer(teams, effect());
            broken_off()
        }
    }
}

fn answer(teams: &FakeTeams, done: Done) -> Response {
    match done {
        Ok((status, body)) => {
            teams.shared.changes.note();
            match body {
                Value::Null => status.into_response(),
                body => (status, Json(body)).into_response(),
            }
        }
        Err(refusal) => refusal.into_response(),
    }
}

fn read(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::bad_syntax("The body is not JSON."))
}

fn shown(body: &Result<Value, Refusal>) -> Value {
    body.clone().unwrap_or_default()
}
