//! Teams: the token of the Bot Framework, and what may be read of an activity once it is verified.

mod keys;
#[cfg(test)]
mod tests;
pub mod token;
pub mod verified;
