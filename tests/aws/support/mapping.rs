//! The mapping from the queue of deliveries to the messenger. ministack takes one message at a time from a FIFO queue;
//! AWS takes as many as there are groups with messages, up to the concurrency of the mapping. So that of the template is
//! switched off once it is deployed, and this takes its place:
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html>.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use countersign_playground::deliveries::VISIBILITY_TIMEOUT;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::ministack::Client;

/// So many messages are in the hands of messengers at one moment, as the template has it.
const AT_ONCE: usize = 5;
/// After a call that failed, as when the emulator is busy.
const PAUSE: Duration = Duration::from_millis(200);

/// What takes messages until it is dropped.
pub(crate) struct Mapping {
    pollers: JoinSet<()>,
    ended: Arc<AtomicBool>,
}

impl Mapping {
    /// Takes the place of the mapping that the emulator has for the queue of deliveries.
    pub(crate) async fn replace(client: Client) -> anyhow::Result<Self> {
        let path = "/2015-03-31/event-source-mappings";
        let mappings = client.get("lambda", path).await?;
        let is_ordered =
            |mapping: &&Value| mapping["EventSourceArn"].as_str().is_some_and(|arn| arn.ends_with(".fifo"));
        let all = mappings["EventSourceMappings"].as_array().context("there are mappings")?;
        let [mapping] = all.iter().filter(is_ordered).collect::<Vec<_>>()[..] else {
            bail!("there is another mapping: {mappings}");
        };
        let text =
            |name: &str| mapping[name].as_str().map(str::to_owned).with_context(|| format!("{name} of {mapping}"));
        let (uuid, queue, function) = (text("UUID")?, text("EventSourceArn")?, text("FunctionArn")?);
        client.put("lambda", &format!("{path}/{uuid}"), &json!({ "Enabled": false })).await?;
        let name = queue.rsplit(':').next().context("the ARN of a queue has a name")?.to_owned();
        let queue_url = client.operate("sqs", "AmazonSQS.GetQueueUrl", &json!({ "QueueName": name })).await?;
        let queue_url = queue_url["QueueUrl"].as_str().context("a queue has an address")?.to_owned();
        let ended = Arc::new(AtomicBool::new(false));
        let poller = Arc::new(Poller { client, queue, queue_url, function, ended: ended.clone() });
        let mut pollers = JoinSet::new();
        for _ in 0..AT_ONCE {
            pollers.spawn(Poller::poll(poller.clone()));
        }
        Ok(Self { pollers, ended })
    }

    /// Takes no more, and waits for what is in the hands of messengers: a message that nobody deletes holds up its group.
    pub(crate) async fn end(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        while self.pollers.join_next().await.is_some() {}
    }
}

struct Poller {
    client: Client,
    queue: String,
    queue_url: String,
    function: String,
    ended: Arc<AtomicBool>,
}

impl Poller {
    async fn poll(self: Arc<Self>) {
        while !self.ended.load(Ordering::Relaxed) {
            // The emulator goes away before this does.
            if self.take().await.is_err() {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Takes a message, and deletes it unless the messenger says that it comes again, or fails.
    async fn take(&self) -> anyhow::Result<()> {
        let ask = json!({
            "QueueUrl": self.queue_url, "MaxNumberOfMessages": 1, "WaitTimeSeconds": 1, "AttributeNames": ["All"],
        });
        let received = self.client.operate("sqs", "AmazonSQS.ReceiveMessage", &ask).await?;
        let Some(message) = received["Messages"].get(0) else { return Ok(()) };
        let event = json!({ "Records": [{
            "messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"], "body": message["Body"],
            "attributes": message["Attributes"], "messageAttributes": {}, "eventSource": "aws:sqs",
            "eventSourceARN": self.queue, "awsRegion": "eu-west-1",
        }] });
        let answer = self.invoke(&event).await?;
        if answer["batchItemFailures"].as_array().is_some_and(Vec::is_empty) {
            let done = json!({ "QueueUrl": self.queue_url, "ReceiptHandle": message["ReceiptHandle"] });
            self.client.operate("sqs", "AmazonSQS.DeleteMessage", &done).await?;
        }
        Ok(())
    }
    /// A messenger that cannot be invoked for too many functions is invoked again, as long as the queue lets nobody else
    /// have the message:
    /// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-backoff-strategy>.
    async fn invoke(&self, event: &Value) -> anyhow::Result<Value> {
        let start = Instant::now();
        while start.elapsed() < VISIBILITY_TIMEOUT.unsigned_abs() {
            if let Some(answer) = self.client.try_invoke(&self.function, event).await? {
                return Ok(answer);
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("the messenger was throttled until the queue took the message back")
    }
}
