//! The form that approves a request which has to be confirmed, as a modal that a button of the card opens. Nothing in it is
//! chosen: a dialog of Slack's before a press would leave no trace in what comes of it, and a box that somebody has ticked
//! does.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use slack_morphism::blocks::{
    SlackBlock, SlackBlockCheckboxesElement, SlackBlockChoiceItem, SlackBlockPlainTextInputElement, SlackInputBlock,
    SlackModalView, SlackSectionBlock, SlackView,
};
use slack_morphism::{SlackActionId, SlackCallbackId};

use super::Slack;
use super::card::{self, COMMENT};
use super::elements::{self, plain, typed, whole};
use super::rich_text;
use crate::approval::limits::{COMMENT_MAX, length};
use crate::approval::place::{MessageRef, Platform};
use crate::approval::record::Approval;
use crate::approval::transitions::decide::{Command, decide};
use crate::flow::app::App;
use crate::messages::dialect::SLACK;
use crate::messages::escape::{one_line, visible};
use crate::messages::{answers, risk};
use crate::net::deadline::Deadline;
use crate::platforms::press::{Shown, press};

/// Tells a submission of this form from others.
pub(super) const CALLBACK_ID: &str = "approve";
/// The block and action of the box that confirms, and the value of its one option.
pub const CONFIRMED: &str = "confirmed";

/// The head of the form.
const TITLE: &str = "Approve";

/// What the form carries from the press to its submission: the value of the button, and the card.
#[derive(Serialize, Deserialize)]
pub(super) struct Metadata {
    /// What the card shows.
    pub(super) value: String,
    channel: Option<String>,
    ts: Option<String>,
}

impl Metadata {
    /// The card that was pressed on.
    pub(super) fn message(&self) -> Option<MessageRef> {
        let (conversation, message) = self.channel.clone().zip(self.ts.clone())?;
        Some(MessageRef::Card { platform: Platform::Slack, conversation, message })
    }
}

/// Opens the form in front of somebody whose approval would count with the confirmation. Anybody else hears why it would
/// not, as with any other press.
pub(super) async fn open(
    app: &App,
    slack: Option<&Slack>,
    shown: &Shown,
    command: &Command,
    trigger_id: &str,
    deadline: Deadline,
) -> Option<String> {
    let approval = match deadline.run("store", app.ports.store.load(&shown.approval)).await {
        Ok(approval) => approval,
        Err(error) => {
            tracing::error!(approval.id = %shown.approval, %error, "a form could not be made");
            return Some(answers::not_looked_up());
        }
    };
    let confirmed = Command { confirmed: true, ..command.clone() };
    let counts = |approval: &Approval| decide(approval, &confirmed, app.now()).is_ok();
    let Some(approval) = approval.filter(counts) else {
        return press(app, &shown.approval, command, SLACK, deadline).await.words();
    };
    let opened = slack?.client.open_view(trigger_id, form(&approval, command), deadline).await;
    opened.err().map(|error| {
        tracing::warn!(%error, "a form that approves could not be opened");
        answers::not_looked_up()
    })
}

fn form(approval: &Approval, command: &Command) -> SlackView {
    let (channel, ts) = match command.message.as_ref().and_then(|message| message.on(Platform::Slack)) {
        Some((channel, ts)) => (Some(channel.to_owned()), Some(ts.to_owned())),
        None => (None, None),
    };
    let metadata = Metadata { value: elements::value(approval), channel, ts };
    let mark = approval.request.risk.map(|risk| rich_text::block(&card::marked(risk)));
    let title = whole(SlackSectionBlock::new().with_text(typed(&visible(one_line(&approval.request.title)))));
    let content = SLACK.code(&approval.content_hash().short());
    let blocks = mark.into_iter().chain([
        rich_text::context(&[answers::IN_THEIR_WORDS.to_owned()]),
        title,
        rich_text::context(&[format!("content {content}")]),
        confirmation(),
        comment(command),
    ]);
    SlackView::Modal(
        SlackModalView::new(plain(TITLE), blocks.collect())
            .with_submit(plain("Approve"))
            .with_close(plain("Cancel"))
            .with_callback_id(SlackCallbackId(CALLBACK_ID.to_owned()))
            .with_private_metadata(serde_json::to_string(&metadata).unwrap_or_default()),
    )
}

/// The box that nobody has ticked yet.
fn confirmation() -> SlackBlock {
    let option = SlackBlockChoiceItem::new(typed(risk::CONFIRMATION), CONFIRMED.to_owned());
    let element = SlackBlockCheckboxesElement::new(vec![option]).with_action_id(SlackActionId(CONFIRMED.to_owned()));
    SlackInputBlock::new(plain("Confirmation"), element.into()).with_block_id(CONFIRMED.into()).into()
}

/// What was typed on the card goes along.
fn comment(command: &Command) -> SlackBlock {
    let typed = command.comment.clone().filter(|comment| length(comment) <= COMMENT_MAX);
    let input = SlackBlockPlainTextInputElement::new()
        .with_action_id(SlackActionId(COMMENT.to_owned()))
        .with_multiline(true)
        .with_max_length(COMMENT_MAX as u64)
        .opt_initial_value(typed);
    SlackInputBlock::new(plain("Comment"), input.into()).with_block_id(COMMENT.into()).with_optional(true).into()
}

/// The answer to a submission that puts words in the place of the form:
/// <https://docs.slack.dev/surfaces/modals#updating_response>.
pub(super) fn says(words: &str) -> Value {
    let view = SlackModalView::new(plain(TITLE), vec![rich_text::block(words)]).with_close(plain("Close"));
    json!({ "response_action": "update", "view": SlackView::Modal(view) })
}
