//! The Lambda function `notifier`, the task of the states that wait for a decision, and what takes requests from the queue.

use countersign_bot::lambda::{self, logging, notifier};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    logging::init();
    let (live, queue) = lambda::notifier().await?;
    let raise = async |event: LambdaEvent<Value>| {
        let app = live.value().await;
        let raised = notifier::handle(&app, &queue, event.payload).await;
        raised.map_err(|error| Diagnostic { error_type: error.name().to_owned(), error_message: error.to_string() })
    };
    lambda_runtime::run(service_fn(raise)).await
}
