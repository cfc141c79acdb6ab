//! A release that two people approve.

use countersign_bot::approval::request::Risk;
use countersign_bot::approval::state::Status;
use countersign_bot::messages::risk;
use countersign_playground::engine::ExecutionStatus;
use countersign_playground::world::Source;
use serde_json::json;

use super::{
    CHATS, Chat, End, approve, asked, called, end, fields, output, refuse_everywhere, start, world, world_with,
};
use crate::support::{shown, texts};

const TYPED: &str = "release 1.4.2 production notes=\"All customers get it.\" plan=\"One server first.\"";
const TITLE: &str = "Release 1.4.2 to production";

#[tokio::test]
async fn it_is_deployed_when_two_people_have_approved() {
    for chat in CHATS {
        let harness = world("release").await;
        start(&harness, chat, TYPED).await;
        let approval = asked(&harness, TITLE).await;
        let card = shown(&harness.card(&approval));
        for text in ["1.4.2", "production", "All customers get it.", "Linus Pauling", risk::mark(Risk::High)] {
            assert!(card.contains(text), "{text}: {card}");
        }
        assert_eq!(harness.press("ada", &approval, "details", None).await, 200);
        let details = harness.world.slack.open_view(&harness.user("ada").id).unwrap().view;
        assert!(texts(&details["blocks"]).contains(&"One server first.".to_owned()), "{details}");
        approve(&harness, Chat::Slack, "ada", &approval).await;
        assert_eq!(harness.record(&approval.id).status(), Status::Pending, "one approval is not enough");
        approve(&harness, Chat::Teams, "grace", &approval).await;
        let ended = harness.ended().await;
        let typed = json!({
            "version": "1.4.2", "environment": "production", "notes": "All customers get it.", "plan": "One server first.",
        });
        assert_eq!(fields(&harness, chat).await, typed);
        let deployed = &called(&harness, &ended, "Deploy")[0]["Input"];
        assert_eq!((&deployed["version"], &deployed["environment"]), (&json!("1.4.2"), &json!("production")));
        let output = ended.output.unwrap();
        assert_eq!((&output["status"], &output["deployment"]), (&json!("deployed"), &json!({ "servers": 3 })));
        let decided = output["decision"]["decidedBy"].as_array().unwrap();
        assert_eq!(decided.iter().map(|said| said["person"].clone()).collect::<Vec<_>>(), ["ada", "grace"]);
        harness.settled(&approval, Status::Approved).await;
    }
}

#[tokio::test]
async fn it_is_not_deployed_without_a_yes() {
    let ends = [
        (End::Rejected, "rejected"),
        (End::Returned, "returned"),
        (End::Expired, "expired"),
        (End::Cancelled, "cancelled"),
    ];
    for (how, status) in ends {
        let harness = world("release").await;
        start(&harness, Chat::Slack, TYPED).await;
        let approval = asked(&harness, TITLE).await;
        end(&harness, &approval, how, "ada").await;
        let output = output(&harness).await;
        assert_eq!(output["status"], status);
        if matches!(how, End::Rejected | End::Returned) {
            let said = &output["decision"]["decidedBy"][0];
            assert_eq!((&said["person"], &said["comment"]), (&json!("ada"), &json!("Not now.")));
        }
        assert!(called(&harness, &harness.ended().await, "Deploy").is_empty(), "{how:?}");
    }
}

#[tokio::test]
async fn it_fails_when_nobody_can_be_asked_or_the_deployment_fails() {
    let harness = world("release").await;
    refuse_everywhere(&harness);
    start(&harness, Chat::Slack, TYPED).await;
    let ended = harness.given_up().await;
    assert_eq!((ended.status, ended.error.as_deref()), (ExecutionStatus::Failed, Some("ApprovalUndeliverable")));

    let mocks = json!({
        "StateMachines": { "release": { "TestCases": { "Broken": { "Deploy": "Broken" } } } },
        "MockedResponses": { "Broken": { "0": { "Throw": { "Error": "States.TaskFailed", "Cause": "no room" } } } },
    });
    let harness = world_with("release", Source::new("mocks of the test", &mocks.to_string())).await;
    start(&harness, Chat::Teams, TYPED).await;
    let approval = asked(&harness, TITLE).await;
    approve(&harness, Chat::Teams, "ada", &approval).await;
    approve(&harness, Chat::Slack, "grace", &approval).await;
    let ended = harness.ended().await;
    assert_eq!((ended.error.as_deref(), ended.cause.as_deref()), (Some("States.TaskFailed"), Some("no room")));
    harness.settled(&approval, Status::Approved).await;
}
