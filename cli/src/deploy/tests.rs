//! Deployments on a small AWS: what is asked, what is said, and what is left alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Mutex;
use std::time::Duration;

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use serde_json::json;

use super::answers::Answers;
use super::cloud::Cloud;
use super::deployable::Deployable;
use super::remove::{Removal, remove};
use super::report::Outcome;
use super::run::{Order, deploy};
use super::{first_policy, guided};
use crate::aws::fake::cloud::{Cloud as FakeCloud, Deployed};
use crate::aws::fake::{Account, serve};
use crate::person::scripted::Scripted;

const BUCKET: &str = "countersign-code-123456789012-eu-west-1";
const POLICY: &str = "[people.ada]\nname = \"Ada\"\nemail = \"ada@example.com\"\n[policies.p]\napprovers = [\"ada\"]\n";

fn now() -> Timestamp {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

async fn cloud(fake: FakeCloud) -> Cloud {
    let tables = Mutex::new([("table".to_owned(), BTreeMap::new())].into());
    let account = Account { cloud: Mutex::new(fake), tables, ..Account::default() };
    let mut cloud = Cloud::of(serve(account).await, now).await.unwrap();
    cloud.pace = Duration::from_millis(1);
    cloud
}

/// A release with one zip, in a folder that goes with the test.
fn order(folder: &tempfile::TempDir) -> Order {
    let name = format!("webhook-arm64-{}.zip", &HEXLOWER.encode(digest(&SHA256, b"zip").as_ref())[..32]);
    fs::create_dir_all(folder.path().join("zips")).unwrap();
    fs::write(folder.path().join("zips").join(&name), "zip").unwrap();
    let template = json!({
        "Parameters": { "Architecture": { "AllowedValues": ["arm64"] }, "MailFrom": { "Default": "" } },
        "Resources": { "Webhook": { "Code": name } },
        "Outputs": { "Version": { "Value": "0.1.0" } },
    });
    fs::write(folder.path().join("template.json"), template.to_string()).unwrap();
    Order {
        stack: "countersign".to_owned(),
        deployable: Deployable::find(Some(folder.path())).unwrap(),
        parameters: BTreeMap::from([("MailFrom".to_owned(), "a@example.com".to_owned())]),
        arch: None,
        bucket: None,
        tags: Vec::new(),
        policy: Some(POLICY.to_owned()),
        may_lose_data: None,
    }
}

fn makes_a_function() -> FakeCloud {
    FakeCloud { next: vec![("Add", "Webhook", "AWS::Lambda::Function", "")], ..FakeCloud::default() }
}

fn in_status(status: &str) -> FakeCloud {
    let deployed = Deployed { status: status.to_owned(), ..Deployed::default() };
    FakeCloud { stacks: [("countersign".to_owned(), deployed)].into(), ..makes_a_function() }
}

#[tokio::test]
async fn a_first_deployment_makes_the_bucket_asks_twice_and_pushes_the_policy() {
    let (folder, cloud) = (tempfile::tempdir().unwrap(), cloud(makes_a_function()).await);
    let mut person = Scripted::answering(&["y", "yes"]);
    let report = deploy(&cloud, &order(&folder), now(), &mut person).await.unwrap();
    assert_eq!((report.outcome, report.policy), (Outcome::Created, Some(first_policy::Standing::InForce)));
    for words in
        [BUCKET, "Uploading webhook-arm64-", "made: Webhook (AWS::Lambda::Function)", "made Webhook", "Version 1"]
    {
        assert!(person.has_heard(words), "{words}: {:#?}", person.heard);
    }
    // The same again finds all of it there.
    let mut person = Scripted::default();
    let report = deploy(&cloud, &order(&folder), now(), &mut person).await.unwrap();
    assert_eq!((report.outcome, person.heard), (Outcome::Unchanged, vec!["There is nothing to change.".to_owned()]));
}

#[tokio::test]
async fn nothing_is_changed_unless_somebody_agrees() {
    let (folder, cloud) = (tempfile::tempdir().unwrap(), cloud(makes_a_function()).await);
    let mut person = Scripted::answering(&[""]);
    let report = deploy(&cloud, &order(&folder), now(), &mut person).await.unwrap();
    assert_eq!(report.outcome, Outcome::Declined);
    assert!(cloud.find("countersign").await.unwrap().is_none(), "no empty stack is left");
}

#[tokio::test]
async fn a_failure_names_the_resource_and_the_next_call_offers_to_begin_anew() {
    let fake = FakeCloud { fails: Some(("Webhook", "The role is not there")), ..makes_a_function() };
    let (folder, cloud) = (tempfile::tempdir().unwrap(), cloud(fake).await);
    let report = deploy(&cloud, &order(&folder), now(), &mut Scripted::answering(&["y"])).await.unwrap();
    assert_eq!(report.outcome, Outcome::Failed("ROLLBACK_COMPLETE".to_owned()));
    assert_eq!((&*report.failures[0].resource, &*report.failures[0].reason), ("Webhook", "The role is not there"));
    let mut person = Scripted::answering(&["n"]);
    let report = deploy(&cloud, &order(&folder), now(), &mut person).await.unwrap();
    assert_eq!(report.outcome, Outcome::Declined);
    assert!(person.has_heard("Webhook (AWS::X::Y): The role is not there"), "{:#?}", person.heard);
    assert_eq!(cloud.find("countersign").await.unwrap().unwrap().status, "ROLLBACK_COMPLETE");
    // The fake has nothing more to change, and what was ruined is gone.
    let report = deploy(&cloud, &order(&folder), now(), &mut Scripted::answering(&["y"])).await;
    assert!(report.is_err() && cloud.find("countersign").await.unwrap().unwrap().status == "REVIEW_IN_PROGRESS");
}

#[tokio::test]
async fn a_stack_that_only_waits_for_review_is_made() {
    let (folder, cloud) = (tempfile::tempdir().unwrap(), cloud(in_status("REVIEW_IN_PROGRESS")).await);
    let report = deploy(&cloud, &order(&folder), now(), &mut Scripted::answering(&["y", "y"])).await.unwrap();
    assert_eq!(report.outcome, Outcome::Created);
}

#[tokio::test]
async fn a_pipeline_loses_no_data_by_accident() {
    let next = vec![("Modify", "Approvals", "AWS::DynamoDB::Table", "True")];
    let fake = FakeCloud { next, ..in_status("CREATE_COMPLETE") };
    let (folder, cloud) = (tempfile::tempdir().unwrap(), cloud(fake).await);
    let order = Order { may_lose_data: Some(false), ..order(&folder) };
    let mut person = Scripted::default();
    let refused = deploy(&cloud, &order, now(), &mut person).await.unwrap_err().to_string();
    assert!(refused.contains("--lose-data"), "{refused}");
    assert!(
        person.has_heard("! replaced: Approvals (AWS::DynamoDB::Table). WHAT IS IN IT IS LOST"),
        "{:?}",
        person.heard
    );
    assert_eq!(cloud.find("countersign").await.unwrap().unwrap().status, "CREATE_COMPLETE");
}

#[tokio::test]
async fn a_bucket_of_somebody_else_gets_nothing() {
    let taken = [(BUCKET.to_owned(), ("999999999999".to_owned(), BTreeSet::new()))].into();
    let fake = FakeCloud { buckets: taken, ..makes_a_function() };
    let (folder, cloud) = (tempfile::tempdir().unwrap(), cloud(fake).await);
    let refused = deploy(&cloud, &order(&folder), now(), &mut Scripted::default()).await.unwrap_err().to_string();
    assert!(refused.contains("belongs to another account") && refused.contains("--bucket"), "{refused}");
}

#[tokio::test]
async fn a_parameter_that_the_template_does_not_have_is_refused() {
    let (folder, cloud) = (tempfile::tempdir().unwrap(), cloud(makes_a_function()).await);
    let parameters = BTreeMap::from([("MailForm".to_owned(), String::new())]);
    let order = Order { parameters, ..order(&folder) };
    let refused = deploy(&cloud, &order, now(), &mut Scripted::default()).await.unwrap_err().to_string();
    assert_eq!(refused, "the template has no parameter MailForm");
}

#[tokio::test]
async fn what_is_removed_is_named_and_typed() {
    let cloud = cloud(in_status("CREATE_COMPLETE")).await;
    let mut person = Scripted::answering(&["another"]);
    let (removal, _) = remove(&cloud, "countersign", None, &mut person).await.unwrap();
    assert_eq!(removal, Removal::Declined);
    assert!(person.has_heard("-Approvals (AWS::DynamoDB::Table)"), "{:?}", person.heard);
    let (removal, _) = remove(&cloud, "countersign", None, &mut Scripted::answering(&["countersign"])).await.unwrap();
    assert_eq!(removal, Removal::Removed);
    let (removal, _) = remove(&cloud, "countersign", None, &mut Scripted::default()).await.unwrap();
    assert_eq!(removal, Removal::Absent);
}

#[test]
fn what_is_asked_for_has_a_proposal() {
    let mut person =
        Scripted::answering(&["", "", "teams, slak", "teams slack", "bot@example.com", "-", "", "policy.toml"]);
    let answers = guided::ask(Answers::default(), Some("eu-west-1"), &mut person).unwrap();
    let parameters = [("AlarmEmail", ""), ("MailFrom", "bot@example.com"), ("ReferenceWorkflow", "true")];
    let expected = Answers {
        stack: Some("countersign".to_owned()),
        region: Some("eu-west-1".to_owned()),
        policy: Some("policy.toml".into()),
        chats: vec!["teams".to_owned(), "slack".to_owned()],
        parameters: parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ..Answers::default()
    };
    assert_eq!(answers, expected);
    assert!(person.has_heard("`slak` is no chat"));
    // Enter at every question keeps what was answered.
    let again = guided::ask(answers.clone(), None, &mut Scripted::answering(&[""; 7])).unwrap();
    assert_eq!(again, answers);
}
