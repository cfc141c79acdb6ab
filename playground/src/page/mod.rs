//! The page of the playground: what everybody sees, and what the person at the keyboard does as one of them.
//!
//! It is a look at the world, not a part of it. Whatever it does goes through the fake Slack, the fake Teams or the clock, so the
//! bot sees the same signed requests as from anywhere else; what it starts itself, it starts as Step Functions' console does,
//! from JSON, or from a form that the bot checks as it checks those of the chats.

mod answer;
mod api;
mod assets;
mod guard;
mod starting;
mod state;
mod teams;

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::{get, post};

use crate::world::World;

/// The routes of the page. Only a browser on this machine, on this page, may use them.
pub fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/", get(assets::index))
        .route("/playground/assets/{name}", get(assets::asset))
        .route("/playground/api/state", get(api::state))
        .route("/playground/api/changes", get(api::changes))
        .route("/playground/api/mails/{number}", get(api::mail))
        .route("/playground/api/slack/command", post(api::command))
        .route("/playground/api/slack/press", post(api::press))
        .route("/playground/api/slack/home", post(api::open_home))
        .route("/playground/api/slack/home/press", post(api::press_in_home))
        .route("/playground/api/slack/submit", post(api::submit))
        .route("/playground/api/slack/close", post(api::close))
        .route("/playground/api/teams/say", post(teams::say))
        .route("/playground/api/teams/press", post(teams::press))
        .route("/playground/api/executions", post(api::start))
        .route("/playground/api/commands", post(starting::submit))
        .route("/playground/api/clock", post(api::move_clock))
        .layer(middleware::from_fn(guard::check))
        .with_state(world)
}
