//! E-mail: a mail to each person who may decide, and the page behind the link in it.

pub mod config;
pub mod link;
pub mod mailer;
mod page;
mod routes;
mod text;

use axum::Router;
use axum::routing::get;

use self::link::LinkKeys;
use crate::flow::app::App;

/// What the handlers need.
#[derive(Clone)]
struct MailState {
    app: App,
    keys: Option<LinkKeys>,
}

/// The routes of the page; where mail is off they answer 404.
pub fn router(app: App, keys: Option<LinkKeys>) -> Router {
    Router::new()
        .route("/email/approvals/{approval_id}", get(routes::show).post(routes::decide))
        .with_state(MailState { app, keys })
}
