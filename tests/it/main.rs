//! Signed requests through the real router, and the real clients against fake services, in one binary.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]

mod support;

mod asked;
mod audit;
mod burst;
mod calculations;
mod callbacks;
mod calls;
mod card_limits;
mod commands;
mod content_hash;
mod deciding;
mod delivery;
mod details;
mod documents;
mod email;
mod events;
mod examples;
mod explaining;
mod fields;
mod floors;
mod infrastructure;
mod inputs;
mod interleavings;
mod lambda;
mod lasting_outages;
mod listings;
mod look_ups;
mod narrowing;
mod no_leaks;
mod notifying;
mod own_machines;
mod page;
mod parking;
mod people;
mod policy_versions;
mod proof;
mod races;
mod reminders;
mod retries;
mod risk;
mod scanners;
mod seats;
mod separation;
mod signatures;
mod slack_outages;
mod starters;
mod store;
mod succession;
mod teams;
mod typed_text;
mod workflow;
mod your_workflow;
