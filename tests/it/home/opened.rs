//! What somebody sees who opens their home.

use countersign_bot::approval::state::Status;
use countersign_playground::fakes::{Fault as SlackFault, SlackUser};
use countersign_playground::world::{Source, World};
use serde_json::{Value, json};

use super::{open, published, says};
use crate::support::faults::{Call, Fault, Faults};
use crate::support::said::in_slack;
use crate::support::{Harness, RULES, policy};

#[tokio::test]
async fn it_shows_what_waits_whole_and_what_was_asked_for() {
    let harness = Harness::start().await;
    let asked = json!({
        "policy": "calculation", "title": "Release *1.4.2* <!channel>", "requestedBy": "ada", "risk": "high",
        "summary": "To <@U0GRACE> and\nall others.",
        "facts": [{"name": "Version", "value": "1.4.2"}], "links": [{"text": "The change", "url": "https://example.com/1"}],
        "details": [{"title": "Plan", "text": "First this, then that."}],
    });
    let approval = harness.ask_for(&asked).await;
    let to_grace = open(&harness, "grace").await;
    for text in [
        "1 request waits for you",
        "Release *1.4.2* <!channel>",
        "High risk",
        "In the words of whoever asked:",
        "To <@U0GRACE> and\nall others.",
        "Version\n1.4.2",
        "example.com",
        "Show the details",
        "Approve…",
        "Reject…",
        "Requested by Ada Lovelace",
        "0 of 1 approvals",
        approval.id.as_str(),
    ] {
        assert!(to_grace.contains(text), "{text}: {to_grace}");
    }
    assert!(!to_grace.contains("You asked for"), "{to_grace}");
    let view = harness.world.slack.home(&harness.user("grace").id).unwrap();
    let blocks = view["blocks"].as_array().unwrap();
    let deadline = approval.request.deadline.as_second();
    assert!(view.to_string().contains(&deadline.to_string()), "the deadline is the reader's own: {view}");
    let is_typed = |element: &Value| element["type"] == "text" && element["text"] == "Release *1.4.2* <!channel>";
    let elements =
        blocks.iter().filter(|block| block["type"] == "rich_text").map(|block| &block["elements"][0]["elements"]);
    let mut elements = elements.flat_map(|elements| elements.as_array().unwrap());
    assert!(elements.any(is_typed), "what people typed is no markup: {view}");

    let to_ada = open(&harness, "ada").await;
    for text in
        ["Nothing waits for you", "You asked for", "Release *1.4.2* <!channel>", "Take back…", approval.id.as_str()]
    {
        assert!(to_ada.contains(text), "{text}: {to_ada}");
    }
    assert!(!to_ada.contains("Approve") && !to_ada.contains("Reject"), "{to_ada}");
}

#[tokio::test]
async fn the_oldest_deadline_comes_first_and_what_has_no_room_is_counted() {
    let harness = Harness::start().await;
    let mut titles = Vec::new();
    for number in 0..24 {
        let approval = harness.ask_again(&format!("{number} 1")).await;
        titles.push((approval.request.deadline, approval.id, approval.request.title));
    }
    titles.sort();
    let to_grace = open(&harness, "grace").await;
    let view = harness.world.slack.home(&harness.user("grace").id).unwrap();
    assert!(view["blocks"].as_array().unwrap().len() <= 100);
    let shown: Vec<usize> = titles.iter().filter_map(|(_, id, _)| to_grace.find(id.as_str())).collect();
    assert!(shown.len() > 4 && shown.is_sorted(), "{shown:?} {to_grace}");
    let more = format!("And {} more: \n/approvals pending", 24 - shown.len());
    assert!(to_grace.contains("24 requests wait for you") && to_grace.contains(&more), "{more}: {to_grace}");
    for (_, id, _) in &titles[..shown.len()] {
        assert!(to_grace.contains(id.as_str()), "those whose deadline comes last are left out");
    }
    let to_ada = open(&harness, "ada").await;
    assert!(to_ada.contains("And 12 more: \n/approvals pending"), "twenty are looked at: {to_ada}");
}

#[tokio::test]
async fn of_the_glass_that_was_broken_five_are_shown_and_the_others_counted() {
    let glass = "required = 2\nself_approval = true\nbreak_glass = { who = [\"linus\"] }";
    let rules = policy(&format!("{RULES}\n{glass}")).replace("\"optional\"", "\"known\"");
    let harness = Harness::with_policy(&rules, |ports| ports).await;
    for number in 0..6 {
        let approval = harness.ask_again(&format!("{number} 1")).await;
        in_slack(&harness, "linus", &format!("break-glass {} down", approval.id)).await;
        harness.settled(&approval, Status::Approved).await;
    }
    let to_grace = open(&harness, "grace").await;
    assert_eq!(to_grace.matches("Glass broken: ").count(), 5, "{to_grace}");
    assert!(to_grace.contains("Waits for your acknowledgement") && to_grace.contains("And 1 more: "), "{to_grace}");
}

#[tokio::test]
async fn whoever_the_policy_does_not_know_sees_a_friendly_home_at_once() {
    let harness = Harness::start().await;
    harness.ask().await;
    let slack = &harness.world.slack;
    for (id, team, expected) in [
        ("U0MALLORY", "T0LOCAL", "You are not listed in the policy of this app."),
        ("U0GRACE", "T0OTHER", "may not use this app"),
    ] {
        let stranger = SlackUser { id: id.to_owned(), name: "Mallory".to_owned(), team_id: team.to_owned() };
        assert_eq!(slack.open_home(&stranger).await.unwrap().status, 200);
        let view = slack.home(id).unwrap().to_string();
        assert!(view.contains(expected) && view.contains("Here people see what workflows ask them"), "{view}");
        assert!(!view.contains("Calculation") && !view.contains("button"), "{view}");
    }
    assert_eq!(harness.world.deliveries.count(), 0, "nobody is remembered for it");
}

#[tokio::test]
async fn slack_learns_that_the_address_is_ours_and_other_events_change_nothing() {
    let harness = Harness::start().await;
    let slack = &harness.world.slack;
    let challenge = json!({ "token": "x", "type": "url_verification", "challenge": "3eZbrw1aBm2rZgRNFdxV2595" });
    let answer = slack.tell(&challenge).await.unwrap();
    let expected = json!({ "challenge": "3eZbrw1aBm2rZgRNFdxV2595" });
    assert_eq!((answer.status, serde_json::from_str::<Value>(&answer.body).unwrap()), (200, expected));
    let grace = harness.user("grace");
    let mut other = slack.home_event(&grace, "home");
    other["event"]["type"] = json!("app_mention");
    for event in [slack.home_event(&grace, "messages"), other, json!({ "type": "app_rate_limited" })] {
        assert_eq!(slack.tell(&event).await.unwrap().status, 200, "{event}");
    }
    harness.deliver().await;
    assert_eq!(published(&harness), 0);
    assert_eq!(slack.tell(&json!({ "type": "event_callback" })).await.unwrap().status, 400);
}

#[tokio::test]
async fn slack_tells_again_of_a_home_that_could_not_be_noted() {
    let faults = Faults::default();
    let harness = Harness::with(RULES, |ports| faults.in_front_of(ports)).await;
    for call in [Call::Homes, Call::SaveHome, Call::Enqueue] {
        faults.next(call, Fault::Refused);
        let answer = harness.world.slack.open_home(&harness.user("grace")).await.unwrap();
        assert_eq!(answer.status, 503, "{call:?}");
    }
    assert!(open(&harness, "grace").await.contains("Nothing waits for you"));
}

/// The lists of the store hear of a change a moment later.
#[tokio::test]
async fn what_the_lists_do_not_know_yet_is_there_all_the_same() {
    let faults = Faults::default();
    let harness = Harness::with(RULES, |ports| faults.in_front_of(ports)).await;
    for who in ["ada", "grace"] {
        open(&harness, who).await;
    }
    faults.always(Call::Waiting, Some(Fault::Lags));
    faults.always(Call::RaisedBy, Some(Fault::Lags));
    let approval = harness.ask().await;
    says(&harness, "grace", approval.id.as_str()).await;
    assert!(says(&harness, "ada", approval.id.as_str()).await.contains("You asked for"));
}

#[tokio::test]
async fn a_home_that_slack_does_not_take_holds_up_nobody_and_is_made_when_it_is_opened_again() {
    let harness = Harness::start().await;
    let slack = &harness.world.slack;
    slack.enable_home(false);
    assert_eq!(open(&harness, "grace").await, "");
    assert_eq!(published(&harness), 1, "what is refused for good is not tried again");
    slack.enable_home(true);
    slack.fail_always("views.publish", Some(SlackFault::NotOk("internal_error".to_owned())));
    open(&harness, "grace").await;
    for _ in 0..10 {
        harness.pass_time(60);
        harness.deliver().await;
    }
    assert!(harness.world.deliveries.set_aside().is_empty(), "nobody has to see to it");
    slack.recover();
    let approval = harness.ask().await;
    says(&harness, "grace", approval.id.as_str()).await;
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
    says(&harness, "grace", "Nothing waits for you").await;
}

/// Its name for what it saw is an old one by then, so that Slack refuses what is looked up meanwhile.
#[tokio::test]
async fn what_a_lost_messenger_has_shown_gives_way_to_what_is_looked_up_after_it() {
    let harness = Harness::start().await;
    let grace = harness.user("grace");
    let slack = &harness.world.slack;
    open(&harness, "grace").await;
    let approval = harness.ask().await;
    says(&harness, "grace", approval.id.as_str()).await;
    harness.deliver().await;
    let stale = slack.home(&grace.id).unwrap();
    let before = published(&harness);
    slack.show_home(&grace.id, &stale);
    harness.press("grace", &approval, "approve", None).await;
    says(&harness, "grace", "Nothing waits for you").await;
    harness.deliver().await;
    let calls = slack.calls().into_iter().filter(|(method, _)| method == "views.publish").skip(before);
    let over: Vec<Value> = calls.map(|(_, body)| body["hash"].clone()).take(2).collect();
    assert!(over[0].is_string() && over[1].is_null(), "{over:?}");
    let before = published(&harness);
    harness.ask_again("1 1").await;
    says(&harness, "grace", "Calculation 1 + 1").await;
    let next = slack.calls().into_iter().filter(|(method, _)| method == "views.publish").nth(before).unwrap();
    assert!(next.1["hash"].is_string(), "by then the name is known again");
}

#[tokio::test]
async fn whoever_has_left_the_policy_is_told_so_and_sees_nothing_more() {
    let harness = Harness::start().await;
    let linus = harness.user("linus");
    open(&harness, "linus").await;
    let asked = json!({ "policy": "calculation", "title": "Theirs", "requestedBy": "linus" });
    let approval = harness.ask_for(&asked).await;
    says(&harness, "linus", "Theirs").await;
    harness.world.push_policy(&Source::new("without Linus", &without_linus())).await.unwrap();
    harness.press("grace", &approval, "approve", None).await;
    let shown = |_: &World| harness.world.slack.home(&linus.id).map(|view| view.to_string());
    let told = "You are not listed in the policy of this app.";
    let shown = harness.until(told, |world| shown(world).filter(|shown| shown.contains(told))).await;
    assert!(!shown.contains("Theirs"), "{shown}");
}

fn without_linus() -> String {
    let policy = policy(RULES);
    let (before, rest) = policy.split_once("[people.linus]").unwrap();
    let (_, after) = rest.split_once("[groups]").unwrap();
    format!("{before}[groups]{after}")
}
