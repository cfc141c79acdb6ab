//! The Lambda function that does nothing: what any function in Rust costs at least.
//!
//! It is a package of its own, so that it is built with what a function needs and with nothing that tests need.

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| Ok::<_, lambda_runtime::Error>(event.payload)))
        .await
}
