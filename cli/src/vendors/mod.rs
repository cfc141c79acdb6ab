//! Slack and Microsoft, asked over HTTP with the bot's own credentials by whoever looks at a deployment or sets one up.

#[cfg(test)]
pub(crate) mod fake;
mod said;
pub(crate) mod slack;
pub(crate) mod teams;
pub(crate) mod web;
