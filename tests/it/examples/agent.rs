//! An agent's calls of tools: people approve those that are risky, and the others run.

use countersign_bot::approval::limits::FACTS_MAX;
use countersign_bot::approval::state::Status;
use countersign_playground::world::Source;
use serde_json::{Value, json};

use super::files::part;
use super::{
    CHATS, Chat, End, approve, asked, called, end, fields, output, refuse_everywhere, start, text, world, world_with,
};
use crate::support::{Harness, is_out, shown};

const TYPED: &str = "agent C-1017 \"My order came broken.\nPlease give me my money back.\"";
const REFUND: &str = "The agent wants to use refund";
const MAIL: &str = "The agent wants to use send_mail";

/// What became of each call.
async fn statuses(harness: &Harness) -> Vec<Value> {
    output(harness).await["calls"].as_array().unwrap().iter().map(|call| call["status"].clone()).collect()
}

#[tokio::test]
async fn what_is_harmless_runs_and_what_is_risky_once_it_is_approved() {
    for chat in CHATS {
        let harness = world("agent").await;
        start(&harness, chat, TYPED).await;
        let typed = json!({ "customer": "C-1017", "task": "My order came broken.\nPlease give me my money back." });
        assert_eq!(fields(&harness, chat).await, typed);
        let (refund, mail) = (asked(&harness, REFUND).await, asked(&harness, MAIL).await);
        assert_eq!(harness.world.store.count(), 2, "nobody is asked about what is harmless");
        let card = shown(&harness.card(&refund));
        for text in ["C-1017", "My order came broken.", "A-17", "120", "EUR"] {
            assert!(card.contains(text), "{text}: {card}");
        }
        let execution = harness.world.engine.executions().pop().unwrap();
        let run = harness
            .until("the harmless call has run", |_| {
                Some(called(&harness, &execution, "Run")).filter(|it| !it.is_empty())
            })
            .await;
        assert_eq!(run[0]["Payload"]["tool"], "find_order");
        assert_eq!(run.len(), 1, "nothing runs that is not approved");
        approve(&harness, chat, "ada", &mail).await;
        approve(&harness, Chat::Teams, "grace", &refund).await;
        let output = output(&harness).await;
        let calls = output["calls"].as_array().unwrap();
        let all: Vec<_> = calls.iter().map(|call| json!([call["tool"], call["status"], call["approvedBy"]])).collect();
        let expected = [
            json!(["find_order", "done", null]),
            json!(["refund", "done", "grace"]),
            json!(["send_mail", "done", "ada"]),
        ];
        assert_eq!(all, expected, "in the order of the plan");
        let run = called(&harness, &execution, "Run");
        let arguments = json!({ "order": "A-17", "amount": 120, "currency": "EUR" });
        assert!(
            run.iter().any(|call| call["Payload"] == json!({ "tool": "refund", "arguments": arguments })),
            "{run:?}"
        );
    }
}

/// One call that is not approved keeps no other from being made, and the agent is told why.
#[tokio::test]
async fn a_call_that_nobody_approves_is_not_made() {
    for (how, status, reason) in [
        (End::Rejected, "rejected", "Not now."),
        (End::Cancelled, "cancelled", "Whoever asked took the request back."),
        (End::Expired, "expired", "Nobody decided in time."),
    ] {
        let harness = world("agent").await;
        start(&harness, Chat::Slack, TYPED).await;
        let (refund, mail) = (asked(&harness, REFUND).await, asked(&harness, MAIL).await);
        approve(&harness, Chat::Slack, "ada", &mail).await;
        harness.settled(&mail, Status::Approved).await;
        end(&harness, &refund, how, "grace").await;
        let calls = output(&harness).await["calls"].clone();
        assert_eq!((&calls[1]["status"], &calls[1]["reason"]), (&json!(status), &json!(reason)), "{calls}");
        assert_eq!((&calls[0]["status"], &calls[2]["status"]), (&json!("done"), &json!("done")), "{calls}");
        let run = called(&harness, &harness.ended().await, "Run");
        assert!(!run.iter().any(|call| call["Payload"]["tool"] == "refund"), "{run:?}");
    }
}

/// What an agent makes up is asked about, whatever it says of it, and what cannot be shown is not run.
#[tokio::test]
async fn whatever_the_agent_plans_nothing_risky_runs_unasked() {
    let arguments = |count: usize| (0..count).map(|number| (format!("a{number}"), json!(number))).collect::<Value>();
    let calls = json!([
        { "id": "1", "tool": "FIND_ORDER", "arguments": {}, "harmless": true },
        { "id": "2", "tool": "find_order\u{200b}", "arguments": {} },
        { "id": "3", "tool": "find_order", "arguments": {} },
        { "id": "4", "tool": "wipe", "arguments": { "all": [true, { "deep": null }], "why": "x".repeat(2_000) } },
        { "id": "5", "tool": "tag", "arguments": { "tags": ["a", "b"], "when": null } },
        { "id": "6", "tool": "many", "arguments": arguments(FACTS_MAX) },
        { "id": "7", "tool": "fewer", "arguments": arguments(FACTS_MAX - 1) },
    ]);
    let mut mocks: Value = serde_json::from_str(&text("agent", "agent.mocks.json")).unwrap();
    mocks["MockedResponses"]["Calls"]["0"]["Return"]["Payload"]["calls"] = calls;
    let harness = world_with("agent", Source::new("mocks of the test", &mocks.to_string())).await;
    start(&harness, Chat::Slack, TYPED).await;
    let odd = asked(&harness, "The agent wants to use FIND_ORDER").await;
    let tag = asked(&harness, "The agent wants to use tag").await;
    let card = shown(&harness.card(&tag));
    assert!(card.contains(r#"["a","b"]"#), "what is no text is shown as JSON: {card}");
    approve(&harness, Chat::Slack, "ada", &tag).await;
    approve(&harness, Chat::Slack, "ada", &asked(&harness, "The agent wants to use fewer").await).await;
    harness.press("ada", &odd, "reject", Some("There is no such tool.")).await;
    assert_eq!(
        statuses(&harness).await,
        ["rejected", "nobody_asked", "done", "nobody_asked", "done", "nobody_asked", "done"]
    );
    assert!(part("agent").contains(&format!("more than {} arguments", FACTS_MAX - 1)));
    let run = called(&harness, &harness.ended().await, "Run");
    let mut tools: Vec<&str> = run.iter().map(|call| call["Payload"]["tool"].as_str().unwrap()).collect();
    tools.sort_unstable();
    assert_eq!(tools, ["fewer", "find_order", "tag"]);
}

#[tokio::test]
async fn what_nobody_can_be_asked_about_is_not_run() {
    let harness = world("agent").await;
    refuse_everywhere(&harness);
    start(&harness, Chat::Teams, TYPED).await;
    harness
        .until("every place has refused both", |world| {
            let refused = world.store.count_where(|it| it.reaches_nobody() && it.is_tried_everywhere());
            (refused == 2).then_some(())
        })
        .await;
    harness.reconcile().await;
    assert_eq!(statuses(&harness).await, ["done", "nobody_asked", "nobody_asked"]);
    assert!(harness.world.store.all().iter().all(|it| !is_out(it)));
}
