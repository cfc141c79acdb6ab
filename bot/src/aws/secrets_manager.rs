//! One secret of Secrets Manager: a JSON object of text values.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use secrecy::SecretString;

use super::{code, retries, timeouts};
use crate::net::deadline::Unavailable;
use crate::ports::{SecretValues, Secrets};

const SERVICE: &str = "Secrets Manager";
const TRY_TIMEOUT: Duration = Duration::from_secs(1);

/// The secret with this id.
#[derive(Debug, Clone)]
pub struct SecretsManager {
    client: Client,
    id: String,
}

impl SecretsManager {
    /// The secret of this name or ARN, with the configuration of the environment.
    pub fn new(config: &SdkConfig, id: String) -> Self {
        let config = aws_sdk_secretsmanager::config::Builder::from(config)
            .timeout_config(timeouts(TRY_TIMEOUT))
            .retry_config(retries())
            .build();
        Self { client: Client::from_conf(config), id }
    }
}

#[async_trait]
impl Secrets for SecretsManager {
    async fn fetch(&self) -> Result<SecretValues, Unavailable> {
        let call = self.client.get_secret_value().secret_id(&self.id);
        let secret = call.send().await.map_err(|error| unavailable(&error))?;
        let text = secret.secret_string.ok_or_else(|| Unavailable::new(SERVICE, "the secret holds no text"))?;
        read(&text)
    }
}

/// The error of serde would quote a value, so only the kind of problem is told.
fn read(text: &str) -> Result<SecretValues, Unavailable> {
    let values: BTreeMap<String, String> = serde_json::from_str(text)
        .map_err(|_| Unavailable::new(SERVICE, "the secret is no JSON object of text values"))?;
    Ok(values.into_iter().map(|(name, value)| (name, SecretString::from(value))).collect())
}

fn unavailable<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Unavailable {
    Unavailable::new(SERVICE, code(error))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::aws::wire::{Service, refusal};

    #[tokio::test]
    async fn a_secret_is_fetched_by_its_id() {
        let answer = (200, serde_json::json!({ "SecretString": r#"{"link_key": "k"}"# }));
        let service = Service::answering([answer, refusal(400, "ResourceNotFoundException")]).await;
        let secrets = SecretsManager::new(&service.config(), "countersign/bot".to_owned());
        assert_eq!(secrets.fetch().await.unwrap()["link_key"].expose_secret(), "k");
        assert_eq!(service.asked()[0]["SecretId"], "countersign/bot");
        let error = secrets.fetch().await.unwrap_err();
        assert_eq!(error.to_string(), "Secrets Manager is unavailable: ResourceNotFoundException");
    }

    #[test]
    fn a_secret_is_an_object_of_texts_and_an_error_quotes_nothing_of_it() {
        let values = read(r#"{"link_key": "k"}"#).unwrap();
        assert_eq!(values["link_key"].expose_secret(), "k");
        for broken in [r#"{"link_key": 12345}"#, "xoxb-12345", r#"["12345"]"#, r#"{"a": "12345""#] {
            let error = read(broken).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("12345"), "{error}");
        }
    }
}
