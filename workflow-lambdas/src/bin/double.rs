//! The Lambda function `double`, behind the HTTP API.

use std::sync::Arc;

use countersign_bot::aws::sdk_config;
use countersign_bot::aws::step_functions::AwsStepFunctions;
use countersign_bot::ports::SystemClock;
use countersign_workflow_lambdas::config::DoubleConfig;
use countersign_workflow_lambdas::double::{Double, router};
use countersign_workflow_lambdas::logging;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    logging::init();
    let DoubleConfig { verifier } = DoubleConfig::from_env()?;
    let step_functions = Arc::new(AwsStepFunctions::new(&sdk_config().await));
    lambda_http::run(router(Arc::new(Double { verifier, step_functions, clock: Arc::new(SystemClock) }))).await
}
