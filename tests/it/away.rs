//! Being away: who stands in for whom, what everybody sees of it, and where nobody does.

use countersign_bot::approval::audit::What;
use countersign_bot::approval::delegation::SAID_MAX;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::ports::Store;
use serde_json::json;

use crate::support::said::{assert_may_not_decide, in_slack, in_teams};
use crate::support::{Harness, RULES_WITH_TEAMS, shown, texts};

/// Ada asks, Grace approves; Linus and Ada may stand in.
const RULES: &str = "delegates = [\"linus\", \"ada\"]";
const NOTE: &str = "Linus Pauling stands in for Grace Hopper until 28 Nov 2026, 00:00 UTC";

async fn with(more: &str) -> Harness {
    Harness::with_rules(&format!("{RULES_WITH_TEAMS}\n{RULES}\n{more}")).await
}

fn cards(harness: &Harness, approval: &Approval) -> [String; 2] {
    [shown(&harness.card(approval)), texts(&harness.teams_card(approval).card.unwrap()).concat()]
}

#[tokio::test]
async fn who_stands_in_is_asked_decides_and_is_named_with_whom_they_stand_in_for() {
    let harness = with("").await;
    let told = in_slack(&harness, "grace", "away until friday for Linus Pauling").await;
    assert!(told.contains("Linus Pauling stands in for you until") && told.contains("under calculation"), "{told}");
    let approval = harness.ask_for(&json!({ "policy": "calculation", "title": "Deploy", "requestedBy": "ada" })).await;
    harness.until("he is mailed", |_| (!harness.mails("linus").is_empty()).then_some(())).await;
    let approval = harness.settled(&approval, Status::Pending).await;
    for card in cards(&harness, &approval) {
        assert!(card.contains(NOTE), "{card}");
    }
    let page = harness.browser.get(&harness.link("linus")).await.unwrap().body;
    assert!(page.contains(NOTE) && page.contains("<form"), "{page}");
    for list in [in_slack(&harness, "linus", "").await, in_teams(&harness, "linus", "pending").await] {
        assert!(list.contains("You stand in for Grace Hopper until") && list.contains(approval.id.as_str()), "{list}");
    }
    let explained = in_slack(&harness, "linus", &format!("show {}", approval.id)).await;
    for expected in [NOTE, "You stand in for Grace Hopper", "You may approve or reject it."] {
        assert!(explained.contains(expected), "{explained}");
    }
    assert!(in_slack(&harness, "grace", "").await.contains("Linus Pauling stands in for you until"));
    harness.press_in_teams("linus", &approval, "approve", &[("comment", "fine")]).await;
    let record = harness.settled(&approval, Status::Approved).await;
    for card in cards(&harness, &approval) {
        assert!(card.contains("Linus Pauling for Grace Hopper") && !card.contains(NOTE), "{card}");
    }
    let by = json!({ "person": "grace", "name": "Grace Hopper" });
    let resolved = harness.events("Approval Resolved").remove(0);
    let said = &resolved["decidedBy"][0];
    assert_eq!((&said["person"], &said["for"]), (&json!("linus"), &by));
    assert_eq!(harness.events("Approval Voted")[0]["vote"]["for"], by);
    let output = json!(harness.ended().await.output);
    assert_eq!(output["decidedBy"][0]["for"], by, "{output}");
    let trail = harness.world.store.history(&record.id).await.unwrap();
    let is_for_grace =
        |what: &What| matches!(what, What::Voted { stands_for, .. } if stands_for[0].as_str() == "grace");
    assert!(trail.iter().any(|entry| is_for_grace(&entry.what)));
    assert!(trail.iter().any(|entry| matches!(&entry.what, What::StandIns { of } if of.len() == 1)));
}

#[tokio::test]
async fn what_is_open_shows_it_when_it_begins_and_when_it_ends() {
    let harness = with("").await;
    let approval = harness.ask().await;
    assert_may_not_decide(&harness, "linus", &approval, "You cannot decide on this request").await;
    in_teams(&harness, "grace", "away until friday for linus").await;
    let approval = harness.settled(&approval, Status::Pending).await;
    for card in cards(&harness, &approval) {
        assert!(card.contains(NOTE), "{card}");
    }
    harness.until("he is mailed", |_| (!harness.mails("linus").is_empty()).then_some(())).await;
    let back = in_slack(&harness, "grace", "back").await;
    assert!(back.contains("Linus Pauling no longer stands in for you"), "{back}");
    let approval = harness.settled(&approval, Status::Pending).await;
    for card in cards(&harness, &approval) {
        assert!(!card.contains(NOTE), "{card}");
    }
    assert_may_not_decide(&harness, "linus", &approval, "You cannot decide on this request").await;
    let by_mail = harness.post(&harness.link("linus"), "approve", "").await;
    assert_eq!(by_mail.status, 403, "a mail is no right");
    assert!(in_teams(&harness, "grace", "back").await.contains("Nobody stands in for you."));
}

#[tokio::test]
async fn who_stands_in_is_reminded_with_those_for_whom_they_do() {
    let harness = with("remind_after = [\"1m\"]").await;
    in_slack(&harness, "grace", "away until friday for linus").await;
    let approval = harness.ask().await;
    harness.until("he is mailed", |_| (!harness.mails("linus").is_empty()).then_some(())).await;
    harness.pass_time(60);
    harness.reconcile().await;
    harness.settled(&approval, Status::Pending).await;
    let reminder = harness.thread(&approval).pop().unwrap();
    assert!(reminder.contains("<@U0GRACE>, <@U0LINUS>: This still waits"), "{reminder}");
    assert!(harness.mails("linus")[1].text.contains("this still waits for your decision"));
}

#[tokio::test]
async fn a_delegation_holds_until_its_time_whatever_a_card_says() {
    let harness = with("").await;
    in_slack(&harness, "grace", "away until today 10:05 for linus").await;
    let approval = harness.ask().await;
    harness.pass_time(299);
    assert!(in_slack(&harness, "linus", "").await.contains(approval.id.as_str()));
    harness.pass_time(1);
    assert_may_not_decide(&harness, "linus", &approval, "You cannot decide on this request").await;
    assert!(!in_slack(&harness, "linus", "").await.contains(approval.id.as_str()));
}

#[tokio::test]
async fn nobody_decides_through_somebody_else_on_what_they_asked_for() {
    let harness = with("").await;
    in_slack(&harness, "ada", "away until friday for linus").await;
    let approval = harness.ask().await;
    assert_may_not_decide(&harness, "linus", &approval, "You cannot decide on this request").await;

    let harness = with("").await;
    in_slack(&harness, "grace", "away until friday for linus").await;
    let request = json!({ "policy": "calculation", "title": "Pay", "requestedBy": "linus" });
    let approval = harness.ask_for(&request).await;
    assert_may_not_decide(&harness, "linus", &approval, "You cannot decide on this request").await;
}

#[tokio::test]
async fn nobody_passes_on_what_was_passed_to_them_and_nobody_stands_in_whom_the_policy_does_not_name() {
    let rules = RULES_WITH_TEAMS.replace("[\"finance\"]", "[\"grace\"]");
    let harness = Harness::with_rules(&format!("{rules}\n{RULES}")).await;
    in_slack(&harness, "grace", "away until friday for linus").await;
    let refused = in_slack(&harness, "linus", "away until friday for ada").await;
    assert!(refused.contains("No policy under which you decide lets Ada Lovelace stand in"), "{refused}");
    let request = json!({ "policy": "calculation", "title": "Pay" });
    let approval = harness.ask_for(&request).await;
    assert_may_not_decide(&harness, "ada", &approval, "You cannot decide on this request").await;
    harness.press("linus", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;

    let off = Harness::with_rules(RULES_WITH_TEAMS).await;
    let refused = in_slack(&off, "grace", "away until friday for linus").await;
    assert!(refused.contains("No policy under which you decide lets Linus Pauling stand in"), "{refused}");
}

/// Linus stands in for Grace and has somebody stand in for himself, who decides for him and not for her.
#[tokio::test]
async fn whoever_stands_in_for_somebody_who_stands_in_decides_for_them_alone() {
    let rules = RULES_WITH_TEAMS.replace("[\"finance\"]", "[\"grace\", \"linus\"]");
    let away = async || {
        let harness = Harness::with_rules(&format!("{rules}\n{RULES}")).await;
        in_slack(&harness, "grace", "away until friday for linus").await;
        in_slack(&harness, "linus", "away until friday for ada").await;
        harness
    };
    let harness = away().await;
    let request = json!({ "policy": "calculation", "title": "Pay", "requestedBy": "linus" });
    let approval = harness.ask_for(&request).await;
    assert_may_not_decide(&harness, "ada", &approval, "You cannot decide on this request").await;

    let harness = away().await;
    let approval = harness.ask_for(&json!({ "policy": "calculation", "title": "Pay" })).await;
    harness.press("ada", &approval, "approve", None).await;
    let record = harness.settled(&approval, Status::Approved).await;
    assert_eq!(record.votes[0].stands_for.iter().map(ToString::to_string).collect::<Vec<_>>(), ["linus"]);
}

#[tokio::test]
async fn a_person_counts_once_and_a_place_is_taken_once() {
    let harness = with("required = 2\nself_approval = true").await;
    in_slack(&harness, "grace", "away until friday for ada").await;
    let approval = harness.ask().await;
    harness.press("ada", &approval, "approve", None).await;
    harness.press("ada", &approval, "approve", None).await;
    assert_eq!(harness.record(&approval.id).approvals(), 1, "in her own right or for Grace, and not both");
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;

    let harness = with("required = 2\nself_approval = true").await;
    in_slack(&harness, "grace", "away until friday for linus").await;
    let approval = harness.ask().await;
    harness.press("linus", &approval, "approve", None).await;
    harness.press("grace", &approval, "approve", None).await;
    let told = harness.whispers("grace").pop().unwrap();
    assert!(told.contains("Somebody has approved already in the place that you could approve in"), "{told}");
    assert_eq!(harness.record(&approval.id).approvals(), 1);
    assert!(!in_slack(&harness, "grace", "").await.contains(approval.id.as_str()), "nothing waits for her");
    harness.press("ada", &approval, "approve", None).await;
    let record = harness.settled(&approval, Status::Approved).await;
    assert_eq!(record.votes.len(), 2);
}

#[tokio::test]
async fn whoever_stands_in_takes_the_seat_that_lets_the_most_people_be_seated() {
    let seats = "seats = [{ from = [\"grace\"] }, { from = [\"ada\", \"linus\"] }]";
    let rules = RULES_WITH_TEAMS.replace("approvers = [\"finance\"]", seats);
    let harness = Harness::with_rules(&format!("{rules}\n{RULES}\nself_approval = true")).await;
    in_slack(&harness, "grace", "away until friday for linus").await;
    let approval = harness.ask().await;
    harness.press("linus", &approval, "approve", None).await;
    harness.press("ada", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
    let decided = harness.events("Approval Resolved").remove(0)["decidedBy"].clone();
    assert_eq!((&decided[0]["for"]["person"], &decided[1]["for"]), (&json!("grace"), &json!(null)), "{decided}");
}

#[tokio::test]
async fn what_is_wrong_is_said_in_both_chats_and_changes_nothing() {
    let harness = with("").await;
    for (words, expected) in [
        ("away", "Nobody stands in for you."),
        ("away until friday", "away until DATE for NAME"),
        ("away until someday for linus", "“someday” is no date that I understand."),
        ("away until 2026-11-22 for linus", "“2026-11-22” has passed, so nothing was changed."),
        ("away until 2027-11-22 for linus", "is more than 90 days ahead"),
        ("away until friday for mallory", "The policy has nobody who is called “mallory”"),
        ("away until friday for grace", "You cannot stand in for yourself"),
        ("back", "Nobody stands in for you."),
    ] {
        for told in [in_slack(&harness, "grace", words).await, in_teams(&harness, "grace", words).await] {
            // Teams gets what was typed with its marks escaped.
            assert!(told.replace('\\', "").contains(expected), "{words}: {told}");
        }
    }
    let approval = harness.ask().await;
    assert!(harness.record(&approval.id).stand_ins.is_empty());
}

#[tokio::test]
async fn whoever_goes_and_comes_back_again_and_again_is_stopped_and_may_always_come_back() {
    let harness = with("").await;
    let approval = harness.ask().await;
    for _ in 0..SAID_MAX {
        in_slack(&harness, "grace", "back").await;
        let told = in_slack(&harness, "grace", "away until friday for linus").await;
        assert!(told.contains("stands in for you until"), "{told}");
    }
    for told in [
        in_slack(&harness, "grace", "away until friday for ada").await,
        in_teams(&harness, "grace", "away until friday for ada").await,
    ] {
        assert!(told.contains("You have said 10 times within an hour who stands in for you"), "{told}");
    }
    let approval = harness.settled(&approval, Status::Pending).await;
    assert!(cards(&harness, &approval).iter().all(|card| card.contains(NOTE)), "what was said before holds");
    let back = in_teams(&harness, "grace", "back").await;
    assert!(back.contains("Linus Pauling no longer stands in for you"), "{back}");
    assert!(in_slack(&harness, "grace", "away until friday for linus").await.contains("10 times within an hour"));
    harness.pass_time(3_600);
    let told = in_slack(&harness, "grace", "away until friday for linus").await;
    assert!(told.contains("stands in for you until"), "{told}");
}
