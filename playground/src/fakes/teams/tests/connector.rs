use jiff::SignedDuration;

use super::*;

#[tokio::test]
async fn a_card_begins_a_thread_is_answered_and_is_changed() {
    let bot = Bot::logged_in().await;
    let (status, created) = bot.answer("POST", "conversations", &thread(&with_card(&card()))).await;
    let id = created["activityId"].as_str().unwrap();
    let of_thread = format!("{CHANNEL};messageid={id}");
    assert_eq!((status, &created["id"]), (201, &json!(of_thread)));
    let (status, reply) = bot.answer("POST", &activities(&of_thread), &text("a **note**")).await;
    assert_eq!((status, reply["id"].is_string()), (201, true));
    let closed = json!({ "type": "AdaptiveCard", "version": "1.5", "body": [] });
    let (status, answer) = bot.answer("PUT", &format!("{}/{id}", activities(&of_thread)), &with_card(&closed)).await;
    assert_eq!((status, answer), (200, json!({ "id": id })));
    let messages = bot.teams.messages(CHANNEL);
    let shown: Vec<_> = messages.iter().map(|message| (message.text.as_str(), message.edits)).collect();
    assert_eq!(shown, [("", 1), ("a **note**", 0)]);
    assert_eq!(messages[0].card.as_ref(), Some(&closed));
    assert_eq!(messages[0].summary.as_deref(), Some("card"));
    assert_eq!((messages[1].reply_to.as_deref(), messages[1].text_format.as_str()), (Some(id), "markdown"));
    assert_eq!(bot.answer("DELETE", &format!("{}/{id}", activities(CHANNEL)), &Value::Null).await.0, 200);
    assert_eq!(bot.teams.messages(CHANNEL).len(), 1);
    let operations: Vec<Operation> = bot.teams.calls().into_iter().map(|call| call.operation).collect();
    let expected = [Operation::Login, Operation::Create, Operation::Send, Operation::Update, Operation::Delete];
    assert_eq!(operations, expected);
}

#[tokio::test]
async fn a_chat_is_begun_with_one_person_of_the_tenant() {
    let bot = Bot::logged_in().await;
    bot.teams.add_person(&ada());
    let begin = |members: Value, tenant: Value| json!({ "members": members, "tenantId": tenant, "isGroup": false });
    let (status, created) =
        bot.answer("POST", "conversations", &begin(json!([{ "id": ada().mri }]), json!(TENANT))).await;
    assert_eq!((status, created["id"].as_str()), (201, Some(bot.teams.chat_with(&ada()).as_str())));
    let chat = created["id"].as_str().unwrap();
    assert_eq!(bot.answer("POST", &activities(chat), &text("for you")).await.0, 201);
    assert_eq!(bot.teams.chat_messages(&ada())[0].text, "for you");
    let (one, two) = (json!([{ "id": ada().mri }]), json!([{ "id": ada().mri }, { "id": grace().mri }]));
    let cases = [
        (begin(json!([{ "id": grace().mri }]), json!(TENANT)), 403, "ForbiddenOperationException"),
        (begin(json!([{ "id": grace().object_id }]), json!(TENANT)), 403, "ForbiddenOperationException"),
        (begin(two, json!(TENANT)), 400, "BadSyntax"),
        (begin(json!([]), json!(TENANT)), 400, "BadSyntax"),
        (begin(one.clone(), Value::Null), 400, "BadSyntax"),
        (begin(one.clone(), json!("other")), 403, "Forbidden"),
        (json!({ "members": one, "tenantId": TENANT, "bot": { "id": "28:other" } }), 400, "BadSyntax"),
        (json!({ "members": one, "tenantId": TENANT, "isgroup": false }), 400, "BadSyntax"),
        (json!([]), 400, "BadSyntax"),
    ];
    for (body, status, code) in cases {
        assert_eq!(bot.refusal("POST", "conversations", &body).await, (status, code.to_owned()), "{body}");
    }
}

#[tokio::test]
async fn the_bot_is_told_who_is_where_it_is() {
    let bot = Bot::logged_in().await;
    bot.teams.add_conversation(CHANNEL, "Approvals");
    bot.teams.add_person(&ada());
    let members = format!("conversations/{CHANNEL}/members");
    for id in [ada().object_id, ada().mri] {
        let (status, member) = bot.answer("GET", &format!("{members}/{id}"), &Value::Null).await;
        assert_eq!((status, &member["aadObjectId"], &member["id"]), (200, &json!(ada().object_id), &json!(ada().mri)));
    }
    let stranger = bot.refusal("GET", &format!("{members}/{}", grace().object_id), &Value::Null).await;
    assert_eq!(stranger, (404, "MemberNotFoundInConversation".to_owned()));
    let elsewhere = format!("conversations/19:other@thread.tacv2/members/{}", ada().object_id);
    let elsewhere = bot.refusal("GET", &elsewhere, &Value::Null).await;
    assert_eq!(elsewhere, (403, "BotNotInConversationRoster".to_owned()));
}

#[tokio::test]
async fn what_is_not_there_is_refused_by_teams_code() {
    let bot = Bot::logged_in().await;
    bot.teams.add_conversation(CHANNEL, "Approvals");
    let id = bot.post_card(&card()).await;
    let other = "19:other@thread.tacv2";
    let mut elsewhere = thread(&text("a"));
    elsewhere["channelData"]["channel"]["id"] = json!(other);
    assert_eq!(bot.refusal("POST", "conversations", &elsewhere).await, (404, "ConversationNotFound".to_owned()));
    let thread_of = |root: &str| activities(&format!("{CHANNEL};messageid={root}"));
    let (no_conversation, no_activity) = ("ConversationNotFound", "ActivityNotFoundInConversation");
    let cases = [
        ("POST", activities(other), no_conversation),
        ("POST", activities("a:nobody"), no_conversation),
        ("POST", activities("C0FINANCE"), no_conversation),
        ("POST", thread_of("1"), no_activity),
        ("PUT", format!("{}/1", activities(CHANNEL)), no_activity),
        ("PUT", format!("{}/{id}", thread_of("1")), no_activity),
        ("DELETE", format!("{}/1", activities(CHANNEL)), no_activity),
        ("POST", format!("{}/1", activities(CHANNEL)), no_activity),
    ];
    for (method, path, code) in cases {
        assert_eq!(bot.refusal(method, &path, &text("a")).await, (404, code.to_owned()), "{method} {path}");
    }
    let wrong = format!("{};messageid=1", bot.teams.chat_with(&ada()));
    assert_eq!(bot.refusal("POST", &activities(&wrong), &text("a")).await.0, 400, "a chat has no threads");
    assert_eq!(bot.teams.messages(CHANNEL).len(), 1);
}

#[tokio::test]
async fn only_a_whole_message_is_taken() {
    let bot = Bot::logged_in().await;
    let mention = json!({ "type": "mention", "text": "<at>Ada</at>", "mentioned": { "id": "29:1" } });
    let right = json!({
        "type": "message", "text": "<at>Ada</at>, look", "textFormat": "markdown", "entities": [mention],
        "from": { "id": format!("28:{APP}") }, "importance": "high",
    });
    assert_eq!(bot.answer("POST", &activities(CHANNEL), &right).await.0, 201);
    let mut hero = with_card(&card());
    hero["attachments"][0]["contentType"] = json!("application/vnd.microsoft.card.hero");
    let changes = [
        ("type", json!("messages")),
        ("text", json!(["a"])),
        ("text", json!("  ")),
        ("textFormat", json!("html")),
        ("text", json!("Ada, look")),
        ("entities", json!([{ "type": "mention", "text": "<at>Ada</at>" }])),
        ("from", json!({ "id": "29:1" })),
        ("attachments", json!({})),
        ("attachments", hero["attachments"].clone()),
        ("attachments", json!([card()])),
        ("attachment", json!([])),
    ];
    for (name, value) in changes {
        let mut wrong = right.clone();
        wrong[name] = value;
        let refusal = bot.refusal("POST", &activities(CHANNEL), &wrong).await;
        assert_eq!(refusal, (400, "BadSyntax".to_owned()), "{wrong}");
    }
    let mut wrong = card();
    wrong["actions"][0]["style"] = json!("loud");
    let (_, answer) = bot.answer("POST", &activities(CHANNEL), &with_card(&wrong)).await;
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("/actions/0/style must be one of default, positive, destructive"), "{message}");
    assert_eq!(bot.teams.messages(CHANNEL).len(), 1);
}

#[tokio::test]
async fn a_message_has_about_a_hundred_kilobytes() {
    let bot = Bot::logged_in().await;
    let around = text("").to_string().len();
    let (fits, over) = ("x".repeat(50_000 - around), "x".repeat(50_001 - around));
    assert_eq!(bot.answer("POST", &activities(CHANNEL), &text(&fits)).await.0, 201);
    let too_big = (413, "MessageSizeTooBig".to_owned());
    assert_eq!(bot.refusal("POST", &activities(CHANNEL), &text(&over)).await, too_big);
    assert_eq!(bot.refusal("POST", "conversations", &thread(&text(&over))).await, too_big);
}

#[tokio::test]
async fn too_many_messages_are_refused_when_that_is_asked_for() {
    let bot = Bot::logged_in().await;
    for _ in 0..10 {
        assert_eq!(bot.answer("POST", &activities(CHANNEL), &text("a")).await.0, 201);
    }
    bot.teams.enforce_rate_limits(true);
    for _ in 0..7 {
        assert_eq!(bot.answer("POST", &activities(CHANNEL), &text("a")).await.0, 201);
    }
    let answer = bot.call("POST", &activities(CHANNEL), &text("a")).await.unwrap();
    assert_eq!((answer.status, answer.headers["retry-after"].to_str().unwrap()), (429, "1"));
    assert_eq!(json_of(&answer)["error"]["code"], "Throttled");
    let id = bot.teams.messages(CHANNEL)[0].id.clone();
    let update = format!("{}/{id}", activities(CHANNEL));
    assert_eq!(bot.answer("PUT", &update, &text("b")).await.0, 429, "a change counts as well");
    bot.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(bot.answer("PUT", &update, &text("b")).await.0, 200);
}

#[tokio::test]
async fn each_fault_is_what_it_is() {
    let mut bot = Bot::logged_in().await;
    let path = activities(CHANNEL);
    let blocked = Fault::Refused { status: 403, code: "MessageWritesBlocked".to_owned() };
    bot.teams.fail_next(Operation::Send, blocked);
    assert_eq!(bot.refusal("POST", &path, &text("a")).await, (403, "MessageWritesBlocked".to_owned()));
    bot.teams.fail_next(Operation::Send, Fault::RateLimited { retry_after: 30 });
    let limited = bot.call("POST", &path, &text("a")).await.unwrap();
    assert_eq!((limited.status, limited.headers["retry-after"].to_str().unwrap()), (429, "30"));
    bot.teams.fail_next(Operation::Send, Fault::Status(502));
    assert_eq!(bot.answer("POST", &path, &text("a")).await.0, 502);
    assert!(bot.teams.messages(CHANNEL).is_empty());
    bot.teams.fail_next(Operation::Send, Fault::Drop);
    assert!(bot.call("POST", &path, &text("a")).await.is_err());
    assert_eq!(bot.teams.messages(CHANNEL).len(), 1, "it took effect");
    bot.teams.fail_next(Operation::Send, Fault::Hang);
    let waiting = tokio::time::timeout(std::time::Duration::from_millis(50), bot.call("POST", &path, &Value::Null));
    assert!(waiting.await.is_err());
    bot.teams.fail_always(Operation::Login, Some(Fault::Refused { status: 401, code: "invalid_client".to_owned() }));
    assert_eq!(json_of(&bot.log_in_with(TENANT, &[]).await)["error"], "invalid_client");
    bot.teams.fail_always(Operation::Keys, Some(Fault::Status(503)));
    for path in ["openidconfiguration", "keys"] {
        let url = format!("{}/v1/.well-known/{path}", bot.url);
        assert_eq!(bot.browser.get(&url).await.unwrap().status, 503, "{path}");
    }
    bot.teams.recover();
    bot.log_in().await;
    assert_eq!(bot.answer("POST", &path, &text("a")).await.0, 201);
}
