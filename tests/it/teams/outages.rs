//! Teams refusing, asking for a pause and not answering: nothing is lost, and every card ends up true.

use countersign_bot::approval::place::{Destination, Platform};
use countersign_bot::approval::state::Status;
use countersign_playground::fakes::teams::{Fault, Operation};

use super::CHANNEL;
use crate::support::{Harness, RULES_WITH_TEAMS, unsent};

const TEAMS_ALONE: &str =
    "approvers = [\"finance\"]\nteams_conversation = \"19:finance@thread.tacv2\"\nemail = \"never\"";

fn is_open(harness: &Harness) -> bool {
    let cards = harness.world.teams.messages(CHANNEL).into_iter().filter_map(|message| message.card);
    cards.into_iter().any(|card| card.to_string().contains("Action.Execute"))
}

#[tokio::test]
async fn a_card_that_could_not_be_posted_is_posted_later() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    harness.world.teams.fail_always(Operation::Create, Some(Fault::RateLimited { retry_after: 600 }));
    let approval = harness.ask().await;
    assert_eq!(unsent(&approval), [Destination::Chat(Platform::Teams)]);
    harness.world.teams.recover();
    harness.pass_time(20);
    harness.reconcile().await;
    assert!(!is_open(&harness), "Teams wants to be left alone, which it is for five minutes");
    harness.pass_time(300);
    harness.reconcile().await;
    assert!(is_open(&harness));
    harness.press_in_teams("grace", &approval, "approve", &[]).await;
    harness.settled(&approval, Status::Approved).await;
    assert!(!is_open(&harness));
}

#[tokio::test]
async fn a_card_that_could_not_be_closed_is_closed_later() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = harness.ask().await;
    harness.world.teams.fail_always(Operation::Update, Some(Fault::RateLimited { retry_after: 600 }));
    harness.press("grace", &approval, "approve", None).await;
    harness.ended().await;
    assert!(is_open(&harness));
    harness.deliver().await;
    harness.world.teams.recover();
    harness.pass_time(301);
    harness.settled(&approval, Status::Approved).await;
    assert!(!is_open(&harness));
}

/// A card that Teams never takes is not tried again; where nobody else was asked, the workflow hears at once.
#[tokio::test]
async fn a_card_that_teams_never_takes_is_undeliverable() {
    let harness = Harness::with_rules(TEAMS_ALONE).await;
    let too_big = Fault::Refused { status: 413, code: "MessageSizeTooBig".to_owned() };
    harness.world.teams.fail_always(Operation::Create, Some(too_big));
    harness.world.slack.command(&harness.user("ada"), &harness.world.channel, "/start", "1 2").await;
    let ended = harness.given_up().await;
    assert_eq!(ended.error.as_deref(), Some("ApprovalUndeliverable"));
    let approval = harness.world.store.all().pop().unwrap();
    assert!(format!("{:?}", approval.state).contains("Teams: "), "{:?}", approval.state);
}

/// The answer is lost after Teams has posted the card. It is not posted again; the first press on it takes it on record.
#[tokio::test]
async fn a_card_whose_answer_was_lost_is_adopted_by_the_first_press() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    harness.world.teams.fail_next(Operation::Create, Fault::Drop);
    let approval = harness.ask().await;
    let cards = || harness.world.teams.messages(CHANNEL);
    harness.pass_time(20);
    harness.reconcile().await;
    assert_eq!(cards().len(), 1);
    let (linus, card) = (harness.teams_user("linus"), cards()[0].id.clone());
    assert_eq!(harness.world.teams.press(&linus, &card, "approve", &[]).await.unwrap().status, 200);
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
    harness.pass_time(20);
    harness.reconcile().await;
    assert!(!is_open(&harness));
}

#[tokio::test]
async fn somebody_who_deletes_the_card_stops_nothing() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = harness.ask().await;
    harness.world.teams.delete_message(&harness.teams_card(&approval).id);
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
}
