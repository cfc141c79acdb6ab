//! `POST /double`: stands in for a third party that works on its own time and calls back.
//!
//! It knows the caller by the signature alone, and completes the task with the token it was given. Neither the token
//! nor the body is ever logged.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use countersign_bot::approval::ids::TaskToken;
use countersign_bot::input;
use countersign_bot::net::deadline::Deadline;
use countersign_bot::net::signature::{Unverified, Verifier};
use countersign_bot::ports::{CallbackError, Clock, OwnTasks};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::errors::NUMBER_TOO_BIG;

/// Carries when a request was signed, in Unix seconds.
pub const TIMESTAMP_HEADER: HeaderName = HeaderName::from_static("x-countersign-request-timestamp");
/// Carries the signature over that time and the body.
pub const SIGNATURE_HEADER: HeaderName = HeaderName::from_static("x-countersign-signature");

const BODY_MAX_BYTES: usize = 256 * 1024;
/// Shorter than the time that `calculate` waits, so that it hears of the problem.
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(4);

/// The route, as API Gateway names it.
pub const ROUTE: &str = "POST /double";

/// The third party.
pub struct Double {
    /// Checks who calls.
    pub verifier: Verifier,
    /// Where tasks are completed.
    pub tasks: Arc<dyn OwnTasks>,
    /// Bounds how long a signature is good.
    pub clock: Arc<dyn Clock>,
}

/// The route of the third party, the same under `lambda_http::run` and `axum::serve`.
pub fn router(double: Arc<Double>) -> Router {
    Router::new().route("/double", post(answer)).layer(DefaultBodyLimit::max(BODY_MAX_BYTES)).with_state(double)
}

async fn answer(State(double): State<Arc<Double>>, headers: HeaderMap, body: Bytes) -> Response {
    match double.complete(&headers, &body).await {
        Ok(()) => StatusCode::ACCEPTED.into_response(),
        Err(refusal) => {
            tracing::warn!(reason = %refusal, "a request was refused");
            refusal.into_response()
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    number: i64,
    task_token: String,
}

/// Why a request had no effect. The text is for the log; it holds no value from the body.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    Unverified(#[from] Unverified),
    #[error("{0}")]
    Malformed(String),
    #[error(transparent)]
    Callback(#[from] CallbackError),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            // Who cannot sign learns nothing.
            Self::Unverified(_) => StatusCode::UNAUTHORIZED.into_response(),
            Self::Malformed(problem) => (StatusCode::BAD_REQUEST, problem).into_response(),
            Self::Callback(CallbackError::Closed) => (StatusCode::CONFLICT, "the task is closed").into_response(),
            Self::Callback(CallbackError::Denied(_) | CallbackError::Refused(_)) => {
                StatusCode::BAD_GATEWAY.into_response()
            }
            Self::Callback(CallbackError::Unavailable(_)) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    }
}

impl Double {
    async fn complete(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
        let header = |name| headers.get(name).map(HeaderValue::as_bytes);
        self.verifier.verify(header(TIMESTAMP_HEADER), header(SIGNATURE_HEADER), body, self.clock.now())?;
        let (number, token) = read(body).map_err(Refusal::Malformed)?;
        Deadline::after(CALLBACK_TIMEOUT)
            .run("Step Functions", async {
                match number.checked_mul(2) {
                    Some(doubled) => self.tasks.succeed(&token, &json!({"number": doubled})).await,
                    None => {
                        let cause = "twice the number does not fit a 64-bit integer";
                        self.tasks.fail(&token, NUMBER_TOO_BIG, cause).await
                    }
                }
            })
            .await?;
        tracing::info!("a task was completed");
        Ok(())
    }
}

fn read(body: &[u8]) -> Result<(i64, TaskToken), String> {
    let value: Value = serde_json::from_slice(body).map_err(|_| "the body is not JSON".to_owned())?;
    let Body { number, task_token } = input::read(value)?;
    let token = TaskToken::parse(&task_token).map_err(|error| format!("taskToken: {error}"))?;
    Ok((number, token))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use super::*;
    use countersign_bot::net::deadline::Unavailable;
    use countersign_bot::net::signature::SigningKey;

    use async_trait::async_trait;
    use axum::body::Body as HttpBody;
    use http::Request;
    use http_body_util::BodyExt;
    use jiff::{SignedDuration, Timestamp};
    use tower::ServiceExt;

    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> Timestamp {
            "2026-11-23T12:00:00Z".parse().unwrap()
        }
    }

    /// Step Functions with a few tasks: each waits once, and a service can be away.
    #[derive(Default)]
    struct Tasks {
        ended: Mutex<BTreeMap<String, Value>>,
        away: bool,
    }

    impl Tasks {
        fn end(&self, token: &TaskToken, how: Value) -> Result<(), CallbackError> {
            if self.away {
                return Err(Unavailable::new("Step Functions", "throttled").into());
            }
            let mut ended = self.ended.lock().unwrap();
            if ended.contains_key(token.expose()) {
                return Err(CallbackError::Closed);
            }
            ended.insert(token.expose().to_owned(), how);
            Ok(())
        }
    }

    #[async_trait]
    impl OwnTasks for Tasks {
        async fn succeed(&self, token: &TaskToken, output: &Value) -> Result<(), CallbackError> {
            self.end(token, output.clone())
        }

        async fn fail(&self, token: &TaskToken, error: &str, _: &str) -> Result<(), CallbackError> {
            self.end(token, json!(error))
        }
    }

    fn key(text: &str) -> SigningKey {
        SigningKey::new(text.to_owned().into()).unwrap()
    }

    fn double(tasks: &Arc<Tasks>) -> Router {
        let verifier = Verifier::new(key("current"), Some(key("previous")));
        router(Arc::new(Double { verifier, tasks: tasks.clone(), clock: Arc::new(Noon) }))
    }

    fn signed(key: &SigningKey, age: SignedDuration, body: &str) -> Request<HttpBody> {
        let timestamp = (Noon.now() - age).as_second();
        Request::post("/double")
            .header(TIMESTAMP_HEADER, timestamp)
            .header(SIGNATURE_HEADER, key.sign(timestamp, body.as_bytes()))
            .body(HttpBody::from(body.to_owned()))
            .unwrap()
    }

    async fn sent(tasks: &Arc<Tasks>, request: Request<HttpBody>) -> (u16, String) {
        let response = double(tasks).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn posted(tasks: &Arc<Tasks>, body: &str) -> (u16, String) {
        sent(tasks, signed(&key("current"), SignedDuration::ZERO, body)).await
    }

    #[tokio::test]
    async fn a_number_is_doubled_or_refused_as_too_big_and_the_task_ends_once() {
        let tasks = Arc::new(Tasks::default());
        let cases = [
            ("a", 247_i64, json!({"number": 494})),
            ("b", -4_611_686_018_427_387_904, json!({"number": i64::MIN})),
            ("c", 4_611_686_018_427_387_904, json!("NumberTooBig")),
        ];
        for (token, number, expected) in cases {
            let body = json!({"number": number, "taskToken": token}).to_string();
            assert_eq!(posted(&tasks, &body).await, (202, String::new()));
            assert_eq!(tasks.ended.lock().unwrap()[token], expected);
            assert_eq!(posted(&tasks, &body).await, (409, "the task is closed".to_owned()));
        }
    }

    #[tokio::test]
    async fn a_service_that_is_away_is_said_to_be() {
        let tasks = Arc::new(Tasks { away: true, ..Tasks::default() });
        assert_eq!(posted(&tasks, r#"{"number": 1, "taskToken": "a"}"#).await, (503, String::new()));
    }

    #[tokio::test]
    async fn who_did_not_sign_changes_nothing_and_learns_nothing() {
        let tasks = Arc::new(Tasks::default());
        let body = r#"{"number": 1, "taskToken": "a"}"#;
        let now = SignedDuration::ZERO;
        let mut tampered = signed(&key("current"), now, body);
        *tampered.body_mut() = HttpBody::from(r#"{"number": 2, "taskToken": "a"}"#);
        let mut unsigned = signed(&key("current"), now, body);
        unsigned.headers_mut().remove(SIGNATURE_HEADER);
        let mut undated = signed(&key("current"), now, body);
        undated.headers_mut().remove(TIMESTAMP_HEADER);
        let requests = [
            tampered,
            unsigned,
            undated,
            signed(&key("another"), now, body),
            signed(&key("another"), now, "not JSON"),
            signed(&key("current"), SignedDuration::from_secs(301), body),
            signed(&key("current"), SignedDuration::from_secs(-301), body),
        ];
        for request in requests {
            assert_eq!(sent(&tasks, request).await, (401, String::new()));
        }
        assert!(tasks.ended.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn the_previous_key_is_good_during_a_rotation() {
        let tasks = Arc::new(Tasks::default());
        let request = signed(&key("previous"), SignedDuration::from_secs(299), r#"{"number": 1, "taskToken": "a"}"#);
        assert_eq!(sent(&tasks, request).await, (202, String::new()));
    }

    #[tokio::test]
    async fn a_malformed_body_is_told_its_field_and_not_its_values() {
        let tasks = Arc::new(Tasks::default());
        let cases = [
            ("", "the body is not JSON"),
            ("{", "the body is not JSON"),
            (r#"{"taskToken": "secret"}"#, "missing field `number`"),
            (r#"{"number": 1}"#, "missing field `taskToken`"),
            (r#"{"number": 1.0, "taskToken": "secret"}"#, "number: invalid type: floating point `1.0`, expected i64"),
            (r#"{"number": "secret", "taskToken": "a"}"#, "number: invalid type: a string, expected i64"),
            (r#"{"number": 1, "taskToken": ""}"#, "taskToken: a task token has 1 to 2048 characters"),
            (r#"{"number": 1, "taskToken": "secret", "x": 1}"#, "x: unknown field `x`"),
        ];
        for (body, problem) in cases {
            let (status, text) = posted(&tasks, body).await;
            assert_eq!(status, 400, "{body}");
            assert!(text.starts_with(problem) && !text.contains("secret"), "{body}: {text}");
        }
        assert!(tasks.ended.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn other_sizes_methods_and_paths_are_refused() {
        let tasks = Arc::new(Tasks::default());
        let long = json!({"number": 1, "taskToken": "a".repeat(BODY_MAX_BYTES)}).to_string();
        assert_eq!(posted(&tasks, &long).await.0, 413);
        let get = Request::get("/double").body(HttpBody::empty()).unwrap();
        assert_eq!(sent(&tasks, get).await.0, 405);
        let elsewhere = Request::post("/treble").body(HttpBody::empty()).unwrap();
        assert_eq!(sent(&tasks, elsewhere).await.0, 404);
    }
}
