//! The Lambda function `finalize`.

use countersign_bot::lambda::logging;
use countersign_workflow_lambdas::finalize;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    logging::init();
    let run = |event: LambdaEvent<Value>| async move { finalize::run(event.payload) };
    lambda_runtime::run(service_fn(run)).await
}
