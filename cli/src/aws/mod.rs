//! AWS, asked with the login and the settings that the engineer's AWS command line has. That program is not needed.

#[cfg(test)]
pub(crate) mod fake;
pub(crate) mod s3;
pub(crate) mod secret;

use std::error::Error;
use std::time::Duration;

use anyhow::{Context, anyhow};
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use countersign_bot::reader::environment;

use crate::deployment::Login;

/// A call is tried again by the SDK; one try takes no longer than this, connecting included.
const TRY_MAX: Duration = Duration::from_secs(20);
/// All tries of a call together take no longer than this.
const CALL_MAX: Duration = Duration::from_secs(60);
/// A login may ask a program, which may ask a person for a code.
const LOGIN_MAX: Duration = Duration::from_secs(60);

/// What to do when AWS lets nobody in.
const LOG_IN: &str = "there is no AWS login that works: log in, for example with `aws sso login`, or name a profile with \
                      --profile";
/// What to do when it is not known where the deployment is.
const NAME_REGION: &str = "no region is set: name it with --region, or in the settings of the profile";

/// Makes clients of AWS's services.
#[derive(Debug, Clone)]
pub(crate) struct Aws {
    config: SdkConfig,
}

/// Why AWS gave no answer, in words for the engineer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) String);

impl Aws {
    /// Finds the login and the region as the AWS command line does, and logs in.
    pub(crate) async fn log_in(login: Login) -> anyhow::Result<Self> {
        let config = settings(&login).await;
        let Login { profile, .. } = login;
        let credentials = tokio::time::timeout(LOGIN_MAX, credentials(&config, profile)).await;
        let credentials =
            credentials.map_err(|_| anyhow!("the login did not answer in time")).flatten().context(LOG_IN)?;
        config.region().context(NAME_REGION)?;
        // The program ends before the login does, so no client has to look for it again.
        let provider = SharedCredentialsProvider::new(credentials);
        Ok(Self { config: config.into_builder().credentials_provider(provider).build() })
    }

    /// The region that a login would take, for whoever is asked about it.
    pub(crate) async fn region_of(login: &Login) -> Option<String> {
        settings(login).await.region().map(ToString::to_string)
    }

    /// What a client of a service is made of.
    pub(crate) fn config(&self) -> &SdkConfig {
        &self.config
    }
}

/// What the environment and the settings of the profile say.
async fn settings(Login { profile, region }: &Login) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(countersign_bot::aws::http_client())
        .timeout_config(timeouts());
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = region {
        loader = loader.region(Region::new(region.clone()));
    }
    loader.load().await
}

/// A profile that is named on the command line goes before the environment, as it does for the AWS command line.
async fn credentials(config: &SdkConfig, profile: Option<String>) -> anyhow::Result<Credentials> {
    let Some(profile) = profile else {
        let provider = config.credentials_provider().context("there is nowhere to look")?;
        let found = provider.provide_credentials().await;
        // The SDK looks elsewhere if there is no such profile, and says only what it did not find there.
        return match environment("AWS_PROFILE").filter(|profile| !profile.is_empty()) {
            Some(profile) => found.with_context(|| format!("AWS_PROFILE names the profile {profile}")),
            None => Ok(found?),
        };
    };
    let provider_config = ProviderConfig::default()
        .with_behavior_version(Some(BehaviorVersion::latest()))
        .with_region(config.region().cloned())
        .with_http_client(countersign_bot::aws::http_client());
    let provider = ProfileFileCredentialsProvider::builder().configure(&provider_config).profile_name(&profile).build();
    provider.provide_credentials().await.with_context(|| format!("the profile {profile} gives none"))
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(TRY_MAX).operation_timeout(CALL_MAX).build()
}

impl Refused {
    /// Says why an operation failed, in the words of the AWS command line.
    pub(crate) fn because<E>(operation: &str, error: SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        match &error {
            SdkError::ServiceError(_) => {
                let (code, message) = (error.code().unwrap_or("Unknown"), error.message().unwrap_or("it says no more"));
                Self(format!("An error occurred ({code}) when calling the {operation} operation: {message}"))
            }
            SdkError::TimeoutError(_) => Self(format!("{operation}: there was no answer in time")),
            SdkError::ResponseError(_) => Self(format!("{operation} did not answer as it is documented to")),
            _ => Self(format!("{operation}: {:#}", anyhow!(error))),
        }
    }
}
