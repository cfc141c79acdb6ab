//! The Lambda function `webhook`, behind the HTTP API: commands, clicks, links and calculations come in here.

use countersign_bot::lambda::{self, logging, webhook};
use countersign_bot::startup::routes::router;
use lambda_http::service_fn;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    logging::init();
    let live = lambda::webhook(router).await?;
    lambda_http::run(service_fn(|request| webhook::answer(&live, request))).await
}
