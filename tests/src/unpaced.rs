//! A store whose lanes are always idle, for the benchmarks: they put more cards into one channel than Slack would take,
//! and measure what those cost and not how long they wait.

use std::sync::Arc;

use async_trait::async_trait;
use countersign_bot::approval::audit::Entry;
use countersign_bot::approval::ids::{ApprovalId, ExecutionArn, PersonId};
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::run::Run;
use countersign_bot::net::deadline::Unavailable;
use countersign_bot::ports::{Raised, Saved, Store, Waiting};
use jiff::{SignedDuration, Timestamp};

/// A store in front of another, which does everything but hand out turns.
pub struct Unpaced(pub Arc<dyn Store>);

#[async_trait]
impl Store for Unpaced {
    async fn raise(&self, approval: Approval) -> Result<Raised, Unavailable> {
        self.0.raise(approval).await
    }

    async fn load(&self, id: &ApprovalId) -> Result<Option<Approval>, Unavailable> {
        self.0.load(id).await
    }

    async fn save(&self, approval: Approval) -> Result<Saved, Unavailable> {
        self.0.save(approval).await
    }

    async fn history(&self, id: &ApprovalId) -> Result<Vec<Entry>, Unavailable> {
        self.0.history(id).await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<ApprovalId>, Unavailable> {
        self.0.due(now, limit).await
    }

    async fn of_execution(&self, execution: &ExecutionArn) -> Result<Vec<ApprovalId>, Unavailable> {
        self.0.of_execution(execution).await
    }

    async fn waiting(&self, policy: &str, now: Timestamp, limit: usize) -> Result<Vec<Waiting>, Unavailable> {
        self.0.waiting(policy, now, limit).await
    }

    async fn raised_by(&self, person: &PersonId, limit: usize) -> Result<Vec<ApprovalId>, Unavailable> {
        self.0.raised_by(person, limit).await
    }

    async fn record_run(&self, run: &Run) -> Result<(), Unavailable> {
        self.0.record_run(run).await
    }

    async fn run(&self, execution: &ExecutionArn) -> Result<Option<Run>, Unavailable> {
        self.0.run(execution).await
    }

    async fn save_run(&self, run: Run) -> Result<Option<Run>, Unavailable> {
        self.0.save_run(run).await
    }

    async fn take_turn(
        &self,
        _: &str,
        now: Timestamp,
        _: SignedDuration,
        _: Timestamp,
    ) -> Result<Option<Timestamp>, Unavailable> {
        Ok(Some(now))
    }
}
