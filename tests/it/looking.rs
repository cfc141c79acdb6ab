//! Whoever may decide says on the card that they are looking at it, so that the others are not reminded meanwhile.

use countersign_bot::approval::audit::{Entry, Reason, What};
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::{State, Status};
use countersign_bot::platforms::teams::words::{CLAIM, LET_GO};
use countersign_playground::fakes::teams::Shown;
use countersign_playground::world::Options;
use serde_json::Value;

use crate::support::said::{in_slack, in_teams};
use crate::support::{Harness, RULES_WITH_TEAMS, card_of, options, texts};

/// What the menus of the cards say.
const BEGIN: &str = "I'm looking at it";
const END: &str = "Not any more";
const GRACE: &str = "Grace Hopper is looking at it until";

async fn ask(more: &str) -> (Harness, Approval) {
    let rules = format!("{RULES_WITH_TEAMS}\n{more}").replace("[\"finance\"]", "[\"finance\", \"linus\"]");
    let options = Options { timeout_seconds: 7_200, ..options() };
    let harness = Harness::with_options(&rules, options, |ports| ports).await;
    let approval = harness.ask().await;
    (harness, approval)
}

async fn choose(harness: &Harness, who: &str, approval: &Approval, option: &str) {
    let (channel, ts) = card_of(&harness.record(&approval.id));
    assert_eq!(harness.world.slack.choose(&harness.user(who), &channel, &ts, option).await.unwrap(), 200);
}

/// What the card in Slack shows.
fn slack(harness: &Harness, approval: &Approval) -> String {
    texts(&harness.card(approval).blocks).concat()
}

/// What the card in Teams shows.
fn teams(harness: &Harness, approval: &Approval) -> String {
    texts(&harness.teams_card(approval).card.unwrap()).concat()
}

async fn trail(harness: &Harness, approval: &Approval) -> Vec<Entry> {
    harness.world.bot().app.ports.store.history(&approval.id).await.unwrap()
}

fn holder(harness: &Harness, approval: &Approval) -> Option<String> {
    harness.record(&approval.id).claim.map(|claim| claim.person.to_string())
}

async fn assert_shown(harness: &Harness, approval: &Approval) {
    harness.settled(approval, Status::Pending).await;
    let slack = harness.card(approval);
    let slack_text = texts(&slack.blocks).concat();
    assert!(slack_text.contains(GRACE) && slack.blocks.to_string().contains(END), "{}", slack_text);
    assert!(teams(harness, approval).contains("👀 Grace Hopper is looking at it"), "{}", teams(harness, approval));
    let page = harness.browser.get(&harness.link("linus")).await.unwrap().body;
    let list = in_slack(harness, "linus", "").await;
    let explained = in_teams(harness, "linus", &format!("show {}", approval.id)).await;
    for (place, shown) in [("the page", page), ("the list", list), ("show", explained)] {
        assert!(shown.contains(GRACE), "{place}: {shown}");
    }
}

#[tokio::test]
async fn every_copy_shows_who_is_looking_until_it_ends_by_itself() {
    for place in ["Slack", "Teams", "an older Teams"] {
        let (harness, approval) = ask("").await;
        match place {
            "Slack" => choose(&harness, "grace", &approval, BEGIN).await,
            "Teams" => {
                let seen = harness.press_in_teams("grace", &approval, CLAIM, &[]).await;
                assert!(
                    matches!(&seen, Shown::Card(card) if card.to_string().contains("is looking at it")),
                    "{seen:?}"
                );
            }
            _ => {
                let (card, grace) = (harness.teams_card(&approval).id, harness.teams_user("grace"));
                assert_eq!(harness.world.teams.submit(&grace, &card, CLAIM, &[]).await, Ok(200));
            }
        }
        assert_shown(&harness, &approval).await;
        let event = harness.events("Approval Claimed").remove(0);
        assert_eq!((&event["action"], &event["claimedBy"]), (&Value::from("claimed"), &Value::from("grace")));
        assert_eq!(event["until"], "2026-11-23T10:30:00Z", "{place}");

        harness.pass_time(1_800);
        let list = in_slack(&harness, "linus", "").await;
        assert!(!list.contains("looking"), "whoever only looks sees it as it is: {list}");
        harness.reconcile().await;
        harness.settled(&approval, Status::Pending).await;
        assert!(!slack(&harness, &approval).contains("looking at it until"), "{place}");
        assert!(!teams(&harness, &approval).contains("👀") && holder(&harness, &approval).is_none(), "{place}");
        assert!(trail(&harness, &approval).await.iter().any(|entry| matches!(entry.what, What::ClaimEnded { .. })));
    }
}

#[tokio::test]
async fn nobody_is_reminded_while_somebody_is_looking_and_the_rest_goes_on() {
    let calls = "remind_after = [\"5m\"]\nescalate_after = \"10m\"\nescalate_to = [\"linus\"]";
    let harness = Harness::with_timeout(&format!("{RULES_WITH_TEAMS}\n{calls}"), 7_200).await;
    let approval = harness.ask().await;
    choose(&harness, "grace", &approval, BEGIN).await;
    harness.pass_time(600);
    harness.reconcile().await;
    harness.settled(&approval, Status::Pending).await;
    let thread = harness.thread(&approval);
    assert!(thread.iter().all(|note| !note.contains("This still waits")), "{thread:?}");
    assert!(thread.iter().any(|note| note.contains("was escalated to you")), "{thread:?}");
    assert!(harness.events("Approval Reminded").is_empty());

    choose(&harness, "grace", &approval, END).await;
    harness.pass_time(20);
    harness.reconcile().await;
    harness.settled(&approval, Status::Pending).await;
    assert_eq!(harness.events("Approval Reminded").len(), 1, "once it is let go the reminder that was due is made");
    assert_eq!(harness.events("Approval Claimed")[1]["action"], "let_go");
    harness.pass_time(7_200);
    harness.reconcile().await;
    harness.settled(&approval, Status::Expired).await;
}

#[tokio::test]
async fn it_changes_nothing_of_who_may_decide_and_ends_with_a_word() {
    let (harness, approval) = ask("required = 2\nself_approval = true").await;
    choose(&harness, "grace", &approval, BEGIN).await;
    harness.press("linus", &approval, "approve", None).await;
    assert_eq!(holder(&harness, &approval).as_deref(), Some("grace"), "the word of another ends nothing");
    harness.press("ada", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
    let card = harness.card(&approval);
    assert!(!texts(&card.blocks).concat().contains("looking"), "{}", texts(&card.blocks).concat());

    let (harness, approval) = ask("required = 2").await;
    choose(&harness, "grace", &approval, BEGIN).await;
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Pending).await;
    assert!(holder(&harness, &approval).is_none() && !slack(&harness, &approval).contains(GRACE));
}

#[tokio::test]
async fn another_may_take_over_and_only_whoever_is_looking_lets_go() {
    let (harness, approval) = ask("").await;
    choose(&harness, "grace", &approval, BEGIN).await;
    harness.settled(&approval, Status::Pending).await;
    harness.press_in_teams("linus", &approval, CLAIM, &[]).await;
    harness.settled(&approval, Status::Pending).await;
    assert!(slack(&harness, &approval).contains("Linus Pauling is looking at it until"));
    choose(&harness, "grace", &approval, END).await;
    assert!(harness.whispers("grace").pop().unwrap().starts_with("You are not looking at it"));
    assert_eq!(holder(&harness, &approval).as_deref(), Some("linus"));
    let told = harness.press_in_teams("linus", &approval, CLAIM, &[]).await;
    assert!(matches!(&told, Shown::Message(words) if words.starts_with("The others see that you are")), "{told:?}");
    assert_eq!(harness.events("Approval Claimed").len(), 2, "to say it twice tells nothing new");
    let shown_then = harness.press_in_teams("linus", &approval, LET_GO, &[]).await;
    assert!(matches!(&shown_then, Shown::Card(card) if !card.to_string().contains("👀")), "{shown_then:?}");
    assert!(holder(&harness, &approval).is_none());
}

#[tokio::test]
async fn whoever_may_not_decide_is_told_so_on_each_platform() {
    let (harness, approval) = ask("").await;
    let cases = [("ada", "You asked for this yourself"), ("outsider", "You are not listed in the policy")];
    for (who, why) in cases {
        choose(&harness, who, &approval, BEGIN).await;
        let whispers = harness.whispers(who);
        assert!(whispers.last().is_some_and(|words| words.starts_with(why)), "{who}: {whispers:?}");
        let told = harness.press_in_teams(who, &approval, CLAIM, &[]).await;
        assert!(matches!(&told, Shown::Message(words) if words.starts_with(why)), "{who}: {told:?}");
    }
    assert_eq!((harness.record(&approval.id).state, holder(&harness, &approval)), (State::Pending, None));
    assert!(harness.events("Approval Claimed").is_empty());
    let trail = trail(&harness, &approval).await;
    let refused = |entry: &&Entry| matches!(&entry.what, What::ClaimRefused { reason: Reason::OwnRequest, .. });
    assert_eq!(trail.iter().filter(refused).count(), 2, "both are on record, and a stranger is nobody");
}

#[tokio::test]
async fn whoever_stands_in_may_look_and_nobody_looks_at_what_is_closed() {
    let rules = format!("{RULES_WITH_TEAMS}\ndelegates = [\"linus\"]");
    let harness = Harness::with_rules(&rules).await;
    let approval = harness.ask().await;
    choose(&harness, "linus", &approval, BEGIN).await;
    assert!(harness.whispers("linus").pop().unwrap().starts_with("You cannot decide on this request"));
    in_slack(&harness, "grace", "away until friday for linus").await;
    choose(&harness, "linus", &approval, BEGIN).await;
    assert_eq!(holder(&harness, &approval).as_deref(), Some("linus"));
    harness.settled(&approval, Status::Pending).await;
    let card = harness.teams_card(&approval);
    let late = harness.world.teams.invoke_payload(&harness.teams_user("grace"), &card.id, CLAIM, &[]).unwrap();
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
    let told = harness.world.teams.post(&late).await.unwrap().body;
    assert!(told.contains("This was approved by Grace Hopper"), "{told}");
}
