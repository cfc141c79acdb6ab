//! All that people read: cards, mails, pages and answers. Built from the record alone, without I/O.

pub mod answers;
pub mod dialect;
pub mod escape;
pub mod explanation;
pub mod links;
pub mod lists;
pub mod mail;
pub mod modal;
pub mod notes;
pub mod page;
pub mod slack;
pub mod teams;
