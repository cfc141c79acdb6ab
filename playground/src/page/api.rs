//! What the page asks for and what it does: one look at everything, a signal when to look again, and the acts of
//! the chosen person.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Response};
use futures::stream::{self, Stream};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{nobody, problem};
use super::state;
use crate::fakes::SlackUser;
use crate::world::World;

/// The page is told of changes at most this often.
const SIGNAL_EVERY: Duration = Duration::from_millis(100);
/// A step forward of the clock is at most this long.
const STEP_MAX_SECONDS: i64 = 366 * 24 * 60 * 60;

/// A mail runs no script, loads nothing, and is styled by itself alone; its links open new windows.
const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox";

#[derive(Deserialize)]
pub(super) struct Look {
    execution: Option<String>,
}

/// `GET /playground/api/state?execution=…`.
pub(super) async fn state(State(world): State<Arc<World>>, Query(look): Query<Look>) -> Json<Value> {
    Json(state::look(&world, look.execution.as_deref()))
}

/// `GET /playground/api/changes`: an event at once, and one whenever something has changed since.
pub(super) async fn changes(
    State(world): State<Arc<World>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let mut receiver = world.changes.subscribe();
    receiver.mark_changed();
    let signals = stream::unfold(receiver, |mut receiver| async move {
        receiver.changed().await.ok()?;
        // Several changes within the pause are one signal.
        tokio::time::sleep(SIGNAL_EVERY).await;
        receiver.mark_unchanged();
        Some((Ok(Event::default().data("changed")), receiver))
    });
    Sse::new(signals).keep_alive(KeepAlive::default())
}

/// `GET /playground/api/mails/{number}`: the HTML part as it was sent, for a sandboxed frame.
pub(super) async fn mail(State(world): State<Arc<World>>, Path(number): Path<u64>) -> Response {
    let Some(mail) = world.mailbox.mails().into_iter().find(|mail| mail.number == number) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // Without it, a link would open inside the frame, where the page behind it refuses to be shown.
    let html = mail.html.replacen("<head>", "<head><base target=\"_blank\">", 1);
    ([(header::CONTENT_SECURITY_POLICY, MAIL_POLICY)], Html(html)).into_response()
}

#[derive(Deserialize)]
pub(super) struct Command {
    person: String,
    text: String,
}

/// `POST /playground/api/slack/command`: what was typed, with the command in front.
pub(super) async fn command(State(world): State<Arc<World>>, Json(typed): Json<Command>) -> Response {
    let Some(user) = user(&world, &typed.person) else {
        return nobody();
    };
    let line = typed.text.trim();
    if !line.starts_with('/') {
        return problem("Only commands are read here, which begin with a slash: type /approvals.");
    }
    let (name, text) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let answer = world.slack.command(&user, &world.channel, name, text.trim()).await;
    Json(json!({ "status": answer.status })).into_response()
}

#[derive(Deserialize)]
pub(super) struct Press {
    person: String,
    channel: String,
    ts: String,
    action_id: String,
    comment: Option<String>,
    /// What was chosen, by what it says, if it was a menu.
    option: Option<String>,
}

/// `POST /playground/api/slack/press`.
pub(super) async fn press(State(world): State<Arc<World>>, Json(press): Json<Press>) -> Response {
    let Some(user) = user(&world, &press.person) else {
        return nobody();
    };
    let comment = press.comment.as_deref().filter(|comment| !comment.is_empty());
    let Press { channel, ts, action_id, .. } = &press;
    let pressed = match &press.option {
        Some(option) => world.slack.choose(&user, channel, ts, option).await,
        None => world.slack.press(&user, channel, ts, action_id, comment).await,
    };
    match pressed {
        Ok(status) => Json(json!({ "status": status })).into_response(),
        Err(error) => problem(&format!("Not sent: {error}.")),
    }
}

/// `POST /playground/api/slack/home`: opens the home of the app.
pub(super) async fn open_home(State(world): State<Arc<World>>, Json(acting): Json<Acting>) -> Response {
    let Some(user) = user(&world, &acting.person) else {
        return nobody();
    };
    match world.slack.open_home(&user).await {
        Ok(reply) => Json(json!({ "status": reply.status })).into_response(),
        Err(error) => problem(&format!("Not sent: {error}.")),
    }
}

#[derive(Deserialize)]
pub(super) struct PressInHome {
    person: String,
    /// The end of the id of the block.
    block: String,
    action_id: String,
    /// What was chosen, by what it says, if it was a menu.
    option: Option<String>,
}

/// `POST /playground/api/slack/home/press`.
pub(super) async fn press_in_home(State(world): State<Arc<World>>, Json(press): Json<PressInHome>) -> Response {
    let Some(user) = user(&world, &press.person) else {
        return nobody();
    };
    let pressed = match &press.option {
        Some(option) => world.slack.choose_in_home(&user, &press.block, option).await,
        None => world.slack.press_in_home(&user, &press.block, &press.action_id).await,
    };
    match pressed {
        Ok(status) => Json(json!({ "status": status })).into_response(),
        Err(error) => problem(&format!("Not sent: {error}.")),
    }
}

#[derive(Deserialize)]
pub(super) struct Submit {
    person: String,
    values: BTreeMap<String, String>,
}

/// `POST /playground/api/slack/submit`: the values of the open form by block id.
pub(super) async fn submit(State(world): State<Arc<World>>, Json(submit): Json<Submit>) -> Response {
    let Some(user) = user(&world, &submit.person) else {
        return nobody();
    };
    let values: Vec<(&str, &str)> =
        submit.values.iter().map(|(block, value)| (block.as_str(), value.as_str())).collect();
    match world.slack.submit(&user, &values).await {
        Ok(answer) => Json(json!({ "status": answer.status, "errors": answer.errors })).into_response(),
        Err(error) => problem(&format!("Not sent: {error}.")),
    }
}

#[derive(Deserialize)]
pub(super) struct Acting {
    person: String,
}

/// `POST /playground/api/slack/close`: puts the open form away.
pub(super) async fn close(State(world): State<Arc<World>>, Json(close): Json<Acting>) -> Response {
    let Some(user) = user(&world, &close.person) else {
        return nobody();
    };
    world.slack.close_view(&user.id);
    StatusCode::NO_CONTENT.into_response()
}

#[derive(Deserialize)]
pub(super) struct Start {
    machine: String,
    /// JSON as it was typed, since a browser would round large numbers.
    input: String,
}

/// `POST /playground/api/executions`: starts a state machine with this input.
pub(super) async fn start(State(world): State<Arc<World>>, Json(start): Json<Start>) -> Response {
    let Some(machine) = world.machine(&start.machine) else {
        return problem(&format!("No state machine is called {}.", start.machine));
    };
    let input: Value = match serde_json::from_str(&start.input) {
        Ok(input) => input,
        Err(error) => return problem(&format!("The input is not JSON: {error}.")),
    };
    match world.start_execution(machine, input) {
        Ok(execution) => Json(json!({ "execution": execution })).into_response(),
        Err(error) => problem(&format!("Not started: {error}.")),
    }
}

#[derive(Deserialize)]
pub(super) struct Step {
    seconds: i64,
}

/// `POST /playground/api/clock`: moves the time of the whole world forward.
pub(super) async fn move_clock(State(world): State<Arc<World>>, Json(step): Json<Step>) -> Response {
    if !(1..=STEP_MAX_SECONDS).contains(&step.seconds) {
        return problem("Time moves forward, by a year at most.");
    }
    world.clock.advance(SignedDuration::from_secs(step.seconds));
    world.changes.note();
    StatusCode::NO_CONTENT.into_response()
}

fn user(world: &World, key: &str) -> Option<SlackUser> {
    world.actor(key).map(|actor| actor.user)
}
