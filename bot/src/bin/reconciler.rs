//! The Lambda function `reconciler`: each minute a pass over what is due, and a look at an execution that has ended.

use countersign_bot::lambda::reconciler::{self, Woken};
use countersign_bot::lambda::{self, logging, metrics};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    logging::init();
    let live = lambda::reconciler().await?;
    let repair = async |event: LambdaEvent<Value>| -> Result<Value, lambda_runtime::Error> {
        let app = live.value().await;
        match reconciler::handle(&app, event.payload).await? {
            Woken::Here(Some(pass)) => metrics::print(&app, pass)?,
            Woken::Here(None) => {}
            Woken::Elsewhere(response) => return Ok(json!(response)),
            Woken::Checked(found) => return Ok(json!(found)),
        }
        Ok(Value::Null)
    };
    lambda_runtime::run(service_fn(repair)).await
}
