//! The Slack app: what is asked, what is stored, and what is said.

use serde_json::json;

use crate::apps::slack::{Order, Report, Secrets, set_up};
use crate::directory::slack::Channel;
use crate::person::scripted::Scripted;
use crate::secrets::tests::stage::Stage;
use crate::vendors::fake::{self, TOKEN, World};

const SIGNING_SECRET: &str = "0123456789abcdef0123456789abcdef";
const FIRST_TIME: Order<'static> = Order { again: false, channel: None, asks: true, browser: None };

/// A stack that has what it made itself, and something of others.
async fn stage() -> Stage {
    Stage::of(json!({ "link_key": "hidden", "of_others": "kept" })).await
}

fn found(id: &str) -> Option<Channel> {
    Some(Channel::Found(id.to_owned()))
}

/// Sets the app up with these answers, all of which have to be asked for.
async fn run(stage: &Stage, order: &Order<'_>, answers: &[&str]) -> anyhow::Result<(Report, Scripted)> {
    let mut person = Scripted::answering(answers);
    let report = set_up(&stage.kept, &stage.vendors(), order, &mut person).await?;
    assert!(person.was_asked_everything(), "{:?}", person.heard);
    assert!(!person.has_heard(TOKEN) && !person.has_heard(SIGNING_SECRET), "{:?}", person.heard);
    Ok((report, person))
}

#[tokio::test]
async fn the_first_time_the_app_is_made_by_a_link_and_its_secrets_are_stored() {
    let stage = stage().await;
    let (report, person) = run(&stage, &FIRST_TIME, &[SIGNING_SECRET, TOKEN, "finance"]).await.unwrap();
    assert!(person.has_heard("https://api.slack.com/apps?new_app=1&manifest_yaml="), "{:?}", person.heard);
    assert!(person.has_heard("https%3A%2F%2Fbot.example.com%2Fslack%2Fcommands"), "{:?}", person.heard);
    assert!(person.has_heard("/invite @countersign"), "{:?}", person.heard);
    let expected = json!({
        "link_key": "hidden", "of_others": "kept", "slack_bot_token": TOKEN, "slack_signing_secret": SIGNING_SECRET,
    });
    assert_eq!((stage.values(), report.secrets, report.is_well()), (expected, Secrets::Stored, true));
    assert_eq!(stage.secrets.lock().unwrap().count("bot"), 2, "one write");
    let policy = "[access]\nslack_teams = [\"T0123\"]\n\n[policies.NAME]\nslack_channel = \"C0789\"\n";
    assert_eq!(report.policy().as_deref(), Some(policy));
}

#[tokio::test]
async fn what_is_stored_is_asked_for_only_if_it_is_wanted() {
    let stage = stage().await;
    run(&stage, &FIRST_TIME, &[SIGNING_SECRET, TOKEN, ""]).await.unwrap();
    let values = stage.values();
    let order = Order { channel: Some("#finance"), ..FIRST_TIME };
    let (report, person) = run(&stage, &order, &[]).await.unwrap();
    assert!(person.has_heard("--again asks for them") && !person.has_heard("manifest_yaml"), "{:?}", person.heard);
    assert_eq!((report.secrets, report.channel), (Secrets::Unchanged, found("C0789")));
    assert_eq!(stage.values(), values);
    let again = Order { again: true, ..order };
    let other = "fedcba9876543210fedcba9876543210";
    let (report, _) = run(&stage, &again, &[other, TOKEN]).await.unwrap();
    assert_eq!((report.secrets, &stage.values()["slack_signing_secret"]), (Secrets::Stored, &json!(other)));
}

#[tokio::test]
async fn a_previous_signing_secret_does_not_outlive_the_one_that_is_typed_in() {
    let stage = Stage::of(json!({
        "link_key": "hidden", "slack_bot_token": "xoxb-0", "slack_signing_secret": "00112233445566778899aabbccddeeff",
        "slack_signing_secret_previous": "fedcba9876543210fedcba9876543210",
    }))
    .await;
    let order = Order { again: true, ..FIRST_TIME };
    run(&stage, &order, &[SIGNING_SECRET, TOKEN, ""]).await.unwrap();
    let expected = json!({ "link_key": "hidden", "slack_bot_token": TOKEN, "slack_signing_secret": SIGNING_SECRET });
    assert_eq!(stage.values(), expected);
    assert_eq!(stage.secrets.lock().unwrap().count("bot"), 2, "one write");
}

/// A terminal obeys what it is shown, and people give workspaces their names.
#[tokio::test]
async fn what_slack_says_is_shown_on_one_line_and_obeyed_by_no_terminal() {
    let world = World {
        team: "Eng\u{1b}[2Jines\n\u{202e}x",
        channels: [("finance", ("C0789\u{1b}]0;", true))].into(),
        unknown: "no\u{1b}[31m\nchannel",
        ..World::default()
    };
    let stage = Stage { addresses: fake::serve(world).await, ..stage().await };
    let (report, person) = run(&stage, &FIRST_TIME, &[SIGNING_SECRET, TOKEN, "nowhere", "finance", ""]).await.unwrap();
    assert!(person.has_heard("countersign in Eng[U+001B][2Jines [U+202E]x (T0123)."), "{:?}", person.heard);
    assert!(person.has_heard("Slack says no[U+001B][31m channel."), "{:?}", person.heard);
    assert!(person.has_heard("Slack says that its id is C0789[U+001B]]0;, which is none."), "{:?}", person.heard);
    assert!(!report.text().contains(['\u{1b}', '\u{202e}']), "{}", report.text());
    assert!(person.heard.iter().all(|text| !text.contains(['\u{1b}', '\u{202e}'])), "{:?}", person.heard);
}

/// The lines are put into a file that says who decides.
#[tokio::test]
async fn a_channel_without_an_id_gets_into_no_lines_for_the_policy() {
    let order = Order { channel: Some("finance"), ..FIRST_TIME };
    for id in ["C0789\"\nemail = \"never", "finance", "U0789", ""] {
        let world = World { channels: [("finance", (id, true))].into(), ..World::default() };
        let stage = Stage { addresses: fake::serve(world).await, ..stage().await };
        let (report, _) = run(&stage, &order, &[SIGNING_SECRET, TOKEN]).await.unwrap();
        assert_eq!(report.policy().as_deref(), Some("[access]\nslack_teams = [\"T0123\"]\n"), "{id}");
        assert!(!report.is_well(), "{id}: {:?}", report.channel);
    }
}

#[tokio::test]
async fn a_workspace_without_an_id_has_no_lines_for_the_policy() {
    let order = Order { channel: Some("finance"), ..FIRST_TIME };
    for id in ["T0123\"]\nteams_tenants = [\"", "acme", "C0123", ""] {
        let world = World { team_id: id, ..World::default() };
        let stage = Stage { addresses: fake::serve(world).await, ..stage().await };
        let (report, _) = run(&stage, &order, &[SIGNING_SECRET, TOKEN]).await.unwrap();
        assert_eq!((report.policy(), report.channel), (None, found("C0789")), "{id}");
    }
}

#[tokio::test]
async fn what_cannot_be_right_is_asked_for_again_and_never_stored() {
    let stage = stage().await;
    let before = stage.values();
    let (report, _) = run(&stage, &FIRST_TIME, &[TOKEN, SIGNING_SECRET, "xoxp-1", TOKEN, ""]).await.unwrap();
    assert_eq!(report.secrets, Secrets::Stored);
    let stage = self::stage().await;
    assert!(run(&stage, &FIRST_TIME, &["1", "2", "3"]).await.is_err());
    let refusal = run(&stage, &FIRST_TIME, &[SIGNING_SECRET, "xoxb-unknown"]).await.err().unwrap();
    assert!(format!("{refusal:#}").contains("invalid_auth"), "{refusal:#}");
    assert_eq!(stage.values(), before);
}

#[tokio::test]
async fn scopes_that_are_missing_are_named() {
    let addresses = fake::serve(World { scopes: "commands,chat:write,users:read", ..World::default() }).await;
    let stage = Stage { addresses, ..stage().await };
    let (report, _) = run(&stage, &FIRST_TIME, &[SIGNING_SECRET, TOKEN, ""]).await.unwrap();
    assert_eq!(
        (report.lacking.as_slice(), report.is_well()),
        (["im:write", "usergroups:read", "users:read.email"].as_slice(), false)
    );
    assert_eq!(report.secrets, Secrets::Stored, "not every policy needs them");
}

#[tokio::test]
async fn a_channel_is_looked_for_until_the_bot_is_in_it() {
    let stage = stage().await;
    let answers = [SIGNING_SECRET, TOKEN, "sales", "nowhere", "C0789"];
    let (report, person) = run(&stage, &FIRST_TIME, &answers).await.unwrap();
    assert_eq!(report.channel, found("C0789"));
    assert!(person.has_heard("Slack says not_in_channel: the bot is not in that channel"), "{:?}", person.heard);
    assert!(person.has_heard("Slack says channel_not_found"), "{:?}", person.heard);
    let order = Order { channel: Some("sales"), asks: false, ..FIRST_TIME };
    let (report, _) = run(&stage, &order, &[]).await.unwrap();
    assert_eq!((&report.channel, report.is_well()), (&Some(Channel::Refused("not_in_channel".to_owned())), false));
    let order = Order { asks: false, ..FIRST_TIME };
    let (report, _) = run(&stage, &order, &[]).await.unwrap();
    assert_eq!((&report.channel, report.is_well()), (&None, true));
}

#[tokio::test]
async fn a_browser_is_opened_by_whoever_wants_it() {
    let stage = stage().await;
    let order = Order { browser: Some(|link| !link.starts_with("https://api.slack.com/")), ..FIRST_TIME };
    let (_, person) = run(&stage, &order, &["y", SIGNING_SECRET, TOKEN, ""]).await.unwrap();
    assert!(person.has_heard("copy the link"), "{:?}", person.heard);
    let order = Order { again: true, ..order };
    let (_, person) = run(&stage, &order, &["n", SIGNING_SECRET, TOKEN, ""]).await.unwrap();
    assert!(!person.has_heard("copy the link"), "{:?}", person.heard);
}

#[tokio::test]
async fn somebody_who_was_faster_is_not_overwritten() {
    let stage = stage().await;
    let theirs = json!({ "link_key": "theirs" });
    stage.secrets.lock().unwrap().meanwhile = Some(theirs.clone());
    let (report, _) = run(&stage, &FIRST_TIME, &[SIGNING_SECRET, TOKEN]).await.unwrap();
    assert_eq!((report.secrets, report.is_well(), stage.values()), (Secrets::TooLate, false, theirs));
}
