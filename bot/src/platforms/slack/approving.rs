//! The form that approves a request which asks whoever approves for something: values, a confirmation, or both. A modal
//! that a button of the card opens for one person alone. Its box is ticked by nobody else: a dialog of Slack's before a
//! press would leave no trace in what comes of it, and a box that somebody has ticked does.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use slack_morphism::SlackActionId;
use slack_morphism::blocks::{
    SlackBlock, SlackBlockCheckboxesElement, SlackBlockChoiceItem, SlackInputBlock, SlackView,
};

use super::card;
use super::elements::{plain, typed};
use super::interaction::{Actor, InputState, View};
use super::pressing;
use super::{Slack, form, rich_text};
use crate::approval::record::Approval;
use crate::approval::request::{Answers, Lacking};
use crate::approval::state::Verdict;
use crate::approval::transitions::decide::Command;
use crate::flow::app::App;
use crate::messages::dialect::SLACK;
use crate::messages::risk;
use crate::net::deadline::Deadline;
use crate::platforms::malformed::Malformed;
use crate::platforms::press::{Pressed, Shown, press};

/// Tells a submission of this form from others.
pub(super) const CALLBACK_ID: &str = "approve";
/// The block and action of the box that confirms, and the value of its one option.
pub const CONFIRMED: &str = "confirmed";

/// The head of the form.
const TITLE: &str = "Approve";

/// Opens the form in front of somebody whose approval would count with what it asks for. Anybody else hears why it would
/// not, as with any other press.
pub(super) async fn open(
    app: &App,
    slack: Option<&Slack>,
    shown: &Shown,
    command: &Command,
    trigger_id: &str,
    deadline: Deadline,
) -> Option<String> {
    match pressing::admitted(app, shown, command, |_| false, deadline).await {
        Ok(approval) => pressing::open(slack?, trigger_id, view(&approval, command), deadline).await,
        Err(words) => words,
    }
}

/// Approves with what stands in the form. What is missing or wrong is said under it, and in the place of the form what the
/// card will not say.
pub(super) async fn submit(app: &App, actor: &Actor, view: &View, deadline: Deadline) -> Result<Response, Malformed> {
    let (id, mut command) = match pressing::submitted(app, actor, view, Verdict::Approve)? {
        Ok(submitted) => submitted,
        Err(words) => return Ok(says(&words)),
    };
    // What cannot be loaded now is not decided on either.
    let approval = deadline.run("store", app.ports.store.load(&id)).await.ok().flatten();
    let request = approval.as_ref().map(|approval| &approval.request);
    let answered = |state: &InputState| Answers {
        inputs: state.inputs(request),
        confirmed: state.has_ticked(CONFIRMED, CONFIRMED, CONFIRMED),
    };
    command.answers = view.state.as_ref().map(answered).unwrap_or_default();
    Ok(match press(app, &id, &command, SLACK, deadline).await {
        // An empty answer closes the form.
        Pressed::Card(_) => StatusCode::OK.into_response(),
        Pressed::Lacking(_, lacking) => Json(mistakes(&lacking)).into_response(),
        Pressed::Unexplained(words) | Pressed::Words(words) => says(&words),
    })
}

fn view(approval: &Approval, command: &Command) -> SlackView {
    let request = &approval.request;
    let mark = request.risk.map(|risk| rich_text::block(&card::marked(risk)));
    let asked = request.unanswered();
    let inputs = asked.iter().enumerate().map(|(index, (field, entry))| {
        form::input(&block_id(&field.name), field.kind.menu(), (field, entry), index == 0)
    });
    let confirmation = request.needs_confirmation().then(confirmation);
    let comment = pressing::comment_input("Comment", command.comment.clone(), true);
    let asked = inputs.chain(confirmation).chain([comment]);
    let blocks = mark.into_iter().chain(pressing::about(approval)).chain(asked);
    pressing::modal((CALLBACK_ID, TITLE, "Cancel"), approval, command, blocks.collect())
}

fn block_id(name: &str) -> String {
    format!("{}{name}", form::INPUT)
}

/// The box that nobody has ticked yet.
fn confirmation() -> SlackBlock {
    let option = SlackBlockChoiceItem::new(typed(risk::CONFIRMATION), CONFIRMED.to_owned());
    let element = SlackBlockCheckboxesElement::new(vec![option]).with_action_id(SlackActionId(CONFIRMED.to_owned()));
    SlackInputBlock::new(plain("Confirmation"), element.into()).with_block_id(CONFIRMED.into()).into()
}

/// The answer to a submission that shows all that is missing or wrong, each under its input.
fn mistakes(lacking: &Lacking) -> Value {
    let inputs = lacking.inputs.iter().map(|wrong| (block_id(&wrong.name), wrong.mistake.to_string()));
    form::errors(inputs.chain(lacking.confirmation.then(|| (CONFIRMED.to_owned(), risk::unconfirmed()))))
}

/// The answer to a submission that puts words in the place of the form.
fn says(words: &str) -> Response {
    Json(form::says_under(TITLE, words)).into_response()
}
