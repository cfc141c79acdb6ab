//! One call over HTTP, repeated where that is of use and does no harm.

use axum::body::Bytes;
use http::{Request, Response, StatusCode};

use super::error::{Error, retry_after};
use crate::net::deadline::Deadline;
use crate::net::http::{HttpClient, NoAnswer};
use crate::net::retry::{Repeat, Try, retry};

/// Sends a request and returns the last answer, whatever its status.
pub(super) async fn call(
    http: &HttpClient,
    request: &Request<Vec<u8>>,
    repeat: Repeat,
    deadline: Deadline,
) -> Result<Response<Bytes>, Error> {
    let try_once = |deadline| async move {
        let answer = http.send(request.clone(), deadline).await;
        let pause = match &answer {
            Ok(answer) if is_passing(answer.status(), repeat) => retry_after(answer),
            Err(error) if !error.is_sent || repeat == Repeat::Freely => None,
            _ => return Try::Done(answer),
        };
        Try::Again(answer, pause)
    };
    Ok(retry(deadline, try_once).await?)
}

/// The statuses after which Teams wants to be asked again. After a gateway's timeout, what was asked may be done
/// already.
/// <https://learn.microsoft.com/microsoftteams/platform/bots/build-conversational-capability#status-codes-from-bot-conversational-apis>
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

impl From<NoAnswer> for Error {
    fn from(error: NoAnswer) -> Self {
        if error.is_sent {
            Self::NoAnswer("the answer was lost, or did not come in time")
        } else {
            Self::NotSent("there is no connection")
        }
    }
}
