//! Trails in a table, whole and tampered with.

use std::collections::BTreeMap;
use std::sync::Mutex;

use countersign_bot::approval::audit::{Entry, Failure, Fate, Found, Place, Reason, What, Who};
use countersign_bot::approval::ids::{ApprovalId, PersonId};
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::{Outcome, Verdict};
use countersign_bot::approval::transitions::journal::ATTEMPTS_KEPT;
use countersign_bot::approval::{policy_file, request};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Report, report};
use crate::aws::Refused;
use crate::aws::fake::{self, Account};

const RAISED_AT: &str = "2026-11-23T10:00:00Z";

/// A request with this title of a task with this token, asked at this time.
pub(super) fn asked(token: &str, title: &str, at: &str) -> Approval {
    let policy = "[people.ada]\nname = \"Ada Lovelace\"\n[people.grace]\nname = \"Grace Hopper\"\n\
                  email = \"grace@example.com\"\n\
                  [policies.calculation]\napprovers = [\"grace\"]\nslack_channel = \"C1\"\n";
    let input = json!({
        "taskToken": token,
        "executionArn": "arn:aws:states:eu-west-1:123456789012:execution:calculation:run-1",
        "stateEnteredAt": at,
        "timeoutSeconds": 600,
        "approval": { "policy": "calculation", "title": title, "requestedBy": "ada" },
    });
    Approval::raise(request::read(input, &policy_file::read(policy).unwrap(), at.parse().unwrap()).unwrap())
}

fn approval() -> Approval {
    asked("AQCEAAAAKgAAAAMAAAAAAAAAAb", "1 + 1", RAISED_AT)
}

pub(super) fn grace() -> Who {
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
    let failure = Failure { place: mail, problem: "SES: 500".to_owned(), again: true, maybe: false };
    let (platform, verdict) = (Platform::Slack, Verdict::Approve);
    let comment = Some("fine\n\u{1b}[2Jso \u{202e}be it".to_owned());
    let found = Found { task: Fate::Failed("Other".to_owned()), execution: Some("FAILED".to_owned()) };
    for (seconds, what) in [
        (1, What::Delivered { places: vec![card] }),
        (1, What::Undelivered { failures: vec![failure] }),
        (2, What::Refused { who: grace(), platform, verdict: Verdict::Reject, reason: Reason::ReasonMissing }),
        (
            3,
            What::Voted {
                who: grace(),
                stands_for: Vec::new(),
                platform,
                verdict,
                comment,
                content: None,
                inputs: serde_json::Map::new(),
            },
        ),
        (3, What::Decided { verdict }),
        (4, What::LookedUp { found }),
    ] {
        approval.log(what, after(seconds));
    }
    approval.resolve(Outcome::Cancelled { reason: "The task failed with Other.".to_owned() }, after(5));
    approval
}

/// The items of an approval in the JSON of DynamoDB.
pub(super) fn items(approval: &Approval) -> Vec<Value> {
    let record = json!({
        "item": { "S": "approval" }, "raised_at": { "N": approval.request.raised_at.as_millisecond().to_string() },
        "audit_count": { "N": approval.audit.count.to_string() },
        "audit_hash": { "S": approval.audit.hash }, "refused": { "N": approval.refused.to_string() },
    });
    let entry = |entry: &Entry| {
        let text = serde_json::to_string(entry).unwrap();
        json!({ "item": { "S": format!("audit#{:06}", entry.sequence) }, "entry": { "S": text } })
    };
    std::iter::once(record).chain(approval.journal.iter().map(entry)).collect()
}

/// An account with a table that has these items.
fn account(id: &ApprovalId, items: Vec<Value>) -> Account {
    account_with([(id.to_string(), items)].into_iter().filter(|(_, items)| !items.is_empty()).collect())
}

/// The same with the items of several partition keys.
pub(super) fn account_with(table: BTreeMap<String, Vec<Value>>) -> Account {
    let outputs = vec![("TableName".to_owned(), "approvals-table".to_owned())];
    Account {
        stacks: [("approvals".to_owned(), ("UPDATE_COMPLETE".to_owned(), outputs))].into(),
        tables: Mutex::new([("approvals-table".to_owned(), table)].into()),
        ..Account::default()
    }
}

/// What is found in a table with these items.
async fn found(id: &ApprovalId, items: Vec<Value>, is_shown: bool) -> Report {
    let aws = fake::serve(account(id, items)).await;
    report(&aws, "approvals", id.clone(), is_shown).await.unwrap()
}

/// The verdict on a trail in which something was changed.
async fn verdict(change: impl FnOnce(&mut Vec<Value>)) -> String {
    let approval = approved();
    let mut items = items(&approval);
    change(&mut items);
    let report = found(&approval.id, items, false).await;
    assert!(!report.ok && report.lines().next().is_none(), "{report:?}");
    report.verdict
}

#[tokio::test]
async fn a_trail_is_shown_line_by_line() {
    let approval = approved();
    let report = found(&approval.id, items(&approval), true).await;
    let shown: Vec<String> = report.lines().collect();
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
            "2026-11-23T10:00:03Z     Grace Hopper (grace)         approved in Slack: \"fine [U+001B][2Jso [U+202E]be it\"",
            "2026-11-23T10:00:03Z     countersign                  counted enough to approve",
            "2026-11-23T10:00:04Z     Step Functions               was asked: the task has failed with Other, and the \
             execution ended as FAILED",
            "2026-11-23T10:00:05Z     countersign                  closed the approval as cancelled: The task failed \
             with Other.",
        ]
    );
    assert_eq!((report.verdict.as_str(), report.ok), ("chain of 8 entries is whole", true));
    assert!(report.text().ends_with(" with Other.\nchain of 8 entries is whole"), "{}", report.text());
    let verified = found(&approval.id, items(&approval), false).await;
    assert_eq!(verified, Report { entries: None, ..report });
    assert_eq!(verified.text(), "chain of 8 entries is whole");
}

#[tokio::test]
async fn scripts_get_the_entries_as_they_are_recorded() {
    let approval = approved();
    let shown = serde_json::to_value(found(&approval.id, items(&approval), true).await).unwrap();
    assert_eq!((&shown["id"], &shown["ok"], &shown["count"]), (&json!(approval.id), &json!(true), &json!(8)));
    assert_eq!(shown["verdict"], "chain of 8 entries is whole");
    assert_eq!(shown["entries"], json!(approval.journal));
    let verified = serde_json::to_value(found(&approval.id, items(&approval), false).await).unwrap();
    assert_eq!(verified.get("entries"), None);
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
    // Whoever put it there has named it, and no terminal obeys the name.
    let key = "audit#000005\u{1b}[2J\r\u{9b}1m";
    let named = verdict(|items| items[5] = json!({ "item": { "S": key }, "entry": { "S": "{}" } })).await;
    assert_eq!(
        named,
        "the chain is broken: the item audit#000005[U+001B][2J [U+009B]1m is not what this version writes"
    );
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
    let report = found(&approval.id, items(&approval), false).await;
    assert_eq!(report.verdict, "chain of 8 entries is whole; 7 more attempts that did not count are only counted");
    assert!(report.ok);
}

#[tokio::test]
async fn an_approval_that_is_not_in_the_table_has_no_trail() {
    let id = approval().id;
    let unknown = found(&id, Vec::new(), true).await;
    assert_eq!(unknown.text(), format!("the table approvals-table knows nothing of {id}"));
    assert!(!unknown.ok);
}

#[tokio::test]
async fn what_aws_refuses_is_told_in_its_words() {
    let id = approval().id;
    let aws = fake::serve(account(&id, Vec::new())).await;
    let Refused(why) = report(&aws, "gone", id.clone(), true).await.unwrap_err();
    assert_eq!(
        why,
        "An error occurred (ValidationError) when calling the DescribeStacks operation: Stack with id gone does not exist"
    );
    let without_table = Account { tables: Mutex::default(), ..account(&id, Vec::new()) };
    let aws = fake::serve(without_table).await;
    let Refused(why) = report(&aws, "approvals", id.clone(), true).await.unwrap_err();
    assert_eq!(
        why,
        "An error occurred (ResourceNotFoundException) when calling the Query operation: Requested resource not found"
    );
    let Refused(why) = report(&fake::at("http://127.0.0.1:1"), "approvals", id, true).await.unwrap_err();
    assert!(why.starts_with("DescribeStacks: dispatch failure"), "{why}");
}
