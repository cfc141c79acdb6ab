//! What is made from the secrets and the policy, and made anew when they have changed.
//!
//! A function lives for hours, so a secret that is read once goes stale while it is rotated, and one that was taken
//! out, because it has leaked, would go on opening doors. So it is read again each minute.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use futures::future;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;

use super::policy::LivePolicy;
use crate::approval::policy::Policy;
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

type Make<T> = Box<dyn Fn(Option<&SecretValues>, &Arc<Policy>) -> Result<T, Problems> + Send + Sync>;

/// A value that is made from the secrets and the policy.
pub struct Live<T> {
    secrets: Option<Arc<dyn Secrets>>,
    policy: LivePolicy,
    clock: Arc<dyn Clock>,
    make: Make<T>,
    current: RwLock<Current<T>>,
}

struct Current<T> {
    value: T,
    made_from: Option<SecretValues>,
    policy: Arc<Policy>,
    /// When it was last tried to read the secrets.
    tried_at: Timestamp,
    /// When they were last read, and found usable.
    read_at: Timestamp,
}

impl<T: Clone> Live<T> {
    /// Reads the secrets and the policy, and makes the value. Without a place for secrets they are never read.
    pub async fn start(
        secrets: Option<Arc<dyn Secrets>>,
        policy: LivePolicy,
        clock: Arc<dyn Clock>,
        make: impl Fn(Option<&SecretValues>, &Arc<Policy>) -> Result<T, Problems> + Send + Sync + 'static,
    ) -> Result<Self, Problems> {
        let first_secrets = async {
            match &secrets {
                Some(secrets) => fetch(secrets.as_ref(), FIRST_READING).await.map(Some),
                None => Ok(None),
            }
        };
        let (in_force, made_from) = future::join(policy.in_force(), first_secrets).await;
        let made_from = made_from.map_err(|error| {
            Problems(vec![format!("the secret that COUNTERSIGN_SECRET_ID names cannot be read: {error}")])
        })?;
        let value = make(made_from.as_ref(), &in_force)?;
        let now = clock.now();
        let current = RwLock::new(Current { value, made_from, policy: in_force, tried_at: now, read_at: now });
        Ok(Self { secrets, policy, clock, make: Box::new(make), current })
    }

    /// The value, from secrets and a policy that are not stale unless they cannot be read.
    pub async fn value(&self) -> T {
        // At the same time, since whoever asks waits for both.
        let (policy, secrets) = future::join(self.policy.in_force(), self.read_secrets()).await;
        self.follow_policy(policy);
        if let Some(values) = secrets {
            self.follow_secrets(values);
        }
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

    /// Reads the secrets if they are stale.
    async fn read_secrets(&self) -> Option<SecretValues> {
        let secrets = self.secrets.as_ref()?;
        let now = self.clock.now();
        {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            if now.duration_since(current.tried_at) < STALE_AFTER {
                return None;
            }
            // A reading that fails counts too, or every request would wait for one.
            current.tried_at = now;
        }
        let read = fetch(secrets.as_ref(), READING).await;
        read.inspect_err(|error| tracing::warn!(%error, "the secrets could not be read again")).ok()
    }

    /// Makes the value anew if the policy is another one.
    fn follow_policy(&self, policy: Arc<Policy>) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&current.policy, &policy) {
            return;
        }
        match (self.make)(current.made_from.as_ref(), &policy) {
            Ok(value) => (current.value, current.policy) = (value, policy),
            Err(problems) => tracing::error!(%problems, "the policy has changed and cannot be used"),
        }
    }

    /// Makes the value anew if the secrets have changed. What cannot be used leaves the value as it is.
    fn follow_secrets(&self, values: SecretValues) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let is_same = current.made_from.as_ref().is_some_and(|made_from| same(made_from, &values));
        let made = if is_same { Ok(None) } else { (self.make)(Some(&values), &current.policy).map(Some) };
        match made {
            Ok(None) => current.read_at = current.tried_at,
            Ok(Some(value)) => {
                tracing::info!("the secrets have changed");
                (current.value, current.made_from, current.read_at) = (value, Some(values), current.tried_at);
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
