//! Apps that are set up for a stack on a small AWS, with a Slack and a Microsoft that know what is right.

mod slack;
mod teams;
