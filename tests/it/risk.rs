//! A request that is marked as risky is approved by whoever has confirmed that, on every platform, and rejected as any
//! other.

use countersign_bot::approval::audit::{Entry, Reason, What};
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::platforms::slack::approving::CONFIRMED;
use countersign_bot::platforms::slack::card::APPROVE_IN_FORM;
use countersign_bot::platforms::teams::words;
use countersign_playground::demo::{self, Decision, Demo, Output, Start, Via};
use countersign_playground::fakes::teams::{Error, Shown};
use countersign_playground::world::{Options, Source, StateMachine};
use countersign_tests::asking;
use serde_json::{Value, json};

use crate::support::{Harness, RULES_WITH_TEAMS, START, card_of, has_buttons, options, shown, texts};

const MARK: &str = "High risk: whoever approves has to confirm it a second time.";
const UNCONFIRMED: &str = "This request is marked as high risk, so an approval counts only with its confirmation";

fn request() -> Value {
    json!({
        "policy": "calculation", "title": "Drop the table", "requestedBy": "linus", "risk": "high",
        "details": [{"title": "Plan", "text": "All of it."}],
    })
}

async fn ask() -> (Harness, Approval) {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = harness.ask_for(&request()).await;
    (harness, approval)
}

/// Nobody's vote counts so far.
#[track_caller]
fn assert_undecided(harness: &Harness, approval: &Approval) {
    let record = harness.record(&approval.id);
    assert_eq!((record.status(), record.votes.len()), (Status::Pending, 0));
}

/// Grace presses Approve on the card in Slack, and has the form in front of her.
async fn open_form(harness: &Harness, approval: &Approval) -> Value {
    assert_eq!(harness.press("grace", approval, APPROVE_IN_FORM, Some("checked twice")).await, 200);
    harness.world.slack.open_view(&harness.user("grace").id).expect("the form is open").view
}

#[tokio::test]
async fn the_mark_is_in_our_words_wherever_the_request_is() {
    let (harness, approval) = ask().await;
    let show = format!("show {}", approval.id);
    let answer = harness.world.slack.command(&harness.user("grace"), "C0FINANCE", "/approvals", &show).await;
    let mail = harness.mails("grace").remove(0);
    let page = harness.browser.get(&harness.link("grace")).await.unwrap().body;
    for (place, shown) in [
        ("Slack", shown(&harness.card(&approval))),
        ("Teams", texts(&harness.teams_card(&approval).card.unwrap()).join("\n")),
        ("show", texts(&answer.blocks).join("\n")),
    ] {
        assert!(shown.contains(MARK), "{place}: {shown}");
    }
    let html = format!(
        "<td class=\"line\" valign=\"top\" style=\"padding:6px 0;border-top:1px solid #d9dee4;font-weight:bold;word-break:break-word;\">{MARK}</td>"
    );
    assert!(mail.text.contains(&format!("\nRisk: {MARK}")) && mail.html.contains(&html), "{}", mail.html);
    assert!(page.contains(&format!("<dt>Risk</dt><dd>{MARK}</dd>")), "{page}");
    assert_eq!(harness.events("Approval Requested")[0]["risk"], "high");
    let ordinary = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = ordinary.ask().await;
    assert!(!shown(&ordinary.card(&approval)).contains("risk"));
    assert_eq!(ordinary.events("Approval Requested")[0]["risk"], Value::Null);
}

#[tokio::test]
async fn an_approval_in_slack_needs_the_box_that_nobody_has_ticked() {
    let (harness, approval) = ask().await;
    let (slack, grace) = (&harness.world.slack, harness.user("grace"));
    let (channel, ts) = card_of(&harness.record(&approval.id));
    let mut payload = slack.press_payload(&grace, &channel, &ts, APPROVE_IN_FORM, None).unwrap();
    payload["actions"][0]["action_id"] = json!("approve");
    slack.press_raw(&payload).await.unwrap();
    assert!(harness.whispers("grace")[0].starts_with(UNCONFIRMED), "{:?}", harness.whispers("grace"));
    assert_undecided(&harness, &approval);

    let form = open_form(&harness, &approval).await;
    assert!(!form.to_string().contains("initial_option"), "{form}");
    assert!(texts(&form["blocks"]).concat().contains("Drop the table"), "{form}");
    let as_it_stands = slack.submit(&grace, &[]).await.unwrap();
    assert!(as_it_stands.status == 0 && as_it_stands.errors.contains_key(CONFIRMED), "{as_it_stands:?}");
    for values in [&[][..], &[(CONFIRMED, "yes")], &[("comment", CONFIRMED)]] {
        open_form(&harness, &approval).await;
        let forced = slack.submit_unchecked(&grace, values).await.unwrap();
        assert!(forced.status == 200 && forced.errors[CONFIRMED].starts_with(UNCONFIRMED), "{forced:?}");
        assert_undecided(&harness, &approval);
    }

    open_form(&harness, &approval).await;
    let ticked = slack.submit(&grace, &[(CONFIRMED, CONFIRMED)]).await.unwrap();
    assert!(ticked.status == 200 && ticked.errors.is_empty() && slack.open_view(&grace.id).is_none(), "{ticked:?}");
    let record = harness.settled(&approval, Status::Approved).await;
    assert_eq!(record.votes[0].comment.as_deref(), Some("checked twice"), "what was typed on the card went along");
    assert!(shown(&harness.card(&approval)).contains("Approved by Grace Hopper"));
}

#[tokio::test]
async fn the_form_opens_for_those_alone_whose_approval_would_count() {
    let (harness, approval) = ask().await;
    for (who, expected) in
        [("linus", "You cannot decide on this request."), ("outsider", "You are not listed in the policy")]
    {
        harness.press(who, &approval, APPROVE_IN_FORM, None).await;
        assert_eq!(harness.world.slack.open_view(&harness.user(who).id), None, "{who}");
        assert!(harness.whispers(who)[0].starts_with(expected), "{:?}", harness.whispers(who));
    }
    // What has ended meanwhile is told in the place of the form.
    open_form(&harness, &approval).await;
    harness.press("ada", &approval, "reject", Some("no")).await;
    harness.settled(&approval, Status::Rejected).await;
    let grace = harness.user("grace");
    harness.world.slack.submit(&grace, &[(CONFIRMED, CONFIRMED)]).await.unwrap();
    let told = texts(&harness.world.slack.open_view(&grace.id).unwrap().view["blocks"]).concat();
    assert!(told.starts_with("This was rejected by Ada Lovelace"), "{told}");
}

#[tokio::test]
async fn opening_the_form_is_no_attempt_and_approving_without_it_is() {
    let (harness, approval) = ask().await;
    let version = harness.record(&approval.id).version;
    open_form(&harness, &approval).await;
    assert_eq!(harness.record(&approval.id).version, version, "nothing was written");
    harness.world.slack.submit_unchecked(&harness.user("grace"), &[]).await.unwrap();
    let trail = harness.world.bot().app.ports.store.history(&approval.id).await.unwrap();
    let is_told = |entry: &Entry| matches!(entry.what, What::Refused { reason: Reason::Unconfirmed, .. });
    assert!(trail.iter().any(is_told), "{trail:?}");
}

#[tokio::test]
async fn an_approval_in_teams_needs_the_toggle_that_nobody_has_set() {
    let (harness, approval) = ask().await;
    let (teams, grace, card) = (&harness.world.teams, harness.teams_user("grace"), harness.teams_card(&approval).id);
    let as_it_stands = teams.press(&grace, &card, words::APPROVE, &[]).await;
    assert_eq!(as_it_stands, Err(Error::InputNeeded(words::CONFIRMED.to_owned())));
    let on = [(words::CONFIRMED, words::CONFIRMED_ON)];
    for forced in [Value::Null, json!(""), json!("false"), json!("yes"), json!([true])] {
        let mut activity = teams.invoke_payload(&grace, &card, words::APPROVE, &on).unwrap();
        activity["value"]["action"]["data"][words::CONFIRMED] = forced.clone();
        let told = teams.post(&activity).await.unwrap();
        assert!(told.status == 200 && told.body.contains(UNCONFIRMED), "{forced}: {}", told.body);
        assert_undecided(&harness, &approval);
    }
    let told = harness.press_in_teams("linus", &approval, words::APPROVE, &on).await;
    assert!(matches!(&told, Shown::Message(text) if text.starts_with("You cannot decide")), "{told:?}");
    let shown = harness.press_in_teams("grace", &approval, words::APPROVE, &on).await;
    assert!(matches!(shown, Shown::Card(_)), "{shown:?}");
    harness.settled(&approval, Status::Approved).await;
}

#[tokio::test]
async fn an_older_client_of_teams_confirms_as_well() {
    let (harness, approval) = ask().await;
    let (teams, grace, card) = (&harness.world.teams, harness.teams_user("grace"), harness.teams_card(&approval).id);
    let on = [(words::CONFIRMED, words::CONFIRMED_ON)];
    assert_eq!(teams.submit(&grace, &card, words::APPROVE, &on).await, Ok(200));
    harness.settled(&approval, Status::Approved).await;
}

#[tokio::test]
async fn an_approval_on_the_page_of_a_mail_needs_the_box_that_is_never_ticked() {
    let (harness, approval) = ask().await;
    let link = harness.link("grace");
    let page = harness.browser.get(&link).await.unwrap().body;
    let unticked = "<input type=\"checkbox\" name=\"confirmed\" value=\"yes\" autocomplete=\"off\">";
    assert!(page.contains(unticked), "{page}");
    for confirmed in [None, Some(""), Some("no"), Some("on")] {
        let confirmed = confirmed.map(|value| ("confirmed", value));
        let answers: Vec<_> = [("verdict", "approve"), ("comment", "mine")].into_iter().chain(confirmed).collect();
        let answer = harness.browser.answer(&link, &answers).await.unwrap();
        assert!(answer.status == 422 && answer.body.contains(UNCONFIRMED), "{}", answer.body);
        assert!(answer.body.contains(unticked) && answer.body.contains(">mine</textarea>"), "{}", answer.body);
        assert_undecided(&harness, &approval);
    }
    let answers = [("verdict", "approve"), ("comment", "mine"), ("confirmed", "yes")];
    assert_eq!(harness.browser.answer(&link, &answers).await.unwrap().status, 200);
    harness.settled(&approval, Status::Approved).await;
    let ordinary = Harness::start().await;
    ordinary.ask().await;
    assert!(!ordinary.browser.get(&ordinary.link("grace")).await.unwrap().body.contains("checkbox"));
}

#[tokio::test]
async fn a_rejection_needs_no_confirmation_anywhere() {
    for place in ["Slack", "Teams", "mail"] {
        let (harness, approval) = ask().await;
        match place {
            "Slack" => drop(harness.press("grace", &approval, "reject", Some("no")).await),
            "Teams" => drop(harness.press_in_teams("grace", &approval, "reject", &[("reason", "no")]).await),
            _ => assert_eq!(harness.post(&harness.link("grace"), "reject", "no").await.status, 200),
        }
        harness.settled(&approval, Status::Rejected).await;
        assert!(shown(&harness.card(&approval)).contains(MARK), "the mark stays");
        assert!(has_buttons(&harness.card(&approval)), "the details stay");
    }
}

#[tokio::test]
async fn the_demonstration_confirms_wherever_it_decides() {
    for via in [Via::Slack, Via::Teams, Via::Email] {
        let machine = StateMachine::new("risky", Source::new("the machine of the test", &asking::machine(&request())));
        let options = Options { state_machines: vec![machine], ..options() };
        let harness = Harness::with_options(RULES_WITH_TEAMS, options, |ports| ports).await;
        let start = Start::Machine(json!({}));
        let demo = Demo { start, via, decision: Decision::Approve };
        assert!(demo::play(&harness.world, &demo, Output::Json).await.unwrap(), "{via:?} from {START}");
    }
}
