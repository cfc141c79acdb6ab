//! What auditors ask for: the approvals of a period in a file, each line with its proof, and a tampered trail found.

use std::sync::Arc;

use anyhow::Context;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use countersign_bot::approval::audit::{Entry, verify};
use countersign_bot::approval::ids::ApprovalId;
use countersign_bot::approval::state::Status;
use countersign_bot::lambda::metrics::TIME_TO_DECISION;
use countersign_bot::ports::{Clock, SystemClock};
use countersign_tests::cases;
use countersign_tests::harness::Shared;
use countersign_tests::patience::until;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::calculation::Calculation;
use crate::support::emulators::{Case, Emulators};
use crate::support::ministack;
use crate::support::stack::{NAME, Stack};

pub(crate) fn cases() -> Vec<Case> {
    cases![a_period_is_exported_and_a_tampered_trail_is_found, each_entry_is_copied_and_locked]
}

/// Approved, rejected and run out, and each on its line in both formats; what is changed in the table is found.
async fn a_period_is_exported_and_a_tampered_trail_is_found(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.stack().await?;
    let ids = ended(stack).await?;
    let (_, lines, code) = export(&emulators, stack, "jsonl", "first").await?;
    let rows: Vec<Value> = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    assert_eq!(code, Some(0), "{rows:#?}");
    for (id, status) in &ids {
        let row = of(&rows, id)?;
        assert_eq!((&row["outcome"], &row["chain"]), (&json!(status.as_str()), &json!("whole")), "{row:#}");
        let seconds = row["seconds"].as_i64().context("it has ended")?;
        assert!((0..600).contains(&seconds) && row["lastHash"].is_string(), "{row:#}");
    }
    let [approved, rejected, expired] = [&ids[0].0, &ids[1].0, &ids[2].0];
    let decision = |id| Ok::<_, anyhow::Error>(of(&rows, id)?["decisions"][0].clone());
    let said = decision(rejected)?;
    assert_eq!((&said["person"], &said["verdict"]), (&json!("grace"), &json!("reject")));
    assert_eq!(said["comment"], "=not this month");
    assert_eq!(decision(approved)?["verdict"], "approve");
    assert_eq!(decision(expired)?, Value::Null);

    let (csv, text, _) = export(&emulators, stack, "csv", "second").await?;
    assert!(ids.iter().all(|(id, _)| text.contains(id.as_str())), "{text}");
    let verify = ["audit", "verify-export", &csv, "--stack", NAME];
    let whole = [&verify[..], &["--from", "2026-01-01", "--to", "2026-01-31"]].concat();
    let (report, code) = stack.countersign(&emulators, &whole).await?;
    assert_eq!((&report["missing"], code), (&json!(0), Some(0)), "{report:#}");
    let (report, code) = stack.countersign(&emulators, &verify).await?;
    assert_eq!((&report["ok"], code), (&json!(true), Some(0)), "{report:#}");

    let before = change(stack, approved, |entry| entry.replace("\"approve\"", "\"reject\"")).await?;
    let (_, lines, code) = export(&emulators, stack, "jsonl", "third").await?;
    let rows: Vec<Value> = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let row = of(&rows, approved)?;
    assert_eq!((&row["chain"], code), (&json!("broken"), Some(1)), "{row:#}");
    let (report, code) = stack.countersign(&emulators, &verify).await?;
    let problem = report["problems"][0]["text"].as_str().unwrap_or_default();
    assert!(problem.starts_with(approved.as_str()) && problem.contains("was changed"), "{report:#}");
    assert_eq!((&report["wrong"], code), (&json!(1), Some(1)));
    // The other cases on this table find it as it was.
    change(stack, approved, |_| before).await?;
    Ok(())
}

/// The stream of the table, the mapping with its filter, the function and the bucket, as the template has them.
async fn each_entry_is_copied_and_locked(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let parameters = ["TrailArchiveDays=7".to_owned(), "TrailArchiveMode=COMPLIANCE".to_owned()];
    let stack = Stack::deploy_with(&emulators, "archive", &parameters).await?;
    let (client, bucket) = (stack.ministack.client(), stack.output("TrailArchiveName"));
    stack.ministack.run_script(include_str!("support/lock.py"), [bucket, "COMPLIANCE", "7"].into_iter()).await?;
    let calculation = Calculation::run(&stack, stack.output("StateMachineArn"), 64, 7).await?;
    calculation.decide("grace", "approve", None).await?;
    calculation.ended().await?;
    let record = calculation.finished(Status::Approved).await?;
    let (keys, entries) = until("the whole trail is in the bucket", async || {
        let listed = client.text("s3", &format!("/{bucket}?list-type=2&prefix={}%2F", record.id)).await?;
        let mut keys: Vec<String> = between(&listed, "<Key>", "</Key>").collect();
        keys.sort();
        let mut entries = Vec::new();
        for key in &keys {
            entries.push(serde_json::from_str::<Entry>(&client.text("s3", &format!("/{bucket}/{key}")).await?)?);
        }
        Ok(verify(&record.id, &entries, &record.audit).is_ok().then_some((keys, entries)))
    })
    .await?;
    assert_eq!(entries, calculation.history(&record.id).await?);
    assert_eq!(keys[0], format!("{}/000001-{}.json", record.id, entries[0].hash));
    let lock = client.text("s3", &format!("/{bucket}/{}?retention", keys[0])).await?;
    assert!(lock.contains("<Mode>COMPLIANCE</Mode>"), "{lock}");
    // Nothing else of the table gets there: neither the record nor the policy.
    let all = client.text("s3", &format!("/{bucket}?list-type=2")).await?;
    assert!(between(&all, "<Key>", "</Key>").all(|key| key.starts_with("apr_")), "{all}");
    // How long it took is measured once, whichever function has recorded the end.
    let measured = until("the end is measured", async || {
        let measured = measured(&client).await?;
        Ok((!measured.is_empty()).then_some(measured))
    })
    .await?;
    let [line] = &measured[..] else { panic!("{measured:#?}") };
    assert_eq!((&line["Policy"], &line["Outcome"]), (&json!("calculation"), &json!("approved")), "{line:#}");
    // Whoever copies them once more finds them there.
    let now = SystemClock.now();
    let (from, to) = (day(now - SignedDuration::from_hours(1)), day(now + SignedDuration::from_mins(1)));
    let again = ["audit", "archive", "--stack", NAME, "--from", &from, "--to", &to];
    let (copied, code) = stack.countersign(&emulators, &again).await?;
    assert_eq!((&copied["copied"], &copied["approvals"], code), (&json!(0), &json!(1), Some(0)), "{copied:#}");
    Ok(())
}

/// What the functions have printed of how long an approval took.
async fn measured(client: &ministack::Client) -> anyhow::Result<Vec<Value>> {
    let mut lines = Vec::new();
    for function in ["webhook", "notifier", "reconciler"] {
        let group = json!({ "logGroupName": format!("/aws/lambda/{NAME}-{function}") });
        let logged = client.operate("logs", "Logs_20140328.FilterLogEvents", &group).await?;
        let messages = logged["events"].as_array().into_iter().flatten().filter_map(|event| event["message"].as_str());
        let measured = messages.filter_map(|message| serde_json::from_str::<Value>(message).ok());
        lines.extend(measured.filter(|line| line[TIME_TO_DECISION].is_number()));
    }
    Ok(lines)
}

/// What stands between two marks, as often as it does.
fn between<'a>(text: &'a str, start: &'a str, end: &'a str) -> impl Iterator<Item = String> + 'a {
    text.split(start).skip(1).filter_map(move |rest| Some(rest.split_once(end)?.0.to_owned()))
}

/// An approval of each kind, with nothing left to do about any.
async fn ended(stack: &Stack) -> anyhow::Result<Vec<(ApprovalId, Status)>> {
    let machine = stack.output("StateMachineArn");
    let short = stack.machine_with_timeout("short-for-auditors", 20).await?;
    let approved = Calculation::run(stack, machine, 61, 7).await?;
    let rejected = Calculation::run(stack, machine, 62, 7).await?;
    let expired = Calculation::run(stack, &short, 63, 7).await?;
    approved.decide("grace", "approve", None).await?;
    rejected.decide("grace", "reject", Some("=not this month")).await?;
    let mut ids = Vec::new();
    for (calculation, status) in
        [(approved, Status::Approved), (rejected, Status::Rejected), (expired, Status::Expired)]
    {
        calculation.ended().await?;
        ids.push((calculation.finished(status).await?.id, status));
    }
    Ok(ids)
}

/// Exports today into a file of this name: its path, what is in it, and the exit code.
async fn export(
    emulators: &Emulators,
    stack: &Stack,
    format: &str,
    name: &str,
) -> anyhow::Result<(String, String, Option<i32>)> {
    // The cases may run over midnight.
    let now = SystemClock.now();
    let (from, to) = (day(now - SignedDuration::from_hours(1)), day(now + SignedDuration::from_mins(1)));
    let path = emulators.folder().join(format!("{name}.{format}"));
    let path = path.to_str().context("the folder has a name in UTF-8")?;
    let asked =
        ["audit", "export", "--stack", NAME, "--from", &from, "--to", &to, "--format", format, "--output", path];
    let output = stack.program(emulators, &asked).await?;
    let text = std::fs::read_to_string(path);
    let text = text.with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok((path.to_owned(), text, output.status.code()))
}

/// A day of UTC, as the program takes it.
fn day(at: Timestamp) -> String {
    at.strftime("%F").to_string()
}

fn of<'a>(rows: &'a [Value], id: &ApprovalId) -> anyhow::Result<&'a Value> {
    let mut found = rows.iter().filter(|row| row["approval"] == id.as_str());
    let row = found.next().with_context(|| format!("{id} is in the export"))?;
    anyhow::ensure!(found.next().is_none(), "{id} is there once");
    Ok(row)
}

/// Changes the entry in which the vote is, past the bot, and gives it as it was.
async fn change(stack: &Stack, id: &ApprovalId, change: impl FnOnce(String) -> String) -> anyhow::Result<String> {
    let client = Client::new(&stack.ministack.sdk_config());
    let table = stack.output("TableName");
    let query = client.query().table_name(table).key_condition_expression("id = :id");
    let items = query.expression_attribute_values(":id", AttributeValue::S(id.to_string())).send().await?.items;
    let text = |item: &std::collections::HashMap<String, AttributeValue>| Some(item.get("entry")?.as_s().ok()?.clone());
    let voted =
        items.unwrap_or_default().into_iter().find(|item| text(item).is_some_and(|it| it.contains("\"voted\"")));
    let mut item = voted.context("somebody has voted")?;
    let before = text(&item).context("it is an entry")?;
    item.insert("entry".to_owned(), AttributeValue::S(change(before.clone())));
    client.put_item().table_name(table).set_item(Some(item)).send().await?;
    Ok(before)
}
