//! A request may name who alone decides it, of those whom its policy allows. That holds on every platform, and after an
//! escalation.

use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::flow::notify;
use serde_json::{Value, json};

use crate::support::{Harness, RULES_WITH_TEAMS, START, shown, texts};

const CONVERSATION: &str = "19:finance@thread.tacv2";

/// Ada and Grace may decide, and Linus from two minutes on.
fn rules() -> String {
    format!(
        "{RULES_WITH_TEAMS}\nself_approval = true\nescalate_after = \"2m\"\nescalate_to = [\"linus\"]\n\
         email = \"always\""
    )
}

fn request(approvers: &Value) -> Value {
    json!({"policy": "calculation", "title": "Deploy", "requestedBy": "linus", "approvers": approvers})
}

fn input(approval: &Value) -> Value {
    json!({
        "taskToken": "t".repeat(700), "stateEnteredAt": START, "timeoutSeconds": 600, "approval": approval,
        "executionArn": "arn:aws:states:local:000000000000:execution:calculation:by-hand",
    })
}

/// What Slack shows this person alone after `/approvals show`.
async fn show(harness: &Harness, who: &str, approval: &Approval) -> String {
    let show = format!("show {}", approval.id);
    let answer = harness.world.slack.command(&harness.user(who), &harness.world.channel, "/approvals", &show).await;
    texts(&answer.blocks).concat()
}

/// Presses both buttons in both chats, none of which may count.
async fn assert_may_not_decide(harness: &Harness, who: &str, approval: &Approval) {
    for (verdict, input) in [("approve", "comment"), ("reject", "reason")] {
        harness.press(who, approval, verdict, Some("why")).await;
        let told = harness.whispers(who).pop().unwrap();
        assert!(told.starts_with("You cannot decide on this request."), "{who}: {told}");
        harness.press_in_teams(who, approval, verdict, &[(input, "why")]).await;
        let record = harness.record(&approval.id);
        assert!(record.status() == Status::Pending && record.votes.is_empty(), "{who}: {record:?}");
    }
}

#[tokio::test]
async fn who_is_not_named_does_not_decide_and_everybody_sees_who_may() {
    let harness = Harness::with_rules(&rules()).await;
    let approval = harness.ask_for(&request(&json!(["Grace Hopper"]))).await;
    let only = "Only Grace Hopper may decide";
    let mail = harness.mails("grace").remove(0);
    let page = harness.browser.get(&harness.link("grace")).await.unwrap().body;
    for (place, shown, words) in [
        ("Slack", shown(&harness.card(&approval)), only),
        ("Teams", texts(&harness.teams_card(&approval).card.unwrap()).concat(), only),
        ("mail", mail.text, "May decide: only Grace Hopper"),
        ("HTML mail", mail.html, "only Grace Hopper"),
        ("page", page, "only Grace Hopper"),
        ("show", show(&harness, "ada", &approval).await, only),
    ] {
        assert!(shown.contains(words), "{place}: {shown}");
    }
    assert!(harness.mails("ada").is_empty(), "nobody is asked who cannot answer");
    assert_may_not_decide(&harness, "ada", &approval).await;
    let to_ada = show(&harness, "ada", &approval).await;
    assert!(to_ada.contains("You cannot decide on this request. It waits for Grace Hopper."), "{to_ada}");
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
}

#[tokio::test]
async fn an_escalation_calls_in_only_whom_the_request_names() {
    let harness = Harness::with_rules(&rules()).await;
    let approval = harness.ask_for(&request(&json!(["grace"]))).await;
    assert!(!show(&harness, "ada", &approval).await.contains("on also: "));
    harness.pass_time(180);
    harness.reconcile().await;
    assert_may_not_decide(&harness, "linus", &approval).await;
    assert!(harness.record(&approval.id).calls.is_empty() && harness.mails("linus").is_empty());
}

#[tokio::test]
async fn who_is_named_and_called_in_later_decides_from_then_on() {
    let harness = Harness::with_rules(&rules()).await;
    let approval = harness.ask_for(&request(&json!(["grace", "linus@example.com"]))).await;
    assert_may_not_decide(&harness, "linus", &approval).await;
    harness.pass_time(180);
    harness.reconcile().await;
    assert_may_not_decide(&harness, "ada", &approval).await;
    harness.press("linus", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
}

#[tokio::test]
async fn a_group_is_named_by_its_key() {
    let harness = Harness::with_rules(&rules()).await;
    let approval = harness.ask_for(&request(&json!(["board"]))).await;
    let card = shown(&harness.card(&approval));
    assert!(card.contains("Only group board may decide"), "{card}");
    assert_may_not_decide(&harness, "ada", &approval).await;
    let teams = harness.world.teams.say(&harness.teams_user("ada"), CONVERSATION, "pending").await;
    assert_eq!(teams.unwrap(), 200);
    let list = harness.world.teams.messages(CONVERSATION).pop().unwrap().text;
    assert!(!list.contains("Deploy"), "it does not wait for her: {list}");
}

#[tokio::test]
async fn whom_the_policy_does_not_allow_and_too_few_are_refused_by_their_field() {
    let four_eyes = format!("{RULES_WITH_TEAMS}\nrequired = 2");
    let unreachable = RULES_WITH_TEAMS.replace("[\"finance\"]", "[\"finance\", \"mel\"]")
        + "\nemail = \"never\"\n[people.mel]\nname = \"Mel\"\nemail = \"mel@example.com\"";
    for (rules, approvers, by, expected) in [
        (rules(), json!([]), "linus", "approvers: names nobody"),
        (rules(), json!("grace"), "linus", "approvers: must be a list, not text"),
        (rules(), json!([7]), "linus", "approvers[0]: must be the name of a person or of a group"),
        (rules(), json!(["grace", "mallory"]), "linus", "approvers[1]: is neither a person nor a group"),
        (
            rules(),
            json!(["hopper"]),
            "linus",
            "approvers[0]: is nobody's name in the policy file, and a part of those of `grace`",
        ),
        (rules(), json!(["Ada Lovelace <grace@example.com>"]), "linus", "approvers[0]: may mean `ada`, `grace`"),
        (rules(), json!(["grace\u{200b}"]), "linus", "approvers[0]: has the character U+200B"),
        (rules(), json!(vec!["grace"; 11]), "linus", "approvers: has 11 names, at most 10"),
        (rules(), json!(["linus"]), "linus", "approvers: policy `calculation` needs 1 approval, and none of these"),
        (
            RULES_WITH_TEAMS.to_owned(),
            json!(["linus"]),
            "ada",
            "approvers[0]: policy `calculation` does not let `linus` decide",
        ),
        (
            RULES_WITH_TEAMS.to_owned(),
            json!(["grace"]),
            "grace",
            "approvers: policy `calculation` needs 1 approval, and none",
        ),
        (
            four_eyes.clone(),
            json!(["grace", "U0GRACE", "board"]),
            "linus",
            "approvers: policy `calculation` needs 2 approvals, and only 1 of",
        ),
        (
            unreachable,
            json!(["mel"]),
            "linus",
            "approvers: policy `calculation` needs 1 approval, and none of these people",
        ),
    ] {
        let harness = Harness::with_rules(&rules).await;
        let mut request = request(&approvers);
        request["requestedBy"] = json!(by);
        let told = notify::notify(&harness.world.bot().app, input(&request)).await;
        let told = told.unwrap_err().to_string();
        assert!(told.starts_with(&format!("approval.{expected}")), "{approvers}: {told}");
        assert!(harness.world.store.all().is_empty(), "{approvers}");
    }
}
