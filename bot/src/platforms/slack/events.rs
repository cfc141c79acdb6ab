//! What Slack tells of by itself: that somebody has opened the home of the app.
//!
//! The wire structs are lenient: events that we do not know are answered 200 and ignored.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::verified::Verified;
use super::{PATIENCE, SlackState, access, home};
use crate::approval::place::Platform;
use crate::flow::homes;
use crate::net::deadline::Deadline;
use crate::platforms::malformed::Malformed;

/// The tab of the home; the other is the chat with the app.
const HOME: &str = "home";

/// <https://docs.slack.dev/apis/events-api>.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Envelope {
    /// Slack asks whether this is the address that it was given: <https://docs.slack.dev/reference/events/url_verification>.
    UrlVerification {
        challenge: String,
    },
    EventCallback(Callback),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Callback {
    team_id: Option<String>,
    enterprise_id: Option<String>,
    event: Event,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    /// <https://docs.slack.dev/reference/events/app_home_opened>.
    AppHomeOpened(Opened),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Opened {
    user: String,
    #[serde(default)]
    tab: String,
    /// What is shown there, if anything was ever.
    view: Option<Shown>,
}

#[derive(Deserialize)]
struct Shown {
    hash: Option<String>,
}

/// `POST /slack/events`. After another answer than 200 Slack tells of it again.
pub(super) async fn receive(State(state): State<SlackState>, body: Verified) -> Result<Response, Malformed> {
    let deadline = Deadline::after(PATIENCE);
    Ok(match body.json()? {
        Envelope::UrlVerification { challenge } => Json(json!({ "challenge": challenge })).into_response(),
        Envelope::EventCallback(Callback { event: Event::AppHomeOpened(opened), team_id, enterprise_id })
            if opened.tab == HOME =>
        {
            let teams: Vec<&str> = [&team_id, &enterprise_id].into_iter().filter_map(Option::as_deref).collect();
            self::opened(&state, opened, &teams, deadline).await
        }
        Envelope::EventCallback(_) | Envelope::Other => StatusCode::OK.into_response(),
    })
}

/// Has a messenger make the home of somebody whom the policy knows. Anybody else is told that it does not, at once.
async fn opened(state: &SlackState, opened: Opened, teams: &[&str], deadline: Deadline) -> Response {
    let SlackState { app, slack } = state;
    let Opened { user, view, .. } = opened;
    let shows = view.and_then(|view| view.hash);
    match (access::decider(app, teams, &user), slack) {
        (Ok(person), _) => {
            let noted = homes::opened(app, &person.id, (Platform::Slack, &user), shows, deadline).await;
            if let Err(error) = noted {
                tracing::error!(%error, "a home could not be made");
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
        }
        (Err(stranger), Some(slack)) => {
            let shown = slack.client.publish(&user, home::of_stranger(stranger), shows.as_deref(), deadline).await;
            if let Err(error) = shown {
                tracing::warn!(%error, "the home of a stranger was not shown");
            }
        }
        (Err(_), None) => {}
    }
    StatusCode::OK.into_response()
}
