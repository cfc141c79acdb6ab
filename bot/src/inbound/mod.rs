//! From a request to a verified command: one module a transport, whose wire format stays inside it.

mod approvals;
pub mod calculations;
pub mod email;
pub mod malformed;
mod press;
pub mod slack;
mod start;
pub mod teams;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::app::App;

/// A longer body is answered 413.
const BODY_MAX_BYTES: usize = 256 * 1024;

/// Every route, as API Gateway names it. Whoever asks with HEAD is answered like GET, without the body.
pub const ROUTES: [&str; 7] = [
    "POST /slack/commands",
    "POST /slack/interactions",
    "POST /teams/messages",
    "GET /email/approvals/{approval_id}",
    "HEAD /email/approvals/{approval_id}",
    "POST /email/approvals/{approval_id}",
    "POST /calculations",
];

/// The routes of the bot, the same for `lambda_http::run` and `axum::serve`.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/slack/commands", post(slack::commands::receive))
        .route("/slack/interactions", post(slack::interactions::receive))
        .route("/teams/messages", post(teams::receive))
        .route("/email/approvals/{approval_id}", get(email::show).post(email::decide))
        .route("/calculations", post(calculations::start))
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .with_state(app)
}
