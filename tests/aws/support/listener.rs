//! Somebody who listens to the bus of a deployment: a queue that gets every event of the bot.

use countersign_bot::approval::event::{DetailType, SOURCE};
use countersign_bot::approval::ids::ApprovalId;
use serde_json::{Value, json};

use super::stack::Stack;

const NAME: &str = "listener";

/// A queue behind a rule on the bus.
pub(crate) struct Listener<'a> {
    stack: &'a Stack,
    queue_url: String,
}

impl<'a> Listener<'a> {
    /// Hears everything that the bus takes from now on.
    pub(crate) async fn on_the_bus_of(stack: &'a Stack) -> anyhow::Result<Self> {
        let (aws, bus) = (&stack.ministack, stack.output("BusName"));
        let created = aws.operate("sqs", "AmazonSQS.CreateQueue", &json!({ "QueueName": NAME })).await?;
        let queue_url = created["QueueUrl"].as_str().unwrap_or_default().to_owned();
        let wanted = json!({ "QueueUrl": queue_url, "AttributeNames": ["QueueArn"] });
        let queue = aws.operate("sqs", "AmazonSQS.GetQueueAttributes", &wanted).await?;
        let pattern = json!({ "source": [SOURCE] }).to_string();
        let rule = json!({ "Name": NAME, "EventBusName": bus, "EventPattern": pattern });
        aws.operate("events", "AWSEvents.PutRule", &rule).await?;
        let target = json!({ "Id": NAME, "Arn": queue["Attributes"]["QueueArn"] });
        let targets = json!({ "Rule": NAME, "EventBusName": bus, "Targets": [target] });
        let put = aws.operate("events", "AWSEvents.PutTargets", &targets).await?;
        anyhow::ensure!(put["FailedEntryCount"] == 0, "the queue cannot listen: {put}");
        Ok(Self { stack, queue_url })
    }

    /// The details of the events of a kind about this approval, the oldest first.
    pub(crate) async fn heard(&self, kind: DetailType, id: &ApprovalId) -> anyhow::Result<Vec<Value>> {
        let events = self.stack.ministack.queued(&self.queue_url).await?.into_iter();
        let is_wanted =
            |event: &Value| event["detail-type"] == kind.as_str() && event["detail"]["approvalId"] == id.as_str();
        Ok(events.filter(is_wanted).map(|event| event["detail"].clone()).collect())
    }
}
