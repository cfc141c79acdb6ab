//! The details of a request: shown on demand, whole, to whoever sees the card, and bound to what is decided.

use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::flow::notify;
use countersign_bot::platforms::slack::details::DETAILS;
use countersign_playground::fakes::SlackUser;
use serde_json::{Value, json};

use crate::support::{Harness, RULES_WITH_TEAMS, START, card_of, texts};

const PLAN: &str = "~ update\n    + name = \"*a*\" <!channel>\n\n{{DATE(2026-11-23T10:00:00Z)}} \u{202e}end";

fn request(fields: &Value) -> Value {
    let mut request = json!({"policy": "calculation", "title": "Deploy", "requestedBy": "linus"});
    request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    request
}

async fn ask(harness: &Harness) -> Approval {
    let details = json!([{"title": "Plan <1>", "text": PLAN}, {"title": "Rollback", "text": "None."}]);
    harness.ask_for(&request(&json!({ "details": details }))).await
}

/// What stands in the view in front of this person, if one is open.
fn view(harness: &Harness, user: &SlackUser) -> Option<Vec<String>> {
    harness.world.slack.open_view(&user.id).map(|open| texts(&open.view["blocks"]))
}

/// Presses the button of the card that shows the details, and returns what is to be read then.
async fn look(harness: &Harness, who: &str, approval: &Approval) -> Vec<String> {
    assert_eq!(harness.press(who, approval, DETAILS, None).await, 200);
    view(harness, &harness.user(who)).expect("the details are open")
}

/// The card that a button of the card in Teams opens.
fn opened_in_teams(card: &Value) -> Vec<String> {
    let sets = card["body"].as_array().unwrap().iter().filter(|element| element["type"] == "ActionSet");
    let mut actions = sets.flat_map(|set| set["actions"].as_array().unwrap().clone());
    texts(&actions.find(|action| action["title"] == "Show the details").expect("there is a button")["card"])
}

#[tokio::test]
async fn details_are_read_on_demand_in_the_chats_and_looking_changes_nothing() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = ask(&harness).await;
    let shown = PLAN.replace('\u{202e}', "[U+202E]");
    let on_card = texts(&harness.card(&approval).blocks).concat();
    assert!(!on_card.contains("Rollback") && !on_card.contains("update"), "{on_card}");
    let before = harness.record(&approval.id);
    let read = look(&harness, "grace", &approval).await;
    for text in ["In the words of whoever asked:", "Deploy", "Plan <1>", &shown, "Rollback", "None."] {
        assert!(read.iter().any(|read| read == text), "{text}: {read:?}");
    }
    let blocks = harness.world.slack.open_view(&harness.user("grace").id).unwrap().view.to_string();
    assert!(!blocks.contains("\"input\"") && !blocks.contains("\"submit\""), "{blocks}");
    let in_teams = opened_in_teams(&harness.teams_card(&approval).card.unwrap());
    let spaces = |text: &str| text.replace('\u{a0}', " ").replace('\u{2060}', "");
    for text in ["In the words of whoever asked:", "Plan <1>", &shown, "Rollback", "None."] {
        assert!(in_teams.iter().any(|read| spaces(read) == text), "{text}: {in_teams:?}");
    }
    assert!(in_teams.iter().any(|read| read.contains("\n\u{a0}\u{a0}\u{a0}\u{a0}+ name")), "{in_teams:?}");
    assert_eq!(harness.record(&approval.id).version, before.version, "nothing was written");
    assert_eq!(harness.whispers("grace"), Vec::<String>::new());
}

#[tokio::test]
async fn details_are_below_the_button_of_a_mail_and_before_the_decision_on_the_page() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    ask(&harness).await;
    let (mail, link) = (harness.mails("grace").remove(0), harness.link("grace"));
    let (before, after) = mail.text.split_once(&link).unwrap();
    assert!(!before.contains("Rollback"), "{before}");
    let quoted =
        after.lines().filter_map(|line| line.strip_prefix('>')).map(|line| line.strip_prefix(' ').unwrap_or(line));
    let quoted: Vec<&str> = quoted.collect();
    for line in PLAN.replace('\u{202e}', "[U+202E]").lines().chain(["Plan <1>", "Rollback", "None."]) {
        assert!(quoted.contains(&line), "{line}: {after}");
    }
    let (before, after) = mail.html.rsplit_once(&link).unwrap();
    assert!(!before.contains("Rollback") && after.contains("Plan &#60;1&#62;"), "{after}");
    let page = harness.browser.get(&link).await.unwrap().body;
    let (before, after) = page.split_once("<form").unwrap();
    assert!(before.contains("<summary>Plan &#60;1&#62;</summary>") && !after.contains("Plan"), "{page}");
    for shown in [&*mail.html, before] {
        let lines = "~ update<br>    + name = &#34;*a*&#34; &#60;!channel&#62;<br><br>{{DATE(2026-11-23T10:00:00Z)}} [U+202E]end</p>";
        assert!(shown.contains(lines), "{shown}");
    }
    assert!(before.contains("<details open>"), "shown whole: {before}");
}

#[tokio::test]
async fn whoever_sees_the_card_may_look_and_nobody_of_another_workspace() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = ask(&harness).await;
    for who in ["grace", "linus", "outsider"] {
        assert!(look(&harness, who, &approval).await.contains(&"None.".to_owned()), "{who}");
    }
    let (channel, ts) = card_of(&harness.record(&approval.id));
    let stranger = SlackUser { id: "U0STRANGER".to_owned(), team_id: "T9".to_owned(), ..harness.user("grace") };
    let slack = &harness.world.slack;
    let payload = slack.press_payload(&stranger, &channel, &ts, DETAILS, None).unwrap();
    assert_eq!(slack.press_raw(&payload).await.unwrap().status, 200);
    assert_eq!(view(&harness, &stranger), None);
    let told = slack.ephemerals().pop().unwrap();
    assert!(told.user == stranger.id && told.text.starts_with("Your workspace or organization may not"), "{told:?}");
}

#[tokio::test]
async fn details_are_there_after_the_decision_and_of_the_request_that_the_card_shows() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = ask(&harness).await;
    let (channel, ts) = card_of(&harness.record(&approval.id));
    let (grace, slack) = (harness.user("grace"), &harness.world.slack);
    let mut payload = slack.press_payload(&grace, &channel, &ts, DETAILS, None).unwrap();
    payload["actions"][0]["value"] = json!(format!("{}.{}", approval.id, "0".repeat(64)));
    slack.press_raw(&payload).await.unwrap();
    assert_eq!(view(&harness, &grace), None);
    assert!(harness.whispers("grace")[0].starts_with("What you were shown is not what is asked"));
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
    assert!(look(&harness, "grace", &approval).await.contains(&"None.".to_owned()));
    assert!(opened_in_teams(&harness.teams_card(&approval).card.unwrap()).contains(&"None.".to_owned()));
}

#[tokio::test]
async fn a_view_that_slack_does_not_open_is_told() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = ask(&harness).await;
    harness.world.slack.fail_always("views.open", Some(countersign_playground::fakes::Fault::NotOk("oops".to_owned())));
    harness.press("grace", &approval, DETAILS, None).await;
    assert_eq!(harness.whispers("grace"), ["That could not be looked up just now. Please try again in a moment."]);
}

#[tokio::test]
async fn the_longest_detail_is_read_whole() {
    for (text, between) in [("&".repeat(1_980), ""), ("漢字 😀 ".repeat(1_400), ""), ("two words\n".repeat(890), "\n")]
    {
        let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
        let text = text.trim();
        let details = json!([{"title": "All", "text": text}]);
        let approval = harness.ask_for(&request(&json!({ "details": details }))).await;
        let read = look(&harness, "grace", &approval).await;
        let sections: Vec<&str> = read.iter().skip_while(|text| *text != "All").skip(1).map(String::as_str).collect();
        assert!(sections.len() > 2, "{} sections", sections.len());
        assert_eq!(sections.join(between), text);
    }
}

#[tokio::test]
async fn what_is_wrong_with_details_is_told_by_its_field_and_all_at_once() {
    let harness = Harness::start().await;
    let long = "x".repeat(9_999);
    let wrong = json!({
        "summary": "x".repeat(3_001), "risk": "low",
        "details": [
            {"title": "", "text": " \u{200b}"}, {"title": "a\u{202e}", "text": 5}, "Plan", {"title": "x".repeat(101)},
            {"title": "ok", "text": long, "color": "red"}, {"title": "ok", "text": "x"},
        ],
    });
    let input = json!({
        "taskToken": "t".repeat(700), "stateEnteredAt": START, "timeoutSeconds": 600, "approval": request(&wrong),
        "executionArn": "arn:aws:states:local:000000000000:execution:calculation:by-hand",
    });
    let told = notify::notify(&harness.world.bot().app, input).await.unwrap_err().to_string();
    for expected in [
        "approval.summary: has 3001 characters, at most 3000",
        "approval.risk: must be high, or be left out",
        "approval.details[0].title: must not be empty",
        "approval.details[0].text: must not be empty",
        "approval.details[1].title: has the character U+202E",
        "approval.details[1].text: must be text, not a number",
        "approval.details[2]: must be an object",
        "approval.details[3].title: has 101 characters, at most 100",
        "approval.details[3].text: is missing",
        "approval.details[4].color: unknown field; known here: title, text",
        "approval.details: its texts have 10123 characters together, at most 10000",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    let many = json!({"details": vec![json!({"title": "a", "text": "b"}); 11], "risk": ["high"]});
    let input = json!({
        "taskToken": "t".repeat(700), "stateEnteredAt": START, "timeoutSeconds": 600, "approval": request(&many),
        "executionArn": "arn:aws:states:local:000000000000:execution:calculation:by-hand",
    });
    let told = notify::notify(&harness.world.bot().app, input).await.unwrap_err().to_string();
    assert!(told.contains("approval.details: has 11 details, at most 10"), "{told}");
    assert!(told.contains("approval.risk: must be text, not a list"), "{told}");
    assert!(harness.world.store.all().is_empty());
}
