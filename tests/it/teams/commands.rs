//! What people say to the bot in Teams, with the same answers as in Slack.

use countersign_bot::approval::state::Status;
use serde_json::{Value, json};

use super::CHANNEL;
use crate::support::{Harness, RULES_WITH_TEAMS, texts};

/// Says something in the channel and returns the bot's answer to it.
async fn answer(harness: &Harness, who: &str, text: &str) -> String {
    let teams = &harness.world.teams;
    let before = teams.messages(CHANNEL).len();
    assert_eq!(teams.say(&harness.teams_user(who), CHANNEL, text).await, Ok(200));
    let mut said = teams.messages(CHANNEL).split_off(before);
    assert_eq!(said.len(), 2, "one message and one answer: {said:?}");
    let answer = said.pop().unwrap();
    assert_eq!(answer.reply_to.as_ref(), Some(&said[0].id), "it is answered in its thread");
    answer.text
}

#[tokio::test]
async fn start_begins_a_calculation_wherever_it_is_said() {
    for text in ["start 125 122", "/start 125 122", "START  125, 122"] {
        let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
        assert!(answer(&harness, "ada", text).await.starts_with("Started: [the execution]("), "{text}");
        let approval = harness
            .until("the request is out", |world| {
                world.store.all().into_iter().find(|approval| approval.copies.len() == 3)
            })
            .await;
        assert_eq!(approval.request.title, "Calculation 125 + 122");
        assert_eq!(approval.request.correlation["source"], "teams");
        assert_eq!(approval.request.requester.as_ref().unwrap().id.as_str(), "ada");
        harness.press_in_teams("grace", &approval, "approve", &[]).await;
        harness.settled(&approval, Status::Approved).await;
    }
}

#[tokio::test]
async fn start_works_in_the_personal_chat_without_a_mention() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let (teams, ada) = (&harness.world.teams, harness.teams_user("ada"));
    let chat = teams.chat_with(&ada);
    assert_eq!(teams.say(&ada, &chat, "start 1 2").await, Ok(200));
    let said: Vec<String> = teams.chat_messages(&ada).into_iter().map(|message| message.text).collect();
    assert!(said.last().unwrap().starts_with("Started: "), "{said:?}");
}

/// The form that the bot answered with, in the thread of what was said.
async fn form(harness: &Harness, who: &str, text: &str) -> Value {
    let teams = &harness.world.teams;
    assert_eq!(teams.say(&harness.teams_user(who), CHANNEL, text).await, Ok(200));
    teams.latest_message(CHANNEL).unwrap().card.unwrap_or_else(|| panic!("{text} opens a form"))
}

#[tokio::test]
async fn each_mistake_is_named_as_in_slack() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    for (typed, expected) in [
        ("calculation", ""),
        ("1", "y is missing."),
        ("1 2 3", "there are 3 values without a name, and it takes 2"),
        ("1 9223372036854775808", "y must be from -9223372036854775808 to 9223372036854775807."),
        ("1 two", "y must be an integer, and “two” is not one."),
    ] {
        let card = form(&harness, "ada", &format!("start {typed}")).await;
        let said = texts(&card).join("\n");
        assert!(said.starts_with("Calculation") && said.contains(expected), "{typed}: {said}");
        let (ada, slack) = (harness.user("ada"), &harness.world.slack);
        slack.command(&ada, &harness.world.channel, "/start", typed).await;
        let view = slack.open_view(&ada.id).unwrap().view.to_string();
        assert!(view.contains(expected.trim_start_matches("y ").trim_end_matches('.')), "{typed}: {view}");
    }
    assert_eq!(harness.world.engine.executions().len(), 0);
}

#[tokio::test]
async fn help_names_the_conversation_and_strangers_are_told_so() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    for text in ["help", "/help", "Help", ""] {
        let help = answer(&harness, "ada", text).await;
        assert!(help.contains("`start calculation X Y`") && help.contains(CHANNEL), "{text}: {help}");
    }
    let unknown = answer(&harness, "ada", "dance **now**").await;
    assert!(unknown.contains("“dance” is not a command of this app."), "{unknown}");
    assert!(unknown.contains("`start NAME` opens its form"), "{unknown}");
    let stranger = answer(&harness, "outsider", "start 1 2").await;
    assert!(stranger.starts_with("You are not listed in the policy"), "{stranger}");
    assert_eq!(harness.world.engine.executions().len(), 0);
}

#[tokio::test]
async fn approvals_lists_what_waits_for_the_person() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    assert_eq!(answer(&harness, "grace", "approvals").await, "Nothing waits for your decision.");
    let approval = harness.ask().await;
    let waiting = answer(&harness, "grace", "approvals").await;
    assert_eq!(answer(&harness, "grace", "pending").await, waiting);
    assert!(waiting.starts_with("1 request waits for your decision:"), "{waiting}");
    for text in [
        "Calculation 125 + 122",
        "0 of 1 approvals · decide by",
        "waits for Grace Hopper",
        approval.id.as_str(),
        &harness.teams_card(&approval).id,
    ] {
        assert!(waiting.contains(text), "{text}: {waiting}");
    }
    let own = answer(&harness, "ada", "pending").await;
    assert!(own.starts_with("Nothing waits for your decision.") && own.contains("You asked for:"), "{own}");
    let in_slack = harness.world.slack.command(&harness.user("grace"), &harness.world.channel, "/approvals", "").await;
    let in_slack = in_slack.text.unwrap();
    assert!(in_slack.starts_with("1 request waits for your decision:"), "{in_slack}");
    let listed = format!("`{}` · 0 of 1 approvals · decide by <!date^", approval.id);
    assert!(in_slack.contains("<https://slack.com/archives/C0FINANCE/p") && in_slack.contains(&listed), "{in_slack}");
    harness.press_in_teams("grace", &approval, "approve", &[]).await;
    harness.settled(&approval, Status::Approved).await;
    assert_eq!(answer(&harness, "grace", "pending").await, "Nothing waits for your decision.");
    assert!(answer(&harness, "ada", "pending").await.contains(&format!("`{}` · approved, ", approval.id)));
}

#[tokio::test]
async fn a_message_that_is_delivered_twice_starts_one_execution() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let teams = &harness.world.teams;
    let activity = teams.message_payload(&harness.teams_user("ada"), CHANNEL, "start 1 2");
    for _ in 0..3 {
        assert_eq!(teams.post(&activity).await.unwrap().status, 200);
    }
    assert_eq!(harness.world.engine.executions().len(), 1);
}

/// Sends what Teams would send if the first message of the channel were Grace's and had this text and these entities,
/// and returns the bot's answer.
async fn answer_to(harness: &Harness, text: Value, entities: Value) -> String {
    let teams = &harness.world.teams;
    let first = teams.messages(CHANNEL)[0].id.clone();
    let thread = format!("{CHANNEL};messageid={first}");
    let mut activity = teams.message_payload(&harness.teams_user("grace"), &thread, "");
    activity["id"] = json!(first);
    activity["text"] = text;
    activity["entities"] = entities;
    let before = teams.messages(CHANNEL).len();
    let reply = teams.post(&activity).await.unwrap();
    assert_eq!(reply.status, 200, "{activity}: {}", reply.body);
    let mut said = teams.messages(CHANNEL).split_off(before);
    assert_eq!(said.len(), 1, "{activity}: {said:?}");
    said.remove(0).text
}

#[tokio::test]
async fn a_mention_is_no_part_of_what_is_said_however_it_is_described() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    answer(&harness, "grace", "help").await;
    let bot = harness.world.teams.message_payload(&harness.teams_user("grace"), CHANNEL, "")["recipient"]["id"].clone();
    let ours = json!({"type": "mention", "mentioned": {"id": bot}});
    let named = json!({"type": "mention", "mentioned": {"id": bot}, "text": "<at>Countersign</at>"});
    let plain = json!({"type": "mention", "mentioned": {"id": bot}, "text": "@Countersign"});
    let of_ada = json!({"type": "mention", "mentioned": {"id": "29:ada"}, "text": "<at>Ada Lovelace</at>"});
    let cases = [
        ("<at>Countersign</at> pending", json!([ours])),
        ("<at>Countersign</at>&nbsp;pending", json!([named])),
        ("<at id=\"0\">Countersign</at>\u{a0}pending\u{200b}", json!([ours])),
        ("<at>Ada Lovelace</at> <at>Countersign</at> pending", json!([of_ada, ours])),
        ("<at>Countersign</at> pending <at>Ada Lovelace</at>", json!([named, of_ada])),
        ("<at>Countersign</at> <at>Countersign</at> pending", json!([named, named])),
        ("@Countersign pending", json!([plain])),
        ("<at>Countersign</at>&#160;pending&nbsp;", Value::Null),
        ("<at>Countersign</at>\r\n`pending`", json!([])),
        ("pending", json!({})),
        ("pending", json!("mention")),
        ("pending", json!([null, 7, {}, {"type": null}, {"type": "mention"}, {"type": "mention", "mentioned": null}])),
        (
            "pending",
            json!([{"type": "mention", "mentioned": {"id": bot}, "text": ""}, {"type": "mention", "mentioned": {"id": bot}, "text": 5}]),
        ),
    ];
    for (text, entities) in cases {
        let told = answer_to(&harness, json!(text), entities).await;
        assert_eq!(told, "Nothing waits for your decision.", "{text:?}");
    }
    for text in [Value::Null, json!(""), json!("<at>Countersign</at>"), json!("<at>Countersign</at>&nbsp;")] {
        let told = answer_to(&harness, text.clone(), json!([ours])).await;
        assert!(told.contains("`start NAME` opens its form"), "{text}: {told}");
    }
    let told = answer_to(&harness, json!("<at>Countersign</at> a &lt;at&gt; b"), json!([ours])).await;
    assert!(told.contains("“a” is not a command of this app."), "{told}");
}

#[tokio::test]
async fn what_is_typed_in_teams_is_read_as_it_is_seen() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    for text in ["pending\u{200b}", "\u{feff}pending", "/pending\u{202c}", "“pending”", "`pending`", "Pending."] {
        assert_eq!(answer(&harness, "grace", text).await, "Nothing waits for your decision.", "{text:?}");
    }
    let approval = harness.ask().await;
    for text in ["show\u{a0}`ID`", "show “ID”", "\u{200b}show ID\u{200b}."] {
        let text = text.replace("ID", approval.id.as_str());
        assert!(answer(&harness, "ada", &text).await.contains("Calculation 125 + 122"), "{text:?}");
    }
    let refused = texts(&form(&harness, "ada", "start １２５ 122").await).concat();
    assert!(refused.contains("x must be an integer"), "{refused}");
    assert!(answer(&harness, "ada", "start\u{a0}1\u{200b}\u{2007}`2`").await.starts_with("Started: "));
}

#[tokio::test]
async fn a_field_that_is_null_says_the_same_as_one_that_is_missing() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let teams = &harness.world.teams;
    for field in ["entities", "membersAdded", "id", "replyToId", "name", "value", "channelData", "text"] {
        let mut activity = teams.message_payload(&harness.teams_user("grace"), CHANNEL, "pending");
        activity[field] = Value::Null;
        let reply = teams.post(&activity).await.unwrap();
        assert_eq!(reply.status, 200, "{field}: {}", reply.body);
    }
}
