//! Slack: the signature, the slash command, and what people press and submit.

pub mod commands;
pub mod interactions;
mod verified;

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An answer that only the person who sent the command sees.
fn ephemeral(text: String) -> Response {
    Json(json!({ "response_type": "ephemeral", "text": text })).into_response()
}
