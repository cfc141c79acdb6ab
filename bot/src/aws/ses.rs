//! Sends mail through SES, as the raw message that `mail` has built.

use std::error::Error as _;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_ses::Client;
use aws_sdk_ses::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_ses::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ses::operation::send_raw_email::SendRawEmailError;
use aws_sdk_ses::primitives::Blob;
use aws_sdk_ses::types::RawMessage;
use hyper_util::client::legacy;

use super::{http_client, retries, timeouts};
use crate::approval::delivery::Fate;

const TRY_TIMEOUT: Duration = Duration::from_secs(5);

/// An SES client.
#[derive(Debug, Clone)]
pub struct Ses {
    client: Client,
    configuration_set: Option<String>,
}

/// Why SES did not take a mail. A code is SES's own; its message is left out, since it quotes addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// SES answered with this code.
    #[error("SES did not take the mail: {0}")]
    Refused(String),
    /// Nothing was sent.
    #[error("SES was not reached: {0}")]
    NotSent(&'static str),
    /// No answer, or one that is not SES's.
    #[error("SES did not answer: {0}")]
    NoAnswer(&'static str),
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
        let raw = RawMessage::builder().data(Blob::new(message)).build();
        let raw = raw.map_err(|_| Error::NotSent("the call could not be made"))?;
        let call = self.client.send_raw_email().source(from).destinations(to).raw_message(raw);
        let call = call.set_configuration_set_name(self.configuration_set.clone());
        call.send().await.map(|_| ()).map_err(|error| Error::from(&error))
    }
}

impl Error {
    /// What became of a mail. Whatever is not in the table was not sent and may pass: a permission that lacks can be given.
    #[expect(clippy::match_same_arms, reason = "each row of the table has a source of its own")]
    pub fn fate(&self) -> Fate {
        match self {
            Self::Refused(code) => match code.as_str() {
                // The address is not one: https://docs.aws.amazon.com/ses/latest/APIReference/CommonErrors.html
                "InvalidParameterValue" => Fate::Refused,
                // Also what SES says of an address that is not verified, as those of all recipients have to be in its
                // sandbox, and of an account that is paused, both of which can be mended:
                // https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html
                "MessageRejected" => Fate::NOT_SENT,
                // The account, the configuration set or the domain of the sender can be mended:
                // https://docs.aws.amazon.com/ses/latest/APIReference/API_SendRawEmail.html#API_SendRawEmail_Errors
                "AccountSendingPausedException"
                | "ConfigurationSetDoesNotExist"
                | "ConfigurationSetSendingPausedException"
                | "MailFromDomainNotVerifiedException" => Fate::NOT_SENT,
                // SES failed while it had the mail: https://docs.aws.amazon.com/ses/latest/APIReference/CommonErrors.html
                "InternalFailure" => Fate::MaybeSent,
                _ => Fate::NOT_SENT,
            },
            Self::NotSent(_) => Fate::NOT_SENT,
            Self::NoAnswer(_) => Fate::MaybeSent,
        }
    }
}

impl From<&SdkError<SendRawEmailError>> for Error {
    fn from(error: &SdkError<SendRawEmailError>) -> Self {
        match error {
            SdkError::ServiceError(service) => Self::Refused(service.err().code().unwrap_or("Unknown").to_owned()),
            SdkError::ConstructionFailure(_) => Self::NotSent("the call could not be made"),
            SdkError::DispatchFailure(_) if is_of_connecting(error) => Self::NotSent("there is no connection"),
            SdkError::TimeoutError(_) => Self::NoAnswer("no answer in time"),
            _ => Self::NoAnswer("the answer was lost"),
        }
    }
}

fn is_of_connecting(error: &SdkError<SendRawEmailError>) -> bool {
    let mut causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.any(|cause| cause.downcast_ref::<legacy::Error>().is_some_and(legacy::Error::is_connect))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_has_its_word() {
        let refused = |code: &str| Error::Refused(code.to_owned());
        let not_sent = Fate::NOT_SENT;
        let table = [
            (refused("InvalidParameterValue"), Fate::Refused),
            (refused("MessageRejected"), not_sent),
            (refused("InternalFailure"), Fate::MaybeSent),
            (refused("Throttling"), not_sent),
            (refused("ServiceUnavailable"), not_sent),
            (refused("AccessDenied"), not_sent),
            (refused("MailFromDomainNotVerifiedException"), not_sent),
            (refused("ConfigurationSetDoesNotExist"), not_sent),
            (refused("AccountSendingPausedException"), not_sent),
            (refused("Unknown"), not_sent),
            (Error::NotSent("there is no connection"), not_sent),
            (Error::NoAnswer("no answer in time"), Fate::MaybeSent),
        ];
        for (error, fate) in table {
            assert_eq!(error.fate(), fate, "{error}");
        }
    }

    #[tokio::test]
    async fn where_nobody_listens_nothing_is_sent() {
        let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let error = Ses::at(&format!("http://{gone}")).send("bot@example.com", "a@example.com", vec![0]).await;
        assert_eq!(error, Err(Error::NotSent("there is no connection")));
    }
}
