//! The functions that read a secret when they start and never again, which are made to start anew.

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use aws_sdk_cloudformation::Client as CloudFormation;
use aws_sdk_lambda::Client as Lambda;
use aws_sdk_lambda::types::LastUpdateStatus;
use jiff::Timestamp;

use super::kept::Kept;
use crate::aws::Refused;

/// Lambda is asked this often whether a change has come to its end.
const PACE: Duration = Duration::from_secs(1);
/// A change of a variable takes seconds.
const CHANGE_MAX: Duration = Duration::from_secs(120);

/// A function of the stack.
pub(super) struct Function {
    lambda: Lambda,
    name: String,
    /// When it was last changed: what started before that is of no more use.
    pub(super) changed: Timestamp,
}

impl Function {
    /// The function that the template calls so.
    pub(super) async fn of(kept: &Kept, resource: &str) -> anyhow::Result<Self> {
        let cloudformation = CloudFormation::new(kept.aws.config());
        let found = cloudformation.describe_stack_resource().stack_name(&kept.name).logical_resource_id(resource);
        let found = found.send().await.map_err(|error| told(Refused::because("DescribeStackResource", error)))?;
        let name = found.stack_resource_detail().and_then(|detail| detail.physical_resource_id());
        let name = name.with_context(|| format!("AWS does not say which function {resource} is"))?.to_owned();
        let mut function = Self { lambda: Lambda::new(kept.aws.config()), name, changed: Timestamp::MIN };
        function.look().await?;
        Ok(function)
    }

    /// Has it start anew, so that it reads its secret again.
    pub(super) async fn restart(&mut self, now: Timestamp) -> anyhow::Result<()> {
        let change = self.lambda.update_function_configuration().function_name(&self.name);
        let change = change.description(format!("Restarted {now:.0}")).send().await;
        change.map_err(|error| told(Refused::because("UpdateFunctionConfiguration", error)))?;
        let done = async {
            while !self.look().await? {
                tokio::time::sleep(PACE).await;
            }
            anyhow::Ok(())
        };
        let done = tokio::time::timeout(CHANGE_MAX, done).await;
        done.unwrap_or_else(|_| bail!("Lambda did not come to an end with it in time"))
    }

    /// Looks when it was last changed, and whether that has come to its end.
    async fn look(&mut self) -> anyhow::Result<bool> {
        let found = self.lambda.get_function_configuration().function_name(&self.name).send().await;
        let found = found.map_err(|error| told(Refused::because("GetFunctionConfiguration", error)))?;
        let changed = found.last_modified().context("Lambda does not say when the function was changed")?;
        self.changed = Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", changed)
            .context("Lambda says when the function was changed, and not as it is documented to")?;
        match found.last_update_status() {
            Some(LastUpdateStatus::InProgress) => Ok(false),
            Some(LastUpdateStatus::Failed) => bail!("Lambda could not change {}", self.name),
            _ => Ok(true),
        }
    }
}

fn told(Refused(why): Refused) -> anyhow::Error {
    anyhow!(why)
}
