//! Who calls, where API Gateway has found it out.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

/// Whoever API Gateway has authorised by IAM. The host puts it into the request's extensions, from the
/// gateway's request context; a request without it is refused.
#[derive(Debug, Clone)]
pub struct IamCaller(pub String);

impl<S: Sync> FromRequestParts<S> for IamCaller {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        parts.extensions.get::<Self>().cloned().ok_or(StatusCode::UNAUTHORIZED)
    }
}
