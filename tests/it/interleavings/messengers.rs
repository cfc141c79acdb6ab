//! The messengers of the stage, who are handed deliveries by the queue.

use countersign_bot::approval::delivery::{Delivery, Subject};
use countersign_bot::approval::follow_up::Errand;
use countersign_bot::approval::place::MessageRef;
use countersign_bot::approval::record::{Approval, SentMessage};
use countersign_bot::flow::deliver::{Delivered, deliver};
use countersign_bot::ports::{Deliveries, Store};
use countersign_playground::deliveries::HandedOut;
use futures::future::BoxFuture;

use super::stage::Stage;

impl Stage {
    /// A messenger who was handed this. A crash leaves it hidden in the queue until that takes the messenger for lost.
    pub(super) fn messenger(&self, handed_out: HandedOut) -> BoxFuture<'static, ()> {
        let (app, queue) = (self.app(0), self.world.deliveries.clone());
        Box::pin(async move {
            match deliver(&app, &handed_out.received).await {
                Delivered::Yes { .. } => queue.delete(&handed_out.receipt),
                Delivered::NotYet { pause } => drop(queue.put_off(&handed_out.receipt, pause).await),
            }
        })
    }

    /// Messengers make every delivery that can be made now.
    pub(super) async fn deliver(&self) {
        while let Some(handed_out) = self.world.deliveries.try_next() {
            self.messenger(handed_out).await;
        }
    }

    /// What shows the approval somewhere is to be delivered there once more.
    pub(super) async fn deliver_again(&self, approval: &Approval) {
        let place = |copy: &SentMessage| match &copy.message {
            MessageRef::Card { platform, conversation, .. } => format!("{}:{conversation}", platform.key()),
            MessageRef::Direct { platform, person, .. } => format!("{}:direct:{person}", platform.key()),
            MessageRef::Email { person } => format!("email:{person}"),
        };
        let again = approval.copies.iter().map(|copy| Delivery {
            subject: Subject::Approval { id: approval.id.clone(), destination: copy.message.destination() },
            place: place(copy),
            version: fastrand::u64(..),
        });
        self.world.deliveries.enqueue(&again.collect::<Vec<_>>()).await.unwrap();
    }

    /// Whether the next who is handed a delivery sends a request. A card that is out while nobody has it on record is not
    /// part of the promise, so they are not killed over it.
    pub(super) async fn sends_next(&self) -> bool {
        let Some(Subject::Approval { id, destination }) = self.world.deliveries.peek() else { return false };
        let record = self.world.store.load(&id).await.unwrap();
        record.is_some_and(|record| record.errands_in(&destination).contains(&Errand::Send(destination.clone())))
    }
}
