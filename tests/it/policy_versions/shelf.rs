//! Where the versions of a policy are, as a test wants it.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use async_trait::async_trait;
use countersign_bot::approval::policy_version::PolicyVersion;
use countersign_bot::net::deadline::Unavailable;
use countersign_bot::ports::Policies;
use countersign_playground::memory::MemoryStore;

use crate::support::START;

/// A place for versions that can be out of reach, and counts how often it is asked.
#[derive(Default)]
pub(super) struct Shelf {
    pub(super) versions: MemoryStore,
    pub(super) is_closed: AtomicBool,
    /// Whether it gives no answer at all.
    pub(super) hangs: AtomicBool,
    /// Whether nothing says any more which version is in force.
    pub(super) is_lost: AtomicBool,
    pub(super) asked: AtomicUsize,
    /// How often it was written that a function goes by a version.
    pub(super) noted: AtomicUsize,
    /// From this version on none can be used, as with a stricter parser; 0 while all can.
    pub(super) unusable_from: AtomicU32,
}

impl Shelf {
    pub(super) async fn push(&self, text: &str) -> u32 {
        let number = self.versions.current().await.unwrap().unwrap_or_default();
        let version = PolicyVersion::after(number, text.to_owned(), "ada".to_owned(), START.parse().unwrap());
        assert!(self.versions.push(&version).await.unwrap());
        version.number
    }

    fn as_it_reads(&self, version: PolicyVersion) -> PolicyVersion {
        let from = self.unusable_from.load(Ordering::Relaxed);
        let is_unusable = from > 0 && version.number >= from;
        if is_unusable { PolicyVersion { text: "?".to_owned(), ..version } } else { version }
    }

    async fn open(&self) -> Result<&MemoryStore, Unavailable> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.hangs.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        if self.is_closed.load(Ordering::Relaxed) {
            Err(Unavailable::new("shelf", "closed"))
        } else {
            Ok(&self.versions)
        }
    }
}

#[async_trait]
impl Policies for Shelf {
    async fn current(&self) -> Result<Option<u32>, Unavailable> {
        let current = self.open().await?.current().await?;
        Ok(current.filter(|_| !self.is_lost.load(Ordering::Relaxed)))
    }

    async fn version(&self, number: u32) -> Result<Option<PolicyVersion>, Unavailable> {
        Ok(self.open().await?.version(number).await?.map(|version| self.as_it_reads(version)))
    }

    async fn versions(&self, limit: usize) -> Result<Vec<PolicyVersion>, Unavailable> {
        let versions = self.open().await?.versions(limit).await?;
        Ok(versions.into_iter().map(|version| self.as_it_reads(version)).collect())
    }

    async fn push(&self, version: &PolicyVersion) -> Result<bool, Unavailable> {
        self.open().await?.push(version).await
    }

    async fn take_up(&self, number: u32) -> Result<(), Unavailable> {
        self.noted.fetch_add(1, Ordering::Relaxed);
        self.versions.take_up(number).await
    }

    async fn last_taken_up(&self) -> Result<Option<u32>, Unavailable> {
        self.open().await?.last_taken_up().await
    }
}
