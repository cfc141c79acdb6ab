//! Copies in people's own chats with the bot: they come beside the card, are decided on like it, and close with it; one that
//! cannot be sent holds nobody up.

use countersign_bot::approval::place::{Destination, Platform};
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_playground::fakes::SlackMessage;
use countersign_playground::fakes::teams::TeamsMessage;

use crate::support::{Harness, RULES, RULES_WITH_TEAMS, has_buttons, shown, texts};

const DIRECT: &str = "direct = true\nremind_after = [\"5m\"]";

/// What is in this person's own chats with the bot.
fn own_chats(harness: &Harness, who: &str) -> (Vec<SlackMessage>, Vec<TeamsMessage>) {
    let slack = harness.world.slack.direct_messages(&harness.user(who).id);
    (slack, harness.world.teams.chat_messages(&harness.teams_user(who)))
}

fn given_up(approval: &Approval) -> Vec<&Destination> {
    approval.missing.iter().filter(|missing| !missing.is_left).map(|missing| &missing.destination).collect()
}

#[tokio::test]
async fn a_copy_in_ones_own_chat_is_decided_on_and_closes_like_the_card() {
    for platform in [Platform::Slack, Platform::Teams] {
        let harness = Harness::with_rules(&format!("{RULES_WITH_TEAMS}\n{DIRECT}")).await;
        let approval = harness.ask().await;
        let (slack, teams) = own_chats(&harness, "grace");
        assert_eq!((slack.len(), teams.len()), (1, 1));
        assert!(has_buttons(&slack[0]) && shown(&slack[0]).contains("May decide: Grace Hopper"));
        assert!(!shown(&slack[0]).contains("<@"), "nobody is mentioned in it: {}", shown(&slack[0]));
        assert!(teams[0].card.as_ref().unwrap()["msteams"]["entities"].is_null());
        let (of_ada, in_teams) = own_chats(&harness, "ada");
        assert!(of_ada.is_empty() && in_teams.is_empty(), "who asked may not decide");
        let status = if platform == Platform::Slack {
            let SlackMessage { channel, ts, .. } = &slack[0];
            harness.world.slack.press(&harness.user("grace"), channel, ts, "approve", None).await.unwrap()
        } else {
            harness.world.teams.press(&harness.teams_user("grace"), &teams[0].id, "approve", &[]).await.unwrap().status
        };
        assert_eq!(status, 200);
        let record = harness.settled(&approval, Status::Approved).await;
        assert_eq!(record.copies.iter().filter(|copy| !copy.message.is_shared() && copy.message.is_card()).count(), 2);
        let (slack, teams) = own_chats(&harness, "grace");
        assert_eq!((slack.len(), teams.len()), (1, 1), "the card says how it ended, and nothing is told beside it");
        assert!(!has_buttons(&slack[0]) && shown(&slack[0]).contains("Approved by Grace Hopper"));
        assert!(texts(teams[0].card.as_ref().unwrap()).concat().contains("approved"), "{teams:?}");
        assert!(!has_buttons(&harness.card(&approval)));
    }
}

#[tokio::test]
async fn who_has_said_nothing_is_reminded_in_their_own_chat() {
    let rules = RULES_WITH_TEAMS.replace("[\"finance\"]", "[\"finance\", \"linus\"]\nrequired = 2");
    let harness = Harness::with_rules(&format!("{rules}\n{DIRECT}")).await;
    let approval = harness.ask().await;
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Pending).await;
    harness.pass_time(300);
    harness.reconcile().await;
    harness.settled(&approval, Status::Pending).await;
    let (slack, teams) = own_chats(&harness, "linus");
    assert!(slack[1].text.starts_with("<@U0LINUS>: This still waits for your decision · 1 of 2"), "{:?}", slack[1]);
    assert!(teams[1].text.starts_with("This still waits for your decision"), "{:?}", teams[1]);
    assert_eq!(own_chats(&harness, "grace").0.len(), 1, "who has voted is left alone");
}

#[tokio::test]
async fn a_copy_that_cannot_be_sent_is_given_up_and_the_request_is_not() {
    let harness = Harness::with_rules(&format!("{RULES_WITH_TEAMS}\n{DIRECT}")).await;
    harness.world.teams.uninstall(&harness.teams_user("grace"));
    harness.world.slack.deactivate("U0GRACE");
    let approval = harness.ask().await;
    let record = harness.record(&approval.id);
    assert_eq!(given_up(&record).len(), 2, "{:?}", record.missing);
    assert!(given_up(&record).iter().all(|place| matches!(place, Destination::Direct(..))));
    let (slack, teams) = own_chats(&harness, "grace");
    assert!(slack.is_empty() && teams.is_empty());
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
}

/// The bot is not in the channel, and no mails are sent.
#[tokio::test]
async fn a_request_of_which_only_a_copy_is_out_has_reached_somebody() {
    let harness = Harness::with_rules(&format!("{RULES}\nemail = \"never\"\n{DIRECT}")).await;
    harness.world.slack.remove_bot("C0FINANCE");
    let approval = harness.ask().await;
    harness.pass_time(310);
    harness.reconcile().await;
    let record = harness.record(&approval.id);
    assert!(record.status() == Status::Pending && !record.reaches_nobody() && harness.now() > record.give_up_at());
    let (slack, _) = own_chats(&harness, "grace");
    let SlackMessage { channel, ts, .. } = &slack[0];
    harness.world.slack.press(&harness.user("grace"), channel, ts, "approve", None).await.unwrap();
    harness
        .until("it is approved", |_| (harness.record(&approval.id).status() == Status::Approved).then_some(()))
        .await;
}

/// A copy is one person's: where nobody else has a card, mails stand in for it.
#[tokio::test]
async fn mails_stand_in_for_a_card_beside_which_there_are_copies() {
    let harness = Harness::with_rules(&format!("{RULES}\nemail = \"fallback\"\n{DIRECT}")).await;
    harness.world.slack.remove_bot("C0FINANCE");
    harness.ask().await;
    harness.until("the mail is there", |_| harness.mails("grace").pop()).await;
}

#[tokio::test]
async fn copies_go_to_ten_and_nobody_who_is_not_called() {
    let people: String = (0..12).map(|n| format!("[people.p{n}]\nname = \"P{n}\"\nslack = \"UP{n}\"\n")).collect();
    let keys: Vec<String> = (0..12).map(|n| format!("\"p{n}\"")).collect();
    let rules = RULES.replace("\"finance\"", &keys.join(", "));
    let harness = Harness::with_rules(&format!("{rules}\n{DIRECT}\nsilent = [\"p0\"]\n{people}")).await;
    harness.ask().await;
    let with_copy = |n: &usize| !harness.world.slack.direct_messages(&format!("UP{n}")).is_empty();
    assert_eq!((0..12).filter(with_copy).collect::<Vec<_>>(), (1..11).collect::<Vec<_>>());
}
