//! One call over HTTP, repeated where that is of use and does no harm.

use std::time::Duration;

use axum::body::Bytes;
use http::{Request, Response, StatusCode, header};

use super::error::Error;
use crate::net::deadline::Deadline;
use crate::net::http::{HttpClient, NoAnswer};

/// A call is tried this often.
const TRIES_MAX: u32 = 4;
/// After the first try, plus up to as much again at random; it doubles with each further one.
const PAUSE: Duration = Duration::from_millis(250);
/// One try may not use up the time of all.
const TRY_MAX: Duration = Duration::from_secs(5);

/// Whether a call may be made twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Its effect is the same once and twice.
    Freely,
    /// Only when it is known to have done nothing.
    OnlyWhenNothingHappened,
}

/// Sends a request and returns the last answer, whatever its status. Between tries it waits as long as it is told to,
/// or longer each time, but never past the deadline.
pub(super) async fn call(
    http: &HttpClient,
    request: &Request<Vec<u8>>,
    repeat: Repeat,
    deadline: Deadline,
) -> Result<Response<Bytes>, Error> {
    let mut backoff = PAUSE;
    for _ in 1..TRIES_MAX {
        let answer = http.send(request.clone(), deadline.at_most(TRY_MAX)).await;
        let pause = match &answer {
            Ok(answer) if is_passing(answer.status(), repeat) => retry_after(answer),
            Err(error) if !error.is_sent || repeat == Repeat::Freely => None,
            _ => return answer.map_err(Error::from),
        };
        let pause = pause.unwrap_or_else(|| backoff.mul_f64(1.0 + fastrand::f64()));
        if pause >= deadline.left() {
            return answer.map_err(Error::from);
        }
        backoff *= 2;
        tokio::time::sleep(pause).await;
    }
    Ok(http.send(request.clone(), deadline.at_most(TRY_MAX)).await?)
}

/// The statuses after which Teams wants to be asked again (learn.microsoft.com, status codes from bot conversational
/// APIs). After a gateway's timeout, what was asked may be done already.
fn is_passing(status: StatusCode, repeat: Repeat) -> bool {
    match status {
        StatusCode::PRECONDITION_FAILED
        | StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE => true,
        StatusCode::GATEWAY_TIMEOUT => repeat == Repeat::Freely,
        _ => false,
    }
}

/// How long the answer wants us to wait, if it says so in seconds.
fn retry_after(answer: &Response<Bytes>) -> Option<Duration> {
    let seconds = answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

impl From<NoAnswer> for Error {
    fn from(error: NoAnswer) -> Self {
        if error.is_sent {
            Self::NoAnswer("the answer was lost, or did not come in time")
        } else {
            Self::NotSent("there is no connection")
        }
    }
}
