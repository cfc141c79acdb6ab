//! The reference workflow's own command, answers and route. Nothing else in the bot knows of its x and y, but for the form
//! in which Slack asks for them.

pub mod answers;
mod api;
pub mod launch;
pub mod numbers;

use axum::Router;
use axum::routing::post;

use crate::flow::app::App;

/// The route that starts a calculation for a caller whom API Gateway has authorised.
pub fn router(app: App) -> Router {
    Router::new().route("/calculations", post(api::start)).with_state(app)
}
