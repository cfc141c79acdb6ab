//! A card that a platform does not change: for now, or because it says that the card is gone.

use countersign_bot::approval::state::Status;
use countersign_playground::fakes::teams::Operation;

use super::{CONVERSATION, SLACK_AND_MAIL, TEAMS_AND_MAIL, not_ok, refused};
use crate::support::{Harness, has_buttons};

#[tokio::test]
async fn a_card_that_slack_does_not_find_for_now_is_closed_later() {
    let harness = Harness::with_rules(SLACK_AND_MAIL).await;
    let approval = harness.ask().await;
    harness.world.slack.fail_always("chat.update", Some(not_ok("channel_not_found")));
    harness.post(&harness.link("grace"), "approve", "").await;
    harness.ended().await;
    harness.reconcile_for(60).await;
    let record = harness.record(&approval.id);
    assert!(record.is_unfinished() && !record.copies.iter().any(|copy| copy.lost), "it is put off");
    harness.world.slack.recover();
    harness.reconcile_for(300).await;
    harness.settled(&approval, Status::Approved).await;
    assert!(!has_buttons(&harness.card(&approval)));
}

#[tokio::test]
async fn a_card_that_teams_does_not_find_for_now_is_closed_later() {
    for fault in [refused(404, "ConversationNotFound"), refused(403, "BotNotInConversationRoster")] {
        let harness = Harness::with_rules(TEAMS_AND_MAIL).await;
        let approval = harness.ask().await;
        harness.world.teams.fail_always(Operation::Update, Some(fault));
        harness.post(&harness.link("grace"), "approve", "").await;
        harness.ended().await;
        harness.reconcile_for(60).await;
        let record = harness.record(&approval.id);
        assert!(record.is_unfinished() && !record.copies.iter().any(|copy| copy.lost), "it is put off");
        harness.world.teams.recover();
        harness.reconcile_for(300).await;
        harness.settled(&approval, Status::Approved).await;
        assert!(!harness.is_open_in_teams(&harness.teams_card(&approval).id));
    }
}

/// Whoever presses on a card has it before them, whatever the platform said of it.
#[tokio::test]
async fn a_press_brings_a_card_back_that_was_called_gone() {
    let harness = Harness::with_rules(&format!("{SLACK_AND_MAIL}\nteams_conversation = \"{CONVERSATION}\"")).await;
    let approval = harness.ask().await;
    harness.world.slack.fail_next("chat.update", not_ok("message_not_found"));
    harness.world.teams.fail_next(Operation::Update, refused(404, "ActivityNotFoundInConversation"));
    harness.post(&harness.link("grace"), "approve", "").await;
    let record = harness.settled(&approval, Status::Approved).await;
    assert_eq!(record.copies.iter().filter(|copy| copy.lost).count(), 2);
    assert!(has_buttons(&harness.card(&approval)));
    harness.press("grace", &approval, "approve", None).await;
    harness.press_in_teams("grace", &approval, "approve", &[]).await;
    harness.reconcile_for(20).await;
    let record = harness.settled(&approval, Status::Approved).await;
    assert!(record.copies.iter().all(|copy| !copy.lost));
    assert!(!has_buttons(&harness.card(&approval)));
    assert!(!harness.is_open_in_teams(&harness.teams_card(&approval).id));
}
