//! The form that sends a request back for changes: it asks for what is to be changed, without which nobody could change it.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use slack_morphism::blocks::SlackView;

use super::card::COMMENT;
use super::interaction::{Actor, View};
use super::{Slack, form, pressing, rich_text};
use crate::approval::record::Approval;
use crate::approval::state::Verdict;
use crate::approval::transitions::decide::{Command, Refusal};
use crate::flow::app::App;
use crate::messages::dialect::SLACK;
use crate::messages::{answers, returning};
use crate::net::deadline::Deadline;
use crate::platforms::malformed::Malformed;
use crate::platforms::press::{Pressed, Shown, press};

/// Tells a submission of this form from others.
pub(super) const CALLBACK_ID: &str = "return";

/// Opens the form in front of somebody who may send the request back. Anybody else hears why they may not. What they typed on
/// the card goes along, and sends nothing back by itself.
pub(super) async fn open(
    app: &App,
    slack: Option<&Slack>,
    shown: &Shown,
    mut command: Command,
    trigger_id: &str,
    deadline: Deadline,
) -> Option<String> {
    let typed = command.comment.take();
    let is_asked_for = |refusal: &Refusal| *refusal == Refusal::ReturnNeedsReason;
    match pressing::admitted(app, shown, &command, is_asked_for, deadline).await {
        Ok(approval) => pressing::open(slack?, trigger_id, view(&approval, &command, typed), deadline).await,
        Err(words) => words,
    }
}

/// Sends back with what stands in the form. That it is missing is said under the input, and in the place of the form what the
/// card will not say.
pub(super) async fn submit(app: &App, actor: &Actor, view: &View, deadline: Deadline) -> Result<Response, Malformed> {
    let (approval, command) = match pressing::submitted(app, actor, view, Verdict::Return)? {
        Ok(submitted) => submitted,
        Err(words) => return Ok(says(&words)),
    };
    Ok(match press(app, &approval, &command, SLACK, deadline).await {
        // An empty answer closes the form.
        Pressed::Card(_) => StatusCode::OK.into_response(),
        Pressed::Unexplained(words) => Json(form::errors([(COMMENT.to_owned(), words)])).into_response(),
        Pressed::Words(words) => says(&words),
        Pressed::Lacking(_, lacking) => says(&answers::refusal(&Refusal::Lacking(lacking), SLACK)),
    })
}

fn view(approval: &Approval, command: &Command, typed: Option<String>) -> SlackView {
    let told = rich_text::block(returning::SENDING_BACK);
    let input = pressing::comment_input(returning::CHANGES, typed, false);
    let blocks = pressing::about(approval).into_iter().chain([told, input]).collect();
    pressing::modal((CALLBACK_ID, returning::SEND_BACK, "Cancel"), approval, command, blocks)
}

/// The answer to a submission that puts words in the place of the form.
fn says(words: &str) -> Response {
    Json(form::says_under(returning::SEND_BACK, words)).into_response()
}
