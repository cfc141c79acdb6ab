//! The form of a command in both chats: filled in as far as it was understood, refused field by field, pressed by whom it
//! is for, and used once.

use countersign_bot::approval::limits::teams::CARD_MAX;
use countersign_playground::fakes::teams::Shown;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    CHANNEL, from_slack, from_teams, in_slack, in_teams, input, press_start, release, world, written_in_slack,
    written_in_teams,
};
use crate::support::{Harness, texts};

/// What is understood, what is wrong and still in its field, and what is only told.
const TYPED: &str = "release v1 prod replicas=11 day=soon owner=grace note=\"a b\" urgent=no";
const MISTAKES: [&str; 4] = [
    r"must look like \d+\.\d+\.\d+, and “v1” does not",
    "must be one of staging, production, R&D <lab>, and “prod” is not",
    "must be from 1 to 10",
    "must be a date such as 2026-11-23, and “soon” is not one",
];

#[tokio::test]
async fn it_has_what_was_understood_and_each_mistake_under_its_field() {
    let harness = world().await;
    assert_eq!((in_slack(&harness, TYPED).await, in_teams(&harness, TYPED).await), (None, None));
    let written = |name: &str| (written_in_slack(&harness)[name].clone(), written_in_teams(&harness)[name].clone());
    for (name, text) in [("version", "v1"), ("environment", ""), ("day", ""), ("owner", "grace"), ("urgent", "no")] {
        assert_eq!(written(name), (text.to_owned(), text.to_owned()), "{name}");
    }
    assert_eq!(written("note").0, "a b");
    assert_eq!(
        written("replicas"),
        (String::new(), "11".to_owned()),
        "Slack's input takes no number that is too large"
    );
    let view = harness.world.slack.open_view(&harness.user("ada").id).unwrap().view;
    let blocks = view["blocks"].as_array().unwrap();
    let hints: Vec<&str> = blocks.iter().filter_map(|block| block["hint"]["text"].as_str()).collect();
    assert_eq!(hints, MISTAKES);
    let card = harness.world.teams.latest_message(CHANNEL).unwrap().card.unwrap();
    let body = card["body"].as_array().unwrap();
    let under = |id: &str| texts(&body[1 + body.iter().position(|element| element["id"] == id).unwrap()]).concat();
    for (name, mistake) in
        ["field.version", "field.environment", "field.replicas", "field.day"].into_iter().zip(MISTAKES)
    {
        assert!(under(name).contains(mistake), "{name}: {card}");
    }
    assert!(harness.world.engine.executions().is_empty());
}

#[tokio::test]
async fn once_it_is_right_it_starts_what_stands_in_it() {
    let fields = json!({
        "version": "1.4.2", "environment": "production", "replicas": 10, "day": "2026-12-24", "owner": "grace",
        "note": "a b", "urgent": false,
    });
    let right = [("version", "1.4.2"), ("environment", "production"), ("replicas", "10"), ("day", "2026-12-24")];
    let harness = world().await;
    in_slack(&harness, TYPED).await;
    let taken = harness.world.slack.submit(&harness.user("ada"), &right).await.unwrap();
    assert!(taken.status == 200 && taken.errors.is_empty(), "{taken:?}");
    assert_eq!(input(&harness), release(fields.clone(), from_slack()));
    assert!(harness.whispers("ada").last().unwrap().contains("owner: Grace Hopper"));
    in_teams(&harness, TYPED).await;
    let Ok(Shown::Card(card)) = press_start(&harness, &right).await else { panic!("the form is spent") };
    assert_eq!(input(&harness), release(fields, from_teams()));
    assert!(card.to_string().contains("\"Open the execution\"") && !card.to_string().contains("Action.Execute"));
    let said = harness.world.teams.latest_message(CHANNEL).unwrap();
    assert!(said.text.contains("Started: "), "everybody hears it: {said:?}");
}

#[tokio::test]
async fn what_is_wrong_after_it_was_submitted_is_told_under_its_field() {
    let harness = world().await;
    let (ada, slack) = (harness.user("ada"), &harness.world.slack);
    in_slack(&harness, "release").await;
    let wrong = [("version", "1.4"), ("environment", "prod"), ("replicas", "0"), ("day", "soon"), ("owner", "bob")];
    let kept = slack.submit(&ada, &wrong).await.unwrap();
    assert_eq!((kept.status, kept.errors.len()), (0, 4), "Slack keeps all of it but the version: {kept:?}");
    let refused = slack.submit_unchecked(&ada, &wrong).await.unwrap();
    assert_eq!(refused.errors["version"], r"must look like \d+\.\d+\.\d+, and “1.4” does not");
    assert_eq!(refused.errors["replicas"], "must be from 1 to 10");
    assert_eq!(refused.errors["environment"], "is missing", "what is no option does not come");
    in_teams(&harness, "release").await;
    let Ok(Shown::Card(card)) = press_start(&harness, &[("version", "1.4"), ("replicas", "0")]).await else {
        panic!("the form is shown again")
    };
    let said = texts(&card).join("\n");
    for told in ["The version must look like", "replicas must be from 1 to 10."] {
        assert!(said.contains(told), "{told}: {said}");
    }
    let again = card["body"].as_array().unwrap().iter().find(|element| element["id"] == "field.version").unwrap();
    assert_eq!(again["value"], "1.4", "it can be corrected");
    assert!(harness.world.engine.executions().is_empty());
    let Ok(Shown::Card(_)) = press_start(&harness, &[("version", "1.4.2"), ("replicas", "1")]).await else {
        panic!("the form is spent")
    };
    assert_eq!(input(&harness), release(json!({ "version": "1.4.2", "replicas": 1 }), from_teams()));
}

/// A default is what stands in the form, and nothing when somebody has taken it out.
#[tokio::test]
async fn what_is_empty_in_it_has_no_default() {
    let harness = world().await;
    in_slack(&harness, "release").await;
    assert_eq!(written_in_slack(&harness)["environment"], "staging");
    let values = [("version", "1.4.2"), ("environment", "")];
    let refused = harness.world.slack.submit_unchecked(&harness.user("ada"), &values).await.unwrap();
    assert_eq!(refused.errors["environment"], "is missing");
}

#[tokio::test]
async fn a_form_that_is_delivered_twice_starts_one_execution() {
    let harness = world().await;
    let (ada, slack, teams) = (harness.user("ada"), &harness.world.slack, &harness.world.teams);
    in_slack(&harness, "release").await;
    let payload = slack.submission_payload(&ada, &[("version", "1.4.2")]).unwrap();
    in_teams(&harness, "release").await;
    let form = teams.latest_message(CHANNEL).unwrap();
    let press = teams.invoke_payload(&harness.teams_user("ada"), &form.id, "start", &[("field.version", "1.4.2")]);
    let press = press.unwrap();
    for _ in 0..3 {
        assert_eq!(slack.press_raw(&payload).await.unwrap().status, 200);
        assert_eq!(teams.post(&press).await.unwrap().status, 200);
    }
    assert_eq!(harness.world.engine.executions().len(), 2);
}

/// A press names a message, and nothing proves that the form stands in it.
#[tokio::test]
async fn a_form_changes_no_message() {
    let harness = world().await;
    let (ada, teams) = (harness.teams_user("ada"), &harness.world.teams);
    in_teams(&harness, "release").await;
    let form = teams.latest_message(CHANNEL).unwrap();
    let mut press = teams.invoke_payload(&ada, &form.id, "start", &[("field.version", "1.4.2")]).unwrap();
    in_teams(&harness, "release").await;
    let other = teams.latest_message(CHANNEL).unwrap();
    press["replyToId"] = json!(other.id);
    assert_eq!(teams.post(&press).await.unwrap().status, 200);
    assert_eq!(teams.message(&other.id).unwrap().card, other.card);
    assert_eq!(harness.world.engine.executions().len(), 1);
}

#[tokio::test]
async fn nobody_submits_what_they_may_not_start_and_nobody_elses_form() {
    let harness = world().await;
    let (slack, teams) = (&harness.world.slack, &harness.world.teams);
    in_slack(&harness, "release").await;
    in_teams(&harness, "release").await;
    let form = teams.latest_message(CHANNEL).unwrap().id;
    let payload = slack.submission_payload(&harness.user("ada"), &[("version", "1.4.2")]).unwrap();
    let values = [("field.version", "1.4.2")];
    for (who, in_slack, in_teams) in [
        ("linus", "You may not start `release`", "This form was opened by somebody else."),
        ("outsider", "You are not listed in the policy", "You are not listed in the policy"),
    ] {
        let mut payload = payload.clone();
        payload["user"]["id"] = json!(harness.user(who).id);
        let reply = slack.press_raw(&payload).await.unwrap();
        let answer: Value = serde_json::from_str(&reply.body).unwrap();
        let said = texts(&answer["view"]["blocks"]).concat();
        assert!(said.starts_with(&in_slack.replace('`', "")), "{who}: {answer}");
        let Shown::Message(said) = teams.press(&harness.teams_user(who), &form, "start", &values).await.unwrap().shown
        else {
            panic!("{who} is told")
        };
        assert!(said.starts_with(in_teams), "{who}: {said}");
    }
    assert!(harness.world.engine.executions().is_empty());
}

/// Between its opening and its submission the policy may have become another.
#[tokio::test]
async fn a_form_of_another_command_than_there_is_starts_nothing() {
    let harness = world().await;
    let (ada, slack, teams) = (harness.user("ada"), &harness.world.slack, &harness.world.teams);
    in_slack(&harness, "release").await;
    in_teams(&harness, "release").await;
    let form = teams.latest_message(CHANNEL).unwrap().id;
    let payload = slack.submission_payload(&ada, &[("version", "1.4.2")]).unwrap();
    let press =
        teams.invoke_payload(&harness.teams_user("ada"), &form, "start", &[("field.version", "1.4.2")]).unwrap();
    for (name, value) in [("version", "0000000000000000"), ("command", "gone"), ("command", "nightly")] {
        let mut payload = payload.clone();
        let mut metadata: Value = serde_json::from_str(payload["view"]["private_metadata"].as_str().unwrap()).unwrap();
        metadata[name] = json!(value);
        payload["view"]["private_metadata"] = json!(metadata.to_string());
        let reply = slack.press_raw(&payload).await.unwrap();
        assert!(reply.body.contains("has changed since this form was opened"), "{}", reply.body);
        let mut press = press.clone();
        press["value"]["action"]["data"][name] = json!(value);
        let reply = teams.post(&press).await.unwrap();
        assert!(reply.body.contains("has changed since this form was opened"), "{}", reply.body);
    }
    assert!(harness.world.engine.executions().is_empty());
}

#[tokio::test]
async fn an_older_client_of_teams_submits_the_form_too() {
    let harness = world().await;
    let (ada, teams) = (harness.teams_user("ada"), &harness.world.teams);
    in_teams(&harness, "release").await;
    let form = teams.latest_message(CHANNEL).unwrap().id;
    assert_eq!(teams.submit(&ada, &form, "start", &[("field.version", "1.4")]).await, Ok(200));
    let again = teams.latest_message(CHANNEL).unwrap();
    let card = again.card.unwrap();
    assert!(texts(&card).join("\n").contains("The version must look like"), "it comes again: {card}");
    assert_eq!(teams.submit(&ada, &again.id, "start", &[("field.version", "1.4.2")]).await, Ok(200));
    assert_eq!(input(&harness), release(json!({ "version": "1.4.2" }), from_teams()));
    assert!(teams.latest_message(CHANNEL).unwrap().card.unwrap().to_string().contains("Started. "));
}

#[tokio::test]
async fn a_malformed_form_is_refused_by_the_name_of_its_field() {
    let harness = world().await;
    let (ada, teams) = (harness.teams_user("ada"), &harness.world.teams);
    in_teams(&harness, "release").await;
    let form = teams.latest_message(CHANNEL).unwrap().id;
    let press = teams.invoke_payload(&ada, &form, "start", &[("field.version", "1.4.2")]).unwrap();
    for (name, value, expected) in [
        ("asker", Value::Null, "value.action.data: invalid type"),
        ("asker", json!("Ada"), "value.action.data: a person's key has"),
        ("command", json!(7), "value.action.data: invalid type"),
        ("version", Value::Null, "value.action.data: invalid type"),
    ] {
        let mut press = press.clone();
        press["value"]["action"]["data"][name] = value;
        let reply = teams.post(&press).await.unwrap();
        let answer: Value = serde_json::from_str(&reply.body).unwrap();
        let message = answer["value"]["message"].as_str().unwrap();
        assert!(answer["statusCode"] == 400 && message.starts_with(expected), "{name}: {answer}");
    }
    let mut press = press.clone();
    press["value"]["action"]["data"]["field.version"] = json!({ "not": "text" });
    let reply = teams.post(&press).await.unwrap();
    assert!(reply.body.contains("The version is missing."), "{}", reply.body);
    assert!(harness.world.engine.executions().is_empty());
}

/// Of a run that fails whoever started it hears, whatever it is.
#[tokio::test]
async fn who_started_it_by_a_form_hears_how_it_ended() {
    let harness: Harness = world().await;
    in_teams(&harness, "release").await;
    press_start(&harness, &[("version", "1.4.2")]).await.unwrap();
    let is_told = |text: &str| text.contains("The run that you started has ended: SUCCEEDED.");
    harness
        .until("Ada is told", |world| {
            world.clock.advance(SignedDuration::from_secs(1));
            world.teams.messages(CHANNEL).into_iter().find(|message| is_told(&message.text))
        })
        .await;
}

/// Forms as large as a policy may have them, with the longest texts in them, each of which is wrong.
#[tokio::test]
async fn the_largest_forms_fit_both_chats() {
    let long = |n: usize| format!("[[commands.large.fields]]\nname = \"f{n}\"\ntype = \"long_text\"\npattern = 'a'\n");
    let option = |n: usize| format!("\"{n:02}{}\"", "“<&>”é\u{1f600}".repeat(4));
    let options = (0..100).map(option).collect::<Vec<_>>().join(", ");
    let menu =
        |n: usize| format!("[[commands.large.fields]]\nname = \"m{n}\"\ntype = \"choice\"\noptions = [{options}]\n");
    let large = "[commands.large]\nstate_machine = \"any\"\npolicy = \"calculation\"\n";
    for (fields, typed) in [
        (
            (0..6).map(long).collect::<String>(),
            (0..6).map(|n| format!("f{n}='{}' ", "\"\\\n".repeat(660))).collect::<String>(),
        ),
        (menu(0), "nothing".to_owned()),
    ] {
        let harness = Harness::with_commands(&format!("{large}{fields}")).await;
        let typed = format!("large {typed}");
        assert_eq!((in_slack(&harness, &typed).await, in_teams(&harness, &typed).await), (None, None));
        let card = harness.world.teams.latest_message(CHANNEL).unwrap().card.unwrap().to_string();
        assert!(card.encode_utf16().count() <= CARD_MAX, "{} characters", card.encode_utf16().count());
        assert!(card.encode_utf16().count() > 10_000, "it is large: {}", card.encode_utf16().count());
    }
}
