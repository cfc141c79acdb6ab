//! The routes of the Web API. Slack answers 200 with `ok: false` when it refuses a call.

use std::collections::BTreeMap;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

use super::workspace::Refusal;
use super::{BOT_ID, BOT_USER, FakeSlack, Fault, TEAM_DOMAIN};
use crate::fakes::broken_off;

/// Slack names the scopes of the token in this header.
const SCOPES_HEADER: &str = "x-oauth-scopes";

pub(super) fn router(slack: FakeSlack) -> Router {
    Router::new().route("/{method}", get(read).post(receive)).with_state(slack)
}

/// Methods that read take their arguments in the address, and no JSON.
const READING: [&str; 3] = ["usergroups.users.list", "users.info", "users.lookupByEmail"];

async fn read(
    State(slack): State<FakeSlack>,
    Path(method): Path<String>,
    headers: HeaderMap,
    Query(arguments): Query<BTreeMap<String, String>>,
) -> Response {
    if !READING.contains(&method.as_str()) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    carry_out(&slack, &method, &headers, &json!(arguments)).await
}

async fn receive(
    State(slack): State<FakeSlack>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if READING.contains(&method.as_str()) {
        return Json(json!({ "ok": false, "error": "invalid_arguments" })).into_response();
    }
    carry_out(&slack, &method, &headers, &serde_json::from_slice(&body).unwrap_or_default()).await
}

async fn carry_out(slack: &FakeSlack, method: &str, headers: &HeaderMap, body: &Value) -> Response {
    let fault = slack.note_call(method, body);
    match fault {
        None => answer(slack, slack.carry_out(method, headers, body)),
        Some(Fault::NotOk(code)) => Json(json!({ "ok": false, "error": code })).into_response(),
        Some(Fault::RateLimited { retry_after }) => {
            let wait = [(header::RETRY_AFTER, retry_after.to_string())];
            let body = Json(json!({ "ok": false, "error": "ratelimited" }));
            (StatusCode::TOO_MANY_REQUESTS, wait, body).into_response()
        }
        Some(Fault::Status(status)) => {
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response()
        }
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Drop) => {
            // The call takes effect; that its answer is lost is the point.
            let _ = slack.carry_out(method, headers, body);
            broken_off()
        }
    }
}

fn answer(slack: &FakeSlack, result: Result<Value, Refusal>) -> Response {
    let body = match result {
        Ok(mut body) => {
            body["ok"] = json!(true);
            body
        }
        Err(Refusal { code, messages }) if messages.is_empty() => json!({ "ok": false, "error": code }),
        Err(Refusal { code, messages }) => {
            json!({ "ok": false, "error": code, "response_metadata": { "messages": messages } })
        }
    };
    // A token that Slack does not know has no scopes; nobody looks at the header of such an answer.
    let scopes = slack.workspace().scopes().join(",");
    ([(SCOPES_HEADER, scopes)], Json(body)).into_response()
}

impl FakeSlack {
    fn note_call(&self, method: &str, body: &Value) -> Option<Fault> {
        let now = self.now();
        let mut workspace = self.workspace();
        workspace.note_call(method, body.clone());
        workspace.take_fault(method).or_else(|| {
            if method == "views.publish" && workspace.limit.enforced {
                let retry_after = workspace.published.admit(now).err()?;
                return Some(Fault::RateLimited { retry_after });
            }
            let channel = body["channel"].as_str().filter(|_| method == "chat.postMessage")?;
            let retry_after = workspace.limit.admit(channel, now).err()?;
            Some(Fault::RateLimited { retry_after })
        })
    }

    fn carry_out(&self, method: &str, headers: &HeaderMap, body: &Value) -> Result<Value, Refusal> {
        self.check_token(headers)?;
        let now = self.now();
        let mut workspace = self.workspace();
        let result = match method {
            "chat.postMessage" => workspace.post(body, now)?,
            "usergroups.users.list" => workspace.usergroup_users(body)?,
            "users.info" => workspace.user_info(body, &self.shared.team_id)?,
            "users.lookupByEmail" => workspace.user_of_address(body, &self.shared.team_id)?,
            "conversations.open" => workspace.open_chat(body)?,
            "chat.update" => workspace.update(body)?,
            "chat.postEphemeral" => workspace.post_ephemeral(body, now)?,
            "views.open" => workspace.open(body, &self.shared.team_id, now)?,
            "views.publish" => workspace.publish(body, &self.shared.team_id, now)?,
            "chat.scheduleMessage" => workspace.schedule(body, now)?,
            "chat.deleteScheduledMessage" => workspace.delete_scheduled(body)?,
            "auth.test" => self.identity(),
            _ => return Err("unknown_method".into()),
        };
        drop(workspace);
        self.shared.changes.note();
        Ok(result)
    }

    /// `auth.test`: whom the token belongs to.
    fn identity(&self) -> Value {
        json!({
            "url": format!("https://{TEAM_DOMAIN}.slack.com/"), "team": TEAM_DOMAIN, "team_id": self.shared.team_id,
            "user": "countersign", "user_id": BOT_USER, "bot_id": BOT_ID, "is_enterprise_install": false,
        })
    }

    fn check_token(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some(header) = headers.get(header::AUTHORIZATION) else {
            return Err("not_authed".into());
        };
        let token = header.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
        if token == Some(self.shared.bot_token.as_str()) && !self.shared.bot_token.is_empty() {
            Ok(())
        } else {
            Err("invalid_auth".into())
        }
    }
}
