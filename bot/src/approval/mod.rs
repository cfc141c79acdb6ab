//! The decision core: ids, policy, request, record, events, audit trail and `decide`. Nothing here does I/O or reads a clock.

pub mod audit;
pub mod cancel;
pub mod decide;
pub mod event;
pub mod explain;
pub mod follow_up;
pub mod ids;
pub mod notes;
pub mod policy;
pub mod policy_file;
pub mod record;
pub mod request;
pub mod schedule;
pub mod state;
pub mod succession;
pub mod truth;

#[cfg(test)]
pub(crate) mod sample;
