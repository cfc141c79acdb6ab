//! The only code of the library that names `aws_sdk_*`.

pub mod dynamodb;
pub mod eventbridge;
pub mod s3;
pub mod secrets_manager;
pub mod ses;
pub mod sqs;
pub mod step_functions;
mod trust;

use std::time::Duration;

use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_sfn::config::{HttpClient, RuntimeComponents, SharedHttpClient, StalledStreamProtectionConfig};
use aws_sdk_sfn::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{self, TlsContext};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector};

use crate::reader::environment;

/// The SDK's configuration from the environment of a Lambda function, on the one TLS provider.
///
/// Lambda puts region and credentials into the environment. The SDK's search for them in other places makes a client
/// for each of those at every start.
pub async fn sdk_config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .region(EnvironmentVariableRegionProvider::new())
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        // Every call has a timeout, so a transfer cannot stall for longer.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(client_that_trusts(trust::tls_context(environment)))
        .load()
        .await
}

/// The SDK's HTTP client, on rustls with ring like every other client here. It trusts what the operating system trusts.
pub fn http_client() -> SharedHttpClient {
    client_that_trusts(TlsContext::default())
}

fn client_that_trusts(trusted: TlsContext) -> SharedHttpClient {
    let client = aws_smithy_http_client::Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring));
    SharedHttpClient::new(ReadyOnDemand(client.tls_context(trusted).build_https()))
}

/// A client that reads the trusted certificates with its first call. By itself it would read them for each client of a
/// service that is made, and drop them again: that is most of the time of a cold start.
#[derive(Debug)]
struct ReadyOnDemand(SharedHttpClient);

impl HttpClient for ReadyOnDemand {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }
}

/// A call is tried three times. The pauses grow from a twentieth of a second, with jitter: the SDK's own first
/// pause of up to a second would use up what Slack leaves for an answer.
fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_millis(500))
}

/// How long one try may take, connecting included.
fn timeouts(one_try: Duration) -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(one_try).build()
}

/// The error's code; its message is left out, since it may quote what was sent.
fn code<E: ProvideErrorMetadata>(error: &SdkError<E>) -> String {
    match error {
        SdkError::ServiceError(_) => error.code().unwrap_or("Unknown").to_owned(),
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::ConstructionFailure(_) => "the call could not be made".to_owned(),
        _ => "no connection".to_owned(),
    }
}

#[cfg(test)]
pub(crate) mod wire;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::deadline::Deadline;
    use crate::net::http::HttpClient;
    use crate::platforms::slack::{client as slack, error};
    use crate::ports::Secrets;

    /// Two TLS providers in one binary panic when the second client is made, so all are made here. Those that set up
    /// TLS with their first call make one; nothing listens where it goes.
    #[tokio::test]
    async fn every_client_can_be_made_beside_the_others() {
        let config = wire::config_for("http://127.0.0.1:9");
        let _ = (step_functions::AwsStepFunctions::new(&config), ses::Ses::new(&config, None));
        let _ = dynamodb::DynamoDbStore::new(&config, "table".to_owned());
        let _ = eventbridge::EventBridgeBus::new(&config, "bus".to_owned());
        let _ = sqs::SqsDeliveries::new(&config, "http://127.0.0.1:9/queue".to_owned());
        let secrets = secrets_manager::SecretsManager::new(&config, "secret".to_owned());
        assert_eq!(secrets.fetch().await.unwrap_err().to_string(), "Secrets Manager is unavailable: no connection");
        let _ = ses::Ses::at("http://127.0.0.1:9");
        let request = http::Request::get("https://127.0.0.1:9").body(Vec::new()).unwrap();
        let error = HttpClient::default().send(request, Deadline::after(Duration::from_secs(5))).await.unwrap_err();
        assert!(!error.is_sent, "{error}");
        let slack = slack::Client::new("https://127.0.0.1:9", &"xoxb-test".into()).unwrap();
        let deadline = Deadline::after(Duration::from_secs(5));
        let refused = slack.ephemeral("C1", "U1", "text", deadline).await.unwrap_err();
        assert_eq!(refused, error::Error::NotSent("there is no connection"));
    }
}
