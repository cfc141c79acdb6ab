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

/// What the page leads to can be carried through: somebody starts it whose request enough others may approve.
#[tokio::test]
async fn what_the_page_begins_with_can_be_approved() {
    let look = async |rules: &str| {
        let harness = Harness::with_rules(rules).await;
        let state = harness.browser.get(&format!("{}/playground/api/state", harness.world.url)).await.unwrap().body;
        serde_json::from_str::<Value>(&state).unwrap()["commands"][0]["starts"].clone()
    };
    let one = look(RULES_WITH_TEAMS).await;
    assert_eq!(one[0], json!({ "person": "ada", "approvers": ["Grace Hopper"] }));
    let two = look(&format!("{RULES_WITH_TEAMS}\nrequired = 2")).await;
    assert_eq!(two, json!([{ "person": "linus", "approvers": ["Ada Lovelace", "Grace Hopper"] }]));
}

const EVERY_KIND: &str = r#"
[commands.all]
title = "All kinds"
state_machine = "any"
policy = "calculation"
allowed = ["ada"]
[[commands.all.fields]]
name = "version"
label = "The version"
type = "text"
pattern = '\d+\.\d+'
[[commands.all.fields]]
name = "environment"
type = "choice"
options = ["staging", "production"]
default = "staging"
[[commands.all.fields]]
name = "replicas"
type = "integer"
min = 1
max = 10
required = false
[[commands.all.fields]]
name = "share"
type = "number"
required = false
[[commands.all.fields]]
name = "day"
type = "date"
required = false
[[commands.all.fields]]
name = "urgent"
type = "boolean"
required = false
[[commands.all.fields]]
name = "owner"
type = "person"
required = false
[[commands.all.fields]]
name = "note"
type = "long_text"
required = false
"#;

async fn post(harness: &Harness, path: &str, body: &Value) -> (u16, Value) {
    let request = Request::post(format!("{}/playground/api/{path}", harness.world.url));
    let request = request.header("content-type", "application/json").header("x-playground", "1");
    let answer = harness.browser.send(request.body(body.to_string().into()).unwrap()).await.unwrap();
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

/// The form of a command, as the page is told of it.
async fn form(harness: &Harness, name: &str) -> Value {
    let state = harness.browser.get(&format!("{}/playground/api/state", harness.world.url)).await.unwrap().body;
    let state: Value = serde_json::from_str(&state).unwrap();
    let commands = state["commands"].as_array().unwrap().iter();
    commands.clone().find(|command| command["name"] == name).unwrap_or_else(|| panic!("{state}")).clone()
}

/// The form submitted with these values.
fn submitted(form: &Value, person: &str, values: Value) -> Value {
    json!({ "person": person, "command": form["name"], "version": form["version"], "values": values })
}

#[tokio::test]
async fn the_form_of_a_command_has_its_fields_with_what_they_take() {
    let harness = Harness::with_commands(EVERY_KIND).await;
    let form = form(&harness, "all").await;
    assert_eq!((&form["machine"], &form["title"]), (&json!("any"), &json!("All kinds")));
    let fields = form["fields"].as_array().unwrap();
    let named = |name: &str| fields.iter().find(|field| field["name"] == name).unwrap();
    let version = named("version");
    assert_eq!((&version["label"], &version["takes"]), (&json!("The version"), &json!(r"text like \d+\.\d+")));
    let environment = named("environment");
    assert_eq!(environment["menu"], json!([["staging", "staging"], ["production", "production"]]));
    assert_eq!((&environment["value"], &environment["required"]), (&json!("staging"), &json!(true)));
    assert_eq!(named("urgent")["menu"], json!([["Yes", "yes"], ["No", "no"]]));
    assert_eq!(named("owner")["menu"][1], json!(["Grace Hopper", "grace"]));
    let kinds = ["version", "replicas", "share", "day", "note"].map(|name| named(name)["kind"].clone());
    assert_eq!(kinds, ["text", "number", "number", "date", "lines"]);
}

#[tokio::test]
async fn what_a_form_of_the_page_starts_is_what_stands_in_it() {
    let harness = Harness::with_commands(EVERY_KIND).await;
    let form = form(&harness, "all").await;
    let values = json!({
        "version": "1.4", "environment": "production", "replicas": "3", "share": "0.25", "day": "2026-12-24",
        "urgent": "no", "owner": "grace", "note": "two\nlines",
    });
    let (status, answer) = post(&harness, "commands", &submitted(&form, "ada", values)).await;
    assert_eq!(status, 200, "{answer}");
    let execution = harness.world.engine.executions().remove(0);
    assert_eq!(answer, json!({ "execution": execution.execution_arn }));
    let expected = json!({
        "version": "1.4", "environment": "production", "replicas": 3, "share": 0.25, "day": "2026-12-24",
        "urgent": false, "owner": "grace", "note": "two\nlines", "requestedBy": "ada",
        "correlation": { "source": "page" },
    });
    assert_eq!(execution.input, expected);
}

/// The mistakes are those of the chats, each by its field, and nothing starts.
#[tokio::test]
async fn a_form_of_the_page_that_is_wrong_starts_nothing_and_says_every_mistake() {
    let harness = Harness::with_commands(EVERY_KIND).await;
    let form = form(&harness, "all").await;
    let values = json!({
        "version": "v1", "environment": "", "replicas": "11", "share": "much", "day": "soon", "urgent": "maybe",
        "owner": "bob", "note": "",
    });
    let (status, answer) = post(&harness, "commands", &submitted(&form, "ada", values)).await;
    let mistakes = json!({
        "version": r"must look like \d+\.\d+, and “v1” does not",
        "environment": "is missing",
        "replicas": "must be from 1 to 10",
        "share": "must be a number such as 12 or -1.5, and “much” is not one",
        "day": "must be a date such as 2026-11-23, and “soon” is not one",
        "urgent": "must be yes or no, and “maybe” is neither",
        "owner": "must be somebody of the policy, and “bob” is not",
    });
    assert_eq!((status, answer), (200, json!({ "mistakes": mistakes })));
    assert!(harness.world.engine.executions().is_empty());
}

#[tokio::test]
async fn a_form_of_the_page_starts_what_the_acting_person_may_start_and_what_was_shown() {
    let harness = Harness::with_commands(EVERY_KIND).await;
    let form = form(&harness, "all").await;
    let right = submitted(&form, "ada", json!({ "version": "1.4", "environment": "staging" }));
    for (change, said) in [
        (json!({ "person": "grace" }), "You may not start"),
        (json!({ "person": "outsider" }), "You are not in the policy"),
        (json!({ "person": "No Key!" }), "You are not in the policy"),
        (json!({ "command": "gone" }), "has changed since this form was made"),
        (json!({ "version": "0000000000000000" }), "has changed since this form was made"),
    ] {
        let mut wrong = right.clone();
        for (name, value) in change.as_object().unwrap() {
            wrong[name] = value.clone();
        }
        let (status, answer) = post(&harness, "commands", &wrong).await;
        assert!(status == 409 && answer["problem"].as_str().unwrap().contains(said), "{change}: {answer}");
    }
    assert!(harness.world.engine.executions().is_empty());
    assert_eq!(post(&harness, "commands", &right).await.0, 200);
}
