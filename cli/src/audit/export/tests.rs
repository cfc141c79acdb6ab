//! Exports of a table, whole and tampered with, and what becomes of a file that was changed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use countersign_bot::approval::audit::{Reason, What};
use countersign_bot::approval::ids::PersonId;
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::{Outcome, Verdict};
use jiff::civil::Date;
use serde_json::json;

use super::super::tests::{account_with, asked, grace, items};
use super::archive::{Copied, archive};
use super::row::FIELDS;
use super::sheet::Lines;
use super::verify::{Problem, Report, verify};
use super::*;
use crate::aws::fake;

type Table = BTreeMap<String, Vec<serde_json::Value>>;

const NOVEMBER: (Date, Date) = (jiff::civil::date(2026, 11, 1), jiff::civil::date(2026, 11, 30));

/// Long before anything that the tests ask expires.
fn now() -> Timestamp {
    "2026-12-01T08:00:00Z".parse().unwrap()
}

fn period((from, to): (Date, Date)) -> Period {
    Period::of(from, to).unwrap()
}

fn seconds_after(approval: &Approval, seconds: i64) -> Timestamp {
    approval.request.raised_at + SignedDuration::from_secs(seconds)
}

fn vote(verdict: Verdict, comment: &str) -> What {
    What::Voted {
        who: grace(),
        stands_for: vec![PersonId::parse("ada").unwrap()],
        platform: Platform::Slack,
        verdict,
        comment: Some(comment.to_owned()),
        content: None,
        inputs: json!({ "window": "tonight" }).as_object().unwrap().clone(),
    }
}

/// A request that was refused once and approved then, with what follows.
fn approved(token: &str, title: &str, at: &str) -> Approval {
    let mut approval = asked(token, title, at);
    let refused = What::Refused {
        who: grace(),
        platform: Platform::Slack,
        verdict: Verdict::Reject,
        reason: Reason::ReasonMissing,
    };
    approval.log(refused, seconds_after(&approval, 20));
    approval.log(vote(Verdict::Approve, "=cmd|' /C calc'!A1"), seconds_after(&approval, 60));
    approval.log(What::Decided { verdict: Verdict::Approve }, seconds_after(&approval, 60));
    approval.resolve(Outcome::Approved, seconds_after(&approval, 62));
    approval.log(What::Broadcast { events: vec!["e".to_owned()] }, seconds_after(&approval, 63));
    approval
}

fn table(approvals: &[Approval]) -> Table {
    approvals.iter().map(|approval| (approval.id.to_string(), items(approval))).collect()
}

async fn exported(table: Table, days: (Date, Date), format: SheetFormat, now: Timestamp) -> (Written, String) {
    let aws = fake::serve(account_with(table)).await;
    let mut to = Vec::new();
    let written = export(&aws, "approvals", period(days), format, &mut to, now).await.unwrap();
    (written, String::from_utf8(to).unwrap())
}

/// The lines of an export of November as JSON.
async fn rows(table: Table, now: Timestamp) -> (Written, Vec<serde_json::Value>) {
    let (written, text) = exported(table, NOVEMBER, SheetFormat::Jsonl, now).await;
    (written, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

async fn verified(table: Table, text: &str) -> Report {
    let aws = fake::serve(account_with(table)).await;
    let lines = Lines::of(Cursor::new(text.to_owned())).unwrap();
    verify(&aws, "approvals", lines, None, now()).await.unwrap()
}

/// The same of an export of November.
async fn verified_whole(table: Table, text: &str) -> Report {
    let aws = fake::serve(account_with(table)).await;
    let lines = Lines::of(Cursor::new(text.to_owned())).unwrap();
    verify(&aws, "approvals", lines, Some(period(NOVEMBER)), now()).await.unwrap()
}

#[tokio::test]
async fn a_line_says_what_was_asked_who_decided_how_it_ended_and_what_proves_it() {
    let approval = approved("token-1", "1 + 1", "2026-11-23T10:00:00Z");
    let (written, rows) = rows(table(std::slice::from_ref(&approval)), now()).await;
    assert_eq!(written, Written { lines: 1, ..Written::default() });
    let expected = json!([{
        "approval": approval.id, "policy": "calculation", "policyVersion": null, "title": "1 + 1",
        "contentHash": approval.content_hash(), "execution": approval.request.execution,
        "requestedBy": "ada", "requester": "Ada Lovelace", "approvers": ["grace"], "required": 1, "seats": [],
        "askedAt": "2026-11-23T10:00:00Z", "deadline": "2026-11-23T10:10:00Z", "outcome": "approved", "reason": null,
        "endedAt": "2026-11-23T10:01:00Z", "seconds": 60,
        "decisions": [{
            "person": "grace", "name": "Grace Hopper", "verdict": "approve", "at": "2026-11-23T10:01:00Z",
            "platform": "slack", "for": ["ada"], "comment": "=cmd|' /C calc'!A1", "inputs": { "window": "tonight" },
            "contentHash": null
        }],
        "takenBackBy": null, "supersededBy": null, "glassBrokenBy": null, "glassAcknowledgedBy": null,
        "glassAcknowledgedAt": null, "attemptsNotCounted": 1, "record": "kept", "entries": 6,
        "lastHash": approval.audit.hash, "chain": "whole", "problem": null
    }]);
    assert_eq!(json!(rows), expected);
}

#[tokio::test]
async fn csv_has_the_same_fields_and_no_cell_that_a_spreadsheet_would_run() {
    let titles = ["=1+1", "+1", "-1", "@SUM(A1)", "1, \"2\""];
    let approval = |(index, title): (usize, &&str)| approved(&format!("token-{index}"), title, "2026-11-23T10:00:00Z");
    let approvals: Vec<Approval> = titles.iter().enumerate().map(approval).collect();
    let (_, text) = exported(table(&approvals), NOVEMBER, SheetFormat::Csv, now()).await;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), FIELDS);
    let (_, rows) = rows(table(&approvals), now()).await;
    let mut found = Vec::new();
    for (record, row) in reader.records().zip(&rows) {
        let record = record.unwrap();
        assert_eq!(row.as_object().unwrap().keys().collect::<Vec<_>>(), FIELDS);
        assert!(record.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])), "{record:?}");
        let decisions = FIELDS.iter().position(|name| *name == "decisions").unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&record[decisions]).unwrap(), row["decisions"]);
        found.push(record[3].to_owned());
    }
    found.sort();
    assert_eq!(found, ["'+1", "'-1", "'=1+1", "'@SUM(A1)", "1, \"2\""]);
    assert!(text.lines().all(|line| line.starts_with('"')), "whatever separates cells, each is one: {text}");
}

#[tokio::test]
async fn an_approval_is_of_the_day_in_utc_on_which_it_was_asked() {
    let times =
        ["2026-10-31T23:59:59.999Z", "2026-11-01T00:00:00Z", "2026-11-30T23:59:59.999Z", "2026-12-01T00:00:00Z"];
    let approval = |(index, at): (usize, &&str)| approved(&format!("token-{index}"), "1 + 1", at);
    let approvals: Vec<Approval> = times.iter().enumerate().map(approval).collect();
    let (_, rows) = rows(table(&approvals), now()).await;
    let mut asked: Vec<&str> = rows.iter().map(|row| row["askedAt"].as_str().unwrap()).collect();
    asked.sort_unstable();
    assert_eq!(asked, times[1..3]);
    let error = Period::of(NOVEMBER.1, NOVEMBER.0).unwrap_err();
    assert_eq!(error.to_string(), "--to 2026-11-01 is before --from 2026-11-30");
}

/// Three pages of a scan have no more than an approval, and some have nothing that is asked for.
#[tokio::test]
async fn of_many_approvals_each_is_on_one_line() {
    let approvals: Vec<Approval> =
        (0..40).map(|number| approved(&format!("token-{number}"), "1 + 1", "2026-11-23T10:00:00Z")).collect();
    let mut table = table(&approvals);
    table.insert("policy".to_owned(), vec![json!({ "item": { "S": "current" } })]);
    table.insert("run#arn".to_owned(), (0..9).map(|n| json!({ "item": { "S": format!("{n}") } })).collect());
    let (written, rows) = rows(table, now()).await;
    let ids: std::collections::BTreeSet<&str> = rows.iter().map(|row| row["approval"].as_str().unwrap()).collect();
    assert_eq!((written.lines, written.broken, ids.len()), (40, 0, 40));
}

#[tokio::test]
async fn what_waits_and_what_was_not_decided_by_people_is_said_as_it_is() {
    let waiting = asked("token-1", "1 + 1", "2026-11-30T10:00:00Z");
    let mut expired = asked("token-2", "1 + 1", "2026-11-23T10:00:00Z");
    expired.resolve(Outcome::Expired, seconds_after(&expired, 660));
    let mut alone = asked("token-3", "1 + 1", "2026-11-23T10:00:00Z");
    alone.log(vote(Verdict::BreakGlass, "the site is down"), seconds_after(&alone, 5));
    alone.log(What::Decided { verdict: Verdict::BreakGlass }, seconds_after(&alone, 5));
    alone.resolve(Outcome::Approved, seconds_after(&alone, 6));
    alone.log(What::Acknowledged { who: grace(), platform: Platform::Teams }, seconds_after(&alone, 3_600));
    let mut undelivered = asked("token-4", "1 + 1", "2026-11-23T10:00:00Z");
    undelivered.resolve(Outcome::Undeliverable { reason: "nobody".to_owned() }, seconds_after(&undelivered, 7));
    let (written, rows) =
        rows(table(&[waiting.clone(), expired.clone(), alone.clone(), undelivered.clone()]), now()).await;
    assert_eq!((written.lines, written.broken), (4, 0));
    let row = |approval: &Approval| rows.iter().find(|row| row["approval"] == approval.id.as_str()).unwrap();
    assert_eq!((&row(&waiting)["outcome"], &row(&waiting)["endedAt"]), (&json!("pending"), &json!(null)));
    // It ran out at its deadline, and that was seen a minute later.
    assert_eq!((&row(&expired)["outcome"], &row(&expired)["seconds"]), (&json!("expired"), &json!(600)));
    let broken = row(&alone);
    assert_eq!((&broken["glassBrokenBy"], &broken["glassAcknowledgedBy"]), (&json!("grace"), &json!("grace")));
    assert_eq!(broken["glassAcknowledgedAt"], "2026-11-23T11:00:00Z");
    assert_eq!(row(&undelivered)["reason"], "nobody");
}

#[tokio::test]
async fn an_approval_whose_record_has_expired_is_told_by_its_trail() {
    let approval = approved("token-1", "1 + 1", "2026-11-23T10:00:00Z");
    let half_a_year_later: Timestamp = "2027-05-23T10:00:00Z".parse().unwrap();
    let without_record = |entries: usize| {
        let mut table = table(std::slice::from_ref(&approval));
        let items = table.get_mut(approval.id.as_str()).unwrap();
        items.remove(0);
        items.truncate(entries);
        table
    };
    let (written, whole) = rows(without_record(6), half_a_year_later).await;
    assert_eq!(written.told(), "the chain of each is whole; 1 has no record any more, and is whole as far as it goes");
    let seen = (&whole[0]["record"], &whole[0]["chain"], &whole[0]["title"], &whole[0]["lastHash"]);
    assert_eq!(seen, (&json!("expired"), &json!("whole"), &json!("1 + 1"), &json!(approval.audit.hash)));
    let (written, cut_off) = rows(without_record(3), half_a_year_later).await;
    assert_eq!((written.broken, &cut_off[0]["chain"]), (1, &json!("broken")));
    assert_eq!(cut_off[0]["problem"], "its record is gone, and the trail does not say how it ended");
    let (_, early) = rows(without_record(6), seconds_after(&approval, 3_600)).await;
    assert_eq!(early[0]["problem"], "its record is gone before its time");
}

#[tokio::test]
async fn a_line_whose_chain_is_broken_says_so() {
    let [whole, changed, first] =
        ["token-1", "token-2", "token-3"].map(|token| approved(token, "1 + 1", "2026-11-23T10:00:00Z"));
    let mut table = table(&[whole.clone(), changed.clone(), first.clone()]);
    let entry = &mut table.get_mut(changed.id.as_str()).unwrap()[3]["entry"]["S"];
    *entry = json!(entry.as_str().unwrap().replace("grace", "linus"));
    table.get_mut(first.id.as_str()).unwrap().remove(1);
    let (written, rows) = rows(table, now()).await;
    let mut named = vec![changed.id.clone(), first.id.clone()];
    named.sort();
    assert_eq!((written.lines, written.broken, &written.named), (3, 2, &named));
    let problem = |approval: &Approval| {
        rows.iter().find(|row| row["approval"] == approval.id.as_str()).unwrap()["problem"].clone()
    };
    assert_eq!(problem(&whole), json!(null));
    assert_eq!(problem(&changed), "entry 3 was changed: its hash is not that of what it says");
    assert_eq!(problem(&first), "entry 1 is missing");
    assert!(written.told().starts_with("2 chains are broken, apr_"), "{}", written.told());
}

/// Whoever could not change the proof may take away what says when it was asked, or move it into another time.
#[tokio::test]
async fn what_does_not_prove_when_it_was_asked_is_a_broken_line_of_every_period() {
    let [orphan, moved, expired, other] =
        ["token-1", "token-2", "token-3", "token-4"].map(|token| approved(token, "1 + 1", "2026-10-23T10:00:00Z"));
    let mut table = table(&[orphan.clone(), moved.clone(), expired.clone(), other]);
    table.get_mut(orphan.id.as_str()).unwrap().drain(..2);
    let of_moved = table.get_mut(moved.id.as_str()).unwrap();
    of_moved[0]["raised_at"] = json!({ "N": "0" });
    let first = of_moved[1]["entry"]["S"].as_str().unwrap().replacen("2026-10-23", "2025-10-23", 1);
    of_moved[1]["entry"] = json!({ "S": first });
    // What DynamoDB has begun to take away since its time is over is as good as gone.
    let of_expired = table.get_mut(expired.id.as_str()).unwrap();
    of_expired.drain(..2);
    for item in of_expired {
        item["expires"] = json!({ "N": (now().as_second() - 1).to_string() });
    }
    let (written, rows) = rows(table, now()).await;
    let mut named = vec![orphan.id.clone(), moved.id.clone()];
    named.sort();
    assert_eq!((written.lines, written.broken, &written.named), (2, 2, &named));
    let problem = |approval: &Approval| {
        rows.iter().find(|row| row["approval"] == approval.id.as_str()).unwrap()["problem"].clone()
    };
    assert_eq!(problem(&orphan), "entry 1 is missing");
    assert_eq!(problem(&moved), "entry 1 was changed: its hash is not that of what it says");
}

#[tokio::test]
async fn a_table_that_is_busy_is_asked_again_and_one_that_refuses_leaves_no_file() {
    let approval = approved("token-1", "1 + 1", "2026-11-23T10:00:00Z");
    let account = account_with(table(&[approval]));
    account.throttled.store(4, std::sync::atomic::Ordering::Relaxed);
    let aws = fake::serve(account).await;
    let written = export(&aws, "approvals", period(NOVEMBER), SheetFormat::Csv, Vec::new(), now()).await.unwrap();
    assert_eq!(written.lines, 1);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("q4.csv");
    let mut pending = Pending::create(&path).unwrap();
    let gone =
        fake::serve(crate::aws::fake::Account { tables: std::sync::Mutex::default(), ..account_with(BTreeMap::new()) });
    let to = &mut pending.temporary;
    let error = export(&gone.await, "approvals", period(NOVEMBER), SheetFormat::Csv, to, now()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "An error occurred (ResourceNotFoundException) when calling the Scan operation: Requested resource not found"
    );
    drop(pending);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing half done is left");
    std::fs::write(&path, "somebody's evidence").unwrap();
    let error = Pending::create(&path).err().unwrap();
    assert!(error.to_string().ends_with("q4.csv is there already, and is not overwritten"), "{error}");
}

#[tokio::test]
async fn an_export_is_held_against_the_trails_though_they_have_grown() {
    let approvals = ["token-1", "token-2"].map(|token| approved(token, "=1 + 1", "2026-11-23T10:00:00Z"));
    for format in [SheetFormat::Csv, SheetFormat::Jsonl] {
        let (_, text) = exported(table(&approvals), NOVEMBER, format, now()).await;
        let well = Report { ok: true, lines: 2, ..Report::default() };
        assert_eq!(verified(table(&approvals), &text).await, well);
        let mut grown = approvals.clone();
        grown[0].log(What::ExecutionEnded { status: "SUCCEEDED".to_owned() }, now());
        assert_eq!(verified(table(&grown), &text).await, well);

        let changed = verified(table(&approvals), &text.replacen("Grace", "Linus", 1)).await;
        assert_eq!((changed.ok, changed.wrong), (false, 1));
        assert!(changed.problems[0].text.ends_with("the trail tells otherwise: decisions"), "{changed:?}");
        let (_, other) = exported(table(&grown), NOVEMBER, format, now()).await;
        let shorter = verified(table(&approvals), &other).await;
        assert!(shorter.problems[0].text.contains("it was written by 7 entries, and the trail has 6"), "{shorter:?}");
        let gone = verified(table(&approvals[..1]), &text).await;
        assert!(gone.problems[0].text.ends_with("nothing of its trail is left to hold it against"), "{gone:?}");
    }
}

#[tokio::test]
async fn an_export_of_a_period_has_a_line_for_each_approval_and_only_one() {
    let approvals = ["token-1", "token-2"].map(|token| approved(token, "1 + 1", "2026-11-23T10:00:00Z"));
    let earlier = approved("token-3", "1 + 1", "2026-10-23T10:00:00Z");
    let all = table(&[approvals.to_vec(), vec![earlier]].concat());
    for format in [SheetFormat::Csv, SheetFormat::Jsonl] {
        let (_, text) = exported(all.clone(), NOVEMBER, format, now()).await;
        let whole = verified_whole(all.clone(), &text).await;
        assert_eq!(whole, Report { ok: true, lines: 2, missing: Some(0), ..Report::default() });
        assert_eq!(whole.text(), "2 lines, each as its trail tells it; every approval of the period has a line");
        let lines: Vec<&str> = text.lines().collect();
        let shorter = lines[..lines.len() - 1].join("\n") + "\n";
        let unchecked = verified(all.clone(), &shorter).await;
        assert!(unchecked.ok && unchecked.text().ends_with("was not checked, which takes --from and --to"));
        let short = verified_whole(all.clone(), &shorter).await;
        assert_eq!((short.ok, short.missing), (false, Some(1)));
        assert!(short.problems[0].text.ends_with("it is of the period and has no line"), "{short:?}");
        let longer = format!("{text}{}\n", lines[lines.len() - 1]);
        let twice = verified_whole(all.clone(), &longer).await;
        assert_eq!((twice.ok, twice.wrong, twice.problems[0].line), (false, 1, Some(3)));
        assert!(twice.problems[0].text.ends_with("it has a line already"), "{twice:?}");
    }
    let nothing = verified(all.clone(), "").await;
    assert!(!nothing.ok && nothing.text().starts_with("there is no line; "), "{nothing:?}");
    assert!(verified_whole(BTreeMap::new(), "").await.ok, "where nothing was asked there is nothing to tell");
}

#[tokio::test]
async fn a_line_has_the_fields_of_an_export_and_each_of_them_once() {
    let all = table(&[approved("token-1", "1 + 1", "2026-11-23T10:00:00Z")]);
    let (_, text) = exported(all.clone(), NOVEMBER, SheetFormat::Jsonl, now()).await;
    for (from, to) in [
        ("\"outcome\":", "\"outcome\":\"rejected\",\"outcome\":"),
        ("\"verdict\":", "\"verdict\":\"reject\",\"verdict\":"),
        ("\"outcome\":", "\"approvedBy\":\"eve\",\"outcome\":"),
    ] {
        let report = verified(all.clone(), &text.replacen(from, to, 1)).await;
        assert_eq!((report.ok, report.wrong), (false, 1), "{to}");
        assert!(report.problems[0].text.contains("not as an export writes it"), "{report:?}");
    }
    let (_, text) = exported(all, NOVEMBER, SheetFormat::Csv, now()).await;
    for column in ["\"outcome\"", "\"approvedBy\""] {
        let wider: Vec<String> =
            text.lines().zip([column, "\"eve\""]).map(|(line, cell)| format!("{line},{cell}")).collect();
        let error = Lines::of(Cursor::new(wider.join("\r\n"))).err().unwrap();
        assert_eq!(error.to_string(), "its first line has other columns than an export, or one of them twice");
    }
}

#[tokio::test]
async fn what_is_no_export_is_refused_and_what_names_nothing_is_told_by_its_line() {
    let error = Lines::of(Cursor::new("a,b\r\n1,2\r\n")).err().unwrap();
    assert_eq!(error.to_string(), "it is no export: its first line does not name the column approval");
    let report = verified(BTreeMap::new(), "{\"approval\": \"apr_1\"}\n").await;
    assert_eq!(report.problems, [Problem { line: Some(1), text: "it names no approval".to_owned() }]);
    let aws = fake::serve(account_with(BTreeMap::new())).await;
    let lines = Lines::of(Cursor::new("{\n")).unwrap();
    let error = verify(&aws, "approvals", lines, None, now()).await.unwrap_err();
    assert_eq!(error.to_string(), "a line is no JSON object");
}

#[tokio::test]
async fn the_trails_of_a_period_are_copied_as_far_as_they_are_not_there() {
    let approvals = ["token-1", "token-2"].map(|token| approved(token, "1 + 1", "2026-11-23T10:00:00Z"));
    let changed = approved("token-3", "1 + 1", "2026-11-23T10:00:00Z");
    let mut table = table(&approvals);
    let mut of_changed = items(&changed);
    of_changed.remove(2);
    table.insert(changed.id.to_string(), of_changed);
    let mut account = account_with(table);
    account.stacks.get_mut("approvals").unwrap().1.push(("TrailArchiveName".to_owned(), "trails".to_owned()));
    account.cloud.get_mut().unwrap().buckets.insert("trails".to_owned(), ("123456789012".to_owned(), BTreeSet::new()));
    let aws = fake::serve(account).await;
    let first = archive(&aws, "approvals", period(NOVEMBER), now()).await.unwrap();
    let expected = Copied { ok: false, approvals: 3, copied: 12, broken: 1, named: vec![changed.id] };
    assert_eq!(first, expected);
    let second = archive(&aws, "approvals", period(NOVEMBER), now()).await.unwrap();
    assert_eq!(second, Copied { copied: 0, ..expected }, "what is there is left as it is");
    let without = fake::serve(account_with(BTreeMap::new())).await;
    let error = archive(&without, "approvals", period(NOVEMBER), now()).await.unwrap_err();
    assert!(error.to_string().contains("no output TrailArchiveName"), "{error}");
}
