//! Calling again while nobody decides: reminders to those who have said nothing, and the escalation to more people.

use countersign_bot::approval::ids::PersonId;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::flow::listing;
use countersign_bot::net::deadline::Deadline;
use std::time::Duration;

use crate::support::faults::{Call, Fault, Faults};
use crate::support::{Harness, RULES, RULES_WITH_TEAMS, has_buttons, shown};

const REMIND: &str = "remind_after = [\"5m\", \"8m\"]";
const ESCALATE: &str = "escalate_after = \"8m\"\nescalate_to = [\"linus\"]";
const REMINDER: &str = "This still waits for a decision";

/// Time passes, the reconciler comes by, and whatever it set off has arrived.
async fn later(harness: &Harness, approval: &Approval, seconds: i64) {
    harness.pass_time(seconds);
    harness.reconcile().await;
    harness.settled(approval, harness.record(&approval.id).status()).await;
}

fn reminders(thread: &[String]) -> usize {
    thread.iter().filter(|note| note.contains(REMINDER)).count()
}

#[tokio::test]
async fn those_who_have_said_nothing_are_reminded_once_on_every_platform() {
    let rules = "approvers = [\"finance\", \"linus\"]\nrequired = 2\nslack_channel = \"C0FINANCE\"\n\
                 teams_conversation = \"19:finance@thread.tacv2\"";
    let harness = Harness::with_rules(&format!("{rules}\n{REMIND}")).await;
    let approval = harness.ask().await;
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Pending).await;
    later(&harness, &approval, 299).await;
    assert_eq!(harness.thread(&approval), Vec::<String>::new());
    later(&harness, &approval, 1).await;
    later(&harness, &approval, 60).await;
    let thread = harness.thread(&approval);
    assert_eq!(thread.len(), 1, "{thread:?}");
    assert!(thread[0].starts_with("<@U0LINUS>: This still waits for a decision · 1 of 2 approvals"), "{thread:?}");
    assert!(thread[0].contains("<!date^"), "{thread:?}");
    let thread = harness.teams_thread(&approval);
    assert_eq!(thread.len(), 1, "{thread:?}");
    assert!(thread[0].starts_with("Linus Pauling: This still waits for a decision · 1 of 2 approvals"), "{thread:?}");
    let mails = harness.mails("linus");
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[1].subject, "Re: Approval needed: Calculation 125 + 122");
    assert!(
        mails[1].text.contains("this still waits for your decision") && mails[1].text.contains("Grace Hopper approved")
    );
    assert_eq!((mails[1].link(), mails[1].in_reply_to.clone()), (mails[0].link(), mails[0].message_id.clone()));
    assert_eq!(mails[1].references[0], mails[0].references[0]);
    assert_eq!(harness.mails("grace").len(), 1, "who has voted is left alone");
    assert!(harness.mails("ada").is_empty(), "who asked cannot decide");
    assert_eq!(harness.events("Approval Reminded")[0]["silent"], serde_json::json!(["linus"]));
    later(&harness, &approval, 120).await;
    assert_eq!(reminders(&harness.thread(&approval)), 2, "the second reminder");
}

#[tokio::test]
async fn nobody_is_reminded_of_what_is_decided_or_expired() {
    let decided = Harness::with_rules(&format!("{RULES}\n{REMIND}")).await;
    let approval = decided.ask().await;
    decided.press("grace", &approval, "approve", None).await;
    decided.settled(&approval, Status::Approved).await;
    later(&decided, &approval, 300).await;
    let expired = Harness::with_rules(&format!("{RULES}\n{REMIND}\n{ESCALATE}")).await;
    let approval_expired = expired.ask().await;
    expired.pass_time(600);
    expired.settled(&approval_expired, Status::Expired).await;
    later(&expired, &approval_expired, 60).await;
    for (harness, approval) in [(decided, approval), (expired, approval_expired)] {
        assert_eq!(reminders(&harness.thread(&approval)), 0);
        assert!(harness.events("Approval Reminded").is_empty() && harness.events("Approval Escalated").is_empty());
        assert!(harness.mails("grace").iter().all(|mail| !mail.text.contains("still waits")));
    }
}

#[tokio::test]
async fn reminders_that_were_missed_become_one() {
    let harness = Harness::with_rules(&format!("{RULES}\n{REMIND}")).await;
    let approval = harness.ask().await;
    later(&harness, &approval, 500).await;
    later(&harness, &approval, 60).await;
    assert_eq!(reminders(&harness.thread(&approval)), 1);
    assert_eq!((harness.events("Approval Reminded").len(), harness.mails("grace").len()), (1, 2));
}

#[tokio::test]
async fn after_an_escalation_more_people_may_decide_and_every_card_says_so() {
    let harness = Harness::with_rules(&format!("{RULES_WITH_TEAMS}\n{REMIND}\n{ESCALATE}")).await;
    let approval = harness.ask().await;
    let bot = harness.world.bot();
    let linus = bot.app.policy.people[&PersonId::parse("linus").unwrap()].clone();
    let waiting = || listing::waiting_for(&bot.app, &linus, Deadline::after(Duration::from_secs(10)));
    later(&harness, &approval, 479).await;
    harness.press("linus", &approval, "approve", None).await;
    assert_eq!(harness.whispers("linus"), ["You cannot decide on this request. It waits for Grace Hopper."]);
    assert!(harness.mails("linus").is_empty() && waiting().await.unwrap().is_empty());
    later(&harness, &approval, 1).await;
    let card = harness.card(&approval);
    assert!(has_buttons(&card) && shown(&card).contains("Escalated to Linus Pauling"), "{}", shown(&card));
    let teams_card = harness.teams_card(&approval).card.unwrap().to_string();
    assert!(teams_card.contains("Escalated to ") && teams_card.contains("Linus Pauling"), "{teams_card}");
    let thread = harness.thread(&approval);
    assert!(thread[1].starts_with("<@U0GRACE>: This still waits"), "{thread:?}");
    assert!(thread[2].starts_with("<@U0LINUS>: This was escalated to you"), "{thread:?}");
    assert_eq!(thread.len(), 3, "{thread:?}");
    let mails = harness.mails("linus");
    assert_eq!(mails.len(), 1, "the request, and no reminder of it");
    assert!(mails[0].text.contains("Escalated to: Linus Pauling"), "{}", mails[0].text);
    assert_eq!(waiting().await.unwrap().len(), 1);
    let escalated = harness.events("Approval Escalated").remove(0);
    assert_eq!(escalated["approvers"], serde_json::json!(["ada", "grace", "linus"]));
    harness.press("linus", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
    assert!(shown(&harness.card(&approval)).contains("Approved by Linus Pauling"));
    assert_eq!(harness.mails("linus").len(), 2, "the closing mail");
}

#[tokio::test]
async fn in_quiet_hours_nobody_is_reminded_and_the_escalation_does_not_wait() {
    // 10:00 UTC is 11:00 in Berlin in winter.
    let quiet = "quiet_hours = { from = \"08:00\", to = \"11:07\", time_zone = \"Europe/Berlin\" }";
    let escalate = ESCALATE.replace("8m", "6m");
    let harness = Harness::with_rules(&format!("{RULES}\n{REMIND}\n{quiet}\n{escalate}")).await;
    let approval = harness.ask().await;
    later(&harness, &approval, 300).await;
    assert_eq!(reminders(&harness.thread(&approval)), 0);
    later(&harness, &approval, 60).await;
    assert_eq!((reminders(&harness.thread(&approval)), harness.mails("linus").len()), (0, 1));
    later(&harness, &approval, 59).await;
    assert_eq!(reminders(&harness.thread(&approval)), 0);
    later(&harness, &approval, 1).await;
    assert_eq!(reminders(&harness.thread(&approval)), 1);
}

#[tokio::test]
async fn two_passes_at_once_and_a_lost_answer_remind_once() {
    let faults = Faults::default();
    let harness = Harness::with(&format!("{RULES}\n{REMIND}"), |ports| faults.in_front_of(ports)).await;
    let approval = harness.ask().await;
    later(&harness, &approval, 60).await;
    harness.pass_time(240);
    faults.next(Call::Save, Fault::AnswerLost);
    assert_eq!(harness.reconcile().await.put_off, 1, "the call is recorded, and the one who made it died");
    harness.pass_time(20);
    futures::join!(harness.reconcile(), harness.reconcile());
    harness.settled(&approval, Status::Pending).await;
    assert_eq!((reminders(&harness.thread(&approval)), harness.mails("grace").len()), (1, 2));
    let ids: Vec<_> = harness.events("Approval Reminded").iter().map(|event| event["eventId"].clone()).collect();
    assert!(ids.iter().all(|id| id == &format!("{}.reminded.1", approval.id)), "{ids:?}");
    later(&harness, &approval, 160).await;
    let record = harness.record(&approval.id);
    assert_eq!((record.calls.len(), reminders(&harness.thread(&approval))), (2, 2));
}

#[tokio::test]
async fn an_end_that_nobody_told_of_is_found_before_anybody_is_reminded() {
    let faults = Faults::default();
    let harness = Harness::with(&format!("{RULES}\n{REMIND}"), |ports| faults.in_front_of(ports)).await;
    let approval = harness.ask().await;
    harness.pass_time(300);
    faults.next(Call::LookUp, Fault::Refused);
    assert_eq!(harness.reconcile().await.put_off, 1);
    assert_eq!(reminders(&harness.thread(&approval)), 0, "without an answer of Step Functions nobody is reminded");
    later(&harness, &approval, 10).await;
    assert_eq!(reminders(&harness.thread(&approval)), 1);
}
