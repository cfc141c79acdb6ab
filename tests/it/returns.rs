//! A request is sent back for changes, where the policy lets people do that: from each platform, with words of which there is
//! something to see, by those alone who may reject.

use countersign_bot::approval::audit::{Entry, Reason, What};
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::{State, Status, Verdict};
use countersign_bot::platforms::slack::card::RETURN_IN_FORM;
use countersign_bot::platforms::teams::words::{CHANGES, RETURN};
use countersign_playground::demo::{self, Decision, Demo, Output, Start, Via};
use countersign_playground::fakes::teams::{Error, Shown};
use serde_json::{Value, json};

use crate::support::said::{assert_may_not_decide, in_slack};
use crate::support::{Harness, RULES_WITH_TEAMS, card_of, has_buttons, policy, shown, texts};

const COMMENT: &str = "comment";
const WHY: &str = "Add the number of the invoice.";
/// Whoever reads any of these sees nothing.
const INVISIBLE: [&str; 4] = [" \n", "\u{200b}", "\u{2800} \u{3164}", "\u{301}"];
const UNEXPLAINED: &str = "Whoever sends a request back says what is to be changed.";

fn rules() -> String {
    format!("{RULES_WITH_TEAMS}\nreturns = true\nrequired = 2\nself_approval = false")
        .replace("[\"finance\"]", "[\"finance\", \"linus\"]")
}

async fn ask() -> (Harness, Approval) {
    let harness = Harness::with_rules(&rules()).await;
    let approval = harness.ask().await;
    (harness, approval)
}

/// Presses the button in Slack, and gives the form that is open then.
async fn form(harness: &Harness, who: &str, approval: &Approval, typed: Option<&str>) -> Option<Value> {
    assert_eq!(harness.press(who, approval, RETURN_IN_FORM, typed).await, 200);
    harness.world.slack.open_view(&harness.user(who).id).map(|open| open.view)
}

async fn trail(harness: &Harness, approval: &Approval) -> Vec<Entry> {
    harness.world.bot().app.ports.store.history(&approval.id).await.unwrap()
}

#[track_caller]
fn assert_undecided(harness: &Harness, approval: &Approval) {
    let record = harness.record(&approval.id);
    assert_eq!((&record.state, record.votes.len()), (&State::Pending, 0));
}

/// One is enough, and every copy says so.
async fn assert_sent_back(harness: &Harness, approval: &Approval, place: &str) {
    let record = harness.settled(approval, Status::Returned).await;
    let said = "Sent back for changes by Grace Hopper";
    let card = harness.card(approval);
    assert!(shown(&card).contains(said) && shown(&card).contains(WHY) && !has_buttons(&card), "{}", shown(&card));
    let teams = harness.teams_card(approval).card.unwrap();
    let text = texts(&teams).concat();
    assert!(text.contains("This was sent back for changes") && text.contains("Grace Hopper"), "{text}");
    assert!(text.contains(WHY) && !teams.to_string().contains("Action.Execute"), "{text}");
    let mail = harness.mails("linus").pop().unwrap();
    assert!(mail.link().is_none() && mail.text.contains(said) && mail.text.contains(WHY), "{}", mail.text);
    assert!(mail.html.contains("Sent back"), "{}", mail.html);
    assert!(harness.thread(approval).iter().any(|note| note.contains(said) && note.contains(WHY)));
    assert!(harness.teams_thread(approval).iter().any(|note| note.contains("Sent back for changes by")));

    let output = harness.ended().await.output.unwrap();
    assert_eq!((&output["status"], &output["decision"]["status"]), (&json!("returned"), &json!("returned")));
    let decided = output["decision"]["decidedBy"].as_array().unwrap();
    assert_eq!((decided.len(), &decided[0]["person"], &decided[0]["comment"]), (1, &json!("grace"), &json!(WHY)));
    let resolved = harness.events("Approval Resolved").remove(0);
    assert_eq!((&resolved["status"], &resolved["decidedBy"][0]["platform"]), (&json!("returned"), &json!(place)));
    assert_eq!(harness.events("Approval Voted")[0]["verdict"], "return");
    let trail = trail(harness, approval).await;
    let is_told = |entry: &Entry| matches!(&entry.what, What::Voted { verdict: Verdict::Return, comment: Some(comment), .. } if comment == WHY);
    assert!(trail.iter().any(is_told), "{trail:?}");
    assert!(trail.iter().any(|entry| entry.what == What::Decided { verdict: Verdict::Return }));
    assert_eq!(record.status().as_str(), "returned");
    let list = in_slack(harness, "ada", "").await;
    assert!(list.contains("returned, "), "{list}");
    let explained = in_slack(harness, "ada", &format!("show {}", approval.id)).await;
    assert!(explained.contains(said) && explained.contains("Grace Hopper sent it back"), "{explained}");
}

#[tokio::test]
async fn in_slack_a_form_asks_what_is_to_be_changed_and_is_not_taken_without_it() {
    let (harness, approval) = ask().await;
    let (slack, grace) = (&harness.world.slack, harness.user("grace"));
    let opened = form(&harness, "grace", &approval, None).await.expect("it asks first");
    let words = texts(&opened["blocks"]).concat();
    assert!(words.contains("Calculation 125 + 122") && words.contains("sent back, with what you write"), "{words}");
    assert_undecided(&harness, &approval);
    let as_it_stands = slack.submit(&grace, &[]).await.unwrap();
    assert!(as_it_stands.status == 0 && as_it_stands.errors.contains_key(COMMENT), "{as_it_stands:?}");
    for blank in INVISIBLE.into_iter().chain([""]) {
        let forced = slack.submit_unchecked(&grace, &[(COMMENT, blank)]).await.unwrap();
        assert!(forced.status == 200 && forced.errors[COMMENT] == UNEXPLAINED, "{blank:?}: {forced:?}");
        assert_undecided(&harness, &approval);
    }
    let taken = slack.submit(&grace, &[(COMMENT, WHY)]).await.unwrap();
    assert!(taken.errors.is_empty() && slack.open_view(&grace.id).is_none(), "{taken:?}");
    assert_sent_back(&harness, &approval, "slack").await;
}

#[tokio::test]
async fn in_teams_it_needs_what_is_to_be_changed_in_either_client() {
    for is_old in [false, true] {
        let (harness, approval) = ask().await;
        let (teams, grace) = (&harness.world.teams, harness.teams_user("grace"));
        let card = harness.teams_card(&approval).id;
        let as_it_stands = teams.press(&grace, &card, RETURN, &[]).await;
        assert_eq!(as_it_stands, Err(Error::InputNeeded(CHANGES.to_owned())));
        for blank in INVISIBLE {
            let told = harness.press_in_teams("grace", &approval, RETURN, &[(CHANGES, blank)]).await;
            assert_eq!(told, Shown::Message(UNEXPLAINED.to_owned()), "{blank:?}");
            assert_undecided(&harness, &approval);
        }
        let inputs = [(CHANGES, WHY)];
        if is_old {
            assert_eq!(teams.submit(&grace, &card, RETURN, &inputs).await, Ok(200));
        } else {
            let answer = harness.press_in_teams("grace", &approval, RETURN, &inputs).await;
            assert!(matches!(&answer, Shown::Card(card) if card.to_string().contains("sent back")), "{answer:?}");
        }
        assert_sent_back(&harness, &approval, "teams").await;
    }
}

#[tokio::test]
async fn on_the_page_of_a_mail_it_is_a_third_choice_which_needs_a_comment() {
    let (harness, approval) = ask().await;
    let link = harness.link("grace");
    let page = harness.browser.get(&link).await.unwrap().body;
    assert!(page.contains("value=\"return\" required") && page.contains("Send back for changes"), "{page}");
    assert!(page.contains("(a rejection and sending it back need one)"), "{page}");
    for blank in INVISIBLE.into_iter().chain([""]) {
        let refused = harness.post(&link, "return", blank).await;
        assert!(refused.status == 422 && refused.body.contains(UNEXPLAINED), "{}", refused.body);
        assert_undecided(&harness, &approval);
    }
    let unchosen = harness.post(&link, "", WHY).await;
    assert!(unchosen.body.contains("choose Approve, Reject or Send back"), "{}", unchosen.body);
    let answer = harness.post(&link, "return", WHY).await;
    assert!(answer.status == 200 && answer.body.contains("You have sent this back. Thank you."), "{}", answer.body);
    assert_sent_back(&harness, &approval, "email").await;
}

#[tokio::test]
async fn whoever_may_not_reject_may_not_send_it_back() {
    let (harness, approval) = ask().await;
    assert_may_not_decide(&harness, "ada", &approval, "You asked for this yourself").await;
    assert_may_not_decide(&harness, "outsider", &approval, "You are not listed in the policy").await;
    assert!(harness.world.slack.open_view(&harness.user("ada").id).is_none(), "no form opens for them");
    // A form that was opened for somebody else.
    form(&harness, "grace", &approval, None).await.unwrap();
    let slack = &harness.world.slack;
    let mut forged = slack.submission_payload(&harness.user("grace"), &[(COMMENT, WHY)]).unwrap();
    forged["user"]["id"] = json!(harness.user("ada").id);
    let answer = slack.press_raw(&forged).await.unwrap();
    assert!(answer.body.contains("You asked for this yourself"), "{}", answer.body);
    assert_undecided(&harness, &approval);
}

/// Whoever has approved under a policy that this one is kept apart from, and whoever stands in.
#[tokio::test]
async fn whoever_stands_in_may_send_it_back() {
    let rules = format!("{RULES_WITH_TEAMS}\nreturns = true\nself_approval = false\ndelegates = [\"linus\"]");
    let harness = Harness::with_rules(&rules).await;
    let approval = harness.ask().await;
    assert_may_not_decide(&harness, "linus", &approval, "You cannot decide on this request").await;
    in_slack(&harness, "grace", "away until friday for linus").await;
    harness.press_in_teams("linus", &approval, RETURN, &[(CHANGES, WHY)]).await;
    let record = harness.settled(&approval, Status::Returned).await;
    assert_eq!(record.votes[0].stands_for.iter().map(ToString::to_string).collect::<Vec<_>>(), ["grace"]);
    assert!(shown(&harness.card(&approval)).contains("Linus Pauling for Grace Hopper"));
}

#[tokio::test]
async fn without_the_policy_no_place_offers_it_and_no_forged_press_counts() {
    let harness = Harness::with_rules(&rules().replace("returns = true", "")).await;
    let approval = harness.ask().await;
    let (slack, teams) = (&harness.world.slack, &harness.world.teams);
    let (grace, grace_in_teams) = (harness.user("grace"), harness.teams_user("grace"));
    let page = harness.browser.get(&harness.link("grace")).await.unwrap().body;
    let teams_card = harness.teams_card(&approval);
    for (place, shown) in [
        ("Slack", shown(&harness.card(&approval))),
        ("Teams", teams_card.card.unwrap().to_string()),
        ("the page", page),
    ] {
        assert!(!shown.to_lowercase().contains("send"), "{place}: {shown}");
    }
    let refused = "Requests of this policy cannot be sent back";

    let (channel, ts) = card_of(&harness.record(&approval.id));
    let mut pressed = slack.press_payload(&grace, &channel, &ts, "reject", Some(WHY)).unwrap();
    pressed["actions"][0]["action_id"] = json!(RETURN_IN_FORM);
    slack.press_raw(&pressed).await.unwrap();
    assert!(slack.open_view(&grace.id).is_none());
    assert!(harness.whispers("grace").pop().unwrap().starts_with(refused));

    let value = format!("{}.{}", approval.id, approval.content_hash());
    let metadata = json!({"value": value, "channel": channel, "ts": ts}).to_string();
    let submitted = json!({
        "type": "view_submission", "user": {"id": "U0GRACE", "team_id": "T0LOCAL"}, "view": {
            "id": "V1", "callback_id": "return", "private_metadata": metadata,
            "state": {"values": {"comment": {"comment": {"value": WHY}}}},
        },
    });
    assert!(slack.press_raw(&submitted).await.unwrap().body.contains(refused));

    let mut activity = teams.invoke_payload(&grace_in_teams, &teams_card.id, "reject", &[("reason", "x")]).unwrap();
    activity["value"]["action"]["verb"] = json!(RETURN);
    activity["value"]["action"]["data"]["verb"] = json!(RETURN);
    activity["value"]["action"]["data"][CHANGES] = json!(WHY);
    assert!(teams.post(&activity).await.unwrap().body.contains(refused));

    let answer = harness.post(&harness.link("grace"), "return", WHY).await;
    assert!(answer.status == 403 && answer.body.contains(refused), "{}", answer.body);
    assert_undecided(&harness, &approval);
    let trail = trail(&harness, &approval).await;
    let refused = trail.iter().filter(|entry| matches!(entry.what, What::Refused { reason: Reason::NoReturns, .. }));
    assert_eq!(refused.count(), 4, "each is on record: {trail:?}");
}

#[tokio::test]
async fn what_was_typed_on_the_card_goes_along_and_sends_nothing_back_by_itself() {
    let (harness, approval) = ask().await;
    let opened = form(&harness, "grace", &approval, Some(WHY)).await.expect("it asks all the same");
    assert!(opened.to_string().contains(WHY), "{opened}");
    let version = harness.record(&approval.id).version;
    assert_undecided(&harness, &approval);
    assert_eq!(version, approval.version, "opening the form is no attempt");
    harness.press("linus", &approval, "reject", Some("no")).await;
    harness.settled(&approval, Status::Rejected).await;
    harness.world.slack.submit(&harness.user("grace"), &[]).await.unwrap();
    let told = texts(&harness.world.slack.open_view(&harness.user("grace").id).unwrap().view["blocks"]).concat();
    assert!(told.starts_with("This was rejected by Linus Pauling"), "{told}");
}

/// A high risk and inputs are for whoever approves.
#[tokio::test]
async fn sending_back_is_asked_for_nothing_that_an_approval_is_asked_for() {
    let request = json!({
        "policy": "calculation", "title": "Drop the table", "requestedBy": "ada", "risk": "high",
        "inputs": [{"name": "window", "type": "text"}],
    });
    for place in ["Slack", "Teams", "mail"] {
        let harness = Harness::with_rules(&rules()).await;
        let approval = harness.ask_for(&request).await;
        match place {
            "Slack" => {
                form(&harness, "grace", &approval, Some(WHY)).await.unwrap();
                harness.world.slack.submit(&harness.user("grace"), &[]).await.unwrap();
            }
            "Teams" => drop(harness.press_in_teams("grace", &approval, RETURN, &[(CHANGES, WHY)]).await),
            _ => assert_eq!(harness.post(&harness.link("grace"), "return", WHY).await.status, 200),
        }
        let record = harness.settled(&approval, Status::Returned).await;
        assert!(record.votes[0].inputs.is_empty(), "{place}");
    }
}

#[tokio::test]
async fn the_demonstration_sends_back_wherever_it_decides() {
    for via in [Via::Slack, Via::Teams, Via::Email] {
        let harness = Harness::with_rules(&rules()).await;
        let start = Start::Calculation(vec!["125".to_owned(), "122".to_owned()]);
        let demo = Demo { start: start.clone(), via, decision: Decision::Return };
        assert!(demo::play(&harness.world, &demo, Output::Json).await.unwrap(), "{via:?}");
        let harness = Harness::with_policy(&policy(RULES_WITH_TEAMS), |ports| ports).await;
        let demo = Demo { start, via, decision: Decision::Return };
        let refused = demo::play(&harness.world, &demo, Output::Json).await.unwrap_err();
        assert!(refused.to_string().contains("returns = true"), "{refused}");
    }
}
