//! The versions of a deployment's policy, read and pushed with the engineer's login.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, anyhow};
use aws_sdk_sts::Client as Sts;
use countersign_bot::approval::policy::{NoPolicy, Policy};
use countersign_bot::approval::policy_changes::{Change, changes};
use countersign_bot::approval::policy_file;
use countersign_bot::approval::policy_version::{self, PolicyVersion};
use countersign_bot::aws::dynamodb::DynamoDbStore;
use countersign_bot::ports::Policies;
use jiff::Timestamp;

use super::written::{self, Pushed};
use super::{Diff, History, Show, read};
use crate::aws::{Aws, Refused};
use crate::deployment::{Addresses, Deployment, TeamsService};
use crate::directory::Directory;
use crate::ending::Ending;
use crate::patience::waiting;
use crate::stack::Stack;

/// What to do where there is none.
const NOT_PUSHED: &str = "no policy is in force: nobody has pushed one yet; push it with `countersign policy push`";

/// Where the versions of a deployment are.
pub(crate) struct Versions {
    aws: Aws,
    store: DynamoDbStore,
    /// What its commands may start.
    state_machines: BTreeSet<String>,
    /// Where the keys and tokens are with which people are looked up.
    secret_id: Option<String>,
    sends_mail: bool,
}

/// Two policies to compare, and what to call each.
pub(super) struct Compared {
    pub(super) before: String,
    pub(super) after: String,
    pub(super) changes: Vec<Change>,
}

impl Versions {
    /// Logs in and looks the deployment up.
    pub(crate) async fn of(Deployment { stack, login }: Deployment) -> anyhow::Result<Self> {
        let aws = Aws::log_in(login).await?;
        waiting(format!("Looking for {stack}"), Self::at(aws, &stack)).await
    }

    /// Those of the stack of this name.
    pub(crate) async fn at(aws: Aws, stack: &str) -> anyhow::Result<Self> {
        let stack = Stack::describe(&aws, stack).await.map_err(told)?;
        let table = stack.output("TableName").map_err(told)?.to_owned();
        // A stack whose commands start nothing has no such output.
        let state_machines = stack.output("StateMachines").unwrap_or_default();
        let pairs = state_machines.split(',').filter_map(|pair| pair.split_once('='));
        let state_machines = pairs.map(|(name, _)| name.to_owned()).collect();
        let secret_id = stack.output("SecretId").ok().map(str::to_owned);
        let sends_mail = stack.output("MailFrom").is_ok();
        let store = DynamoDbStore::new(aws.config(), table);
        Ok(Self { aws, store, state_machines, secret_id, sends_mail })
    }

    /// Whether the deployment sends mails.
    pub(super) fn sends_mail(&self) -> bool {
        self.sends_mail
    }

    /// Whether its commands may start this machine.
    pub(super) fn may_start(&self, machine: &str) -> bool {
        self.state_machines.contains(machine)
    }

    /// The chats, asked with the bot's credentials.
    pub(crate) async fn directory(
        &self,
        addresses: (Addresses, TeamsService),
        clock: fn() -> Timestamp,
    ) -> anyhow::Result<Directory> {
        let secret_id = self.secret_id.as_deref();
        let secret_id = secret_id.context("the stack has no output SecretId: deploy this version of it")?;
        Directory::of(&self.aws, secret_id, addresses, clock).await
    }

    /// The version that is in force; none if nobody has pushed any.
    pub(crate) async fn current(&self) -> anyhow::Result<Option<PolicyVersion>> {
        let Some(number) = self.store.current().await? else { return Ok(None) };
        self.version(number).await.map(Some)
    }

    /// The policy that is in force.
    pub(crate) async fn in_force(&self) -> anyhow::Result<Policy> {
        let version = self.current().await?.context(NOT_PUSHED)?;
        let unusable = |problem| anyhow!("version {} cannot be used: {problem}", version.number);
        version.policy(&self.state_machines).map_err(unusable)
    }

    /// The version of this number.
    pub(super) async fn version(&self, number: u32) -> anyhow::Result<PolicyVersion> {
        let version = self.store.version(number).await?;
        version.with_context(|| format!("there is no version {number}"))
    }

    /// Puts a text in force, if it can be, changes something, and is confirmed.
    pub(crate) async fn push(
        &self,
        text: String,
        now: Timestamp,
        confirm: impl AsyncFnOnce(String) -> anyhow::Result<bool>,
    ) -> anyhow::Result<Pushed> {
        let policy = match policy_version::check(&text, &self.state_machines) {
            Ok(policy) => policy,
            Err(problem) => return Ok(Pushed::Invalid(problem)),
        };
        let current = self.current().await?;
        if let Some(current) = current.as_ref().filter(|current| current.text == text) {
            return Ok(Pushed::Unchanged(current.number));
        }
        let changes = changes(&current.as_ref().map_or_else(nothing, |version| as_it_is(&version.text)), &policy);
        let number = current.map_or(0, |version| version.number);
        if !confirm(written::push(number, &changes)).await? {
            return Ok(Pushed::NotConfirmed { changes });
        }
        let version = PolicyVersion::after(number, text, self.caller().await?, now);
        if self.store.push(&version).await? {
            return Ok(Pushed::Done { version, changes });
        }
        let faster = self.current().await?.context("another push is in force and is not there")?;
        Ok(Pushed::TooLate { faster })
    }

    /// Up to so many versions, and which of them is in force.
    pub(super) async fn history(&self, limit: usize) -> anyhow::Result<(Option<u32>, Vec<PolicyVersion>)> {
        Ok((self.store.current().await?, self.store.versions(limit).await?))
    }

    /// What has changed between two, each a number or a file.
    pub(super) async fn compare(&self, a: Option<&str>, b: Option<&str>) -> anyhow::Result<Compared> {
        let current = self.store.current().await?.context(NOT_PUSHED)?;
        let in_force = current.to_string();
        let before = current.saturating_sub(1).to_string();
        let (before, after) = match (a, b) {
            (None, _) => (before.as_str(), in_force.as_str()),
            (Some(a), Some(b)) => (a, b),
            (Some(a), None) if a.parse::<u32>().is_ok() => (a, in_force.as_str()),
            (Some(file), None) => (in_force.as_str(), file),
        };
        let (one, other) = (self.named(before).await?, self.named(after).await?);
        Ok(Compared { before: name(before), after: name(after), changes: changes(&one, &other) })
    }

    /// The policy of a number or of a file. Number 0 is that before the first.
    async fn named(&self, name: &str) -> anyhow::Result<Policy> {
        match name.parse() {
            Ok(0) => Ok(nothing()),
            Ok(number) => Ok(as_it_is(&self.version(number).await?.text)),
            Err(_) => policy_file::read(&read(Path::new(name))?).with_context(|| format!("{name} is not right")),
        }
    }

    /// Who pushes, as AWS knows it.
    async fn caller(&self) -> anyhow::Result<String> {
        let answer = Sts::new(self.aws.config()).get_caller_identity().send().await;
        let answer = answer.map_err(|error| told(Refused::because("GetCallerIdentity", error)))?;
        answer.arn.context("AWS does not say who you are")
    }
}

fn told(Refused(why): Refused) -> anyhow::Error {
    anyhow!(why)
}

fn nothing() -> Policy {
    Policy::none(NoPolicy::NotPushed)
}

/// A version that this program can no longer read is in force for nobody, so everything is new.
fn as_it_is(text: &str) -> Policy {
    policy_file::read(text).unwrap_or_else(|_| Policy::none(NoPolicy::NotUsable))
}

fn name(named: &str) -> String {
    if named.parse::<u32>().is_ok() { format!("version {named}") } else { named.to_owned() }
}

impl Show {
    /// Prints a version.
    pub(super) async fn run(self) -> anyhow::Result<Ending> {
        let versions = Versions::of(self.deployment).await?;
        let version = match self.version {
            Some(number) => versions.version(number).await?,
            None => versions.current().await?.context(NOT_PUSHED)?,
        };
        self.format.print(version.text.trim_end(), &written::version_json(&version, true))?;
        Ok(Ending::Well)
    }
}

impl History {
    /// Prints a line for each version.
    pub(super) async fn run(self) -> anyhow::Result<Ending> {
        let versions = Versions::of(self.deployment).await?;
        let (current, listed) = versions.history(self.limit).await?;
        self.format.print(written::history(current, &listed), &written::history_json(current, &listed))?;
        Ok(Ending::Well)
    }
}

impl Diff {
    /// Prints what has changed.
    pub(super) async fn run(self) -> anyhow::Result<Ending> {
        let versions = Versions::of(self.deployment).await?;
        let compared = versions.compare(self.a.as_deref(), self.b.as_deref()).await?;
        self.format.print(written::compared(&compared), &written::compared_json(&compared))?;
        Ok(Ending::Well)
    }
}

#[cfg(test)]
mod tests;
