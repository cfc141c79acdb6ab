//! The only code of the library that names `aws_sdk_*`.

pub mod ses;
pub mod step_functions;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};

/// The SDK's configuration from the environment of a Lambda function, on the one TLS provider.
pub async fn sdk_config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest()).http_client(http_client()).load().await
}

/// The SDK's HTTP client, on rustls with ring like every other client here.
pub fn http_client() -> aws_sdk_sfn::config::SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https()
}

#[cfg(test)]
mod tests {
    use aws_sdk_sfn::config::{Credentials, Region};

    use super::*;
    use crate::http::HttpClient;
    use crate::slack;

    /// Two TLS providers in one binary panic when the second client is made, so all are made here.
    #[tokio::test]
    async fn every_client_can_be_made_beside_the_others() {
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("eu-west-1"))
            .credentials_provider(aws_sdk_sfn::config::SharedCredentialsProvider::new(Credentials::new(
                "id", "secret", None, None, "test",
            )))
            .http_client(http_client())
            .build();
        let _ = (step_functions::AwsStepFunctions::new(&config), ses::Ses::new(&config));
        let _ = ses::Ses::at("http://127.0.0.1:9");
        HttpClient::new().unwrap();
        slack::Client::new("https://slack.com/api", &"xoxb-test".into()).unwrap();
    }
}
