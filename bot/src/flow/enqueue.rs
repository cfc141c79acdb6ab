//! Puts what messengers have to do into their queue.

use super::app::App;
use crate::approval::delivery::Delivery;
use crate::net::deadline::{Deadline, Unavailable};

/// Has messengers make these deliveries.
pub(super) async fn enqueue(app: &App, deliveries: &[Delivery], deadline: Deadline) -> Result<(), Unavailable> {
    if deliveries.is_empty() {
        return Ok(());
    }
    deadline.run("queue", app.ports.deliveries.enqueue(deliveries)).await
}
