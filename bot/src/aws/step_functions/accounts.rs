//! Step Functions of this account, and of those that the policy lists: a task token is only taken from principals of the
//! account and the region of its execution, so a role there is assumed for every call.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token>

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_config::{Region, SdkConfig};
use aws_sdk_sfn::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_sts::Client;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::AwsStepFunctions;
use crate::approval::accounts::{Accounts, Role};
use crate::approval::ids::{ExecutionArn, Origin, TaskToken};
use crate::approval::look_up::LookUp;
use crate::approval::run::RunEnd;
use crate::aws::{code, retries, timeouts};
use crate::net::deadline::Unavailable;
use crate::ports::{CallbackError, Clock, Executions, OwnTasks, StartError, TaskCallbacks};

const SERVICE: &str = "STS";
/// Whoever presses waits for this, and for the call that it is for, 2.5 seconds in all.
const TRY_TIMEOUT: Duration = Duration::from_millis(700);
/// What the trail of the other account shows as who was there.
const SESSION_NAME: &str = "countersign";
/// Credentials are renewed so long before they expire, so that nobody who presses waits for that as a rule.
const RENEWED_AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// What a service says to credentials that are no longer good. Nothing has happened then, so the call may be repeated:
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html>.
const EXPIRED: [&str; 4] =
    ["ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId"];
/// The code under which a call is denied that the policy has no account for.
pub const NOT_LISTED: &str = "AccountNotListed";

/// Step Functions of every account and region that may ask.
#[derive(Clone)]
pub struct StepFunctionsOfAccounts {
    own: AwsStepFunctions,
    /// Where this deployment's own executions run; anywhere if it is not told.
    origins: Vec<Origin>,
    accounts: Accounts,
    spokes: Spokes,
}

/// The roles of other accounts, with the credentials that they have given. Clones share these.
#[derive(Clone)]
pub struct Spokes {
    config: SdkConfig,
    sts: Client,
    /// What a role wants to be told for which the policy says nothing else.
    external_id: Option<String>,
    clock: Arc<dyn Clock>,
    /// Called whenever a role cannot be assumed.
    alarm: Arc<dyn Fn() + Send + Sync>,
    held: Arc<Mutex<HashMap<Key, Slot>>>,
}

/// A role and the region that it is used in.
type Key = (Role, String);
/// Of several who need the same credentials one asks for them, and the others wait.
type Slot = Arc<tokio::sync::Mutex<Option<Session>>>;

/// A client with the credentials of one account and region.
#[derive(Clone)]
struct Session {
    client: AwsStepFunctions,
    /// None of what is held for good, which is that of this account.
    key: Option<Key>,
    expires_at: Timestamp,
}

/// Why there is no client.
#[derive(Debug)]
enum NoSession {
    /// The policy does not list the account and the region.
    NotListed,
    /// The role cannot be assumed until somebody mends it: it is not there, or does not trust this deployment.
    Denied(String),
    Unavailable(Unavailable),
}

impl Spokes {
    /// The roles are assumed with this configuration, in its own region.
    pub fn new(config: &SdkConfig, clock: Arc<dyn Clock>, alarm: impl Fn() + Send + Sync + 'static) -> Self {
        let sts = aws_sdk_sts::config::Builder::from(config)
            .timeout_config(timeouts(TRY_TIMEOUT))
            .retry_config(retries())
            .build();
        Self {
            config: config.clone(),
            sts: Client::from_conf(sts),
            external_id: None,
            clock,
            alarm: Arc::new(alarm),
            held: Arc::default(),
        }
    }

    /// The same, which tell this to the roles for which the policy says nothing else.
    pub fn telling(&self, external_id: Option<String>) -> Self {
        Self { external_id, ..self.clone() }
    }

    /// The client for a role in a region: the one that is held, unless it is used up or about to be.
    async fn session(&self, role: Role, region: &str, used_up: Option<&Session>) -> Result<Session, NoSession> {
        let external_id = role.external_id.or_else(|| self.external_id.clone());
        let key = (Role { external_id, ..role }, region.to_owned());
        let slot = {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.entry(key.clone()).or_default().clone()
        };
        let mut slot = slot.lock().await;
        let now = self.clock.now();
        // Somebody else may have renewed it meanwhile.
        slot.take_if(|held| used_up.is_some_and(|used_up| used_up.expires_at == held.expires_at));
        if let Some(held) = slot.as_ref().filter(|held| now + RENEWED_AHEAD < held.expires_at) {
            return Ok(held.clone());
        }
        match self.assume(key).await {
            Ok(session) => Ok(slot.insert(session).clone()),
            // What is about to expire has not expired.
            Err(error) => slot.clone().filter(|held| now < held.expires_at).ok_or(error),
        }
    }

    async fn assume(&self, key: Key) -> Result<Session, NoSession> {
        let (Role { arn, external_id }, region) = &key;
        let call = self.sts.assume_role().role_arn(arn).role_session_name(SESSION_NAME);
        let call = call.set_external_id(external_id.clone());
        let assumed = call.send().await.map_err(|error| self.not_assumed(arn, &error))?;
        let broken = || NoSession::Unavailable(Unavailable::new(SERVICE, "the answer has no credentials"));
        let given = assumed.credentials().ok_or_else(broken)?;
        let expires_at = Timestamp::from_second(given.expiration().secs()).map_err(|_| broken())?;
        let token = Some(given.session_token().to_owned());
        let credentials = Credentials::new(given.access_key_id(), given.secret_access_key(), token, None, SESSION_NAME);
        let config = self.config.to_builder().region(Region::new(region.clone()));
        let config = config.credentials_provider(SharedCredentialsProvider::new(credentials)).build();
        Ok(Session { client: AwsStepFunctions::new(&config), key: Some(key), expires_at })
    }

    fn not_assumed<E: ProvideErrorMetadata>(&self, arn: &str, error: &SdkError<E>) -> NoSession {
        let code = code(error);
        (self.alarm)();
        if super::is_passing(error) {
            tracing::warn!(role = arn, code, "the role of another account could not be assumed");
            return NoSession::Unavailable(Unavailable::new(SERVICE, code));
        }
        tracing::error!(
            role = arn,
            code,
            "the role of another account is not there, or does not trust this function with this external id"
        );
        NoSession::Denied(code)
    }
}

impl StepFunctionsOfAccounts {
    /// Those of this account, whose executions run at `origins`, and of the accounts that the policy lists.
    pub fn new(own: AwsStepFunctions, origins: Vec<Origin>, accounts: Accounts, spokes: Spokes) -> Self {
        Self { own, origins, accounts, spokes }
    }

    /// The client for an account and a region.
    async fn at(&self, at: &Origin, used_up: Option<&Session>) -> Result<Session, NoSession> {
        if self.origins.is_empty() || self.origins.contains(at) {
            return Ok(Session { client: self.own.clone(), key: None, expires_at: Timestamp::MAX });
        }
        let is_of_partition = self.origins.iter().all(|own| own.partition() == at.partition());
        let role = self.accounts.role(at).filter(|_| is_of_partition).ok_or(NoSession::NotListed)?;
        self.spokes.session(role, at.region(), used_up).await
    }

    /// Another client, if what was said to the first was that its credentials are no longer good.
    async fn renewed(&self, at: &Origin, used: &Session, said: Option<&str>) -> Result<Option<Session>, NoSession> {
        match said {
            Some(said) if used.key.is_some() && EXPIRED.contains(&said) => self.at(at, Some(used)).await.map(Some),
            _ => Ok(None),
        }
    }
}

#[async_trait]
impl TaskCallbacks for StepFunctionsOfAccounts {
    async fn send_task_success(&self, at: &Origin, token: &TaskToken, output: &Value) -> Result<(), CallbackError> {
        let session = self.at(at, None).await?;
        let answer = session.client.succeed(token, output).await;
        match self.renewed(at, &session, denied(&answer)).await? {
            Some(renewed) => renewed.client.succeed(token, output).await,
            None => answer,
        }
    }

    async fn send_task_failure(
        &self,
        at: &Origin,
        token: &TaskToken,
        error: &str,
        cause: &str,
    ) -> Result<(), CallbackError> {
        let session = self.at(at, None).await?;
        let answer = session.client.fail(token, error, cause).await;
        match self.renewed(at, &session, denied(&answer)).await? {
            Some(renewed) => renewed.client.fail(token, error, cause).await,
            None => answer,
        }
    }

    async fn look_up(&self, execution: &ExecutionArn, token: &TaskToken) -> Result<LookUp, Unavailable> {
        match self.look_up_there(execution, token).await {
            Ok(answer) => answer,
            Err(NoSession::NotListed) => Ok(LookUp::Refused { code: NOT_LISTED.to_owned() }),
            Err(NoSession::Denied(code)) => Ok(LookUp::Refused { code }),
            Err(NoSession::Unavailable(error)) => Err(error),
        }
    }
}

impl StepFunctionsOfAccounts {
    async fn look_up_there(
        &self,
        execution: &ExecutionArn,
        token: &TaskToken,
    ) -> Result<Result<LookUp, Unavailable>, NoSession> {
        let at = execution.origin();
        let session = self.at(&at, None).await?;
        let answer = session.client.look_up(execution, token).await;
        let said = match &answer {
            Ok(LookUp::Refused { code }) => Some(code.as_str()),
            _ => None,
        };
        match self.renewed(&at, &session, said).await? {
            Some(renewed) => Ok(renewed.client.look_up(execution, token).await),
            None => Ok(answer),
        }
    }
}

#[async_trait]
impl Executions for StepFunctionsOfAccounts {
    /// People start what is in this account alone.
    async fn start_execution(
        &self,
        state_machine_arn: &str,
        name: &str,
        input: &Value,
    ) -> Result<ExecutionArn, StartError> {
        self.own.start_execution(state_machine_arn, name, input).await
    }

    async fn is_running(&self, execution: &ExecutionArn) -> Result<bool, Unavailable> {
        let at = execution.origin();
        let session = self.at(&at, None).await?;
        let answer = session.client.is_running(execution).await;
        match self.renewed(&at, &session, problem(&answer)).await? {
            Some(renewed) => renewed.client.is_running(execution).await,
            None => answer,
        }
    }

    async fn end_of(&self, execution: &ExecutionArn) -> Result<Option<RunEnd>, Unavailable> {
        let at = execution.origin();
        let session = self.at(&at, None).await?;
        let answer = session.client.end_of(execution).await;
        match self.renewed(&at, &session, problem(&answer)).await? {
            Some(renewed) => renewed.client.end_of(execution).await,
            None => answer,
        }
    }
}

/// The code with which a callback was denied, if it was.
fn denied(answer: &Result<(), CallbackError>) -> Option<&str> {
    match answer {
        Err(CallbackError::Denied(code)) => Some(code),
        _ => None,
    }
}

/// What was said in the place of an answer.
fn problem<T>(answer: &Result<T, Unavailable>) -> Option<&str> {
    answer.as_ref().err().map(|error| error.problem.as_str())
}

/// Somebody has to mend it, and the decision waits for that on record.
impl From<NoSession> for CallbackError {
    fn from(why: NoSession) -> Self {
        match why {
            NoSession::NotListed => Self::Denied(NOT_LISTED.to_owned()),
            NoSession::Denied(code) => Self::Denied(format!("{SERVICE}: {code}")),
            NoSession::Unavailable(error) => Self::Unavailable(error),
        }
    }
}

impl From<NoSession> for Unavailable {
    fn from(why: NoSession) -> Self {
        match why {
            NoSession::NotListed => Self::new(SERVICE, NOT_LISTED),
            NoSession::Denied(code) => Self::new(SERVICE, code),
            NoSession::Unavailable(error) => error,
        }
    }
}

#[cfg(test)]
mod tests;
