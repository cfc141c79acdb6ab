//! Holds an export against the table: each line has to be what the trail of its approval tells, up to the entry that the
//! line was written by. The trail may have grown since. Where the period is told, each of its approvals has to have a line.

use std::collections::HashSet;
use std::fs::File;

use anyhow::Context;
use aws_sdk_dynamodb::Client;
use countersign_bot::approval::ids::ApprovalId;
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::Serialize;

use super::period::{Period, Search};
use super::row::{OF_THE_MOMENT, Row};
use super::sheet::{self, Line, Lines};
use super::{AT_ONCE, Read, patient, read, told};
use crate::aws::{Aws, Refused};
use crate::deployment::{Deployment, Exported};
use crate::ending::Ending;
use crate::output::counted;
use crate::patience::waiting;
use crate::stack::Stack;

/// So many lines are told of; the others are counted.
const TOLD_MAX: usize = 100;

/// What was found.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    pub(super) ok: bool,
    /// How many lines the file has.
    pub(super) lines: usize,
    /// How many of them are not what the trails tell.
    pub(super) wrong: usize,
    /// How many approvals of the period have no line; none if no period was told, and that was not checked.
    pub(super) missing: Option<usize>,
    /// The first of all these.
    pub(super) problems: Vec<Problem>,
}

/// A line that is not verified, or one that is missing.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Problem {
    /// Its number, from 1, without the line of the names; none if it is missing.
    pub(super) line: Option<usize>,
    pub(super) text: String,
}

impl Exported {
    /// Reads the file, and says which lines are not what they were.
    pub(crate) async fn verify(self, now: Timestamp) -> anyhow::Result<Ending> {
        let Self { file, from, to, deployment: Deployment { stack, login }, format } = self;
        let period = from.zip(to).map(|(from, to)| Period::of(from, to)).transpose()?;
        let open = File::open(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let lines = Lines::of(open).with_context(|| file.display().to_string())?;
        let aws = Aws::log_in(login).await?;
        let report = waiting("Reading the audit trails".to_owned(), verify(&aws, &stack, lines, period, now)).await?;
        format.print(report.text(), &report)?;
        Ok(Ending::well_if(report.ok))
    }
}

impl Report {
    pub(super) fn text(&self) -> String {
        let problems = self.problems.iter().map(|Problem { line, text }| match line {
            Some(line) => format!("line {line}: {text}"),
            None => text.clone(),
        });
        let lines = match (self.wrong, self.lines) {
            (0, 0) => "there is no line".to_owned(),
            (0, lines) => format!("{}, each as its trail tells it", counted(lines, "line", "lines")),
            (wrong, lines) => format!("{wrong} of {} not verified", counted(lines, "line is", "lines are")),
        };
        let missing = match self.missing {
            None => "whether approvals are missing was not checked, which takes --from and --to".to_owned(),
            Some(0) => "every approval of the period has a line".to_owned(),
            Some(missing) => {
                format!("{} no line", counted(missing, "approval of the period has", "approvals of the period have"))
            }
        };
        problems.chain([format!("{lines}; {missing}")]).collect::<Vec<_>>().join("\n")
    }

    fn tell(&mut self, line: Option<usize>, text: String) {
        if self.problems.len() < TOLD_MAX {
            self.problems.push(Problem { line, text });
        }
    }
}

pub(super) async fn verify(
    aws: &Aws,
    stack: &str,
    mut lines: Lines,
    period: Option<Period>,
    now: Timestamp,
) -> anyhow::Result<Report> {
    let stack = Stack::describe(aws, stack).await.map_err(told)?;
    let table = stack.output("TableName").map_err(told)?;
    let client = &patient(aws);
    let lines = stream::iter(std::iter::from_fn(|| lines.next().transpose()));
    let checks = lines.map(|line| async move {
        let line = line?;
        let id = line.text("approval").and_then(|id| ApprovalId::parse(&id).ok());
        let Some(id) = id else { return Ok((None, Some("it names no approval".to_owned()))) };
        let problem = hold(client, table, &id, &line, now).await.map_err(told)?;
        Ok::<_, anyhow::Error>((Some(id), problem))
    });
    let mut checks = checks.buffered(AT_ONCE);
    let (mut report, mut seen) = (Report::default(), HashSet::new());
    while let Some((id, problem)) = checks.try_next().await? {
        report.lines += 1;
        let problem = match id {
            Some(id) => {
                let problem = problem.map(|problem| format!("{id}: {problem}"));
                let again = format!("{id}: it has a line already");
                if seen.insert(id) { problem } else { Some(again) }
            }
            None => problem,
        };
        if let Some(text) = problem {
            report.wrong += 1;
            report.tell(Some(report.lines), text);
        }
    }
    if let Some(period) = period {
        let missing = missing(client, table, period, &seen, now).await.map_err(told)?;
        report.missing = Some(missing.len());
        missing.iter().for_each(|id| report.tell(None, format!("{id}: it is of the period and has no line")));
    }
    // Of nothing, nothing is verified, unless there was nothing in the period.
    report.ok = report.wrong == 0 && report.missing.map_or(report.lines > 0, |missing| missing == 0);
    Ok(report)
}

/// The approvals of the period that were not seen.
async fn missing(
    client: &Client,
    table: &str,
    period: Period,
    seen: &HashSet<ApprovalId>,
    now: Timestamp,
) -> Result<Vec<ApprovalId>, Refused> {
    let mut missing = Vec::new();
    let mut search = Search::new(client, table, period, now);
    while let Some(found) = search.next().await? {
        for id in found.into_iter().filter(|id| !seen.contains(id)) {
            let trail = read(client, table, id.clone(), now).await?;
            missing.extend(trail.filter(|it| !period.leaves_out(&it.row)).map(|_| id));
        }
    }
    Ok(missing)
}

/// What is wrong with the line of an approval, if anything is.
async fn hold(
    client: &Client,
    table: &str,
    id: &ApprovalId,
    line: &Line,
    now: Timestamp,
) -> Result<Option<String>, Refused> {
    if !line.is_as_written() {
        return Ok(Some("it is not as an export writes it, or has other fields or one of them twice".to_owned()));
    }
    let entries = line.text("entries").and_then(|entries| entries.parse::<usize>().ok());
    let Some(entries) = entries else { return Ok(Some("it does not say how many entries there were".to_owned())) };
    Ok(match read(client, table, id.clone(), now).await? {
        None => Some("nothing of its trail is left to hold it against".to_owned()),
        Some(Read { row, entries: there }) => match row.problem() {
            Some(problem) => Some(format!("the chain is broken: {problem}")),
            None if there.len() < entries => {
                Some(format!("it was written by {entries} entries, and the trail has {}", there.len()))
            }
            None => differences(line, &Row::told_by(id, &there[..entries])),
        },
    })
}

/// Which fields of a line are not what the trail tells.
fn differences(line: &Line, told: &Row) -> Option<String> {
    let fields = sheet::fields(told).unwrap_or_default();
    let differing = fields.iter().filter(|(name, value)| {
        let is_of_the_trail = !OF_THE_MOMENT.contains(&name.as_str());
        is_of_the_trail && !line.says(name, value)
    });
    let differing: Vec<&str> = differing.map(|(name, _)| name.as_str()).collect();
    if !differing.is_empty() {
        return Some(format!("the trail tells otherwise: {}", differing.join(", ")));
    }
    // What was broken when it was written has nothing to show for it now, or it would be wrong above.
    let is_whole = line.text("chain").as_deref() == Some("whole");
    (!is_whole).then(|| "the line says that its chain was broken".to_owned())
}
