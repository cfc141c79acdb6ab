//! The form that approves a request which asks whoever approves for something: values, a confirmation, or both. A modal
//! that a button of the card opens for one person alone. Its box is ticked by nobody else: a dialog of Slack's before a
//! press would leave no trace in what comes of it, and a box that somebody has ticked does.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use slack_morphism::blocks::{
    SlackBlock, SlackBlockCheckboxesElement, SlackBlockChoiceItem, SlackBlockPlainTextInputElement, SlackInputBlock,
    SlackModalView, SlackSectionBlock, SlackView,
};
use slack_morphism::{SlackActionId, SlackCallbackId};

use super::card::{self, COMMENT};
use super::elements::{self, plain, typed, whole};
use super::interaction::{Actor, InputState, View, comment};
use super::{Slack, form, rich_text};
use crate::approval::limits::{COMMENT_MAX, length};
use crate::approval::place::{MessageRef, Platform};
use crate::approval::record::Approval;
use crate::approval::request::{Answers, Lacking};
use crate::approval::state::Verdict;
use crate::approval::transitions::decide::{Command, admit};
use crate::flow::app::App;
use crate::flow::delegations;
use crate::messages::dialect::SLACK;
use crate::messages::escape::{one_line, visible};
use crate::messages::{answers, risk};
use crate::net::deadline::Deadline;
use crate::platforms::malformed::Malformed;
use crate::platforms::press::{Pressed, Shown, press};

/// Tells a submission of this form from others.
pub(super) const CALLBACK_ID: &str = "approve";
/// The block and action of the box that confirms, and the value of its one option.
pub const CONFIRMED: &str = "confirmed";

/// The head of the form.
const TITLE: &str = "Approve";

/// What the form carries from the press to its submission: the value of the button, and the card.
#[derive(Serialize, Deserialize)]
struct Metadata {
    /// What the card shows.
    value: String,
    channel: Option<String>,
    ts: Option<String>,
}

impl Metadata {
    /// The card that was pressed on.
    fn message(&self) -> Option<MessageRef> {
        let (conversation, message) = self.channel.clone().zip(self.ts.clone())?;
        Some(MessageRef::Card { platform: Platform::Slack, conversation, message })
    }
}

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
    let loaded = match deadline.run("store", app.ports.store.load(&shown.approval)).await {
        Ok(Some(approval)) => delegations::as_of_now(app, approval, deadline).await.map(Some),
        other => other,
    };
    let approval = match loaded {
        Ok(approval) => approval,
        Err(error) => {
            tracing::error!(approval.id = %shown.approval, %error, "a form could not be made");
            return Some(answers::not_looked_up());
        }
    };
    let counts = |approval: &Approval| admit(approval, &command.known_to(&approval.rules), app.now()).is_ok();
    let Some(approval) = approval.filter(counts) else {
        return press(app, &shown.approval, command, SLACK, deadline).await.words(SLACK);
    };
    let opened = slack?.client.open_view(trigger_id, view(&approval, command), deadline).await;
    opened.err().map(|error| {
        tracing::warn!(%error, "a form that approves could not be opened");
        answers::not_looked_up()
    })
}

/// Approves with what stands in the form. What is missing or wrong is said under it, and in the place of the form what the
/// card will not say.
pub(super) async fn submit(app: &App, actor: &Actor, view: &View, deadline: Deadline) -> Result<Response, Malformed> {
    let metadata: Metadata = view.opened_with()?;
    let (shown, person) = match (elements::read(&metadata.value), actor.decider(app, actor.person(app))) {
        (None, _) => return Ok(says(&answers::unknown_approval())),
        (Some(_), Err(stranger)) => return Ok(says(&answers::stranger(stranger))),
        (Some(shown), Ok(person)) => (shown, person),
    };
    // What cannot be loaded now is not decided on either.
    let approval = deadline.run("store", app.ports.store.load(&shown.approval)).await.ok().flatten();
    let request = approval.as_ref().map(|approval| &approval.request);
    let answered = |state: &InputState| Answers {
        inputs: state.inputs(request),
        confirmed: state.has_ticked(CONFIRMED, CONFIRMED, CONFIRMED),
    };
    let command = Command {
        person,
        platform: Platform::Slack,
        verdict: Verdict::Approve,
        comment: view.state.as_ref().and_then(comment),
        answers: view.state.as_ref().map(answered).unwrap_or_default(),
        message: metadata.message(),
        shown: shown.content,
    };
    Ok(match press(app, &shown.approval, &command, SLACK, deadline).await {
        // An empty answer closes the form.
        Pressed::Card(_) => StatusCode::OK.into_response(),
        Pressed::Lacking(_, lacking) => Json(mistakes(&lacking)).into_response(),
        Pressed::Words(words) => says(&words),
    })
}

fn view(approval: &Approval, command: &Command) -> SlackView {
    let (channel, ts) = match command.message.as_ref().and_then(|message| message.on(Platform::Slack)) {
        Some((channel, ts)) => (Some(channel.to_owned()), Some(ts.to_owned())),
        None => (None, None),
    };
    let metadata = Metadata { value: elements::value(approval), channel, ts };
    let request = &approval.request;
    let mark = request.risk.map(|risk| rich_text::block(&card::marked(risk)));
    let title = whole(SlackSectionBlock::new().with_text(typed(&visible(one_line(&request.title)))));
    let content = SLACK.code(&approval.content_hash().short());
    let asked = request.unanswered();
    let inputs = asked.iter().enumerate().map(|(index, (field, entry))| {
        form::input(&block_id(&field.name), field.kind.menu(), (field, entry), index == 0)
    });
    let about = [
        rich_text::context(&[format!("content {content}")]),
        // So are the labels under it.
        rich_text::context(&[answers::IN_THEIR_WORDS.to_owned()]),
        title,
    ];
    let confirmation = request.needs_confirmation().then(confirmation);
    let blocks = mark.into_iter().chain(about).chain(inputs).chain(confirmation).chain([comment_input(command)]);
    SlackView::Modal(
        SlackModalView::new(plain(TITLE), blocks.collect())
            .with_submit(plain("Approve"))
            .with_close(plain("Cancel"))
            .with_callback_id(SlackCallbackId(CALLBACK_ID.to_owned()))
            .with_private_metadata(serde_json::to_string(&metadata).unwrap_or_default()),
    )
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

/// What was typed on the card goes along.
fn comment_input(command: &Command) -> SlackBlock {
    let typed = command.comment.clone().filter(|comment| length(comment) <= COMMENT_MAX);
    let input = SlackBlockPlainTextInputElement::new()
        .with_action_id(SlackActionId(COMMENT.to_owned()))
        .with_multiline(true)
        .with_max_length(COMMENT_MAX as u64)
        .opt_initial_value(typed);
    SlackInputBlock::new(plain("Comment"), input.into()).with_block_id(COMMENT.into()).with_optional(true).into()
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
