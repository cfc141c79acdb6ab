//! Countersign puts a human decision into an AWS Step Functions workflow.
//!
//! ```text
//! Step Functions ──token──▶ notify: check ▶ record ▶ enqueue
//! queue, in order in each place ──▶ deliver: make this place show the record
//! Slack / Teams / e-mail ──▶ platforms: verify ▶ authorise ▶ resolve: decide ▶ record ▶ call back ▶ announce
//! each minute, and when an execution ends ──▶ reconcile: finish what was left half done
//! ```
//!
//! The modules are floors, listed from the ground up: each knows those before it and none of those after it.
//!
//! ```text
//! bin, lambda                  a thin main for each function
//! startup                      configuration, routes, and the bot put together
//! platforms, calculation       what people press and type, and what they read
//! flow                         notify, resolve, deliver, reconcile: from port to port
//! aws, messages, reader        the ports on AWS, the shared words, the environment: side by side
//! links, ports                 addresses, and what the flows need from outside
//! approval                     the pure core
//! net, input, encoding,        ground
//! visible
//! ```
//!
//! ARCHITECTURE.md is the map.

pub mod encoding;
pub mod input;
pub mod net;
pub mod visible;

pub mod approval;

pub mod links;
pub mod ports;

pub mod aws;
pub mod messages;
pub mod reader;

pub mod flow;

pub mod calculation;
pub mod platforms;

pub mod startup;

pub mod lambda;
