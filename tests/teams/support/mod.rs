//! What the cases stand on.

pub(crate) mod client;
pub(crate) mod node;
pub(crate) mod proxy;
pub(crate) mod stage;
pub(crate) mod tools;
