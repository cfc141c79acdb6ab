//! What the forms share that a button of the card opens to decide with.

use serde::{Deserialize, Serialize};
use slack_morphism::blocks::{
    SlackBlock, SlackBlockPlainTextInputElement, SlackInputBlock, SlackModalView, SlackSectionBlock, SlackView,
};
use slack_morphism::{SlackActionId, SlackCallbackId};

use super::card::COMMENT;
use super::elements::{self, plain, typed, whole};
use super::interaction::{Actor, View, comment};
use super::{Slack, rich_text};
use crate::approval::ids::ApprovalId;
use crate::approval::limits::{COMMENT_MAX, length};
use crate::approval::place::{MessageRef, Platform};
use crate::approval::record::Approval;
use crate::approval::request::Answers;
use crate::approval::state::Verdict;
use crate::approval::transitions::decide::{Command, Refusal, admit};
use crate::flow::app::App;
use crate::flow::delegations;
use crate::messages::answers;
use crate::messages::dialect::SLACK;
use crate::messages::escape::{one_line, visible};
use crate::net::deadline::Deadline;
use crate::platforms::malformed::Malformed;
use crate::platforms::press::{Shown, press};

/// What a form carries from the press to its submission: the value of the button, and the card.
#[derive(Serialize, Deserialize)]
struct Metadata {
    /// What the card shows.
    value: String,
    channel: Option<String>,
    ts: Option<String>,
}

impl Metadata {
    /// What the form carries that this press opens.
    fn new(approval: &Approval, command: &Command) -> Self {
        let card = command.message.as_ref().and_then(|message| message.on(Platform::Slack));
        let (channel, ts) = card.map(|(channel, ts)| (channel.to_owned(), ts.to_owned())).unzip();
        Self { value: elements::value(approval), channel, ts }
    }

    /// What the card shows, if that is one of ours.
    fn shown(&self) -> Option<Shown> {
        elements::read(&self.value)
    }

    /// The card that was pressed on.
    fn message(&self) -> Option<MessageRef> {
        let (conversation, message) = self.channel.clone().zip(self.ts.clone())?;
        Some(MessageRef::Card { platform: Platform::Slack, conversation, message })
    }
}

/// The approval, if a press of this person would count, but perhaps for what the form asks for. Anybody else hears why it
/// would not, as with any other press.
pub(super) async fn admitted(
    app: &App,
    shown: &Shown,
    command: &Command,
    is_asked_for: impl Fn(&Refusal) -> bool,
    deadline: Deadline,
) -> Result<Approval, Option<String>> {
    let loaded = match deadline.run("store", app.ports.store.load(&shown.approval)).await {
        Ok(Some(approval)) => delegations::as_of_now(app, approval, deadline).await.map(Some),
        other => other,
    };
    let approval = match loaded {
        Ok(approval) => approval,
        Err(error) => {
            tracing::error!(approval.id = %shown.approval, %error, "a form could not be made");
            return Err(Some(answers::not_looked_up()));
        }
    };
    let counts = |approval: &Approval| match admit(approval, &command.known_to(&approval.rules), app.now()) {
        Ok(()) => true,
        Err(refusal) => is_asked_for(&refusal),
    };
    match approval.filter(counts) {
        Some(approval) => Ok(approval),
        None => Err(press(app, &shown.approval, command, SLACK, deadline).await.words(SLACK)),
    }
}

/// Opens a form in front of one person; what keeps it from opening is told.
pub(super) async fn open(slack: &Slack, trigger_id: &str, view: SlackView, deadline: Deadline) -> Option<String> {
    let opened = slack.client.open_view(trigger_id, view, deadline).await;
    opened.err().map(|error| {
        tracing::warn!(%error, "a form that decides could not be opened");
        answers::not_looked_up()
    })
}

/// The approval that a submitted form is about, and what it says of it beside the answers to inputs; or what whoever submits it
/// is told instead.
pub(super) fn submitted(
    app: &App,
    actor: &Actor,
    view: &View,
    verdict: Verdict,
) -> Result<Result<(ApprovalId, Command), String>, Malformed> {
    let metadata: Metadata = view.opened_with()?;
    let (shown, person) = match (metadata.shown(), actor.decider(app)) {
        (None, _) => return Ok(Err(answers::unknown_approval())),
        (Some(_), Err(stranger)) => return Ok(Err(answers::stranger(stranger))),
        (Some(shown), Ok(person)) => (shown, person),
    };
    let command = Command {
        person,
        platform: Platform::Slack,
        verdict,
        comment: view.state.as_ref().and_then(comment),
        answers: Answers::default(),
        message: metadata.message(),
        shown: shown.content,
    };
    Ok(Ok((shown.approval, command)))
}

/// A form that this press opens, with a button of the same name as its head, and one that closes it.
pub(super) fn modal(
    (callback_id, title, close): (&str, &str, &str),
    approval: &Approval,
    command: &Command,
    blocks: Vec<SlackBlock>,
) -> SlackView {
    let metadata = Metadata::new(approval, command);
    SlackView::Modal(
        SlackModalView::new(plain(title), blocks)
            .with_submit(plain(title))
            .with_close(plain(close))
            .with_callback_id(SlackCallbackId(callback_id.to_owned()))
            .with_private_metadata(serde_json::to_string(&metadata).unwrap_or_default()),
    )
}

/// What the form is about.
pub(super) fn about(approval: &Approval) -> [SlackBlock; 3] {
    let title = whole(SlackSectionBlock::new().with_text(typed(&visible(one_line(&approval.request.title)))));
    let content = SLACK.code(&approval.content_hash().short());
    [
        rich_text::context(&[format!("content {content}")]),
        // So are the labels under it.
        rich_text::context(&[answers::IN_THEIR_WORDS.to_owned()]),
        title,
    ]
}

/// The input for the comment, in which stands what was typed on the card.
pub(super) fn comment_input(label: &str, typed: Option<String>, is_optional: bool) -> SlackBlock {
    let input = SlackBlockPlainTextInputElement::new()
        .with_action_id(SlackActionId(COMMENT.to_owned()))
        .with_multiline(true)
        .with_max_length(COMMENT_MAX as u64)
        .opt_initial_value(typed.filter(|comment| length(comment) <= COMMENT_MAX));
    let input = SlackInputBlock::new(plain(label), input.into()).with_block_id(COMMENT.into());
    input.with_optional(is_optional).into()
}
