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
