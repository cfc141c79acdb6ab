//! What whoever knows our addresses can send. The signatures of Slack and the tokens of Teams are right, as those of
//! members of another workspace or tenant are, so that what stands behind the check is reached.

use axum::http::{HeaderValue, Method, header};
use serde_json::Value;

use crate::stage::{Stage, act, of_type};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json; charset=utf-8";

/// The body of a request from Slack.
pub(crate) fn slack_form(input: &[u8]) {
    act(async |stage: &mut Stage| {
        let form = stage.filled(input).await;
        for path in ["/slack/commands", "/slack/interactions"] {
            slack(stage, path, form.as_bytes()).await;
        }
    });
}

/// The JSON in the form of an interaction, and of an event.
pub(crate) fn slack_payload(input: &[u8]) {
    act(async |stage: &mut Stage| {
        let payload = stage.filled(input).await;
        slack(stage, "/slack/events", payload.as_bytes()).await;
        let form = serde_urlencoded::to_string([("payload", payload)]).unwrap();
        slack(stage, "/slack/interactions", form.as_bytes()).await;
    });
}

async fn slack(stage: &Stage, path: &str, body: &[u8]) {
    let mut headers = of_type(FORM);
    headers.extend(stage.world().slack.signed_headers(body));
    stage.send(Method::POST, path, headers, body).await;
}

/// An activity, with a token that is right.
pub(crate) fn teams_activity(input: &[u8]) {
    act(async |stage: &mut Stage| {
        let body = stage.filled(input).await;
        let mut headers = of_type(JSON);
        headers.insert(header::AUTHORIZATION, HeaderValue::try_from(&stage.bearer).unwrap());
        stage.send(Method::POST, "/teams/messages", headers, body.as_bytes()).await;
    });
}

/// A token: as it stands after `Bearer `, or as `{"header": …, "claims": …}`, which is signed.
pub(crate) fn teams_token(input: &[u8]) {
    act(async |stage: &mut Stage| {
        let token = match serde_json::from_slice::<Value>(input) {
            Ok(Value::Object(parts)) => {
                let mut token = stage.world().teams.token();
                for (name, value) in parts.get("header").and_then(Value::as_object).into_iter().flatten() {
                    token = token.header(name, value.clone());
                }
                for (name, value) in parts.get("claims").and_then(Value::as_object).into_iter().flatten() {
                    token = token.claim(name, value.clone());
                }
                token.mint().into_bytes()
            }
            _ => input.to_vec(),
        };
        let Ok(authorization) = HeaderValue::from_bytes(&[b"Bearer ", token.as_slice()].concat()) else { return };
        let mut headers = of_type(JSON);
        headers.insert(header::AUTHORIZATION, authorization);
        stage.send(Method::POST, "/teams/messages", headers, b"{}").await;
    });
}

/// A path and query.
pub(crate) fn mail_link(input: &[u8]) {
    act(async |stage: &mut Stage| {
        let path = stage.filled(input).await;
        for method in [Method::GET, Method::HEAD, Method::POST] {
            stage.send(method, &path, of_type(FORM), b"").await;
        }
    });
}

/// The form of the page behind a link.
pub(crate) fn mail_form(input: &[u8]) {
    act(async |stage: &mut Stage| {
        let body = stage.filled(input).await;
        let page = stage.filled(b"{link}").await;
        stage.send(Method::POST, &page, of_type(FORM), body.as_bytes()).await;
    });
}
