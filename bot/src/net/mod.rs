//! The ground for whoever talks to a service: one HTTP client, deadlines, signatures.

pub mod caller;
pub mod deadline;
pub mod http;
pub(crate) mod retry;
pub mod signature;
