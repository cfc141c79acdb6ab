use jiff::SignedDuration;

use super::*;

#[tokio::test]
async fn the_right_login_gets_a_token_that_lasts_an_hour() {
    let mut bot = Bot::logged_in().await;
    let answer = json_of(&bot.log_in_with(TENANT, &[]).await);
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(3_599)));
    bot.clock.advance(SignedDuration::from_secs(3_598));
    assert_eq!(bot.answer("POST", &activities(CHANNEL), &text("a")).await.0, 201);
    bot.clock.advance(SignedDuration::from_secs(1));
    let (status, answer) = bot.answer("POST", &activities(CHANNEL), &text("a")).await;
    assert_eq!((status, answer), (401, json!({ "message": "Authorization has been denied for this request." })));
    bot.log_in().await;
    assert_eq!(bot.answer("POST", &activities(CHANNEL), &text("a")).await.0, 201);
    bot.teams.forget_logins();
    assert_eq!(bot.answer("POST", &activities(CHANNEL), &text("a")).await.0, 401);
}

#[tokio::test]
async fn a_wrong_login_is_refused_by_entras_code() {
    let bot = Bot::logged_in().await;
    let cases = [
        (TENANT, "client_secret", "other", 401, "invalid_client", 7_000_215),
        (TENANT, "client_secret", "", 400, "invalid_request", 900_144),
        (TENANT, "client_id", "other", 400, "unauthorized_client", 700_016),
        (TENANT, "grant_type", "password", 400, "unsupported_grant_type", 70_003),
        (TENANT, "scope", "https://graph.microsoft.com/.default", 400, "invalid_scope", 70_011),
        ("botframework.com", "client_id", APP, 400, "invalid_request", 90_002),
    ];
    for (tenant, name, value, status, error, number) in cases {
        let answer = bot.log_in_with(tenant, &[(name, value)]).await;
        let body = json_of(&answer);
        assert_eq!((answer.status, &body["error"]), (status, &json!(error)), "{name}={value}");
        assert_eq!(body["error_codes"], json!([number]), "{name}={value}");
    }
}

#[tokio::test]
async fn a_call_needs_what_the_login_gave_out() {
    let mut bot = Bot::logged_in().await;
    for token in ["", "fake-login-0", PASSWORD] {
        bot.token = token.to_owned();
        let calls = [
            ("POST", "conversations".to_owned(), thread(&text("a"))),
            ("POST", activities(CHANNEL), text("a")),
            ("PUT", format!("{}/1", activities(CHANNEL)), text("a")),
            ("DELETE", format!("{}/1", activities(CHANNEL)), Value::Null),
        ];
        for (method, path, body) in calls {
            assert_eq!(bot.answer(method, &path, &body).await.0, 401, "{method} {path} with {token:?}");
        }
    }
    assert!(bot.teams.messages(CHANNEL).is_empty());
}

#[tokio::test]
async fn the_secret_is_not_kept_among_the_calls() {
    let bot = Bot::logged_in().await;
    let call = bot.teams.calls().pop().unwrap();
    assert_eq!(call.operation, Operation::Login);
    assert_eq!(call.body["client_id"], APP);
    assert!(!format!("{call:?}").contains(PASSWORD));
}
