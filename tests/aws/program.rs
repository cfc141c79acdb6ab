//! The program `countersign` against the deployed system, as an operator calls it on a machine without the AWS command
//! line.

use std::sync::Arc;

use anyhow::Context;
use countersign_bot::approval::state::Status;
use countersign_tests::cases;
use serde_json::Value;

use crate::support::calculation::Calculation;
use crate::support::emulators::{Case, Emulators};
use crate::support::stack::NAME;

pub(crate) fn cases() -> Vec<Case> {
    cases![the_doctor_finds_all_well, the_doctor_names_what_is_not_there, an_audit_trail_is_whole]
}

async fn the_doctor_finds_all_well(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let (report, code) = emulators.stack().await?.countersign(&emulators, &["doctor", "--stack", NAME]).await?;
    let checks = report["checks"].as_array().context("there is a report")?;
    let not_ok: Vec<&Value> = checks.iter().filter(|check| check["verdict"] != "ok").collect();
    assert!(not_ok.is_empty(), "{not_ok:#?}");
    assert_eq!((checks.len(), &report["ok"], code), (23, &Value::Bool(true), Some(0)), "{report:#}");
    Ok(())
}

async fn the_doctor_names_what_is_not_there(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let (report, code) = emulators.stack().await?.countersign(&emulators, &["doctor", "--stack", "nowhere"]).await?;
    assert_eq!((&report["checks"][0]["name"], &report["checks"][0]["verdict"]), (&"stack".into(), &"fail".into()));
    let text = report["checks"][0]["text"].as_str().unwrap_or_default();
    assert!(text.contains("DescribeStacks") && text.contains("nowhere"), "{report:#}");
    assert_eq!(code, Some(1));
    Ok(())
}

async fn an_audit_trail_is_whole(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.stack().await?;
    let calculation = Calculation::start(stack, 43, 2).await?;
    calculation.decide("grace", "approve", None).await?;
    calculation.ended().await?;
    let approval = calculation.finished(Status::Approved).await?;
    let id = approval.id.to_string();
    let (verified, code) = stack.countersign(&emulators, &["audit", "verify", &id, "--stack", NAME]).await?;
    assert_eq!((&verified["ok"], code), (&Value::Bool(true), Some(0)), "{verified:#}");
    let (shown, _) = stack.countersign(&emulators, &["audit", "show", &id, "--stack", NAME]).await?;
    let entries = shown["entries"].as_array().context("the entries are shown")?;
    assert_eq!(Some(entries.len()), shown["count"].as_u64().and_then(|count| usize::try_from(count).ok()));
    assert_eq!(entries, serde_json::to_value(calculation.history(&approval.id).await?)?.as_array().unwrap());
    Ok(())
}
