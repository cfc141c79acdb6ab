//! The Lambda function `messenger`: takes deliveries from the queue, and makes each place show what is recorded.

use countersign_bot::lambda::{self, logging, messenger, queue};
use lambda_runtime::{LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    logging::init();
    let live = lambda::messenger().await?;
    let deliver = async |event: LambdaEvent<queue::QueueEvent>| -> Result<_, lambda_runtime::Error> {
        let app = live.value().await;
        Ok(messenger::handle(&app, event.payload).await)
    };
    lambda_runtime::run(service_fn(deliver)).await
}
