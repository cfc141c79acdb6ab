//! Every limit of Block Kit at and over its edge, with hostile text: the fake Slack refuses what Slack would refuse.

use countersign_bot::approval::state::Status;
use countersign_bot::flow::notify;
use countersign_bot::messages::escape;
use countersign_playground::fakes::SlackMessage;
use serde_json::{Value, json};

use crate::support::{Harness, RULES, START, shown};

fn input(approval: Value) -> Value {
    json!({
        "taskToken": "t".repeat(700), "stateEnteredAt": START, "timeoutSeconds": 600, "approval": approval,
        "executionArn": "arn:aws:states:local:000000000000:execution:calculation:by-hand",
    })
}

/// Raises a request with this text everywhere, and returns the card.
async fn card_with(text: &str, facts: usize) -> SlackMessage {
    let harness = Harness::with_rules(RULES).await;
    let cut = |max: usize| text.chars().take(max).collect::<String>();
    let facts: Vec<Value> = (0..facts).map(|_| json!({"name": cut(100), "value": cut(2_000)})).collect();
    let request = json!({
        "policy": "calculation", "title": cut(300), "summary": cut(4_000), "facts": facts, "requestedBy": cut(100)
    });
    notify::notify(&harness.world.bot.app, input(request)).await.unwrap();
    let mut messages = harness.world.slack.messages("C0FINANCE");
    assert_eq!(messages.len(), 1, "Slack has taken the card");
    messages.remove(0)
}

/// Every text in which Slack looks for mentions and links; a header is plain text, where it does not.
fn mrkdwn(card: &SlackMessage) -> Vec<String> {
    fn collect(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::Object(object) if object.get("type") == Some(&json!("mrkdwn")) => {
                into.push(object["text"].as_str().unwrap().to_owned());
            }
            Value::Object(object) => object.values().for_each(|value| collect(value, into)),
            Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
            _ => {}
        }
    }
    let mut texts = vec![card.text.clone()];
    collect(&card.blocks, &mut texts);
    texts
}

#[tokio::test]
async fn hostile_text_is_shown_and_does_nothing() {
    let hostile = [
        "<!channel>",
        "</a><script>alert(1)</script>",
        "<@U0ADA> approved <https://evil.example|here>",
        "&amp;&lt;",
        "\u{202e}evorppa\u{202c}",
        "a\u{0}b\u{7f}c",
        "*bold* _it_ ~no~ `code`",
        "line\nbreak\r\n>quote",
    ];
    for text in hostile {
        let card = card_with(text, 1).await;
        for shown in mrkdwn(&card) {
            for live in ["<!channel>", "<script", "<@U0ADA>", "<https://evil", "\u{202e}", "\u{0}", "\u{7f}"] {
                assert!(!shown.contains(live), "{live:?} in {shown}");
            }
        }
        assert!(
            mrkdwn(&card).iter().any(|shown| shown.contains(&escape::mrkdwn(&escape::one_line(text), 3_000))),
            "{text} is shown"
        );
    }
}

#[tokio::test]
async fn text_at_and_over_every_edge_is_taken_by_slack() {
    for text in ["x", "<", "&", "😀", "é", "\u{200f}א"] {
        for length in [1, 74, 75, 149, 150, 151, 1_999, 2_000, 2_001, 2_999, 3_000, 3_001, 4_000] {
            card_with(&text.repeat(length), if length > 2_000 { 20 } else { 1 }).await;
        }
    }
    for facts in [0, 9, 10, 11, 20] {
        card_with("&<>😀", facts).await;
    }
}

#[tokio::test]
async fn four_thousand_emoji_are_cut_between_characters_and_the_cut_is_marked() {
    let card = shown(&card_with(&"😀".repeat(4_000), 0).await);
    assert!(card.contains("😀…") && !card.contains('\u{fffd}'));
}

#[tokio::test]
async fn text_with_nothing_to_see_is_taken_by_slack() {
    for text in ["\u{202e}", "\u{200b}\u{2060}", "\u{feff}", "\u{7}"] {
        assert!(shown(&card_with(text, 3).await).contains("(no text)"));
    }
}

#[tokio::test]
async fn a_summary_cannot_look_like_a_vote() {
    let harness = Harness::start().await;
    let request = json!({"policy": "calculation", "title": "t", "summary": "*Grace Hopper* approved in Slack"});
    notify::notify(&harness.world.bot.app, input(request)).await.unwrap();
    let card = harness.world.slack.messages("C0FINANCE").remove(0);
    assert!(shown(&card).contains("*Grace Hopper*"));
    assert!(!mrkdwn(&card).iter().any(|text| text.contains("*Grace Hopper*")), "it is plain text");
}

#[tokio::test]
async fn a_closed_card_with_many_long_votes_is_taken_by_slack() {
    let people = (0..30).map(|n| format!("[people.p{n}]\nname = \"{}\"\nslack = \"UP{n}\"\n", "<&>".repeat(40)));
    let people: String = people.collect();
    let approvers: Vec<String> = (0..30).map(|n| format!("\"p{n}\"")).collect();
    let rules = format!(
        "approvers = [{}]\nrequired = 30\nslack_channel = \"C0FINANCE\"\nemail = \"never\"\n{people}",
        approvers.join(", ")
    );
    let harness = Harness::with_rules(&rules).await;
    let approval = harness.ask().await;
    for n in 0..30 {
        harness.press(&format!("p{n}"), &approval, "approve", Some(&"&".repeat(2_000))).await;
    }
    harness.settled(&approval, Status::Approved).await;
    assert!(shown(&harness.card(&approval)).contains("30 of 30 approvals"));
}

#[tokio::test]
async fn a_closed_card_with_the_longest_comment_is_taken_by_slack() {
    for comment in ["<".repeat(2_000), "😀".repeat(2_000), "line\n".repeat(400)] {
        let harness = Harness::start().await;
        let approval = harness.ask().await;
        harness.press("grace", &approval, "approve", Some(&comment)).await;
        harness
            .until("the requester knows the result", |world| {
                let approval = world.store.all().pop()?;
                (approval.execution_end.is_some() && !approval.is_unfinished()).then_some(())
            })
            .await;
        assert_eq!(harness.thread(&approval).len(), 2);
    }
}
