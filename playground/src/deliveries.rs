//! The queue of deliveries in memory, with the rules of a FIFO queue of SQS: what is handed out is hidden until it is
//! done, comes again if it is not, and hides those behind it in its place:
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html>.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign_bot::approval::delivery::{Delivery, Subject};
use countersign_bot::flow::deliver::{Received, TRIES_MAX};
use countersign_bot::net::deadline::Unavailable;
use countersign_bot::ports::Deliveries;
use countersign_engine::clock::Clock;
use jiff::{SignedDuration, Timestamp};

use crate::changes::Changes;
use crate::lock;

/// Whoever was handed something is taken for lost after this, as the template has it.
pub const VISIBILITY_TIMEOUT: SignedDuration = SignedDuration::from_secs(240);
/// What was sent is not taken again for so long.
const DEDUPLICATED_FOR: SignedDuration = SignedDuration::from_mins(5);

/// A queue; clones share it.
#[derive(Clone)]
pub struct MemoryDeliveries {
    queue: Arc<Mutex<Queue>>,
    clock: Clock,
    changes: Changes,
}

#[derive(Default)]
struct Queue {
    places: BTreeMap<String, VecDeque<Message>>,
    known: HashSet<(Subject, u64)>,
    /// What is known, by the time of its sending.
    sent: VecDeque<(Timestamp, (Subject, u64))>,
    set_aside: Vec<Subject>,
    receipts: u64,
}

struct Message {
    subject: Subject,
    tries: u32,
    /// Nobody is handed this, or what is behind it in its place, before this time.
    visible_at: Timestamp,
    /// Of the last time that it was handed out.
    receipt: Option<String>,
}

/// Something that was handed out.
#[derive(Debug, Clone)]
pub struct HandedOut {
    /// What, and how often.
    pub received: Received,
    /// Whoever has it says so by this.
    pub receipt: String,
}

impl MemoryDeliveries {
    /// An empty queue that notes each change.
    pub fn new(clock: Clock, changes: Changes) -> Self {
        Self { queue: Arc::default(), clock, changes }
    }

    /// The next delivery, once there is one that can be handed out.
    pub async fn next(&self) -> HandedOut {
        loop {
            let mut changes = self.changes.subscribe();
            if let Some(next) = self.try_next() {
                return next;
            }
            let soonest = lock(&self.queue).heads().map(|head| head.visible_at).min();
            tokio::select! {
                _ = changes.changed() => {}
                () = self.clock.sleep_until(soonest.unwrap_or(Timestamp::MAX)) => {}
            }
        }
    }

    /// The next delivery, if one can be handed out now.
    pub fn try_next(&self) -> Option<HandedOut> {
        let (now, mut queue) = (self.clock.now(), lock(&self.queue));
        queue.receipts += 1;
        let receipt = queue.receipts.to_string();
        let mut heads = queue.places.values_mut().filter_map(VecDeque::front_mut);
        let head = heads.find(|head| head.visible_at <= now)?;
        head.tries += 1;
        (head.visible_at, head.receipt) = (now + VISIBILITY_TIMEOUT, Some(receipt.clone()));
        Some(HandedOut { received: Received { subject: head.subject.clone(), tries: head.tries }, receipt })
    }

    /// What would be handed out next.
    pub fn peek(&self) -> Option<Subject> {
        let now = self.clock.now();
        lock(&self.queue).heads().find(|head| head.visible_at <= now).map(|head| head.subject.clone())
    }

    /// Takes what is done out of the queue.
    pub fn delete(&self, receipt: &str) {
        lock(&self.queue).change(receipt, |messages| drop(messages.pop_front()));
        self.changes.note();
    }

    /// What was handed out as often as the queue does and was not done.
    pub fn set_aside(&self) -> Vec<Subject> {
        lock(&self.queue).set_aside.clone()
    }

    /// Whether nothing can be handed out now and nobody has anything.
    pub fn is_idle(&self) -> bool {
        let now = self.clock.now();
        lock(&self.queue).heads().all(|head| head.receipt.is_none() && head.visible_at > now)
    }

    /// How many deliveries are not done.
    pub fn count(&self) -> usize {
        lock(&self.queue).places.values().map(VecDeque::len).sum()
    }
}

impl Queue {
    fn heads(&self) -> impl Iterator<Item = &Message> {
        self.places.values().filter_map(VecDeque::front)
    }

    /// Changes the place whose first message was handed out with this receipt, unless it was handed out again since.
    fn change(&mut self, receipt: &str, change: impl FnOnce(&mut VecDeque<Message>)) {
        let is_it = |messages: &VecDeque<Message>| {
            messages.front().is_some_and(|head| head.receipt.as_deref() == Some(receipt))
        };
        if let Some(messages) = self.places.values_mut().find(|messages| is_it(messages)) {
            change(messages);
        }
        self.places.retain(|_, messages| !messages.is_empty());
    }

    fn forget_before(&mut self, time: Timestamp) {
        while self.sent.front().is_some_and(|(at, _)| *at < time) {
            if let Some((_, id)) = self.sent.pop_front() {
                self.known.remove(&id);
            }
        }
    }
}

#[async_trait]
impl Deliveries for MemoryDeliveries {
    async fn enqueue(&self, deliveries: &[Delivery]) -> Result<(), Unavailable> {
        let now = self.clock.now();
        {
            let mut queue = lock(&self.queue);
            queue.forget_before(now - DEDUPLICATED_FOR);
            for delivery in deliveries {
                let id = (delivery.subject.clone(), delivery.version);
                if queue.known.insert(id.clone()) {
                    queue.sent.push_back((now, id));
                    let message =
                        Message { subject: delivery.subject.clone(), tries: 0, visible_at: now, receipt: None };
                    queue.places.entry(delivery.place.clone()).or_default().push_back(message);
                }
            }
        }
        self.changes.note();
        Ok(())
    }

    async fn put_off(&self, receipt: &str, pause: SignedDuration) -> Result<(), Unavailable> {
        let visible_at = self.clock.now() + pause;
        let mut lost = None;
        lock(&self.queue).change(receipt, |messages| match messages.front_mut() {
            Some(head) if head.tries < TRIES_MAX => (head.visible_at, head.receipt) = (visible_at, None),
            _ => lost = messages.pop_front(),
        });
        lock(&self.queue).set_aside.extend(lost.map(|message| message.subject));
        self.changes.note();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use countersign_bot::approval::ids::ExecutionArn;

    use super::*;

    fn delivery(run: usize, place: &str, version: u64) -> Delivery {
        let arn = format!("arn:aws:states:eu-west-1:123456789012:execution:calculation:run-{run}");
        let execution = ExecutionArn::parse(&arn).unwrap();
        Delivery { subject: Subject::Run { execution }, place: place.to_owned(), version }
    }

    async fn queue(deliveries: &[Delivery]) -> MemoryDeliveries {
        let clock = Clock::manual("2026-11-23T10:00:00Z".parse().unwrap());
        let queue = MemoryDeliveries::new(clock, Changes::default());
        queue.enqueue(deliveries).await.unwrap();
        queue
    }

    #[tokio::test]
    async fn a_place_has_one_at_a_time_in_order_and_no_place_waits_for_another() {
        let all = [delivery(1, "a", 0), delivery(2, "a", 0), delivery(3, "b", 0)];
        let queue = queue(&all).await;
        let (first, other) = (queue.try_next().unwrap(), queue.try_next().unwrap());
        assert_eq!((&first.received.subject, &other.received.subject), (&all[0].subject, &all[2].subject));
        assert!(queue.try_next().is_none());
        queue.delete(&first.receipt);
        assert_eq!(queue.next().await.received.subject, all[1].subject);
    }

    #[tokio::test]
    async fn what_is_put_off_comes_again_before_those_behind_it_until_it_is_set_aside() {
        let all = [delivery(1, "a", 0), delivery(2, "a", 0)];
        let queue = queue(&all).await;
        for tries in 1..=TRIES_MAX {
            let handed = queue.try_next().unwrap();
            assert_eq!(handed.received, Received { subject: all[0].subject.clone(), tries });
            queue.put_off(&handed.receipt, SignedDuration::from_secs(9)).await.unwrap();
            assert!(queue.try_next().is_none() || tries == TRIES_MAX);
            queue.clock.advance(SignedDuration::from_secs(9));
        }
        assert_eq!(queue.set_aside(), [all[0].subject.clone()]);
        queue.clock.advance(VISIBILITY_TIMEOUT);
        assert_eq!(queue.try_next().unwrap().received.subject, all[1].subject);
    }

    #[tokio::test]
    async fn whoever_is_lost_leaves_it_to_the_next_and_has_no_say_any_more() {
        let queue = queue(&[delivery(1, "a", 0)]).await;
        let lost = queue.try_next().unwrap();
        queue.clock.advance(VISIBILITY_TIMEOUT);
        assert_eq!(queue.try_next().unwrap().received.tries, 2);
        queue.delete(&lost.receipt);
        assert_eq!(queue.count(), 1);
    }

    #[tokio::test]
    async fn the_same_is_taken_once_in_five_minutes() {
        let queue = queue(&[delivery(1, "a", 0), delivery(1, "a", 0), delivery(1, "a", 1)]).await;
        assert_eq!(queue.count(), 2);
        queue.clock.advance(DEDUPLICATED_FOR + SignedDuration::from_secs(1));
        queue.enqueue(&[delivery(1, "a", 0)]).await.unwrap();
        assert_eq!(queue.count(), 3);
    }
}
