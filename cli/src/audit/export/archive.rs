//! Copies the trails of a period into the bucket that nobody can take them out of. What is there already is left as it is,
//! so that it may be interrupted and called again.

use std::time::Duration;

use countersign_bot::approval::audit::Entry;
use countersign_bot::approval::ids::ApprovalId;
use countersign_bot::aws::s3::{LockedBucket, name_of_entry};
use countersign_bot::net::deadline::Deadline;
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::Serialize;

use super::period::{Period, Search};
use super::{AT_ONCE, NAMED_MAX, Read, patient, read, told};
use crate::aws::Aws;
use crate::deployment::{Archive, Deployment};
use crate::ending::Ending;
use crate::output::counted;
use crate::patience::waiting;
use crate::stack::Stack;

/// All tries of one object together.
const PUT_MAX: Duration = Duration::from_secs(30);

/// What was copied.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Copied {
    pub(super) ok: bool,
    pub(super) approvals: usize,
    /// The entries that were not in the bucket.
    pub(super) copied: usize,
    /// How many approvals have a trail that is broken, of which nothing is copied.
    pub(super) broken: usize,
    /// The first of these.
    pub(super) named: Vec<ApprovalId>,
}

impl Archive {
    /// Copies what is missing, and says how much that was.
    pub(crate) async fn run(self, now: Timestamp) -> anyhow::Result<Ending> {
        let Self { from, to, deployment: Deployment { stack, login }, format } = self;
        let period = Period::of(from, to)?;
        let aws = Aws::log_in(login).await?;
        let copied = waiting("Copying the audit trails".to_owned(), archive(&aws, &stack, period, now)).await?;
        format.print(copied.text(), &copied)?;
        Ok(Ending::well_if(copied.ok))
    }
}

impl Copied {
    fn text(&self) -> String {
        let approvals = counted(self.approvals, "approval", "approvals");
        let copied = format!("{} of {approvals} copied", counted(self.copied, "entry", "entries"));
        if self.broken == 0 {
            return copied;
        }
        let named: Vec<String> = self.named.iter().map(ToString::to_string).collect();
        let broken = counted(self.broken, "chain is", "chains are");
        format!("{copied}; {broken} broken and not copied: {}", named.join(", "))
    }
}

pub(super) async fn archive(aws: &Aws, stack: &str, period: Period, now: Timestamp) -> anyhow::Result<Copied> {
    let stack = Stack::describe(aws, stack).await.map_err(told)?;
    let table = stack.output("TableName").map_err(told)?;
    let bucket = LockedBucket::new(aws.config(), stack.output("TrailArchiveName").map_err(told)?);
    let bucket = bucket.ok_or_else(|| anyhow::anyhow!("there is no login"))?;
    let client = patient(aws);
    let mut copied = Copied::default();
    let mut search = Search::new(&client, table, period, now);
    while let Some(found) = search.next().await.map_err(told)? {
        for id in found {
            let trail = read(&client, table, id.clone(), now).await.map_err(told)?;
            let Some(Read { row, entries }) = trail.filter(|it| !period.leaves_out(&it.row)) else { continue };
            copied.approvals += 1;
            // What somebody has changed is no proof of anything, and what was right may be in the bucket.
            if row.problem().is_some() {
                copied.broken += 1;
                copied.named.extend((copied.named.len() < NAMED_MAX).then_some(id));
                continue;
            }
            copied.copied += put(&bucket, &id, &entries).await?;
        }
    }
    copied.ok = copied.broken == 0;
    Ok(copied)
}

/// Puts the entries of a trail, and says how many of them were not there.
async fn put(bucket: &LockedBucket, id: &ApprovalId, entries: &[Entry]) -> anyhow::Result<usize> {
    let puts = entries.iter().map(|entry| async move {
        let (name, text) = (name_of_entry(id, &entry.head()), serde_json::to_string(entry)?);
        let is_new = bucket.put_once(&name, text.as_bytes(), Deadline::after(PUT_MAX)).await?;
        Ok::<_, anyhow::Error>(usize::from(is_new))
    });
    stream::iter(puts).buffered(AT_ONCE).try_fold(0, |sum, new| async move { Ok(sum + new) }).await
}
