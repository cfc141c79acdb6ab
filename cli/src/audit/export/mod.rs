//! The approvals of a period, a line each, with the chain of each verified on the way. However many there are, no more of
//! them is held than is being read.

mod archive;
mod period;
mod row;
mod sheet;
mod verify;

#[cfg(test)]
mod tests;

use std::io::{BufWriter, Write, stdout};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use countersign_bot::approval::audit::Entry;
use countersign_bot::approval::ids::ApprovalId;
use futures::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use tempfile::NamedTempFile;

use self::period::{Period, Search};
use self::row::{Record, Row};
use self::sheet::Sheet;
use super::table::Trail;
use crate::aws::{Aws, Refused};
use crate::deployment::{Deployment, Export, SheetFormat};
use crate::ending::Ending;
use crate::output::{counted, note, say};
use crate::patience::waiting;
use crate::stack::Stack;

/// So many trails are read at once.
const AT_ONCE: usize = 8;
/// A table that is busy is asked this often, with pauses of twenty seconds in the end.
const TRIES_MAX: u32 = 10;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const TRY_MAX: Duration = Duration::from_secs(20);
const CALL_MAX: Duration = Duration::from_secs(300);
/// A trail is read this often before it is called broken: whoever decides meanwhile may be seen between the record and its
/// entries, since a query is no transaction.
const READ_MAX: usize = 4;
/// So many of those that are broken are named beside the lines.
const NAMED_MAX: usize = 10;
/// No record is kept for less after its end.
const KEPT_MIN: SignedDuration = SignedDuration::from_hours(24);

/// What was written.
#[derive(Debug, Default, PartialEq, Eq)]
struct Written {
    lines: usize,
    broken: usize,
    /// How many chains are whole and have no record any more, which would count their entries: what was cut off at the end
    /// after the approval had ended, nobody can tell from them.
    uncounted: usize,
    /// The first of those that are broken.
    named: Vec<ApprovalId>,
}

impl Export {
    /// Writes the lines, all of them or no file at all.
    pub(crate) async fn run(self, now: Timestamp) -> anyhow::Result<Ending> {
        let Self { from, to, format, output, deployment: Deployment { stack, login } } = self;
        let period = Period::of(from, to)?;
        let file = output.as_deref().map(Pending::create).transpose()?;
        let aws = Aws::log_in(login).await?;
        let written = match file {
            Some(mut file) => {
                let export = export(&aws, &stack, period, format, &mut file.temporary, now);
                let written = waiting("Reading the audit trails".to_owned(), export).await?;
                file.keep()?;
                written
            }
            None => export(&aws, &stack, period, format, stdout(), now).await?,
        };
        let told =
            format!("{} from {from} to {to}: {}", counted(written.lines, "approval", "approvals"), written.told());
        match &output {
            Some(path) => say(format!("{told}, in {}", path.display()))?,
            None => note(told),
        }
        Ok(Ending::well_if(written.broken == 0))
    }
}

impl Written {
    fn told(&self) -> String {
        let named: Vec<String> = self.named.iter().map(ToString::to_string).collect();
        let more = if self.broken > self.named.len() { " and others" } else { "" };
        let told = match self.broken {
            0 => "the chain of each is whole".to_owned(),
            broken => format!("{} broken, {}{more}", counted(broken, "chain is", "chains are"), named.join(", ")),
        };
        let one = "has no record any more, and is whole as far as it goes";
        let many = "have no record any more, and are whole as far as they go";
        match self.uncounted {
            0 => told,
            uncounted => format!("{told}; {}", counted(uncounted, one, many)),
        }
    }
}

/// A file that is there once everything is in it.
struct Pending<'a> {
    path: &'a Path,
    temporary: NamedTempFile,
}

impl<'a> Pending<'a> {
    /// Only whoever runs this may read it: it says who decided what.
    fn create(path: &'a Path) -> anyhow::Result<Self> {
        if path.exists() {
            bail!("{} is there already, and is not overwritten", path.display());
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let temporary = NamedTempFile::new_in(folder);
        let temporary = temporary.with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(Self { path, temporary })
    }

    fn keep(self) -> anyhow::Result<()> {
        let kept = self.temporary.persist_noclobber(self.path);
        kept.map_err(|error| error.error).with_context(|| format!("{} cannot be written", self.path.display()))?;
        Ok(())
    }
}

/// Writes a line for each approval of the period.
async fn export(
    aws: &Aws,
    stack: &str,
    period: Period,
    format: SheetFormat,
    to: impl Write,
    now: Timestamp,
) -> anyhow::Result<Written> {
    let stack = Stack::describe(aws, stack).await.map_err(told)?;
    let table = stack.output("TableName").map_err(told)?;
    let client = patient(aws);
    let mut sheet = Sheet::begin(format, BufWriter::new(to))?;
    let mut written = Written::default();
    let mut search = Search::new(&client, table, period, now);
    while let Some(found) = search.next().await.map_err(told)? {
        let reads = found.into_iter().map(|id| read(&client, table, id, now));
        let mut rows = stream::iter(reads).buffered(AT_ONCE);
        while let Some(row) = rows.try_next().await.map_err(told)? {
            let Some(Read { row, .. }) = row.filter(|it| !period.leaves_out(&it.row)) else { continue };
            sheet.put(&row)?;
            written.lines += 1;
            if row.problem().is_some() {
                written.broken += 1;
                let named = (written.named.len() < NAMED_MAX).then(|| row.approval().clone());
                written.named.extend(named);
            } else if row.is_uncounted() {
                written.uncounted += 1;
            }
        }
    }
    sheet.end()?.flush()?;
    Ok(written)
}

fn told(Refused(why): Refused) -> anyhow::Error {
    anyhow::Error::msg(why)
}

/// A client that goes on while the table is busy with others.
fn patient(aws: &Aws) -> Client {
    let retries = RetryConfig::standard().with_max_attempts(TRIES_MAX).with_initial_backoff(FIRST_PAUSE);
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(TRY_MAX).operation_timeout(CALL_MAX).build();
    Client::from_conf(Builder::from(aws.config()).retry_config(retries).timeout_config(timeouts).build())
}

/// A trail that was read, and what it tells.
struct Read {
    row: Row,
    entries: Vec<Entry>,
}

/// Reads the trail of an approval; none if nothing of it is left.
async fn read(client: &Client, table: &str, id: ApprovalId, now: Timestamp) -> Result<Option<Read>, Refused> {
    let mut tries = 1;
    loop {
        let Some(trail) = Trail::read(client, table, &id).await? else { return Ok(None) };
        let row = judge(&id, &trail, now);
        if row.problem().is_none() || tries == READ_MAX {
            return Ok(Some(Read { row, entries: trail.entries }));
        }
        tries += 1;
    }
}

/// What a trail tells, and whether it is whole. Without its record its own end is all that there is to measure it by, so
/// it has to tell an end of the approval.
fn judge(id: &ApprovalId, trail: &Trail, now: Timestamp) -> Row {
    let row = Row::told_by(id, &trail.entries);
    let end = trail.head.unwrap_or_else(|| trail.end(id));
    let untold = (!row.says_what_was_asked()).then(|| "no entry says what was asked".to_owned());
    let problem = trail.broken(id, &end).or(untold);
    if trail.head.is_some() {
        return row.counting(trail.refused).judged(Record::Kept, problem);
    }
    let could_expire = row.last_moment().is_some_and(|last| last.saturating_add(KEPT_MIN).is_ok_and(|at| at < now));
    let problem = problem.or_else(|| match (row.has_ended(), could_expire) {
        (true, true) => None,
        (false, true) => Some("its record is gone, and the trail does not say how it ended".to_owned()),
        (_, false) => Some("its record is gone before its time".to_owned()),
    });
    row.judged(Record::Expired, problem)
}
