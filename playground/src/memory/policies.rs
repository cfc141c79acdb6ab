//! The versions of the policy, in memory.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use countersign_bot::approval::policy_version::PolicyVersion;
use countersign_bot::net::deadline::Unavailable;
use countersign_bot::ports::Policies;

use super::MemoryStore;
use crate::lock;

#[async_trait]
impl Policies for MemoryStore {
    async fn current(&self) -> Result<Option<u32>, Unavailable> {
        Ok(lock(&self.policies).last().map(|version| version.number))
    }

    async fn version(&self, number: u32) -> Result<Option<PolicyVersion>, Unavailable> {
        Ok(lock(&self.policies).iter().find(|version| version.number == number).cloned())
    }

    async fn versions(&self, limit: usize) -> Result<Vec<PolicyVersion>, Unavailable> {
        Ok(lock(&self.policies).iter().rev().take(limit).cloned().collect())
    }

    async fn push(&self, version: &PolicyVersion) -> Result<bool, Unavailable> {
        let mut versions = lock(&self.policies);
        let is_next = versions.last().map_or(0, |last| last.number) + 1 == version.number;
        if is_next {
            versions.push(version.clone());
            self.changes.note();
        }
        Ok(is_next)
    }

    async fn take_up(&self, number: u32) -> Result<(), Unavailable> {
        self.taken_up.fetch_max(number, Ordering::Relaxed);
        Ok(())
    }

    async fn last_taken_up(&self) -> Result<Option<u32>, Unavailable> {
        Ok(Some(self.taken_up.load(Ordering::Relaxed)).filter(|number| *number > 0))
    }
}
