//! The elements of Block Kit that the card and the views are made of.

use slack_morphism::blocks::{
    SlackBlock, SlackBlockPlainText, SlackBlockPlainTextOnly, SlackBlockText, SlackSectionBlock,
};

use crate::approval::record::Approval;
use crate::platforms::press::Shown;

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
