//! The AWS SDK, turned to an emulator.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sfn::config::{Credentials, SharedCredentialsProvider};

/// The region of everything that is emulated.
pub(crate) const REGION: &str = "eu-west-1";

/// A configuration whose clients call this endpoint, on the HTTP stack that the product uses.
pub(crate) fn config(endpoint: &str) -> SdkConfig {
    config_of("test", endpoint)
}

/// The same with the key of another account: ministack takes one of twelve digits for the account.
pub(crate) fn config_of(key: &str, endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new(key, "test", None, None, "tests");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .http_client(countersign_bot::aws::http_client())
        .build()
}
