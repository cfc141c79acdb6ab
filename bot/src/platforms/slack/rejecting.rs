//! The form that rejects, in a modal that a button of somebody's home opens: unlike the card, the home has no field to write a
//! comment in beside each request, and a rejection is asked to be confirmed.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use slack_morphism::blocks::SlackView;

use super::interaction::{Actor, View};
use super::{Slack, form, pressing, rich_text};
use crate::approval::record::Approval;
use crate::approval::state::Verdict;
use crate::approval::transitions::decide::{Command, Refusal};
use crate::flow::app::App;
use crate::messages::answers;
use crate::messages::dialect::SLACK;
use crate::net::deadline::Deadline;
use crate::platforms::malformed::Malformed;
use crate::platforms::press::{Pressed, Shown, press};

/// Tells a submission of this form from others.
pub(super) const CALLBACK_ID: &str = "reject";

/// The head of the form, and its button.
const REJECT: &str = "Reject";

/// Opens the form in front of somebody whose rejection would count with a comment. Anybody else hears why it would not, as
/// with any other press.
pub(super) async fn open(
    app: &App,
    slack: Option<&Slack>,
    shown: &Shown,
    command: &Command,
    trigger_id: &str,
    deadline: Deadline,
) -> Option<String> {
    let is_asked_for = |refusal: &Refusal| *refusal == Refusal::ReasonRequired;
    match pressing::admitted(app, shown, command, is_asked_for, deadline).await {
        Ok(approval) => pressing::open(slack?, trigger_id, view(&approval, command), deadline).await,
        Err(words) => words,
    }
}

/// Rejects with what stands in the form, in whose place stands what became of it otherwise.
pub(super) async fn submit(app: &App, actor: &Actor, view: &View, deadline: Deadline) -> Result<Response, Malformed> {
    let (approval, command) = match pressing::submitted(app, actor, view, Verdict::Reject)? {
        Ok(submitted) => submitted,
        Err(words) => return Ok(says(&words)),
    };
    Ok(match press(app, &approval, &command, SLACK, deadline).await {
        // An empty answer closes the form.
        Pressed::Card(_) => StatusCode::OK.into_response(),
        pressed => says(&pressed.words(SLACK).unwrap_or_default()),
    })
}

fn view(approval: &Approval, command: &Command) -> SlackView {
    let told = rich_text::block(answers::REJECTING);
    let input = pressing::comment_input("Comment", None, !approval.rules.reason_on_reject);
    let blocks = pressing::about(approval).into_iter().chain([told, input]).collect();
    pressing::modal((CALLBACK_ID, REJECT, "Keep waiting"), approval, command, blocks)
}

/// The answer to a submission that puts words in the place of the form.
fn says(words: &str) -> Response {
    Json(form::says_under(REJECT, words)).into_response()
}
