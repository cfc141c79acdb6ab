//! What Microsoft answers when it does not do what a call asks for.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// A refused call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// The code in the body, by which the cause is told apart.
    pub(super) code: String,
    body: Value,
    retry_after: Option<u64>,
}

impl Refusal {
    /// In the form of the connector:
    /// <https://learn.microsoft.com/microsoftteams/platform/bots/build-conversational-capability#status-codes-from-bot-conversational-apis>.
    pub(super) fn new(status: u16, code: &str, message: &str) -> Self {
        let body = json!({ "error": { "code": code, "message": message } });
        Self { status, code: code.to_owned(), body, retry_after: None }
    }

    pub(super) fn bad_syntax(message: &str) -> Self {
        Self::new(400, "BadSyntax", message)
    }

    pub(super) fn no_conversation() -> Self {
        Self::new(404, "ConversationNotFound", "Conversation not found.")
    }

    pub(super) fn no_activity() -> Self {
        Self::new(404, "ActivityNotFoundInConversation", "The message was not found in the conversation.")
    }

    pub(super) fn not_in_roster() -> Self {
        Self::new(403, "BotNotInConversationRoster", "The bot is not part of the conversation roster.")
    }

    pub(super) fn no_member() -> Self {
        Self::new(404, "MemberNotFoundInConversation", "The member was not found in the conversation.")
    }

    pub(super) fn throttled(retry_after: u64) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(429, "Throttled", "Too many requests.") }
    }

    /// A call without a token that is good, in the connector's own form.
    pub(super) fn unauthorized() -> Self {
        let body = json!({ "message": "Authorization has been denied for this request." });
        Self { status: 401, code: "Unauthorized".to_owned(), body, retry_after: None }
    }

    /// In the form of the login (Entra, error codes); `number` is the one after `AADSTS`.
    pub(super) fn login(status: u16, code: &str, number: u32, message: &str) -> Self {
        let body = json!({
            "error": code, "error_description": format!("AADSTS{number}: {message}"), "error_codes": [number],
        });
        Self { status, code: code.to_owned(), body, retry_after: None }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let wait = self.retry_after.map(|seconds| [(header::RETRY_AFTER, seconds.to_string())]);
        match wait {
            Some(wait) => (status, wait, Json(self.body)).into_response(),
            None => (status, Json(self.body)).into_response(),
        }
    }
}
