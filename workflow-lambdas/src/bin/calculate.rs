//! The Lambda function `calculate`.

use countersign_bot::aws::sdk_config;
use countersign_bot::lambda::logging;
use countersign_bot::net::http::HttpClient;
use countersign_bot::ports::{Clock, SystemClock};
use countersign_workflow_lambdas::calculate::Calculate;
use countersign_workflow_lambdas::config::{CalculateConfig, settings};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    logging::init();
    let CalculateConfig { double_url, key } = CalculateConfig::from_lookup(settings(&sdk_config().await).await?)?;
    let calculate = Calculate { http: HttpClient::default(), double_url, key };
    let run = |event: LambdaEvent<Value>| calculate.run(event.payload, SystemClock.now());
    lambda_runtime::run(service_fn(run)).await
}
