//! Microsoft Teams, from the token of the Bot Framework to the closed card.

mod commands;
mod deciding;
mod outages;
mod protocol;
mod tokens;

/// The conversation that the rules of these tests name.
const CHANNEL: &str = "19:finance@thread.tacv2";
