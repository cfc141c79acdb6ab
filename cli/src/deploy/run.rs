//! From what was asked for to the stack as it is wanted. Each step finds out what is there and does what is missing, so
//! that whatever was interrupted goes on when it is called again.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use countersign_bot::approval::policy_file;
use jiff::Timestamp;

use super::answers::Answers;
use super::bucket::{self, PREFIX, Uploaded};
use super::change_set::{Plan, propose};
use super::changes;
use super::cloud::{Cloud, Found, token, told};
use super::deployable::Deployable;
use super::progress::{self, watch};
use super::report::{Outcome, Report};
use super::standing::{self, Standing};
use super::{Deploy, first_policy, guided};
use crate::aws::Aws;
use crate::deployment::Login;
use crate::ending::Ending;
use crate::person::{AtTerminal, Person};
use crate::policy::read;

/// What is to be deployed, and how.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) stack: String,
    pub(super) deployable: Deployable,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) arch: Option<String>,
    pub(super) bucket: Option<String>,
    pub(super) tags: Vec<(String, String)>,
    /// The policy that is pushed if there is none, as text.
    pub(super) policy: Option<String>,
    /// Whether nobody needs to agree to a loss of data but the writer of the command.
    pub(super) may_lose_data: Option<bool>,
}

impl Deploy {
    /// Deploys.
    pub(crate) async fn run(self, clock: fn() -> Timestamp) -> anyhow::Result<Ending> {
        let mut person = AtTerminal { agrees: self.yes };
        person.can_be_asked("look at what would change at a terminal, or say --yes")?;
        let format = self.format;
        let deployable = Deployable::find(self.from.as_deref())?;
        let mut answers = self.over(Answers::read(&self.answers)?);
        if self.guided {
            let proposed = Aws::region_of(&answers.login()).await;
            answers = guided::ask(answers, proposed.as_deref(), &mut person)?;
            answers.write(&self.answers)?;
            person.told(&format!("The answers are kept in {}.", self.answers.display()))?;
        }
        let stack = answers.stack.clone();
        let stack =
            stack.context("no stack is named: begin with `countersign deploy --guided`, or name one with --stack")?;
        let policy = answers.policy.as_deref().map(policy_in).transpose()?;
        let cloud = Cloud::of(Aws::log_in(answers.login()).await?, clock).await?;
        let Cloud { account, region, caller, .. } = &cloud;
        person.told(&format!("Account {account}, region {region}, as {caller}."))?;
        let chats = answers.chats.clone();
        let order = Order {
            stack,
            deployable,
            parameters: answers.parameters,
            arch: answers.arch,
            bucket: answers.bucket,
            tags: self.tags,
            policy,
            may_lose_data: self.yes.then_some(self.lose_data),
        };
        let report = deploy(&cloud, &order, clock(), &mut person).await?;
        report.print(&chats, format)
    }

    /// What the command line says goes before what is kept.
    fn over(&self, kept: Answers) -> Answers {
        let mut parameters = kept.parameters;
        parameters.extend(self.parameters.iter().cloned());
        Answers {
            stack: self.stack.clone().or(kept.stack),
            region: self.login.region.clone().or(kept.region),
            profile: self.login.profile.clone().or(kept.profile),
            arch: self.arch.clone().or(kept.arch),
            bucket: self.bucket.clone().or(kept.bucket),
            policy: self.policy.clone().or(kept.policy),
            chats: kept.chats,
            parameters,
        }
    }
}

impl Answers {
    fn login(&self) -> Login {
        Login { profile: self.profile.clone(), region: self.region.clone() }
    }
}

/// The text of a policy that can be read. What only the deployed stack can tell is found when it is pushed.
fn policy_in(file: &Path) -> anyhow::Result<String> {
    let text = read(file)?;
    policy_file::read(&text).with_context(|| format!("{} is not right", file.display()))?;
    Ok(text)
}

/// Brings the stack to what is wanted.
pub(super) async fn deploy(
    cloud: &Cloud,
    order: &Order,
    now: Timestamp,
    person: &mut impl Person,
) -> anyhow::Result<Report> {
    let Some(existing) = ready_for_change(cloud, order, person).await? else {
        return Ok(Report::new(cloud, order, Outcome::Declined));
    };
    let processor = processor(order, existing.as_ref())?;
    let named = order.bucket.as_deref();
    let uploaded = bucket::fill(cloud, named, &order.deployable, &processor, person).await?;
    let plan = Plan {
        stack: &order.stack,
        is_new: existing.is_none(),
        template_url: &uploaded.template_url,
        parameters: parameters(order, existing.as_ref(), &processor, &uploaded)?,
        tags: tags(order, existing.as_ref()),
    };
    let proposed = propose(cloud, &plan).await?;
    let mut report = Report::new(cloud, order, Outcome::Unchanged);
    report.changes.clone_from(&proposed.changes);
    if proposed.changes.is_empty() {
        person.told("There is nothing to change.")?;
        proposed.discard(cloud, false).await?;
    } else {
        if !agreed(order, &proposed.changes, person)? {
            proposed.discard(cloud, plan.is_new).await?;
            report.outcome = Outcome::Declined;
            return Ok(report);
        }
        let token = proposed.carry_out(cloud).await?;
        let ended = watch(cloud, &proposed.stack_id, Some(&token), person).await?;
        report.failures = ended.failures;
        report.outcome = match standing::is_done(&ended.status) {
            true if plan.is_new => Outcome::Created,
            true => Outcome::Updated,
            false => Outcome::Failed(ended.status),
        };
    }
    if !matches!(report.outcome, Outcome::Failed(_)) {
        let found = cloud.find(&order.stack).await?.context("the stack has vanished")?;
        report.outputs = found.outputs;
        report.policy = Some(first_policy::push(cloud, order, now, person).await?);
    }
    Ok(report)
}

/// Waits for what goes on, and repairs what has failed before, until the stack can be changed or made. None if nobody
/// agrees.
async fn ready_for_change(
    cloud: &Cloud,
    order: &Order,
    person: &mut impl Person,
) -> anyhow::Result<Option<Option<Found>>> {
    let stack = &order.stack;
    loop {
        let Some(found) = cloud.find(stack).await? else { return Ok(Some(None)) };
        match found.standing() {
            Standing::Empty => return Ok(Some(None)),
            Standing::Whole => return Ok(Some(Some(found))),
            Standing::Busy => {
                person.told(&format!("{stack} is {}: waiting for its end.", found.status))?;
                watch(cloud, &found.id, None, person).await?;
            }
            Standing::Ruined => {
                let failures = progress::failures(cloud, &found.id).await?;
                person.told(&format!("{stack} is {}, and cannot be changed.", found.status))?;
                if !failures.is_empty() {
                    person.told(&format!("This has failed before:\n{}", progress::in_words(&failures)))?;
                }
                if !person.agrees("Remove what is left of it, and make it again?")? {
                    return Ok(None);
                }
                let token = cloud.delete(&found.id).await?;
                let ended = watch(cloud, &found.id, Some(&token), person).await?;
                if ended.status != "DELETE_COMPLETE" {
                    bail!("{stack} cannot be removed:\n{}", progress::in_words(&ended.failures));
                }
            }
            Standing::Stuck => {
                person
                    .told(&format!("{stack} is {}: a change has failed, and so has taking it back.", found.status))?;
                if !person.agrees("Try again to take it back?")? {
                    return Ok(None);
                }
                take_back(cloud, &found, person).await?;
            }
        }
    }
}

async fn take_back(cloud: &Cloud, found: &Found, person: &mut impl Person) -> anyhow::Result<()> {
    let token = token();
    let go_on = cloud.cloudformation.continue_update_rollback().stack_name(&found.id).client_request_token(&token);
    go_on.send().await.map_err(|error| told("ContinueUpdateRollback", error))?;
    let ended = watch(cloud, &found.id, Some(&token), person).await?;
    if Standing::of(&ended.status) == Standing::Stuck {
        bail!("it cannot be taken back:\n{}", progress::in_words(&ended.failures));
    }
    Ok(())
}

/// The processor that is named, or the one that is deployed, or the first that there are zips for.
fn processor(order: &Order, existing: Option<&Found>) -> anyhow::Result<String> {
    let there = order.deployable.processors();
    let deployed = existing.and_then(|found| found.parameters.get("Architecture")).map(String::as_str);
    match order.arch.as_deref() {
        Some(named) if !there.contains(&named) => bail!("there are no zips for {named}, but for {}", there.join(", ")),
        Some(named) => Ok(named.to_owned()),
        None => {
            let kept = deployed.filter(|deployed| there.contains(deployed));
            let chosen = kept.or_else(|| there.first().copied());
            chosen.map(str::to_owned).context("there are no zips for any processor")
        }
    }
}

/// What is given, and of the rest what is deployed. A parameter that the new version has no more is left out.
fn parameters(
    order: &Order,
    existing: Option<&Found>,
    processor: &str,
    uploaded: &Uploaded,
) -> anyhow::Result<BTreeMap<String, Option<String>>> {
    let known = order.deployable.parameters();
    let unknown: Vec<&str> =
        order.parameters.keys().map(String::as_str).filter(|name| !known.contains_key(name)).collect();
    if !unknown.is_empty() {
        bail!("the template has no parameter {}", unknown.join(", "));
    }
    let deployed = existing.into_iter().flat_map(|found| found.parameters.keys());
    let kept = deployed.filter(|name| known.contains_key(name.as_str())).map(|name| (name.clone(), None));
    let given = order.parameters.iter().map(|(name, value)| (name.clone(), Some(value.clone())));
    let ours = [("Architecture", processor), ("CodeBucket", &uploaded.bucket), ("CodePrefix", PREFIX)];
    let ours = ours.into_iter().map(|(name, value)| (name.to_owned(), Some(value.to_owned())));
    Ok(kept.chain(given).chain(ours).collect())
}

/// Those that the stack has, and those that are given. What a bill says of the project is told by ours.
fn tags(order: &Order, existing: Option<&Found>) -> BTreeMap<String, String> {
    let had = existing.map(|found| found.tags.clone()).unwrap_or_default();
    let ours = ("project".to_owned(), "countersign".to_owned());
    had.into_iter().chain([ours]).chain(order.tags.iter().cloned()).collect()
}

/// Says what would change, and asks.
fn agreed(order: &Order, proposed: &[changes::Changed], person: &mut impl Person) -> anyhow::Result<bool> {
    person.told(&changes::in_words(proposed))?;
    if changes::lose_data(proposed) && order.may_lose_data == Some(false) {
        bail!("data would be lost: look at it, and say --lose-data beside --yes if it may be");
    }
    person.agrees(&format!("Change {}?", order.stack))
}
