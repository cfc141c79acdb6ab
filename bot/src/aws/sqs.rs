//! The queues in SQS: that of deliveries, a FIFO queue whose message groups are the places, and that of requests.

use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use data_encoding::HEXLOWER;
use jiff::SignedDuration;
use sha2::{Digest, Sha256};

use super::{code, retries, timeouts};
use crate::approval::delivery::Delivery;
use crate::net::deadline::Unavailable;
use crate::ports::{Deliveries, Requests};

const SERVICE: &str = "SQS";
const TRY_TIMEOUT: Duration = Duration::from_millis(700);
/// `SendMessageBatch` takes at most this many messages:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>.
const MESSAGES_MAX: usize = 10;

/// A FIFO queue of SQS.
#[derive(Debug, Clone)]
pub struct SqsDeliveries {
    client: Client,
    queue_url: String,
}

/// The queue of what workflows ask.
#[derive(Debug, Clone)]
pub struct SqsRequests {
    client: Client,
    queue_url: String,
}

impl SqsDeliveries {
    /// The queue at this address, with the configuration of the environment.
    pub fn new(config: &SdkConfig, queue_url: String) -> Self {
        Self { client: client(config), queue_url }
    }
}

impl SqsRequests {
    /// The queue at this address, with the configuration of the environment.
    pub fn new(config: &SdkConfig, queue_url: String) -> Self {
        Self { client: client(config), queue_url }
    }
}

fn client(config: &SdkConfig) -> Client {
    let config = aws_sdk_sqs::config::Builder::from(config)
        .timeout_config(timeouts(TRY_TIMEOUT))
        .retry_config(retries())
        .build();
    Client::from_conf(config)
}

/// Has a message that was received come again after this long.
async fn put_off(client: &Client, queue_url: &str, receipt: &str, pause: SignedDuration) -> Result<(), Unavailable> {
    let seconds = i32::try_from(pause.as_secs()).unwrap_or(i32::MAX);
    let call = client.change_message_visibility().queue_url(queue_url).receipt_handle(receipt);
    call.visibility_timeout(seconds).send().await.map_err(|error| unavailable(&error))?;
    Ok(())
}

/// A message. Its group and its id are hashes, because SQS takes neither every character nor every length of the name of
/// a place: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>.
fn entry(number: usize, delivery: &Delivery) -> Result<SendMessageBatchRequestEntry, Unavailable> {
    let body = serde_json::to_string(&delivery.subject).map_err(|error| Unavailable::new(SERVICE, error))?;
    let hash = |text: &str| HEXLOWER.encode(&Sha256::digest(text));
    let entry = SendMessageBatchRequestEntry::builder()
        .id(number.to_string())
        .message_group_id(hash(&delivery.place))
        .message_deduplication_id(hash(&format!("{body} {}", delivery.version)))
        .message_body(body);
    entry.build().map_err(|error| Unavailable::new(SERVICE, error))
}

#[async_trait]
impl Deliveries for SqsDeliveries {
    async fn enqueue(&self, deliveries: &[Delivery]) -> Result<(), Unavailable> {
        for deliveries in deliveries.chunks(MESSAGES_MAX) {
            let entries = deliveries.iter().enumerate().map(|(number, delivery)| entry(number, delivery));
            let call = self.client.send_message_batch().queue_url(&self.queue_url);
            let call = call.set_entries(Some(entries.collect::<Result<_, _>>()?));
            let sent = call.send().await.map_err(|error| unavailable(&error))?;
            // SQS answers 200 and refuses single messages.
            if let Some(refused) = sent.failed.first() {
                return Err(Unavailable::new(SERVICE, &refused.code));
            }
        }
        Ok(())
    }

    async fn put_off(&self, receipt: &str, pause: SignedDuration) -> Result<(), Unavailable> {
        put_off(&self.client, &self.queue_url, receipt, pause).await
    }
}

#[async_trait]
impl Requests for SqsRequests {
    async fn put_off(&self, receipt: &str, pause: SignedDuration) -> Result<(), Unavailable> {
        put_off(&self.client, &self.queue_url, receipt, pause).await
    }
}

fn unavailable<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Unavailable {
    Unavailable::new(SERVICE, code(error))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::approval::delivery::Missing;
    use crate::approval::place::{Destination, Platform};
    use crate::approval::sample::approval;
    use crate::aws::wire::{Answer, Service, refusal};

    fn deliveries() -> Vec<Delivery> {
        let mut approval = approval("slack_channel = \"C1\"");
        approval.missing = vec![Missing::new(Destination::Chat(Platform::Slack))];
        approval.deliveries()
    }

    async fn queue(answers: impl IntoIterator<Item = Answer>) -> (Service, SqsDeliveries) {
        let service = Service::answering(answers).await;
        let queue = SqsDeliveries::new(&service.config(), "http://127.0.0.1/1/deliveries.fifo".to_owned());
        (service, queue)
    }

    #[tokio::test]
    async fn a_message_says_what_and_is_grouped_by_its_place() {
        let (service, queue) = queue([(200, json!({})), (200, json!({}))]).await;
        let [delivery] = &deliveries()[..] else { panic!("there is one place") };
        assert_eq!(delivery.place, "slack:C1");
        let changed = Delivery { version: delivery.version + 1, ..delivery.clone() };
        queue.enqueue(&[delivery.clone(), delivery.clone(), changed]).await.unwrap();
        let asked = service.asked().remove(0);
        let entry = |number: usize| &asked["Entries"][number];
        let body: Value = serde_json::from_str(entry(0)["MessageBody"].as_str().unwrap()).unwrap();
        assert_eq!(body["approval"]["destination"], json!({ "chat": "slack" }));
        assert_eq!(entry(0)["MessageDeduplicationId"], entry(1)["MessageDeduplicationId"]);
        assert_ne!(entry(0)["MessageDeduplicationId"], entry(2)["MessageDeduplicationId"], "the record has changed");
        assert_eq!(entry(0)["MessageGroupId"], entry(2)["MessageGroupId"]);
        assert_eq!(entry(0)["MessageGroupId"].as_str().unwrap().len(), 64);
    }

    #[tokio::test]
    async fn a_message_that_is_refused_is_an_error() {
        let failed = json!({ "Failed": [{ "Id": "0", "SenderFault": false, "Code": "InternalError" }] });
        let (_service, queue) = queue([(200, failed), refusal(400, "AccessDenied")]).await;
        for code in ["InternalError", "AccessDenied"] {
            let error = queue.enqueue(&deliveries()).await.unwrap_err();
            assert_eq!(error.to_string(), format!("SQS is unavailable: {code}"));
        }
    }

    #[tokio::test]
    async fn what_is_put_off_is_hidden_for_so_long() {
        let (service, queue) = queue([(200, json!({})), (200, json!({}))]).await;
        let requests = SqsRequests::new(&service.config(), "http://127.0.0.1/1/requests".to_owned());
        queue.put_off("receipt", SignedDuration::from_secs(9)).await.unwrap();
        requests.put_off("receipt", SignedDuration::from_secs(9)).await.unwrap();
        for (asked, name) in service.asked().iter().zip(["deliveries.fifo", "requests"]) {
            assert_eq!((&asked["ReceiptHandle"], &asked["VisibilityTimeout"]), (&json!("receipt"), &json!(9)));
            assert_eq!(asked["QueueUrl"], format!("http://127.0.0.1/1/{name}"));
        }
    }
}
