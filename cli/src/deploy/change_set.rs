//! A change set: what CloudFormation would do, before it does it.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{Capability, ChangeSetStatus, ChangeSetType, Parameter, Tag};
use data_encoding::HEXLOWER;
use ring::digest::{SHA256, digest};

use super::changes::Changed;
use super::cloud::{Cloud, is_missing, token, told};
use super::standing::Standing;

/// What the stack is to become.
pub(super) struct Plan<'a> {
    pub(super) stack: &'a str,
    pub(super) is_new: bool,
    pub(super) template_url: &'a str,
    /// Parameters that are set anew; those that stay have none.
    pub(super) parameters: BTreeMap<String, Option<String>>,
    pub(super) tags: BTreeMap<String, String>,
}

/// What CloudFormation would do.
pub(super) struct ChangeSet {
    pub(super) id: String,
    pub(super) stack_id: String,
    /// None if there is nothing to do.
    pub(super) changes: Vec<Changed>,
}

/// Has CloudFormation find out what would change. A change set that an earlier run has left under the same name may be
/// of another stack than there is now, so it is made again.
pub(super) async fn propose(cloud: &Cloud, plan: &Plan<'_>) -> anyhow::Result<ChangeSet> {
    let name = name(plan);
    let delete = cloud.cloudformation.delete_change_set().stack_name(plan.stack).change_set_name(&name);
    match delete.send().await {
        Ok(_) => {}
        Err(error) if is_missing(&error) => {}
        Err(error) => return Err(told("DeleteChangeSet", error)),
    }
    let create = cloud.cloudformation.create_change_set().stack_name(plan.stack).change_set_name(&name);
    let create = create.template_url(plan.template_url).capabilities(Capability::CapabilityIam);
    let create = create.change_set_type(if plan.is_new { ChangeSetType::Create } else { ChangeSetType::Update });
    let tags = plan.tags.iter().map(|(name, value)| Tag::builder().key(name).value(value).build());
    let create = create.set_tags(Some(tags.collect())).client_token(token());
    let create = create.set_parameters(Some(plan.parameters.iter().map(parameter).collect()));
    let made = create.send().await.map_err(|error| told("CreateChangeSet", error))?;
    let id = made.id.context("CloudFormation does not name the change set")?;
    let stack_id = made.stack_id.context("CloudFormation does not name the stack")?;
    let changes = found_out(cloud, &id).await?;
    Ok(ChangeSet { id, stack_id, changes })
}

/// The same for the same wishes.
fn name(plan: &Plan<'_>) -> String {
    let wishes = format!("{}{:?}{:?}", plan.template_url, plan.parameters, plan.tags);
    format!("countersign-{}", &HEXLOWER.encode(digest(&SHA256, wishes.as_bytes()).as_ref())[..16])
}

fn parameter((name, value): (&String, &Option<String>)) -> Parameter {
    let parameter = Parameter::builder().parameter_key(name);
    match value {
        Some(value) => parameter.parameter_value(value).build(),
        None => parameter.use_previous_value(true).build(),
    }
}

/// Waits until CloudFormation knows.
async fn found_out(cloud: &Cloud, id: &str) -> anyhow::Result<Vec<Changed>> {
    loop {
        let page = page(cloud, id, None).await?;
        match page.status() {
            Some(ChangeSetStatus::CreateComplete) => return all_changes(cloud, id, page).await,
            Some(ChangeSetStatus::Failed) => {
                let reason = page.status_reason().unwrap_or("CloudFormation does not say why");
                if is_nothing_to_do(reason) {
                    return Ok(Vec::new());
                }
                bail!("CloudFormation cannot do this: {reason}");
            }
            Some(ChangeSetStatus::CreatePending | ChangeSetStatus::CreateInProgress) => {}
            other => bail!("somebody else has taken the change set away: {other:?}"),
        }
        tokio::time::sleep(cloud.pace).await;
    }
}

/// CloudFormation has two ways to say it.
fn is_nothing_to_do(reason: &str) -> bool {
    reason.contains("didn't contain changes") || reason.contains("No updates are to be performed")
}

async fn all_changes(cloud: &Cloud, id: &str, first: DescribeChangeSetOutput) -> anyhow::Result<Vec<Changed>> {
    let mut changes: Vec<Changed> = first.changes().iter().filter_map(Changed::of).collect();
    let mut next = first.next_token;
    while let Some(token) = next {
        let page = page(cloud, id, Some(token)).await?;
        changes.extend(page.changes().iter().filter_map(Changed::of));
        next = page.next_token;
    }
    Ok(changes)
}

async fn page(cloud: &Cloud, id: &str, next: Option<String>) -> anyhow::Result<DescribeChangeSetOutput> {
    let describe = cloud.cloudformation.describe_change_set().change_set_name(id).set_next_token(next);
    describe.send().await.map_err(|error| told("DescribeChangeSet", error))
}

impl ChangeSet {
    /// Lets CloudFormation begin, and gives what it knows the work by. Where the answer was lost, the stack tells whether
    /// it has begun.
    pub(super) async fn carry_out(&self, cloud: &Cloud) -> anyhow::Result<String> {
        let token = token();
        let execute = cloud.cloudformation.execute_change_set().change_set_name(&self.id).client_request_token(&token);
        if let Err(error) = execute.send().await {
            let found = cloud.find(&self.stack_id).await?;
            if found.is_none_or(|found| found.standing() != Standing::Busy) {
                return Err(told("ExecuteChangeSet", error));
            }
        }
        Ok(token)
    }

    /// Leaves nothing behind that nobody has agreed to: the stack of a first deployment is empty then.
    pub(super) async fn discard(self, cloud: &Cloud, is_new: bool) -> anyhow::Result<()> {
        let delete = cloud.cloudformation.delete_change_set().change_set_name(&self.id);
        delete.send().await.map_err(|error| told("DeleteChangeSet", error))?;
        if is_new {
            cloud.delete(&self.stack_id).await?;
        }
        Ok(())
    }
}
