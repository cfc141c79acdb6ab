//! The Teams app: what is asked, what is stored, what is written, and what is said.

use serde_json::json;
use tempfile::TempDir;

use crate::apps::teams::{Order, Report, Secrets, set_up};
use crate::person::scripted::Scripted;
use crate::secrets::tests::stage::Stage;
use crate::vendors::fake::{APP_ID, PASSWORD, TENANT};

fn order(folder: &TempDir) -> Order<'_> {
    Order { again: false, app_id: None, tenant: None, website: None, folder: folder.path() }
}

/// A stack that has what it made itself, and something of others.
async fn stage() -> Stage {
    Stage::of(json!({ "link_key": "hidden", "of_others": "kept" })).await
}

/// Sets the app up with these answers, all of which have to be asked for.
async fn run(stage: &Stage, order: &Order<'_>, answers: &[&str]) -> anyhow::Result<(Report, Scripted)> {
    let mut person = Scripted::answering(answers);
    let report = set_up(&stage.kept, &stage.vendors(), order, &mut person).await?;
    assert!(person.was_asked_everything(), "{:?}", person.heard);
    assert!(!person.has_heard(PASSWORD), "{:?}", person.heard);
    Ok((report, person))
}

#[tokio::test]
async fn the_first_time_all_three_are_stored_and_the_app_is_written() {
    let (stage, folder) = (stage().await, tempfile::tempdir().unwrap());
    let folder_of_app = folder.path().join("apps");
    let order = Order { folder: &folder_of_app, ..order(&folder) };
    let (report, person) = run(&stage, &order, &[APP_ID, TENANT, PASSWORD]).await.unwrap();
    assert!(person.has_heard("https://bot.example.com/teams/messages"), "{:?}", person.heard);
    assert!(person.has_heard("gives the app 3f2504e0-4f89-41d3-9a0c-0305e82c3301 a token"), "{:?}", person.heard);
    let expected = json!({
        "link_key": "hidden", "of_others": "kept",
        "teams_app_id": APP_ID, "teams_app_password": PASSWORD, "teams_tenant": TENANT,
    });
    assert_eq!((stage.values(), report.secrets), (expected, Secrets::Stored));
    assert_eq!(stage.secrets.lock().unwrap().count("bot"), 2, "one write");
    assert!(report.zip.as_ref().unwrap().is_file());
    let policy = report.policy().unwrap();
    assert!(policy.starts_with(&format!("[access]\nteams_tenants = [\"{TENANT}\"]\n")), "{policy}");
    let said = report.text();
    assert!(said.contains("@Countersign help") && said.contains("https://bot.example.com/teams/messages"), "{said}");
}

#[tokio::test]
async fn what_is_stored_is_asked_for_only_if_it_is_wanted() {
    let (stage, folder) = (stage().await, tempfile::tempdir().unwrap());
    let order = order(&folder);
    run(&stage, &order, &[APP_ID, TENANT, PASSWORD]).await.unwrap();
    let values = stage.values();
    let (report, person) = run(&stage, &order, &[]).await.unwrap();
    assert!(person.has_heard("--again asks for them"), "{:?}", person.heard);
    assert_eq!((report.secrets, stage.values()), (Secrets::Unchanged, values));
    let other = Order { app_id: Some(TENANT), ..order };
    let refusal = run(&stage, &other, &[]).await.err().unwrap().to_string();
    assert!(refusal.contains("--again replaces it"), "{refusal}");
    let again = Order { app_id: Some(APP_ID), tenant: Some(TENANT), again: true, ..other };
    let (report, _) = run(&stage, &again, &[PASSWORD]).await.unwrap();
    assert_eq!(report.secrets, Secrets::Stored);
}

#[tokio::test]
async fn what_cannot_be_right_is_asked_for_again_and_never_stored() {
    let (stage, folder) = (stage().await, tempfile::tempdir().unwrap());
    let order = order(&folder);
    let before = stage.values();
    for (answers, why) in [
        (&["1", "2", "3"][..], "nothing was stored"),
        (&[TENANT, TENANT, PASSWORD], "AADSTS700016"),
        (&[APP_ID, APP_ID, PASSWORD], "AADSTS90002"),
        (&[APP_ID, TENANT, "wrong"], "AADSTS7000215"),
        (&[APP_ID, TENANT, APP_ID, APP_ID, APP_ID], "nothing was stored"),
    ] {
        let refusal = run(&stage, &order, answers).await.err().unwrap().to_string();
        assert!(refusal.contains(why), "{why}: {refusal}");
        assert_eq!(stage.values(), before);
    }
    assert!(!folder.path().join("teams.zip").exists());
    let typed_again = [APP_ID, "countersign", TENANT, PASSWORD];
    let (report, _) = run(&stage, &order, &typed_again).await.unwrap();
    assert_eq!(report.secrets, Secrets::Stored);
}

#[tokio::test]
async fn somebody_who_was_faster_is_not_overwritten() {
    let (stage, folder) = (stage().await, tempfile::tempdir().unwrap());
    let theirs = json!({ "link_key": "theirs" });
    stage.secrets.lock().unwrap().meanwhile = Some(theirs.clone());
    let (report, _) = run(&stage, &order(&folder), &[APP_ID, TENANT, PASSWORD]).await.unwrap();
    assert_eq!((report.secrets, report.zip, stage.values()), (Secrets::TooLate, None, theirs));
}
