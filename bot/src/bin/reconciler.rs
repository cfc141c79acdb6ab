//! The Lambda function `reconciler`: each minute a pass over what is due, and a look at an execution that has ended.

use countersign_bot::flow::hear;
use countersign_bot::lambda::{self, logging, metrics};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    logging::init();
    let live = lambda::reconciler().await?;
    let repair = async |event: LambdaEvent<Value>| -> Result<(), lambda_runtime::Error> {
        let app = live.value().await;
        if let Some(pass) = hear::wake(&app, event.payload).await? {
            metrics::print(&app, pass)?;
        }
        Ok(())
    };
    lambda_runtime::run(service_fn(repair)).await
}
