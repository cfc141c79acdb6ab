//! A folder for each platform that people read and decide on: its requests and their verification, its routes, its client,
//! its cards and words. No platform knows another; what all chats share stands beside them.

mod approvals;
mod asker;
mod away;
mod commands;
mod malformed;
mod press;
mod starting;

pub mod email;
pub mod slack;
pub mod teams;
