//! What is given up, for one address or for everybody, and when.

use countersign_bot::approval::audit::What;
use countersign_bot::approval::policy_file;
use countersign_bot::approval::state::Status;
use countersign_playground::engine::ExecutionStatus;
use countersign_playground::fakes::Fault as SlackFault;

use super::{MAIL_ALONE, SLACK_ALONE, SLACK_AND_MAIL};
use crate::support::{Harness, card_of, policy};

/// An address that SES refuses is told in the trail and not tried again; the others decide.
#[tokio::test]
async fn an_address_that_ses_refuses_is_final_and_told() {
    let harness = Harness::with_rules(SLACK_AND_MAIL).await;
    harness.world.mailbox.fail_always(Some("InvalidParameterValue"));
    let approval = harness.ask().await;
    harness.world.mailbox.recover();
    let record = harness.record(&approval.id);
    assert!(!record.is_unfinished(), "nothing is left to do: {:?}", record.missing);
    let entries = harness.world.bot().app.ports.store.history(&approval.id).await.unwrap();
    let failures = entries.iter().filter_map(|entry| match &entry.what {
        What::Undelivered { failures } => Some(failures.clone()),
        _ => None,
    });
    let failures: Vec<_> = failures.flatten().collect();
    let [failure] = &failures[..] else { panic!("{failures:?}") };
    assert_eq!(failure.place.target.as_deref(), Some("grace"));
    assert!(failure.problem.contains("InvalidParameterValue") && !failure.again && !failure.maybe, "{failure:?}");
    harness.reconcile_for(60).await;
    assert!(harness.mails("grace").is_empty());
    let known = policy(MAIL_ALONE).replace("grace@example.com", "grace..h@example.com");
    let problems = policy_file::read(&known).unwrap_err().to_string();
    assert!(problems.contains("person `grace`: email is not an address"), "{problems}");
}

#[tokio::test]
async fn what_reaches_nobody_for_as_long_as_the_policy_says_is_given_up() {
    for (more, seconds) in [("", 300), ("\ngive_up_after = \"2m\"", 120), ("\ngive_up_after = \"9m\"", 540)] {
        let harness = Harness::with_rules(&format!("{SLACK_ALONE}{more}")).await;
        harness.world.slack.fail_always("chat.postMessage", Some(SlackFault::Status(503)));
        let approval = harness.ask_in_vain().await;
        harness.reconcile_for(seconds - 10).await;
        assert_eq!(harness.status(), ExecutionStatus::Running, "{more}");
        harness.reconcile_for(20).await;
        let ended = harness.ended().await;
        assert_eq!(ended.error.as_deref(), Some("ApprovalUndeliverable"));
        let cause = ended.cause.unwrap();
        assert!(cause.contains("nobody was reached in") && cause.contains("status 503"), "{cause}");
        harness.settled(&approval, Status::Undeliverable).await;
    }
}

/// What cannot be sent to one place is no reason to give up what is in another.
#[tokio::test]
async fn what_has_reached_somebody_is_tried_elsewhere_for_as_long_as_it_waits() {
    let harness = Harness::with_rules(SLACK_AND_MAIL).await;
    harness.world.slack.fail_always("chat.postMessage", Some(SlackFault::Status(503)));
    let approval = harness.ask().await;
    harness.reconcile_for(310).await;
    assert_eq!(harness.record(&approval.id).status(), Status::Pending);
    harness.world.slack.recover();
    harness.reconcile_for(270).await;
    assert_eq!(card_of(&harness.record(&approval.id)).1, harness.slack_cards().remove(0));
}
