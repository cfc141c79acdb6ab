//! The reference workflow's own route, which nothing else knows of.

mod api;

use axum::Router;
use axum::routing::post;

use crate::flow::app::App;

/// The route that starts a calculation for a caller whom API Gateway has authorised.
pub fn router(app: App) -> Router {
    Router::new().route("/calculations", post(api::start)).with_state(app)
}
