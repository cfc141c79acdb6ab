//! Whoever asked takes their request back from its card. Everybody sees the same card, so everybody is offered it.

use countersign_bot::approval::audit::{What, Who};
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::{State, Status};
use countersign_bot::platforms::teams::words::TAKE_BACK;
use countersign_playground::fakes::teams::Shown;
use serde_json::{Value, json};

use crate::support::{Harness, RULES_WITH_TEAMS, card_of, has_buttons, shown, texts};

/// What the menu of the card in Slack says.
const OPTION: &str = "Take back…";
const TAKEN_BACK: &str = "cancelled by Ada Lovelace, who had asked for it";

async fn ask() -> (Harness, Approval) {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = harness.ask().await;
    (harness, approval)
}

async fn choose(harness: &Harness, who: &str, approval: &Approval) {
    let (channel, ts) = card_of(&harness.record(&approval.id));
    assert_eq!(harness.world.slack.choose(&harness.user(who), &channel, &ts, OPTION).await.unwrap(), 200);
}

/// The form in front of somebody.
fn form(harness: &Harness, who: &str) -> Option<Value> {
    harness.world.slack.open_view(&harness.user(who).id).map(|open| open.view)
}

async fn assert_taken_back(harness: &Harness, approval: &Approval) {
    let execution = harness.ended().await;
    assert_eq!(execution.output.unwrap()["status"], "cancelled");
    harness.settled(approval, Status::Cancelled).await;
    let card = harness.card(approval);
    assert!(shown(&card).contains(TAKEN_BACK) && !has_buttons(&card) && !card.blocks.to_string().contains("overflow"));
    assert!(harness.teams_card(approval).card.unwrap().to_string().contains(TAKEN_BACK));
}

/// The reasons of the attempts that were refused.
async fn refused(harness: &Harness, approval: &Approval) -> Vec<Who> {
    let trail = harness.world.bot().app.ports.store.history(&approval.id).await.unwrap();
    let refused = trail.into_iter().filter_map(|entry| match entry.what {
        What::CancelRefused { who, .. } => Some(who),
        _ => None,
    });
    refused.collect()
}

#[tokio::test]
async fn the_requester_is_asked_first_and_takes_it_back_in_slack() {
    let (harness, approval) = ask().await;
    let slack = &harness.world.slack;
    choose(&harness, "ada", &approval).await;
    let asked = form(&harness, "ada").expect("it asks first");
    let words = texts(&asked["blocks"]).concat();
    assert!(words.contains("Calculation 125 + 122") && words.contains("this cannot be undone"), "{words}");
    assert_eq!(harness.record(&approval.id).state, State::Pending, "choosing alone does nothing");
    slack.close_view(&harness.user("ada").id);
    assert_eq!(harness.record(&approval.id).state, State::Pending, "nor does closing the form");

    choose(&harness, "ada", &approval).await;
    let taken = slack.submit(&harness.user("ada"), &[]).await.unwrap();
    assert!(taken.status == 200 && taken.errors.is_empty(), "{taken:?}");
    let told = form(&harness, "ada").expect("the form says what came of it");
    assert!(
        texts(&told["blocks"]).concat().contains("cancelled by Ada Lovelace") && told["submit"].is_null(),
        "{told}"
    );
    assert_taken_back(&harness, &approval).await;
}

#[tokio::test]
async fn the_requester_takes_it_back_in_teams_with_either_client() {
    for is_old in [false, true] {
        let (harness, approval) = ask().await;
        if is_old {
            let card = harness.teams_card(&approval);
            let teams = &harness.world.teams;
            assert_eq!(teams.submit(&harness.teams_user("ada"), &card.id, TAKE_BACK, &[]).await.unwrap(), 200);
        } else {
            let shown = harness.press_in_teams("ada", &approval, TAKE_BACK, &[]).await;
            assert!(matches!(&shown, Shown::Card(card) if card.to_string().contains(TAKEN_BACK)), "{shown:?}");
        }
        assert_taken_back(&harness, &approval).await;
    }
}

#[tokio::test]
async fn nobody_else_takes_it_back_and_each_hears_why() {
    let (harness, approval) = ask().await;
    let cases =
        [("grace", "Only Ada Lovelace can cancel this request"), ("outsider", "You are not listed in the policy")];
    for (who, why) in cases {
        choose(&harness, who, &approval).await;
        assert!(form(&harness, who).is_none(), "{who} is asked nothing");
        let whispers = harness.whispers(who);
        assert!(whispers.len() == 1 && whispers[0].starts_with(why), "{who}: {whispers:?}");
        let shown = harness.press_in_teams(who, &approval, TAKE_BACK, &[]).await;
        assert!(matches!(&shown, Shown::Message(words) if words.starts_with(why)), "{who}: {shown:?}");
    }
    assert_eq!(harness.record(&approval.id).state, State::Pending);
    let grace: Vec<String> = refused(&harness, &approval).await.into_iter().map(|who| who.name).collect();
    assert_eq!(grace, ["Grace Hopper", "Grace Hopper"], "both are on record, and a stranger is nobody");
}

/// A form may be forged, or be left open while something else happens.
#[tokio::test]
async fn a_form_that_somebody_else_submits_or_that_comes_late_takes_nothing_back() {
    let (harness, approval) = ask().await;
    let slack = &harness.world.slack;
    choose(&harness, "ada", &approval).await;
    let mut forged = slack.submission_payload(&harness.user("ada"), &[]).unwrap();
    forged["user"]["id"] = json!(harness.user("grace").id);
    let answer = slack.press_raw(&forged).await.unwrap();
    assert!(answer.body.contains("Only Ada Lovelace can cancel this request"), "{}", answer.body);
    forged["view"]["private_metadata"] = json!("{\"approval\": \"x\"}");
    assert_eq!(slack.press_raw(&forged).await.unwrap().status, 400);
    assert_eq!(harness.record(&approval.id).state, State::Pending);

    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
    slack.submit(&harness.user("ada"), &[]).await.unwrap();
    let told = texts(&form(&harness, "ada").unwrap()["blocks"]).concat();
    assert!(told.contains("approved"), "{told}");
    assert_eq!(harness.record(&approval.id).status(), Status::Approved);
}

/// What is no option of ours is ignored, as any other action is.
#[tokio::test]
async fn an_option_that_is_none_of_ours_does_nothing() {
    let (harness, approval) = ask().await;
    let user = json!({"id": "U0ADA", "team_id": "T0LOCAL"});
    for value in [json!("take_back"), json!("take_back.x"), json!(format!("other.{}", approval.id)), json!("")] {
        let action = json!({"type": "overflow", "action_id": "more", "selected_option": {"value": value}});
        let payload = json!({"type": "block_actions", "user": user, "actions": [action]});
        assert_eq!(harness.world.slack.press_raw(&payload).await.unwrap().status, 200, "{payload}");
    }
    let unchosen =
        json!({"type": "block_actions", "user": user, "actions": [{"type": "overflow", "action_id": "more"}]});
    assert_eq!(harness.world.slack.press_raw(&unchosen).await.unwrap().status, 200);
    assert_eq!(harness.record(&approval.id).state, State::Pending);
}
