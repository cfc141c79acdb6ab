//! Tells whoever watches that something has changed, without saying what: they look for themselves.

use tokio::sync::watch;

/// Counts changes. Clones share the count.
#[derive(Debug, Clone)]
pub struct Changes {
    count: watch::Sender<u64>,
}

impl Default for Changes {
    fn default() -> Self {
        Self { count: watch::Sender::new(0) }
    }
}

impl Changes {
    /// Notes a change.
    pub fn note(&self) {
        self.count.send_modify(|count| *count += 1);
    }

    /// A receiver that wakes with every change from now on.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.count.subscribe()
    }
}
