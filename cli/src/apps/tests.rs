//! An app that is set up for a stack on a small AWS, with a Slack that knows what is right.

mod slack;
