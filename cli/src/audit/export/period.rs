//! Finds the approvals of a period. No key of the table tells when something was asked, so the whole table is gone
//! through, at a pace that leaves it to those who decide.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use countersign_bot::approval::ids::ApprovalId;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::time::Instant;

use super::super::table::{FIRST, Item, RECORD};
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
}

/// Goes through the table, one page after the other.
pub(super) struct Search<'a> {
    client: &'a Client,
    table: &'a str,
    period: Period,
    after: Option<HashMap<String, AttributeValue>>,
    is_over: bool,
    open: Option<Found>,
}

/// An approval whose items are being gone through.
struct Found {
    id: ApprovalId,
    is_of_period: bool,
}

impl<'a> Search<'a> {
    pub(super) fn new(client: &'a Client, table: &'a str, period: Period) -> Self {
        Self { client, table, period, after: None, is_over: false, open: None }
    }

    /// The approvals of the period that the next page shows; none once the table is gone through.
    ///
    /// DynamoDB keeps the items of a partition key together and in order, so that the two items of an approval which are
    /// asked for come one after the other.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<ApprovalId>>, Refused> {
        if self.is_over {
            return Ok(None);
        }
        let began = Instant::now();
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let scan = self.client.scan().table_name(self.table).set_exclusive_start_key(self.after.take());
        let scan = scan.filter_expression("begins_with(id, :approval) AND #item IN (:record, :first)");
        let scan = scan.projection_expression("id, #item, raised_at, entry");
        let scan = scan.expression_attribute_names("#item", "item");
        let scan = scan.expression_attribute_values(":approval", text("apr_"));
        let scan = scan.expression_attribute_values(":record", text(RECORD));
        let scan = scan.expression_attribute_values(":first", text(FIRST));
        let page = scan.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await;
        let page = page.map_err(|error| Refused::because("Scan", error))?;
        self.after = page.last_evaluated_key;
        self.is_over = self.after.is_none();
        let mut found: Vec<ApprovalId> =
            page.items.unwrap_or_default().into_iter().filter_map(|item| self.take(&Item(item))).collect();
        if self.is_over {
            found.extend(self.open.take().filter(|last| last.is_of_period).map(|last| last.id));
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
        // What was changed by somebody else than the bot may not tell a time. It is looked at all the same.
        let is_of_period = time_of(item).is_none_or(|at| self.period.has(at));
        match &mut self.open {
            Some(open) if open.id == id => {
                open.is_of_period |= is_of_period;
                None
            }
            open => {
                let done = open.replace(Found { id, is_of_period });
                done.filter(|done| done.is_of_period).map(|done| done.id)
            }
        }
    }
}

/// When it was asked, as the record or the first entry says it.
fn time_of(item: &Item) -> Option<Timestamp> {
    if item.key() == RECORD {
        return Timestamp::from_millisecond(item.number("raised_at")?).ok();
    }
    item.entry().map(|entry| entry.at)
}
