//! The decision core: ids, policy, request, record, events, audit trail and the transitions. Nothing here does I/O or
//! reads a clock.
//!
//! From the ground up: each module knows those before it.

pub mod ids;
pub mod limits;
pub mod names;
pub mod state;

pub mod fields;

pub mod commands;
pub mod entry;

pub mod drafts;

pub mod accounts;
pub mod callers;
pub mod calling;
pub mod event;
pub mod look_up;
pub mod place;

pub mod delegation;
pub mod delivery;
pub mod fingerprint;
pub mod identities;
pub mod seats;
pub mod until;

pub mod live_groups;

pub mod policy;

pub mod members;
pub mod naming;
pub mod same_human;

pub mod filling;

pub mod policy_file;

pub mod audit;
pub mod policy_changes;
pub mod policy_version;
pub mod request;

pub mod startable;

pub mod break_glass;
pub mod claim;
pub mod since;

pub mod record;

mod sizes;

pub mod calls;
pub mod notes;

pub mod quorum;

pub mod acknowledging;

pub mod follow_up;

pub mod home;
pub mod run;

pub mod transitions;

pub mod explain;

#[cfg(test)]
pub(crate) mod sample;
