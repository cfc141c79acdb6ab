//! Messages of a queue, as Lambda hands them over, and what of these or of a stream comes again:
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>.

use serde::{Deserialize, Serialize};

/// Messages of a queue.
#[derive(Debug, Deserialize)]
pub struct QueueEvent {
    #[serde(rename = "Records")]
    pub(super) records: Vec<Message>,
}

/// One message.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message {
    pub(super) message_id: String,
    pub(super) receipt_handle: String,
    pub(super) body: String,
    attributes: Attributes,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    approximate_receive_count: String,
}

impl Message {
    /// How often it was handed out, this time included.
    pub(super) fn tries(&self) -> u32 {
        self.attributes.approximate_receive_count.parse().unwrap_or(1)
    }
}

/// The messages that come again; the others are done.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    batch_item_failures: Vec<Failure>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

impl BatchResponse {
    /// Has a message come again.
    pub(super) fn comes_again(&mut self, message: Message) {
        self.lists(message.message_id);
    }

    /// Has what goes by this identifier come again.
    pub(super) fn lists(&mut self, item_identifier: String) {
        self.batch_item_failures.push(Failure { item_identifier });
    }
}
