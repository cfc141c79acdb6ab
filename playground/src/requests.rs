//! The queue of requests in memory, with the rules of a standard queue of SQS: what is handed out is hidden until it is
//! done, comes again if it is not, and is set aside after as many times as the template has it.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign_bot::flow::requests::TRIES_MAX;
use countersign_bot::net::deadline::Unavailable;
use countersign_bot::ports::Requests;
use countersign_engine::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::changes::Changes;
use crate::lock;

/// Whoever was handed something is taken for lost after this, as the template has it.
pub const VISIBILITY_TIMEOUT: SignedDuration = SignedDuration::from_secs(300);

/// A queue; clones share it.
#[derive(Clone)]
pub struct MemoryRequests {
    queue: Arc<Mutex<Queue>>,
    clock: Clock,
    changes: Changes,
}

#[derive(Default)]
struct Queue {
    messages: Vec<Message>,
    set_aside: Vec<String>,
    /// How many names were given to messages and receipts.
    names: u64,
}

struct Message {
    id: String,
    body: String,
    tries: u32,
    /// Nobody is handed this before this time.
    visible_at: Timestamp,
    /// Of the last time that it was handed out.
    receipt: String,
}

impl Queue {
    fn name(&mut self) -> String {
        self.names += 1;
        self.names.to_string()
    }
}

/// A message that was handed out.
#[derive(Debug, Clone)]
pub struct HandedOut {
    /// The event that Lambda invokes the notifier with.
    pub event: Value,
    /// Whoever has it says so by this.
    pub receipt: String,
}

impl MemoryRequests {
    /// An empty queue that notes each change.
    pub fn new(clock: Clock, changes: Changes) -> Self {
        Self { queue: Arc::default(), clock, changes }
    }

    /// `SendMessage`: the id of the message.
    pub fn send(&self, body: &str) -> String {
        let visible_at = self.clock.now();
        let id = {
            let mut queue = lock(&self.queue);
            let id = queue.name();
            let message =
                Message { id: id.clone(), body: body.to_owned(), tries: 0, visible_at, receipt: String::new() };
            queue.messages.push(message);
            id
        };
        self.changes.note();
        id
    }

    /// The next message, once there is one that can be handed out.
    pub async fn next(&self) -> HandedOut {
        loop {
            let mut changes = self.changes.subscribe();
            if let Some(next) = self.try_next() {
                return next;
            }
            let soonest = lock(&self.queue).messages.iter().map(|message| message.visible_at).min();
            tokio::select! {
                _ = changes.changed() => {}
                () = self.clock.sleep_until(soonest.unwrap_or(Timestamp::MAX)) => {}
            }
        }
    }

    fn try_next(&self) -> Option<HandedOut> {
        let (now, mut queue) = (self.clock.now(), lock(&self.queue));
        let receipt = queue.name();
        let lost = |message: &mut Message| message.visible_at <= now && message.tries >= TRIES_MAX;
        let lost: Vec<String> = queue.messages.extract_if(.., lost).map(|message| message.body).collect();
        queue.set_aside.extend(lost);
        let message = queue.messages.iter_mut().find(|message| message.visible_at <= now)?;
        message.tries += 1;
        (message.visible_at, message.receipt) = (now + VISIBILITY_TIMEOUT, receipt.clone());
        let record = json!({
            "messageId": message.id, "receiptHandle": receipt, "body": message.body, "eventSource": "aws:sqs",
            "attributes": { "ApproximateReceiveCount": message.tries.to_string() },
        });
        Some(HandedOut { event: json!({ "Records": [record] }), receipt })
    }

    /// Takes what is done out of the queue.
    pub fn delete(&self, receipt: &str) {
        lock(&self.queue).messages.retain(|message| message.receipt != receipt);
        self.changes.note();
    }

    /// How many messages are not done.
    pub fn count(&self) -> usize {
        lock(&self.queue).messages.len()
    }

    /// Whether there are messages, and each waits for a later time without being in anybody's hands.
    pub fn rests(&self) -> bool {
        let (now, queue) = (self.clock.now(), lock(&self.queue));
        let rests = |message: &Message| message.receipt.is_empty() && message.visible_at > now;
        !queue.messages.is_empty() && queue.messages.iter().all(rests)
    }

    /// What was handed out as often as the queue does and was not done.
    pub fn set_aside(&self) -> Vec<String> {
        lock(&self.queue).set_aside.clone()
    }
}

#[async_trait]
impl Requests for MemoryRequests {
    async fn put_off(&self, receipt: &str, pause: SignedDuration) -> Result<(), Unavailable> {
        let visible_at = self.clock.now() + pause;
        let mut queue = lock(&self.queue);
        if let Some(message) = queue.messages.iter_mut().find(|message| message.receipt == receipt) {
            (message.visible_at, message.receipt) = (visible_at, String::new());
        }
        drop(queue);
        self.changes.note();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_message_comes_again_until_it_is_done_or_set_aside() {
        let clock = Clock::manual("2026-11-23T10:00:00Z".parse().unwrap());
        let queue = MemoryRequests::new(clock.clone(), Changes::default());
        queue.send("done");
        let first = queue.next().await;
        assert_eq!(first.event["Records"][0]["body"], "done");
        assert!(queue.try_next().is_none(), "it is hidden");
        queue.delete(&first.receipt);
        assert_eq!(queue.count(), 0);

        queue.send("never");
        for tries in 1..=TRIES_MAX {
            let handed = queue.next().await;
            assert_eq!(handed.event["Records"][0]["attributes"]["ApproximateReceiveCount"], tries.to_string());
            queue.put_off(&handed.receipt, SignedDuration::from_secs(9)).await.unwrap();
            assert!(queue.try_next().is_none());
            clock.advance(SignedDuration::from_secs(9));
        }
        assert!(queue.try_next().is_none());
        assert_eq!((queue.count(), queue.set_aside()), (0, vec!["never".to_owned()]));
    }
}
