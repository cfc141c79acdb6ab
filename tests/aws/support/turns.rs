//! A deployment that cases use one after the other, because each of them breaks something for all: deploying costs more
//! than most of them.

use anyhow::anyhow;
use tokio::sync::{Mutex, MutexGuard, OnceCell};

use super::emulators::Emulators;
use super::stack::Stack;

/// Deployed when the first case asks for it.
pub(crate) struct Turns {
    name: &'static str,
    stack: OnceCell<Result<Mutex<Stack>, String>>,
}

impl Turns {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, stack: OnceCell::new() }
    }

    /// Waits until nobody else uses the deployment. Whatever the case before has left broken works again.
    pub(crate) async fn take(&self, emulators: &Emulators) -> anyhow::Result<MutexGuard<'_, Stack>> {
        let deploy = || async { Stack::deploy(emulators, self.name).await.map(Mutex::new) };
        let deployed = self.stack.get_or_init(|| async { deploy().await.map_err(|error| format!("{error:#}")) }).await;
        let stack = deployed.as_ref().map_err(|error| anyhow!(error.clone()))?.lock().await;
        stack.proxy.recover();
        stack.slack.recover();
        stack.teams.recover();
        Ok(stack)
    }
}
