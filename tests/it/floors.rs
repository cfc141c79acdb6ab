//! The floors of the bot: what its sources may name, read from the sources themselves. ARCHITECTURE.md says what each
//! room is for.
//!
//! A folder whose modules are listed in groups, as in `lib.rs`, says with them which stands above which: nothing names a
//! module of a group that comes later. Code for tests may name anything.

mod rules;
mod source;

use self::source::{Source, sources};

type Rule = fn(&[Source]) -> Vec<String>;

#[track_caller]
fn holds(rule: Rule) {
    let broken = rule(&sources());
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// What a rule says once this file is there, instead of the one that is.
#[track_caller]
fn check(rule: Rule, path: &str, text: &str, expected: &[&str]) {
    let mut sources = sources();
    sources.retain(|source| source.path != path);
    sources.push(Source::read(path, text));
    assert_eq!(rule(&sources), expected);
}

#[test]
fn nothing_names_what_stands_above_it() {
    holds(rules::floors);
    check(
        rules::floors,
        "flow/listing.rs",
        "use crate::startup::Bot;",
        &["flow/listing.rs names startup, which stands above flow"],
    );
    check(
        rules::floors,
        "approval/ids.rs",
        "fn count(of: &super::record::Approval) -> usize { of.copies.len() }",
        &["approval/ids.rs names record, which stands above ids in approval"],
    );
    check(
        rules::floors,
        "flow/change.rs",
        "use super::{app::App, reconcile};",
        &["flow/change.rs names reconcile, which stands above change in flow"],
    );
    check(rules::floors, "flow/listing.rs", "#[cfg(test)] mod tests { use crate::startup::Bot; }", &[]);
    check(rules::floors, "net/new.rs", "pub fn new() {}", &["net/new.rs is declared by no module"]);
}

#[test]
fn no_files_go_in_a_circle() {
    holds(rules::circles);
    check(
        rules::circles,
        "platforms/slack/client.rs",
        "use super::card::card; pub struct Message;",
        &["platforms/slack/card.rs and platforms/slack/client.rs name each other in a circle"],
    );
}

#[test]
fn no_platform_names_another() {
    holds(rules::platforms);
    check(
        rules::platforms,
        "platforms/teams/elements.rs",
        "use crate::platforms::slack::card;",
        &["platforms/teams/elements.rs names the platform slack"],
    );
}

#[test]
fn the_flows_name_no_platform() {
    holds(rules::flow);
    check(
        rules::flow,
        "flow/pace.rs",
        "use crate::messages::lists; fn lane(p: Platform) -> bool { p == Platform::Slack }",
        &["flow/pace.rs names messages", "flow/pace.rs says Slack"],
    );
    check(rules::flow, "flow/pace.rs", "fn f() { let lane = \"teams:1\"; }", &["flow/pace.rs says teams:1"]);
}

#[test]
fn the_aws_sdk_stands_in_one_room() {
    holds(rules::aws_sdk);
    check(
        rules::aws_sdk,
        "flow/copies.rs",
        "fn put(client: &aws_sdk_dynamodb::Client) {}",
        &["flow/copies.rs names aws_sdk_dynamodb"],
    );
}

#[test]
fn the_core_knows_no_input_output_clock_or_environment() {
    holds(rules::core);
    let broken = [
        ("pub async fn wait() {}", "approval/notes.rs waits"),
        ("fn f() { let later = async {}; }", "approval/notes.rs waits"),
        ("use std::env;", "approval/notes.rs names std::env"),
        ("fn f() { std::fs::read(\"x\"); }", "approval/notes.rs names std::fs"),
        ("use tokio::time::sleep;", "approval/notes.rs names tokio"),
        ("fn f() { jiff::Timestamp::now(); }", "approval/notes.rs reads the clock"),
        ("use crate::net::http::HttpClient;", "approval/notes.rs names net"),
    ];
    for (text, expected) in broken {
        check(rules::core, "approval/notes.rs", text, &[expected]);
    }
}

#[test]
fn only_transitions_change_an_approval() {
    holds(rules::changes);
    for text in [
        "fn f(approval: &mut Approval) { approval.revision += 1; }",
        "fn f(approval: &mut Approval) { approval.revision = 1; }",
        "fn f(approval: &mut Approval) { std::mem::take(&mut approval.revision); }",
    ] {
        check(rules::changes, "flow/copies.rs", text, &["flow/copies.rs changes revision of an approval"]);
    }
    let text = "fn f(approval: &mut Approval) { approval.votes.clear(); }";
    check(rules::changes, "platforms/press.rs", text, &["platforms/press.rs changes votes of an approval"]);
}

#[test]
fn the_reference_workflow_stands_in_one_place() {
    holds(rules::reference_workflow);
    check(
        rules::reference_workflow,
        "flow/notify.rs",
        "use crate::calculation::router;",
        &["flow/notify.rs names calculation"],
    );
    check(
        rules::reference_workflow,
        "platforms/slack/form.rs",
        "const NUMBERS: [&str; 2] = [\"x\", \"y\"];",
        &["platforms/slack/form.rs says x", "platforms/slack/form.rs says y"],
    );
}

#[test]
fn a_file_is_no_longer_than_can_be_taken_in() {
    holds(rules::lengths);
    let long = |lines| rules::too_many_lines("new.rs".as_ref(), &"// A line.\n".repeat(lines));
    assert_eq!((long(400), long(401)), (None, Some("new.rs has 401 lines".to_owned())));
}
