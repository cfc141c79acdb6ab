//! Secrets on a small AWS, with a Slack and a Microsoft that know what is right.

mod shared_key;
pub(crate) mod stage;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use self::stage::{Stage, start};
use super::remove::remove;
use super::report::{Outcome, Report};
use super::rotate::{Order, rotate};
use super::set::set;
use super::status::status;
use super::{App, Rotated, Typed};
use crate::deployment::Addresses;
use crate::person::scripted::Scripted;
use crate::vendors::fake::{self, APP_ID, PASSWORD, TENANT, TOKEN, World};

const OLD: &str = "0123456789abcdef0123456789abcdef";
const NEW: &str = "fedcba9876543210fedcba9876543210";
const NEWEST: &str = "00112233445566778899aabbccddeeff";
const DAY: SignedDuration = SignedDuration::from_hours(24);
const LONGEST: SignedDuration = SignedDuration::from_hours(168);

impl Stage {
    fn at(&self, now: Timestamp) {
        self.secrets.lock().unwrap().now = now;
    }

    async fn set(&self, typed: Typed, answers: &[&str]) -> anyhow::Result<Report> {
        let mut person = Scripted::answering(answers);
        let report = set(&self.kept, &self.vendors(), typed, &mut person).await?;
        assert!(person.was_asked_everything(), "{:?}", person.heard);
        Ok(report)
    }

    async fn rotate(&self, name: Rotated, now: Timestamp, answers: &[&str]) -> anyhow::Result<Report> {
        self.rotate_as(Order { name, at_once: false, longest: LONGEST, now }, answers).await
    }

    async fn rotate_as(&self, order: Order, answers: &[&str]) -> anyhow::Result<Report> {
        self.at(order.now);
        let mut person = Scripted::answering(answers);
        let report = rotate(&self.kept, &self.vendors(), order, &mut person).await?;
        assert!(person.was_asked_everything(), "{:?}", person.heard);
        Ok(report)
    }

    /// What is said of the bot's secret, in both forms. No value is in it.
    async fn status(&self, now: Timestamp) -> (String, Value) {
        let shown = status(&self.kept, LONGEST).await.unwrap();
        let (text, json) = (shown[0].text(now), shown[0].json(now));
        for value in [self.values(), self.secrets.lock().unwrap().values("double")] {
            for value in value.as_object().unwrap().values() {
                let value = value.as_str().unwrap();
                assert!(!format!("{text}{json}").contains(value), "{text}");
            }
        }
        (text, json)
    }
}

fn slack() -> Value {
    json!({ "slack_signing_secret": OLD, "slack_bot_token": "xoxb-0", "link_key": "hidden-link-key", "of_others": "kept" })
}

fn teams() -> Value {
    json!({ "teams_app_id": APP_ID, "teams_app_password": "hidden-old", "teams_tenant": TENANT, "link_key": "hidden" })
}

/// Expects that nothing is stored, for this reason, which does not repeat the value.
async fn expect_refusal(stage: &Stage, typed: Typed, value: &str, why: &str) {
    let before = stage.values();
    let refusal = format!("{:#}", stage.set(typed, &[value]).await.unwrap_err());
    assert!(refusal.contains(why) && !refusal.contains(value), "{refusal}");
    assert_eq!(stage.values(), before);
}

#[tokio::test]
async fn a_value_is_stored_beside_all_others() {
    let stage = Stage::of(slack()).await;
    let report = stage.set(Typed::SlackBotToken, &[TOKEN, "y"]).await.unwrap();
    assert_eq!(report.outcome, Outcome::Stored);
    let mut expected = slack();
    expected["slack_bot_token"] = json!(TOKEN);
    assert_eq!(stage.values(), expected);
    let again = stage.set(Typed::SlackBotToken, &[TOKEN]).await.unwrap();
    assert_eq!(again.outcome, Outcome::Unchanged);
    let declined = stage.set(Typed::SlackSigningSecret, &[NEW, ""]).await.unwrap();
    assert_eq!((declined.outcome, stage.values()), (Outcome::Declined, expected));
}

#[tokio::test]
async fn a_value_that_cannot_be_one_is_not_stored() {
    let stage = Stage::of(slack()).await;
    for wrong in ["0123", "0123456789abcdef0123456789abcdeg", "xoxb-1-hidden"] {
        expect_refusal(&stage, Typed::SlackSigningSecret, wrong, "32 hexadecimal digits").await;
    }
    for wrong in ["xoxp-1-hidden", "xoxb-1_hidden", "xoxb-1 hidden", "xoxe.xoxb-1-hidden"] {
        expect_refusal(&stage, Typed::SlackBotToken, wrong, "it begins with xoxb-").await;
    }
    for (typed, wrong) in [(Typed::TeamsAppId, "countersign"), (Typed::TeamsTenant, "contoso.onmicrosoft.com")] {
        expect_refusal(&stage, typed, wrong, "it is a GUID").await;
    }
    expect_refusal(&stage, Typed::TeamsAppPassword, APP_ID, "its Value is needed").await;
    expect_refusal(&stage, Typed::TeamsAppPassword, "two words", "no spaces").await;
}

#[tokio::test]
async fn a_value_that_its_vendor_does_not_know_is_not_stored() {
    let stage = Stage::of(slack()).await;
    expect_refusal(
        &stage,
        Typed::SlackBotToken,
        "xoxb-2-hidden",
        "auth.test does not show whose token it is: invalid_auth",
    )
    .await;
    let stage = Stage::of(teams()).await;
    expect_refusal(&stage, Typed::TeamsAppPassword, "hidden-wrong", "AADSTS7000215").await;
    let nobody = Addresses { slack_api_url: Some("http://127.0.0.1:1".to_owned()), teams_login_url: None };
    let stage = Stage { addresses: nobody, ..Stage::of(slack()).await };
    expect_refusal(&stage, Typed::SlackBotToken, TOKEN, "the connection failed").await;
}

#[tokio::test]
async fn a_token_without_its_scopes_is_not_stored() {
    let stage = Stage::of(slack()).await;
    let addresses = fake::serve(World { scopes: "chat:write", ..World::default() }).await;
    expect_refusal(&Stage { addresses, ..stage }, Typed::SlackBotToken, TOKEN, "lacks the scope commands").await;
}

/// The functions refuse a secret with a part of an app, and let nobody in after an hour.
#[tokio::test]
async fn a_part_of_an_app_is_not_stored() {
    let stage = Stage::of(json!({ "link_key": "hidden" })).await;
    expect_refusal(&stage, Typed::SlackSigningSecret, NEW, "COUNTERSIGN_SLACK_BOT_TOKEN is missing").await;
    expect_refusal(&stage, Typed::TeamsTenant, TENANT, "COUNTERSIGN_TEAMS_APP_ID is missing").await;
}

#[tokio::test]
async fn somebody_who_was_faster_is_not_overwritten() {
    let stage = Stage::of(slack()).await;
    stage.secrets.lock().unwrap().meanwhile = Some(teams());
    let report = stage.set(Typed::SlackSigningSecret, &[NEW, "y"]).await.unwrap();
    assert_eq!((report.outcome, stage.values()), (Outcome::TooLate, teams()));
}

#[tokio::test]
async fn an_app_is_taken_out_whole() {
    let mut values = teams();
    values["slack_bot_token"] = json!("xoxb-0");
    let stage = Stage::of(values).await;
    let declined = remove(&stage.kept, App::Teams, &mut Scripted::answering(&["n"])).await.unwrap();
    assert_eq!(declined.outcome, Outcome::Declined);
    let removed = remove(&stage.kept, App::Teams, &mut Scripted::answering(&["y"])).await.unwrap();
    assert_eq!(removed.outcome, Outcome::Removed);
    assert_eq!(stage.values(), json!({ "link_key": "hidden", "slack_bot_token": "xoxb-0" }));
    let again = remove(&stage.kept, App::Teams, &mut Scripted::default()).await.unwrap();
    assert_eq!(again.outcome, Outcome::Unchanged);
}

#[tokio::test]
async fn a_signing_secret_is_kept_for_a_day_beside_the_new_one() {
    let stage = Stage::of(slack()).await;
    let name = Rotated::SlackSigningSecret;
    let begun = stage.rotate(name, start(), &[NEW, "y"]).await.unwrap();
    let due = start() + SignedDuration::from_hours(24);
    assert_eq!((begun.outcome, begun.next.unwrap().from), (Outcome::Begun, due));
    let (values, both) = (stage.values(), (json!(NEW), json!(OLD)));
    assert_eq!((&values["slack_signing_secret"], &values["slack_signing_secret_previous"]), (&both.0, &both.1));
    assert_eq!(values["of_others"], "kept");

    let (text, json) = stage.status(start()).await;
    let next = "countersign secrets rotate slack_signing_secret --stack countersign";
    assert!(text.contains(&format!("Next, from 2026-11-24T10:00:00Z on: {next}")), "{text}");
    assert_eq!((&json["since"], &json["rotations"][0]["isDue"]), (&json!("2026-11-23T10:00:00Z"), &json!(false)));

    let early = stage.rotate(name, due - SignedDuration::from_secs(1), &[]).await.unwrap();
    assert_eq!((early.outcome, early.next.unwrap().from), (Outcome::TooEarly, due));
    assert_eq!(stage.values(), values);
    let ended = stage.rotate(name, due, &["y"]).await.unwrap();
    assert_eq!(ended.outcome, Outcome::Ended);
    let mut expected = slack();
    expected["slack_signing_secret"] = json!(NEW);
    assert_eq!(stage.values(), expected);
    let (_, json) = stage.status(due).await;
    assert_eq!((&json["rotations"], &json["since"]), (&json!([]), &json!("2026-11-24T10:00:00Z")));
}

#[tokio::test]
async fn a_signing_secret_that_has_leaked_is_not_kept() {
    let stage = Stage::of(slack()).await;
    let order = Order { name: Rotated::SlackSigningSecret, at_once: true, longest: LONGEST, now: start() };
    let ended = stage.rotate_as(order, &[NEW, "y"]).await.unwrap();
    assert_eq!((ended.outcome, ended.next), (Outcome::Ended, None));
    assert!(stage.values().get("slack_signing_secret_previous").is_none());
}

/// Either of the two may be what has leaked, and the one that is typed in may be it too.
#[tokio::test]
async fn both_signing_secrets_are_replaced_if_one_has_leaked_while_there_are_two() {
    for now in [start(), start() + DAY * 2] {
        let stage = Stage::of(slack()).await;
        stage.rotate(Rotated::SlackSigningSecret, start(), &[NEW, "y"]).await.unwrap();
        let (half_done, order) =
            (stage.values(), Order { name: Rotated::SlackSigningSecret, at_once: true, longest: LONGEST, now });
        for valid in [OLD, NEW] {
            let refusal = stage.rotate_as(order, &[valid]).await.unwrap_err().to_string();
            assert!(refusal.contains("nothing was changed") && !refusal.contains(valid), "{refusal}");
            assert_eq!(stage.values(), half_done);
        }
        let ended = stage.rotate_as(order, &[NEWEST, "y"]).await.unwrap();
        assert_eq!((ended.outcome, ended.next), (Outcome::Ended, None));
        let mut expected = slack();
        expected["slack_signing_secret"] = json!(NEWEST);
        assert_eq!(stage.values(), expected);
        assert_eq!(stage.secrets.lock().unwrap().count("bot"), 3, "one write");
    }
}

#[tokio::test]
async fn a_link_key_is_made_anew_if_one_has_leaked_while_there_are_two() {
    for now in [start(), start() + LONGEST * 2] {
        let stage = Stage::of(slack()).await;
        stage.rotate(Rotated::LinkKey, start(), &["y"]).await.unwrap();
        let half_done = stage.values();
        let early = stage.rotate(Rotated::LinkKey, start(), &[]).await.unwrap();
        assert!(early.said.contains("until 2026-11-30T10:00:00Z") && early.said.contains("--now"), "{}", early.said);
        let order = Order { name: Rotated::LinkKey, at_once: true, longest: LONGEST, now };
        let ended = stage.rotate_as(order, &["y"]).await.unwrap();
        assert_eq!((ended.outcome, ended.next), (Outcome::Ended, None));
        let values = stage.values();
        assert!(values.get("link_key_previous").is_none());
        for valid in ["link_key", "link_key_previous"] {
            assert_ne!(values["link_key"], half_done[valid]);
        }
        assert_eq!(stage.secrets.lock().unwrap().count("bot"), 3, "one write");
    }
}

#[tokio::test]
async fn what_has_leaked_is_not_taken_for_new() {
    let leaked = |name| Order { name, at_once: true, longest: LONGEST, now: start() };
    let stage = Stage::of(slack()).await;
    let refusal = stage.rotate_as(leaked(Rotated::SlackBotToken), &["xoxb-0"]).await.unwrap_err().to_string();
    assert!(refusal.contains("Make a new one"), "{refusal}");
    let ended = stage.rotate_as(leaked(Rotated::SlackBotToken), &[TOKEN, "y"]).await.unwrap();
    assert_eq!((ended.outcome, &stage.values()["slack_bot_token"]), (Outcome::Ended, &json!(TOKEN)));
    let stage = Stage::of(teams()).await;
    let refusal = stage.rotate_as(leaked(Rotated::TeamsAppPassword), &["hidden-old"]).await.unwrap_err().to_string();
    assert!(refusal.contains("Make a new one"), "{refusal}");
    let ended = stage.rotate_as(leaked(Rotated::TeamsAppPassword), &[PASSWORD, "y"]).await.unwrap();
    assert!(ended.said.contains("Delete the old client secret now"), "{}", ended.said);
}

#[tokio::test]
async fn what_is_set_alone_counts() {
    for value in [NEWEST, NEW] {
        let stage = Stage::of(slack()).await;
        stage.rotate(Rotated::SlackSigningSecret, start(), &[NEW, "y"]).await.unwrap();
        assert_eq!(stage.set(Typed::SlackSigningSecret, &[value, "y"]).await.unwrap().outcome, Outcome::Stored);
        let mut expected = slack();
        expected["slack_signing_secret"] = json!(value);
        assert_eq!(stage.values(), expected);
        assert_eq!(stage.set(Typed::SlackSigningSecret, &[value]).await.unwrap().outcome, Outcome::Unchanged);
    }
}

#[tokio::test]
async fn names_that_nobody_knows_are_shown_on_one_line() {
    let stage = Stage::of(json!({ "link_key": "hidden", "of\u{1b}[2J\nothers": "kept" })).await;
    let (text, _) = stage.status(start()).await;
    assert!(text.contains("of[U+001B][2J others") && !text.contains('\u{1b}'), "{text}");
}

#[tokio::test]
async fn a_link_key_is_made_and_stays_for_as_long_as_links_live() {
    let stage = Stage::of(slack()).await;
    let begun = stage.rotate(Rotated::LinkKey, start(), &["y"]).await.unwrap();
    let values = stage.values();
    let key = values["link_key"].as_str().unwrap().to_owned();
    assert_eq!((key.len(), &values["link_key_previous"]), (64, &json!("hidden-link-key")));
    assert!(key.bytes().all(|digit| digit.is_ascii_hexdigit()) && begun.outcome == Outcome::Begun);
    let next = begun.next.unwrap();
    assert_eq!(next.command, "countersign secrets rotate link_key --stack countersign --longest 168h");
    let early = stage.rotate(Rotated::LinkKey, next.from - SignedDuration::from_secs(1), &[]).await.unwrap();
    assert_eq!(early.outcome, Outcome::TooEarly);
    let order = Order { name: Rotated::LinkKey, at_once: false, longest: LONGEST * 2, now: next.from };
    assert_eq!(stage.rotate_as(order, &[]).await.unwrap().outcome, Outcome::TooEarly, "approvals take longer here");
    let ended = stage.rotate(Rotated::LinkKey, next.from, &["y"]).await.unwrap();
    assert_eq!(ended.outcome, Outcome::Ended);
    stage.rotate(Rotated::LinkKey, next.from, &["y"]).await.unwrap();
    assert_ne!(stage.values()["link_key"], json!(key), "no two are alike");
}

#[tokio::test]
async fn what_there_cannot_be_two_of_is_exchanged() {
    let stage = Stage::of(slack()).await;
    let ended = stage.rotate(Rotated::SlackBotToken, start(), &[TOKEN, "y"]).await.unwrap();
    assert_eq!((ended.outcome, &stage.values()["slack_bot_token"]), (Outcome::Ended, &json!(TOKEN)));
    assert!(ended.said.contains("invite it again"), "{}", ended.said);
    let again = stage.rotate(Rotated::SlackBotToken, start(), &[TOKEN]).await.unwrap();
    assert_eq!(again.outcome, Outcome::Unchanged);
    assert!(stage.rotate(Rotated::SlackBotToken, start(), &["xoxb-2"]).await.is_err());
    assert!(stage.rotate(Rotated::TeamsAppPassword, start(), &[]).await.is_err(), "there is none");

    let stage = Stage::of(teams()).await;
    assert!(stage.rotate(Rotated::TeamsAppPassword, start(), &["hidden-wrong"]).await.is_err());
    let ended = stage.rotate(Rotated::TeamsAppPassword, start(), &[PASSWORD, "y"]).await.unwrap();
    assert_eq!((ended.outcome, &stage.values()["teams_app_password"]), (Outcome::Ended, &json!(PASSWORD)));
}

#[tokio::test]
async fn what_is_there_is_said_and_what_would_be_refused() {
    let stage = Stage::of(slack()).await;
    let (text, json) = stage.status(start()).await;
    assert!(text.contains("\n  slack_bot_token                there\n"), "{text}");
    assert!(text.contains("\n  teams_tenant                   -\n"), "{text}");
    assert!(text.contains("\n  of_others                      there, and unknown to this version\n"), "{text}");
    assert_eq!(json["problems"], json!(["the secret has a key that is not known: of_others"]));
    let values = json["values"].as_object().unwrap();
    assert_eq!((values.len(), &json["values"]["link_key_previous"]), (8, &json!(false)));
}
