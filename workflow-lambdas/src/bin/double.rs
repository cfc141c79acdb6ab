//! The Lambda function `double`, behind the HTTP API.

use std::sync::Arc;

use countersign_bot::aws::sdk_config;
use countersign_bot::aws::step_functions::AwsStepFunctions;
use countersign_bot::lambda::logging;
use countersign_bot::ports::SystemClock;
use countersign_workflow_lambdas::config::{DoubleConfig, settings};
use countersign_workflow_lambdas::double::{Double, router};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    logging::init();
    let aws = sdk_config().await;
    let DoubleConfig { verifier } = DoubleConfig::from_lookup(settings(&aws).await?)?;
    let tasks = Arc::new(AwsStepFunctions::new(&aws));
    lambda_http::run(router(Arc::new(Double { verifier, tasks, clock: Arc::new(SystemClock) }))).await
}
