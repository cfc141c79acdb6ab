//! `POST /calculations`, and what the workflow makes of good and bad inputs.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use countersign_bot::net::caller::IamCaller;
use countersign_bot::startup::routes::router;
use countersign_playground::engine::ExecutionStatus;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::Harness;

#[tokio::test]
async fn without_an_authorised_caller_nothing_starts() {
    let harness = Harness::start().await;
    let router = router((*harness.world.bot()).clone());
    let request = Request::post("/calculations").body(Body::from(r#"{"x": 1, "y": 2}"#)).unwrap();
    assert_eq!(router.oneshot(request).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert!(harness.world.engine.executions().is_empty());
}

#[tokio::test]
async fn a_repeated_request_starts_one_execution() {
    let harness = Harness::start().await;
    let mut arns = Vec::new();
    for _ in 0..2 {
        let request = Request::post(format!("{}/calculations", harness.world.url)).header("Idempotency-Key", "k-1");
        let answer = harness.browser.send(request.body(r#"{"x": 1, "y": 2}"#.into()).unwrap()).await.unwrap();
        assert_eq!(answer.status, 202);
        arns.push(serde_json::from_str::<Value>(&answer.body).unwrap()["executionArn"].clone());
    }
    assert_eq!(arns[0], arns[1]);
    assert_eq!(harness.world.engine.executions().len(), 1);
}

#[tokio::test]
async fn another_body_under_the_same_key_is_refused_also_after_the_end() {
    let harness = Harness::start().await;
    let post = async |body: &str| {
        let request = Request::post(format!("{}/calculations", harness.world.url)).header("Idempotency-Key", "k-1");
        let answer = harness.browser.send(request.body(body.to_owned().into()).unwrap()).await.unwrap();
        (answer.status, answer.body)
    };
    let (status, first) = post(r#"{"x": "1", "y": 2}"#).await;
    assert_eq!(status, 202);
    for _ in 0..2 {
        let (status, text) = post(r#"{"x": 1, "y": 3}"#).await;
        assert_eq!(status, 422);
        assert!(text.contains("this Idempotency-Key has started a calculation with another body"), "{text}");
        assert_eq!(post(r#"{ "y": 2, "x": "1" }"#).await, (202, first.clone()), "the same, written otherwise");
        harness.ended().await;
    }
    assert_eq!(harness.world.engine.executions().len(), 1);
}

#[tokio::test]
async fn another_session_of_the_same_role_finds_the_first_run() {
    let harness = Harness::start().await;
    let post = async |arn: &str, body: &str| {
        let request = Request::post("/calculations").header("Idempotency-Key", "k-1");
        let request = request.extension(IamCaller(arn.to_owned())).body(Body::from(body.to_owned())).unwrap();
        let response = router((*harness.world.bot()).clone()).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        (status, response.into_body().collect().await.unwrap().to_bytes())
    };
    let (one, other) = (r#"{"x": 1, "y": 2}"#, r#"{"x": 3, "y": 4}"#);
    let first = post("arn:aws:sts::123456789012:assumed-role/ci/run-1", one).await;
    assert_eq!(first.0, 202);
    assert_eq!(post("arn:aws:sts::123456789012:assumed-role/ci/run-2", one).await, first);
    assert_eq!(post("arn:aws:sts::123456789012:assumed-role/ci/run-2", other).await.0, 422);
    assert_eq!(post("arn:aws:sts::123456789012:assumed-role/release/run-1", other).await.0, 202);
    assert_eq!(harness.world.engine.executions().len(), 2);
}

#[tokio::test]
async fn a_body_that_is_no_object_is_refused_with_its_reason() {
    let harness = Harness::start().await;
    for body in ["", "[1, 2]", "{\"x\": 1", "\u{0}"] {
        let request = Request::post(format!("{}/calculations", harness.world.url));
        let answer = harness.browser.send(request.body(body.to_owned().into()).unwrap()).await.unwrap();
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.body.contains("the body is no JSON object"), "{}", answer.body);
    }
}

#[tokio::test]
async fn routes_that_are_not_there_and_methods_that_are_not_allowed() {
    let harness = Harness::start().await;
    let get = async |path: &str| harness.browser.get(&format!("{}{path}", harness.world.url)).await.unwrap().status;
    assert_eq!(get("/calculations").await, 405);
    assert_eq!(get("/slack/commands").await, 405);
    assert_eq!(get("/double").await, 405);
    assert_eq!(get("/teams/messages").await, 405);
    assert_eq!(get("/nothing/here").await, 404);
}

#[tokio::test]
async fn bad_inputs_end_with_a_reason_that_names_the_field() {
    let cases = [
        (json!({"x": 1.5, "y": 2}), "invalid_input", "x is 1.5"),
        (json!({"x": 1}), "invalid_input", "y is missing"),
        (json!({"x": "1", "y": null}), "invalid_input", "y is null"),
        (json!({"x": true, "y": 2}), "invalid_input", "x is a boolean"),
    ];
    for (input, status, reason) in cases {
        let harness = Harness::start().await;
        let url = format!("{}/calculations", harness.world.url);
        assert_eq!(harness.browser.post_json(&url, &input).await.unwrap().status, 202);
        let ended = harness.ended().await;
        let output = ended.output.unwrap();
        assert_eq!(ended.status, ExecutionStatus::Succeeded, "a business answer is no failure");
        assert_eq!(output["status"], status, "{input}");
        assert!(output["reason"].as_str().unwrap().contains(reason), "{output}");
        assert!(harness.world.store.all().is_empty(), "nobody was asked");
    }
}

#[tokio::test]
async fn a_number_too_big_fails_and_is_never_retried() {
    for (x, y) in [(i64::MAX, 1), (i64::MAX / 2 + 1, 0)] {
        let harness = Harness::start().await;
        let url = format!("{}/calculations", harness.world.url);
        harness.browser.post_json(&url, &json!({"x": x, "y": y})).await.unwrap();
        let ended = harness.ended().await;
        assert_eq!(ended.status, ExecutionStatus::Failed);
        assert_eq!(ended.error.as_deref(), Some("NumberTooBig"));
        assert!(ended.cause.unwrap().contains("does not fit"), "the cause is for people");
    }
}
