//! The signature of Slack's requests: the documented vectors, and every case of the verifier through the router.

use axum::body::Body;
use axum::http::Request;
use countersign_bot::net::signature::{SigningKey, Unverified, Verifier};
use countersign_bot::startup::routes::router;
use jiff::Timestamp;
use lambda_http::http::StatusCode;
use slack_morphism::signature_verifier::SlackEventSignatureVerifier;
use tower::ServiceExt;

use crate::support::Harness;

/// The example of <https://docs.slack.dev/authentication/verifying-requests-from-slack>.
const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const SENT_AT: i64 = 1_531_420_618;
const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

fn key(secret: &str) -> SigningKey {
    SigningKey::new(secret.into()).unwrap()
}

fn verify(
    verifier: &Verifier,
    timestamp: &str,
    signature: &str,
    body: &[u8],
    seconds_later: i64,
) -> Result<(), Unverified> {
    let now = Timestamp::from_second(SENT_AT + seconds_later).unwrap();
    verifier.verify(Some(timestamp.as_bytes()), Some(signature.as_bytes()), body, now)
}

#[test]
fn the_documented_vectors_are_signed_and_verified() {
    assert_eq!(key(SECRET).sign(SENT_AT, BODY.as_bytes()), SIGNATURE);
    let other = key("fa2c05deeef5a4077494e89f54394de0").sign(SENT_AT, b"test-body");
    assert_eq!(other, "v0=baa91ef62d346e56607bbdd278a8acd570b91226854f15a382f43d33be42f666");
    let verifier = Verifier::new(key(SECRET), None);
    assert_eq!(verify(&verifier, &SENT_AT.to_string(), SIGNATURE, BODY.as_bytes(), 0), Ok(()));
}

#[test]
fn every_case_of_the_verifier() {
    let sent_at = SENT_AT.to_string();
    let body = BODY.as_bytes();
    let verifier = Verifier::new(key(SECRET), None);
    let check = |timestamp: &str, signature: &str, later: i64| verify(&verifier, timestamp, signature, body, later);
    for edge in [-300, 300] {
        assert_eq!(check(&sent_at, SIGNATURE, edge), Ok(()), "{edge}");
    }
    for off in [-301, 301, 86_400] {
        assert_eq!(check(&sent_at, SIGNATURE, off), Err(Unverified::Stale), "{off}");
    }
    for malformed in ["", "soon", "1531420618.5", "-1531420618", "99999999999999999999", " 1531420618"] {
        assert_eq!(check(malformed, SIGNATURE, 0), Err(Unverified::Malformed), "{malformed}");
    }
    let code = SIGNATURE.strip_prefix("v0=").unwrap();
    let v1 = format!("v1={code}");
    for malformed in ["", "v0=", code, v1.as_str(), &SIGNATURE[..60], "v0=zz", &SIGNATURE.to_uppercase()] {
        assert_eq!(check(&sent_at, malformed, 0), Err(Unverified::Malformed), "{malformed}");
    }
    let wrong = SIGNATURE.replace('a', "b");
    assert_eq!(check(&sent_at, &wrong, 0), Err(Unverified::Wrong));
    let (now, timestamp) = (Timestamp::from_second(SENT_AT).unwrap(), sent_at.as_bytes());
    assert_eq!(verifier.verify(None, Some(SIGNATURE.as_bytes()), body, now), Err(Unverified::Missing));
    assert_eq!(verifier.verify(Some(timestamp), None, body, now), Err(Unverified::Missing));
}

#[test]
fn a_body_changed_by_one_byte_is_refused_wherever_the_byte_is() {
    let verifier = Verifier::new(key(SECRET), None);
    for index in 0..BODY.len() {
        let mut body = BODY.as_bytes().to_vec();
        body[index] ^= 1;
        let verified = verify(&verifier, &SENT_AT.to_string(), SIGNATURE, &body, 0);
        assert_eq!(verified, Err(Unverified::Wrong), "byte {index}");
    }
    assert!(verify(&verifier, &SENT_AT.to_string(), SIGNATURE, &BODY.as_bytes()[1..], 0).is_err());
}

#[test]
fn two_secrets_are_live_during_a_rotation_and_an_empty_one_never_is() {
    let rotating = Verifier::new(key("new"), Some(key(SECRET)));
    assert_eq!(verify(&rotating, &SENT_AT.to_string(), SIGNATURE, BODY.as_bytes(), 0), Ok(()));
    let with_new = key("new").sign(SENT_AT, b"x");
    assert_eq!(verify(&rotating, &SENT_AT.to_string(), &with_new, b"x", 0), Ok(()));
    let rotated = Verifier::new(key("new"), None);
    assert_eq!(verify(&rotated, &SENT_AT.to_string(), SIGNATURE, BODY.as_bytes(), 0), Err(Unverified::Wrong));
    for empty in ["", " ", "\n"] {
        assert!(SigningKey::new(empty.into()).is_none(), "an empty secret makes no key");
    }
}

/// The library that the client comes from has a verifier too; both take what either has signed.
#[test]
fn slack_morphism_agrees() {
    #[expect(clippy::disallowed_methods, reason = "the library's verifier reads the machine's clock")]
    let now = Timestamp::now().as_second();
    let theirs = SlackEventSignatureVerifier::new(&SECRET.to_owned().into());
    for body in ["", "payload=%7B%7D", "text=gr%C3%BC%C3%9Fe"] {
        let signature = key(SECRET).sign(now, body.as_bytes());
        assert!(theirs.verify(&signature, body, &now.to_string()).is_ok(), "{body}");
    }
}

/// A request to a Slack route with these headers; the answer never says what was wrong.
async fn status(harness: &Harness, path: &str, timestamp: Option<&str>, signature: Option<&str>, body: &str) -> u16 {
    let mut request = Request::post(format!("{}{path}", harness.world.url));
    if let Some(timestamp) = timestamp {
        request = request.header("X-Slack-Request-Timestamp", timestamp);
    }
    if let Some(signature) = signature {
        request = request.header("x-slack-signature", signature);
    }
    let answer = harness.browser.send(request.body(body.to_owned().into()).unwrap()).await.unwrap();
    if answer.status == 401 {
        assert_eq!(answer.body, "");
    }
    answer.status
}

#[tokio::test]
async fn the_router_refuses_what_is_not_signed_and_takes_what_is() {
    let harness = Harness::start().await;
    let command = "command=%2Fstart&text=help&user_id=U0ADA&team_id=T0LOCAL&channel_id=C1&trigger_id=1.2";
    let signed = |body: &str| {
        let headers = harness.world.slack.signed_headers(body.as_bytes());
        let value = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
        (value("x-slack-request-timestamp"), value("x-slack-signature"))
    };
    let (timestamp, signature) = signed(command);
    let (timestamp, signature) = (timestamp.as_str(), signature.as_str());
    for path in ["/slack/commands", "/slack/interactions", "/slack/events"] {
        assert_eq!(status(&harness, path, None, None, command).await, 401);
        assert_eq!(status(&harness, path, Some(timestamp), None, command).await, 401);
        assert_eq!(status(&harness, path, None, Some(signature), command).await, 401);
        assert_eq!(status(&harness, path, Some("soon"), Some(signature), command).await, 401);
        assert_eq!(status(&harness, path, Some(timestamp), Some("v0=00"), command).await, 401);
        assert_eq!(
            status(&harness, path, Some(timestamp), Some(signature), &command.replace("help", "held")).await,
            401
        );
        // Slack's certificate check is signed like everything else; unsigned it is refused.
        assert_eq!(status(&harness, path, None, None, "ssl_check=1&token=x").await, 401);
    }
    assert_eq!(status(&harness, "/slack/commands", Some(timestamp), Some(signature), command).await, 200);
    harness.pass_time(301);
    assert_eq!(status(&harness, "/slack/commands", Some(timestamp), Some(signature), command).await, 401);
    let large = format!("{command}&padding={}", "x".repeat(300 * 1024));
    let (timestamp, signature) = signed(&large);
    assert_eq!(status(&harness, "/slack/commands", Some(&timestamp), Some(&signature), &large).await, 413);
    let (timestamp, signature) = signed("text=help");
    assert_eq!(status(&harness, "/slack/commands", Some(&timestamp), Some(&signature), "text=help").await, 400);
}

/// API Gateway hands Lambda some bodies in base64; the signature is over what was sent.
#[tokio::test]
async fn a_base64_body_is_verified_as_the_bytes_that_were_sent() {
    let harness = Harness::start().await;
    let body = "command=%2Fstart&text=help&user_id=U0ADA&team_id=T0LOCAL&channel_id=C1&trigger_id=1.2";
    let headers = harness.world.slack.signed_headers(body.as_bytes());
    let value = |name: &str| headers.get(name).unwrap().to_str().unwrap();
    let event = serde_json::json!({
        "version": "2.0", "routeKey": "POST /slack/commands", "rawPath": "/slack/commands", "rawQueryString": "",
        "headers": {
            "content-type": "application/x-www-form-urlencoded",
            "x-slack-request-timestamp": value("x-slack-request-timestamp"),
            "x-slack-signature": value("x-slack-signature"),
        },
        "requestContext": {
            "accountId": "1", "apiId": "a", "stage": "$default", "requestId": "r", "routeKey": "POST /slack/commands",
            "time": "x", "timeEpoch": 1, "http": {
                "method": "POST", "path": "/slack/commands", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                "userAgent": "Slackbot"
            }
        },
        "body": data_encoding::BASE64.encode(body.as_bytes()), "isBase64Encoded": true
    });
    let request = lambda_http::request::from_str(&event.to_string()).unwrap();
    let request = request.map(|body| Body::from(body.to_vec()));
    let router = router((*harness.world.bot()).clone());
    assert_eq!(router.oneshot(request).await.unwrap().status(), StatusCode::OK);
}
