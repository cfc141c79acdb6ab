//! The client and the login against a service that answers what is written down.

use std::time::Duration;

use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::service_url::{AllowedHosts, Host};
use super::wire::{Answer, Service};
use super::*;
use crate::approval::delivery::Fate;

const CHANNEL: &str = "19:finance@thread.tacv2";
const NOT_SENT: Fate = Fate::NotSent { retry_after: None };
const CHAT: &str = "19:group@thread.v2";

/// An answer of the login.
fn token(value: &str, expires_in: u64) -> Answer {
    Answer::Json(200, json!({ "token_type": "Bearer", "expires_in": expires_in, "access_token": value }))
}

fn refusal(status: u16, code: &str) -> Answer {
    Answer::Json(status, json!({ "error": { "code": code, "message": "what people wrote" } }))
}

fn refused(status: u16, code: &str) -> Error {
    Error::Refused { status, code: code.to_owned() }
}

fn deadline() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}

fn service_url(service: &Service) -> ServiceUrl {
    AllowedHosts::with(vec![Host::parse(service.host()).unwrap()]).check(&format!("{}/teams/", service.url)).unwrap()
}

fn client(service: &Service) -> Client {
    let credentials =
        Credentials { app_id: "app-1".to_owned(), app_password: "hidden&1".into(), tenant: "tenant/1".to_owned() };
    let login_url = format!("{}/login", service.url);
    let http = HttpClient::default();
    Client::new(Settings { credentials, login_url, service_url: service_url(service), http }).unwrap()
}

/// A service and a client that has its token already.
async fn logged_in(answers: impl IntoIterator<Item = Answer>) -> (Service, Client) {
    let service = Service::answering([token("t1", 3600)]).await;
    let client = client(&service);
    client.login.token(deadline()).await.unwrap();
    service.then(answers);
    (service, client)
}

/// The calls of the Connector, without those of the login.
fn calls(service: &Service) -> Vec<String> {
    service.log().into_iter().filter(|call| !call.starts_with("POST /login/")).collect()
}

#[tokio::test]
async fn the_login_is_asked_for_client_credentials_of_the_tenant() {
    let service = Service::answering([token("t1", 3600), Answer::Json(201, json!({ "id": "a1" }))]).await;
    client(&service).note(CHAT, "m1", "text", deadline()).await.unwrap();
    let asked = service.asked();
    assert_eq!(asked[0].uri, "/login/tenant%2F1/oauth2/v2.0/token");
    assert_eq!(asked[0].header("content-type"), "application/x-www-form-urlencoded");
    assert_eq!(
        asked[0].body,
        "grant_type=client_credentials&client_id=app-1&client_secret=hidden%261\
         &scope=https%3A%2F%2Fapi.botframework.com%2F.default"
    );
    assert_eq!(asked[1].header("authorization"), "Bearer t1");
}

#[tokio::test]
async fn a_token_is_kept_until_shortly_before_its_end() {
    for (lives, fetched) in [(3600, 1), (310, 1), (300, 2), (0, 2)] {
        let service = Service::answering([token("t1", lives), token("t2", lives)]).await;
        let client = client(&service);
        client.login.token(deadline()).await.unwrap();
        client.login.token(deadline()).await.unwrap();
        assert_eq!(service.log().len(), fetched, "{lives} seconds");
    }
}

#[tokio::test]
async fn whoever_needs_a_token_while_one_is_fetched_waits_for_it() {
    let service = Service::answering([token("t1", 3600)]).await;
    let client = client(&service);
    let tokens = join_all((0..5).map(|_| client.login.token(deadline()))).await;
    assert!(tokens.iter().all(|token| token.as_ref().unwrap().header() == "Bearer t1"));
    assert_eq!(service.log().len(), 1);
}

#[tokio::test]
async fn a_token_that_teams_refuses_is_replaced_once() {
    let posted = Answer::Json(201, json!({ "id": "a1" }));
    let (service, client) = logged_in([refusal(401, "BotNotRegistered"), token("t2", 3600), posted]).await;
    client.note(CHAT, "m1", "text", deadline()).await.unwrap();
    let tokens: Vec<_> = service.asked().iter().map(|asked| asked.header("authorization").to_owned()).collect();
    assert_eq!(tokens, ["", "Bearer t1", "", "Bearer t2"]);

    service.then([refusal(401, "BotNotRegistered"), token("t3", 3600), refusal(401, "BotNotRegistered")]);
    let error = client.note(CHAT, "m1", "text", deadline()).await.unwrap_err();
    assert_eq!(error, refused(401, "BotNotRegistered"));
    assert_eq!(error.fate(), NOT_SENT, "the secret may be replaced");
}

#[tokio::test]
async fn five_calls_with_a_refused_token_fetch_one() {
    let (service, client) = logged_in([]).await;
    let stale = client.login.token(deadline()).await.unwrap();
    service.then([token("t2", 3600)]);
    let tokens = join_all((0..5).map(|_| client.login.other_than(&stale, deadline()))).await;
    assert!(tokens.iter().all(|token| token.as_ref().unwrap().header() == "Bearer t2"));
    assert_eq!(service.log().len(), 2);
}

#[tokio::test]
async fn without_a_token_nothing_is_sent_and_the_error_says_no_secret() {
    let entra = Answer::Json(401, json!({ "error": "invalid_client", "error_description": "for 'hidden&1'" }));
    let service = Service::answering([entra, Answer::Json(200, json!({ "access_token": "hidden&2" }))]).await;
    let client = client(&service);
    let errors = [
        client.note(CHAT, "m1", "text", deadline()).await.unwrap_err(),
        client.note(CHAT, "m1", "text", deadline()).await.unwrap_err(),
    ];
    assert_eq!(errors[0].to_string(), "the login gave the bot no token: 401 invalid_client");
    assert_eq!(errors[1].to_string(), "the login gave the bot no token: the answer is not what is documented");
    assert!(errors.iter().all(|error| error.fate() == NOT_SENT));
    assert!(calls(&service).is_empty());
}

#[tokio::test]
async fn secrets_do_not_print() {
    let (_, client) = logged_in([]).await;
    let token = client.login.token(deadline()).await.unwrap();
    let printed = format!("{client:?} {:?} {token:?}", client.login);
    assert!(!printed.contains("hidden") && !printed.contains("t1"), "{printed}");
}

#[tokio::test]
async fn a_card_in_a_channel_starts_a_thread_and_is_updated_and_answered_in_it() {
    let (service, client) = logged_in([
        Answer::Json(201, json!({ "id": "19:finance@thread.tacv2;messageid=17", "activityId": "17" })),
        Answer::Json(200, json!({ "id": "17" })),
        Answer::Json(201, json!({ "id": "18" })),
    ])
    .await;
    let card = json!({ "type": "AdaptiveCard" });
    let posted = client.post_card(CHANNEL, card.clone(), "Pay", deadline()).await.unwrap();
    assert_eq!(posted, Posted { conversation: CHANNEL.to_owned(), activity: "17".to_owned() });
    client.update_card(CHANNEL, "17", card.clone(), "Paid", deadline()).await.unwrap();
    client.note(CHANNEL, "17", "**Paid**", deadline()).await.unwrap();

    let thread = "19%3Afinance%40thread.tacv2%3Bmessageid%3D17";
    assert_eq!(
        calls(&service),
        [
            "POST /teams/v3/conversations".to_owned(),
            format!("PUT /teams/v3/conversations/{thread}/activities/17"),
            format!("POST /teams/v3/conversations/{thread}/activities"),
        ]
    );
    let bodies: Vec<Value> = service.asked()[1..].iter().map(|asked| asked.json()).collect();
    let attachments = json!([{ "contentType": CARD, "content": card }]);
    assert_eq!(
        bodies,
        [
            json!({
                "isGroup": true, "channelData": { "channel": { "id": CHANNEL } }, "tenantId": "tenant/1",
                "bot": { "id": "28:app-1" },
                "activity": { "type": "message", "summary": "Pay", "attachments": attachments },
            }),
            json!({ "type": "message", "id": "17", "summary": "Paid", "attachments": attachments }),
            json!({ "type": "message", "textFormat": "markdown", "text": "**Paid**" }),
        ]
    );
    assert!(service.asked()[1..].iter().all(|asked| asked.header("content-type").starts_with("application/json")));
}

#[tokio::test]
async fn a_channel_that_names_only_the_thread_names_the_card_by_it() {
    let answers = [json!({ "id": "19:finance@thread.tacv2;messageid=17" }), json!({ "id": "19:finance@thread.tacv2" })];
    let (_, client) = logged_in(answers.map(|answer| Answer::Json(201, answer))).await;
    assert_eq!(client.post_card(CHANNEL, json!({}), "Pay", deadline()).await.unwrap().activity, "17");
    let error = client.post_card(CHANNEL, json!({}), "Pay", deadline()).await.unwrap_err();
    assert_eq!(error.fate(), Fate::MaybeSent, "{error}");
}

#[tokio::test]
async fn a_chat_has_no_threads() {
    let answers = ["1", "1", "2"].map(|id| Answer::Json(200, json!({ "id": id })));
    let (service, client) = logged_in(answers).await;
    let posted = client.post_card(CHAT, json!({}), "Pay", deadline()).await.unwrap();
    assert_eq!(posted, Posted { conversation: CHAT.to_owned(), activity: "1".to_owned() });
    client.update_card(CHAT, "1", json!({}), "Pay", deadline()).await.unwrap();
    client.note(CHAT, "1", "text", deadline()).await.unwrap();
    let chat = "/teams/v3/conversations/19%3Agroup%40thread.v2/activities";
    assert_eq!(calls(&service), [format!("POST {chat}"), format!("PUT {chat}/1"), format!("POST {chat}")]);
}

#[tokio::test]
async fn an_answer_goes_where_the_activity_came_from_and_a_private_one_to_the_chat_with_the_person() {
    let created = Answer::Json(201, json!({ "id": "a:chat" }));
    let posted = Answer::Json(201, json!({ "id": "1" }));
    let (service, client) = logged_in([]).await;
    let elsewhere = Service::answering([posted.clone(), created, posted]).await;
    let to = ReplyTo {
        service_url: service_url(&elsewhere),
        conversation: format!("{CHANNEL};messageid=17"),
        message: Some("18".to_owned()),
    };
    client.reply(&to, "Started.", deadline()).await.unwrap();
    client.tell(&to, "29:ada", "You may not.", deadline()).await.unwrap();
    assert_eq!(
        elsewhere.log(),
        [
            "POST /teams/v3/conversations/19%3Afinance%40thread.tacv2%3Bmessageid%3D17/activities",
            "POST /teams/v3/conversations",
            "POST /teams/v3/conversations/a%3Achat/activities",
        ]
    );
    let bodies: Vec<Value> = elsewhere.asked().iter().map(|asked| asked.json()).collect();
    assert_eq!(
        bodies[0],
        json!({ "type": "message", "textFormat": "markdown", "text": "Started.", "replyToId": "18" })
    );
    assert_eq!(
        bodies[1],
        json!({
            "isGroup": false, "members": [{ "id": "29:ada" }], "tenantId": "tenant/1", "bot": { "id": "28:app-1" },
        })
    );
    assert_eq!(bodies[2], json!({ "type": "message", "textFormat": "markdown", "text": "You may not." }));
    assert_eq!(service.log().len(), 1, "the bot's own address is not asked");
}

/// What a post and an update do about an answer: how often each is sent, and what comes of it.
#[track_caller]
fn check(first: &Answer, result: &Result<(), Error>, sent: usize, expected: (usize, Result<(), Error>)) {
    assert_eq!((sent, result), (expected.0, &expected.1), "after {first:?}");
}

#[tokio::test]
async fn a_post_is_repeated_only_when_nothing_happened_and_an_update_freely() {
    let lost = || Err(Error::NoAnswer("the answer was lost, or did not come in time"));
    for (first, post, update) in [
        (Answer::RetryAfter(429, "0"), (2, Ok(())), (2, Ok(()))),
        (Answer::RetryAfter(412, "0"), (2, Ok(())), (2, Ok(()))),
        (Answer::RetryAfter(502, "0"), (2, Ok(())), (2, Ok(()))),
        (Answer::RetryAfter(503, "0"), (2, Ok(())), (2, Ok(()))),
        (Answer::RetryAfter(504, "0"), (1, Err(refused(504, "without a code"))), (2, Ok(()))),
        (Answer::Lost, (1, lost()), (2, Ok(()))),
        (refusal(500, "ServiceError"), (1, Err(refused(500, "ServiceError"))), (1, Err(refused(500, "ServiceError")))),
        (
            refusal(403, "BotDisabledByAdmin"),
            (1, Err(refused(403, "BotDisabledByAdmin"))),
            (1, Err(refused(403, "BotDisabledByAdmin"))),
        ),
    ] {
        let (service, client) = logged_in([first.clone(), Answer::Json(200, json!({ "id": "1" }))]).await;
        let result = client.note(CHAT, "1", "text", deadline()).await;
        check(&first, &result, calls(&service).len(), post);

        let (service, client) = logged_in([first.clone(), Answer::Json(200, json!({ "id": "1" }))]).await;
        let result = client.update_card(CHAT, "1", json!({}), "Pay", deadline()).await;
        check(&first, &result, calls(&service).len(), update);
    }
}

#[tokio::test]
async fn tries_are_counted() {
    let (service, client) = logged_in([const { Answer::RetryAfter(429, "0") }; 10]).await;
    let limited = Err(Error::RateLimited { retry_after: Some(Duration::ZERO) });
    assert_eq!(client.note(CHAT, "1", "text", deadline()).await, limited);
    assert_eq!(calls(&service).len(), 4);
}

#[tokio::test]
async fn a_pause_that_is_longer_than_the_time_left_is_not_begun() {
    for (pause, seconds) in [("30", 30), ("99999999999", 99_999_999_999)] {
        let (service, client) = logged_in([Answer::RetryAfter(429, pause)]).await;
        let deadline = deadline();
        let limited = Err(Error::RateLimited { retry_after: Some(Duration::from_secs(seconds)) });
        assert_eq!(client.note(CHAT, "1", "text", deadline).await, limited);
        assert!(deadline.left() > Duration::from_secs(15) && calls(&service).len() == 1);
    }
}

#[tokio::test]
async fn silence_is_given_up_at_the_deadline() {
    let (service, client) = logged_in([Answer::Silence]).await;
    let error = client.note(CHAT, "1", "text", Deadline::after(Duration::from_millis(300))).await.unwrap_err();
    assert_eq!(error, Error::NoAnswer("the answer was lost, or did not come in time"));
    assert!(error.fate() == Fate::MaybeSent && calls(&service).len() == 1);
}

#[tokio::test]
async fn where_nobody_listens_nothing_is_sent() {
    let (_, client) = logged_in([]).await;
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let hosts = AllowedHosts::with(vec![Host::parse(&gone.to_string()).unwrap()]);
    let service_url = hosts.check(&format!("http://{gone}")).unwrap();
    let to = ReplyTo { service_url, conversation: CHAT.to_owned(), message: Some("1".to_owned()) };
    let error = client.reply(&to, "text", Deadline::after(Duration::from_millis(200))).await.unwrap_err();
    assert_eq!(error, Error::NotSent("there is no connection"));
    assert_eq!(error.fate(), NOT_SENT);
}

#[test]
fn every_answer_has_its_word() {
    let limited = |retry_after| Error::RateLimited { retry_after };
    let pause = Fate::NotSent { retry_after: Some(SignedDuration::from_secs(30)) };
    let table = [
        (refused(400, "BadSyntax"), Fate::Refused),
        (refused(413, "MessageSizeTooBig"), Fate::Refused),
        (refused(404, "ActivityNotFoundInConversation"), Fate::Refused),
        (refused(404, "ConversationNotFound"), NOT_SENT),
        (refused(404, "without a code"), NOT_SENT),
        (refused(401, "BotNotRegistered"), NOT_SENT),
        (refused(403, "BotNotInConversationRoster"), NOT_SENT),
        (refused(403, "BotDisabledByAdmin"), NOT_SENT),
        (refused(412, "PreconditionFailed"), NOT_SENT),
        (refused(500, "ServiceError"), Fate::MaybeSent),
        (refused(502, "ServiceError"), NOT_SENT),
        (refused(503, "without a code"), NOT_SENT),
        (refused(504, "GatewayTimeout"), Fate::MaybeSent),
        (limited(None), NOT_SENT),
        (limited(Some(Duration::from_secs(30))), pause),
        (Error::NoToken("401 invalid_client".to_owned()), NOT_SENT),
        (Error::NotSent("there is no connection"), NOT_SENT),
        (Error::NoAnswer("the answer was lost"), Fate::MaybeSent),
    ];
    for (error, fate) in table {
        assert_eq!(error.fate(), fate, "{error}");
    }
}

#[tokio::test]
async fn an_error_quotes_nothing_but_a_code() {
    let wordy = Answer::Json(404, json!({ "error": { "code": "what people wrote", "message": "and more" } }));
    let (_, client) = logged_in([wordy, refusal(404, "ActivityNotFoundInConversation")]).await;
    let mut errors = Vec::new();
    for _ in 0..2 {
        errors.push(client.note(CHAT, "1", "text", deadline()).await.unwrap_err().to_string());
    }
    assert_eq!(
        errors,
        ["Teams refused the call: 404 without a code", "Teams refused the call: 404 ActivityNotFoundInConversation",]
    );
}
