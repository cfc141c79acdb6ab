//! An item is read back as it was written, and what is not one is refused.

use jiff::SignedDuration;

use super::*;
use crate::approval::ids::PersonId;
use crate::approval::place::{Destination, MessageRef, Platform};
use crate::approval::record::CallKind;
use crate::approval::sample::{after, approval, command};
use crate::approval::state::{Ending, Intent, Outcome, Verdict};
use crate::approval::transitions::decide::{Counted, decide};

/// A record with something in every field.
fn full() -> Approval {
    let mut approval = approval(
        "required = 2\nslack_channel = \"C1\"\nremind_after = [\"5m\"]\n\
                                 quiet_hours = { from = \"22:00\", to = \"07:00\", time_zone = \"Europe/Berlin\" }",
    );
    approval.calls.push(Call { at: after(300), kind: CallKind::Reminder });
    (approval.reminded, approval.quiet_until) = (1, Some(after(300)));
    approval.request.correlation.insert(String::new(), serde_json::json!({ "big": 1e300, "text": "x" }));
    approval.adopt(&MessageRef::Card {
        platform: Platform::Slack,
        conversation: "C1".to_owned(),
        message: "1.0".to_owned(),
    });
    approval.adopt(&MessageRef::Email { person: PersonId::parse("grace").unwrap() });
    for (person, seconds) in [("linus", 10), ("grace", 5)] {
        let command = command(person, Verdict::Approve, Some("fine"));
        let (Counted::Open(counted) | Counted::Decided(counted)) = decide(&approval, &command, after(seconds)).unwrap();
        approval = counted;
    }
    approval.execution_end = Some(ExecutionEnd { status: "SUCCEEDED".to_owned(), output: Some("{}".to_owned()) });
    let mut mail = Missing::new(Destination::Email(PersonId::parse("linus").unwrap()));
    (mail.is_left, mail.maybe, mail.problem) = (false, true, Some("no".to_owned()));
    let chat = Missing::new(Destination::Chat(Platform::Slack));
    approval.missing = vec![chat, mail];
    approval.apart = [(PersonId::parse("eve").unwrap(), "manager".to_owned())].into();
    approval.version = 9;
    approval.policy_version = Some(7);
    approval.refused = 3;
    approval.journal.clear();
    approval
}

#[test]
fn a_record_is_read_as_it_was_written() {
    let states = [
        State::Resolving(Ending { intent: Intent::GiveUp { reason: "nobody".to_owned() }, at: after(1) }),
        State::Resolved(crate::approval::state::Resolution {
            outcome: Outcome::Cancelled { reason: "aborted".to_owned() },
            at: after(2),
        }),
        State::Pending,
    ];
    for state in states {
        let mut approval = full();
        approval.state = state;
        let read = Item::new(&approval, Kept::default()).unwrap().approval().unwrap();
        assert_eq!(read.token.expose(), approval.token.expose());
        assert_eq!(format!("{read:?}"), format!("{:?}", in_order(approval)));
    }
}

#[test]
fn a_record_of_before_policies_were_kept_apart_is_read() {
    let mut item = Item::new(&approval(""), Kept::default()).unwrap();
    let mut record: serde_json::Value = from_json(&item.attributes, "record").unwrap();
    assert!(record.as_object_mut().unwrap().remove("apart").is_some());
    item.attributes.insert("record".to_owned(), text(&record.to_string()));
    let read = item.approval().unwrap();
    assert!(read.apart.is_empty() && read.rules.seats.is_empty() && read.rules.distinct_from.is_empty());
}

/// Votes are read in the order of their times, which is the order they came in.
fn in_order(mut approval: Approval) -> Approval {
    approval.votes.sort_by_key(|vote| vote.at);
    approval
}

#[test]
fn an_item_that_another_version_wrote_is_named_and_not_quoted() {
    let mut item = Item::new(&full(), Kept::default()).unwrap();
    item.attributes.insert("format".to_owned(), number(2));
    assert!(item.approval().unwrap_err().to_string().contains("the item's format is not what"));
    let mut item = Item::new(&full(), Kept::default()).unwrap();
    item.attributes.insert("record".to_owned(), text("AQCEsecret"));
    let error = item.approval().unwrap_err();
    assert!(!format!("{error:?}").contains("AQCE"), "{error}");
}

#[test]
fn an_approval_leaves_the_index_when_nothing_is_left_to_do_and_is_kept_as_long_as_was_said() {
    let mut approval = approval("email = \"never\"");
    assert!(Item::new(&approval, Kept::default()).unwrap().attributes.contains_key("due_at"));
    approval.resolve(Outcome::Approved, after(60));
    approval.outbox.clear();
    let item = Item::new(&approval, Kept::default()).unwrap();
    assert!(!item.attributes.contains_key("due_at") && !item.attributes.contains_key("due_shard"));
    let after_its_deadline =
        |attributes: &Attributes| integer::<i64>(attributes, "expires").unwrap() - after(600).as_second();
    assert_eq!(after_its_deadline(&item.attributes), 90 * 24 * 60 * 60);
    let kept = Kept { records: SignedDuration::from_hours(24), trails: SignedDuration::from_hours(100 * 24) };
    assert_eq!(after_its_deadline(&Item::new(&approval, kept).unwrap().attributes), 24 * 60 * 60);
    assert!(!approval.journal.is_empty());
    for entry in Item::journal(&approval, kept).unwrap() {
        assert_eq!(after_its_deadline(&entry), 101 * 24 * 60 * 60, "the trail is kept longer");
    }
}

#[test]
fn a_token_that_nobody_needs_any_more_is_not_kept() {
    let mut approval = approval("email = \"never\"\nslack_channel = \"C1\"");
    let token = approval.token.expose().to_owned();
    let kept = |approval: &Approval| {
        let written = Item::new(approval, Kept::default()).unwrap();
        let is_kept = format!("{:?}", written.attributes).contains(&token);
        assert!(written.approval().is_ok(), "it is read all the same");
        is_kept
    };
    approval.outbox.clear();
    assert!(kept(&approval), "it waits");
    let mut resolving = approval.clone();
    resolving.state = State::Resolving(Ending { intent: Intent::Approve, at: after(1) });
    assert!(kept(&resolving), "its task is to be completed");
    approval.resolve(Outcome::Approved, after(60));
    assert!(kept(&approval), "it is to be broadcast");
    approval.outbox.clear();
    assert!(!kept(&approval), "nothing is left to do");
    approval.adopt(&MessageRef::Card {
        platform: Platform::Slack,
        conversation: "C1".to_owned(),
        message: "1.0".to_owned(),
    });
    (approval.copies[0].shows, approval.copies[0].heard) = (approval.revision, usize::MAX);
    assert!(!approval.is_unfinished() && kept(&approval), "a thread waits to hear how the execution ended");
    approval.execution_end = Some(ExecutionEnd { status: "SUCCEEDED".to_owned(), output: None });
    assert!(!kept(&approval), "nobody waits any more");
}

#[test]
fn an_approval_is_listed_while_it_waits_and_for_its_requester_always() {
    let mut approval = approval("");
    let shard = shard(&approval.id, LIST_SHARDS);
    let item = |approval: &Approval| Item::new(approval, Kept::default()).unwrap().attributes;
    let waits = item(&approval);
    assert_eq!(string(&waits, "waiting").unwrap(), format!("p#{shard}"));
    assert_eq!(integer::<i64>(&waits, "deadline").unwrap(), after(600).as_millisecond());
    assert_eq!(string(&waits, "requester").unwrap(), format!("ada#{shard}"));
    approval.state = State::Resolving(Ending { intent: Intent::Approve, at: after(1) });
    let decided = item(&approval);
    assert!(!decided.contains_key("waiting") && !decided.contains_key("deadline"));
    approval.request.requester = None;
    assert!(decided.contains_key("requester") && !item(&approval).contains_key("requester"));
}

#[test]
fn a_record_from_before_there_were_trails_begins_one() {
    let mut item = Item::new(&full(), Kept::default()).unwrap();
    item.attributes.retain(|name, _| !["audit_count", "audit_hash", "refused"].contains(&name.as_str()));
    let read = item.approval().unwrap();
    assert_eq!((read.audit, read.refused), (Head::genesis(&read.id), 0));
    item.attributes.insert("audit_hash".to_owned(), text("not a hash"));
    assert!(item.approval().unwrap_err().to_string().contains("the item's audit_hash is not what"));
}

#[test]
fn ids_spread_over_all_shards() {
    let mut counts = [0; DUE_SHARDS as usize];
    for token in 0..1_600 {
        let id = ApprovalId::of(&TaskToken::parse(&format!("token {token}")).unwrap());
        counts[usize::from(shard(&id, DUE_SHARDS))] += 1;
    }
    assert!(counts.iter().all(|count| (60..=150).contains(count)), "{counts:?}");
}
