//! The form of a command, as a modal. What is wrong stands under its field: as a hint when the form opens, and as an error
//! once it was submitted.

use serde_json::{Map, Value, json};
use slack_morphism::blocks::{
    SlackBlock, SlackBlockChoiceItem, SlackBlockDatePickerElement, SlackBlockNumberInputElement,
    SlackBlockPlainTextInputElement, SlackBlockStaticSelectElement, SlackInputBlock, SlackInputBlockElement,
    SlackModalView, SlackView,
};
use slack_morphism::{SlackActionId, SlackCallbackId};

use super::elements::plain;
use super::rich_text;
use crate::approval::commands::TITLE_MAX;
use crate::approval::entry;
use crate::approval::fields::{Field, Kind, Range};
use crate::approval::filling::{Entry, Filling};
use crate::approval::limits;
use crate::approval::policy::Policy;
use crate::messages::commands;
use crate::messages::dialect::SLACK;

/// Tells a submission of this form from others.
pub(super) const CALLBACK_ID: &str = "start";
/// The action of every input; the block tells which field it is.
pub(super) const ACTION_ID: &str = "value";
/// Before the name of an input that whoever approves is asked for in the id of its block, so that none takes the place of
/// what else is in that form.
pub(super) const INPUT: &str = "input.";

/// The head of a form that has nothing to fill in.
const TITLE: &str = "Start";

/// The form. `metadata` comes back with the submission.
pub(super) fn form(policy: &Policy, filling: &Filling<'_>, metadata: String) -> SlackView {
    let problem = commands::problem(filling).map(|problem| rich_text::block(&SLACK.text(&problem)));
    let inputs = filling
        .entries()
        .enumerate()
        .map(|(index, (field, entry))| input(&field.name, policy.menu(field), (field, entry), index == 0));
    let title = limits::excerpt(&filling.command.title, TITLE_MAX);
    SlackView::Modal(
        SlackModalView::new(plain(&title), problem.into_iter().chain(inputs).collect())
            .with_submit(plain("Start"))
            .with_close(plain("Cancel"))
            .with_callback_id(SlackCallbackId(CALLBACK_ID.to_owned()))
            .with_private_metadata(metadata),
    )
}

/// An input of a form, with what was understood in it, and what is wrong as a hint.
pub(super) fn input(
    block_id: &str,
    menu: Option<Vec<(String, String)>>,
    (field, entry): (&Field, &Entry),
    is_first: bool,
) -> SlackBlock {
    let input = SlackInputBlock::new(plain(&field.label), element(menu, field, entry, is_first))
        .with_block_id(block_id.into())
        .with_optional(!field.required);
    let input = match entry {
        Entry::Wrong { mistake, .. } => input.with_hint(plain(&mistake.to_string())),
        Entry::Blank | Entry::Value(_) => input,
    };
    input.into()
}

/// The input of a field, with what was understood in it.
fn element(menu: Option<Vec<(String, String)>>, field: &Field, entry: &Entry, focus: bool) -> SlackInputBlockElement {
    let action = SlackActionId(ACTION_ID.to_owned());
    let value = match entry {
        Entry::Value(value) if !value.is_null() => Some(entry::typed(value)),
        Entry::Value(_) | Entry::Blank | Entry::Wrong { .. } => None,
    };
    if let Some(menu) = menu {
        let option = |(text, value): &(String, String)| SlackBlockChoiceItem::new(plain(text), value.clone());
        let chosen = menu.iter().find(|(_, text)| Some(text) == value.as_ref()).map(option);
        let select = SlackBlockStaticSelectElement::new().with_action_id(action).with_focus_on_load(focus);
        return select.with_options(menu.iter().map(option).collect()).opt_initial_option(chosen).into();
    }
    match &field.kind {
        Kind::Integer(range) => {
            within(range, false).with_action_id(action).with_focus_on_load(focus).opt_initial_value(value).into()
        }
        Kind::Number(range) => {
            within(range, true).with_action_id(action).with_focus_on_load(focus).opt_initial_value(value).into()
        }
        Kind::Date(_) => SlackBlockDatePickerElement::new()
            .with_action_id(action)
            .with_focus_on_load(focus)
            .opt_initial_date(value)
            .into(),
        kind => SlackBlockPlainTextInputElement::new()
            .with_action_id(action)
            .with_focus_on_load(focus)
            .with_multiline(matches!(kind, Kind::LongText(_)))
            .with_max_length(kind.length_max() as u64)
            .opt_initial_value(value.or_else(|| to_be_corrected(entry, kind)))
            .into(),
    }
}

fn within<T: ToString>(range: &Range<T>, is_decimal_allowed: bool) -> SlackBlockNumberInputElement {
    let end = |end: &Option<T>| end.as_ref().map(T::to_string);
    SlackBlockNumberInputElement::new(is_decimal_allowed).opt_min_value(end(&range.min)).opt_max_value(end(&range.max))
}

/// What was typed into a field for text and is wrong, if the field takes it at all.
fn to_be_corrected(entry: &Entry, kind: &Kind) -> Option<String> {
    match entry {
        Entry::Wrong { written, .. } => {
            let is_there = !written.is_empty() && limits::length(written) <= kind.length_max();
            is_there.then(|| written.clone())
        }
        Entry::Blank | Entry::Value(_) => None,
    }
}

/// The answer to a submission that shows each mistake under its field.
pub(super) fn mistakes(filling: &Filling<'_>) -> Value {
    errors(filling.mistakes().map(|(field, mistake)| (field.name.clone(), mistake.to_string())))
}

/// The same by the id of the block.
pub(super) fn errors(mistakes: impl IntoIterator<Item = (String, String)>) -> Value {
    let errors: Map<String, Value> =
        mistakes.into_iter().map(|(block_id, mistake)| (block_id, json!(mistake))).collect();
    json!({ "response_action": "errors", "errors": errors })
}

/// The answer to a submission that puts words in the place of the form:
/// <https://docs.slack.dev/surfaces/modals#updating_response>.
pub(super) fn says(words: &str) -> Value {
    says_under(TITLE, words)
}

/// The same under another head.
pub(super) fn says_under(title: &str, words: &str) -> Value {
    let view = SlackModalView::new(plain(title), vec![rich_text::block(words)]).with_close(plain("Close"));
    json!({ "response_action": "update", "view": SlackView::Modal(view) })
}
