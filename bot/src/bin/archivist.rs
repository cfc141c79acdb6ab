//! The Lambda function `archivist`: takes entries of audit trails from the stream of the table, and puts each into a bucket
//! that nobody can take it out of.

use countersign_bot::lambda::{self, archivist, logging};
use lambda_runtime::{LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    logging::init();
    let bucket = lambda::archivist().await?;
    let archive = async |event: LambdaEvent<archivist::StreamEvent>| -> Result<_, lambda_runtime::Error> {
        Ok(archivist::handle(&bucket, event.payload).await)
    };
    lambda_runtime::run(service_fn(archive)).await
}
