//! A request that Slack has signed. There is no other way to make one, so no handler can run without the check.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

use super::SlackState;
use crate::platforms::malformed::Malformed;

const TIMESTAMP: &str = "x-slack-request-timestamp";
const SIGNATURE: &str = "x-slack-signature";

/// The raw body of a request with a good signature.
pub(super) struct Verified(Bytes);

impl FromRequest<SlackState> for Verified {
    type Rejection = Response;

    async fn from_request(request: Request, state: &SlackState) -> Result<Self, Response> {
        let Some(slack) = &state.slack else {
            return Err(StatusCode::NOT_FOUND.into_response());
        };
        let header =
            |headers: &HeaderMap, name| headers.get(name).map(|value: &http::HeaderValue| value.as_bytes().to_vec());
        let timestamp = header(request.headers(), TIMESTAMP);
        let signature = header(request.headers(), SIGNATURE);
        let body = Bytes::from_request(request, state).await.map_err(IntoResponse::into_response)?;
        match slack.verifier.verify(timestamp.as_deref(), signature.as_deref(), &body, state.app.now()) {
            // Slack tells an address with this from one that is no more, and wants nothing but a 200 for it.
            Ok(()) if is_ssl_check(&body) => Err(StatusCode::OK.into_response()),
            Ok(()) => Ok(Self(body)),
            Err(reason) => {
                tracing::warn!(%reason, "a request to a Slack route was refused");
                Err(StatusCode::UNAUTHORIZED.into_response())
            }
        }
    }
}

/// Whether Slack only checks the certificate of the address, with a form that is no command and no interaction:
/// <https://docs.slack.dev/interactivity/implementing-slash-commands>.
fn is_ssl_check(body: &[u8]) -> bool {
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(body).unwrap_or_default();
    fields.iter().any(|(name, value)| name == "ssl_check" && value == "1")
}

impl Verified {
    /// Reads the body as a form; the answer to a malformed one names the field.
    pub(super) fn form<T: DeserializeOwned>(&self) -> Result<T, Malformed> {
        serde_urlencoded::from_bytes(&self.0).map_err(Malformed::new)
    }

    /// Reads the body as JSON, likewise.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Malformed> {
        let mut json = serde_json::Deserializer::from_slice(&self.0);
        serde_path_to_error::deserialize(&mut json).map_err(Malformed::new)
    }
}
