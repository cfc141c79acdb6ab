//! What the page is told when an act is not possible.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// There is nobody to act as.
pub(super) fn nobody() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({ "problem": "Nobody here has this key." }))).into_response()
}

/// The act is not possible, for the reason that the page shows.
pub(super) fn problem(text: &str) -> Response {
    (StatusCode::CONFLICT, Json(json!({ "problem": text }))).into_response()
}
