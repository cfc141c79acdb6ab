//! Slack and Microsoft's login over HTTP, for the real clients. They refuse what the real ones refuse: tokens, apps and
//! passwords that they do not know, scopes that a token lacks, and channels that the bot is not in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::deployment::Addresses;

pub(crate) const TOKEN: &str = "xoxb-1-hidden";
pub(crate) const APP_ID: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
pub(crate) const TENANT: &str = "5e0a1c52-0f5e-4d67-9a34-0d9f8e1c2b3a";
pub(crate) const PASSWORD: &str = "hidden~password&of+the=app";

/// What both know.
#[derive(Debug, Clone)]
pub(crate) struct World {
    /// The id that Slack has for the workspace.
    pub(crate) team_id: &'static str,
    /// What the workspace is called.
    pub(crate) team: &'static str,
    /// The scopes of the bot's token.
    pub(crate) scopes: &'static str,
    /// The channels by name, with their ids, and whether the bot is in them.
    pub(crate) channels: BTreeMap<&'static str, (&'static str, bool)>,
    /// The word for a channel that there is not.
    pub(crate) unknown: &'static str,
    /// The channels that a message is scheduled for.
    pub(crate) scheduled: BTreeSet<String>,
}

type Shared = Arc<Mutex<World>>;

impl Default for World {
    fn default() -> Self {
        Self {
            team_id: "T0123",
            team: "Engines",
            unknown: "channel_not_found",
            scopes: "commands,chat:write,im:write,usergroups:read,users:read,users:read.email",
            channels: [("finance", ("C0789", true)), ("sales", ("C0111", false))].into(),
            scheduled: BTreeSet::new(),
        }
    }
}

/// Serves both, and says where.
pub(crate) async fn serve(world: World) -> Addresses {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/api/{method}", post(slack))
        .route("/login/{tenant}/oauth2/v2.0/token", post(login))
        .with_state(Arc::new(Mutex::new(world)));
    tokio::spawn(async { axum::serve(listener, router).await });
    Addresses { slack_api_url: Some(format!("{url}/api")), teams_login_url: Some(format!("{url}/login")) }
}

async fn slack(
    Path(method): Path<String>,
    State(world): State<Shared>,
    headers: HeaderMap,
    Json(call): Json<Value>,
) -> Response {
    let mut world = world.lock().unwrap();
    let answer = if headers[header::AUTHORIZATION] == format!("Bearer {TOKEN}") {
        carry_out(&mut world, &method, &call)
    } else {
        Err("invalid_auth")
    };
    let answer = answer.unwrap_or_else(|word| json!({ "ok": false, "error": word }));
    ([("x-oauth-scopes", world.scopes)], Json(answer)).into_response()
}

fn carry_out(world: &mut World, method: &str, call: &Value) -> Result<Value, &'static str> {
    let text = |key: &str| call[key].as_str().unwrap_or_default();
    match method {
        "auth.test" => Ok(json!({ "ok": true, "team_id": world.team_id, "team": world.team, "user": "countersign" })),
        _ if !world.scopes.contains("chat:write") => Err("missing_scope"),
        "chat.scheduleMessage" => {
            let channel = text("channel");
            let named =
                |(name, (id, _)): &(&&str, &(&str, bool))| *id == channel || channel.trim_start_matches('#') == **name;
            let found = world.channels.iter().find(named).map(|(_, found)| *found);
            let (id, is_in) = found.ok_or(world.unknown)?;
            if !is_in {
                return Err("not_in_channel");
            }
            world.scheduled.insert(id.to_owned());
            Ok(json!({ "ok": true, "channel": id, "scheduled_message_id": format!("Q-{id}") }))
        }
        "chat.deleteScheduledMessage" if world.scheduled.remove(text("channel")) => Ok(json!({ "ok": true })),
        "chat.deleteScheduledMessage" => Err("invalid_scheduled_message_id"),
        other => panic!("this program has no business with {other}"),
    }
}

async fn login(Path(tenant): Path<String>, Form(form): Form<BTreeMap<String, String>>) -> Response {
    assert_eq!((form["grant_type"].as_str(), form.len()), ("client_credentials", 4));
    let code = match (tenant.as_str(), form["client_id"].as_str(), form["client_secret"].as_str()) {
        (TENANT, APP_ID, PASSWORD) => return Json(json!({ "access_token": "hidden-access-token" })).into_response(),
        (TENANT, APP_ID, _) => 7_000_215,
        (TENANT, ..) => 700_016,
        _ => 90_002,
    };
    let answer = json!({ "error": "invalid_client", "error_description": "hidden", "error_codes": [code] });
    (StatusCode::UNAUTHORIZED, Json(answer)).into_response()
}
