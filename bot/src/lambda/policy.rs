//! The policy that is in force, read anew while a function lives.
//!
//! Whoever pushes a policy counts on it within a minute, and nobody who is asked may wait for the reading each time. So
//! it is read again each minute, and what cannot be read or used leaves the one before in force.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use futures::future;
use jiff::{SignedDuration, Timestamp};

use crate::approval::policy::{NoPolicy, Policy};
use crate::approval::policy_version::{PolicyVersion, Usable};
use crate::net::deadline::{Deadline, Unavailable};
use crate::ports::{Clock, Policies};

/// Which version is in force is asked again when the answer is this old.
const STALE_AFTER: SignedDuration = SignedDuration::from_mins(1);
/// While there is no policy nothing works, so it is asked for soon; no request makes it be asked for at once.
const STALE_WITHOUT_AFTER: SignedDuration = SignedDuration::from_secs(5);
/// The answer to Slack waits for the reading, so it must be short.
const READING: Duration = Duration::from_millis(700);
/// A function that starts has nothing else to do.
const FIRST_READING: Duration = Duration::from_secs(5);
/// To note that a version was taken up takes this long at most.
const NOTING: Duration = Duration::from_millis(500);

/// Keeps up with the versions of the policy.
pub struct LivePolicy {
    policies: Arc<dyn Policies>,
    clock: Arc<dyn Clock>,
    /// The state machines that commands may start.
    state_machines: BTreeSet<String>,
    /// Called at every reading that finds that the newest version cannot be used, or not whole.
    alarm: Box<dyn Fn() + Send + Sync>,
    current: RwLock<Current>,
}

struct Current {
    policy: Arc<Policy>,
    /// The newest version that was looked at, used or not.
    looked_at: Option<u32>,
    /// Whether the newest version is used, with all of its commands.
    is_whole: bool,
    /// When it was last tried to read which version is in force.
    tried_at: Option<Timestamp>,
}

/// What a reading has found.
enum Found {
    Nothing,
    NothingNew,
    /// A version that can be used.
    New {
        usable: Usable,
        /// Whether a function has noted already that it goes by it.
        is_noted: bool,
    },
    /// The newest version, which cannot be used, and the one that was in force before, if that was looked for.
    Unusable(u32, Option<Policy>),
}

impl LivePolicy {
    /// Nothing is read before the policy is asked for.
    pub fn new(
        policies: Arc<dyn Policies>,
        clock: Arc<dyn Clock>,
        state_machines: BTreeSet<String>,
        alarm: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let none = Arc::new(Policy::none(NoPolicy::NotRead));
        let current = RwLock::new(Current { policy: none, looked_at: None, is_whole: true, tried_at: None });
        Self { policies, clock, state_machines, alarm: Box::new(alarm), current }
    }

    /// The policy that is in force. A function starts without one as well, and does what it can.
    pub async fn in_force(&self) -> Arc<Policy> {
        let now = self.clock.now();
        let reading = {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            let has_one = current.policy.in_force().is_ok();
            let stale_after = if has_one { STALE_AFTER } else { STALE_WITHOUT_AFTER };
            let reading = match current.tried_at {
                None => Some(FIRST_READING),
                Some(tried_at) => (now.duration_since(tried_at) >= stale_after).then_some(READING),
            };
            if reading.is_some() {
                // A reading that fails counts too, or every request would wait for one.
                current.tried_at = Some(now);
            }
            reading
        };
        if let Some(within) = reading {
            self.read_again(within).await;
        }
        self.current().policy.clone()
    }

    async fn read_again(&self, within: Duration) {
        let found = Deadline::after(within).run("the store of the policy", self.find()).await;
        if let Ok(Found::New { usable, is_noted: false }) = &found {
            self.note(usable.policy.version()).await;
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let has_one = current.policy.in_force().is_ok();
        match found {
            Ok(Found::New { usable: Usable { policy, left_out }, .. }) => {
                tracing::info!(policy.version = policy.version(), "this version of the policy is in force");
                current.looked_at = policy.version();
                current.is_whole = left_out.is_empty();
                current.policy = Arc::new(policy);
                if !current.is_whole {
                    (self.alarm)();
                }
            }
            Ok(Found::Unusable(number, before)) => {
                current.looked_at = Some(number);
                current.is_whole = false;
                if let Some(policy) = before {
                    tracing::warn!(policy.version = policy.version(), "an earlier version of the policy is in force");
                    current.policy = Arc::new(policy);
                } else if !has_one {
                    current.policy = Arc::new(Policy::none(NoPolicy::NotUsable));
                }
                (self.alarm)();
            }
            Ok(Found::NothingNew) => {
                if !current.is_whole {
                    (self.alarm)();
                }
            }
            Ok(Found::Nothing) if !has_one => {
                tracing::warn!("no policy has been pushed");
                current.policy = Arc::new(Policy::none(NoPolicy::NotPushed));
            }
            Ok(Found::Nothing) => tracing::error!("the table no longer says which version of the policy is in force"),
            Err(error) => tracing::warn!(%error, "the policy could not be read"),
        }
    }

    async fn find(&self) -> Result<Found, Unavailable> {
        let (looked_at, has_one) = {
            let current = self.current();
            (current.looked_at, current.policy.in_force().is_ok())
        };
        let (newest, version, noted) = match looked_at {
            // Whoever waits for a function to start waits for one round of calls: it reads the newest version whole, beside
            // what is noted, which mostly is that version and need not be written once more.
            None => {
                let (newest, noted) = future::join(self.policies.versions(1), self.policies.last_taken_up()).await;
                let Some(version) = newest?.pop() else { return Ok(Found::Nothing) };
                (version.number, Some(version), noted.ok().flatten())
            }
            Some(known) => match self.policies.current().await? {
                None => return Ok(Found::Nothing),
                Some(newest) if newest == known => return Ok(Found::NothingNew),
                Some(newest) => (newest, self.policies.version(newest).await?, None),
            },
        };
        if let Some(usable) = self.usable(newest, version) {
            return Ok(Found::New { usable, is_noted: noted == Some(newest) });
        }
        if has_one {
            return Ok(Found::Unusable(newest, None));
        }
        // A version that was in force and cannot be used any more took rights from people: those before it are not gone
        // back to, which would give them back.
        let before = self.policies.last_taken_up().await?.filter(|last| *last < newest);
        let before = match before {
            Some(last) => self.usable(last, self.policies.version(last).await?).map(|usable| usable.policy),
            None => None,
        };
        Ok(Found::Unusable(newest, before))
    }

    /// Notes that a version is in force, for functions that start when it is no longer the newest that can be used.
    async fn note(&self, version: Option<u32>) {
        let Some(number) = version else { return };
        let noted = Deadline::after(NOTING).run("the store of the policy", self.policies.take_up(number)).await;
        if let Err(error) = noted {
            tracing::warn!(policy.version = number, %error, "it is not noted that this version is in force");
        }
    }

    /// What a version has, if it was found and can be used; the log has why not, and what is left out.
    fn usable(&self, number: u32, version: Option<PolicyVersion>) -> Option<Usable> {
        let Some(version) = version else {
            tracing::error!(policy.version = number, "this version of the policy is not in the table");
            return None;
        };
        let usable = version.usable(&self.state_machines).inspect_err(|problem| {
            tracing::error!(policy.version = number, %problem, "this version of the policy cannot be used");
        });
        for (command, state_machine) in usable.iter().flat_map(|usable| &usable.left_out) {
            tracing::error!(
                policy.version = number,
                command,
                state_machine,
                "a command is left out, whose state machine is not known here"
            );
        }
        usable.ok()
    }

    fn current(&self) -> RwLockReadGuard<'_, Current> {
        self.current.read().unwrap_or_else(PoisonError::into_inner)
    }
}
