//! First policies: what is asked, what is looked up, and what is written.

use std::fs;

use countersign_bot::approval::place::Platform;
use countersign_bot::approval::policy::Policy;
use countersign_bot::approval::policy_file;

use super::asking::{Known, Wanted, ask};
use super::draw_up::{First, draw_up};
use super::write;
use crate::directory::tests::Chats;
use crate::person::scripted::Scripted;

fn wanted(emails: &[&str], channel: Option<&str>) -> Wanted {
    Wanted {
        emails: emails.iter().map(|email| (*email).to_owned()).collect(),
        channel: channel.map(str::to_owned),
        team: None,
        self_approval: false,
        can_ask: false,
    }
}

/// Without a stack, where this is what the person answers.
async fn alone(wanted: Wanted, answers: &[&str]) -> anyhow::Result<(First, String)> {
    let known = Known { slack: None, sends_mail: true, has_calculation: true };
    let mut person = Scripted::answering(answers);
    let first = ask(wanted, &known, &mut person).await?;
    assert!(person.was_asked_everything(), "{:?}", person.heard);
    Ok((first, person.heard.join("\n")))
}

async fn beside(chats: &Chats, wanted: Wanted, answers: &[&str]) -> anyhow::Result<(First, String)> {
    let directory = chats.directory().await?;
    let slack = directory.needed_slack()?;
    let identity = slack.identity().await.unwrap();
    let known = Known { slack: Some((slack, identity)), sends_mail: false, has_calculation: true };
    let mut person = Scripted::answering(answers);
    let first = ask(wanted, &known, &mut person).await?;
    assert!(person.was_asked_everything(), "{:?}", person.heard);
    Ok((first, person.heard.join("\n")))
}

/// What the strict reader makes of it.
fn read(first: &First) -> Policy {
    let text = draw_up(first);
    policy_file::read(&text).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

#[tokio::test]
async fn people_and_the_channel_are_looked_up_by_address_and_name() {
    let chats = Chats::start().await;
    chats.slack.add_channel("C0789", "approvals");
    chats.slack_user("U1", "ada@example.com", |profile| profile.real_name = "Ada Lovelace".to_owned());
    chats.slack_user("U2", "grace@example.com", |profile| profile.real_name = "Grace  \u{202e}Hopper".to_owned());
    let emails = wanted(&["ada@example.com", "grace@example.com"], Some("#approvals"));
    let (first, heard) = beside(&chats, emails, &[]).await.unwrap();
    assert_eq!(heard, "");
    let policy = read(&first);
    let rules = &policy.rules["calculation"];
    assert_eq!(rules.conversation(Platform::Slack), Some("C0789"));
    assert_eq!(rules.approvers.iter().map(|person| person.name.as_str()).collect::<Vec<_>>(), ["Ada Lovelace"]);
    assert!(!rules.self_approval);
    let grace = policy.person(Platform::Slack, &["T0123"], "U2").unwrap();
    assert_eq!((grace.name.as_str(), grace.email.as_deref()), ("Grace Hopper", Some("grace@example.com")));
    let command = &policy.commands["calculation"];
    assert!(command.is_default && command.fields.len() == 2, "`/start 125 122` works");
}

#[tokio::test]
async fn whoever_is_not_known_is_asked_by_mail_and_named() {
    let chats = Chats::start().await;
    chats.slack_user("U1", "ada@example.com", |_| {});
    chats.slack_user("U2", "bot@example.com", |profile| profile.is_bot = true);
    let emails = ["ada@example.com", "grace.hopper@example.com", "bot@example.com"];
    let (first, heard) = beside(&chats, wanted(&emails, Some("C0789")), &[]).await.unwrap();
    assert_eq!(
        heard,
        "Grace Hopper is not known to Slack, and is asked by mail.\nBot is not taken from Slack, since the account is a \
         bot's, and is asked by mail."
    );
    let ids: Vec<Option<&str>> = first.people.iter().map(|person| person.slack.as_deref()).collect();
    assert_eq!((ids, first.lacks_ids()), (vec![Some("U1"), None, None], true));
    read(&first);
}

#[tokio::test]
async fn a_channel_that_the_bot_is_not_in_is_asked_for_again() {
    let chats = Chats::start().await;
    chats.slack.add_channel("C0789", "approvals");
    chats.slack.add_channel("C0111", "sales");
    chats.slack.remove_bot("C0111");
    let emails = ["ada@example.com", "grace@example.com"];
    let error = beside(&chats, wanted(&emails, Some("#sales")), &[]).await.err().unwrap().to_string();
    assert!(error.starts_with("--channel #sales: Slack says not_in_channel: the bot is not in that"), "{error}");
    let asked = Wanted { can_ask: true, ..wanted(&emails, None) };
    let (first, heard) = beside(&chats, asked, &["sales", "nowhere", "approvals"]).await.unwrap();
    assert!(heard.contains("Slack says not_in_channel: ") && heard.contains("channel_not_found: "), "{heard}");
    assert_eq!(first.channel.as_deref(), Some("C0789"));
    let error = beside(&chats, wanted(&emails, None), &[]).await.err().unwrap().to_string();
    assert!(error.starts_with("nobody would be reached"), "without a channel and without mail: {error}");
}

/// Somebody may invite the bot later.
#[tokio::test]
async fn an_id_is_taken_although_the_bot_is_not_there_yet() {
    let chats = Chats::start().await;
    chats.slack.remove_bot("C0111");
    let emails = ["ada@example.com", "grace@example.com"];
    for can_ask in [false, true] {
        let asked = Wanted { can_ask, ..wanted(&emails, Some("C0111")) };
        let (first, heard) = beside(&chats, asked, &[]).await.unwrap();
        assert!(heard.contains("Slack says not_in_channel: the bot is not in that channel"), "{heard}");
        assert_eq!(first.channel.as_deref(), Some("C0111"));
    }
}

#[tokio::test]
async fn without_a_stack_ids_are_asked_for_or_left_to_a_push() {
    let asked = Wanted { can_ask: true, ..wanted(&[], None) };
    let answers = [
        "ada",
        "ada.lovelace@example.com",
        "ADA.lovelace@example.com",
        "ada.lovelace@example.org",
        "",
        "approvals",
        "C0789",
        "acme",
        "T0123",
        "U1",
        "",
    ];
    let (first, heard) = alone(asked, &answers).await.unwrap();
    assert!(heard.contains("That is no address.") && heard.contains("That one is there."), "{heard}");
    assert!(heard.contains("Member ID of Ada Lovelace in Slack"), "{heard}");
    let policy = read(&first);
    assert_eq!(policy.people.keys().map(|key| key.as_str()).collect::<Vec<_>>(), ["ada-lovelace", "ada-lovelace-2"]);
    assert_eq!(
        policy.people.values().map(|it| it.name.as_str()).collect::<Vec<_>>(),
        ["Ada Lovelace", "Ada Lovelace (ada-lovelace-2)"]
    );
    assert!(policy.person(Platform::Slack, &["T0123"], "U1").is_ok() && first.lacks_ids());
}

#[tokio::test]
async fn mail_alone_needs_neither_a_channel_nor_a_workspace() {
    let emails = ["ada@example.com", "grace@example.com"];
    let (first, _) = alone(wanted(&emails, None), &[]).await.unwrap();
    let policy = read(&first);
    assert!(policy.rules["calculation"].conversations.is_empty() && policy.let_in.0.is_empty());
    let error = alone(wanted(&emails, Some("C0789")), &[]).await.err().unwrap().to_string();
    assert!(error.starts_with("say with --slack-team"), "{error}");
    let with_team = |team: &str| Wanted { team: Some(team.to_owned()), ..wanted(&emails, Some("C0789")) };
    let (first, _) = alone(with_team("T0123"), &[]).await.unwrap();
    assert_eq!(read(&first).rules["calculation"].conversation(Platform::Slack), Some("C0789"));
    assert!(
        alone(with_team("acme"), &[]).await.err().unwrap().to_string().contains("is not the id of a Slack workspace")
    );
}

#[tokio::test]
async fn one_person_alone_has_to_say_that_they_may_approve_their_own() {
    let one = wanted(&["ada@example.com"], None);
    let error = alone(one, &[]).await.err().unwrap().to_string();
    assert!(error.contains("name each with --email") && error.contains("--self-approval"), "{error}");
    assert!(alone(wanted(&[], None), &[]).await.is_err());
    let twice = alone(wanted(&["ada@example.com", "ADA@example.com"], None), &[]).await.err().unwrap().to_string();
    assert!(twice.contains("the same address twice"), "{twice}");
    let (first, _) = alone(Wanted { self_approval: true, ..wanted(&["ada@example.com"], None) }, &[]).await.unwrap();
    assert!(read(&first).rules["calculation"].self_approval);
    let asked = |emails: &[&str]| Wanted { can_ask: true, ..wanted(emails, None) };
    let (first, _) =
        alone(asked(&["ada@example.com"]), &["n", "ada@example.com", "n", "grace@example.com", ""]).await.unwrap();
    assert_eq!((first.people.len(), first.self_approval), (2, false));
    let (first, _) = alone(asked(&["ada@example.com"]), &["y", ""]).await.unwrap();
    assert_eq!((first.people.len(), first.self_approval), (1, true));
}

#[tokio::test]
async fn without_the_example_there_is_no_command_for_it() {
    let (first, _) = alone(wanted(&["ada@example.com", "g@example.com"], None), &[]).await.unwrap();
    let first = First { has_calculation: false, ..first };
    assert!(read(&first).commands.is_empty());
}

#[test]
fn a_file_that_is_there_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.toml");
    write(&file, "one", false).unwrap();
    let refused = format!("{:#}", write(&file, "two", false).unwrap_err());
    assert!(refused.contains("somebody else has just made it"), "{refused}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "one");
    write(&file, "2", true).unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "2");
}
