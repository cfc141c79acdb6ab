//! The form behind `/start` without arguments.

use serde_json::{Map, Value, json};
use slack_morphism::blocks::{
    SlackBlock, SlackBlockMarkDownText, SlackBlockNumberInputElement, SlackBlockPlainText, SlackInputBlock,
    SlackModalView, SlackSectionBlock, SlackView,
};
use slack_morphism::{SlackActionId, SlackCallbackId};

use crate::calculation::numbers::{Mistake, NAMES};

/// Tells a submission of this form from others.
pub(super) const CALLBACK_ID: &str = "start";
/// The action of both inputs; the block tells which number it is.
pub(super) const ACTION_ID: &str = "number";

const TITLE: &str = "New calculation";

/// The form. `metadata` comes back with the submission: the command, and the channel to answer in.
pub(super) fn form(metadata: String) -> SlackView {
    let blocks = NAMES.map(|name| {
        let element = SlackBlockNumberInputElement::new(false)
            .with_action_id(SlackActionId(ACTION_ID.to_owned()))
            .with_focus_on_load(name == NAMES[0]);
        SlackBlock::Input(SlackInputBlock::new(plain(name), element.into()).with_block_id(name.into()))
    });
    SlackView::Modal(
        SlackModalView::new(plain(TITLE), blocks.into())
            .with_submit(plain("Start"))
            .with_close(plain("Cancel"))
            .with_callback_id(SlackCallbackId(CALLBACK_ID.to_owned()))
            .with_private_metadata(metadata),
    )
}

/// The answer to a submission that shows each mistake under its number.
pub(super) fn mistakes(mistakes: &[(&'static str, Mistake)]) -> Value {
    let errors: Map<String, Value> =
        mistakes.iter().map(|(name, mistake)| ((*name).to_owned(), json!(mistake.to_string()))).collect();
    json!({ "response_action": "errors", "errors": errors })
}

/// The answer to a submission that shows a problem that no number is to blame for.
pub(super) fn problem(text: &str) -> Value {
    json!({ "response_action": "errors", "errors": { NAMES[0]: text } })
}

/// The answer to a submission that puts words, as mrkdwn, in the place of the form:
/// <https://docs.slack.dev/surfaces/modals#updating_response>.
pub(super) fn done(mrkdwn: &str) -> Value {
    let section = SlackSectionBlock::new().with_text(SlackBlockMarkDownText::new(mrkdwn.to_owned()).into());
    let view = SlackModalView::new(plain(TITLE), vec![SlackBlock::Section(section)]).with_close(plain("Close"));
    json!({ "response_action": "update", "view": SlackView::Modal(view) })
}

fn plain(text: &str) -> slack_morphism::blocks::SlackBlockPlainTextOnly {
    SlackBlockPlainText::from(text).into()
}
