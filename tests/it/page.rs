//! The page of the local run: it serves itself, shows no secret, and is driven by nobody but its own user.

use axum::http::Request;
use serde_json::{Value, json};

use crate::support::{Harness, RULES_WITH_TEAMS};

async fn act(harness: &Harness, headers: &[(&str, &str)]) -> u16 {
    let mut request = Request::post(format!("{}/playground/api/slack/command", harness.world.url));
    for (name, value) in [("content-type", "application/json")].iter().chain(headers) {
        request = request.header(*name, *value);
    }
    let body = json!({"person": "ada", "text": "/start 1 2"}).to_string();
    harness.browser.send(request.body(body.into()).unwrap()).await.unwrap().status
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let harness = Harness::start().await;
    let page = harness.browser.get(&format!("{}/", harness.world.url)).await.unwrap();
    assert_eq!(page.status, 200);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") || policy.contains("default-src 'self'"), "{policy}");
    for asset in page.body.split(['"', '\'']).filter(|part| part.starts_with("/playground/assets/")) {
        let answer = harness.browser.get(&format!("{}{asset}", harness.world.url)).await.unwrap();
        assert_eq!(answer.status, 200, "{asset}");
    }
    assert!(!page.body.contains("https://") && !page.body.contains("http://"), "no address of elsewhere is in it");
}

#[tokio::test]
async fn other_sites_and_other_names_cannot_act_through_it() {
    let harness = Harness::start().await;
    assert_eq!(act(&harness, &[]).await, 403, "a form of another site cannot send the header");
    assert_eq!(act(&harness, &[("x-playground", "1"), ("host", "evil.example")]).await, 403, "DNS rebinding");
    let origin = Request::post(format!("{}/calculations", harness.world.url)).header("origin", "https://evil.example");
    let answer = harness.browser.send(origin.body("{\"x\": 1, \"y\": 2}".into()).unwrap()).await.unwrap();
    assert_eq!(answer.status, 401);
    let services = ["/playground/ses/", "/playground/slack/api/chat.postMessage", "/playground/teams/v3/conversations"];
    for service in services {
        let forged = Request::post(format!("{}{service}", harness.world.url)).header("origin", "https://evil.example");
        assert_eq!(harness.browser.send(forged.body("x=1".into()).unwrap()).await.unwrap().status, 403, "{service}");
    }
    assert!(harness.world.engine.executions().is_empty());
    assert_eq!(act(&harness, &[("x-playground", "1")]).await, 200);
    harness.until("it has started", |world| world.engine.executions().pop()).await;
}

#[tokio::test]
async fn what_the_page_shows_is_what_there_is_and_holds_no_secret() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    let state = harness.browser.get(&format!("{}/playground/api/state", harness.world.url)).await.unwrap().body;
    assert!(serde_json::from_str::<Value>(&state).is_ok());
    assert!(state.contains(approval.id.as_str()) && state.contains("Calculation 125 + 122"));
    for secret in [approval.token.expose(), &approval.token.expose()[..40], "xoxb-", "entra-"] {
        assert!(!state.contains(secret), "a secret is on the page");
    }
}

/// What the page offers to type is understood in both chats.
#[tokio::test]
async fn what_the_page_suggests_starts_something() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let state = harness.browser.get(&format!("{}/playground/api/state", harness.world.url)).await.unwrap().body;
    let state: Value = serde_json::from_str(&state).unwrap();
    let [command] = state["commands"].as_array().unwrap().as_slice() else { panic!("there is one: {state}") };
    let (typed, ada) = (command["example"].as_str().unwrap(), harness.user("ada"));
    let (name, values) = typed.split_once(' ').unwrap();
    let answer = harness.world.slack.command(&ada, &harness.world.channel, &format!("/{name}"), values).await;
    assert!(answer.text.as_ref().is_some_and(|text| text.starts_with("Started: ")), "{answer:?}");
    let teams = &harness.world.teams;
    assert_eq!(teams.say(&harness.teams_user("ada"), "19:finance@thread.tacv2", typed).await, Ok(200));
    harness.until("both run", |world| (world.engine.executions().len() == 2).then_some(())).await;
}
