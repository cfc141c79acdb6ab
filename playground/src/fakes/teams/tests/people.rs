use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;

use super::*;

/// What the bot under test got, and what it answers.
#[derive(Clone, Default)]
struct Script {
    answer: Arc<Mutex<(u16, String)>>,
    got: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Script {
    fn answers(&self, status: u16, body: &Value) {
        *self.answer.lock().unwrap() = (status, body.to_string());
    }

    /// The last activity.
    fn activity(&self) -> Value {
        self.got.lock().unwrap().last().unwrap().1.clone()
    }

    fn authorization(&self) -> String {
        self.got.lock().unwrap().last().unwrap().0.clone()
    }
}

async fn play(State(script): State<Script>, headers: HeaderMap, body: String) -> (StatusCode, String) {
    let authorization = headers.get("authorization").map(|value| value.to_str().unwrap()).unwrap_or_default();
    let activity = serde_json::from_str(&body).unwrap_or_default();
    script.got.lock().unwrap().push((authorization.to_owned(), activity));
    let (status, body) = script.answer.lock().unwrap().clone();
    (StatusCode::from_u16(status).unwrap(), body)
}

async fn scripted() -> (Bot, Script) {
    let (bot, script) = (Bot::logged_in().await, Script::default());
    script.answers(200, &Value::Null);
    let router = Router::new().route("/teams/messages", post(play)).with_state(script.clone());
    bot.teams.set_bot_url(&serve(router).await);
    (bot, script)
}

fn invoke_answer(kind: &str, value: impl Into<Value>) -> Value {
    json!({ "statusCode": 200, "type": format!("application/vnd.microsoft.{kind}"), "value": value.into() })
}

#[tokio::test]
async fn a_message_in_a_channel_mentions_the_bot_and_begins_a_thread() {
    let (bot, script) = scripted().await;
    assert_eq!(bot.teams.say(&ada(), CHANNEL, "start 125 122").await, Ok(200));
    let said = &bot.teams.messages(CHANNEL)[0];
    assert_eq!((said.text.as_str(), &said.from), ("start 125 122", &Author::Person(ada().object_id)));
    let activity = script.activity();
    assert_eq!(activity["text"], "<at>Countersign</at> start 125 122");
    let mention = json!({
        "type": "mention", "text": "<at>Countersign</at>",
        "mentioned": { "id": format!("28:{APP}"), "name": "Countersign" },
    });
    assert_eq!(activity["entities"][0], mention);
    let conversation = json!({
        "id": format!("{CHANNEL};messageid={}", said.id), "conversationType": "channel", "isGroup": true,
        "tenantId": TENANT,
    });
    assert_eq!(activity["conversation"], conversation);
    assert_eq!(activity["id"], said.id.as_str());
    let from = json!({ "id": ada().mri, "name": "Ada Lovelace", "aadObjectId": ada().object_id });
    assert_eq!(activity["from"], from);
    assert_eq!(activity["recipient"]["id"], format!("28:{APP}"));
    assert_eq!(activity["channelData"]["channel"]["id"], CHANNEL);
    assert_eq!(activity["channelData"]["tenant"]["id"], TENANT);
    assert_eq!(activity["serviceUrl"], format!("{}/", bot.url));
    assert!(script.authorization().starts_with("Bearer ey"));
    let thread = format!("{CHANNEL};messageid={}", said.id);
    assert_eq!(bot.teams.say(&grace(), &thread, "pending").await, Ok(200));
    assert_eq!(script.activity()["conversation"]["id"], thread.as_str());
    assert_eq!(bot.teams.messages(CHANNEL)[1].reply_to.as_deref(), Some(said.id.as_str()));
}

#[tokio::test]
async fn a_message_in_ones_own_chat_has_no_mention() {
    let (bot, script) = scripted().await;
    let chat = bot.teams.chat_with(&ada());
    assert_eq!(bot.teams.say(&ada(), &chat, "help").await, Ok(200));
    let activity = script.activity();
    assert_eq!(activity["text"], "help");
    assert!(activity["entities"].as_array().unwrap().iter().all(|entity| entity["type"] != "mention"));
    let conversation = json!({ "id": chat, "conversationType": "personal", "tenantId": TENANT });
    assert_eq!(activity["conversation"], conversation);
    assert_eq!(bot.teams.chat_messages(&ada())[0].text, "help");
    for nowhere in ["a:nobody", "19:x@thread.tacv2;messageid=1", "C1"] {
        assert_eq!(bot.teams.say(&ada(), nowhere, "help").await, Err(Error::NoConversation), "{nowhere}");
    }
}

#[tokio::test]
async fn a_press_sends_the_data_of_the_button_with_the_inputs_around_it() {
    let (bot, script) = scripted().await;
    let card_id = bot.post_card(&card()).await;
    script.answers(200, &invoke_answer("activity.message", "Noted."));
    let pressed = bot.teams.press(&ada(), &card_id, "approve", &[("comment", "fine")]).await.unwrap();
    assert_eq!(pressed, Pressed { status: 200, shown: Shown::Message("Noted.".to_owned()) });
    let activity = script.activity();
    assert_eq!((&activity["type"], &activity["name"]), (&json!("invoke"), &json!("adaptiveCard/action")));
    let value = json!({
        "trigger": "manual",
        "action": {
            "type": "Action.Execute", "title": "approve", "verb": "approve",
            "data": { "approval": "apr_1", "verb": "approve", "comment": "fine", "amount": "5" },
        },
    });
    assert_eq!(activity["value"], value);
    assert_eq!(activity["replyToId"], card_id.as_str());
    assert_eq!(activity["conversation"]["id"], format!("{CHANNEL};messageid={card_id}"));
    let notice = &bot.teams.notices()[0];
    assert_eq!((&notice.person, notice.text.as_str()), (&ada().object_id, "Noted."));
    assert_eq!(notice.reply_to, card_id);
    // What a button of the card opens takes the inputs of the card along.
    let inputs = [("reason", "wrong"), ("amount", "6")];
    bot.teams.press(&ada(), &card_id, "reject", &inputs).await.unwrap();
    let data = json!({ "approval": "apr_1", "verb": "reject", "reason": "wrong", "comment": "", "amount": "6" });
    assert_eq!(script.activity()["value"]["action"]["data"], data);
}

#[tokio::test]
async fn the_client_sends_only_what_the_card_allows() {
    let (bot, script) = scripted().await;
    let id = bot.post_card(&card()).await;
    let long = "x".repeat(21);
    let press = |verb: &str, inputs: &[(&str, &str)]| bot.teams.invoke_payload(&ada(), &id, verb, inputs);
    assert_eq!(press("escalate", &[]), Err(Error::NoButton("escalate".to_owned())));
    assert_eq!(press("reject", &[]), Err(Error::InputNeeded("reason".to_owned())));
    assert_eq!(press("reject", &[("reason", long.as_str())]), Err(Error::InputTooLong("reason".to_owned())));
    assert_eq!(press("approve", &[("reason", "x")]), Err(Error::NoInput("reason".to_owned())));
    assert!(press("approve", &[("reason", "")]).is_ok());
    bot.teams.delete_message(&id);
    assert_eq!(bot.teams.press(&ada(), &id, "approve", &[]).await, Err(Error::NoMessage));
    assert!(script.got.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_older_client_sends_a_message_with_a_value_and_no_text() {
    let (bot, script) = scripted().await;
    let mut card = card();
    let id = bot.post_card(&card).await;
    assert_eq!(bot.teams.submit(&ada(), &id, "approve", &[("comment", "fine")]).await, Ok(200));
    let activity = script.activity();
    assert_eq!((&activity["type"], activity.get("text"), activity.get("name")), (&json!("message"), None, None));
    let data = json!({ "approval": "apr_1", "verb": "approve", "comment": "fine", "amount": "5" });
    assert_eq!((&activity["value"], &activity["replyToId"]), (&data, &json!(id)));
    assert_eq!(bot.teams.messages(CHANNEL).len(), 1, "it is no message that anybody sees");
    card["actions"][0].as_object_mut().unwrap().remove("fallback");
    let id = bot.post_card(&card).await;
    let refused = bot.teams.submit(&ada(), &id, "approve", &[]).await;
    assert_eq!(refused, Err(Error::NoFallback("approve".to_owned())));
}

#[tokio::test]
async fn a_returned_card_is_the_pressers_alone_until_the_message_changes() {
    let (bot, script) = scripted().await;
    let id = bot.post_card(&card()).await;
    let voted = json!({ "type": "AdaptiveCard", "version": "1.5", "body": [] });
    script.answers(200, &invoke_answer("card.adaptive", voted.clone()));
    let pressed = bot.teams.press(&ada(), &id, "approve", &[]).await.unwrap();
    assert_eq!(pressed.shown, Shown::Card(voted.clone()));
    assert_eq!(bot.teams.card(&ada(), &id), Some(voted.clone()));
    assert_eq!(bot.teams.views(&ada()), [(id.clone(), voted)]);
    assert_eq!(bot.teams.card(&grace(), &id), Some(card()));
    let again = bot.teams.press(&ada(), &id, "approve", &[]).await;
    assert_eq!(again, Err(Error::NoButton("approve".to_owned())), "the presser's card has no buttons any more");
    let update = format!("{}/{id}", activities(CHANNEL));
    assert_eq!(bot.answer("PUT", &update, &with_card(&card())).await.0, 200);
    assert_eq!(bot.teams.card(&ada(), &id), Some(card()));
}

#[tokio::test]
async fn an_answer_that_teams_can_do_nothing_with_is_a_failure() {
    let (bot, script) = scripted().await;
    let id = bot.post_card(&card()).await;
    let error = json!({
        "statusCode": 400, "type": "application/vnd.microsoft.error",
        "value": { "code": "BadRequest", "message": "data.approval is missing" },
    });
    let wrong_card = json!({ "type": "AdaptiveCard", "version": "1.6" });
    let cases = [
        (500, Value::Null),
        (501, Value::Null),
        (200, Value::Null),
        (200, error),
        (200, json!({ "type": "application/vnd.microsoft.activity.message", "value": "no status" })),
        (200, invoke_answer("activity.message", json!({}))),
        (200, invoke_answer("card.adaptive", wrong_card)),
        (403, invoke_answer("activity.message", "Noted.")),
    ];
    for (status, body) in cases {
        script.answers(status, &body);
        let pressed = bot.teams.press(&ada(), &id, "approve", &[]).await.unwrap();
        let failure = Shown::Failure("Something went wrong. Please try again.".to_owned());
        assert_eq!(pressed, Pressed { status, shown: failure }, "{body}");
    }
    bot.teams.set_bot_url("http://127.0.0.1:1");
    assert_eq!(bot.teams.press(&ada(), &id, "approve", &[]).await, Err(Error::NoAnswer));
    assert_eq!(bot.teams.notices().last().unwrap().text, "Unable to reach app. Please try again.");
}

#[tokio::test]
async fn the_bot_hears_that_it_was_added_and_of_what_is_none_of_its_business() {
    let (bot, script) = scripted().await;
    assert_eq!(bot.teams.install(&ada(), CHANNEL).await, Ok(200));
    let added = script.activity();
    assert_eq!(added["type"], "conversationUpdate");
    assert_eq!(added["membersAdded"], json!([{ "id": added["recipient"]["id"] }]));
    assert_eq!(added["conversation"]["id"], CHANNEL);
    assert_eq!(added["channelData"]["eventType"], "teamMemberAdded");
    let unrelated = bot.teams.unrelated_payloads(&ada(), CHANNEL);
    let kinds: Vec<_> = unrelated.iter().map(|activity| activity["type"].as_str().unwrap()).collect();
    let expected = ["typing", "messageReaction", "installationUpdate", "conversationUpdate", "conversationUpdate"];
    assert_eq!(kinds, expected);
    for activity in &unrelated {
        let bot_was_added = activity["membersAdded"].to_string().contains(APP);
        assert!(!bot_was_added);
        assert_eq!(bot.teams.post(activity).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn anything_can_be_sent_with_any_authorization() {
    let (bot, script) = scripted().await;
    bot.teams.send(None, b"no json".to_vec()).await.unwrap();
    assert_eq!((script.authorization(), script.activity()), (String::new(), Value::Null));
    let token = bot.teams.token().claim("aud", "other").mint();
    let mut payload = bot.teams.message_payload(&ada(), CHANNEL, "help");
    payload["from"]["aadObjectId"] = json!("other");
    bot.teams.send(Some(&format!("Bearer {token}")), payload.to_string().into_bytes()).await.unwrap();
    assert_eq!(script.authorization(), format!("Bearer {token}"));
    assert_eq!(script.activity(), payload);
    assert!(bot.teams.messages(CHANNEL).is_empty(), "a payload by itself is not in the conversation");
}
