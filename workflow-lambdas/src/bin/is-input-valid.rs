//! The Lambda function `is-input-valid`.

use std::convert::Infallible;

use countersign_bot::lambda::logging;
use countersign_workflow_lambdas::is_input_valid;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    logging::init();
    let check = |event: LambdaEvent<Value>| async move { Ok::<_, Infallible>(is_input_valid::check(&event.payload)) };
    lambda_runtime::run(service_fn(check)).await
}
