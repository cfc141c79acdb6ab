//! What the Bot Framework may send besides a press that is right: it is answered as the protocol says and breaks nothing.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use countersign_bot::approval::state::Status;
use countersign_bot::startup::{Bot, routes};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::CHANNEL;
use crate::support::{Harness, RULES_WITH_TEAMS};

#[tokio::test]
async fn a_malformed_press_is_answered_with_the_error_of_the_protocol() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = harness.ask().await;
    let (teams, card) = (&harness.world.teams, harness.teams_card(&approval).id);
    let good = teams.invoke_payload(&harness.teams_user("grace"), &card, "approve", &[]).unwrap();
    let cases: [(&str, Value, &str); 9] = [
        ("/value", Value::Null, "value: "),
        ("/value", json!("approve"), "value: "),
        ("/value/action", json!({}), "value: missing field `data`"),
        ("/value/action/data", json!({}), "value.action.data: missing field `approval`"),
        ("/value/action/data/approval", json!(7), "value.action.data: invalid type"),
        (
            "/value/action/data/verb",
            json!("Approve"),
            "value.action.data.verb: must be approve, reject, return, take_back, claim or let_go",
        ),
        ("/value/action/data/verb", json!(null), "value.action.data: invalid type"),
        ("/value/action/data/comment", json!({}), "value.action.data: invalid type"),
        ("/value/trigger", json!("automatic"), "value.trigger: only a person's press decides"),
    ];
    for (place, value, expected) in cases {
        let mut activity = good.clone();
        *activity.pointer_mut(place).unwrap() = value;
        let reply = teams.post(&activity).await.unwrap();
        let answer: Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!((reply.status, &answer["statusCode"]), (200, &json!(400)), "{place}: {answer}");
        assert_eq!(answer["type"], "application/vnd.microsoft.error");
        let message = answer["value"]["message"].as_str().unwrap();
        assert!(message.starts_with(expected), "{place}: {message}");
    }
    for id in ["", "apr_", "apr_00000000000000000000000000", "../x"] {
        let mut activity = good.clone();
        activity["value"]["action"]["data"]["approval"] = json!(id);
        let reply = teams.post(&activity).await.unwrap();
        assert!(reply.status == 200 && reply.body.contains("This approval is not known here."), "{id}: {}", reply.body);
    }
    assert_eq!(harness.record(&approval.id).status(), Status::Pending);
}

#[tokio::test]
async fn an_invoke_that_is_not_known_is_not_implemented() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = harness.ask().await;
    let (teams, card) = (&harness.world.teams, harness.teams_card(&approval).id);
    let good = teams.invoke_payload(&harness.teams_user("grace"), &card, "approve", &[]).unwrap();
    for name in [json!("task/fetch"), json!("signin/verifyState"), json!(""), Value::Null] {
        let mut activity = good.clone();
        activity["name"] = name;
        assert_eq!(teams.post(&activity).await.unwrap().status, 501, "{}", activity["name"]);
    }
    assert_eq!(harness.record(&approval.id).status(), Status::Pending);
}

#[tokio::test]
async fn unrelated_activities_are_answered_and_ignored() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let teams = &harness.world.teams;
    let mut activities = teams.unrelated_payloads(&harness.teams_user("ada"), CHANNEL);
    assert!(activities.len() > 3);
    let mut unknown = activities[0].clone();
    unknown["type"] = json!("somethingNew");
    activities.push(unknown);
    for activity in activities {
        let reply = teams.post(&activity).await.unwrap();
        assert_eq!((reply.status, reply.body.as_str()), (200, ""), "{activity}");
    }
    assert_eq!(teams.messages(CHANNEL), []);
}

#[tokio::test]
async fn a_body_that_is_no_activity_is_refused_by_the_name_of_its_field() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let teams = &harness.world.teams;
    let token = format!("Bearer {}", teams.token().mint());
    let good = teams.message_payload(&harness.teams_user("ada"), CHANNEL, "help");
    let without = |field: &str| {
        let mut activity = good.clone();
        activity.as_object_mut().unwrap().remove(field);
        activity.to_string()
    };
    let cases = [
        ("{".to_owned(), "EOF"),
        ("[]".to_owned(), "invalid"),
        (without("serviceUrl"), "serviceUrl"),
        (without("channelId"), "channelId"),
        (without("type"), "type"),
        (without("conversation"), "conversation"),
    ];
    for (body, names) in cases {
        let reply = teams.send(Some(&token), body.clone().into_bytes()).await.unwrap();
        assert_eq!(reply.status, 400, "{body}");
        assert!(reply.body.contains(names), "{names}: {}", reply.body);
    }
    let large = format!("{}{}", good, " ".repeat(300 * 1024));
    assert_eq!(teams.send(Some(&token), large.into_bytes()).await.unwrap().status, 413);
}

#[tokio::test]
async fn added_to_a_conversation_it_says_hello_once_and_names_the_conversation() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let teams = &harness.world.teams;
    assert_eq!(teams.install(&harness.teams_user("ada"), CHANNEL).await, Ok(200));
    let said: Vec<String> = teams.messages(CHANNEL).into_iter().map(|message| message.text).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains(&format!("teams_conversation = \"{CHANNEL}\"")), "{said:?}");
}

/// Added to a team, it is told of the team's first channel, and beside it of the channel that was chosen.
#[tokio::test]
async fn added_to_a_team_it_says_hello_in_the_channel_that_was_chosen() {
    const CHOSEN: &str = "19:chosen@thread.tacv2";
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let teams = &harness.world.teams;
    teams.add_conversation(CHOSEN, "Chosen");
    let ada = harness.teams_user("ada");
    let mut activity = teams.message_payload(&ada, CHANNEL, "");
    activity["type"] = json!("conversationUpdate");
    activity["membersAdded"] = json!([{ "id": activity["recipient"]["id"] }]);
    activity["channelData"]["settings"] = json!({ "selectedChannel": { "id": CHOSEN } });
    assert_eq!(teams.post(&activity).await.unwrap().status, 200);
    let said: Vec<String> = teams.messages(CHOSEN).into_iter().map(|message| message.text).collect();
    assert!(said.len() == 1 && said[0].contains(&format!("teams_conversation = \"{CHOSEN}\"")), "{said:?}");
    assert_eq!(teams.messages(CHANNEL), []);
}

#[tokio::test]
async fn a_deployment_without_teams_has_no_such_route() {
    let harness = Harness::start().await;
    let router = routes::router(Bot { teams: None, ..(*harness.world.bot()).clone() });
    let token = format!("Bearer {}", harness.world.teams.token().mint());
    let activity = harness.world.teams.message_payload(&harness.teams_user("ada"), CHANNEL, "help");
    let request = Request::post("/teams/messages").header("authorization", token);
    let request = request.body(Body::from(activity.to_string())).unwrap();
    assert_eq!(router.oneshot(request).await.unwrap().status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_object_id_means_the_same_person_in_upper_case() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = harness.ask().await;
    let (teams, card) = (&harness.world.teams, harness.teams_card(&approval).id);
    let mut activity = teams.invoke_payload(&harness.teams_user("grace"), &card, "approve", &[]).unwrap();
    let id = activity["from"]["aadObjectId"].as_str().unwrap().to_uppercase();
    activity["from"]["aadObjectId"] = json!(id);
    assert_eq!(teams.post(&activity).await.unwrap().status, 200);
    harness.settled(&approval, Status::Approved).await;
}
