//! The elements of Block Kit that the card and the views are made of.

use slack_morphism::blocks::{
    SlackBlock, SlackBlockPlainText, SlackBlockPlainTextOnly, SlackBlockText, SlackSectionBlock,
};

use crate::approval::record::Approval;
use crate::platforms::press::Shown;

/// The action of the button that approves; its value says what the card shows.
pub const APPROVE: &str = "approve";
/// The action of the button that opens the form which approves, where the request asks whoever approves for something.
pub const APPROVE_IN_FORM: &str = "approve_in_form";
/// The action of the button that rejects; its value says what the card shows.
pub const REJECT: &str = "reject";

/// The action of the button that opens the form which rejects, where there is no field for a comment beside it.
pub const REJECT_IN_FORM: &str = "reject_in_form";

/// The action of the button that opens the form which sends the request back.
pub const RETURN_IN_FORM: &str = "return_in_form";

/// What stands in the value of a button between the approval and the hash of what the card shows.
const SEPARATOR: char = '.';

/// What a button stands for: the approval, and what the card shows of it.
pub(super) fn value(approval: &Approval) -> String {
    format!("{}{SEPARATOR}{}", approval.id, approval.content_hash())
}

/// What a button stands for, if its value is one of ours.
pub(super) fn read(value: &str) -> Option<Shown> {
    let (id, content) = value.split_once(SEPARATOR).map_or((value, None), |(id, hash)| (id, Some(hash)));
    Shown::read(id, content)
}

/// A section that Slack shows whole; otherwise it may hide the end of a long one behind "see more":
/// <https://docs.slack.dev/reference/block-kit/blocks/section-block>.
pub(super) fn whole(section: SlackSectionBlock) -> SlackBlock {
    section.with_expand(true).into()
}

/// Text that shows no markup and no emoji names.
pub(super) fn typed(text: &str) -> SlackBlockText {
    SlackBlockText::Plain(SlackBlockPlainText::new(text.to_owned()).with_emoji(false))
}

/// The same where Slack takes nothing else.
pub(super) fn plain(text: &str) -> SlackBlockPlainTextOnly {
    SlackBlockPlainText::new(text.to_owned()).with_emoji(false).into()
}
