//! A decision is bound to what was asked, by a hash that is everywhere where the request is.

use countersign_bot::approval::audit::What;
use countersign_bot::approval::state::Status;
use countersign_bot::flow::notify;
use countersign_playground::fakes::teams::Shown;
use serde_json::{Value, json};

use crate::support::{Harness, RULES_WITH_TEAMS, START, shown, texts};

const OTHER: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn input(token: &str, approval: &Value) -> Value {
    json!({
        "taskToken": token, "stateEnteredAt": START, "timeoutSeconds": 600, "approval": approval,
        "executionArn": "arn:aws:states:local:000000000000:execution:calculation:by-hand",
    })
}

#[tokio::test]
async fn the_hash_is_wherever_the_request_is() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = harness.ask().await;
    let (hash, short) = (approval.content_hash().to_string(), approval.content_hash().short());
    assert!(hash.starts_with(&short) && short.len() == 12);
    let page = harness.browser.get(&harness.link("grace")).await.unwrap().body;
    let show = format!("show {}", approval.id);
    let answer = harness.world.slack.command(&harness.user("grace"), "C0FINANCE", "/approvals", &show).await;
    let mail = harness.mails("grace").remove(0);
    for (place, text) in [
        ("Slack", shown(&harness.card(&approval))),
        ("Teams", texts(&harness.teams_card(&approval).card.unwrap()).join("\n")),
        ("mail", mail.text),
        ("HTML mail", mail.html),
        ("page", page),
        ("show", texts(&answer.blocks).concat()),
    ] {
        assert!(text.contains(&short), "{place}: {text}");
    }
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
    let closing = harness.mails("grace").pop().unwrap();
    assert!(closing.text.contains(&short) && closing.html.contains(&short), "{}", closing.text);
    for kind in ["Approval Requested", "Approval Voted", "Approval Resolved"] {
        assert_eq!(harness.events(kind)[0]["contentHash"], hash, "{kind}");
    }
    let record = harness.record(&approval.id);
    assert_eq!(record.votes[0].content, approval.content_hash());
    let trail = harness.world.bot().app.ports.store.history(&approval.id).await.unwrap();
    let bound = trail.iter().filter(|entry| match &entry.what {
        What::Raised { content, .. } | What::Voted { content, .. } => *content == Some(approval.content_hash()),
        _ => false,
    });
    assert_eq!(bound.count(), 2);
}

#[tokio::test]
async fn the_output_and_the_causes_of_a_task_have_it() {
    for (verdict, error) in
        [("approve", None), ("reject", Some("ApprovalRejected")), ("cancel", Some("ApprovalCancelled"))]
    {
        let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
        let approval = harness.ask().await;
        if verdict == "cancel" {
            let cancel = format!("cancel {}", approval.id);
            harness.world.slack.command(&harness.user("ada"), "C0FINANCE", "/approvals", &cancel).await;
        } else {
            harness.press("grace", &approval, verdict, Some("why")).await;
        }
        harness.ended().await;
        let execution = harness.world.engine.executions().pop().unwrap();
        let history = format!("{:?}", harness.world.engine.history(&execution.execution_arn));
        let said = history.contains(&approval.content_hash().to_string());
        assert!(said && error.is_none_or(|error| history.contains(error)), "{verdict}: {history}");
    }
}

#[tokio::test]
async fn a_press_on_something_else_is_refused_with_words() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = harness.ask().await;
    let (slack, teams) = (&harness.world.slack, &harness.world.teams);
    for (verdict, input) in [("approve", "comment"), ("reject", "reason")] {
        let card = harness.card(&approval);
        let grace = harness.user("grace");
        let mut payload = slack.press_payload(&grace, &card.channel, &card.ts, verdict, Some("why")).unwrap();
        payload["actions"][0]["value"] = json!(format!("{}.{OTHER}", approval.id));
        assert_eq!(slack.press_raw(&payload).await.unwrap().status, 200);
        let told = harness.whispers("grace").pop().unwrap();
        assert!(told.starts_with("What you were shown is not what is asked"), "{told}");

        let (grace, card) = (harness.teams_user("grace"), harness.teams_card(&approval).id);
        let mut activity = teams.invoke_payload(&grace, &card, verdict, &[(input, "why")]).unwrap();
        activity["value"]["action"]["data"]["content"] = json!(OTHER);
        let told = teams.post(&activity).await.unwrap().body;
        assert!(told.contains("What you were shown is not what is asked"), "{told}");
    }
    let record = harness.record(&approval.id);
    assert!(record.status() == Status::Pending && record.votes.is_empty());
    let Shown::Card(_) = harness.press_in_teams("grace", &approval, "approve", &[]).await else { panic!("it counts") };
    harness.settled(&approval, Status::Approved).await;
}

#[tokio::test]
async fn a_task_is_asked_about_once_and_with_one_content() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let app = &harness.world.bot().app;
    let request = json!({"policy": "calculation", "title": "Pay", "requestedBy": "linus", "facts": [{"name": "n", "value": "1"}]});
    let first = notify::notify(app, input("token", &request)).await.unwrap();
    assert_eq!(notify::notify(app, input("token", &request)).await.unwrap(), first, "a repeated delivery");
    for (field, value) in [
        ("title", json!("Pay more")),
        ("summary", json!("more")),
        ("facts", json!([])),
        ("approvers", json!(["grace"])),
        ("links", json!([{"text": "The change", "url": "https://example.com"}])),
        ("details", json!([{"title": "Plan", "text": "All of it."}])),
        ("risk", json!("high")),
        ("requestedBy", json!("grace")),
    ] {
        let mut other = request.clone();
        other[field] = value;
        let error = notify::notify(app, input("token", &other)).await.unwrap_err();
        assert_eq!(error.name(), "InvalidApprovalRequest", "{field}");
        assert!(
            error.to_string().starts_with("approval: something else was asked with the same task token"),
            "{error}"
        );
    }
    harness.deliver().await;
    assert_eq!(harness.world.store.all().len(), 1);
    assert_eq!(harness.world.slack.messages("C0FINANCE").len(), 1);
}
