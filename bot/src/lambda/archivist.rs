//! One invocation of the archivist: entries of audit trails as the stream of the table hands them over, each of which is
//! put into the bucket once, under the name of its approval, its number and its hash.
//!
//! Lambda hands a batch over until nothing of it has failed, so that an entry comes again rather than being lost, and one
//! that comes again is there already:
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>. What is no entry would come again
//! for ever, so it is told as an error, on which an alarm stands, and let go.

use std::collections::HashMap;
use std::time::Duration;

use futures::{StreamExt, stream};
use serde::Deserialize;

use super::queue::BatchResponse;
use crate::approval::audit;
use crate::approval::ids::ApprovalId;
use crate::aws::dynamodb::key_of_entry;
use crate::aws::s3::{self, LockedBucket};
use crate::net::deadline::{Deadline, Unavailable};

/// So many entries are put at once.
const AT_ONCE: usize = 10;
/// What is not put by then comes again.
pub const LONGEST: Duration = Duration::from_secs(45);

/// Changes of the table.
#[derive(Deserialize)]
pub struct StreamEvent {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

/// One change of an item.
#[derive(Deserialize)]
struct Record {
    dynamodb: Change,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    sequence_number: String,
    #[serde(default)]
    new_image: HashMap<String, Attribute>,
}

/// An attribute, of which only texts are read.
#[derive(Deserialize)]
struct Attribute {
    #[serde(rename = "S")]
    text: Option<String>,
}

impl Change {
    fn text(&self, name: &str) -> Option<&str> {
        self.new_image.get(name)?.text.as_deref()
    }

    /// The name of the object, and the entry as it was written.
    fn entry(&self) -> Result<(String, &str), NoEntry> {
        let id = self.text("id").and_then(|id| ApprovalId::parse(id).ok()).ok_or(NoEntry::OfNoApproval)?;
        let entry = self.text("entry").ok_or(NoEntry::Empty)?;
        let end = audit::sealed(&id, entry).ok_or(NoEntry::Changed)?;
        // Each number has one key and no other, and "audit#7" is none.
        if self.text("item") != Some(&key_of_entry(end.count)) {
            return Err(NoEntry::Misplaced);
        }
        Ok((s3::name_of_entry(&id, &end), entry))
    }
}

/// Why an item whose key begins like that of an entry is none. No function writes such items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum NoEntry {
    #[error("it is of no approval")]
    OfNoApproval,
    #[error("it has no entry")]
    Empty,
    #[error("its hash is not that of what it says")]
    Changed,
    #[error("its key is not that of its number")]
    Misplaced,
}

/// Puts the entries of one invocation, and says which of them come again.
pub async fn handle(bucket: &LockedBucket, event: StreamEvent) -> BatchResponse {
    let deadline = Deadline::after(LONGEST);
    let puts = event.records.iter().map(|Record { dynamodb }| put(bucket, dynamodb, deadline));
    let mut puts = stream::iter(puts).buffered(AT_ONCE);
    let mut response = BatchResponse::default();
    for record in &event.records {
        if let Some(Err(error)) = puts.next().await {
            tracing::warn!(%error, "an entry of a trail is not in the bucket yet");
            response.lists(record.dynamodb.sequence_number.clone());
        }
    }
    response
}

async fn put(bucket: &LockedBucket, change: &Change, deadline: Deadline) -> Result<(), Unavailable> {
    let (key, entry) = match change.entry() {
        Ok(found) => found,
        Err(kind) => {
            tracing::error!(%kind, "an item of the table has the key of an entry and is none");
            return Ok(());
        }
    };
    deadline.run("S3", bucket.put_once(&key, entry.as_bytes(), deadline)).await.map(|_| ())
}

#[cfg(test)]
mod tests;
