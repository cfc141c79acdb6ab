//! All that people read: cards, mails, pages and answers. Built from the record alone, without I/O.

pub mod answers;
pub mod escape;
pub mod mail;
pub mod modal;
pub mod page;
pub mod slack;
