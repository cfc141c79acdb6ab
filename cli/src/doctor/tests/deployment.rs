//! A deployment to look at: AWS, Slack, Microsoft and the API on loopback.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use countersign_bot::approval::policy_version::PolicyVersion;
use countersign_bot::aws::dynamodb::DynamoDbStore;
use countersign_bot::ports::Policies;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::aws::fake::{self, Account};
use crate::doctor::facts::gather;
use crate::doctor::sources::Sources;
use crate::doctor::{Line, checks};
use crate::vendors::web::Web;

pub(super) const TOKEN: &str = "xoxb-hidden";
pub(super) const SIGNING_SECRET: &str = "hidden-signing-secret";
pub(super) const APP_PASSWORD: &str = "hidden~password&of+the=app";
pub(super) const LINK_KEY: &str = "hidden-link-key-of-enough-characters";

pub(super) const APP_ID: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
pub(super) const TENANT: &str = "5e0a1c52-0f5e-4d67-9a34-0d9f8e1c2b3a";
pub(super) const ADA_IN_TEAMS: &str = "7c1b2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d";
pub(super) const GRACE_IN_TEAMS: &str = "8d2c3e4f-5061-4b7c-9d8e-0f1a2b3c4d5e";
pub(super) const CONVERSATION: &str = "19:finance@thread.tacv2";
/// What the login gives.
const ACCESS_TOKEN: &str = "hidden-access-token";

pub(super) const POLICY: &str = r#"
[access]
slack_teams = ["T0123"]

[people.ada]
name = "Ada Lovelace"
slack = "U0456"
email = "ada@example.com"

[people.grace]
name = "Grace Hopper"
slack = "U0789"

[policies.calculation]
approvers = ["ada", "grace"]
slack_channel = "C0789"

[commands.calculation]
title = "Calculation"
state_machine = "calculation"
policy = "calculation"
default = true
[[commands.calculation.fields]]
name = "x"
type = "integer"
[[commands.calculation.fields]]
name = "y"
type = "integer"
"#;

/// What can be wrong with it; the default is a deployment with which all is well.
pub(super) struct Deployment {
    pub(super) stack_status: &'static str,
    pub(super) outputs: BTreeMap<&'static str, &'static str>,
    pub(super) environment: BTreeMap<&'static str, String>,
    pub(super) policy: String,
    pub(super) secret: Value,
    pub(super) double_secret: Value,
    pub(super) mail: Value,
    pub(super) verified: Vec<&'static str>,
    pub(super) world: World,
    /// Whether anybody answers where AWS should be.
    pub(super) aws_answers: bool,
    pub(super) clock: fn() -> Timestamp,
}

/// How Slack, Microsoft and the API answer.
#[derive(Clone)]
pub(super) struct World {
    pub(super) api: (StatusCode, &'static str),
    pub(super) slack_events: (StatusCode, &'static str),
    pub(super) teams_api: (StatusCode, &'static str),
    pub(super) login: (StatusCode, Value),
    /// Teams' word for each person who is not in the conversation, or why the bot is not.
    pub(super) not_members: BTreeMap<&'static str, (StatusCode, &'static str)>,
    pub(super) identity: Value,
    pub(super) scopes: &'static str,
    /// Slack's word for each place that takes no messages.
    pub(super) refused: BTreeMap<&'static str, &'static str>,
    pub(super) deletes: bool,
    /// How many calls are answered with the rate limit first.
    pub(super) rate_limited: u32,
    scheduled: BTreeSet<String>,
}

type Shared = Arc<Mutex<World>>;

impl Default for Deployment {
    fn default() -> Self {
        let environment = [
            ("COUNTERSIGN_TABLE", "approvals"),
            ("COUNTERSIGN_BUS", "countersign"),
            ("COUNTERSIGN_DELIVERIES_URL", "https://sqs.eu-west-1.amazonaws.com/1/deliveries.fifo"),
            ("COUNTERSIGN_SECRET_ID", "bot-secret"),
            ("COUNTERSIGN_STATE_MACHINES", "calculation=arn:aws:states:eu-west-1:1:stateMachine:calculation"),
            ("COUNTERSIGN_MAIL_FROM", "bot@example.com"),
        ];
        Self {
            stack_status: "UPDATE_COMPLETE",
            outputs: [
                ("WebhookFunction", "approvals-webhook"),
                ("DoubleSecretId", "double-secret"),
                ("Version", env!("CARGO_PKG_VERSION")),
            ]
            .into(),
            environment: environment.map(|(name, value)| (name, value.to_owned())).into(),
            policy: POLICY.to_owned(),
            secret: json!({ "slack_signing_secret": SIGNING_SECRET, "slack_bot_token": TOKEN, "link_key": LINK_KEY }),
            double_secret: json!({ "key": "hidden-key" }),
            mail: json!({ "ProductionAccessEnabled": true, "SendingEnabled": true }),
            verified: vec!["bot@example.com"],
            world: World {
                api: (StatusCode::UNAUTHORIZED, ""),
                slack_events: (StatusCode::UNAUTHORIZED, ""),
                teams_api: (StatusCode::NOT_FOUND, ""),
                login: (StatusCode::OK, json!({ "token_type": "Bearer", "access_token": ACCESS_TOKEN })),
                not_members: BTreeMap::new(),
                identity: json!({ "ok": true, "team_id": "T0123", "team": "Engines", "user": "countersign" }),
                scopes: "commands,chat:write",
                refused: BTreeMap::new(),
                deletes: true,
                rate_limited: 0,
                scheduled: BTreeSet::new(),
            },
            aws_answers: true,
            clock: now,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the servers' Date header is the time of this machine")]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

impl Deployment {
    /// Switches Teams on, with which all is well too.
    pub(super) fn add_teams(&mut self) {
        self.secret["teams_app_id"] = json!(APP_ID);
        self.secret["teams_app_password"] = json!(APP_PASSWORD);
        self.secret["teams_tenant"] = json!(TENANT);
        self.world.teams_api = (StatusCode::UNAUTHORIZED, "");
        let access = format!("slack_teams = [\"T0123\"]\nteams_tenants = [\"{TENANT}\"]");
        self.policy = POLICY
            .replace("slack_teams = [\"T0123\"]", &access)
            .replace("slack = \"U0456\"", &format!("slack = \"U0456\"\nteams = \"{ADA_IN_TEAMS}\""))
            .replace("slack = \"U0789\"", &format!("slack = \"U0789\"\nteams = \"{GRACE_IN_TEAMS}\""))
            .replace(
                "slack_channel = \"C0789\"",
                &format!("slack_channel = \"C0789\"\nteams_conversation = \"{CONVERSATION}\""),
            );
    }

    /// What the doctor says of it.
    pub(super) async fn lines(mut self) -> Vec<Line> {
        let leaves_nothing = self.world.deletes;
        let world = Arc::new(Mutex::new(self.world.clone()));
        let url = serve(Arc::clone(&world)).await;
        self.environment.entry("COUNTERSIGN_PUBLIC_URL").or_insert_with(|| url.clone());
        let aws = if self.aws_answers { fake::serve(self.account()).await } else { fake::at("http://127.0.0.1:1") };
        if self.aws_answers {
            self.push_policy(&aws).await;
        }
        let sources = Sources {
            aws,
            web: Web::new(self.clock).unwrap(),
            slack_api_url: Some(format!("{url}/api/")),
            teams_login_url: Some(format!("{url}/login/")),
            teams_service_url: Some(format!("{url}/teams-service/")),
        };
        let lines = checks::lines(&gather("approvals", &sources).await);
        let left = world.lock().unwrap().scheduled.clone();
        assert!(left.is_empty() || !leaves_nothing, "messages were left scheduled: {left:?}");
        lines
    }

    /// Somebody has pushed the policy, if there is one.
    async fn push_policy(&self, aws: &Aws) {
        if self.policy.is_empty() {
            return;
        }
        let version = PolicyVersion::after(0, self.policy.clone(), fake::CALLER.to_owned(), now());
        let store = DynamoDbStore::new(aws.config(), "approvals".to_owned());
        assert!(store.push(&version).await.unwrap());
    }

    /// What AWS has of it.
    fn account(&self) -> Account {
        let outputs = self.outputs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let stack = (self.stack_status.to_owned(), outputs.collect());
        let function = json!({
            "FunctionName": "approvals-webhook", "Environment": { "Variables": self.environment },
        });
        let secrets = [("bot-secret", &self.secret), ("double-secret", &self.double_secret)];
        Account {
            stacks: [("approvals".to_owned(), stack)].into(),
            functions: [("approvals-webhook".to_owned(), function)].into(),
            secrets: Arc::new(Mutex::new(
                secrets.map(|(id, value)| (id.to_owned(), value.clone())).into_iter().collect(),
            )),
            tables: Mutex::new([("approvals".to_owned(), BTreeMap::new())].into()),
            mail: self.mail.clone(),
            verified: self.verified.iter().map(|identity| (*identity).to_owned()).collect(),
            ..Account::default()
        }
    }
}

async fn serve(world: Shared) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/slack/interactions", post(async |State(world): State<Shared>| world.lock().unwrap().api))
        .route("/slack/events", post(async |State(world): State<Shared>| world.lock().unwrap().slack_events))
        .route("/teams/messages", post(async |State(world): State<Shared>| world.lock().unwrap().teams_api))
        .route("/api/{method}", post(slack))
        .route("/login/{tenant}/oauth2/v2.0/token", post(login))
        .route("/teams-service/v3/conversations/{conversation}/members/{person}", get(member))
        .with_state(world);
    tokio::spawn(async { axum::serve(listener, router).await });
    url
}

async fn slack(
    Path(method): Path<String>,
    State(world): State<Shared>,
    headers: HeaderMap,
    Json(call): Json<Value>,
) -> Response {
    let mut world = world.lock().unwrap();
    if world.rate_limited > 0 {
        world.rate_limited -= 1;
        return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "0")]).into_response();
    }
    assert_eq!(headers[header::AUTHORIZATION], format!("Bearer {TOKEN}"));
    let text = |key: &str| call[key].as_str().unwrap().to_owned();
    let answer = match method.as_str() {
        "auth.test" => world.identity.clone(),
        "chat.scheduleMessage" => match world.refused.get(text("channel").as_str()) {
            Some(word) => json!({ "ok": false, "error": word }),
            None => {
                assert!(call["post_at"].as_i64().unwrap() < (now().as_second() + 120 * 24 * 3600), "time_too_far");
                let conversation = text("channel").replacen('U', "D", 1);
                world.scheduled.insert(format!("Q-{conversation}"));
                json!({ "ok": true, "channel": conversation, "scheduled_message_id": format!("Q-{conversation}") })
            }
        },
        "chat.deleteScheduledMessage" if world.deletes => {
            assert_eq!(text("scheduled_message_id"), format!("Q-{}", text("channel")), "another conversation");
            assert!(world.scheduled.remove(&text("scheduled_message_id")), "nothing to delete");
            json!({ "ok": true })
        }
        "chat.deleteScheduledMessage" => json!({ "ok": false, "error": "internal_error" }),
        other => panic!("the doctor has no business with {other}"),
    };
    ([("x-oauth-scopes", world.scopes)], Json(answer)).into_response()
}

async fn login(
    Path(tenant): Path<String>,
    State(world): State<Shared>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let expected = [
        ("client_id", APP_ID),
        ("client_secret", APP_PASSWORD),
        ("grant_type", "client_credentials"),
        ("scope", "https://api.botframework.com/.default"),
    ];
    assert!(form.iter().map(|(key, value)| (key.as_str(), value.as_str())).eq(expected), "another form");
    assert_eq!(tenant, TENANT);
    let (status, answer) = world.lock().unwrap().login.clone();
    (status, Json(answer)).into_response()
}

async fn member(
    Path((conversation, person)): Path<(String, String)>,
    State(world): State<Shared>,
    headers: HeaderMap,
) -> Response {
    assert_eq!(headers[header::AUTHORIZATION], format!("Bearer {ACCESS_TOKEN}"));
    assert!(conversation.starts_with("19:"), "{conversation}");
    match world.lock().unwrap().not_members.get(person.as_str()) {
        Some((status, word)) => {
            let answer = json!({ "error": { "code": word, "message": "It is not there." } });
            (*status, Json(answer)).into_response()
        }
        None => Json(json!({ "id": "29:1", "aadObjectId": person, "email": "hidden@example.com" })).into_response(),
    }
}
