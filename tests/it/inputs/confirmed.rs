//! A request that asks for values and has to be confirmed asks for both in one form, and nothing counts without both.

use countersign_bot::approval::audit::{Entry, Reason, What};
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::platforms::slack::approving::CONFIRMED;
use countersign_bot::platforms::slack::card::APPROVE_IN_FORM;
use countersign_bot::platforms::teams::words;
use countersign_playground::demo::{self, Decision, Demo, Output, Start, Via};
use countersign_playground::fakes::teams::Shown;
use countersign_playground::world::{Options, Source, StateMachine};
use countersign_tests::asking;
use serde_json::{Value, json};

use super::{assert_undecided, request};
use crate::support::{Harness, RULES_WITH_TEAMS, options, texts};

const UNCONFIRMED: &str = "This request is marked as high risk, so an approval counts only with its confirmation";
const MISSING: &str = "version must look like";

async fn ask() -> (Harness, Approval) {
    let harness = Harness::with_rules(&format!("{RULES_WITH_TEAMS}\nemail = \"always\"")).await;
    // A field of this name does not take the place of the box.
    let mut asked = request(&json!([
        {"name": "version", "type": "text", "pattern": r"\d+"},
        {"name": "confirmed", "type": "text", "required": false},
    ]));
    asked["risk"] = json!("high");
    let approval = harness.ask_for(&asked).await;
    (harness, approval)
}

async fn refused(harness: &Harness, approval: &Approval) -> Vec<Reason> {
    let trail = harness.world.bot().app.ports.store.history(&approval.id).await.unwrap();
    let reason = |entry: Entry| match entry.what {
        What::Refused { reason, .. } => Some(reason),
        _ => None,
    };
    trail.into_iter().filter_map(reason).collect()
}

#[tokio::test]
async fn slack_says_all_that_is_missing_at_once_under_its_input() {
    let (harness, approval) = ask().await;
    let (slack, grace) = (&harness.world.slack, harness.user("grace"));
    let cases = [
        (vec![("input.version", "v1"), ("input.confirmed", CONFIRMED)], vec![CONFIRMED, "input.version"]),
        (vec![("input.version", "v1"), (CONFIRMED, CONFIRMED)], vec!["input.version"]),
        (vec![("input.version", "1")], vec![CONFIRMED]),
    ];
    for (values, expected) in cases {
        harness.press("grace", &approval, APPROVE_IN_FORM, None).await;
        let told = slack.submit_unchecked(&grace, &values).await.unwrap();
        assert_eq!(told.errors.keys().map(String::as_str).collect::<Vec<_>>(), expected, "{values:?}");
        assert!(told.errors.get(CONFIRMED).is_none_or(|words| words.starts_with(UNCONFIRMED)), "{told:?}");
        assert_undecided(&harness, &approval);
    }
    assert_eq!(refused(&harness, &approval).await, [Reason::InputsWrong, Reason::InputsWrong, Reason::Unconfirmed]);
    harness.press("grace", &approval, APPROVE_IN_FORM, None).await;
    let taken = slack.submit(&grace, &[("input.version", "1"), (CONFIRMED, CONFIRMED)]).await.unwrap();
    assert!(taken.errors.is_empty(), "{taken:?}");
    harness.settled(&approval, Status::Approved).await;
}

#[tokio::test]
async fn teams_keeps_what_was_typed_and_the_box_has_to_be_ticked_again() {
    let (harness, approval) = ask().await;
    let wrong = [("field.version", "v1"), ("comment", "mine"), (words::CONFIRMED, words::CONFIRMED_ON)];
    let Shown::Card(again) = harness.press_in_teams("grace", &approval, words::APPROVE, &wrong).await else {
        panic!("the card comes back")
    };
    let element = |id: &str| {
        let body = again["body"].as_array().unwrap();
        body.iter().find(|element| element["id"] == id).unwrap_or(&Value::Null).clone()
    };
    assert_eq!((&element("field.version")["value"], &element("comment")["value"]), (&json!("v1"), &json!("mine")));
    assert_eq!(element(words::CONFIRMED)["value"], words::CONFIRMED_OFF, "nobody has ticked it on this card");
    let said = texts(&again).join("\n");
    assert!(said.contains(MISSING) && said.contains(UNCONFIRMED), "{said}");
    assert_undecided(&harness, &approval);
    let Shown::Card(again) =
        harness.press_in_teams("grace", &approval, words::APPROVE, &[("field.version", "1")]).await
    else {
        panic!("the card comes back")
    };
    assert!(texts(&again).join("\n").contains(UNCONFIRMED), "{again}");
    assert_undecided(&harness, &approval);
    let right = [("field.version", "1"), (words::CONFIRMED, words::CONFIRMED_ON)];
    harness.press_in_teams("grace", &approval, words::APPROVE, &right).await;
    assert_eq!(harness.settled(&approval, Status::Approved).await.votes[0].comment.as_deref(), Some("mine"));
}

#[tokio::test]
async fn the_page_of_a_mail_keeps_what_was_typed_and_serves_no_box_that_is_ticked() {
    let (harness, approval) = ask().await;
    let link = harness.link("grace");
    let unticked = "<input type=\"checkbox\" name=\"confirmed\" value=\"yes\" autocomplete=\"off\">";
    for (version, confirmed, said) in
        [("v1", "yes", vec![MISSING]), ("v1", "", vec![MISSING, UNCONFIRMED]), ("1", "", vec![UNCONFIRMED])]
    {
        let fields =
            [("verdict", "approve"), ("input.version", version), ("input.confirmed", "yes"), ("comment", "mine")];
        let ticked = (!confirmed.is_empty()).then_some(("confirmed", confirmed));
        let answer = harness.browser.answer(&link, &[&fields[..], ticked.as_slice()].concat()).await.unwrap();
        assert!(answer.status == 422 && answer.body.contains(unticked), "{}", answer.body);
        assert!(said.iter().all(|words| answer.body.contains(words)), "{said:?}: {}", answer.body);
        assert!(answer.body.contains(&format!("value=\"{version}\"")) && answer.body.contains(">mine</textarea>"));
        assert_undecided(&harness, &approval);
    }
    let right = [("verdict", "approve"), ("input.version", "1"), ("confirmed", "yes")];
    assert_eq!(harness.browser.answer(&link, &right).await.unwrap().status, 200);
    harness.settled(&approval, Status::Approved).await;
}

/// Plays the demonstration of a machine that asks for this.
async fn played(inputs: &Value, via: Via) -> anyhow::Result<Harness> {
    let mut asked = request(inputs);
    asked["risk"] = json!("high");
    let machine = StateMachine::new("asking", Source::new("the machine of the test", &asking::machine(&asked)));
    let options = Options { state_machines: vec![machine], ..options() };
    let harness = Harness::with_options(RULES_WITH_TEAMS, options, |ports| ports).await;
    let demo = Demo { start: Start::Machine(json!({})), via, decision: Decision::Approve };
    assert!(demo::play(&harness.world, &demo, Output::Json).await?, "{via:?}");
    Ok(harness)
}

#[tokio::test]
async fn the_demonstration_answers_wherever_it_decides_and_says_what_it_cannot_make_up() {
    let window = json!({"name": "window", "type": "choice", "options": ["tonight"]});
    let version = json!({"name": "version", "type": "text", "pattern": "[0-9]+", "default": 7});
    for via in [Via::Slack, Via::Teams, Via::Email] {
        let harness = played(&json!([window, version]), via).await.unwrap();
        let votes = harness.world.store.all().remove(0).votes;
        assert_eq!(json!(votes[0].inputs), json!({"window": "tonight", "version": "7"}), "{via:?}");
    }
    let version = json!({"name": "version", "type": "text", "pattern": "[0-9]+"});
    let complaint = played(&json!([version]), Via::Slack).await.err().unwrap().to_string();
    assert!(complaint.contains("cannot make up the input `version`"), "{complaint}");
}
