//! First policies: what is asked, what is looked up, and what is written.

use std::fs;
use std::path::Path;

use countersign_bot::approval::place::Platform;
use countersign_bot::approval::policy::Policy;
use countersign_bot::approval::policy_file;
use countersign_playground::fakes::Fault;
use countersign_playground::fakes::teams::{Fault as TeamsFault, Operation};
use serde_json::Value;

use super::asking::{Known, Wanted, ask};
use super::chats::Named;
use super::draw_up::{First, draw_up};
use super::{as_json, told, write};
use crate::directory::tests::{CONVERSATION, Chats, TENANT};
use crate::person::scripted::Scripted;

const TWO: [&str; 2] = ["ada@example.com", "grace@example.com"];

fn wanted(emails: &[&str], channel: Option<&str>) -> Wanted {
    Wanted {
        emails: emails.iter().map(|email| (*email).to_owned()).collect(),
        slack: Named { conversation: channel.map(str::to_owned), place: None },
        teams: Named::default(),
        self_approval: false,
        can_ask: false,
    }
}

/// Ada and Grace in Teams.
fn in_teams(conversation: &str, tenant: Option<&str>) -> Wanted {
    let teams = Named { conversation: Some(conversation.to_owned()), place: tenant.map(str::to_owned) };
    Wanted { teams, ..wanted(&TWO, None) }
}

fn asked(wanted: Wanted) -> Wanted {
    Wanted { can_ask: true, ..wanted }
}

/// Without a stack, where this is what the person answers.
async fn alone(wanted: Wanted, answers: &[&str]) -> anyhow::Result<(First, String)> {
    let known = Known { directory: None, sends_mail: true, has_calculation: true };
    answering(wanted, &known, answers).await
}

/// With a stack that sends no mail.
async fn beside(chats: &Chats, wanted: Wanted, answers: &[&str]) -> anyhow::Result<(First, String)> {
    let directory = chats.directory().await?;
    let known = Known { directory: Some(&directory), sends_mail: false, has_calculation: true };
    answering(wanted, &known, answers).await
}

async fn answering(wanted: Wanted, known: &Known<'_>, answers: &[&str]) -> anyhow::Result<(First, String)> {
    let mut person = Scripted::answering(answers);
    let first = ask(wanted, known, &mut person).await?;
    assert!(person.was_asked_everything(), "{:?}", person.heard);
    let heard = person.heard.join("\n");
    assert!(!heard.contains("example.com"), "addresses are not printed: {heard}");
    Ok((first, heard))
}

/// What it asks in a chat, and the ids that it has for people there.
fn chat(first: &First, chat: Platform) -> (Option<&str>, Vec<Option<&str>>) {
    let ids = first.people.iter().map(|person| person.ids.get(&chat).map(String::as_str));
    (first.asks(chat).map(|asks| asks.conversation.as_str()), ids.collect())
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
    let (first, heard) = beside(&chats, wanted(&TWO, Some("#approvals")), &[]).await.unwrap();
    assert!(heard.contains("Ada Lovelace") && !heard.contains("not known"), "{heard}");
    let said = told(Path::new("policy.toml"), &first, Some("stack"));
    assert!(
        said.ends_with("`countersign policy push policy.toml --stack stack`.") && !said.contains("/invite"),
        "{said}"
    );
    let json = as_json(Path::new("policy.toml"), &first);
    assert_eq!((&json["slackIsThere"], &json["teamsIsThere"]), (&true.into(), &Value::Null), "{json:#}");
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
async fn whoever_is_not_known_is_named() {
    let chats = Chats::start().await;
    chats.slack_user("U1", "ada@example.com", |_| {});
    chats.slack_user("U2", "bot@example.com", |profile| profile.is_bot = true);
    let emails = ["ada@example.com", "grace.hopper@example.com", "bot@example.com"];
    let (first, heard) = beside(&chats, wanted(&emails, Some("C0789")), &[]).await.unwrap();
    assert!(heard.contains("Grace Hopper (grace-hopper) is not known to Slack"), "{heard}");
    assert!(heard.contains("Bot (bot) is not looked up in Slack: the account is a bot's"), "{heard}");
    assert_eq!(chat(&first, Platform::Slack), (Some("C0789"), vec![Some("U1"), None, None]));
    let said = told(Path::new("policy.toml"), &first, None);
    assert!(said.contains("in a chat: Grace Hopper in Slack, Bot in Slack."), "{said}");
    assert!(said.ends_with("--stack countersign --look-up-people`."), "{said}");
    let json = as_json(Path::new("policy.toml"), &first);
    assert_eq!(json["lookedUp"][2]["problem"], "the account is a bot's", "{json:#}");
    read(&first);
}

#[tokio::test]
async fn a_channel_that_the_bot_is_not_in_is_asked_for_again() {
    let chats = Chats::start().await;
    chats.slack.add_channel("C0789", "approvals");
    chats.slack.add_channel("C0111", "sales");
    chats.slack.remove_bot("C0111");
    let error = beside(&chats, wanted(&TWO, Some("#sales")), &[]).await.err().unwrap().to_string();
    assert!(error.starts_with("--channel: Slack says not_in_channel: the bot is not in that"), "{error}");
    let (first, heard) =
        beside(&chats, asked(wanted(&TWO, Some("sales"))), &["nowhere", "approvals", ""]).await.unwrap();
    assert!(heard.contains("Slack says not_in_channel: ") && heard.contains("channel_not_found: "), "{heard}");
    assert_eq!(chat(&first, Platform::Slack).0, Some("C0789"));
    let error = beside(&chats, wanted(&TWO, None), &[]).await.err().unwrap().to_string();
    assert!(error.starts_with("nobody would be reached"), "without a chat and without mail: {error}");
}

/// Not one where an invitation would not help.
#[tokio::test]
async fn a_channel_that_nobody_can_post_to_is_asked_for_again() {
    let chats = Chats::start().await;
    chats.slack.add_channel("C0789", "approvals");
    for word in ["is_archived", "invalid_auth"] {
        chats.slack.fail_next("chat.scheduleMessage", Fault::NotOk(word.to_owned()));
        let error = beside(&chats, wanted(&TWO, Some("C0111")), &[]).await.err().unwrap().to_string();
        assert_eq!(error, format!("--channel: Slack says {word}."));
    }
    chats.slack.fail_next("chat.scheduleMessage", Fault::NotOk("is_archived".to_owned()));
    let (first, heard) = beside(&chats, asked(wanted(&TWO, Some("C0111"))), &["approvals", ""]).await.unwrap();
    assert!(heard.contains("Slack says is_archived."), "{heard}");
    assert_eq!(chat(&first, Platform::Slack).0, Some("C0789"));
}

/// Whoever names a workspace or a tenant wants to be asked there.
#[tokio::test]
async fn a_place_without_a_conversation_is_half_an_answer() {
    let chats = Chats::start().await;
    let slack =
        || Wanted { slack: Named { conversation: None, place: Some("T0123".to_owned()) }, ..wanted(&TWO, None) };
    let teams = || Wanted { teams: Named { conversation: None, place: Some(TENANT.to_owned()) }, ..wanted(&TWO, None) };
    for (wanted, flags) in [
        (slack as fn() -> Wanted, "--slack-team without --channel"),
        (teams, "--teams-tenant without --teams-conversation"),
    ] {
        let error = alone(wanted(), &[]).await.err().unwrap().to_string();
        assert!(error.starts_with(flags), "{error}");
        let error = beside(&chats, wanted(), &[]).await.err().unwrap().to_string();
        assert!(error.starts_with(flags), "{error}");
    }
}

/// Mail may be all that is wanted.
#[tokio::test]
async fn slack_is_asked_for_nothing_before_a_channel_is_named() {
    let chats = Chats::start().await;
    chats.slack.fail_always("auth.test", Some(Fault::NotOk("invalid_auth".to_owned())));
    let (first, _) = beside(&chats, asked(wanted(&TWO, None)), &["", CONVERSATION]).await.unwrap();
    assert!(first.asks(Platform::Slack).is_none());
}

/// Somebody may invite the bot later.
#[tokio::test]
async fn an_id_is_taken_although_the_bot_is_not_there_yet() {
    let chats = Chats::start().await;
    chats.slack.remove_bot("C0111");
    let (first, heard) = beside(&chats, wanted(&TWO, Some("C0111")), &[]).await.unwrap();
    assert!(heard.contains("Slack says not_in_channel: the bot is not in that channel"), "{heard}");
    assert_eq!(chat(&first, Platform::Slack).0, Some("C0111"));
    let said = told(Path::new("policy.toml"), &first, None);
    assert!(said.contains("Say `/invite @Countersign` in the Slack channel C0111."), "{said}");
    let elsewhere = "19:elsewhere@thread.tacv2";
    chats.teams.fail_always(Operation::Member, Some(TeamsFault::Refused { status: 403, code: "Blocked".to_owned() }));
    let (first, heard) = beside(&chats, in_teams(elsewhere, None), &[]).await.unwrap();
    assert!(heard.contains(&format!("the people of the conversation {elsewhere} cannot be read: Blocked.")), "{heard}");
    assert_eq!(chat(&first, Platform::Teams), (Some(elsewhere), vec![None, None]));
    let said = told(Path::new("policy.toml"), &first, None);
    assert!(said.contains(&format!("Add the app to the Teams conversation {elsewhere}.")), "{said}");
    assert!(said.contains("Ada in Teams, Grace in Teams") && said.contains("--look-up-people"), "{said}");
    read(&first);
}

/// The line is what the bot says when it is added.
#[tokio::test]
async fn people_are_found_in_both_chats_and_the_tenant_is_that_of_the_app() {
    let chats = Chats::start().await;
    chats.slack.add_channel("C0789", "approvals");
    chats.slack_user("U1", "ada@example.com", |profile| profile.real_name = "Ada Lovelace".to_owned());
    let ada = chats.teams_user(1, "ada@example.com", TENANT).object_id;
    let grace = chats.teams_user(2, "Grace@example.com", TENANT).object_id;
    let line = format!("teams_conversation = \"{CONVERSATION}\"");
    let (first, heard) = beside(&chats, asked(wanted(&TWO, None)), &["approvals", "general", &line]).await.unwrap();
    assert!(heard.contains("That is not the id of a Teams conversation"), "{heard}");
    assert!(heard.contains("Grace (grace) is not known to Slack"), "{heard}");
    assert_eq!(chat(&first, Platform::Slack), (Some("C0789"), vec![Some("U1"), None]));
    assert_eq!(chat(&first, Platform::Teams), (Some(CONVERSATION), vec![Some(ada.as_str()), Some(grace.as_str())]));
    let policy = read(&first);
    let person = policy.person(Platform::Teams, &[TENANT], &ada).unwrap();
    assert_eq!((person.name.as_str(), person.on(Platform::Slack).unwrap().id.as_str()), ("Ada Lovelace", "U1"));
    assert_eq!(policy.rules["calculation"].conversation(Platform::Teams), Some(CONVERSATION));
    let json = as_json(Path::new("policy.toml"), &first);
    assert_eq!((&json["teamsTenant"], &json["teamsConversation"]), (&TENANT.into(), &CONVERSATION.into()), "{json:#}");
    assert_eq!((&json["people"][0]["slack"], &json["people"][0]["teams"]), (&"U1".into(), &ada.into()), "{json:#}");
    let said = told(Path::new("policy.toml"), &first, None);
    assert!(said.contains("in a chat: Somebody in Slack.") && !said.contains("Add the app"), "{said}");
}

#[tokio::test]
async fn a_stack_is_asked_about_the_chats_that_it_has() {
    let mut chats = Chats::start().await;
    let all = chats.secret.clone();
    let with = |key: &str| all.as_object().unwrap().clone().into_iter().filter(|(it, _)| it.starts_with(key)).collect();
    chats.secret = with("teams");
    let (first, heard) = beside(&chats, asked(wanted(&TWO, None)), &[CONVERSATION]).await.unwrap();
    assert!(!heard.contains("Slack") && first.asks(Platform::Slack).is_none(), "{heard}");
    chats.secret = with("slack");
    let (first, heard) = beside(&chats, asked(wanted(&TWO, None)), &["C0789"]).await.unwrap();
    assert!(!heard.contains("Teams") && first.asks(Platform::Teams).is_none(), "{heard}");
    let by_flag = || in_teams(CONVERSATION, Some(TENANT));
    let (first, _) = beside(&chats, by_flag(), &[]).await.unwrap();
    assert_eq!(chat(&first, Platform::Teams), (Some(CONVERSATION), vec![None, None]), "a push may know them");
    let id = "7C1B2D3E-4F50-4A6B-8C7D-000000000001";
    let (first, heard) = beside(&chats, asked(by_flag()), &["", "ada", id, ""]).await.unwrap();
    assert!(heard.contains("Ada (ada)'s Object ID in Entra, a GUID, or Enter to have a push look it up"), "{heard}");
    assert_eq!(chat(&first, Platform::Teams).1, [Some(id.to_lowercase().as_str()), None]);
    let error = beside(&chats, in_teams(CONVERSATION, None), &[]).await.err().unwrap().to_string();
    assert!(error.starts_with("say with --teams-tenant whose members are let in"), "{error}");
}

/// Whoever asks may choose the name of their profile, and requests are known by names too.
#[tokio::test]
async fn no_profile_takes_the_name_of_somebody_else() {
    let chats = Chats::start().await;
    chats.slack.add_channel("C0789", "approvals");
    for name in ["Grace", "ＧＲＡＣＥ", "grace", "mallory-2", "Mallory (mallory-2)"] {
        chats.slack_user("U1", "mallory@example.com", |profile| profile.real_name = name.to_owned());
        let emails = ["grace@example.com", "mallory@example.com", "mallory@example.org"];
        let (first, _) = beside(&chats, wanted(&emails, Some("approvals")), &[]).await.unwrap();
        assert_eq!(first.people[1].ids[&Platform::Slack], "U1");
        assert_eq!(first.people[1].name, "Mallory", "{name}");
        read(&first);
    }
    chats.slack_user("U1", "mallory@example.com", |profile| profile.real_name = "Mallory Grace".to_owned());
    let (first, _) =
        beside(&chats, Wanted { self_approval: true, ..wanted(&["mallory@example.com"], Some("approvals")) }, &[])
            .await
            .unwrap();
    assert_eq!(first.people[0].name, "Mallory Grace");
}

/// Some words look like ids.
#[tokio::test]
async fn an_id_is_the_whole_of_what_is_given_or_a_line_of_the_policy() {
    let chats = Chats::start().await;
    chats.slack.add_channel("C0789", "approvals");
    let prose = ["DM me, it is C0789", "CI approvals", "slack_team = \"C0789\""];
    for words in prose {
        let error = beside(&chats, wanted(&TWO, Some(words)), &[]).await.err().unwrap().to_string();
        assert!(error.starts_with("--channel: Slack says"), "{error}");
        let error = alone(wanted(&TWO, Some(words)), &[]).await.err().unwrap().to_string();
        assert!(error.starts_with("--channel: That is not"), "{error}");
    }
    for line in ["C0789", " C0789 ", "slack_channel = \"C0789\"", "slack_channel=\"C0789\""] {
        let (first, _) = beside(&chats, wanted(&TWO, Some(line)), &[]).await.unwrap();
        assert_eq!(chat(&first, Platform::Slack).0, Some("C0789"), "{line}");
    }
}

/// It becomes a line of the policy.
#[tokio::test]
async fn a_workspace_or_a_tenant_without_an_id_is_none() {
    let chats = Chats::of("acme", "acme.example").await;
    let error = beside(&chats, wanted(&TWO, Some("C0789")), &[]).await.err().unwrap().to_string();
    assert!(error.starts_with("--slack-team: `acme` is not the id of a Slack workspace"), "{error}");
    let error = beside(&chats, in_teams(CONVERSATION, None), &[]).await.err().unwrap().to_string();
    assert!(error.starts_with("--teams-tenant: `acme.example` is not the id of an Entra tenant"), "{error}");
    let place = Some("T0123".to_owned());
    let named = Wanted { slack: Named { place, conversation: Some("C0789".to_owned()) }, ..wanted(&TWO, None) };
    assert!(beside(&chats, named, &[]).await.is_ok());
}

#[tokio::test]
async fn without_a_stack_ids_are_asked_for_or_left_to_a_push() {
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
        CONVERSATION,
        TENANT,
        "U1",
        "",
        "",
        "7c1b2d3e-4f50-4a6b-8c7d-000000000002",
    ];
    let (first, heard) = alone(asked(wanted(&[], None)), &answers).await.unwrap();
    assert!(heard.contains("That is no address.") && heard.contains("That one is there."), "{heard}");
    assert!(heard.contains("Ada Lovelace (ada-lovelace)'s Member ID in Slack, U…"), "{heard}");
    let policy = read(&first);
    assert_eq!(policy.people.keys().map(|key| key.as_str()).collect::<Vec<_>>(), ["ada-lovelace", "ada-lovelace-2"]);
    assert_eq!(
        policy.people.values().map(|it| it.name.as_str()).collect::<Vec<_>>(),
        ["Ada Lovelace", "Ada Lovelace (ada-lovelace-2)"]
    );
    assert!(policy.person(Platform::Slack, &["T0123"], "U1").is_ok());
    assert_eq!(policy.rules["calculation"].conversation(Platform::Teams), Some(CONVERSATION));
    let said = told(Path::new("policy.toml"), &first, None);
    assert!(said.contains("Ada Lovelace (ada-lovelace-2) in Slack, Ada Lovelace in Teams."), "{said}");
}

#[tokio::test]
async fn mail_alone_needs_neither_a_channel_nor_a_workspace() {
    let (first, _) = alone(wanted(&TWO, None), &[]).await.unwrap();
    let policy = read(&first);
    assert!(policy.rules["calculation"].conversations.is_empty() && policy.let_in.0.is_empty());
    let said = told(Path::new("policy.toml"), &first, None);
    assert!(said.contains("by mail alone") && !said.contains("--look-up-people"), "{said}");
    let error = alone(wanted(&TWO, Some("C0789")), &[]).await.err().unwrap().to_string();
    assert!(error.starts_with("say with --slack-team"), "{error}");
    let with_team = |team: &str| {
        let slack = Named { conversation: Some("C0789".to_owned()), place: Some(team.to_owned()) };
        Wanted { slack, ..wanted(&TWO, None) }
    };
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
    let one = || asked(wanted(&["ada@example.com"], None));
    let (first, _) = alone(one(), &["n", "ada@example.com", "n", "grace@example.com", "", ""]).await.unwrap();
    assert_eq!((first.people.len(), first.self_approval), (2, false));
    let (first, _) = alone(one(), &["y", "", ""]).await.unwrap();
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
