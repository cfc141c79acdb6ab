//! AWS, as a deployment asks it: CloudFormation, and the bucket of the zips.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, anyhow};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::Client as Sts;
use jiff::Timestamp;

use super::standing::Standing;
use crate::aws::s3::S3;
use crate::aws::{Aws, Refused};

/// CloudFormation is asked this often what it has done.
const PACE: Duration = Duration::from_secs(2);

/// The account and the region that is deployed to.
pub(super) struct Cloud {
    pub(super) aws: Aws,
    pub(super) cloudformation: Client,
    pub(super) s3: S3,
    pub(super) account: String,
    pub(super) region: String,
    /// Who deploys.
    pub(super) caller: String,
    pub(super) pace: Duration,
}

/// A stack as it is.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) outputs: BTreeMap<String, String>,
    pub(super) tags: BTreeMap<String, String>,
}

impl Cloud {
    /// Finds out whose login it is.
    pub(super) async fn of(aws: Aws, clock: fn() -> Timestamp) -> anyhow::Result<Self> {
        let identity = Sts::new(aws.config()).get_caller_identity().send().await;
        let identity = identity.map_err(|error| told("GetCallerIdentity", error))?;
        let account = identity.account.context("AWS does not say which account this is")?;
        let s3 = S3::new(&aws, &account, clock).await?;
        let region = aws.config().region().context("no region is set")?.to_string();
        let cloudformation = Client::new(aws.config());
        let caller = identity.arn.unwrap_or_default();
        Ok(Self { aws, cloudformation, s3, account, region, caller, pace: PACE })
    }

    /// The stack of this name or id; none if there is none.
    pub(super) async fn find(&self, stack: &str) -> anyhow::Result<Option<Found>> {
        let answer = match self.cloudformation.describe_stacks().stack_name(stack).send().await {
            Ok(answer) => answer,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(told("DescribeStacks", error)),
        };
        let Some(found) = answer.stacks().first() else { return Ok(None) };
        let parameters = found.parameters().iter();
        let (outputs, tags) = (found.outputs().iter(), found.tags().iter());
        let pair = |name: Option<&str>, value: Option<&str>| Some((name?.to_owned(), value?.to_owned()));
        Ok(Some(Found {
            id: found.stack_id().unwrap_or(stack).to_owned(),
            status: found.stack_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            parameters: parameters.filter_map(|it| pair(it.parameter_key(), it.parameter_value())).collect(),
            outputs: outputs.filter_map(|it| pair(it.output_key(), it.output_value())).collect(),
            tags: tags.filter_map(|it| pair(it.key(), it.value())).collect(),
        }))
    }

    /// Lets the stack be removed, and gives what the work is known by.
    pub(super) async fn delete(&self, id: &str) -> anyhow::Result<String> {
        let token = token();
        let delete = self.cloudformation.delete_stack().stack_name(id).client_request_token(&token);
        delete.send().await.map_err(|error| told("DeleteStack", error))?;
        Ok(token)
    }
}

impl Found {
    /// What can be done with it.
    pub(super) fn standing(&self) -> Standing {
        Standing::of(&self.status)
    }
}

/// What CloudFormation knows a call by that is made twice since its answer was lost.
pub(super) fn token() -> String {
    format!("countersign-{:016x}", fastrand::u64(..))
}

/// Whether CloudFormation says that there is no such stack, which has no code of its own.
pub(super) fn is_missing<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    error.code() == Some("ValidationError") && error.message().is_some_and(|text| text.contains("does not exist"))
}

/// Why an operation failed.
pub(super) fn told<E>(operation: &str, error: SdkError<E>) -> anyhow::Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let Refused(why) = Refused::because(operation, error);
    anyhow!(why)
}
