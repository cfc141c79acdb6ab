//! Pushes of people who are written with their addresses alone.

use std::fs;
use std::sync::Mutex;

use super::super::written::Pushed;
use super::{Order, Outcome, push};
use crate::aws::fake::{self, Account};
use crate::directory::tests::{CONVERSATION, Chats, TENANT, now};
use crate::person::scripted::Scripted;
use crate::policy::versions::Versions;

const POLICY: &str = r#"[access]
slack_teams = ["T0123"]   # ours

[people.ada]
name = "Ada"
email = "ada@example.com"   # her own

[people.grace]
name = "Grace"
email = "grace@example.com"

[policies.pay]
approvers = ["ada", "grace"]
slack_channel = "C1"
"#;

/// A deployment that takes pushes, the chats beside it, and the file.
struct Place {
    versions: Versions,
    chats: Chats,
    folder: tempfile::TempDir,
}

impl Place {
    async fn with(policy: &str) -> Self {
        let outputs = [("TableName".to_owned(), "approvals".to_owned())];
        let aws = fake::serve(Account {
            stacks: [("countersign".to_owned(), ("UPDATE_COMPLETE".to_owned(), outputs.into()))].into(),
            tables: Mutex::new([("approvals".to_owned(), [].into())].into()),
            ..Account::default()
        });
        let versions = Versions::at(aws.await, "countersign").await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("policy.toml"), policy).unwrap();
        Self { versions, chats: Chats::start().await, folder }
    }

    fn written(&self) -> String {
        fs::read_to_string(self.folder.path().join("policy.toml")).unwrap()
    }

    async fn pushed(&self, order: &[&str], answers: &[&str]) -> anyhow::Result<(Outcome, String)> {
        let file = self.folder.path().join("policy.toml");
        let has = |word: &str| order.contains(&word);
        let order = Order { file, look_up: has("look up"), save: has("save"), can_ask: has("ask") };
        let mut person = Scripted::answering(answers);
        let directory = async || self.chats.directory().await;
        let outcome = push(&order, &self.versions, directory, now(), &mut person).await?;
        assert!(person.was_asked_everything(), "{:?}", person.heard);
        let looked_up = outcome.looked_up.as_ref().map(|looked_up| looked_up.text()).unwrap_or_default();
        assert!(!looked_up.contains("example.com"), "addresses are not printed: {looked_up}");
        Ok((outcome, person.heard.join("\n")))
    }

    async fn in_force(&self) -> String {
        self.versions.current().await.unwrap().unwrap().text
    }
}

#[tokio::test]
async fn people_are_looked_up_shown_pushed_and_saved() {
    let place = Place::with(POLICY).await;
    place.chats.slack_user("U1", "ada@example.com", |_| {});
    let (outcome, heard) = place.pushed(&["ask"], &["y", "y", "y"]).await.unwrap();
    assert!(heard.contains("no id: Ada (ada) in Slack, Grace (grace) in Slack.\nLook them up"), "{heard}");
    assert!(heard.contains("  Ada (ada) is U1 in Slack, who is called Somebody there\n"), "{heard}");
    assert!(heard.contains("  Grace (grace) is not known to Slack\n"), "{heard}");
    assert!(heard.contains("the id in Slack of Ada (ada): T0123:U1, and was none"), "{heard}");
    assert!(matches!(outcome.pushed, Pushed::Done { .. }) && outcome.saved.unwrap(), "{heard}");
    let expected = POLICY.replace("# her own\n", "# her own\nslack = \"U1\"\n");
    assert_eq!((place.written(), place.in_force().await), (expected.clone(), expected));
    let json = outcome.looked_up.unwrap().json();
    assert_eq!((&json[0]["id"], &json[1]["problem"]), (&"U1".into(), &"not known".into()), "{json:#}");
}

#[tokio::test]
async fn whoever_does_not_want_it_pushes_the_file_as_it_is() {
    let place = Place::with(POLICY).await;
    let (outcome, _) = place.pushed(&["ask"], &["n", "y"]).await.unwrap();
    assert!(outcome.looked_up.is_none() && outcome.pushed.is_well());
    assert_eq!(place.in_force().await, POLICY);
    let (_, heard) = place.pushed(&[], &[]).await.unwrap();
    assert!(heard.contains("--look-up-people looks them up"), "{heard}");
}

#[tokio::test]
async fn a_pipeline_looks_up_without_being_asked_and_leaves_the_file_alone() {
    let place = Place::with(POLICY).await;
    place.chats.slack_user("U1", "ada@example.com", |_| {});
    let (outcome, heard) = place.pushed(&["look up"], &["y"]).await.unwrap();
    assert!(heard.contains("has no ids yet: --save puts them there"), "{heard}");
    assert!(!outcome.saved.unwrap());
    assert_eq!(place.written(), POLICY);
    assert!(place.in_force().await.contains("slack = \"U1\""));
    let (outcome, _) = place.pushed(&["look up", "save"], &[]).await.unwrap();
    assert!(matches!(outcome.pushed, Pushed::Unchanged(1)) && outcome.saved.unwrap());
    assert_eq!(place.written(), place.in_force().await);
    let (_, heard) = place.pushed(&["look up"], &[]).await.unwrap();
    assert!(heard.contains("Grace (grace) is not known to Slack"), "who is not known is looked up again: {heard}");
}

/// Nobody is guessed, and neither of two who are behind one account gets it.
#[tokio::test]
async fn one_account_is_not_two_people() {
    let policy = POLICY.replace("grace@example.com", "countess@example.com");
    let place = Place::with(&policy).await;
    place.chats.slack_user("U1", "ada@example.com", |_| {});
    let linus = "[people.linus]\nname = \"Linus\"\nslack = \"T0123:U1\"\n";
    fs::write(place.folder.path().join("policy.toml"), format!("{policy}\n{linus}")).unwrap();
    let (outcome, heard) = place.pushed(&["look up"], &["y"]).await.unwrap();
    assert!(heard.contains("Ada (ada) is not looked up in Slack: the account is also that of linus"), "{heard}");
    assert!(outcome.pushed.is_well() && !outcome.looked_up.unwrap().has_found(), "{heard}");
}

/// Of whoever has no id a policy without mail has nobody, which is judged once they are looked up.
#[tokio::test]
async fn the_strict_reader_judges_what_was_found() {
    let policy = POLICY.replace("slack_channel = \"C1\"", "slack_channel = \"C1\"\nemail = \"never\"");
    let place = Place::with(&policy).await;
    let (outcome, _) = place.pushed(&["look up"], &[]).await.unwrap();
    assert!(matches!(&outcome.pushed, Pushed::Invalid(_)) && !outcome.saved.unwrap());
    for (id, address) in [("U1", "ada@example.com"), ("U2", "grace@example.com")] {
        place.chats.slack_user(id, address, |_| {});
    }
    let (outcome, _) = place.pushed(&["look up"], &["y"]).await.unwrap();
    assert!(outcome.pushed.is_well());
}

#[tokio::test]
async fn both_chats_are_asked_where_both_are_used() {
    let policy = POLICY
        .replace("# ours", &format!("# ours\nteams_tenants = [\"{TENANT}\"]"))
        .replace("slack_channel", &format!("teams_conversation = \"{CONVERSATION}\"\nslack_channel"));
    let place = Place::with(&policy).await;
    place.chats.slack_user("U1", "ada@example.com", |_| {});
    let grace = place.chats.teams_user(2, "grace@example.com", TENANT);
    let (_, heard) = place.pushed(&["look up"], &["y"]).await.unwrap();
    assert!(heard.contains("Ada (ada) is not known to Teams among the people of the conversations"), "{heard}");
    let text = place.in_force().await;
    assert!(text.contains("slack = \"U1\"") && text.contains(&format!("teams = \"{}\"", grace.object_id)), "{text}");
}

#[tokio::test]
async fn without_an_answer_nothing_is_pushed() {
    let place = Place::with(POLICY).await;
    place.chats.slack.withhold("users:read.email");
    let error = place.pushed(&["look up"], &["y"]).await.err().unwrap().to_string();
    assert!(
        error.starts_with("Ada (ada) cannot be looked up in Slack: the Slack app lacks users:read.email"),
        "{error}"
    );
    assert!(place.versions.current().await.unwrap().is_none());
}

#[tokio::test]
async fn a_file_that_somebody_else_has_changed_meanwhile_is_left_alone() {
    let place = Place::with(POLICY).await;
    place.chats.slack_user("U1", "ada@example.com", |_| {});
    let file = place.folder.path().join("policy.toml");
    assert!(super::replace(&file, "something else", "ours").unwrap_err().to_string().contains("meanwhile"));
    assert_eq!(place.written(), POLICY);
}
