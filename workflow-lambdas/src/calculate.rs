//! `Calculate`: adds two numbers and asks the third party to double the sum.
//!
//! The state waits for a task token. The third party gets the token along with the number and completes the task
//! itself; what this function returns, Step Functions does not look at.

use std::time::Duration;

use countersign_bot::input;
use countersign_bot::net::deadline::Deadline;
use countersign_bot::net::http::HttpClient;
use countersign_bot::net::signature::SigningKey;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::double::{SIGNATURE_HEADER, TIMESTAMP_HEADER};
use crate::errors::Error;

/// With [`TRY_TIMEOUT`] and the pauses between, all tries together take less than 17 seconds, so the function's own
/// timeout must be longer than that, and the state's 60 seconds are longer still.
const TRIES: u32 = 3;
const TRY_TIMEOUT: Duration = Duration::from_secs(5);
/// All tries together take less than this, pauses included.
pub const LONGEST: Duration = Duration::from_secs(20);
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The caller of the third party.
#[derive(Debug, Clone)]
pub struct Calculate {
    /// Makes the calls.
    pub http: HttpClient,
    /// The address of the third party's `POST /double`.
    pub double_url: Uri,
    /// Signs the calls.
    pub key: SigningKey,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TaskInput {
    x: i64,
    y: i64,
    task_token: String,
}

impl Calculate {
    /// Adds, and hands the sum and the task token on.
    ///
    /// A call may be made again without harm: whichever gets through first completes the task, and its token is
    /// closed for the others.
    pub async fn run(&self, input: Value, now: Timestamp) -> Result<Value, Error> {
        let TaskInput { x, y, task_token } = input::read(input).map_err(Error::InvalidTaskInput)?;
        let sum = x.checked_add(y).ok_or(Error::NumberTooBig)?;
        let body = json!({"number": sum, "taskToken": task_token}).to_string().into_bytes();
        let headers = self.headers(now.as_second(), &body);
        let mut problem = String::new();
        for attempt in 1..=TRIES {
            if attempt > 1 {
                tokio::time::sleep(pause_before(attempt)).await;
            }
            let deadline = Deadline::after(TRY_TIMEOUT);
            problem = match self.http.post_json(self.double_url.clone(), headers.clone(), body.clone(), deadline).await
            {
                Ok((StatusCode::ACCEPTED, _)) => return Ok(json!({"sum": sum})),
                // An earlier try completed the task and only its answer was lost.
                Ok((StatusCode::CONFLICT, _)) if attempt > 1 => return Ok(json!({"sum": sum})),
                Ok((status, _)) if is_passing(status) => status.to_string(),
                Ok((status, _)) => return Err(Error::ThirdPartyRefused(status)),
                Err(unavailable) => unavailable.to_string(),
            };
            tracing::warn!(attempt, problem, "the third party did not take the number");
        }
        Err(Error::ThirdPartyUnavailable(problem))
    }

    fn headers(&self, timestamp: i64, body: &[u8]) -> HeaderMap {
        #[expect(clippy::expect_used, reason = "a signature is made of letters, digits and a sign")]
        let signature = HeaderValue::try_from(self.key.sign(timestamp, body)).expect("hexadecimal digits");
        HeaderMap::from_iter([(TIMESTAMP_HEADER, HeaderValue::from(timestamp)), (SIGNATURE_HEADER, signature)])
    }
}

/// Whether the same call may be taken later.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}

/// Doubles with every try, and a random part keeps many callers from coming back at the same moment.
fn pause_before(attempt: u32) -> Duration {
    let longest = FIRST_PAUSE * 2_u32.saturating_pow(attempt.saturating_sub(2));
    longest.mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::body::Bytes;
    use axum::extract::State;
    use axum::routing::post;
    use countersign_bot::net::signature::Verifier;

    use super::*;

    const NOW: &str = "2026-11-23T10:00:00Z";

    fn key() -> SigningKey {
        SigningKey::new("the key of double".into()).unwrap()
    }

    /// A third party that verifies what it gets and then gives the planned answers, one a call.
    struct ThirdParty {
        answers: Vec<u16>,
        calls: AtomicUsize,
        last_body: Mutex<Value>,
    }

    async fn answer(State(party): State<Arc<ThirdParty>>, headers: HeaderMap, body: Bytes) -> StatusCode {
        let header = |name| headers.get(name).map(HeaderValue::as_bytes);
        let verified = Verifier::new(key(), None).verify(
            header(TIMESTAMP_HEADER),
            header(SIGNATURE_HEADER),
            &body,
            NOW.parse().unwrap(),
        );
        assert_eq!(verified, Ok(()));
        *party.last_body.lock().unwrap() = serde_json::from_slice(&body).unwrap();
        let call = party.calls.fetch_add(1, Ordering::SeqCst);
        StatusCode::from_u16(party.answers[call]).unwrap()
    }

    async fn calculate(answers: &[u16], input: Value) -> (Result<Value, Error>, Arc<ThirdParty>) {
        let party =
            Arc::new(ThirdParty { answers: answers.to_vec(), calls: AtomicUsize::new(0), last_body: Mutex::default() });
        let router = Router::new().route("/double", post(answer)).with_state(party.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let double_url = format!("http://{}/double", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let calculate = Calculate { http: HttpClient::default(), double_url, key: key() };
        (calculate.run(input, NOW.parse().unwrap()).await, party)
    }

    fn input(x: i64, y: i64) -> Value {
        json!({"x": x, "y": y, "taskToken": "the-token"})
    }

    #[tokio::test]
    async fn the_sum_and_the_token_go_out_signed() {
        let (result, party) = calculate(&[202], input(125, 122)).await;
        assert_eq!(result, Ok(json!({"sum": 247})));
        assert_eq!(*party.last_body.lock().unwrap(), json!({"number": 247, "taskToken": "the-token"}));
    }

    #[tokio::test]
    async fn a_call_is_made_again_only_where_that_can_help() {
        let cases: [(&[u16], Result<(), Error>); 7] = [
            (&[503, 429, 202], Ok(())),
            (&[500, 202], Ok(())),
            (&[503, 409], Ok(())),
            (&[500, 502, 503], Err(Error::ThirdPartyUnavailable("503 Service Unavailable".to_owned()))),
            (&[401], Err(Error::ThirdPartyRefused(StatusCode::UNAUTHORIZED))),
            (&[409], Err(Error::ThirdPartyRefused(StatusCode::CONFLICT))),
            (&[200], Err(Error::ThirdPartyRefused(StatusCode::OK))),
        ];
        for (answers, expected) in cases {
            let (result, party) = calculate(answers, input(1, 2)).await;
            assert_eq!(result.map(drop), expected, "{answers:?}");
            assert_eq!(party.calls.load(Ordering::SeqCst), answers.len(), "{answers:?}");
        }
    }

    #[tokio::test]
    async fn a_third_party_that_is_not_there_is_unavailable() {
        let double_url = Uri::from_static("http://127.0.0.1:1/double");
        let calculate = Calculate { http: HttpClient::default(), double_url, key: key() };
        let error = calculate.run(input(1, 2), NOW.parse().unwrap()).await.unwrap_err();
        assert_eq!(error.as_str(), "ThirdPartyUnavailable");
        assert!(!error.to_string().contains("the-token"), "{error}");
    }

    #[tokio::test]
    async fn what_cannot_be_added_is_not_sent() {
        let cases = [
            (input(i64::MAX, 1), "NumberTooBig"),
            (input(i64::MIN, -1), "NumberTooBig"),
            (json!({"x": 1, "taskToken": "the-token"}), "InvalidTaskInput"),
            (json!({"x": "the-token", "y": 1, "taskToken": "t"}), "InvalidTaskInput"),
        ];
        for (input, name) in cases {
            let (result, party) = calculate(&[], input).await;
            let error = result.unwrap_err();
            assert_eq!((error.as_str(), party.calls.load(Ordering::SeqCst)), (name, 0));
            assert!(!error.to_string().contains("the-token"), "{error}");
        }
    }
}
