//! The Lambda function `announcer`: hears the events of the bus and brings every copy up to date.

use countersign_bot::flow::hear::{self, Delivery};
use countersign_bot::lambda::{self, logging};
use lambda_runtime::{LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    logging::init();
    let live = lambda::background().await?;
    // An error makes Lambda deliver the event again, and in the end put it into the dead-letter queue.
    let refresh = async |event: LambdaEvent<Delivery>| -> Result<(), lambda_runtime::Error> {
        let app = live.value().await;
        Ok(hear::handle(&app, event.payload).await?)
    };
    lambda_runtime::run(service_fn(refresh)).await
}
