//! Every route of the bot, in one table.

use axum::Router;
use axum::extract::DefaultBodyLimit;

use super::Bot;
use crate::calculation;
use crate::platforms::{email, slack, teams};

/// A longer body is answered 413.
const BODY_MAX_BYTES: usize = 256 * 1024;

/// Every route, as API Gateway names it. Whoever asks with HEAD is answered like GET, without the body.
pub const ROUTES: [&str; 8] = [
    "POST /slack/commands",
    "POST /slack/interactions",
    "POST /slack/events",
    "POST /teams/messages",
    "GET /email/approvals/{approval_id}",
    "HEAD /email/approvals/{approval_id}",
    "POST /email/approvals/{approval_id}",
    "POST /calculations",
];

/// The routes of the bot, the same for `lambda_http::run` and `axum::serve`.
pub fn router(bot: Bot) -> Router {
    let Bot { app, slack, teams, link_keys } = bot;
    Router::new()
        .merge(slack::router(app.clone(), slack))
        .merge(teams::router(app.clone(), teams))
        .merge(email::router(app.clone(), link_keys))
        .merge(calculation::router(app))
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
}
