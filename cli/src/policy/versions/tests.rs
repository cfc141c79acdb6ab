//! Pushing, reading and comparing versions, against a small AWS.

use std::sync::Mutex;

use countersign_bot::ports::Policies;
use jiff::Timestamp;
use serde_json::json;

use super::Versions;
use crate::aws::Aws;
use crate::aws::fake::{self, Account};
use crate::policy::written::{self, Pushed};

const POLICY: &str = "[people.ada]\nname = \"Ada\"\nemail = \"ada@example.com\"\n[people.grace]\nname = \"Grace\"\n\
    email = \"grace@example.com\"\n[policies.pay]\napprovers = [\"ada\"]\n[commands.pay]\nstate_machine = \"payments\"\n\
    policy = \"pay\"\n";

fn now() -> Timestamp {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

async fn account() -> Aws {
    let outputs = [("TableName", "approvals"), ("StateMachines", "payments=arn:aws:states:eu-west-1:1:stateMachine:p")];
    let outputs = outputs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    fake::serve(Account {
        stacks: [("countersign".to_owned(), ("UPDATE_COMPLETE".to_owned(), outputs.into()))].into(),
        tables: Mutex::new([("approvals".to_owned(), [].into())].into()),
        ..Account::default()
    })
    .await
}

async fn versions(aws: &Aws) -> Versions {
    Versions::at(aws.clone(), "countersign").await.unwrap()
}

async fn push(versions: &Versions, text: &str) -> Pushed {
    versions.push(text.to_owned(), now(), async |_| Ok(true)).await.unwrap()
}

/// The policy with two who approve.
fn of_two() -> String {
    POLICY.replace("[\"ada\"]", "[\"ada\", \"grace\"]\nrequired = 2")
}

#[tokio::test]
async fn what_is_pushed_is_in_force_and_says_by_whom() {
    let aws = account().await;
    let versions = versions(&aws).await;
    let first = push(&versions, POLICY).await;
    assert!(first.text().ends_with("Version 1 is in force. The functions go by it within a minute."), "{first:?}");
    let current = versions.current().await.unwrap().unwrap();
    assert_eq!((current.number, current.pushed_by.as_str(), current.pushed_at), (1, fake::CALLER, now()));
    assert_eq!(current.text, POLICY);
    assert!(versions.in_force().await.unwrap().rules.contains_key("pay"));
    let again = push(&versions, POLICY).await;
    assert!(again.is_well() && again.text() == "This is version 1, which is in force.", "{again:?}");
    assert_eq!(versions.current().await.unwrap().unwrap().number, 1);
}

#[tokio::test]
async fn whoever_pushes_is_shown_the_changes_and_may_leave_it() {
    let aws = account().await;
    let versions = versions(&aws).await;
    push(&versions, POLICY).await;
    let mut shown = String::new();
    let left = versions.push(of_two(), now(), async |what: String| {
        shown = what;
        Ok(false)
    });
    let left = left.await.unwrap();
    assert_eq!(
        shown,
        "This changes, against version 1:\n  Grace (grace) may approve under pay\n  required of policy pay: 2, and was 1"
    );
    assert!(!left.is_well());
    assert_eq!(left.json()["outcome"], "notConfirmed");
    assert_eq!(left.json()["changes"][0]["kind"], "mayApprove");
    assert_eq!(versions.current().await.unwrap().unwrap().number, 1);
}

#[tokio::test]
async fn of_two_who_push_on_the_same_version_one_is_told_who_was_faster() {
    let aws = account().await;
    let versions = versions(&aws).await;
    push(&versions, POLICY).await;
    let other = Versions::at(aws.clone(), "countersign").await.unwrap();
    let late = versions.push(POLICY.replace("Ada", "Ada Lovelace"), now(), async |_| {
        assert!(push(&other, &of_two()).await.is_well());
        Ok(true)
    });
    let late = late.await.unwrap();
    assert!(!late.is_well());
    assert!(late.text().starts_with(&format!("Nothing was pushed: {} was faster, with version 2", fake::CALLER)));
    assert_eq!(late.json()["version"]["number"], 2);
    assert_eq!(versions.current().await.unwrap().unwrap().text, of_two());
}

#[tokio::test]
async fn what_the_functions_would_not_use_is_not_pushed() {
    let aws = account().await;
    let versions = versions(&aws).await;
    let invalid = push(&versions, "[policies.pay]\n").await;
    assert!(invalid.json()["problems"][0].as_str().unwrap().starts_with("line 1: "), "{invalid:?}");
    let unknown = push(&versions, &POLICY.replace("payments", "refunds")).await;
    assert_eq!(
        unknown.text(),
        "The functions would not use it:\ncommands.pay starts the state machine `refunds`, which is not known here"
    );
    assert!(!unknown.is_well());
    assert_eq!(versions.current().await.unwrap(), None);
}

#[tokio::test]
async fn versions_are_listed_and_compared_and_come_back() {
    let aws = account().await;
    let versions = versions(&aws).await;
    let nothing = versions.compare(None, None).await.err().unwrap().to_string();
    assert_eq!(nothing, "no policy is in force: nobody has pushed one yet; push it with `countersign policy push`");
    push(&versions, POLICY).await;
    push(&versions, &of_two()).await;
    let back = versions.version(1).await.unwrap().text;
    assert!(push(&versions, &back).await.is_well());
    let (current, listed) = versions.history(20).await.unwrap();
    assert_eq!(written::history_json(current, &listed)["inForce"], 3);
    let history = written::history(current, &listed);
    let lines: Vec<&str> = history.lines().collect();
    assert_eq!(lines.len(), 3);
    let hash = listed[0].hash.short();
    assert_eq!(lines[0], format!("*    3  2026-11-23 10:00:00Z  {hash}  {}", fake::CALLER));
    assert_eq!((listed[0].hash, &listed[0].text), (listed[2].hash, &listed[2].text), "it is the same text again");

    let told = |compared| written::compared(&compared);
    let latest = told(versions.compare(None, None).await.unwrap());
    assert!(latest.starts_with("2 changes from version 2 to version 3:\n  Grace (grace) may no longer"), "{latest}");
    let since = told(versions.compare(Some("1"), None).await.unwrap());
    assert_eq!(since, "0 changes from version 1 to version 3:\n  nothing but the words of the file");
    let between = versions.compare(Some("1"), Some("2")).await.unwrap();
    assert_eq!(written::compared_json(&between)["changes"][1]["rule"], json!("required"));
    let first = told(versions.compare(Some("0"), Some("1")).await.unwrap());
    assert!(first.contains("policy pay is new"), "{first}");
    let gone = versions.compare(Some("9"), None).await.err().unwrap().to_string();
    assert_eq!(gone, "there is no version 9");
}

#[tokio::test]
async fn a_version_that_cannot_be_used_is_not_explained_by() {
    let aws = account().await;
    let versions = versions(&aws).await;
    push(&versions, POLICY).await;
    let store = countersign_bot::aws::dynamodb::DynamoDbStore::new(aws.config(), "approvals".to_owned());
    let broken = countersign_bot::approval::policy_version::PolicyVersion::after(
        1,
        "[policies.pay]\n".to_owned(),
        "somebody".to_owned(),
        now(),
    );
    assert!(store.push(&broken).await.unwrap());
    let problem = versions.in_force().await.err().unwrap().to_string();
    assert!(problem.starts_with("version 2 cannot be used: line 1"), "{problem}");
}
