//! The handler with events as Lambda makes them, against a bucket that refuses what S3 refuses.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use data_encoding::BASE64;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::*;
use crate::approval::audit::{Entry, verify};
use crate::approval::record::Approval;
use crate::approval::sample::{after, approval};
use crate::approval::state::Outcome;
use crate::aws::wire::config_for;

/// What a bucket with a lock has, and what goes wrong with the next calls.
#[derive(Default)]
struct Bucket {
    objects: Mutex<BTreeMap<String, Bytes>>,
    faults: Mutex<Vec<StatusCode>>,
}

/// Like S3, it takes what is signed for it and has a checksum that is right, and replaces nothing if it is told so.
async fn s3(
    State(bucket): State<Arc<Bucket>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_signed = header("authorization").contains("/eu-west-1/s3/aws4_request");
    if method != Method::PUT || !is_signed {
        return (StatusCode::FORBIDDEN, "<Error><Code>AccessDenied</Code><Message>secret</Message></Error>");
    }
    if header("x-amz-sdk-checksum-algorithm") != "SHA256" {
        return (StatusCode::BAD_REQUEST, "<Error><Code>InvalidRequest</Code></Error>");
    }
    if header("x-amz-checksum-sha256") != BASE64.encode(&Sha256::digest(&body)) {
        return (StatusCode::BAD_REQUEST, "<Error><Code>BadDigest</Code></Error>");
    }
    if let Some(fault) = bucket.faults.lock().unwrap().pop() {
        return (fault, "<Error><Code>Fault</Code></Error>");
    }
    let mut objects = bucket.objects.lock().unwrap();
    let key = uri.path().strip_prefix("/trails/").unwrap().to_owned();
    assert_eq!(header("if-none-match"), "*", "what is there is never replaced");
    if objects.contains_key(&key) {
        return (StatusCode::PRECONDITION_FAILED, "<Error><Code>PreconditionFailed</Code></Error>");
    }
    objects.insert(key, body);
    (StatusCode::OK, "")
}

async fn bucket() -> (Arc<Bucket>, LockedBucket) {
    let state = Arc::new(Bucket::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(s3).with_state(state.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (state, LockedBucket::new(&config_for(&endpoint), "trails").unwrap())
}

/// The event that Lambda makes of these entries:
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>.
fn event(approval: &Approval, entries: &[Entry]) -> StreamEvent {
    let record = |entry: &Entry| {
        let key = json!({ "id": { "S": approval.id }, "item": { "S": format!("audit#{:06}", entry.sequence) } });
        let mut image = key.clone();
        image["entry"] = json!({ "S": serde_json::to_string(entry).unwrap() });
        image["expires"] = json!({ "N": "1795428000" });
        json!({
            "eventID": "c4ca4238a0b923820dcc509a6f75849b", "eventName": "INSERT", "eventVersion": "1.1",
            "eventSource": "aws:dynamodb", "awsRegion": "eu-west-1",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_795_428_000.0, "Keys": key, "NewImage": image,
                "SequenceNumber": format!("{}", 4_421_584_500_000 + i64::from(entry.sequence)), "SizeBytes": 26,
                "StreamViewType": "NEW_IMAGE"
            },
            "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/approvals/stream/2026-11-23T00:00:00.000"
        })
    };
    let records: Vec<Value> = entries.iter().map(record).collect();
    serde_json::from_value(json!({ "Records": records })).unwrap()
}

/// An approval with many entries.
fn ended() -> Approval {
    let mut approval = approval("");
    for number in 0..25 {
        approval.log(crate::approval::audit::What::Broadcast { events: vec![number.to_string()] }, after(number));
    }
    approval.resolve(Outcome::Expired, after(600));
    approval
}

/// What the bucket has of an approval, in the order of the names.
fn archived(bucket: &Bucket, approval: &Approval) -> Vec<Entry> {
    let objects = bucket.objects.lock().unwrap();
    let of_approval = objects.iter().filter(|(key, _)| key.starts_with(&format!("{}/", approval.id)));
    of_approval.map(|(_, entry)| serde_json::from_slice(entry).unwrap()).collect()
}

#[tokio::test]
async fn every_entry_arrives_whole_however_often_it_is_handed_over() {
    let (state, bucket) = bucket().await;
    let approval = ended();
    for entries in [&approval.journal[..10], &approval.journal[5..], &approval.journal[..]] {
        assert_eq!(handle(&bucket, event(&approval, entries)).await, BatchResponse::default());
    }
    let archived = archived(&state, &approval);
    assert_eq!(verify(&approval.id, &archived, &approval.audit), Ok(()));
    let first = state.objects.lock().unwrap().keys().next().cloned();
    assert_eq!(first, Some(format!("{}/000001-{}.json", approval.id, approval.journal[0].hash)));
}

#[tokio::test]
async fn what_could_not_be_put_comes_again_and_a_passing_failure_is_tried_again() {
    let (state, bucket) = bucket().await;
    let approval = ended();
    *state.faults.lock().unwrap() = vec![StatusCode::SERVICE_UNAVAILABLE, StatusCode::CONFLICT];
    let one = event(&approval, &approval.journal[..1]);
    assert_eq!(handle(&bucket, one).await, BatchResponse::default());
    *state.faults.lock().unwrap() = vec![StatusCode::FORBIDDEN];
    let response = handle(&bucket, event(&approval, &approval.journal[1..2])).await;
    let again = json!({ "batchItemFailures": [{ "itemIdentifier": "4421584500002" }] });
    assert_eq!(serde_json::to_value(response).unwrap(), again);
    assert_eq!(archived(&state, &approval), approval.journal[..1]);
}

#[tokio::test]
async fn what_is_put_in_the_place_of_an_entry_later_replaces_nothing_and_is_seen_beside_it() {
    let (state, bucket) = bucket().await;
    let approval = ended();
    handle(&bucket, event(&approval, &approval.journal)).await;
    let (before, what) = (approval.journal[2].head(), approval.journal[3].what.clone());
    let forged = Entry::after(&approval.id, &before, what, after(7));
    assert_eq!(handle(&bucket, event(&approval, std::slice::from_ref(&forged))).await, BatchResponse::default());
    let archived = archived(&state, &approval);
    let of_number: Vec<&Entry> = archived.iter().filter(|entry| entry.sequence == 4).collect();
    assert!(of_number.len() == 2 && of_number.contains(&&forged) && of_number.contains(&&approval.journal[3]));
    assert_eq!(archived.len(), approval.journal.len() + 1);
}

#[tokio::test]
async fn what_is_no_entry_holds_nothing_up_and_names_no_object() {
    let (state, bucket) = bucket().await;
    let approval = ended();
    let mut event = event(&approval, &approval.journal[..9]);
    let mut spoil = |index: usize, name: &str, value: &str| {
        let image = &mut event.records[index].dynamodb.new_image;
        image.insert(name.to_owned(), Attribute { text: Some(value.to_owned()) });
        event.records[index].dynamodb.entry().unwrap_err()
    };
    assert_eq!(spoil(0, "id", "../policy"), NoEntry::OfNoApproval);
    // Each of these is read as a number by somebody.
    for (index, key) in ["audit#../1", "audit#3", "audit#0000004", "audit#+00005", "audit#000005"].iter().enumerate() {
        assert_eq!(spoil(index + 1, "item", key), NoEntry::Misplaced, "{key}");
    }
    let mut changed = approval.journal[6].clone();
    changed.at = after(7);
    assert_eq!(spoil(6, "entry", &serde_json::to_string(&changed).unwrap()), NoEntry::Changed);
    assert_eq!(spoil(7, "entry", "{}"), NoEntry::Changed);
    assert_eq!(handle(&bucket, event).await, BatchResponse::default());
    assert_eq!(archived(&state, &approval), approval.journal[8..9]);
    assert_eq!(state.objects.lock().unwrap().len(), 1);
}

/// The error is for the log, and says nothing of what was sent.
#[tokio::test]
async fn a_refusal_is_told_by_its_code_alone() {
    let (state, bucket) = bucket().await;
    *state.faults.lock().unwrap() = vec![StatusCode::BAD_REQUEST];
    let error = bucket.put_once("key", b"entry", Deadline::after(LONGEST)).await.unwrap_err();
    assert_eq!(error.to_string(), "S3 is unavailable: Fault");
    let nowhere = LockedBucket::new(&config_for("http://127.0.0.1:9"), "trails").unwrap();
    assert!(nowhere.put_once("key", b"entry", Deadline::after(LONGEST)).await.is_err());
}
