//! What is made from the secrets, and made anew when they have changed.
//!
//! A function lives for hours, so a secret that is read once goes stale while it is rotated, and one that was taken
//! out, because it has leaked, would go on opening doors. So it is read again each minute.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;

use crate::net::deadline::{Deadline, Unavailable};
use crate::ports::{Clock, SecretValues, Secrets};
use crate::reader::Problems;

/// A secret is read again when it is this old. One that was taken out is valid no longer than this.
const STALE_AFTER: SignedDuration = SignedDuration::from_mins(1);
/// While the secret cannot be read, the one that is held opens doors for this long: an outage of Secrets Manager stops
/// no clicks at once, and does not keep a leaked secret alive for ever.
const TRUSTED_FOR: SignedDuration = SignedDuration::from_hours(1);
/// The answer to Slack waits for the reading, so it must be short.
const READING: Duration = Duration::from_millis(700);
/// A function that starts has nothing else to do.
const FIRST_READING: Duration = Duration::from_secs(5);

type Make<T> = Box<dyn Fn(Option<&SecretValues>) -> Result<T, Problems> + Send + Sync>;

/// A value that is made from the secrets.
pub struct Live<T> {
    secrets: Option<Arc<dyn Secrets>>,
    clock: Arc<dyn Clock>,
    make: Make<T>,
    current: RwLock<Current<T>>,
}

struct Current<T> {
    value: T,
    made_from: Option<SecretValues>,
    /// When it was last tried to read them.
    tried_at: Timestamp,
    /// When they were last read, and found usable.
    read_at: Timestamp,
}

impl<T: Clone> Live<T> {
    /// Reads the secrets and makes the value. Without a place for secrets it is made once and for all.
    pub async fn start(
        secrets: Option<Arc<dyn Secrets>>,
        clock: Arc<dyn Clock>,
        make: impl Fn(Option<&SecretValues>) -> Result<T, Problems> + Send + Sync + 'static,
    ) -> Result<Self, Problems> {
        let made_from = match &secrets {
            Some(secrets) => Some(fetch(secrets.as_ref(), FIRST_READING).await.map_err(|error| {
                Problems(vec![format!("the secret that COUNTERSIGN_SECRET_ID names cannot be read: {error}")])
            })?),
            None => None,
        };
        let value = make(made_from.as_ref())?;
        let now = clock.now();
        let current = RwLock::new(Current { value, made_from, tried_at: now, read_at: now });
        Ok(Self { secrets, clock, make: Box::new(make), current })
    }

    /// The value, from secrets that are not stale unless they cannot be read.
    pub async fn value(&self) -> T {
        self.keep_up().await;
        self.current().value.clone()
    }

    /// The value for checking who comes; none once the secrets could not be read for so long that what was taken out of
    /// them may be among those that are held.
    pub async fn trusted(&self) -> Option<T> {
        let value = self.value().await;
        let is_trusted =
            self.secrets.is_none() || self.clock.now().duration_since(self.current().read_at) < TRUSTED_FOR;
        if !is_trusted {
            tracing::error!("the secrets could not be read for an hour, so nobody can be let in");
        }
        is_trusted.then_some(value)
    }

    /// Reads the secrets if they are stale. What cannot be read, or cannot be used, leaves the value as it is.
    async fn keep_up(&self) {
        let Some(secrets) = &self.secrets else { return };
        let now = self.clock.now();
        {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            if now.duration_since(current.tried_at) < STALE_AFTER {
                return;
            }
            // A reading that fails counts too, or every request would wait for one.
            current.tried_at = now;
        }
        let values = match fetch(secrets.as_ref(), READING).await {
            Ok(values) => values,
            Err(error) => {
                tracing::warn!(%error, "the secrets could not be read again");
                return;
            }
        };
        let is_same = self.current().made_from.as_ref().is_some_and(|made_from| same(made_from, &values));
        let made = if is_same { Ok(None) } else { (self.make)(Some(&values)).map(Some) };
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        match made {
            Ok(None) => current.read_at = now,
            Ok(Some(value)) => {
                tracing::info!("the secrets have changed");
                *current = Current { value, made_from: Some(values), tried_at: now, read_at: now };
            }
            Err(problems) => tracing::error!(%problems, "the secrets have changed and cannot be used"),
        }
    }

    fn current(&self) -> RwLockReadGuard<'_, Current<T>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn fetch(secrets: &dyn Secrets, within: Duration) -> Result<SecretValues, Unavailable> {
    Deadline::after(within).run("Secrets Manager", secrets.fetch()).await
}

fn same(one: &SecretValues, other: &SecretValues) -> bool {
    let pairs = |values: &SecretValues| -> Vec<(String, String)> {
        values.iter().map(|(key, value)| (key.clone(), value.expose_secret().to_owned())).collect()
    };
    pairs(one) == pairs(other)
}
