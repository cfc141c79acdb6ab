//! Reads the audit trail of an approval from the table, and says what happened and whether the trail is whole.

mod line;
mod table;

#[cfg(test)]
mod tests;

use anyhow::bail;
use countersign_bot::approval::audit;
use countersign_bot::approval::ids::ApprovalId;
use countersign_bot::approval::transitions::journal::ATTEMPTS_KEPT;

use self::table::Trail;
use crate::aws::{Aws, Refused};
use crate::stack::Stack;

/// Which audit trail to read.
#[derive(Debug, clap::Args)]
pub(crate) struct Audit {
    /// Whether to print what happened, or only whether the trail is whole.
    action: Action,
    /// The id of the approval.
    #[arg(value_parser = ApprovalId::parse)]
    id: ApprovalId,
    /// The name of the stack.
    #[arg(long)]
    stack: String,
    /// The region of the stack; without it the one that the AWS command line takes.
    #[arg(long)]
    region: Option<String>,
}

/// What to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Action {
    /// Only the verdict.
    Verify,
    /// A line for each entry, then the verdict.
    Show,
}

/// What there is to print.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// A line for each entry, where they were asked for.
    pub(crate) lines: Vec<String>,
    /// Whether the trail is whole, in words.
    pub(crate) verdict: String,
    /// Whether it is.
    pub(crate) is_whole: bool,
}

impl Audit {
    /// Reads the trail with the engineer's login.
    pub(crate) async fn report(self) -> anyhow::Result<Report> {
        let aws = Aws { program: "aws".into(), region: self.region };
        match read(&aws, &self.stack, &self.id).await {
            Ok(trail) => Ok(judge(&self.id, &trail, self.action)),
            Err(Refused(why)) => bail!(why),
        }
    }
}

async fn read(aws: &Aws, stack: &str, id: &ApprovalId) -> Result<Trail, Refused> {
    let stack = Stack::describe(aws, stack).await?;
    Trail::read(aws, stack.output("TableName")?, id).await
}

fn judge(id: &ApprovalId, trail: &Trail, action: Action) -> Report {
    let entries = trail.entries.iter();
    let lines = entries.clone().filter(|_| action == Action::Show).map(line::line).collect();
    let broken = match (&trail.unreadable, &trail.head) {
        (Some(item), _) => Some(format!("the item {item} is not what this version writes")),
        (None, None) => Some("the record of the approval is gone, and with it the number of its entries".to_owned()),
        (None, Some(head)) => audit::verify(id, &trail.entries, head).err().map(|broken| broken.to_string()),
    };
    let only_counted = trail.refused.saturating_sub(ATTEMPTS_KEPT);
    let is_whole = broken.is_none();
    let mut verdict = match broken {
        Some(broken) => format!("the chain is broken: {broken}"),
        None => format!("chain of {} entries is whole", entries.len()),
    };
    if only_counted > 0 {
        verdict.push_str(&format!("; {only_counted} more attempts that did not count are only counted"));
    }
    Report { lines, verdict, is_whole }
}
