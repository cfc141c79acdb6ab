//! Over HTTP as the bot's client does it, against a bot that answers what the test tells it to.

mod cards;
mod connector;
mod login;
mod people;
mod tokens;

use axum::body::Bytes;
use axum::http::Request;
use http_body_util::Full;
use serde_json::json;
use tokio::net::TcpListener;

use super::*;
use crate::browser::Answer;

const APP: &str = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";
const PASSWORD: &str = "a-client-secret";
const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const CHANNEL: &str = "19:finance@thread.tacv2";

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// A Teams at a standing clock, which is served, and what a client of a bot needs to call it.
struct Bot {
    teams: FakeTeams,
    clock: Clock,
    url: String,
    token: String,
    browser: Browser,
}

impl Bot {
    async fn logged_in() -> Self {
        let clock = Clock::manual(Timestamp::from_second(1_700_000_000).unwrap());
        let teams = FakeTeams::new(FakeTeamsConfig {
            app_id: APP.to_owned(),
            app_password: PASSWORD.to_owned(),
            tenant_id: TENANT.to_owned(),
            url: String::new(),
            bot_url: String::new(),
            clock: clock.clone(),
            changes: Changes::default(),
        });
        let url = serve(teams.router()).await;
        teams.set_url(&url);
        let mut bot = Self { teams, clock, url, token: String::new(), browser: Browser::new() };
        bot.log_in().await;
        bot
    }

    async fn log_in(&mut self) {
        let answer = self.log_in_with(TENANT, &[]).await;
        self.token = json_of(&answer)["access_token"].as_str().unwrap().to_owned();
    }

    /// The right login but for these fields.
    async fn log_in_with(&self, tenant: &str, changes: &[(&str, &str)]) -> Answer {
        let right = [
            ("grant_type", "client_credentials"),
            ("client_id", APP),
            ("client_secret", PASSWORD),
            ("scope", "https://api.botframework.com/.default"),
        ];
        let changed = |name| changes.iter().find(|(changed, _)| *changed == name).map(|(_, value)| *value);
        let form = right.map(|(name, value)| (name, changed(name).unwrap_or(value)));
        self.browser.post_form(&format!("{}/{tenant}/oauth2/v2.0/token", self.url), &form).await.unwrap()
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> anyhow::Result<Answer> {
        let request = Request::builder().method(method).uri(format!("{}/v3/{path}", self.url));
        let request = request.header("authorization", format!("Bearer {}", self.token));
        self.browser.send(request.body(Full::new(Bytes::from(body.to_string())))?).await
    }

    /// The status and the body of the answer to a call that gets one.
    async fn answer(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let answer = self.call(method, path, body).await.unwrap();
        (answer.status, json_of(&answer))
    }

    /// The status and the code of a refusal.
    async fn refusal(&self, method: &str, path: &str, body: &Value) -> (u16, String) {
        let (status, answer) = self.answer(method, path, body).await;
        (status, answer["error"]["code"].as_str().unwrap_or_default().to_owned())
    }

    /// Posts a card into the channel and returns its id.
    async fn post_card(&self, card: &Value) -> String {
        let (status, answer) = self.answer("POST", "conversations", &thread(&with_card(card))).await;
        assert_eq!(status, 201, "{answer}");
        answer["activityId"].as_str().unwrap().to_owned()
    }
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_default()
}

fn text(text: &str) -> Value {
    json!({ "type": "message", "text": text })
}

fn with_card(card: &Value) -> Value {
    let attachment = json!({ "contentType": "application/vnd.microsoft.card.adaptive", "content": card });
    json!({ "type": "message", "summary": "card", "attachments": [attachment] })
}

/// The body that begins a thread in the channel with this activity.
fn thread(activity: &Value) -> Value {
    json!({
        "isGroup": true, "tenantId": TENANT, "bot": { "id": format!("28:{APP}") },
        "channelData": { "channel": { "id": CHANNEL } }, "activity": activity,
    })
}

/// The path of a conversation's activities, with what may not stand in a path as it is.
fn activities(conversation: &str) -> String {
    format!("conversations/{}/activities", conversation.replace(':', "%3A").replace(';', "%3B").replace('=', "%3D"))
}

/// A card with all that the check of cards knows.
fn card() -> Value {
    let execute = |verb: &str, style: &str| {
        let data = json!({ "approval": "apr_1", "verb": verb });
        json!({
            "type": "Action.Execute", "title": verb, "verb": verb, "style": style, "data": data,
            "fallback": { "type": "Action.Submit", "title": verb, "data": data },
        })
    };
    let reason = json!({
        "type": "AdaptiveCard", "actions": [execute("reject", "destructive")],
        "body": [{
            "type": "Input.Text", "id": "reason", "label": "Why?", "isMultiline": true, "isRequired": true,
            "maxLength": 20, "errorMessage": "A reason is needed",
        }],
    });
    json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.5",
        "fallbackText": "A request", "msteams": { "width": "Full" },
        "refresh": {
            "action": { "type": "Action.Execute", "verb": "refresh", "data": {} }, "userIds": ["29:1"],
        },
        "body": [
            { "type": "TextBlock", "text": "Calculation", "size": "Large", "weight": "Bolder", "style": "heading" },
            { "type": "FactSet", "facts": [{ "title": "Result", "value": "494" }], "spacing": "Medium" },
            { "type": "ColumnSet", "columns": [{
                "type": "Column", "width": "stretch", "items": [{ "type": "Input.Number", "id": "amount", "value": 5 }],
            }] },
            { "type": "Container", "style": "emphasis", "items": [
                { "type": "Input.Text", "id": "comment", "placeholder": "Comment", "maxLength": 500 },
            ] },
            { "type": "ActionSet", "actions": [
                { "type": "Action.OpenUrl", "title": "Execution", "url": "https://example.com/x" },
            ] },
        ],
        "actions": [
            execute("approve", "positive"),
            { "type": "Action.ShowCard", "title": "Reject…", "card": reason },
        ],
    })
}

fn ada() -> TeamsUser {
    TeamsUser::new("7c1b0000-0000-4000-8000-000000000001", "Ada Lovelace", TENANT)
}

fn grace() -> TeamsUser {
    TeamsUser::new("7c1b0000-0000-4000-8000-000000000002", "Grace Hopper", TENANT)
}
