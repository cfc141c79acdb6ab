//! What is made from the secrets, and made anew when they have changed.
//!
//! A function lives for hours, so a secret that is read once goes stale while it is rotated. It is read again when
//! it has grown old, and at once when a signature fails against one that is not quite new.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;

use crate::net::deadline::{Deadline, Unavailable};
use crate::ports::{Clock, SecretValues, Secrets};
use crate::reader::Problems;

/// A secret is read again when it is this old: outgoing calls have no failed signature to tell of a rotation.
const STALE_AFTER: SignedDuration = SignedDuration::from_mins(15);
/// A failed signature is blamed on a secret of at least this age, so strangers cannot make us read it for each call.
const DOUBTED_AFTER: SignedDuration = SignedDuration::from_mins(1);
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
        let current = RwLock::new(Current { value, made_from, read_at: clock.now() });
        Ok(Self { secrets, clock, make: Box::new(make), current })
    }

    /// The value, from secrets that are not stale unless they cannot be read.
    pub async fn value(&self) -> T {
        self.read_again(STALE_AFTER).await;
        self.current().value.clone()
    }

    /// The value from secrets that are newer than those that a signature has just failed against; none if they are
    /// the same still.
    pub async fn after_refusal(&self) -> Option<T> {
        let changed = self.read_again(DOUBTED_AFTER).await;
        changed.then(|| self.current().value.clone())
    }

    /// Reads the secrets if they have this age, and says whether they have changed. What cannot be read, or cannot
    /// be used, leaves the value as it is.
    async fn read_again(&self, age: SignedDuration) -> bool {
        let Some(secrets) = &self.secrets else { return false };
        let now = self.clock.now();
        {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            if now.duration_since(current.read_at) < age {
                return false;
            }
            // A reading that fails counts too, or every request would wait for one.
            current.read_at = now;
        }
        let values = match fetch(secrets.as_ref(), READING).await {
            Ok(values) => values,
            Err(error) => {
                tracing::warn!(%error, "the secrets could not be read again");
                return false;
            }
        };
        if self.current().made_from.as_ref().is_some_and(|made_from| same(made_from, &values)) {
            return false;
        }
        match (self.make)(Some(&values)) {
            Ok(value) => {
                tracing::info!("the secrets have changed");
                *self.current.write().unwrap_or_else(PoisonError::into_inner) =
                    Current { value, made_from: Some(values), read_at: now };
                true
            }
            Err(problems) => {
                tracing::error!(%problems, "the secrets have changed and cannot be used");
                false
            }
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
