//! What must hold at the end of every case: Step Functions, the record, every copy, the events and the trail agree.

use std::collections::BTreeSet;

use countersign_bot::approval::audit::{Entry, What, verify};
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::record::{Approval, Vote};
use countersign_bot::approval::state::{Status, Verdict};
use countersign_bot::approval::transitions::truth::{APPROVAL_CANCELLED, APPROVAL_REJECTED, APPROVAL_RETURNED};
use countersign_playground::engine::TaskFate;
use serde_json::Value;

use super::stage::Stage;
use super::{claims, glass, seats, stand_ins};
use crate::support::{has_buttons, shown};

impl Stage {
    /// Checks one approval of a case, which another may have followed, and whose notifier may have been killed.
    pub(super) async fn check(&self, record: &Approval, successor: Option<&Approval>, was_killed: bool) {
        self.check_truth(record, successor);
        self.check_votes(record);
        glass::check(record);
        // A task that had ended before anybody was asked gets no card.
        if !record.copies.is_empty() {
            self.check_slack(record, was_killed);
            self.check_teams(record);
            self.check_mails(record);
        }
        self.check_events(record);
        self.check_trail(record).await;
    }

    fn check_truth(&self, record: &Approval, successor: Option<&Approval>) {
        let fate = self.world.engine.task(record.token.expose());
        let expected: &[Status] = match &fate {
            TaskFate::Succeeded(_) => &[Status::Approved],
            TaskFate::Failed { error, .. } if error == APPROVAL_REJECTED => &[Status::Rejected],
            TaskFate::Failed { error, .. } if error == APPROVAL_RETURNED => &[Status::Returned],
            TaskFate::Failed { error, .. } if error == APPROVAL_CANCELLED => &[Status::Cancelled],
            // Whoever looks before the state has asked again finds that the task was failed.
            TaskFate::Failed { .. } | TaskFate::Aborted if successor.is_some() => {
                &[Status::Superseded, Status::Cancelled]
            }
            TaskFate::Failed { .. } | TaskFate::Aborted => &[Status::Cancelled],
            TaskFate::TimedOut => &[Status::Expired],
            // A clock that is ahead finds the end of the time a moment before it comes, and nobody can tell it better.
            TaskFate::Open if self.is_forgotten(&record.request.execution) => &[],
            TaskFate::Open | TaskFate::Unknown => panic!("the task has not ended: {fate:?}"),
        };
        // Nobody can tell any more how the task of a forgotten execution ended; what is said then is no decision of people.
        let untold: &[Status] =
            if self.is_forgotten(&record.request.execution) { &[Status::Expired, Status::Cancelled] } else { &[] };
        let status = record.status();
        assert!(expected.contains(&status) || untold.contains(&status), "{status:?} after {fate:?}");
        if record.status() == Status::Superseded {
            assert!(successor.is_some());
        }
        if let Some(pointed) = &record.successor {
            assert_eq!(Some(&pointed.id), successor.map(|approval| &approval.id), "it points to the next try");
        }
        let by_us = match &fate {
            TaskFate::Succeeded(_) => true,
            TaskFate::Failed { error, .. } => {
                [APPROVAL_REJECTED, APPROVAL_RETURNED, APPROVAL_CANCELLED].contains(&error.as_str())
            }
            _ => false,
        };
        assert_eq!(self.accepted.count(&record.token), usize::from(by_us), "callbacks that took effect");
    }

    fn check_votes(&self, record: &Approval) {
        let people: BTreeSet<_> = record.votes.iter().map(|vote| &vote.person).collect();
        assert_eq!(people.len(), record.votes.len(), "a person has one vote");
        let said = |verdict| record.votes.iter().filter(|vote| vote.verdict == verdict).count();
        let returns: Vec<_> = record.votes.iter().filter(|vote| vote.verdict == Verdict::Return).collect();
        assert!(returns.iter().all(|vote| vote.comment.is_some()), "whoever sends it back says why: {record:?}");
        assert!(returns.is_empty() || record.rules.returns, "the policy lets people send it back: {record:?}");
        match record.status() {
            Status::Approved if record.glass_breaker().is_some() => {}
            Status::Approved => assert!(record.approvals() >= record.rules.required, "the quorum was filled"),
            Status::Rejected => assert_eq!(said(Verdict::Reject), 1, "somebody rejected"),
            Status::Returned => assert_eq!(said(Verdict::Return), 1, "somebody sent it back"),
            _ => {}
        }
    }

    fn check_slack(&self, record: &Approval, was_killed: bool) {
        let messages = self.world.slack.messages("C0FINANCE");
        let known: Vec<&str> =
            record.copies.iter().filter_map(|copy| copy.message.on(Platform::Slack)).map(|card| card.1).collect();
        for ts in &known {
            let card = messages.iter().find(|message| message.ts == *ts).unwrap();
            assert!(!has_buttons(card) && shown(card).contains(word(record)), "{:?}: {}", record.status(), shown(card));
            let thread = messages.iter().filter(|note| note.thread_ts.as_deref() == Some(ts));
            check_thread(record, thread.map(|note| note.text.clone()).collect());
        }
        // Another card may name this approval as the later request; its own id stands there to be typed.
        let own = format!("`{}`", record.id);
        let cards = messages.iter().filter(|message| message.blocks.to_string().contains(&own)).count();
        check_is_known(record, Platform::Slack, known.len());
        // Whoever is killed may leave a card that nobody has on record, and that is replaced.
        let most = if was_killed { 2 } else { 1 };
        assert!((known.len()..=most).contains(&cards), "{cards} cards of {}: {record:?}", known.len());
    }

    fn check_teams(&self, record: &Approval) {
        let messages = self.world.teams.messages("19:finance@thread.tacv2");
        let known: Vec<&str> =
            record.copies.iter().filter_map(|copy| copy.message.on(Platform::Teams)).map(|card| card.1).collect();
        for id in &known {
            let card = self.world.teams.message(id).and_then(|message| message.card).expect("it is a card");
            let text = card.to_string();
            // The names of those who decided are told apart from our sentence.
            let word = word(record).trim_end_matches(" by").to_lowercase();
            assert!(
                !text.contains("Action.Execute") && text.to_lowercase().contains(&word),
                "{:?}: {text}",
                record.status()
            );
            let thread = messages.iter().filter(|note| note.reply_to.as_deref() == Some(id));
            check_thread(record, thread.map(|note| note.text.clone()).collect());
        }
        check_is_known(record, Platform::Teams, known.len());
    }

    /// Everybody who was asked by mail has the outcome as the last word.
    fn check_mails(&self, record: &Approval) {
        let mails = self.world.mailbox.mails();
        let about = |address: &str| {
            // The mail of a later try names this one too, as what it follows.
            let own = format!("Approval {}", record.id);
            let ours = mails.iter().filter(|mail| mail.text.contains(&own));
            ours.filter(|mail| mail.to.contains(address)).collect::<Vec<_>>()
        };
        let people: Vec<_> = record.rules.approvers.iter().filter_map(|person| person.email.as_deref()).collect();
        assert_eq!(people, ["grace@example.com"]);
        let has_mail = record.copies.iter().any(|copy| copy.message.platform() == Platform::Email);
        let is_missing = record.missing.iter().any(|missing| missing.destination.platform() == Platform::Email);
        assert!(has_mail || is_missing, "it is on record that there is none: {record:?}");
        for address in people.into_iter().filter(|_| has_mail) {
            let last = about(address).pop().expect("there is a mail");
            assert!(last.link().is_none() && last.text.contains(word(record)), "{:?}: {}", record.status(), last.text);
        }
    }

    fn check_events(&self, record: &Approval) {
        let events = self.world.bus.carried().into_iter().map(|event| event["detail"].clone());
        let resolved: Vec<Value> =
            events.filter(|detail| detail["eventId"] == format!("{}.resolved", record.id)).collect();
        assert!(!resolved.is_empty(), "the outcome was broadcast");
        assert!(resolved.iter().all(|detail| detail["status"] == record.status().as_str()), "{resolved:?}");
    }

    /// The trail is whole, and tells the same end once.
    async fn check_trail(&self, record: &Approval) {
        let entries = self.world.bot().app.ports.store.history(&record.id).await.unwrap();
        assert_eq!(verify(&record.id, &entries, &record.audit), Ok(()));
        seats::check(record, &entries);
        stand_ins::check(record, &entries);
        claims::check(&entries);
        let ends: Vec<&What> =
            entries.iter().map(|entry| &entry.what).filter(|what| matches!(what, What::Resolved { .. })).collect();
        assert!(matches!(ends[..], [What::Resolved { status, .. }] if *status == record.status()), "{ends:?}");
        let last_word = |vote: &Vote| {
            let said = What::from(vote);
            entries.iter().any(|entry| entry.what == said && entry.at == vote.at)
        };
        assert!(record.votes.iter().all(last_word), "every vote is in the trail: {entries:?}");
        check_calls(&entries);
    }
}

/// Where no card is on record, it is on record that there may be none.
fn check_is_known(record: &Approval, platform: Platform, known: usize) {
    let is_missing = record.missing.iter().any(|missing| missing.destination.platform() == platform);
    assert!(known >= 1 || is_missing, "{record:?}");
}

/// Nothing of an execution is believed that a request only names.
pub(super) fn check_impostor(record: &Approval) {
    assert_eq!(record.status(), Status::Expired);
    assert!(record.attempt.is_none() && record.execution_end.is_none() && record.votes.is_empty(), "{record:?}");
}

/// People are called again once each time, and not after the end.
fn check_calls(entries: &[Entry]) {
    let is_end = |what: &What| matches!(what, What::Decided { .. } | What::Cancelled { .. } | What::Resolved { .. });
    let ended = entries.iter().position(|entry| is_end(&entry.what));
    let calls = entries.iter().map(|entry| &entry.what).enumerate();
    let calls: Vec<_> =
        calls.filter(|(_, what)| matches!(what, What::Reminded { .. } | What::Escalated { .. })).collect();
    assert!(calls.iter().all(|(place, _)| Some(*place) < ended), "nobody is called after the end: {entries:?}");
    let escalations = calls.iter().filter(|(_, what)| matches!(what, What::Escalated { .. })).count();
    assert!(escalations <= 1 && calls.len() - escalations <= 2, "each call is made once: {calls:?}");
}

/// What is said in a thread ends with the outcome, and no reminder follows it.
fn check_thread(record: &Approval, thread: Vec<String>) {
    let is_call: Vec<bool> = thread.iter().map(|note| note.contains("still waits for a decision")).collect();
    assert!(is_call.is_sorted_by_key(|is_call| !is_call), "no reminder follows the outcome in the thread: {thread:?}");
    assert!(thread.iter().any(|note| note.contains(word(record))), "the outcome is told: {thread:?}");
}

/// How every copy says the end.
fn word(record: &Approval) -> &'static str {
    match record.status() {
        Status::Approved => "Approved by",
        Status::Rejected => "Rejected by",
        Status::Returned => "Sent back for changes by",
        Status::Expired => "This expired",
        Status::Cancelled => "This was cancelled",
        Status::Superseded => "A later request has taken the place",
        open => panic!("it has not ended: {open:?}"),
    }
}
