//! The Lambda function `webhook`, behind the HTTP API: commands, clicks, links and calculations come in here.

use countersign_bot::inbound;
use countersign_bot::lambda::{self, logging, webhook};
use lambda_http::service_fn;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    logging::init();
    let live = lambda::webhook(inbound::router).await?;
    lambda_http::run(service_fn(|request| webhook::answer(&live, request))).await
}
