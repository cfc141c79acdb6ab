//! Deciding on the card in Teams: who may, what the presser sees, and what becomes of the copies elsewhere.

use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_playground::fakes::teams::{Error, Shown, TeamsMessage};
use serde_json::Value;

use crate::support::{Harness, RULES_WITH_TEAMS, has_buttons};

fn words(shown: Shown) -> String {
    match shown {
        Shown::Message(text) => text,
        other => panic!("words were expected: {other:?}"),
    }
}

/// Whether a card can still be decided on.
fn is_open(card: &Value) -> bool {
    card.to_string().contains("Action.Execute")
}

fn card_of(message: TeamsMessage) -> Value {
    message.card.expect("the message has a card")
}

async fn ask(harness: &Harness) -> Approval {
    let approval = harness.ask().await;
    assert!(is_open(&card_of(harness.teams_card(&approval))));
    approval
}

#[tokio::test]
async fn approving_in_teams_finishes_the_workflow_and_closes_every_copy() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = ask(&harness).await;
    let open = card_of(harness.teams_card(&approval)).to_string();
    for text in ["Calculation 125 + 122", "494", "Ada Lovelace", "0 of 1 approvals", approval.id.as_str(), "{{TIME("] {
        assert!(open.contains(text), "{text}: {open}");
    }
    let shown = harness.press_in_teams("grace", &approval, "approve", &[("comment", "Looks right")]).await;
    let Shown::Card(card) = shown else { panic!("the presser sees the card: {shown:?}") };
    assert!(!is_open(&card) && card.to_string().contains("Looks right"), "{card}");
    let output = harness.ended().await.output.unwrap();
    assert_eq!((output["status"].as_str(), output["result"].as_i64()), (Some("approved"), Some(494)));
    assert_eq!(output["approvedBy"][0]["person"], "grace");
    assert_eq!(output["approvedBy"][0]["platform"], "teams");
    harness.settled(&approval, Status::Approved).await;
    let closed = harness.teams_card(&approval);
    assert!(closed.edits > 0, "everybody's card has changed");
    assert!(!is_open(&card_of(closed)));
    assert!(!has_buttons(&harness.card(&approval)), "and so has the one in Slack");
    let mails = harness.mails("grace");
    assert!(mails.len() == 2 && mails[1].subject.starts_with("Re: "), "the mail is answered");
    assert_eq!(harness.world.teams.notices(), [], "the card says it all");
}

#[tokio::test]
async fn the_requester_hears_the_outcome_and_the_result_in_both_threads() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = ask(&harness).await;
    harness.press_in_teams("grace", &approval, "approve", &[]).await;
    harness
        .until("both threads have the result", |world| {
            let approval = world.store.all().pop()?;
            (approval.execution_end.is_some() && !approval.is_unfinished()).then_some(())
        })
        .await;
    for thread in [harness.teams_thread(&approval), harness.thread(&approval)] {
        assert_eq!(thread.len(), 2, "{thread:?}");
        assert!(thread[0].contains("Approved by Grace Hopper"), "{thread:?}");
        assert!(thread[1].contains("494"), "{thread:?}");
    }
}

#[tokio::test]
async fn a_decision_elsewhere_closes_the_card_in_teams() {
    for by_mail in [false, true] {
        let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
        let approval = ask(&harness).await;
        if by_mail {
            harness.post(&harness.link("grace"), "reject", "not this month").await;
        } else {
            harness.press("grace", &approval, "reject", Some("not this month")).await;
        }
        harness.settled(&approval, Status::Rejected).await;
        let card = card_of(harness.teams_card(&approval));
        assert!(!is_open(&card) && card.to_string().contains("not this month"), "{card}");
        let (grace, card) = (harness.teams_user("grace"), harness.teams_card(&approval).id);
        let late = harness.world.teams.press(&grace, &card, "approve", &[]).await;
        assert_eq!(late, Err(Error::NoButton("approve".to_owned())));
    }
}

#[tokio::test]
async fn a_person_counts_once_on_however_many_platforms() {
    let rules = format!("{RULES_WITH_TEAMS}\nself_approval = true\nrequired = 2");
    let harness = Harness::with_rules(&rules).await;
    let approval = ask(&harness).await;
    harness.press("grace", &approval, "approve", None).await;
    let again = words(harness.press_in_teams("grace", &approval, "approve", &[]).await);
    assert!(again.starts_with("You approved this already"), "{again}");
    assert_eq!(harness.record(&approval.id).approvals(), 1);
    let shown = harness.press_in_teams("ada", &approval, "approve", &[]).await;
    assert!(matches!(shown, Shown::Card(_)), "{shown:?}");
    harness.settled(&approval, Status::Approved).await;
}

#[tokio::test]
async fn a_refusal_is_seen_by_the_presser_alone_and_changes_nothing() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = ask(&harness).await;
    for (who, verb, inputs, expected) in [
        ("linus", "approve", [("comment", "x")], "You cannot decide on this request. It waits for Grace Hopper."),
        ("linus", "reject", [("reason", "x")], "You cannot decide on this request. It waits for Grace Hopper."),
        ("ada", "approve", [("comment", "x")], "You asked for this yourself, so somebody else has to decide."),
        ("outsider", "approve", [("comment", "x")], "You are not listed in the policy of this app."),
    ] {
        let told = words(harness.press_in_teams(who, &approval, verb, &inputs).await);
        assert!(told.starts_with(expected), "{who}: {told}");
    }
    assert_eq!(harness.record(&approval.id).votes, []);
    assert!(is_open(&card_of(harness.teams_card(&approval))));
    assert_eq!(harness.teams_thread(&approval), Vec::<String>::new());
}

#[tokio::test]
async fn a_rejection_asks_for_its_reason_before_it_is_sent_and_the_bot_does_too() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = ask(&harness).await;
    let (grace, card) = (harness.teams_user("grace"), harness.teams_card(&approval).id);
    let teams = &harness.world.teams;
    assert!(matches!(teams.press(&grace, &card, "reject", &[]).await, Err(Error::InputNeeded(_))));
    let mut activity = teams.invoke_payload(&grace, &card, "reject", &[("reason", "x")]).unwrap();
    activity["value"]["action"]["data"]["reason"] = "  ".into();
    let reply = teams.post(&activity).await.unwrap();
    assert!(reply.status == 200 && reply.body.contains("A rejection needs a reason"), "{}", reply.body);
    let shown = harness.press_in_teams("grace", &approval, "reject", &[("reason", "Wrong invoice")]).await;
    assert!(matches!(shown, Shown::Card(_)), "{shown:?}");
    let output = harness.ended().await.output.unwrap();
    assert_eq!(output["status"], "rejected");
    assert_eq!(output["decision"]["decidedBy"][0]["comment"], "Wrong invoice");
}

#[tokio::test]
async fn an_older_client_decides_with_the_fallback_of_the_button() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = ask(&harness).await;
    let (teams, card) = (&harness.world.teams, harness.teams_card(&approval).id);
    let linus = harness.teams_user("linus");
    assert_eq!(teams.submit(&linus, &card, "approve", &[]).await, Ok(200));
    let told: Vec<String> = teams.chat_messages(&linus).into_iter().map(|message| message.text).collect();
    assert!(told.len() == 1 && told[0].starts_with("You cannot decide on this request."), "{told:?}");
    assert_eq!(harness.teams_thread(&approval), Vec::<String>::new(), "nobody else has heard of it");
    assert_eq!(teams.submit(&harness.teams_user("grace"), &card, "approve", &[("comment", "fine")]).await, Ok(200));
    let record = harness.settled(&approval, Status::Approved).await;
    assert_eq!(record.votes[0].comment.as_deref(), Some("fine"));
    assert!(!is_open(&card_of(harness.teams_card(&approval))));
}

#[tokio::test]
async fn each_vote_shows_on_every_card() {
    let rules = format!("{RULES_WITH_TEAMS}\nself_approval = true\nrequired = 2");
    let harness = Harness::with_rules(&rules).await;
    let approval = ask(&harness).await;
    harness.press("grace", &approval, "approve", None).await;
    harness
        .until("the card in Teams shows the vote", |_| {
            let card = card_of(harness.teams_card(&approval)).to_string();
            (card.contains("1 of 2 approvals") && card.contains("Grace Hopper")).then_some(())
        })
        .await;
}
