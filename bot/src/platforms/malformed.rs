//! A request that is from whom it should be, and is not what they document.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// A verified request that is not what the platform documents; answered 400 with what is wrong.
#[derive(Debug)]
pub(super) struct Malformed(String);

impl Malformed {
    pub(super) fn new(problem: impl ToString) -> Self {
        Self(problem.to_string())
    }
}

impl IntoResponse for Malformed {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, self.0).into_response()
    }
}
