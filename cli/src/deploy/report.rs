//! What became of a deployment: for people, with what comes next, and for scripts.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::changes::Changed;
use super::cloud::Cloud;
use super::first_policy;
use super::progress::{self, Failure};
use super::run::Order;
use crate::ending::Ending;
use crate::output::Format;

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Created,
    Updated,
    Unchanged,
    /// Nobody agreed.
    Declined,
    /// The stack is in this status.
    Failed(String),
}

/// What is said at the end.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) outcome: Outcome,
    pub(super) changes: Vec<Changed>,
    pub(super) failures: Vec<Failure>,
    pub(super) outputs: BTreeMap<String, String>,
    pub(super) policy: Option<first_policy::Standing>,
    stack: String,
    region: String,
    account: String,
    version: String,
}

impl Report {
    pub(super) fn new(cloud: &Cloud, order: &Order, outcome: Outcome) -> Self {
        Self {
            outcome,
            changes: Vec::new(),
            failures: Vec::new(),
            outputs: BTreeMap::new(),
            policy: None,
            stack: order.stack.clone(),
            region: cloud.region.clone(),
            account: cloud.account.clone(),
            version: order.deployable.version().to_owned(),
        }
    }

    /// Says it, and how well it is.
    pub(super) fn print(&self, chats: &[String], format: Format) -> anyhow::Result<Ending> {
        format.print(self.text(chats), &self.json())?;
        Ok(Ending::well_if(self.is_well()))
    }

    fn is_well(&self) -> bool {
        matches!(self.outcome, Outcome::Created | Outcome::Updated | Outcome::Unchanged)
    }

    fn text(&self, chats: &[String]) -> String {
        let Self { stack, version, .. } = self;
        let said = match &self.outcome {
            Outcome::Created => format!("{stack} is deployed, version {version}."),
            Outcome::Updated => format!("{stack} is up to date, version {version}."),
            Outcome::Unchanged => format!("{stack} is as it should be, version {version}."),
            Outcome::Declined => return "Nothing was changed.".to_owned(),
            Outcome::Failed(status) => {
                let why = progress::in_words(&self.failures);
                return format!("{stack} is {status}. This has failed:\n{why}\nMend it, and call the command again.");
            }
        };
        let mut lines = vec![said];
        lines.extend(self.outputs.get("PublicUrl").map(|url| format!("Its address is {url}")));
        lines.extend(self.next(chats));
        lines.join("\n")
    }

    /// What is left to do, in the order in which it is done.
    fn next(&self, chats: &[String]) -> Vec<String> {
        let stack = &self.stack;
        let mut next = Vec::new();
        match self.policy {
            Some(first_policy::Standing::Missing) => {
                next.push(format!("No policy is in force yet: `countersign policy push policy.toml --stack {stack}`."))
            }
            Some(first_policy::Standing::Another) => {
                next.push(format!("Another policy is in force: `countersign policy push policy.toml --stack {stack}`."))
            }
            Some(first_policy::Standing::InForce) | None => {}
        }
        if self.outcome == Outcome::Created {
            next.extend(chats.iter().map(|chat| format!("`countersign {chat} --stack {stack}` sets the app up.")));
        }
        next.push(format!("`countersign doctor --stack {stack}` says what is still to do."));
        next
    }

    fn json(&self) -> Value {
        let outcome = match &self.outcome {
            Outcome::Created => "created",
            Outcome::Updated => "updated",
            Outcome::Unchanged => "unchanged",
            Outcome::Declined => "declined",
            Outcome::Failed(_) => "failed",
        };
        let status = match &self.outcome {
            Outcome::Failed(status) => json!(status),
            _ => Value::Null,
        };
        json!({
            "ok": self.is_well(),
            "outcome": outcome,
            "status": status,
            "stack": self.stack,
            "region": self.region,
            "account": self.account,
            "version": self.version,
            "outputs": self.outputs,
            "policy": self.policy,
            "changes": self.changes,
            "failures": self.failures,
        })
    }
}
