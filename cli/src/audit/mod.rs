//! Reads the audit trail of an approval from the table, and says what happened and whether the trail is whole; or the
//! trails of all approvals of a period, into a file for auditors. Of people it reads who has let whom stand in for them.

mod copies;
mod delegations;
mod export;
mod line;
mod table;

#[cfg(test)]
mod tests;

use anyhow::bail;
use aws_sdk_dynamodb::Client;
use countersign_bot::approval::audit::Entry;
use countersign_bot::approval::ids::ApprovalId;
use countersign_bot::approval::transitions::journal::ATTEMPTS_KEPT;
use jiff::Timestamp;
use serde::Serialize;

use self::delegations::Delegations;
use self::table::Trail;
use crate::aws::{Aws, Refused};
use crate::deployment::{Action, Audit, Deployment, OfApproval, OfPeople};
use crate::ending::Ending;
use crate::patience::waiting;
use crate::stack::Stack;

/// What there is to say of a trail.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Report {
    id: ApprovalId,
    /// Whether it is whole.
    ok: bool,
    /// The same in words.
    verdict: String,
    /// How many entries there are.
    count: usize,
    /// The entries, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<Vec<Entry>>,
}

impl Audit {
    /// Reads trails with the engineer's login, and prints what was asked for.
    pub(crate) async fn run(self, now: Timestamp) -> anyhow::Result<Ending> {
        match self.action {
            Action::Show(approval) => approval.audited(true).await,
            Action::Verify(approval) => approval.audited(false).await,
            Action::Export(export) => export.run(now).await,
            Action::Archive(archive) => archive.run(now).await,
            Action::Copies(copies) => copies.read(),
            Action::VerifyExport(exported) => exported.verify(now).await,
            Action::Delegations(people) => people.listed().await,
        }
    }
}

impl OfApproval {
    async fn audited(self, is_shown: bool) -> anyhow::Result<Ending> {
        let Self { id, deployment, format } = self;
        let Deployment { stack, login } = deployment;
        let aws = Aws::log_in(login).await?;
        let report = report(&aws, &stack, id, is_shown);
        match waiting("Reading the audit trail".to_owned(), report).await {
            Ok(report) => {
                format.print(report.text(), &report)?;
                Ok(Ending::well_if(report.ok))
            }
            Err(Refused(why)) => bail!(why),
        }
    }
}

impl OfPeople {
    async fn listed(self) -> anyhow::Result<Ending> {
        let Self { people, deployment: Deployment { stack, login }, format } = self;
        let aws = Aws::log_in(login).await?;
        match waiting("Reading who stood in for whom".to_owned(), Delegations::read(&aws, &stack, &people)).await {
            Ok(delegations) => {
                format.print(delegations.text(), &delegations)?;
                Ok(Ending::Well)
            }
            Err(Refused(why)) => bail!(why),
        }
    }
}

async fn report(aws: &Aws, stack: &str, id: ApprovalId, is_shown: bool) -> Result<Report, Refused> {
    let stack = Stack::describe(aws, stack).await?;
    let table = stack.output("TableName")?;
    Ok(match Trail::read(&Client::new(aws.config()), table, &id).await? {
        Some(trail) => judge(id, trail, is_shown),
        // Whoever removed everything has broken the trail as well.
        None => {
            let verdict = format!("the table {table} knows nothing of {id}");
            Report { id, ok: false, verdict, count: 0, entries: None }
        }
    })
}

fn judge(id: ApprovalId, trail: Trail, is_shown: bool) -> Report {
    let end = trail.head.unwrap_or_else(|| trail.end(&id));
    let broken = trail.broken(&id, &end).or_else(|| {
        let is_gone = trail.head.is_none();
        is_gone.then(|| "the record of the approval is gone, and with it the number of its entries".to_owned())
    });
    let only_counted = trail.refused.saturating_sub(ATTEMPTS_KEPT);
    let (ok, count) = (broken.is_none(), trail.entries.len());
    let mut verdict = match broken {
        Some(broken) => format!("the chain is broken: {broken}"),
        None => format!("chain of {count} entries is whole"),
    };
    if only_counted > 0 {
        verdict.push_str(&format!("; {only_counted} more attempts that did not count are only counted"));
    }
    Report { id, ok, verdict, count, entries: is_shown.then_some(trail.entries) }
}

impl Report {
    /// A line for each entry that is shown.
    fn lines(&self) -> impl Iterator<Item = String> {
        self.entries.iter().flatten().map(line::line)
    }

    /// The lines, and the verdict as the last.
    fn text(&self) -> String {
        let verdict = std::iter::once(self.verdict.clone());
        self.lines().chain(verdict).collect::<Vec<_>>().join("\n")
    }
}
