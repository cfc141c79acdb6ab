use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::routing::post;
use axum::{Json, Router};
use countersign_bot::net::deadline::Deadline;
use countersign_bot::net::signature::{SigningKey, Verifier};
use countersign_bot::platforms::slack::client::{Client, Message};
use countersign_bot::platforms::slack::error::Error as ClientError;
use serde_json::json;
use tokio::net::TcpListener;

use super::*;

const TOKEN: &str = "xoxb-test";
const SECRET: &str = "signing-secret";
const CHANNEL: &str = "C1";

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// A workspace at a standing clock, and the bot's real client with this token.
async fn workspace(token: &str) -> (FakeSlack, Client) {
    let slack = FakeSlack::new(FakeSlackConfig {
        bot_token: TOKEN.to_owned(),
        signing_secret: SECRET.to_owned(),
        team_id: "T1".to_owned(),
        bot_url: String::new(),
        clock: Clock::manual(Timestamp::from_second(1_700_000_000).unwrap()),
        changes: Changes::default(),
    });
    let url = serve(slack.router()).await;
    let client = Client::new(&url, &token.into()).unwrap();
    (slack, client)
}

fn text(text: &str) -> Message {
    Message { text: text.to_owned(), blocks: Vec::new() }
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(5))
}

fn ada() -> SlackUser {
    SlackUser { id: "U1".to_owned(), name: "Ada Lovelace".to_owned(), team_id: "T1".to_owned() }
}

#[tokio::test]
async fn the_real_client_posts_replies_and_changes() {
    let (slack, client) = workspace(TOKEN).await;
    let card = client.post(CHANNEL, text("card"), None, soon()).await.unwrap();
    client.post(CHANNEL, text("reply"), Some(&card.ts), soon()).await.unwrap();
    client.update(CHANNEL, &card.ts, text("closed"), soon()).await.unwrap();
    client.ephemeral(CHANNEL, "U1", "for you", soon()).await.unwrap();
    let messages = slack.messages(CHANNEL);
    let shown: Vec<_> = messages.iter().map(|message| (message.text.as_str(), message.edits)).collect();
    assert_eq!(shown, [("closed", 1), ("reply", 0)]);
    assert_eq!(messages[1].thread_ts.as_deref(), Some(card.ts.as_str()));
    assert_eq!(slack.ephemerals()[0].text, "for you");
    let methods: Vec<String> = slack.calls().into_iter().map(|(method, _)| method).collect();
    assert_eq!(methods, ["chat.postMessage", "chat.postMessage", "chat.update", "chat.postEphemeral"]);
}

#[tokio::test]
async fn a_wrong_token_and_an_unknown_channel_are_refused() {
    let (_, client) = workspace("xoxb-other").await;
    let refused = |code: &str| Err(ClientError::Refused(code.to_owned()));
    assert_eq!(client.post(CHANNEL, text("a"), None, soon()).await, refused("invalid_auth"));
    let (slack, client) = workspace(TOKEN).await;
    slack.add_channel("C2", "other");
    assert_eq!(client.post(CHANNEL, text("a"), None, soon()).await, refused("channel_not_found"));
    assert!(client.post("C2", text("a"), None, soon()).await.is_ok());
}

#[tokio::test]
async fn each_fault_reaches_the_real_client_as_what_it_is() {
    let (slack, client) = workspace(TOKEN).await;
    let post = |deadline| client.post(CHANNEL, text("a"), None, deadline);
    slack.fail_next("chat.postMessage", Fault::NotOk("is_archived".to_owned()));
    assert_eq!(post(soon()).await, Err(ClientError::Refused("is_archived".to_owned())));
    slack.fail_next("chat.postMessage", Fault::Status(503));
    assert_eq!(post(soon()).await, Err(ClientError::Status(503)));
    slack.fail_next("chat.postMessage", Fault::RateLimited { retry_after: 60 });
    let limited = ClientError::RateLimited { retry_after: Some(Duration::from_secs(60)) };
    assert_eq!(post(soon()).await, Err(limited));
    slack.fail_next("chat.postMessage", Fault::Hang);
    let answer = post(Deadline::after(Duration::from_millis(50))).await;
    assert!(matches!(answer, Err(ClientError::NoAnswer(_))), "{answer:?}");
    assert!(slack.messages(CHANNEL).is_empty());
    slack.fail_next("chat.postMessage", Fault::Drop);
    let answer = post(soon()).await;
    assert!(matches!(answer, Err(ClientError::NoAnswer(_))), "{answer:?}");
    assert_eq!(slack.messages(CHANNEL).len(), 1);
    slack.fail_always("chat.postMessage", Some(Fault::Status(500)));
    assert_eq!(post(soon()).await, Err(ClientError::Status(500)));
    assert_eq!(post(soon()).await, Err(ClientError::Status(500)));
    slack.fail_always("chat.postMessage", None);
    assert!(post(soon()).await.is_ok());
}

/// A bot that verifies what it gets and answers with what it got.
async fn mirror(State(now): State<Timestamp>, headers: HeaderMap, body: String) -> Json<Value> {
    let verifier = Verifier::new(SigningKey::new(SECRET.into()).unwrap(), None);
    let header = |name| headers.get(name).map(HeaderValue::as_bytes);
    let (timestamp, signature) = (header("x-slack-request-timestamp"), header("x-slack-signature"));
    let verified = verifier.verify(timestamp, signature, body.as_bytes(), now).is_ok();
    Json(json!({ "text": format!("{verified} {body}") }))
}

#[tokio::test]
async fn a_command_is_signed_and_its_answer_is_shown_to_the_person_alone() {
    let (slack, _) = workspace(TOKEN).await;
    let router = Router::new().route("/slack/commands", post(mirror)).with_state(slack.now());
    slack.set_bot_url(&serve(router).await);
    let answer = slack.command(&ada(), CHANNEL, "/start", "125 122").await;
    let text = answer.text.unwrap();
    assert!(text.starts_with("true token="), "{text}");
    assert!(text.contains("&user_id=U1&user_name=ada.lovelace&command=%2Fstart&text=125+122&"), "{text}");
    assert_eq!(slack.ephemerals()[0].user, "U1");
    assert!(slack.messages(CHANNEL).is_empty());
}

#[tokio::test]
async fn a_command_that_fails_says_so_as_slack_does() {
    let (slack, _) = workspace(TOKEN).await;
    slack.set_bot_url(&serve(Router::new()).await);
    let answer = slack.command(&ada(), CHANNEL, "/start", "").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.text.as_deref(), Some("/start failed with the error \"dispatch_failed\""));
    slack.set_bot_url("http://127.0.0.1:1");
    assert_eq!(slack.command(&ada(), CHANNEL, "/start", "").await.status, 0);
}

#[tokio::test]
async fn only_a_button_that_is_there_can_be_pressed() {
    let (slack, _) = workspace(TOKEN).await;
    let button = json!({
        "type": "button", "action_id": "approve", "value": "apr_1", "text": { "type": "plain_text", "text": "Approve" },
    });
    let input = json!({
        "type": "input", "block_id": "comment", "label": { "type": "plain_text", "text": "Comment" },
        "element": { "type": "plain_text_input", "action_id": "words" },
    });
    let blocks = json!([input, { "type": "actions", "elements": [button] }]);
    let card = json!({ "channel": CHANNEL, "text": "card", "blocks": blocks });
    let posted = slack.workspace().post(&card, slack.now()).unwrap();
    let ts = posted["ts"].as_str().unwrap();
    let press = |ts, action| slack.press_payload(&ada(), CHANNEL, ts, action, Some("fine"));
    let payload = press(ts, "approve").unwrap();
    assert_eq!(payload["actions"][0]["value"], "apr_1");
    assert_eq!(payload["container"]["message_ts"], ts);
    let typed = json!({ "comment": { "words": { "type": "plain_text_input", "value": "fine" } } });
    assert_eq!(payload["state"]["values"], typed);
    assert_eq!(press(ts, "reject"), Err(Error::NoButton("reject".to_owned())));
    slack.delete_message(CHANNEL, ts);
    assert_eq!(press(ts, "approve"), Err(Error::NoMessage));
}
