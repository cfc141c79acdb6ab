//! Finds the approvals of a period. No key of the table tells when something was asked, so the whole table is gone
//! through, at a pace that leaves it to those who decide.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use countersign_bot::approval::audit::{Entry, Head};
use countersign_bot::approval::ids::ApprovalId;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::time::Instant;

use super::super::table::{AUDIT, FIRST, Item, RECORD};
use super::row::Row;
use crate::aws::Refused;

/// So much is read in a second, of the 3,000 that a partition gives:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>
pub(super) const READ_UNITS_A_SECOND: f64 = 500.0;

/// Days of UTC, from the beginning of the first to the end of the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    from: Timestamp,
    until: Timestamp,
}

impl Period {
    /// The period from one day to another, that one included.
    pub(super) fn of(from: Date, to: Date) -> anyhow::Result<Self> {
        anyhow::ensure!(from <= to, "--to {to} is before --from {from}");
        let start = |day: Date| Ok::<_, jiff::Error>(day.to_zoned(TimeZone::UTC)?.timestamp());
        Ok(Self { from: start(from)?, until: start(to.tomorrow()?)? })
    }

    fn has(&self, at: Timestamp) -> bool {
        (self.from..self.until).contains(&at)
    }

    /// Whether a trail that is whole was begun at another time. What is broken tells no time that counts.
    pub(super) fn leaves_out(&self, row: &Row) -> bool {
        row.problem().is_none() && row.asked_at().is_some_and(|at| !self.has(at))
    }
}

/// Goes through the table, one page after the other.
pub(super) struct Search<'a> {
    client: &'a Client,
    table: &'a str,
    period: Period,
    now: Timestamp,
    after: Option<HashMap<String, AttributeValue>>,
    is_over: bool,
    open: Option<Found>,
}

/// An approval whose items are being gone through.
struct Found {
    id: ApprovalId,
    /// Whether it was asked in the period, as its first entry proves it.
    is_proven: Option<bool>,
    /// Whether the record says so.
    is_recorded: bool,
    /// Whether an item is there whose time is not over. DynamoDB takes those whose time is within days, in no order.
    is_kept: bool,
}

impl Found {
    /// What proves no time may be of any period, as it is where somebody has changed or taken the first entry.
    fn is_of_period(&self) -> bool {
        self.is_recorded || self.is_proven.unwrap_or(self.is_kept)
    }
}

impl<'a> Search<'a> {
    pub(super) fn new(client: &'a Client, table: &'a str, period: Period, now: Timestamp) -> Self {
        Self { client, table, period, now, after: None, is_over: false, open: None }
    }

    /// The approvals of the period that the next page shows; none once the table is gone through.
    ///
    /// DynamoDB keeps the items of a partition key together and in order, so that those of an approval come one after the
    /// other. Its entries are asked for as well as its record, or whoever took the one and the first of the others would have
    /// it left out.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<ApprovalId>>, Refused> {
        if self.is_over {
            return Ok(None);
        }
        let began = Instant::now();
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let scan = self.client.scan().table_name(self.table).set_exclusive_start_key(self.after.take());
        let scan =
            scan.filter_expression("begins_with(id, :approval) AND (#item = :record OR begins_with(#item, :audit))");
        let scan = scan.projection_expression("id, #item, raised_at, expires, entry");
        let scan = scan.expression_attribute_names("#item", "item");
        let scan = scan.expression_attribute_values(":approval", text("apr_"));
        let scan = scan.expression_attribute_values(":record", text(RECORD));
        let scan = scan.expression_attribute_values(":audit", text(AUDIT));
        let page = scan.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await;
        let page = page.map_err(|error| Refused::because("Scan", error))?;
        self.after = page.last_evaluated_key;
        self.is_over = self.after.is_none();
        let mut found: Vec<ApprovalId> =
            page.items.unwrap_or_default().into_iter().filter_map(|item| self.take(&Item(item))).collect();
        if self.is_over {
            found.extend(self.open.take().filter(|last| last.is_of_period()).map(|last| last.id));
        } else {
            let units = page.consumed_capacity.and_then(|consumed| consumed.capacity_units).unwrap_or_default();
            let least = Duration::try_from_secs_f64(units / READ_UNITS_A_SECOND).unwrap_or_default();
            tokio::time::sleep_until(began + least).await;
        }
        Ok(Some(found))
    }

    /// Takes an item in; if it is of another approval than the one before, that one is done.
    fn take(&mut self, item: &Item) -> Option<ApprovalId> {
        let id = ApprovalId::parse(item.text("id")?).ok()?;
        let is_new = self.open.as_ref().is_none_or(|open| open.id != id);
        let done = if is_new { self.open.take().filter(Found::is_of_period).map(|done| done.id) } else { None };
        let open = self.open.get_or_insert(Found { id, is_proven: None, is_recorded: false, is_kept: false });
        open.is_kept |= item.number::<i64>("expires").is_none_or(|expires| expires > self.now.as_second());
        if item.key() == RECORD {
            let raised_at = item.number("raised_at").and_then(|at| Timestamp::from_millisecond(at).ok());
            open.is_recorded = raised_at.is_some_and(|at| self.period.has(at));
        } else if item.key() == FIRST {
            open.is_proven = item.entry().filter(|it| begins(&open.id, it)).map(|it| self.period.has(it.at));
        }
        done
    }
}

/// Whether it is the first entry of the trail of this approval, as it was written.
fn begins(id: &ApprovalId, entry: &Entry) -> bool {
    let genesis = Head::genesis(id);
    entry.sequence == 1 && entry.previous == genesis.hash && entry.is_as_it_was_hashed(id)
}
