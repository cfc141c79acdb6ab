//! Trails in a table behind a stand-in for the AWS command line, whole and tampered with.

use std::fs;

use countersign_bot::approval::audit::{Entry, Failure, Fate, Found, Place, Reason, What, Who};
use countersign_bot::approval::ids::{ApprovalId, PersonId};
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::{Outcome, Verdict};
use countersign_bot::approval::transitions::journal::ATTEMPTS_KEPT;
use countersign_bot::approval::{policy_file, request};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Action, Report, judge, read};
use crate::aws::{Aws, Refused};

/// The stand-in for the command line.
const AWS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/doctor/tests/aws");
const RAISED_AT: &str = "2026-11-23T10:00:00Z";

fn approval() -> Approval {
    let policy = "[people.ada]\nname = \"Ada Lovelace\"\n[people.grace]\nname = \"Grace Hopper\"\n\
                  [policies.calculation]\napprovers = [\"grace\"]\nslack_channel = \"C1\"\n";
    let input = json!({
        "taskToken": "AQCEAAAAKgAAAAMAAAAAAAAAAb",
        "executionArn": "arn:aws:states:eu-west-1:123456789012:execution:calculation:run-1",
        "stateEnteredAt": RAISED_AT,
        "timeoutSeconds": 600,
        "approval": { "policy": "calculation", "title": "1 + 1", "requestedBy": "ada" },
    });
    Approval::raise(request::read(input, &policy_file::read(policy).unwrap(), RAISED_AT.parse().unwrap()).unwrap())
}

fn grace() -> Who {
    Who { person: PersonId::parse("grace").unwrap(), name: "Grace Hopper".to_owned() }
}

fn after(seconds: i64) -> Timestamp {
    RAISED_AT.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

/// A request that was approved, with everything about it.
fn approved() -> Approval {
    let mut approval = approval();
    let card = Place { platform: Platform::Slack, target: Some("C1".to_owned()), message: Some("1.0".to_owned()) };
    let mail = Place { platform: Platform::Email, target: Some("grace".to_owned()), message: None };
    let failure = Failure { place: mail, problem: "SES: 500".to_owned(), again: true };
    let (platform, verdict) = (Platform::Slack, Verdict::Approve);
    let comment = Some("fine\n\u{1b}[2Jso \u{202e}be it".to_owned());
    let found = Found { task: Fate::Failed("Other".to_owned()), execution: Some("FAILED".to_owned()) };
    for (seconds, what) in [
        (1, What::Delivered { places: vec![card] }),
        (1, What::Undelivered { failures: vec![failure] }),
        (2, What::Refused { who: grace(), platform, verdict: Verdict::Reject, reason: Reason::ReasonMissing }),
        (3, What::Voted { who: grace(), platform, verdict, comment }),
        (3, What::Decided { verdict }),
        (4, What::LookedUp { found }),
    ] {
        approval.log(what, after(seconds));
    }
    approval.resolve(Outcome::Cancelled { reason: "The task failed with Other.".to_owned() }, after(5));
    approval
}

/// The items of an approval, as the command line prints them.
fn items(approval: &Approval) -> Vec<Value> {
    let record = json!({
        "item": { "S": "approval" }, "audit_count": { "N": approval.audit.count.to_string() },
        "audit_hash": { "S": approval.audit.hash }, "refused": { "N": approval.refused.to_string() },
    });
    let entry = |entry: &Entry| {
        let text = serde_json::to_string(entry).unwrap();
        json!({ "item": { "S": format!("audit#{:06}", entry.sequence) }, "entry": { "S": text } })
    };
    std::iter::once(record).chain(approval.journal.iter().map(entry)).collect()
}

/// What is found in a table with these items.
async fn found(id: &ApprovalId, items: Vec<Value>, action: Action) -> Result<Report, Refused> {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(AWS, folder.path().join("aws")).unwrap();
    let answers = folder.path().join("answers");
    fs::create_dir(&answers).unwrap();
    let output = json!({ "OutputKey": "TableName", "OutputValue": "approvals-table" });
    let stack = json!({ "Stacks": [{ "StackStatus": "UPDATE_COMPLETE", "Outputs": [output] }] });
    fs::write(answers.join("cloudformation describe-stacks approvals"), stack.to_string()).unwrap();
    fs::write(answers.join("dynamodb query approvals-table"), json!({ "Items": items }).to_string()).unwrap();
    let aws = Aws { program: folder.path().join("aws"), region: None };
    Ok(judge(id, &read(&aws, "approvals", id).await?, action))
}

/// The verdict on a trail in which something was changed.
async fn verdict(change: impl FnOnce(&mut Vec<Value>)) -> String {
    let approval = approved();
    let mut items = items(&approval);
    change(&mut items);
    let report = found(&approval.id, items, Action::Verify).await.unwrap();
    assert!(!report.is_whole && report.lines.is_empty(), "{report:?}");
    report.verdict
}

#[tokio::test]
async fn a_trail_is_shown_line_by_line() {
    let approval = approved();
    let report = found(&approval.id, items(&approval), Action::Show).await.unwrap();
    let shown: Vec<&str> = report.lines.iter().map(String::as_str).collect();
    assert_eq!(
        shown,
        [
            "2026-11-23T10:00:00Z     Ada Lovelace (ada)           asked for \"1 + 1\" under calculation, which 1 of grace \
             may approve until 2026-11-23T10:10:00Z, in \
             arn:aws:states:eu-west-1:123456789012:execution:calculation:run-1",
            "2026-11-23T10:00:01Z     countersign                  sent the request to Slack C1 1.0",
            "2026-11-23T10:00:01Z     countersign                  could not send the request to the mail of grace \
             (SES: 500, to be tried again)",
            "2026-11-23T10:00:02Z     Grace Hopper (grace)         could not reject in Slack: gave no reason",
            "2026-11-23T10:00:03Z     Grace Hopper (grace)         approved in Slack: \"fine  [2Jso  be it\"",
            "2026-11-23T10:00:03Z     countersign                  counted enough to approve",
            "2026-11-23T10:00:04Z     Step Functions               was asked: the task has failed with Other, and the \
             execution ended as FAILED",
            "2026-11-23T10:00:05Z     countersign                  closed the approval as cancelled: The task failed \
             with Other.",
        ]
    );
    assert_eq!((report.verdict.as_str(), report.is_whole), ("chain of 8 entries is whole", true));
    let verified = found(&approval.id, items(&approval), Action::Verify).await.unwrap();
    assert_eq!(verified, Report { lines: Vec::new(), ..report });
}

#[tokio::test]
async fn whatever_was_tampered_with_is_said() {
    let entry = |items: &mut Vec<Value>, index: usize, from: &str, to: &str| {
        let text = items[index]["entry"]["S"].as_str().unwrap();
        assert!(text.contains(from));
        items[index]["entry"]["S"] = json!(text.replace(from, to));
    };
    let changed = verdict(|items| entry(items, 5, "approve", "reject")).await;
    assert_eq!(changed, "the chain is broken: entry 5 was changed: its hash is not that of what it says");
    let added = verdict(|items| entry(items, 5, "\"verdict\"", "\"more\":1,\"verdict\"")).await;
    assert_eq!(added, "the chain is broken: the item audit#000005 is not what this version writes");
    let missing = verdict(|items| drop(items.remove(4))).await;
    assert_eq!(missing, "the chain is broken: entry 4 is missing");
    let cut_off = verdict(|items| items.truncate(7)).await;
    assert_eq!(cut_off, "the chain is broken: the end is cut off: 6 of 8 entries are there");
    let exchanged = verdict(|items| {
        let (a, b) = (items[2]["entry"].clone(), items[3]["entry"].clone());
        (items[2]["entry"], items[3]["entry"]) = (b, a);
    });
    assert_eq!(exchanged.await, "the chain is broken: entry 3 stands in the place of entry 2");
    let gone = verdict(|items| drop(items.remove(0))).await;
    assert_eq!(gone, "the chain is broken: the record of the approval is gone, and with it the number of its entries");
    let head = verdict(|items| items[0]["audit_hash"]["S"] = json!("00")).await;
    assert_eq!(head, "the chain is broken: the item approval is not what this version writes");
}

#[tokio::test]
async fn attempts_that_were_only_counted_are_told() {
    let mut approval = approved();
    approval.refused = ATTEMPTS_KEPT + 7;
    let report = found(&approval.id, items(&approval), Action::Verify).await.unwrap();
    assert_eq!(report.verdict, "chain of 8 entries is whole; 7 more attempts that did not count are only counted");
    assert!(report.is_whole);
}

#[tokio::test]
async fn an_approval_that_is_not_in_the_table_has_no_trail() {
    let id = approval().id;
    let unknown = found(&id, Vec::new(), Action::Show).await.unwrap_err();
    assert_eq!(unknown, Refused(format!("the table approvals-table knows nothing of {id}")));
    let aws = Aws { program: "no-such-program-as-aws".into(), region: None };
    let Refused(why) = read(&aws, "approvals", &id).await.unwrap_err();
    assert!(why.contains("install the AWS command line"), "{why}");
}
