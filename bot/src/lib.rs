//! Countersign puts a human decision into an AWS Step Functions workflow.
//!
//! ```text
//! Step Functions ──token──▶ notify ──▶ store ──▶ Slack card, e-mail
//! Slack / e-mail ──▶ inbound: verify ▶ authorise ▶ resolve: decide ▶ record ▶ call back ▶ broadcast
//! EventBridge ──outcome──▶ announce ──▶ every copy closes, the requester is told
//! each minute, and when an execution ends ──▶ reconcile: finish what was left half done
//! ```
//!
//! `approval` is pure and knows no transport; `inbound` turns verified requests into its commands;
//! `messages` is all that people read. ARCHITECTURE.md is the map.

pub mod announce;
pub mod app;
pub mod approval;
pub mod aws;
mod change;
pub mod config;
mod copies;
pub mod deadline;
pub mod encoding;
pub mod http;
pub mod inbound;
pub mod input;
pub mod lambda;
pub mod launch;
pub mod listing;
pub mod mail;
pub mod messages;
pub mod notify;
mod pace;
pub mod ports;
pub mod reconcile;
pub mod resolve;
pub mod signature;
pub mod slack;
mod succession;
pub mod teams;
