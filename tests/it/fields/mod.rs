//! Commands with fields of their own: the same words and the same form in both chats start the same thing.

mod any_words;
mod form;

use std::collections::BTreeMap;

use countersign_playground::fakes::teams::{Error, Shown};
use serde_json::{Value, json};

use crate::support::{Harness, texts};

const CHANNEL: &str = "19:finance@thread.tacv2";

/// A command with every kind of field, one that asks for nothing, and one for others.
const COMMANDS: &str = r#"
[commands.release]
title = "Release"
state_machine = "any"
policy = "calculation"
allowed = ["finance"]
[[commands.release.fields]]
name = "version"
label = "The version"
type = "text"
pattern = '\d+\.\d+\.\d+'
[[commands.release.fields]]
name = "environment"
type = "choice"
options = ["staging", "production", "R&D <lab>"]
default = "staging"
[[commands.release.fields]]
name = "replicas"
type = "integer"
required = false
min = 1
max = 10
[[commands.release.fields]]
name = "share"
type = "number"
required = false
[[commands.release.fields]]
name = "day"
type = "date"
required = false
[[commands.release.fields]]
name = "urgent"
type = "boolean"
required = false
[[commands.release.fields]]
name = "owner"
type = "person"
required = false
[[commands.release.fields]]
name = "note"
type = "long_text"
required = false
[commands.nightly]
state_machine = "any"
policy = "calculation"
"#;

/// What stands in the fields of a form, by their names.
type Written = BTreeMap<String, String>;

async fn world() -> Harness {
    Harness::with_commands(COMMANDS).await
}

/// The input of the latest execution.
fn input(harness: &Harness) -> Value {
    harness.world.engine.executions().first().unwrap().input.clone()
}

/// What Ada is told in Slack; nothing if a form opens.
async fn in_slack(harness: &Harness, typed: &str) -> Option<String> {
    let (ada, slack) = (harness.user("ada"), &harness.world.slack);
    slack.close_view(&ada.id);
    let answer = slack.command(&ada, &harness.world.channel, "/start", typed).await;
    assert_eq!(answer.status, 200, "{typed:?}");
    assert_eq!(answer.text.is_none(), slack.open_view(&ada.id).is_some(), "{typed:?}: words or a form: {answer:?}");
    answer.text
}

/// What Ada is told in Teams; nothing if a form is the answer.
async fn in_teams(harness: &Harness, typed: &str) -> Option<String> {
    let (ada, teams) = (harness.teams_user("ada"), &harness.world.teams);
    assert_eq!(teams.say(&ada, CHANNEL, &format!("start {typed}")).await, Ok(200), "{typed:?}");
    let answer = teams.latest_message(CHANNEL).unwrap();
    assert!(answer.reply_to.is_some(), "{typed:?} is answered: {answer:?}");
    answer.card.is_none().then_some(answer.text)
}

/// What stands in the form that is open in front of Ada in Slack.
fn written_in_slack(harness: &Harness) -> Written {
    let view = harness.world.slack.open_view(&harness.user("ada").id).expect("a form is open").view;
    let blocks = view["blocks"].as_array().unwrap().clone();
    let inputs = blocks.into_iter().filter(|block| block["type"] == "input").map(|block| {
        let element = &block["element"];
        let initial = [&element["initial_value"], &element["initial_date"], &element["initial_option"]["value"]];
        let written = initial.into_iter().find_map(Value::as_str).unwrap_or_default().to_owned();
        (block["block_id"].as_str().unwrap().to_owned(), written)
    });
    inputs.collect()
}

/// What stands in the form that was the answer in Teams.
fn written_in_teams(harness: &Harness) -> Written {
    let card = harness.world.teams.latest_message(CHANNEL).unwrap().card.expect("a form is the answer");
    let body = card["body"].as_array().unwrap().clone();
    let inputs = body.into_iter().filter_map(|element| {
        let name = element["id"].as_str()?.strip_prefix("field.")?.to_owned();
        Some((name, element["value"].as_str().unwrap_or_default().to_owned()))
    });
    inputs.collect()
}

/// Presses Start on the form in Teams, with these values in place of what stands in it.
async fn press_start(harness: &Harness, values: &[(&str, &str)]) -> Result<Shown, Error> {
    let (ada, teams) = (harness.teams_user("ada"), &harness.world.teams);
    let form = teams.messages(CHANNEL).into_iter().rfind(|message| message.card.is_some()).unwrap();
    let named: Vec<(String, &str)> = values.iter().map(|(name, value)| (format!("field.{name}"), *value)).collect();
    let values: Vec<(&str, &str)> = named.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    Ok(teams.press(&ada, &form.id, "start", &values).await?.shown)
}

/// What a release is started with.
fn release(fields: Value, source: Value) -> Value {
    let mut input = json!({
        "version": null, "environment": "staging", "replicas": null, "share": null, "day": null, "urgent": null,
        "owner": null, "note": null,
    });
    for (name, value) in fields.as_object().unwrap() {
        input[name] = value.clone();
    }
    input["requestedBy"] = json!("ada");
    input["correlation"] = source;
    input
}

fn from_slack() -> Value {
    json!({ "source": "slack", "channel": "C0FINANCE" })
}

fn from_teams() -> Value {
    json!({ "source": "teams", "conversation": CHANNEL })
}

#[tokio::test]
async fn the_fields_of_a_command_are_the_input_with_their_types() {
    let typed = "release 1.4.2 production replicas=3 share=0.25 day=2026-12-24 urgent=yes owner=\"Grace Hopper\" \
                 note=\"*It* is, <!here> “fine”\"";
    let fields = json!({
        "version": "1.4.2", "environment": "production", "replicas": 3, "share": 0.25, "day": "2026-12-24",
        "urgent": true, "owner": "grace", "note": "*It* is, <!here> “fine”",
    });
    let harness = world().await;
    let said = in_slack(&harness, typed).await.expect("nothing is missing");
    assert_eq!(input(&harness), release(fields.clone(), from_slack()));
    assert!(said.starts_with("Started: <"), "{said}");
    for shown in ["The version: 1.4.2", "owner: Grace Hopper", "urgent: yes", "note: *It* is, &lt;!here&gt; “fine”"]
    {
        assert!(said.contains(shown), "{shown}: {said}");
    }
    let said = in_teams(&harness, typed).await.expect("nothing is missing");
    assert_eq!(input(&harness), release(fields, from_teams()));
    assert!(said.contains(r"note: \*It\* is, &lt;!here&gt; “fine”"), "{said}");
    for typed in ["release 1.4.2", "release version=1.4.2 environment=Staging", "RELEASE “1.4.2”"] {
        in_slack(&harness, typed).await.expect("nothing is missing");
        assert_eq!(input(&harness), release(json!({ "version": "1.4.2" }), from_slack()), "{typed}");
    }
    assert_eq!(harness.world.engine.executions().len(), 5);
}

#[tokio::test]
async fn start_alone_lists_what_the_asker_may_start() {
    let harness = world().await;
    let listed = in_slack(&harness, "").await.unwrap();
    let all = [
        "`/start calculation X Y`, or `/start X Y`: Calculation",
        "`/start nightly`: nightly",
        "`/start release VERSION [ENVIRONMENT] [REPLICAS] [SHARE] [DAY] [URGENT] [OWNER] [NOTE]`: Release",
    ];
    for line in all {
        assert!(listed.contains(line), "{line}: {listed}");
    }
    let in_teams = in_teams(&harness, "").await.unwrap();
    assert!(all.iter().all(|line| in_teams.contains(&line.replace("`/start", "`start"))), "{in_teams}");
    let (linus, slack) = (harness.user("linus"), &harness.world.slack);
    let answer = async |typed: &str| slack.command(&linus, "C1", "/start", typed).await.text.unwrap();
    let listed = answer("").await;
    assert!(listed.contains("/start nightly") && !listed.contains("release"), "{listed}");
    for typed in ["release 1.4.2", "release", "release help"] {
        assert_eq!(answer(typed).await, "You may not start `release`: the policy says who may.");
    }
    assert!(harness.world.engine.executions().is_empty());
}

#[tokio::test]
async fn a_command_that_asks_for_nothing_starts_at_once_and_takes_nothing() {
    let harness = world().await;
    assert!(in_slack(&harness, "nightly").await.unwrap().starts_with("Started: <"));
    assert_eq!(input(&harness), json!({ "requestedBy": "ada", "correlation": from_slack() }));
    for said in [in_slack(&harness, "nightly 1").await, in_teams(&harness, "nightly 1").await] {
        let said = said.expect("there is no form for it");
        assert!(said.contains("there are 1 values without a name, and it takes 0"), "{said}");
    }
    assert_eq!(harness.world.engine.executions().len(), 1);
}

/// In Teams the name of a command is enough, and in Slack one can have a slash command of its own.
#[tokio::test]
async fn a_command_can_be_said_by_its_name() {
    let harness = world().await;
    let (ada, slack, teams) = (harness.user("ada"), &harness.world.slack, &harness.world.teams);
    assert_eq!(teams.say(&harness.teams_user("ada"), CHANNEL, "release 1.4.2").await, Ok(200));
    assert_eq!(input(&harness), release(json!({ "version": "1.4.2" }), from_teams()));
    slack.command(&ada, &harness.world.channel, "/release", "1.4.3").await;
    assert_eq!(input(&harness), release(json!({ "version": "1.4.3" }), from_slack()));
    let unknown = slack.command(&ada, &harness.world.channel, "/dance", "").await.text.unwrap();
    assert_eq!(unknown, "“/dance” is not a command of this app.");
}

#[tokio::test]
async fn what_is_no_command_is_told_with_what_there_is() {
    let commands = COMMANDS.replace("[commands.nightly]", "[commands.other]");
    let harness = Harness::with_commands(&commands).await;
    let help = in_slack(&harness, "release help").await.unwrap();
    for line in [
        "version`: text like \\d+\\.\\d+\\.\\d+",
        "environment`: one of staging, production, R&amp;D &lt;lab&gt;",
        "owner`: somebody of the policy, may be left out",
    ] {
        assert!(help.contains(line), "{line}: {help}");
    }
    let quoted = in_slack(&harness, "release \"help\"").await;
    assert!(quoted.is_none(), "in quotation marks it is a value");
}

/// Slack may write `&` as an entity where somebody typed a command, so the form shows what was understood.
#[tokio::test]
async fn what_slack_may_have_changed_is_looked_at_first() {
    let harness = world().await;
    assert_eq!(in_slack(&harness, "release 1.4.2 \"R&amp;D &lt;lab&gt;\" note=&amp;amp;").await, None);
    let written = written_in_slack(&harness);
    assert_eq!((written["environment"].as_str(), written["note"].as_str()), ("R&D <lab>", "&amp;"));
    let view = harness.world.slack.open_view(&harness.user("ada").id).unwrap().view;
    assert!(texts(&view["blocks"][0]).concat().contains("please look whether this is what you typed"), "{view}");
    assert!(harness.world.engine.executions().is_empty());
    let taken = harness.world.slack.submit(&harness.user("ada"), &[]).await.unwrap();
    assert!(taken.errors.is_empty(), "{taken:?}");
    let fields = json!({ "version": "1.4.2", "environment": "R&D <lab>", "note": "&amp;" });
    assert_eq!(input(&harness), release(fields, from_slack()));
}
