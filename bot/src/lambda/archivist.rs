//! One invocation of the archivist: entries of audit trails as the stream of the table hands them over, each of which is
//! put into the bucket once, under the name of its approval and its number.
//!
//! Lambda hands a batch over until nothing of it has failed, so that an entry comes again rather than being lost, and one
//! that comes again is there already:
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>.

use std::collections::HashMap;
use std::time::Duration;

use futures::{StreamExt, stream};
use serde::Deserialize;

use super::queue::BatchResponse;
use crate::approval::ids::ApprovalId;
use crate::aws::s3::{self, LockedBucket};
use crate::net::deadline::{Deadline, Unavailable};

/// So many entries are put at once.
const AT_ONCE: usize = 10;
/// What is not put by then comes again.
pub const LONGEST: Duration = Duration::from_secs(45);
/// What the range key of an entry begins with, before its number.
const AUDIT: &str = "audit#";

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

    /// The name of the object, and the entry as it was written; none where the item is no entry of a trail.
    fn entry(&self) -> Option<(String, &str)> {
        let id = ApprovalId::parse(self.text("id")?).ok()?;
        let number = self.text("item")?.strip_prefix(AUDIT)?;
        let number = number.parse::<u32>().ok().filter(|_| number.bytes().all(|c| c.is_ascii_digit()))?;
        Some((s3::name_of_entry(&id, number), self.text("entry")?))
    }
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
    let Some((key, entry)) = change.entry() else {
        // The filter of the stream lets entries through and nothing else, and no function writes others.
        tracing::error!("an item of the table has the key of an entry and is none");
        return Ok(());
    };
    deadline.run("S3", bucket.put_once(&key, entry.as_bytes(), deadline)).await.map(|_| ())
}

#[cfg(test)]
mod tests;
