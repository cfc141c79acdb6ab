//! `/start` in Slack: with values, with none, with bad ones, twice, and from people who may not.

use countersign_playground::world::Source;
use serde_json::json;

use crate::support::{Harness, RULES_WITH_TEAMS, is_out, policy, texts};

#[tokio::test]
async fn start_with_two_numbers_launches_a_calculation() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    assert_eq!(approval.request.title, "Calculation 125 + 122");
    assert_eq!(approval.request.requester.unwrap().id.as_str(), "ada");
    assert_eq!(approval.request.correlation["source"], "slack");
    let result = approval.request.facts.iter().find(|fact| fact.name == "Result").unwrap();
    assert_eq!(result.value, "494".into());
}

/// What was understood is in the form, and each mistake under its field.
#[tokio::test]
async fn values_that_are_missing_or_wrong_open_the_form() {
    let harness = Harness::start().await;
    let (ada, slack) = (harness.user("ada"), &harness.world.slack);
    let cases = [
        ("1.5 2", [("x", None, Some("must be an integer, and “1.5” is not one")), ("y", Some("2"), None)]),
        ("1 two", [("x", Some("1"), None), ("y", None, Some("must be an integer, and “two” is not one"))]),
        ("y=7", [("x", None, Some("is missing")), ("y", Some("7"), None)]),
        (
            "1 9223372036854775808",
            [("x", Some("1"), None), ("y", None, Some("must be from -9223372036854775808 to 9223372036854775807"))],
        ),
        (
            "1 <!channel>",
            [("x", Some("1"), None), ("y", None, Some("must be an integer, and “<!channel>” is not one"))],
        ),
        ("calculation", [("x", None, None), ("y", None, None)]),
    ];
    for (text, expected) in cases {
        let answer = slack.command(&ada, &harness.world.channel, "/start", text).await;
        assert_eq!((answer.status, answer.text), (200, None), "{text}");
        let view = slack.open_view(&ada.id).expect("a form is open").view;
        for ((name, value, mistake), block) in expected.into_iter().zip(view["blocks"].as_array().unwrap()) {
            assert_eq!((&block["block_id"], &block["label"]["text"]), (&json!(name), &json!(name)), "{text}");
            assert_eq!(block["element"]["initial_value"].as_str(), value, "{text}: {block}");
            assert_eq!(block["hint"]["text"].as_str(), mistake, "{text}: {block}");
        }
        slack.close_view(&ada.id);
    }
    slack.command(&ada, &harness.world.channel, "/start", "1 2 3").await;
    let view = slack.open_view(&ada.id).unwrap().view;
    assert!(view["blocks"][0].to_string().contains("there are 3 values without a name, and it takes 2"), "{view}");
    assert!(harness.world.engine.executions().is_empty());
}

/// Whoever asks does not decide: with Ada's request one approval would be missing, and Linus's has both.
#[tokio::test]
async fn what_could_never_be_approved_is_neither_offered_nor_started() {
    let rules = RULES_WITH_TEAMS.to_owned() + "\nrequired = 2";
    let harness = Harness::with_rules(&rules).await;
    let (slack, channel) = (&harness.world.slack, harness.world.channel.clone());
    let why = "whoever asks does not decide. Its policy `calculation` needs 2 approvals, of which only 1 could be given if \
               you ask. Somebody else has to start it.";
    for typed in ["125 122", "calculation", "calculation 125 122", "calculation help"] {
        let answer = slack.command(&harness.user("ada"), &channel, "/start", typed).await;
        let said = answer.text.unwrap_or_else(|| panic!("{typed}: a form is open"));
        assert!(said.contains("You cannot start `calculation`: ") && said.contains(why), "{typed}: {said}");
        let said = start_in_teams(&harness, "ada", typed).await;
        assert!(said.contains("You cannot start `calculation`: ") && said.contains(why), "{typed}: {said}");
    }
    let offered = async |who: &str| slack.command(&harness.user(who), &channel, "/start", "").await.text.unwrap();
    assert_eq!(offered("ada").await, "There is nothing that you may start.");
    assert!(offered("linus").await.contains("/start calculation"));
    assert!(harness.world.engine.executions().is_empty());

    // Who may start it can change while a form is open.
    slack.command(&harness.user("linus"), &channel, "/start", "calculation").await;
    let without = rules.replace("[\"finance\"]", "[\"grace\", \"linus\"]");
    assert_ne!(without, rules);
    harness.world.push_policy(&Source::new("policy.toml", &policy(&without))).await.unwrap();
    let submission = slack.submission_payload(&harness.user("linus"), &[("x", "1"), ("y", "2")]).unwrap();
    let reply = slack.press_raw(&submission).await.unwrap();
    assert!(reply.body.contains("whoever asks does not decide"), "{}", reply.body);
    assert!(harness.world.engine.executions().is_empty());
    assert!(start_in_teams(&harness, "ada", "1 2").await.starts_with("Started: "));
}

async fn start_in_teams(harness: &Harness, who: &str, typed: &str) -> String {
    let (teams, channel) = (&harness.world.teams, "19:finance@thread.tacv2");
    assert_eq!(teams.say(&harness.teams_user(who), channel, &format!("start {typed}")).await, Ok(200));
    teams.latest_message(channel).unwrap().text
}

#[tokio::test]
async fn help_says_how() {
    let harness = Harness::start().await;
    let said = async |text: &str| {
        let answer = harness.world.slack.command(&harness.user("linus"), "C1", "/start", text).await;
        answer.text.unwrap()
    };
    for text in [" help ", "Help", "\u{200b}help\u{200b}"] {
        assert!(said(text).await.starts_with("• `/start` lists what you may start."), "{text:?}");
    }
    assert!(said("calculation help").await.starts_with("`/start calculation X Y` starts Calculation."));
}

#[tokio::test]
async fn the_form_is_submitted_once_it_is_right() {
    let harness = Harness::start().await;
    let (ada, slack) = (harness.user("ada"), &harness.world.slack);
    slack.command(&ada, &harness.world.channel, "/start", "calculation").await;
    let form = slack.open_view(&ada.id).expect("a form is open");
    assert_eq!(
        (&form.view["title"]["text"], form.view["blocks"].as_array().unwrap().len()),
        (&json!("Calculation"), 2)
    );
    let kept = slack.submit(&ada, &[("x", "1.5"), ("y", "")]).await.unwrap();
    assert_eq!((kept.status, kept.errors.len()), (0, 2), "Slack itself keeps it: {kept:?}");
    let refused = slack.submit_unchecked(&ada, &[("x", "1.5"), ("y", "")]).await.unwrap();
    assert_eq!(refused.errors["x"], "must be an integer, and “1.5” is not one");
    assert_eq!(refused.errors["y"], "is missing");
    assert!(harness.world.engine.executions().is_empty());
    let taken = slack.submit(&ada, &[("x", "125"), ("y", "122")]).await.unwrap();
    assert!(taken.status == 200 && taken.errors.is_empty(), "{taken:?}");
    assert_eq!(harness.world.engine.executions().len(), 1);
    assert!(harness.whispers("ada")[0].starts_with("Started: <"));
}

/// What is pasted brings along what nobody sees, and quotation marks.
#[tokio::test]
async fn what_is_typed_is_read_as_it_is_seen() {
    for text in [
        "125\u{200b} 122",
        "\u{feff}125\u{a0}122\u{2060}",
        "\u{2068}125\u{2069},\u{202f}122",
        "`125` “122”",
        "`125 122`",
    ] {
        let harness = Harness::start().await;
        let answer = harness.world.slack.command(&harness.user("ada"), &harness.world.channel, "/start", text).await;
        assert!(answer.text.as_ref().unwrap().starts_with("Started: "), "{text:?}: {answer:?}");
        let input = &harness.world.engine.executions()[0].input;
        assert_eq!((&input["x"], &input["y"]), (&json!(125), &json!(122)), "{text:?}");
    }
    let harness = Harness::start().await;
    let (ada, slack, channel) = (harness.user("ada"), &harness.world.slack, &harness.world.channel);
    let listed = slack.command(&ada, channel, "/start", "\u{200b}").await.text.unwrap();
    assert!(listed.starts_with("You may start:"), "nothing that is seen lists: {listed}");
    for (text, expected) in
        [("１２５ 122", "must be an integer, and “１２５” is not one"), ("125\u{200b}122", "is missing")]
    {
        let opened = slack.command(&ada, channel, "/start", text).await;
        let view = slack.open_view(&ada.id).unwrap().view.to_string();
        assert!(opened.text.is_none() && view.contains(expected), "{text:?}: {view}");
    }
    let values = [("x", "\u{200b}125\u{a0}"), ("y", "122\u{feff}")];
    let taken = slack.submit_unchecked(&ada, &values).await.unwrap();
    assert!(taken.errors.is_empty(), "{taken:?}");
    let approval = harness.until("it is out", |world| world.store.all().into_iter().find(is_out));
    let id = approval.await.id;
    for text in [format!("show `{id}`"), format!("Show\u{a0}“{id}”."), format!("\u{200b}show {id}\u{200b}")] {
        let answer = slack.command(&ada, channel, "/approvals", &text).await.text.unwrap();
        assert!(answer.contains("Calculation 125 + 122"), "{text:?}: {answer}");
    }
    let cancelled = slack.command(&ada, channel, "/approvals", &format!("cancel “{id}”")).await.text.unwrap();
    assert!(cancelled.starts_with("This was cancelled"), "{cancelled}");
}

/// `/start` can be typed in every channel, and the bot writes into those that it is in.
#[tokio::test]
async fn whoever_submits_the_form_sees_that_it_was_started_also_where_the_bot_is_not() {
    for channel in ["C1", "C0FINANCE", "D0SOMEBODY"] {
        let harness = Harness::start().await;
        let (ada, slack) = (harness.user("ada"), &harness.world.slack);
        slack.remove_bot("C0FINANCE");
        slack.command(&ada, channel, "/start", "calculation").await;
        let taken = slack.submit(&ada, &[("x", "125"), ("y", "122")]).await.unwrap();
        assert!(taken.status == 200 && taken.errors.is_empty(), "{taken:?}");
        assert_eq!(harness.world.engine.executions().len(), 1);
        let view = slack.open_view(&ada.id).expect("the form says it").view;
        let said = texts(&view["blocks"]).concat();
        assert!(said.starts_with("Started: the execution"), "{view}");
        assert!(view["submit"].is_null(), "nothing is left to submit: {view}");
        assert_eq!(harness.whispers("ada"), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_private_answer_to_a_press_goes_to_the_person_where_the_channel_takes_none() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    let payload = harness.world.slack.press_payload(
        &harness.user("linus"),
        "C0FINANCE",
        &crate::support::card_of(&approval).1,
        "approve",
        None,
    );
    harness.world.slack.remove_bot("C0FINANCE");
    assert_eq!(harness.world.slack.press_raw(&payload.unwrap()).await.unwrap().status, 200);
    let told = harness.world.slack.direct_messages(&harness.user("linus").id);
    assert!(told.len() == 1 && told[0].text.contains("Grace Hopper"), "{told:?}");
}

#[tokio::test]
async fn the_check_of_the_certificate_is_answered_with_an_empty_200() {
    let harness = Harness::start().await;
    for path in ["/slack/commands", "/slack/interactions"] {
        for body in ["ssl_check=1", "token=abc&ssl_check=1"] {
            let reply = harness.world.slack.send(path, body.into()).await.unwrap();
            assert_eq!((reply.status, reply.body.as_str()), (200, ""), "{path} {body}");
            let unsigned = axum::http::Request::post(format!("{}{path}", harness.world.url)).body(body.into()).unwrap();
            assert_eq!(harness.browser.send(unsigned).await.unwrap().status, 401, "{path} {body}");
        }
        assert_eq!(harness.world.slack.send(path, b"ssl_check=0".into()).await.unwrap().status, 400, "{path}");
    }
}

#[tokio::test]
async fn people_who_may_not_use_the_bot_are_told_so_privately() {
    let harness = Harness::start().await;
    let outsider = harness.user("outsider");
    let answer = harness.world.slack.command(&outsider, "C1", "/start", "1 2").await;
    assert_eq!(answer.text.unwrap(), "You are not listed in the policy of this app. Its administrator can add you.");
    let mut foreign = harness.user("ada");
    foreign.team_id = "T0FOREIGN".to_owned();
    let answer = harness.world.slack.command(&foreign, "C1", "/start", "1 2").await;
    assert_eq!(answer.text.unwrap(), "Your workspace or organization may not use this app.");
    assert!(harness.world.engine.executions().is_empty());
}

#[tokio::test]
async fn a_command_that_is_delivered_twice_starts_one_execution() {
    let harness = Harness::start().await;
    let body = "command=%2Fstart&text=1+2&user_id=U0ADA&team_id=T0LOCAL&channel_id=C1&trigger_id=13345224609.7";
    for _ in 0..2 {
        let mut request = axum::http::Request::post(format!("{}/slack/commands", harness.world.url));
        *request.headers_mut().unwrap() = harness.world.slack.signed_headers(body.as_bytes());
        let answer = harness.browser.send(request.body(body.into()).unwrap()).await.unwrap();
        assert!(answer.body.contains("Started:"), "{}", answer.body);
    }
    assert_eq!(harness.world.engine.executions().len(), 1);
}

#[tokio::test]
async fn unknown_and_odd_interactions_are_answered_200_and_change_nothing() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    let user = json!({"id": "U0GRACE", "team_id": "T0LOCAL"});
    let ignored = [
        json!({"type": "shortcut", "user": user, "callback_id": "x"}),
        json!({"type": "something_new"}),
        json!({"type": "view_closed", "user": user, "view": {"id": "V1"}}),
        json!({"type": "view_submission", "user": user, "view": {"id": "V1", "callback_id": "of another app"}}),
        json!({"type": "block_actions", "user": user, "actions": [{"action_id": "other", "type": "new_element"}]}),
        json!({"type": "block_actions", "user": user, "actions": []}),
    ];
    for payload in ignored {
        assert_eq!(harness.world.slack.press_raw(&payload).await.unwrap().status, 200, "{payload}");
    }
    let malformed = [json!({"type": "block_actions", "actions": []}), json!({"user": user}), json!([1])];
    for payload in malformed {
        assert_eq!(harness.world.slack.press_raw(&payload).await.unwrap().status, 400, "{payload}");
    }
    assert_eq!(harness.record(&approval.id).votes, []);
}

/// An installation for a whole organisation sends `"team": null`, and messages hold blocks of any kind.
#[tokio::test]
async fn a_press_in_an_enterprise_grid_counts() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    let payload = json!({
        "type": "block_actions", "team": null, "enterprise": {"id": "E1", "name": "Org"}, "is_enterprise_install": true,
        "user": {"id": "U0GRACE", "team_id": "T0LOCAL"}, "channel": {"id": "C0FINANCE"},
        "message": {"blocks": [{"type": "block_of_tomorrow", "x": [1]}]},
        "state": {"values": {"comment": {"comment": {"type": "plain_text_input", "value": null}}, "n": {"m": {"value": 5}}}},
        "actions": [{"type": "button", "action_id": "approve", "value": approval.id}],
    });
    assert_eq!(harness.world.slack.press_raw(&payload).await.unwrap().status, 200);
    assert_eq!(harness.record(&approval.id).votes.len(), 1);
}
