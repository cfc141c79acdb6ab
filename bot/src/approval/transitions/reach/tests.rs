//! Refusals, what stands in, and giving up, on the record alone.

use super::*;
use crate::approval::follow_up::Errand;
use crate::approval::ids::PersonId;
use crate::approval::place::{MessageRef, Platform};
use crate::approval::record::SentMessage;
use crate::approval::sample::{after, approval};
use crate::approval::state::Intent;

const SLACK: Destination = Destination::Chat(Platform::Slack);
const ALONE: &str = "slack_channel = \"C1\"\nemail = \"never\"";

fn presser() -> PersonId {
    PersonId::parse("grace").unwrap()
}

fn card(message: &str) -> MessageRef {
    MessageRef::Card { platform: Platform::Slack, conversation: "C1".to_owned(), message: message.to_owned() }
}

/// A request that was recorded and that nobody has sent yet.
fn begun(rules: &str) -> Approval {
    let mut approval = approval(rules);
    approval.outbox.clear();
    approval.missing = approval.first_places().into_iter().map(Missing::new).collect();
    approval
}

fn failed(approval: &mut Approval, fate: Fate, now: i64) {
    let unsent = Unsent { fate, problem: "no".to_owned() };
    approval.undelivered(&Undelivered { destination: SLACK, unsent }, after(now));
}

fn reason(approval: &Approval) -> Option<&str> {
    match &approval.state {
        State::Resolving(ending) => match &ending.intent {
            Intent::GiveUp { reason } => Some(reason),
            _ => None,
        },
        _ => None,
    }
}

const NOT_SENT: Fate = Fate::NotSent { retry_after: None };

#[test]
fn a_place_that_nobody_has_tried_has_not_refused() {
    let mut approval = begun(ALONE);
    assert_eq!(approval.errands(), [Errand::Send(SLACK)]);
    assert!(!approval.give_up_unreached(after(599)), "it may wait in a queue");
}

#[test]
fn what_nobody_is_to_be_asked_is_sent_nowhere_and_given_up() {
    let rules = format!("{ALONE}\ncallers = [\"arn:aws:states:*:*:stateMachine:calculation\"]");
    let mut approval = Approval { attempt: None, ..begun(&rules) };
    assert!(approval.errands().is_empty() && approval.is_unfinished());
    assert!(!approval.give_up_unreached(after(89)), "it may be proven yet");
    assert!(approval.give_up_unreached(after(90)));
    assert!(reason(&approval).is_some_and(|reason| reason.contains("policy `p`")), "{:?}", reason(&approval));
    let mut nowhere = begun("email = \"never\"");
    assert!(
        nowhere.give_up_unreached(after(0)) && reason(&nowhere).is_some_and(|reason| reason.contains("no channel"))
    );
}

#[test]
fn what_was_not_sent_is_tried_again_and_given_up_when_its_time_is_over() {
    let mut approval = begun(ALONE);
    failed(&mut approval, NOT_SENT, 1);
    assert_eq!(approval.errands(), [Errand::Send(SLACK)]);
    assert!(!approval.give_up_unreached(after(299)), "half of ten minutes is not over");
    assert!(approval.give_up_unreached(after(300)));
    assert_eq!(reason(&approval), Some("nobody was reached in 5m: Slack: no"));
}

#[test]
fn the_policy_says_how_long_is_tried() {
    for (rules, seconds) in [("give_up_after = \"90s\"", 90), ("give_up_after = \"9m\"", 540)] {
        let mut approval = begun(&format!("{ALONE}\n{rules}"));
        failed(&mut approval, NOT_SENT, 1);
        assert!(!approval.give_up_unreached(after(seconds - 1)) && approval.give_up_unreached(after(seconds)));
    }
}

#[test]
fn it_is_looked_at_in_time_to_be_given_up() {
    let mut approval = begun(ALONE);
    failed(&mut approval, NOT_SENT, 1);
    for _ in 0..8 {
        approval.put_off("no answer", after(250));
    }
    assert_eq!(approval.due_at(), Some(after(300)));
    approval.put_off("no answer", after(301));
    assert!(approval.due_at() > Some(after(500)), "what cannot be given up is put off like anything else");
}

#[test]
fn what_every_place_refuses_is_given_up_at_once() {
    let mut approval = begun(ALONE);
    failed(&mut approval, Fate::Refused, 1);
    assert_eq!(approval.due_at(), Some(after(1)));
    assert!(approval.is_unfinished() && approval.give_up_unreached(after(1)));
    assert_eq!(reason(&approval), Some("Slack: no"));
}

#[test]
fn what_may_be_out_is_neither_sent_again_nor_given_up_and_is_found_with_a_press() {
    let mut approval = begun(ALONE);
    failed(&mut approval, Fate::MaybeSent, 1);
    assert_eq!(approval.errands(), []);
    assert!(!approval.is_unfinished() && !approval.give_up_unreached(after(500)));
    assert!(approval.discover(Some(&card("1.0")), &presser(), after(300)));
    assert!(approval.missing.is_empty() && approval.errands() == [Errand::Update(card("1.0"))]);
}

#[test]
fn a_mail_that_may_be_out_is_sent_again_and_not_given_up() {
    let mut approval = begun("email = \"always\"");
    let grace = approval.missing[0].destination.clone();
    let unsent = Unsent { fate: Fate::MaybeSent, problem: "no answer in time".to_owned() };
    approval.undelivered(&Undelivered { destination: grace.clone(), unsent }, after(1));
    assert_eq!(approval.errands(), [Errand::Send(grace)]);
    assert!(!approval.give_up_unreached(after(500)));
}

#[test]
fn a_pause_that_a_platform_asks_for_is_kept_up_to_five_minutes() {
    for (asked, kept) in [(60, 60), (9_999, 300)] {
        let mut approval = begun(ALONE);
        approval.leave_to_reconciler(after(0));
        failed(&mut approval, Fate::NotSent { retry_after: Some(SignedDuration::from_secs(asked)) }, 1);
        assert_eq!(approval.due_at(), Some(after(1 + kept)));
    }
}

/// A card that somebody posted before they were killed is out besides the one that is on record.
#[test]
fn a_card_of_somebody_who_was_killed_is_found_beside_the_one_that_replaced_it() {
    let mut approval = begun(ALONE);
    approval.suspect(&SLACK, after(90));
    assert!(!approval.give_up_unreached(after(599)), "it may be out");
    approval.delivered(&SentMessage::new(card("2.0"), 0, 0), after(91));
    assert_eq!(approval.errands(), []);
    let discovered = ["1.0", "3.0"].map(|ts| approval.discover(Some(&card(ts)), &presser(), after(92)));
    assert_eq!(discovered, [true, false], "there is one");
    let both = [Errand::Update(card("2.0")), Errand::Update(card("1.0"))];
    assert_eq!(approval.errands(), both);
}

#[test]
fn what_a_platform_says_after_somebody_was_killed_counts() {
    for (fate, given_up_at) in [(NOT_SENT, 300), (Fate::Refused, 92)] {
        let mut approval = begun(ALONE);
        approval.suspect(&SLACK, after(90));
        assert!(!approval.reaches_nobody(), "it may be out");
        failed(&mut approval, fate, 91);
        assert!(approval.give_up_unreached(after(given_up_at)));
    }
}

#[test]
fn whoever_was_told_no_has_left_nothing_behind() {
    let mut approval = begun(ALONE);
    failed(&mut approval, NOT_SENT, 1);
    let before = approval.missing.clone();
    approval.suspect(&SLACK, after(2));
    assert_eq!(approval.missing, before);
}

#[test]
fn mails_stand_in_for_a_card_that_no_chat_takes_or_that_waits_for_long() {
    let fallback = "slack_channel = \"C1\"\nemail = \"fallback\"";
    let mut approval = begun(fallback);
    assert_eq!(approval.errands(), [Errand::Send(SLACK)]);
    failed(&mut approval, Fate::Refused, 1);
    assert_eq!(approval.errands().len(), 1, "Grace has an address, and Ada has asked");
    assert!(!approval.give_up_unreached(after(1)), "nobody has refused the mail");
    let mut waiting = begun(fallback);
    assert!(!waiting.stand_in(after(299)) && waiting.stand_in(after(300)) && !waiting.stand_in(after(301)));
    assert_eq!(waiting.errands().len(), 2);
}

#[test]
fn each_place_is_delivered_to_on_its_own() {
    let approval = begun("slack_channel = \"C1\"\nteams_conversation = \"19:x@thread.tacv2\"\nemail = \"always\"");
    let places: Vec<String> = approval.deliveries().into_iter().map(|delivery| delivery.place).collect();
    assert_eq!(places, ["slack:C1", "teams:19:x@thread.tacv2", "email:grace"]);
}

#[test]
fn a_place_that_has_the_request_is_not_missed() {
    let mut approval = begun(ALONE);
    approval.adopt(&card("1.0"));
    approval.suspect(&SLACK, after(5));
    failed(&mut approval, NOT_SENT, 7);
    assert_eq!(approval.missing, []);
}

#[test]
fn a_failure_that_is_no_news_is_told_once() {
    let mut approval = begun(ALONE);
    let entries = |approval: &Approval| approval.journal.len();
    let before = entries(&approval);
    failed(&mut approval, NOT_SENT, 1);
    failed(&mut approval, NOT_SENT, 2);
    assert_eq!(entries(&approval), before + 1);
    failed(&mut approval, Fate::Refused, 3);
    assert_eq!(entries(&approval), before + 2);
}
