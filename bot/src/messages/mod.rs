//! What all platforms share of the words that people read. Built from the record alone, without I/O.

pub mod answers;
pub mod away;
pub mod break_glass;
pub mod calling;
pub mod claims;
pub mod commands;
pub mod dialect;
pub mod escape;
pub mod explanation;
pub mod homes;
pub mod inputs;
pub mod links;
pub mod lists;
mod names;
pub mod notes;
pub mod requester;
pub mod returning;
pub mod risk;
pub mod runs;
pub mod since;
pub mod usage;
