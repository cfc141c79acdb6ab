//! `POST /calculations`: starts a calculation for a caller that API Gateway has authorised by IAM.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::flow::app::App;
use crate::flow::launch::{self, Launch};
use crate::net::caller::IamCaller;
use crate::net::deadline::Deadline;
use crate::ports::StartError;

/// Whoever calls waits this long at most.
const PATIENCE: Duration = Duration::from_millis(2_500);
/// The state machine behind this route, by its name in `COUNTERSIGN_STATE_MACHINES`.
const STATE_MACHINE: &str = "calculation";
/// Repeats of a request with the same value start one execution, whichever session of a role makes them.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Starts an execution with the body as its input, which the workflow itself checks.
///
/// A caller may name somebody else as `requestedBy`: whom IAM lets start calculations is trusted with that.
pub(super) async fn start(State(app): State<App>, caller: IamCaller, headers: HeaderMap, body: Bytes) -> Response {
    let deadline = Deadline::after(PATIENCE);
    let input: Map<String, Value> = match serde_json::from_slice(&body) {
        Ok(input) => input,
        Err(error) => return problem(StatusCode::BAD_REQUEST, &format!("the body is no JSON object: {error}")),
    };
    let key = match headers.get(IDEMPOTENCY_KEY).map(|value| value.to_str()) {
        None => format!("{:032x}", fastrand::u128(..)),
        Some(Ok(key)) if !key.is_empty() && key.len() <= 255 => key.to_owned(),
        Some(_) => {
            return problem(StatusCode::BAD_REQUEST, "Idempotency-Key must be 1 to 255 visible characters");
        }
    };
    let launch = Launch {
        state_machine: STATE_MACHINE,
        input,
        requested_by: None,
        correlation: json!({ "source": "api" }),
        starter: None,
        command_id: &format!("api:{}:{key}", caller.principal()),
    };
    match launch::launch(&app, launch, deadline).await {
        Ok(execution) => {
            let url = app.links.execution(&execution);
            (StatusCode::ACCEPTED, Json(json!({ "executionArn": execution, "executionUrl": url }))).into_response()
        }
        Err(error) => {
            if !matches!(error, StartError::OtherInput) {
                tracing::error!(%error, "a calculation could not be started");
            }
            match error {
                StartError::Refused(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, "the calculation was refused"),
                StartError::OtherInput => {
                    let text = "this Idempotency-Key has started a calculation with another body: repeat that body, or \
                                use a new key";
                    problem(StatusCode::UNPROCESSABLE_ENTITY, text)
                }
                StartError::Unavailable(_) => problem(StatusCode::SERVICE_UNAVAILABLE, "try again in a moment"),
            }
        }
    }
}

fn problem(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({ "error": text }))).into_response()
}
