//! Waiting for something that another process does, by looking again and again.

use std::time::Duration;

use anyhow::bail;
use tokio::time::{Instant, sleep};

/// Nothing that an emulator should do takes this long on any machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Looks until something is there, at first often and later five times a second.
pub async fn until<T>(what: &str, look: impl AsyncFnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    within(PATIENCE, what, look).await
}

/// The same for what may take another time than `PATIENCE`.
pub async fn within<T>(
    patience: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(20);
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if start.elapsed() > patience {
            bail!("waited in vain until {what}");
        }
        sleep(pause).await;
        pause = (pause * 3 / 2).min(Duration::from_millis(200));
    }
}
