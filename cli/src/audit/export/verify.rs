//! Holds an export against the table: each line has to be what the trail of its approval tells, up to the entry that the
//! line was written by. The trail may have grown since.

use std::fs::File;

use anyhow::Context;
use aws_sdk_dynamodb::Client;
use countersign_bot::approval::ids::ApprovalId;
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::Serialize;

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
    /// The first of these.
    pub(super) problems: Vec<Problem>,
}

/// A line that is not verified.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Problem {
    /// Its number, from 1, without the line of the names.
    pub(super) line: usize,
    pub(super) text: String,
}

impl Exported {
    /// Reads the file, and says which lines are not what they were.
    pub(crate) async fn verify(self, now: Timestamp) -> anyhow::Result<Ending> {
        let Self { file, deployment: Deployment { stack, login }, format } = self;
        let open = File::open(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let lines = Lines::of(open).with_context(|| file.display().to_string())?;
        let aws = Aws::log_in(login).await?;
        let report = waiting("Reading the audit trails".to_owned(), verify(&aws, &stack, lines, now)).await?;
        format.print(report.text(), &report)?;
        Ok(Ending::well_if(report.ok))
    }
}

impl Report {
    fn text(&self) -> String {
        let problems = self.problems.iter().map(|Problem { line, text }| format!("line {line}: {text}"));
        let summary = match self.wrong {
            0 => format!("{}, each as its trail tells it", counted(self.lines, "line", "lines")),
            wrong => format!("{wrong} of {} not verified", counted(self.lines, "line is", "lines are")),
        };
        problems.chain([summary]).collect::<Vec<_>>().join("\n")
    }
}

pub(super) async fn verify(aws: &Aws, stack: &str, mut lines: Lines, now: Timestamp) -> anyhow::Result<Report> {
    let stack = Stack::describe(aws, stack).await.map_err(told)?;
    let table = stack.output("TableName").map_err(told)?;
    let client = &patient(aws);
    let lines = stream::iter(std::iter::from_fn(|| lines.next().transpose()));
    let checks = lines.map(|line| async move { hold(client, table, &line?, now).await.map_err(told) });
    let mut checks = checks.buffered(AT_ONCE);
    let mut report = Report::default();
    while let Some(found) = checks.try_next().await? {
        report.lines += 1;
        let Some(text) = found else { continue };
        report.wrong += 1;
        if report.problems.len() < TOLD_MAX {
            report.problems.push(Problem { line: report.lines, text });
        }
    }
    report.ok = report.wrong == 0;
    Ok(report)
}

/// What is wrong with a line, if anything is.
async fn hold(client: &Client, table: &str, line: &Line, now: Timestamp) -> Result<Option<String>, Refused> {
    let id = line.text("approval").unwrap_or_default();
    let Ok(id) = ApprovalId::parse(&id) else { return Ok(Some("it names no approval".to_owned())) };
    let entries = line.text("entries").and_then(|entries| entries.parse::<usize>().ok());
    let Some(entries) = entries else { return Ok(Some(format!("{id}: it does not say how many entries there were"))) };
    let problem = match read(client, table, id.clone(), now).await? {
        None => Some("nothing of its trail is left to hold it against".to_owned()),
        Some(Read { row, entries: there }) => match row.problem() {
            Some(problem) => Some(format!("the chain is broken: {problem}")),
            None if there.len() < entries => {
                Some(format!("it was written by {entries} entries, and the trail has {}", there.len()))
            }
            None => differences(line, &Row::told_by(&id, &there[..entries])),
        },
    };
    Ok(problem.map(|problem| format!("{id}: {problem}")))
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
