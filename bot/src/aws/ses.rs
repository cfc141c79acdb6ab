//! Sends mail through SES, as the raw message that `mail` has built.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_ses::Client;
use aws_sdk_ses::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_ses::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ses::operation::send_raw_email::SendRawEmailError;
use aws_sdk_ses::primitives::Blob;
use aws_sdk_ses::types::RawMessage;

use super::{http_client, retries, timeouts};

const TRY_TIMEOUT: Duration = Duration::from_secs(5);

/// An SES client.
#[derive(Debug, Clone)]
pub struct Ses {
    client: Client,
    configuration_set: Option<String>,
}

/// A mail that was not accepted. The code is SES's own; the message is left out, since it quotes addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("SES did not take the mail: {code}")]
pub struct Error {
    /// SES's error code, or what happened to the call.
    pub code: String,
    /// Whether SES refused this mail for good.
    pub is_final: bool,
}

impl Ses {
    /// A client with the configuration of the environment, and the configuration set that mails are sent with.
    pub fn new(config: &SdkConfig, configuration_set: Option<String>) -> Self {
        let config = aws_sdk_ses::config::Builder::from(config)
            .timeout_config(timeouts(TRY_TIMEOUT))
            .retry_config(retries())
            .build();
        Self { client: Client::from_conf(config), configuration_set }
    }

    /// A client for a service that speaks SES's protocol at this address and checks no credentials.
    pub fn at(endpoint_url: &str) -> Self {
        let config = aws_sdk_ses::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .endpoint_url(endpoint_url)
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .http_client(http_client())
            .retry_config(retries())
            .timeout_config(timeouts(TRY_TIMEOUT))
            .build();
        Self { client: Client::from_conf(config), configuration_set: None }
    }

    /// `SendRawEmail` to one address. The SDK repeats what may be repeated, with jitter.
    pub async fn send(&self, from: &str, to: &str, message: Vec<u8>) -> Result<(), Error> {
        let raw =
            RawMessage::builder().data(Blob::new(message)).build().map_err(|_| Error::new("Unbuildable", true))?;
        let call = self.client.send_raw_email().source(from).destinations(to).raw_message(raw);
        let call = call.set_configuration_set_name(self.configuration_set.clone());
        call.send().await.map(|_| ()).map_err(|error| Error::from(&error))
    }
}

impl Error {
    fn new(code: &str, is_final: bool) -> Self {
        Self { code: code.to_owned(), is_final }
    }
}

impl From<&SdkError<SendRawEmailError>> for Error {
    fn from(error: &SdkError<SendRawEmailError>) -> Self {
        match error {
            SdkError::ServiceError(service) => {
                let code = service.err().code().unwrap_or("Unknown");
                // A mail that SES rejects for its content or its sender is rejected again.
                Self::new(code, matches!(code, "MessageRejected" | "MailFromDomainNotVerified"))
            }
            SdkError::TimeoutError(_) => Self::new("no answer in time", false),
            _ => Self::new("no connection", false),
        }
    }
}
